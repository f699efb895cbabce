/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>

#include "init/apply_ops.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/moduletree.h"

/* run/ is run_dir, target/ the mounted root, machine/ the image's own files. */
static struct scratch s, machine;
static struct boot b; /* too large for the stack */
static struct reason why;
static int fds;

static const struct module_source sources[] = {
	{ "testfs", "alias=fs-testfs", NULL },
	{ "lostfs", "alias=fs-lostfs", NULL },
	{ "badfs", "alias=fs-badfs\\0softdep=pre: helper", NULL },
	{ "helper", "x=y", NULL },
	{ "nls_ascii", "x=y", NULL },
};

static char module_dir[400];

static int make_machine(void **state)
{
	char lost[500];
	const char *release;

	(void)state;
	scratch_make(&machine, NULL);
	release = module_tree_make(&machine, sources, ARRAY_SIZE(sources));
	put_dir(machine.fd, "proc");
	put_text(machine.fd, "proc/filesystems", "nodev\tproc\n\text4\n\tvfat\n", 0444);
	(void)snprintf(module_dir, sizeof(module_dir), "%s/lib/modules/%s", machine.path, release);
	(void)snprintf(lost, sizeof(lost), "%s/kernel/lostfs.ko", module_dir);
	assert_int_equal(unlink(lost), 0);
	return 0;
}

static int remove_machine(void **state)
{
	(void)state;
	scratch_remove(&machine);
	return 0;
}

static const char *at(const char *path)
{
	return arena_printf(&b.arena, "%s%s", s.path, path);
}

static int setup(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	scratch_make(&s, NULL);
	put_dir(s.fd, "run");
	put_dir(s.fd, "run/mnt");
	put_dir(s.fd, "run/mnt/data");
	put_dir(s.fd, "target");
	put_dir(s.fd, "target/etc");
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	b.facts.run_dir = at("/run");
	b.facts.target_dir = at("/target");
	assert_int_equal(modules_open_with(&b.modules, module_dir, none, NULL), 0);
	why = REASON_INIT;
	fds = fakesys_open_fds();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	other_root(NULL);
	fail_open(NULL, 0, 0);
	fail_fstat(0);
	assert_int_equal(fakesys_open_fds(), fds);
	boot_close(&b);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void assert_why(const char *verb, const char *object, const char *cause)
{
	char message[500];

	assert_non_null(why.verb);
	assert_string_equal(why.verb, verb);
	assert_string_equal(why.object, object);
	if (!strstr(reason_render(&why, message, sizeof(message)), cause))
		fail_msg("\"%s\" does not say \"%s\"", message, cause);
}

static void assert_tree(const char *path, const char *tree, const char *rest)
{
	struct stat one, other;
	const char *got;
	int fd = apply_open_tree(&b, path, &got, &why);

	assert_true(fd >= 0);
	assert_int_equal(fstatat(fd, "", &one, AT_EMPTY_PATH), 0);
	assert_int_equal(stat(tree, &other), 0);
	assert_true(one.st_ino == other.st_ino && one.st_dev == other.st_dev);
	assert_string_equal(got, rest);
	close(fd);
}

/* Whatever is on a disk is looked up confined to that disk. */
static void test_tree_of_a_path(void **state)
{
	(void)state;
	put_dir(s.fd, "run/mnt/state");
	assert_tree(at("/target/etc/x"), at("/target"), "/etc/x");
	assert_tree(at("/target"), at("/target"), "/");
	assert_tree(at("/run/mnt/state/a"), at("/run/mnt/state"), "/a");
	assert_tree(at("/run/mnt/data"), at("/run/mnt/data"), "/");
	assert_tree("/run/x", "/", "/run/x");
	assert_tree(at("/targets/x"), "/", at("/targets/x"));
	assert_tree(at("/run/mnt/dat"), "/", at("/run/mnt/dat"));
}

static void test_tree_that_is_not_there(void **state)
{
	const struct op bind = { .kind = OP_BIND,
				 .source = at("/run/mnt/data"),
				 .target = at("/run/mnt/state") };
	const char *rest;

	(void)state;
	assert_int_equal(apply_open_tree(&b, at("/run/mnt/state/a"), &rest, &why), -ENOENT);
	assert_why("open", at("/run/mnt/state"), "No such file or directory");
	assert_int_equal(apply_bind(&b, &bind, &why), -ENOENT);
	assert_int_equal(fakesys_calls(), 0);
}

static const struct op a_mount = { .kind = OP_MOUNT, .source = "/dev/vda2", .type = "ext4" };

static struct op mount_on(const char *target)
{
	struct op op = a_mount;

	op.target = target;
	return op;
}

static void test_mount_makes_its_directory(void **state)
{
	struct op op = mount_on(at("/run/mnt/boot"));

	(void)state;
	op.flags = MS_RDONLY | MS_NOSUID;
	op.data = "sync";
	assert_int_equal(apply_mount(&b, &op, &why), 0);
	assert_true(is_there(s.fd, "run/mnt/boot"));
	assert_int_equal(fakesys_count(arena_printf(&b.arena, "mount /dev/vda2 %s ext4 0x3 sync",
						    op.target)),
			 1);
	fakesys_reset(s.path);
	assert_int_equal(apply_mount(&b, &op, &why), 0);
	assert_int_equal(fakesys_calls(), 1); /* the directory is there */
}

static void test_mount_of_nothing_known(void **state)
{
	struct op op = mount_on(at("/run/mnt/boot"));

	(void)state;
	op.type = NULL;
	assert_int_equal(apply_mount(&b, &op, &why), -EINVAL);
	assert_why("mount", "/dev/vda2", "no file system was recognised on it");
	op.type = "";
	assert_int_equal(apply_mount(&b, &op, &why), -EINVAL);
	op.type = ",";
	assert_int_equal(apply_mount(&b, &op, &why), -EINVAL);
	assert_int_equal(fakesys_count("mount "), 0);
}

/* rootfstype= may list types: the first that works. */
static void test_mount_tries_each_type(void **state)
{
	struct op op = mount_on(at("/target"));

	(void)state;
	op.type = "xfs,,ext4,btrfs";
	fakesys_fail_match(arena_printf(&b.arena, "mount /dev/vda2 %s xfs", op.target), ENODEV);
	assert_int_equal(apply_mount(&b, &op, &why), 0);
	assert_int_equal(fakesys_count("mount "), 2);
	assert_int_equal(
		fakesys_find(arena_printf(&b.arena, "mount /dev/vda2 %s ext4", op.target), 1), 1);
}

static void test_mount_says_why(void **state)
{
	struct op op = mount_on(at("/target"));

	(void)state;
	fakesys_fail_match("mount", ENODEV);
	assert_int_equal(apply_mount(&b, &op, &why), -ENODEV);
	assert_why("mount", "/dev/vda2", "the kernel does not know the file system ext4");
	fakesys_reset(s.path);
	fakesys_fail_match("mount", EUCLEAN);
	assert_int_equal(apply_mount(&b, &op, &why), -EUCLEAN);
	assert_why("mount", "/dev/vda2", "(type ext4, options none)");
	op.data = "data=journal";
	assert_int_equal(apply_mount(&b, &op, &why), -EUCLEAN);
	assert_why("mount", "/dev/vda2", "(type ext4, options data=journal)");
}

static void test_mount_point_cannot_be_made(void **state)
{
	struct op op = mount_on(at("/run/mnt/boot"));

	(void)state;
	fakesys_fail_match("mkdirat", ENOSPC);
	assert_int_equal(apply_mount(&b, &op, &why), -ENOSPC);
	assert_int_equal(fakesys_count("mount "), 0);
	fail_open("/", 1, EMFILE);
	assert_int_equal(apply_mount(&b, &op, &why), -EMFILE);
	assert_why("open", "/", "Too many open files");
}

static void test_mount_without_memory(void **state)
{
	struct op op = mount_on(at("/target"));

	(void)state;
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(apply_mount(&b, &op, &why), -ENOMEM);
	assert_int_equal(fakesys_count("mount "), 0);
}

/* Names are descriptors: what was looked at is what is mounted over. */
static void test_bind(void **state)
{
	struct op op = { .kind = OP_BIND,
			 .source = at("/run/mnt/data/j"),
			 .target = at("/target/etc/hostname") };
	const char *line;

	(void)state;
	assert_int_equal(apply_bind(&b, &op, &why), -ENOENT);
	assert_why("open", op.source, "No such file");
	put_text(s.fd, "run/mnt/data/j", "new\n", 0644);
	assert_int_equal(apply_bind(&b, &op, &why), -ENOENT);
	assert_why("open", op.target, "No such file");
	put_text(s.fd, "target/etc/hostname", "old\n", 0644);
	assert_int_equal(apply_bind(&b, &op, &why), 0);
	line = fakesys_line(0);
	assert_int_equal(strncmp(line, "mount /proc/self/fd/", 20), 0);
	assert_non_null(strstr(line + 20, " /proc/self/fd/"));
	assert_non_null(strstr(line, " - 0x1000 -"));
	fakesys_fail_match("mount", EACCES);
	assert_int_equal(apply_bind(&b, &op, &why), -EACCES);
	assert_why("bind over", op.target, "Permission denied");
}

/* A link in the target leads nowhere but into the target. */
static void test_bind_stays_inside(void **state)
{
	struct op op = { .kind = OP_BIND,
			 .source = at("/run/mnt/data"),
			 .target = at("/target/out/passwd") };

	(void)state;
	put_link(s.fd, "target/out", "/etc");
	assert_int_equal(apply_bind(&b, &op, &why), -ENOENT);
	put_text(s.fd, "target/etc/passwd", "", 0644);
	assert_int_equal(apply_bind(&b, &op, &why), 0);
}

static void test_move(void **state)
{
	struct op op = { .kind = OP_MOVE,
			 .source = at("/run/mnt/data"),
			 .target = at("/target/etc/x") };

	(void)state;
	assert_int_equal(apply_move(&b, &op, &why), -ENOENT);
	put_text(s.fd, "target/etc/x", "", 0644);
	assert_int_equal(apply_move(&b, &op, &why), -ENOTDIR);
	op.target = at("/target/etc");
	assert_int_equal(apply_move(&b, &op, &why), 0);
	assert_int_equal(
		fakesys_count(arena_printf(&b.arena, "mount %s /proc/self/fd/", op.source)), 1);
	assert_non_null(strstr(fakesys_line(0), " - 0x2000 -"));
	fakesys_fail_match("mount", EINVAL);
	assert_int_equal(apply_move(&b, &op, &why), -EINVAL);
	assert_why("move a mount to", op.target, "Invalid argument");
}

/* Beside systemd: what cannot be moved off a shared mount is bound, and goes from where it was. */
static void test_move_off_a_shared_mount(void **state)
{
	struct op op = { .kind = OP_MOVE,
			 .source = at("/run/mnt/data"),
			 .target = at("/target/etc") };
	const char *move;

	(void)state;
	assert_int_equal(apply_move(&b, &op, &why), 0);
	assert_int_equal(fakesys_count("umount"), 0);
	move = arena_strdup(&b.arena, fakesys_line(0));
	fakesys_fail_match(move, EINVAL);
	assert_int_equal(apply_move(&b, &op, &why), 0);
	assert_non_null(strstr(fakesys_line(2), " - 0x1000 -"));
	assert_string_equal(fakesys_line(3),
			    arena_printf(&b.arena, "umount %s %d", op.source, MNT_DETACH));
	fakesys_fail_match("umount", EIO);
	assert_int_equal(apply_move(&b, &op, &why), -EIO);
	assert_why("move a mount to", op.target, "Input/output error");
}

/* What is mounted over a directory looks like it: sshd refuses keys in a directory others can write to. */
static void test_overlay_keeps_owner_and_mode(void **state)
{
	struct op op = { .kind = OP_OVERLAY, .target = at("/target/root") };
	const char *base = at("/run/overlay/0");

	(void)state;
	put_dir(s.fd, "target/root");
	assert_int_equal(fchmodat(s.fd, "target/root", 01711, 0), 0);
	assert_int_equal(apply_overlay(&b, &op, &why), 0);
	assert_int_equal(get_mode(s.fd, "run/overlay/0/upper"), 01711);
	assert_int_equal(get_mode(s.fd, "run/overlay/0/work"), 0755);
	assert_non_null(
		strstr(fakesys_log(),
		       arena_printf(&b.arena, "upperdir=%s/upper,workdir=%s/work\n", base, base)));
	assert_non_null(strstr(fakesys_log(), " overlay 0x0 lowerdir=/proc/self/fd/"));
	/* The next one has directories of its own. */
	assert_int_equal(apply_overlay(&b, &op, &why), 0);
	assert_true(is_there(s.fd, "run/overlay/1/upper"));
}

static void test_overlay_fails(void **state)
{
	struct op op = { .kind = OP_OVERLAY, .target = at("/target/etc") };
	struct op absent = { .kind = OP_OVERLAY, .target = at("/target/opt") };

	(void)state;
	assert_int_equal(apply_overlay(&b, &absent, &why), -ENOENT);
	fail_fstat(1);
	assert_int_equal(apply_overlay(&b, &op, &why), -EIO);
	assert_why("look at", op.target, "Input/output error");
	/* "/" is opened to look the work directory up, and before it to make the upper one. */
	fail_open("/", 1, EMFILE);
	assert_int_equal(apply_overlay(&b, &op, &why), -EMFILE);
	fail_open("/", 2, ENFILE);
	assert_int_equal(apply_overlay(&b, &op, &why), -ENFILE);
	fakesys_fail_match("mkdirat", EROFS);
	assert_int_equal(apply_overlay(&b, &op, &why), -EROFS);
	fakesys_reset(s.path);
	fakesys_fail_match("mount", EINVAL);
	assert_int_equal(apply_overlay(&b, &op, &why), -EINVAL);
	assert_why("mount an overlay over", op.target, "Invalid argument");
}

static void assert_module(size_t i, const char *name, bool failed)
{
	assert_true(i < b.report.n_modules);
	assert_string_equal(b.report.module[i].name, name);
	assert_int_equal(b.report.module[i].error != NULL, failed);
	assert_true(b.report.module[i].usec >= 0);
}

static void test_module(void **state)
{
	struct module m = { .name = "x", .path = at("/x.ko"), .options = "a=1", .wanted = "pci:1" };

	(void)state;
	assert_int_equal(apply_module(&b, &m, &why), -ENOENT);
	assert_module(0, "x", true);
	assert_int_equal(b.facts.n_missing, 1);
	assert_string_equal(b.facts.missing[0], "x");
	put_text(s.fd, "x.ko", "", 0644);
	assert_int_equal(apply_module(&b, &m, &why), 0);
	assert_module(1, "x", false);
	assert_string_equal(b.report.module[1].wanted, "pci:1");
	assert_string_equal(fakesys_line(0), "module_insert /x.ko a=1 0");
	m.name = "y";
	fakesys_fail_match("module_insert", ENOEXEC);
	assert_int_equal(apply_module(&b, &m, &why), -ENOEXEC);
	assert_module(2, "y", true);
	assert_int_equal(b.facts.n_missing, 1); /* it is there, and bad */
}

static int load(const char *type)
{
	const struct op op = { .kind = OP_FILESYSTEM, .type = type };
	int err;

	other_root(machine.path);
	err = apply_filesystem(&b, &op, &why);
	other_root(NULL);
	return err;
}

static void test_filesystem_that_the_kernel_has(void **state)
{
	(void)state;
	assert_int_equal(load("ext4"), 0);
	assert_int_equal(b.report.n_modules, 0);
	/* FAT has its character sets loaded all the same, those that there are. */
	assert_int_equal(load("vfat"), 0);
	assert_int_equal(b.report.n_modules, 1);
	assert_module(0, "nls_ascii", false);
}

static void test_filesystem_module(void **state)
{
	(void)state;
	assert_int_equal(load("testfs"), 0);
	assert_module(0, "testfs", false);
	assert_string_equal(b.report.module[0].wanted, "fs-testfs");
	assert_int_equal(load("testfs"), 0); /* once */
	assert_int_equal(b.report.n_modules, 1);
}

static void test_filesystem_that_nobody_knows(void **state)
{
	(void)state;
	assert_int_equal(load("unknownfs"), -ENOENT);
	assert_why("load", "unknownfs", "the image has no module for it");
	assert_int_equal(load("lostfs"), -ENOENT);
	assert_why("load", "lostfs", "the image has no module for it");
	assert_string_equal(b.facts.missing[0], "lostfs");
	modules_close(b.modules);
	b.modules = NULL;
	assert_int_equal(load("testfs"), -ENOENT);
}

/* Without /proc/filesystems the module is tried. */
static void test_filesystem_without_proc(void **state)
{
	const struct op op = { .kind = OP_FILESYSTEM, .type = "testfs" };

	(void)state;
	fail_open("/proc/filesystems", 1, ENOENT);
	assert_int_equal(apply_filesystem(&b, &op, &why), 0);
	assert_module(0, "testfs", false);
}

/* The first failure is told, and the others are tried. */
static void test_filesystem_module_fails(void **state)
{
	(void)state;
	fakesys_fail_match(arena_printf(&b.arena, "module_insert %s/kernel/helper", module_dir),
			   EINVAL);
	fakesys_fail_match(arena_printf(&b.arena, "module_insert %s/kernel/badfs", module_dir),
			   ENOEXEC);
	assert_int_equal(load("badfs"), -EINVAL);
	assert_int_equal(b.report.n_modules, 2);
	assert_module(0, "helper", true);
	assert_module(1, "badfs", true);
}

static void test_check_init(void **state)
{
	struct op op = { .kind = OP_CHECK_INIT, .target = at("/target"), .data = "/sbin/init" };

	(void)state;
	assert_int_equal(apply_check_init(&b, &op, &why), -ENOENT);
	assert_why("execute", "/sbin/init", "No such file");
	op.target = at("/absent");
	assert_int_equal(apply_check_init(&b, &op, &why), -ENOENT);
	assert_why("open", op.target, "No such file");
}

static void assert_delivery(size_t i, const char *path, enum report_action action)
{
	assert_true(i < b.report.n_deliveries);
	assert_string_equal(b.report.delivery[i].hook, "hostname");
	assert_string_equal(b.report.delivery[i].path, path);
	assert_int_equal(b.report.delivery[i].action, action);
	assert_int_equal(b.report.delivery[i].error != NULL, action == ACTION_FAILED);
}

static void test_deliveries(void **state)
{
	struct op op = { .kind = OP_FILE,
			 .hook = "hostname",
			 .target = at("/target/etc/hostname"),
			 .data = "press-07",
			 .len = 8,
			 .mode = 0640,
			 .uid = getuid(),
			 .gid = getgid() };

	(void)state;
	assert_int_equal(apply_delivery(&b, &op, &why), 0);
	assert_delivery(0, "/etc/hostname", ACTION_WRITTEN);
	assert_string_equal(get_text(s.fd, "target/etc/hostname"), "press-07");
	assert_int_equal(get_mode(s.fd, "target/etc/hostname"), 0640);
	assert_int_equal(apply_delivery(&b, &op, &why), 0);
	assert_delivery(1, "/etc/hostname", ACTION_UNCHANGED);
	op.kind = OP_REMOVE;
	assert_int_equal(apply_delivery(&b, &op, &why), 0);
	assert_delivery(2, "/etc/hostname", ACTION_REMOVED);
	assert_false(is_there(s.fd, "target/etc/hostname"));
	assert_int_equal(apply_delivery(&b, &op, &why), 0);
	assert_delivery(3, "/etc/hostname", ACTION_UNCHANGED);
	op.kind = OP_DIR;
	op.mode = 02755;
	op.target = at("/run/mnt/data/log");
	assert_int_equal(apply_delivery(&b, &op, &why), 0);
	assert_delivery(4, op.target, ACTION_WRITTEN); /* not in the target: its whole name */
	assert_int_equal(get_mode(s.fd, "run/mnt/data/log"), 02755);
}

static void test_delivery_fails(void **state)
{
	struct op op = { .kind = OP_FILE,
			 .hook = "hostname",
			 .target = at("/target/etc/hostname"),
			 .data = "x",
			 .len = 1 };

	(void)state;
	fakesys_fail_match("write", ENOSPC);
	assert_int_equal(apply_delivery(&b, &op, &why), -ENOSPC);
	assert_delivery(0, "/etc/hostname", ACTION_FAILED);
	assert_non_null(strstr(b.report.delivery[0].error, "No space left"));
	op.target = at("/run/mnt/state/x"); /* not mounted: not even a directory */
	assert_int_equal(apply_delivery(&b, &op, &why), -ENOENT);
	assert_delivery(1, op.target, ACTION_FAILED);
}

/* A file system of its own UUID: the facts have it, and it is not tried again, however it went. */
static void test_uuid(void **state)
{
	struct blockdev dev = { .name = "vda2", .uuid = "ba1eadef-0000-4000-8000-000000000001" };
	const struct op op = { .kind = OP_UUID,
			       .source = "/dev/vda2",
			       .type = "ext4",
			       .data = dev.uuid,
			       .role = PART_ROOT_A };
	char command[500];

	(void)state;
	b.facts.devs = (struct blockdevs){ &dev, 1 };
	b.dev_dir = s.path;
	assert_int_equal(-ENOENT, apply_uuid(&b, &op, &why));
	assert_int_equal(1u << PART_ROOT_A, b.facts.uuid_tried);
	assert_ptr_equal(op.data, dev.uuid);
	(void)snprintf(command, sizeof(command),
		       "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -U %s '%s/vda2' 4M", dev.uuid,
		       s.path);
	assert_int_equal(0, system(command)); /* NOLINT: names are our own */
	assert_int_equal(0, apply_uuid(&b, &op, &why));
	assert_string_not_equal(op.data, dev.uuid);
	assert_int_equal(36, strlen(dev.uuid));
	b.facts.devs.n = 0;
}

/* What is not there cannot be copied, and then nothing is bound. */
static void test_persist(void **state)
{
	struct op op = { .kind = OP_PERSIST,
			 .source = at("/run/mnt/state/anteroot/persist/etc/key"),
			 .target = at("/target/etc/key"),
			 .data = "state" };
	const char *kept = "run/mnt/state/anteroot/persist/etc/key";

	(void)state;
	put_dir(s.fd, "run/mnt/state");
	assert_int_equal(-ENOENT, apply_persist(&b, &op, &why));
	assert_int_equal(0, fakesys_count("mount "));
	put_text(s.fd, "target/etc/key", "key\n", 0640);
	assert_int_equal(0, apply_persist(&b, &op, &why));
	assert_string_equal("key\n", get_text(s.fd, kept));
	assert_int_equal(0640, get_mode(s.fd, kept));
	assert_int_equal(1, fakesys_count("mount "));
	/* What is kept wins; and comes back to a target that has lost it. */
	put_text(s.fd, "target/etc/key", "other\n", 0640);
	op.data = NULL;
	assert_int_equal(0, apply_persist(&b, &op, &why));
	assert_string_equal("key\n", get_text(s.fd, kept));
	assert_int_equal(0, unlinkat(s.fd, "target/etc/key", 0));
	op.data = "target";
	assert_int_equal(0, apply_persist(&b, &op, &why));
	assert_string_equal("key\n", get_text(s.fd, "target/etc/key"));
	assert_int_equal(0640, get_mode(s.fd, "target/etc/key"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_uuid),
		TEST(test_persist),
		TEST(test_tree_of_a_path),
		TEST(test_tree_that_is_not_there),
		TEST(test_mount_makes_its_directory),
		TEST(test_mount_of_nothing_known),
		TEST(test_mount_tries_each_type),
		TEST(test_mount_says_why),
		TEST(test_mount_point_cannot_be_made),
		TEST(test_mount_without_memory),
		TEST(test_bind),
		TEST(test_bind_stays_inside),
		TEST(test_move),
		TEST(test_move_off_a_shared_mount),
		TEST(test_overlay_keeps_owner_and_mode),
		TEST(test_overlay_fails),
		TEST(test_module),
		TEST(test_filesystem_that_the_kernel_has),
		TEST(test_filesystem_module),
		TEST(test_filesystem_that_nobody_knows),
		TEST(test_filesystem_without_proc),
		TEST(test_filesystem_module_fails),
		TEST(test_check_init),
		TEST(test_deliveries),
		TEST(test_delivery_fails),
	};

	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
