/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lib/deliver.c: directories that a delivery does not go into. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/sysmacros.h>

#include "tests/unit/delivery.h"
#include "tests/unit/intercept.h"
#include "tests/unit/namespace.h"

#define KEYS  "/root/.ssh/authorized_keys"
#define MOUNT "a mount point is on the way, something outside the root may be behind it"

static struct deliver_result got;
static struct reason reason;

static int setup(void **state)
{
	const struct scratch *s;

	(void)delivery_setup(state);
	s = *state;
	put_dir(s->fd, "root");
	put_dir(s->fd, "real");
	put_text(s->fd, "real/keys", "theirs", 0600);
	return 0;
}

static int file(const struct scratch *s, const char *path, unsigned int flags)
{
	const struct deliver_how how = how_to(0600, flags, NULL);

	return file_as(s, path, "ours", 4, &how, &got, &reason);
}

static int dir(const struct scratch *s, const char *path, unsigned int flags)
{
	const struct deliver_how how = how_to(0700, flags, NULL);

	return dir_as(s, path, &how, &got, &reason);
}

static int drop(const struct scratch *s, const char *path, unsigned int flags)
{
	const struct deliver_how how = how_to(0, flags, NULL);

	return remove_as(s, path, &how, &got, &reason);
}

/* All three refuse it, in these words, without a call that changes anything. */
static void all_refuse(const struct scratch *s, const char *path, int err, const char *cause)
{
	char inside[200];

	snprintf(inside, sizeof(inside), "%s/keys", path);
	fakesys_reset(s->path);
	for (int i = 0; i < 3; i++) {
		int r = i == 0	 ? dir(s, path, DELIVER_OWN_DIR)
			: i == 1 ? file(s, inside, DELIVER_OWN_DIR)
				 : drop(s, inside, DELIVER_OWN_DIR);

		if (r != -err)
			fail_msg("%s, %d: %d, not %d", path, i, r, -err);
		assert_string_equal(reason.cause, cause);
	}
	assert_int_equal(fakesys_calls(), 0);
	assert_string_equal(get_text(s->fd, "real/keys"), "theirs");
}

static void test_own_dir(void **state)
{
	const struct scratch *s = *state;

	/* Missing, it is made. */
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), 0);
	assert_int_equal(get_mode(s->fd, "root/.ssh"), 0700);
	assert_int_equal(file(s, KEYS, DELIVER_OWN_DIR), 0);
	assert_true(got.changed);
	assert_string_equal(get_text(s->fd, "root/.ssh/authorized_keys"), "ours");
	fakesys_reset(s->path);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), 0);
	assert_int_equal(file(s, KEYS, DELIVER_OWN_DIR), 0);
	assert_int_equal(file(s, "//root//.ssh//authorized_keys", DELIVER_OWN_DIR), 0);
	assert_false(got.changed);
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(drop(s, KEYS, DELIVER_OWN_DIR), 0);
	assert_true(got.changed);
	assert_int_equal(drop(s, "/root/none/keys", DELIVER_OWN_DIR), 0);
	assert_false(got.changed);
	/* The root itself is a directory too. */
	assert_int_equal(file(s, "/keys", DELIVER_OWN_DIR), 0);
}

static void test_own_dir_makes_a_parent(void **state)
{
	const struct deliver_how how = { .attr = { .mode = 0600 }, .flags = DELIVER_OWN_DIR };
	const struct scratch *s = *state;

	assert_int_equal(file_as(s, "/root/a/.ssh/keys", "ours", 4, &how, &got, NULL), 0);
	assert_int_equal(get_mode(s->fd, "root/a/.ssh"), 0755);
	assert_int_equal(fakesys_count("mkdirat"), 2);
}

static void test_own_dir_is_a_link(void **state)
{
	static const char *const contents[] = {
		"/real", "../real", "/", "..", ".", "nowhere", "/nowhere/at/all", ".ssh",
	};
	const struct scratch *s = *state;
	char magic[64];

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		put_link(s->fd, "root/.ssh", contents[i]);
		all_refuse(s, "/root/.ssh", ELOOP, "it is a link");
		/* With a slash at its end a link is followed, with a dot behind that too. */
		all_refuse(s, "/root/.ssh/", ELOOP, "it is a link");
		all_refuse(s, "//root///.ssh//", ELOOP, "it is a link");
		all_refuse(s, "/root/.ssh/.", EINVAL, "");
		all_refuse(s, "/root/.ssh/..", EINVAL, "");
		assert_int_equal(unlinkat(s->fd, "root/.ssh", 0), 0);
	}
	snprintf(magic, sizeof(magic), "/proc/self/fd/%d", s->fd);
	put_link(s->fd, "root/.ssh", magic);
	all_refuse(s, "/root/.ssh", ELOOP, "it is a link");
	assert_int_equal(unlinkat(s->fd, "root/.ssh", 0), 0);
	/* Only asked for: without the flag a link inside the root is followed. */
	put_link(s->fd, "root/.ssh", "/real");
	assert_int_equal(file(s, "/root/.ssh/keys", 0), 0);
	assert_string_equal(get_text(s->fd, "real/keys"), "ours");
}

/* Links before the last name are the image's affair, as long as they stay inside. */
static void test_own_dir_links_before_it(void **state)
{
	const struct scratch *s = *state;
	char magic[64];

	put_link(s->fd, "home", "../../../root");
	assert_int_equal(dir(s, "/home/.ssh", DELIVER_OWN_DIR), 0);
	assert_int_equal(file(s, "/home/.ssh/authorized_keys", DELIVER_OWN_DIR), 0);
	assert_string_equal(get_text(s->fd, "root/.ssh/authorized_keys"), "ours");
	assert_int_equal(file(s, "/home/../root/./.ssh/authorized_keys", DELIVER_OWN_DIR), 0);
	assert_false(got.changed);
	put_link(s->fd, "top", "/");
	assert_int_equal(file(s, "/top/top/home/.ssh/authorized_keys", DELIVER_OWN_DIR), 0);
	assert_false(got.changed);
	/* This one leads out: inside the root there is no such name. */
	snprintf(magic, sizeof(magic), "/proc/self/fd/%d", s->fd);
	put_link(s->fd, "magic", magic);
	assert_int_equal(file(s, "/magic/root/.ssh/keys", DELIVER_OWN_DIR), -ENOTDIR);
	assert_int_equal(dir(s, "/magic/root/.ssh", DELIVER_OWN_DIR), -ENOTDIR);
	assert_int_equal(drop(s, "/magic/root/.ssh/keys", DELIVER_OWN_DIR), 0);
	assert_false(is_there(s->fd, "root/.ssh/keys"));
	put_link(s->fd, "loop", "loop");
	assert_int_equal(dir(s, "/loop/.ssh", DELIVER_OWN_DIR), -ELOOP);
	assert_string_equal(reason.cause, "");
}

static void test_own_dir_is_no_directory(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "root/.ssh", "x", 0600);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), -ENOTDIR);
	assert_int_equal(file(s, KEYS, DELIVER_OWN_DIR), -ENOTDIR);
	assert_int_equal(unlinkat(s->fd, "root/.ssh", 0), 0);
	assert_int_equal(mkfifoat(s->fd, "root/.ssh", 0600), 0);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), -ENOTDIR);
	assert_int_equal(file(s, KEYS, DELIVER_OWN_DIR), -ENOTDIR);
	if (geteuid() == 0 && mknodat(s->fd, "root/device", S_IFCHR | 0600, makedev(1, 3)) == 0) {
		assert_int_equal(dir(s, "/root/device", DELIVER_OWN_DIR), -ENOTDIR);
		assert_int_equal(file(s, "/root/device/keys", DELIVER_OWN_DIR), -ENOTDIR);
	}
	assert_int_equal(fakesys_calls(), 0);
}

/* The same directory, asked for somebody else. */
static void test_own_dir_of_another(void **state)
{
	struct deliver_how how = how_to(0700, DELIVER_OWN_DIR, NULL);
	const struct scratch *s = *state;
	char cause[100];

	put_dir(s->fd, "root/.ssh");
	how.attr.uid = 12345;
	snprintf(cause, sizeof(cause), "it belongs to uid %u, expected 12345",
		 (unsigned int)geteuid());
	assert_int_equal(dir_as(s, "/root/.ssh", &how, &got, &reason), -EPERM);
	assert_string_equal(reason.cause, cause);
	assert_int_equal(file_as(s, KEYS, "ours", 4, &how, &got, &reason), -EPERM);
	assert_string_equal(reason.cause, cause);
	assert_string_equal(reason.object, "/root/.ssh");
	assert_int_equal(remove_as(s, KEYS, &how, &got, &reason), -EPERM);
	assert_int_equal(fakesys_calls(), 0);
}

static void test_own_dir_cannot_be_looked_at(void **state)
{
	const struct scratch *s = *state;
	int fds = fakesys_open_fds();

	put_dir(s->fd, "root/.ssh");
	fail_fstat(1);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), -EIO);
	assert_string_equal(reason.verb, "look at");
	assert_int_equal(fakesys_open_fds(), fds);
	intercept_reset();
}

static void test_own_dir_of_somebody(void **state)
{
	const struct scratch *s = *state;

	if (geteuid() != 0)
		skip();
	put_dir(s->fd, "root/.ssh");
	if (fchownat(s->fd, "root/.ssh", 1000, 0, 0) < 0)
		skip();
	put_text(s->fd, "root/.ssh/authorized_keys", "theirs", 0600);
	all_refuse(s, "/root/.ssh", EPERM, "it belongs to uid 1000, expected 0");
	assert_int_equal(file(s, KEYS, 0), 0);
	/* The group is no owner: it is set right. */
	assert_int_equal(fchownat(s->fd, "root/.ssh", 0, 1000, 0), 0);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), 0);
	assert_true(got.changed);
	/* The directories above are not looked at. */
	assert_int_equal(fchownat(s->fd, "root", 1000, 1000, 0), 0);
	assert_int_equal(dir(s, "/root/.ssh", DELIVER_OWN_DIR), 0);
	assert_int_equal(file(s, KEYS, DELIVER_OWN_DIR), 0);
}

/* Where nothing is mounted the flag changes nothing. */
static void test_one_fs(void **state)
{
	const unsigned int flags = DELIVER_ONE_FS | DELIVER_OWN_DIR | DELIVER_KEEP;
	const struct scratch *s = *state;

	put_link(s->fd, "up", "../../../real");
	put_link(s->fd, "abs", "/real");
	assert_int_equal(file(s, "/up/one", DELIVER_ONE_FS), 0);
	assert_int_equal(file(s, "/abs/new/dir/two", DELIVER_ONE_FS), 0);
	assert_string_equal(get_text(s->fd, "real/one"), "ours");
	assert_string_equal(get_text(s->fd, "real/new/dir/two"), "ours");
	assert_int_equal(dir(s, "/abs/new/dir", flags), 0);
	assert_int_equal(dir(s, "/", DELIVER_ONE_FS), 0);
	assert_int_equal(file(s, "/real/keys", flags), 0);
	assert_string_equal(got.kept, ".keys.anteroot-kept");
	assert_int_equal(drop(s, "/abs/keys", DELIVER_ONE_FS), 0);
	assert_true(got.changed);
	put_link(s->fd, "real/link", "/nowhere");
	assert_int_equal(file(s, "/real/link", DELIVER_ONE_FS), 0);
	assert_int_equal(dir(s, "/real/one/below", DELIVER_ONE_FS), -ENOTDIR);
}

static void expect_refused(const struct scratch *s, const char *path, int err, const char *cause)
{
	char text[100];

	fakesys_reset(s->path);
	EXPECT(dir(s, path, DELIVER_ONE_FS) == -EXDEV);
	EXPECT(strcmp(reason.cause, MOUNT) == 0);
	snprintf(text, sizeof(text), "%s/keys", path);
	EXPECT(file(s, text, DELIVER_ONE_FS) == -err);
	EXPECT(strcmp(reason.cause, cause) == 0);
	EXPECT(file(s, text, DELIVER_ONE_FS | DELIVER_KEEP) == -err);
	EXPECT(drop(s, text, DELIVER_ONE_FS) == -err);
	EXPECT(strcmp(reason.cause, cause) == 0);
	snprintf(text, sizeof(text), "%s/a/b/keys", path);
	EXPECT(file(s, text, DELIVER_ONE_FS) == -EXDEV);
	EXPECT(fakesys_calls() == 0);
}

static void in_scratch(const struct scratch *s, const char *path, char ret[static 300])
{
	snprintf(ret, 300, "%s/%s", s->path, path);
}

/* Through the mounts of this namespace. */
static struct scratch opened_here(const void *data)
{
	struct scratch s = *(const struct scratch *)data;

	s.fd = open(s.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	EXPECT(s.fd >= 0);
	fakesys_reset(s.path);
	return s;
}

static void mounted_directories(const void *data)
{
	const struct scratch here = opened_here(data), *s = &here;
	char from[300], to[300];

	in_scratch(s, "real", from);
	in_scratch(s, "mnt", to);
	/* A bind mount of the very same file system, one of another, and links to them. */
	EXPECT(mount(from, to, NULL, MS_BIND, NULL) == 0);
	in_scratch(s, "tmp", to);
	EXPECT(mount("none", to, "tmpfs", 0, NULL) == 0);
	expect_refused(s, "/mnt", EXDEV, MOUNT);
	expect_refused(s, "/tmp", EXDEV, MOUNT);
	expect_refused(s, "/to", EXDEV, MOUNT);
	expect_refused(s, "/real/../mnt", EXDEV, MOUNT);
	expect_refused(s, "/made/deep", EXDEV, MOUNT);
	EXPECT(dir(s, "/mnt/..", DELIVER_ONE_FS) == -EXDEV);
	/* Beside them all is as ever, and without the flag inside them too. */
	EXPECT(file(s, "/real/other", DELIVER_ONE_FS) == 0);
	EXPECT(file(s, "/mnt/keys", 0) == 0);
	EXPECT(strcmp(get_text(s->fd, "real/keys"), "ours") == 0);
}

static void test_mount_points(void **state)
{
	const struct scratch *s = *state;

	put_dir(s->fd, "mnt");
	put_dir(s->fd, "tmp");
	put_link(s->fd, "to", "/mnt");
	put_link(s->fd, "made", "../../tmp");
	in_namespace(mounted_directories, s);
}

static void mounted_files(const void *data)
{
	const struct scratch here = opened_here(data), *s = &here;
	char from[300], to[300];

	in_scratch(s, "real/keys", from);
	in_scratch(s, "root/keys", to);
	EXPECT(mount(from, to, NULL, MS_BIND, NULL) == 0);
	fakesys_reset(s->path);
	EXPECT(file(s, "/root/keys", DELIVER_ONE_FS) == -EBUSY);
	EXPECT(strcmp(reason.cause, "something is mounted on it") == 0);
	EXPECT(drop(s, "/root/keys", DELIVER_ONE_FS) == -EBUSY);
	EXPECT(strcmp(reason.cause, "something is mounted on it") == 0);
	EXPECT(fakesys_calls() == 0);
	/* Without it the kernel refuses, by rename or by link. */
	EXPECT(file(s, "/root/keys", 0) == -EBUSY);
	EXPECT(file(s, "/root/keys", DELIVER_KEEP) == -EBUSY);
	EXPECT(strcmp(reason.cause, "something is mounted on it") == 0);
	EXPECT(drop(s, "/root/keys", 0) == -EBUSY);
	EXPECT(drop(s, "/root/keys", DELIVER_KEEP) == -EBUSY);
	EXPECT(!is_there(s->fd, "root/.keys.anteroot"));
	EXPECT(!is_there(s->fd, "root/.keys.anteroot-kept"));
	/* Its content is right already, which no rename would tell. */
	put_text(s->fd, "real/keys", "ours", 0600);
	EXPECT(file(s, "/root/keys", DELIVER_ONE_FS) == -EBUSY);
	EXPECT(file(s, "/root/keys", 0) == 0);
	EXPECT(!got.changed);
}

static void test_mount_over_the_file(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "root/keys", "theirs", 0600);
	in_namespace(mounted_files, s);
	assert_string_equal(get_text(s->fd, "root/keys"), "theirs");
}

/* The root is a mount itself, as a target is; and procfs is in it, whose links lead anywhere. */
static void mounted_root(const void *data)
{
	const char *path = ((const struct scratch *)data)->path;
	struct scratch s;
	char to[300];

	EXPECT(mount(path, path, NULL, MS_BIND, NULL) == 0);
	s = opened_here(data);
	EXPECT(file(&s, "/real/new", DELIVER_ONE_FS) == 0);
	EXPECT(file(&s, "/../real/../new", DELIVER_ONE_FS) == 0);
	in_scratch(&s, "proc", to);
	EXPECT(mount("none", to, "proc", 0, NULL) == 0);
	EXPECT(dir(&s, "/proc/self/root/tmp", 0) == -ELOOP);
	EXPECT(file(&s, "/proc/self/cwd/escaped", 0) == -ELOOP);
	EXPECT(file(&s, "/cwd/escaped", 0) == -ELOOP);
	EXPECT(file(&s, "/cwd/escaped", DELIVER_ONE_FS) == -EXDEV);
	EXPECT(dir(&s, "/proc/self/root/tmp", DELIVER_ONE_FS) == -EXDEV);
	EXPECT(file(&s, "/proc/self/cwd/escaped", DELIVER_ONE_FS) == -EXDEV);
	EXPECT(!is_there(AT_FDCWD, "escaped"));
}

static void test_root_is_a_mount(void **state)
{
	const struct scratch *s = *state;

	put_dir(s->fd, "proc");
	put_link(s->fd, "cwd", "/proc/self/cwd");
	in_namespace(mounted_root, s);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, delivery_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_own_dir),
		CASE(test_own_dir_makes_a_parent),
		CASE(test_own_dir_is_a_link),
		CASE(test_own_dir_links_before_it),
		CASE(test_own_dir_is_no_directory),
		CASE(test_own_dir_of_another),
		CASE(test_own_dir_cannot_be_looked_at),
		CASE(test_own_dir_of_somebody),
		CASE(test_one_fs),
		CASE(test_mount_points),
		CASE(test_mount_over_the_file),
		CASE(test_root_is_a_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
