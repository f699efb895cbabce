/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/apply_ops.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/deliver.h"
#include "lib/file.h"
#include "lib/filesystem.h"
#include "lib/fsuuid.h"
#include "lib/initcheck.h"
#include "lib/persist.h"
#include "lib/random.h"

#define FD_PATH_MAX 32 /* "/proc/self/fd/2147483647" */

/* Opens what a mount goes over or comes from, and names it for mount(2) by its descriptor: the path
 * cannot come to mean something else in between. */
static int open_mount_point(const struct boot *b, const char *path, int flags,
			    char name[static FD_PATH_MAX], struct reason *r)
{
	_cleanup_close_ int tree = -1;
	const char *rest;
	int fd;

	tree = apply_open_tree(b, path, &rest, r);
	if (tree < 0)
		return tree;
	fd = confine_open(tree, rest, O_PATH | flags);
	if (fd < 0)
		return reason_set(r, fd, "open", path);
	(void)snprintf(name, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return fd;
}

static int make_dir(struct boot *b, const char *path, mode_t mode, struct reason *r)
{
	const struct deliver_how how = { .attr.mode = mode };
	_cleanup_close_ int tree = -1;
	struct deliver_result result;
	const char *rest;

	tree = apply_open_tree(b, path, &rest, r);
	if (tree < 0)
		return tree;
	return deliver_dir(b->sys, tree, rest, &how, &result, r);
}

/* The mount points of our own are in the initramfs, not in the trees that get mounted on them. */
static int make_mount_point(struct boot *b, const char *path, struct reason *r)
{
	const struct deliver_how how = { .attr.mode = 0755 };
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct deliver_result result;

	if (root < 0)
		return reason_set(r, errno, "open", "/");
	if (file_exists(AT_FDCWD, path))
		return 0;
	return deliver_dir(b->sys, root, path, &how, &result, r);
}

/* Tries each type of a list a,b,c. */
static int mount_types(struct boot *b, const struct op *op, struct reason *r)
{
	const char *p = op->type;
	int err = -EINVAL;

	while (*p) {
		size_t len = strcspn(p, ",");
		const char *type = arena_memdup(&b->arena, p, len);

		if (!type)
			return reason_set(r, ENOMEM, "mount", op->source);
		if (len) {
			err = b->sys->mount(op->source, op->target, type, op->flags, op->data);
			if (err >= 0)
				return 0;
		}
		p += len + (p[len] == ',');
	}
	if (err == -ENODEV)
		return reason_setf(r, err, "mount", op->source,
				   "the kernel does not know the file system %s", op->type);
	return reason_setf(r, err, "mount", op->source, "%s (type %s, options %s)", strerror(-err),
			   op->type, op->data ? op->data : "none");
}

int apply_mount(struct boot *b, const struct op *op, struct reason *r)
{
	int err;

	if (!op->type || !*op->type)
		return reason_setf(r, EINVAL, "mount", op->source,
				   "no file system was recognised on it");
	err = make_mount_point(b, op->target, r);
	return err < 0 ? err : mount_types(b, op, r);
}

int apply_bind(struct boot *b, const struct op *op, struct reason *r)
{
	char source[FD_PATH_MAX], target[FD_PATH_MAX];
	_cleanup_close_ int from = -1, to = -1;
	int err;

	from = open_mount_point(b, op->source, 0, source, r);
	if (from < 0)
		return from;
	to = open_mount_point(b, op->target, 0, target, r);
	if (to < 0)
		return to;
	err = b->sys->mount(source, target, NULL, MS_BIND, NULL);
	return err < 0 ? reason_set(r, err, "bind over", op->target) : 0;
}

static void note_uuid(struct boot *b, const char *name, const char *uuid)
{
	for (size_t i = 0; i < b->facts.devs.n; i++)
		if (strcmp(b->facts.devs.dev[i].name, name) == 0)
			b->facts.devs.dev[i].uuid = arena_strdup(&b->arena, uuid);
}

int apply_uuid(struct boot *b, const struct op *op, struct reason *r)
{
	const char *name = op->source + strlen("/dev/");
	const char *device = arena_printf(&b->arena, "%s/%s", b->dev_dir, name);
	unsigned char random[16];
	char uuid[FSUUID_MAX];
	int err = random_fill(random, sizeof(random), b->no_entropy ? 0 : RANDOM_WAIT_MSEC,
			      &b->no_entropy);

	b->facts.uuid_tried |= 1u << op->role;
	if (err < 0 || !device)
		return reason_set(r, device ? err : ENOMEM, "make a UUID for", op->source);
	err = fsuuid_change(b->sys, device, op->type, random, b->facts.layout.uuid_prefix, uuid, r);
	if (err < 0)
		return err;
	note_uuid(b, name, uuid);
	log_line(&b->log, LOG_LEVEL_INFO, "%s has the UUID %s, no longer %s", name, uuid, op->data);
	return 0;
}

int apply_persist(struct boot *b, const struct op *op, struct reason *r)
{
	const bool to_state = op->data && strcmp(op->data, "state") == 0;
	const char *from = to_state ? op->target : op->source;
	const char *to = to_state ? op->source : op->target, *from_rest, *to_rest;
	_cleanup_close_ int from_tree = -1, to_tree = -1;
	int err;

	if (!op->data)
		return apply_bind(b, op, r);
	from_tree = apply_open_tree(b, from, &from_rest, r);
	if (from_tree < 0)
		return from_tree;
	to_tree = apply_open_tree(b, to, &to_rest, r);
	if (to_tree < 0)
		return to_tree;
	err = persist_copy(b->sys, from_tree, from_rest, to_tree, to_rest, r);
	return err < 0 ? err : apply_bind(b, op, r);
}

int apply_move(struct boot *b, const struct op *op, struct reason *r)
{
	char target[FD_PATH_MAX];
	_cleanup_close_ int to = -1;
	int err;

	to = open_mount_point(b, op->target, O_DIRECTORY, target, r);
	if (to < 0)
		return to;
	err = b->sys->mount(op->source, target, NULL, MS_MOVE, NULL);
	/* systemd as process 1 makes all mounts shared, and none is moved off a shared one */
	if (err == -EINVAL) {
		err = b->sys->mount(op->source, target, NULL, MS_BIND, NULL);
		if (err == 0)
			err = b->sys->umount(op->source, MNT_DETACH);
	}
	return err < 0 ? reason_set(r, err, "move a mount to", op->target) : 0;
}

/* The upper directory gives the overlay's root its owner and mode: sshd looks at them. */
static int make_upper(struct boot *b, const char *base, const struct stat *lower, struct reason *r)
{
	const struct deliver_how how = {
		.attr = { .mode = lower->st_mode & 07777,
			  .uid = lower->st_uid,
			  .gid = lower->st_gid },
	};
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct deliver_result result;
	char path[256];
	int err;

	if (root < 0)
		return reason_set(r, errno, "open", "/");
	(void)snprintf(path, sizeof(path), "%s/work", base);
	err = make_dir(b, path, 0755, r);
	if (err < 0)
		return err;
	(void)snprintf(path, sizeof(path), "%s/upper", base);
	return deliver_dir(b->sys, root, path, &how, &result, r);
}

int apply_overlay(struct boot *b, const struct op *op, struct reason *r)
{
	char lower[FD_PATH_MAX], base[128], options[512];
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	fd = open_mount_point(b, op->target, O_DIRECTORY, lower, r);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return reason_set(r, errno, "look at", op->target);
	(void)snprintf(base, sizeof(base), "%s/overlay/%u", b->facts.run_dir, b->n_overlays++);
	err = make_upper(b, base, &st, r);
	if (err < 0)
		return err;
	(void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work",
		       lower, base, base);
	err = b->sys->mount("anteroot", lower, "overlay", 0, options);
	return err < 0 ? reason_set(r, err, "mount an overlay over", op->target) : 0;
}

int apply_module(struct boot *b, const struct module *module, struct reason *r)
{
	struct report_module m = { .name = module->name, .wanted = module->wanted };
	char message[BOOT_ERROR_MAX];
	int err;

	m.start_usec = clock_monotonic_usec();
	err = modules_insert(b->sys, module, r);
	m.usec = clock_monotonic_usec() - m.start_usec;
	if (err == -ENOENT)
		boot_missing_module(b, module->name);
	if (err < 0)
		m.error = arena_strdup(&b->arena, reason_render(r, message, sizeof(message)));
	report_add_module(&b->report, &b->arena, &m);
	return err;
}

/* Resolves one alias and inserts what it needs. The first failure is returned, all are tried. */
static int load_alias(struct boot *b, const char *alias, struct reason *r)
{
	struct module_list list = { 0 };
	int first = 0, n = modules_resolve(b->modules, &b->arena, alias, &list, r);

	if (n < 0)
		return n;
	for (size_t i = 0; i < list.n; i++) {
		int err = apply_module(b, &list.module[i], r);

		if (err < 0 && first == 0)
			first = err;
	}
	return first;
}

int apply_filesystem(struct boot *b, const struct op *op, struct reason *r)
{
	const char *const *companion;
	char *listed = NULL, alias[64];
	int err;

	if (file_read(&b->arena, AT_FDCWD, "/proc/filesystems", 65536, &listed, NULL) < 0)
		listed = NULL; /* then the module is asked for, listed or not */
	for (companion = filesystem_companions(op->type); *companion; companion++) {
		struct reason ignored; /* perhaps built in, perhaps not this kernel's */

		(void)load_alias(b, *companion, &ignored);
	}
	if (listed && filesystem_listed(listed, op->type))
		return 0;
	(void)snprintf(alias, sizeof(alias), "fs-%s", op->type);
	err = load_alias(b, alias, r);
	if (err == -ENOENT)
		return reason_setf(r, err, "load", op->type,
				   "the kernel does not know this file system and the image has no "
				   "module for it");
	return err;
}

int apply_check_init(struct boot *b, const struct op *op, struct reason *r)
{
	_cleanup_close_ int root = open(op->target, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)b;
	if (root < 0)
		return reason_set(r, errno, "open", op->target);
	return initcheck(root, op->data, r);
}
