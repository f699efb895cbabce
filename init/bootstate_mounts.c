/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "init/bootstate_mounts.h"
#include "lib/file.h"
#include "lib/mountinfo.h"
#include "lib/role.h"

#define HOW (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct blockdev *part(const struct bootstate *b, enum part_role role)
{
	const struct running *run = &b->run;

	return run->disk ? role_find(&run->layout, &run->devs, run->disk, role, NULL) : NULL;
}

/* What the directory leads to now: something else may be mounted over it. */
static bool is_on(const char *path, const struct blockdev *dev)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_dev == makedev(dev->major, dev->minor);
}

const char *bootstate_find_point(struct arena *a, char *text, const struct blockdev *dev,
				 bool *ret_read_only)
{
	const char *found = NULL;
	struct mountinfo m;

	*ret_read_only = true;
	while (mountinfo_next(&text, &m)) {
		if (m.major != dev->major || m.minor != dev->minor || strcmp(m.root, "/") != 0 ||
		    !is_on(m.point, dev) || (found && m.read_only))
			continue;
		found = arena_strdup(a, m.point);
		*ret_read_only = m.read_only;
	}
	return found;
}

static int mount_privately(struct bootstate *b, const struct blockdev *dev, struct reason *r)
{
	const char *point = arena_printf(b->a, "%s/boot", b->paths->running.run_dir);
	int err;

	if (!point)
		return reason_set(r, ENOMEM, "mount", b->store.device);
	err = b->sys->unshare_mounts();
	if (err < 0)
		return reason_set(r, err, "have mounts of our own for", b->store.device);
	(void)b->sys->mkdirat(AT_FDCWD, b->paths->running.run_dir, 0755);
	(void)b->sys->mkdirat(AT_FDCWD, point, 0700);
	err = b->sys->mount(b->store.device, point, dev->type, MS_RDONLY | HOW, NULL);
	if (err < 0)
		return reason_set(r, err, "mount", b->store.device);
	b->mounted = true;
	b->boot_point = point;
	return 0;
}

static int find_points(struct bootstate *b, const struct blockdev *boot, struct reason *r)
{
	const char *path = b->paths->running.mountinfo;
	const struct blockdev *state = part(b, PART_STATE);
	bool read_only;
	char *text;
	size_t len;
	int err = file_read(b->a, AT_FDCWD, path, MOUNTINFO_MAX_BYTES, &text, &len);

	if (err < 0)
		return reason_set(r, err, "read", path);
	if (state) {
		/* Reading the lines cuts them up. */
		char *copy = arena_memdup(b->a, text, len);

		if (!copy)
			return reason_set(r, ENOMEM, "read", path);
		b->state_point = bootstate_find_point(b->a, copy, state, &read_only);
		if (read_only)
			b->state_point = NULL;
	}
	if (boot)
		b->boot_point = bootstate_find_point(b->a, text, boot, &read_only);
	return arena_failed(b->a) ? reason_set(r, ENOMEM, "read", path) : 0;
}

int bootstate_mounts(struct bootstate *b, struct reason *r)
{
	const struct blockdev *boot = part(b, PART_BOOT);
	int err = find_points(b, boot, r);

	if (err < 0 || !boot || b->conf->backend == AB_STATELESS)
		return err;
	b->store.device = arena_printf(b->a, "%s/%s", b->paths->running.dev, boot->name);
	if (!b->store.device)
		return reason_set(r, ENOMEM, "find", "the boot partition");
	if (!b->boot_point && b->conf->partition)
		return 0;
	if (!b->boot_point)
		err = mount_privately(b, boot, r);
	if (err < 0 || !b->boot_point)
		return err;
	b->store.dirfd = open(b->boot_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return b->store.dirfd < 0 ? reason_set(r, errno, "open", b->boot_point) : 0;
}

int bootstate_writable(struct bootstate *b, bool writable, struct reason *r)
{
	int err;

	if (!b->mounted)
		return 0;
	err = b->sys->mount(NULL, b->boot_point, NULL,
			    MS_REMOUNT | HOW | (writable ? 0 : MS_RDONLY), NULL);
	return err < 0 ? reason_set(r, err, "mount again", b->boot_point) : 0;
}

void bootstate_unmount(struct bootstate *b)
{
	if (b->mounted)
		(void)b->sys->umount(b->boot_point, 0);
	b->mounted = false;
}
