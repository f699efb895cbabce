/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_checks.h"

#include <fcntl.h>
#include <unistd.h>

#include "init/health_checks.h"

/* Where a program is in an initramfs, whoever made it. @return NULL: nowhere */
static const char *find_program(struct arena *a, const char *name)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *path = arena_printf(a, "%s/%s", dirs[i], name);

		if (path && faccessat(AT_FDCWD, path, X_OK, 0) == 0)
			return path;
	}
	return NULL;
}

static void find_tools(struct boot *b)
{
	b->fsck_read = true;
	for (size_t kind = 0; kind < FSCK_KINDS; kind++)
		for (size_t i = 0; i < FSCK_NAMES && !b->facts.fsck[kind]; i++)
			b->facts.fsck[kind] =
				find_program(&b->arena, fsck_names((enum fsck_kind)kind)[i]);
}

/* What cannot be read now is found out by the mount. */
static void look_at(struct boot *b, struct blockdev *dev)
{
	unsigned char start[FSCK_SUPERBLOCK_BYTES];
	_cleanup_close_ int fd = -1;
	enum fsck_kind kind = fsck_kind_of(dev->type);
	const char *path;

	dev->due_known = true;
	if (kind == FSCK_NO_KIND)
		return;
	path = arena_printf(&b->arena, "%s/%s", b->dev_dir, dev->name);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && pread(fd, start, sizeof(start), 0) == (ssize_t)sizeof(start))
		dev->due = fsck_due(kind, start, b->facts.realtime_usec / 1000000);
}

void observe_checks(struct boot *b)
{
	struct blockdevs *devs = &b->facts.devs;
	bool due = facts_fsck_mode(&b->facts) == FSCK_FORCE;

	for (size_t i = 0; i < devs->n; i++) {
		if (devs->dev[i].probed && !devs->dev[i].due_known)
			look_at(b, &devs->dev[i]);
		due |= devs->dev[i].due != FSCK_CLEAN;
	}
	if (due && !b->fsck_read)
		find_tools(b);
}

static void list_hooks(struct boot *b, enum hook_point point)
{
	static struct health_checks found; /* too large for a small stack */
	struct facts_hooks *h = &b->facts.hooks[point];
	const char *dirs[] = {
		arena_printf(&b->arena, "/etc/anteroot/hooks.d/%s", hook_point_name(point)),
		arena_printf(&b->arena, "/usr/lib/anteroot/hooks.d/%s", hook_point_name(point)),
	};
	const char *dir = "hooks.d";
	struct reason r = REASON_INIT;
	int err = -ENOMEM;

	if (dirs[0] && dirs[1])
		err = health_checks_find(&b->arena, dirs, ARRAY_SIZE(dirs), &found, &dir);
	if (err < 0) {
		(void)reason_set(&r, err, "read", dir);
		boot_warn_reason(b, hook_point_name(point), &r, "");
		return;
	}
	h->path = arena_alloc(&b->arena, found.n * sizeof(*h->path));
	for (size_t i = 0; i < found.n && h->path; i++) {
		if (found.check[i].kind == HEALTH_RUN)
			h->path[h->n++] = found.check[i].path;
		else if (found.check[i].kind == HEALTH_SKIPPED)
			boot_warn(b, hook_point_name(point),
				  arena_printf(&b->arena, "%s is not executable: left out",
					       found.check[i].path));
	}
}

void observe_hooks(struct boot *b)
{
	if (!b->hooks || b->hooks_read)
		return;
	b->hooks_read = true;
	for (size_t i = 0; i < HOOK_POINTS; i++)
		list_hooks(b, (enum hook_point)i);
}
