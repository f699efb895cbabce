/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/confine.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/namespace.h"
#include "tests/unit/scratch.h"

/* Every case runs against openat2(2) and against the walk: they must agree. */
static int (*const ways[])(int rootfd, const char *path, int flags,
			   unsigned int limits) = { confine_open_in, confine_open_walk };

struct tree {
	struct scratch s;
	int root; /* s.fd/root */
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	scratch_make(&t->s, NULL);
	put_text(t->s.fd, "secret", "outside", 0644);
	put_dir(t->s.fd, "root");
	t->root = openat(t->s.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_dir(t->root, "etc");
	put_dir(t->root, "usr");
	put_dir(t->root, "usr/sbin");
	put_text(t->root, "etc/hostname", "inside", 0644);
	put_text(t->root, "secret", "the root's own", 0644);
	put_text(t->root, "usr/sbin/init", "init", 0755);
	put_link(t->root, "sbin", "usr/sbin");
	put_link(t->root, "abs", "/etc");
	put_link(t->root, "usr/sbin/abs", "/etc");
	put_link(t->root, "etc/up", "../../../../secret");
	put_link(t->root, "loop", "loop");
	put_link(t->root, "dangling", "/nowhere/x");
	put_link(t->root, "file", "etc/hostname");
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	close(t->root);
	scratch_remove(&t->s);
	free(t);
	return 0;
}

/* Opens by each way and compares what is read, or the error. */
static void expect_text(const struct tree *t, const char *path, int flags, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char buf[64] = "";
		int fd = ways[i](t->root, path, O_RDONLY | flags, 0);

		if (fd < 0)
			fail_msg("%s (way %zu): %s", path, i, strerror(-fd));
		assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
		assert_string_equal(buf, text);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
}

static void expect_error(const struct tree *t, const char *path, int flags, int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = ways[i](t->root, path, flags, 0);

		if (fd != -err)
			fail_msg("%s (way %zu): %d, not %d", path, i, fd, -err);
	}
}

static void test_plain(void **state)
{
	expect_text(*state, "/etc/hostname", 0, "inside");
	expect_text(*state, "etc/hostname", 0, "inside");
	expect_text(*state, "//etc/./hostname", 0, "inside");
	expect_text(*state, "etc/../etc/hostname", 0, "inside");
}

static void test_links_stay_inside(void **state)
{
	expect_text(*state, "/sbin/init", 0, "init");
	expect_text(*state, "/abs/hostname", 0, "inside");
	expect_text(*state, "/sbin/abs/hostname", 0, "inside");
	expect_text(*state, "/sbin/abs/../etc/hostname", 0, "inside");
	expect_text(*state, "/file", 0, "inside");
	expect_text(*state, "/etc/up", 0, "the root's own");
}

static void test_dots_stop_at_the_root(void **state)
{
	expect_text(*state, "../secret", 0, "the root's own");
	expect_text(*state, "/../../../../secret", 0, "the root's own");
	expect_text(*state, "usr/sbin/../../../../secret", 0, "the root's own");
	expect_text(*state, "sbin/../../secret", 0, "the root's own");
}

static void test_errors(void **state)
{
	char name[300], path[PATH_MAX + 10];

	expect_error(*state, "", O_RDONLY, ENOENT);
	expect_error(*state, "/etc/nothing", O_RDONLY, ENOENT);
	expect_error(*state, "/nothing/hostname", O_RDONLY, ENOENT);
	expect_error(*state, "/dangling", O_RDONLY, ENOENT);
	expect_error(*state, "/etc/hostname/x", O_RDONLY, ENOTDIR);
	expect_error(*state, "/etc/hostname/", O_RDONLY, ENOTDIR);
	expect_error(*state, "/file/", O_RDONLY, ENOTDIR);
	expect_error(*state, "/etc/hostname", O_RDONLY | O_DIRECTORY, ENOTDIR);
	expect_error(*state, "/loop", O_RDONLY, ELOOP);
	expect_error(*state, "/loop/x", O_RDONLY, ELOOP);
	expect_error(*state, "/file", O_RDONLY | O_NOFOLLOW, ELOOP);
	expect_error(*state, "/etc", O_WRONLY, EISDIR);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	expect_error(*state, name, O_RDONLY, ENAMETOOLONG);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	expect_error(*state, path, O_RDONLY, ENAMETOOLONG);
}

static void test_changes_nothing(void **state)
{
	const struct tree *t = *state;

	expect_error(t, "/new", O_WRONLY | O_CREAT, EINVAL);
	expect_error(t, "/etc/hostname", O_WRONLY | O_TRUNC, EINVAL);
	expect_error(t, "/etc", O_WRONLY | O_TMPFILE, EINVAL);
	assert_false(is_there(t->root, "new"));
	assert_string_equal(get_text(t->root, "etc/hostname"), "inside");
}

static void test_directories(void **state)
{
	static const char *const paths[] = {
		"/", ".", "..", "/etc/..", "abs/..", "sbin/../..", "//"
	};
	const struct tree *t = *state;
	struct stat want, st;

	assert_int_equal(fstat(t->root, &want), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
			int fd = ways[way](t->root, paths[i], O_RDONLY | O_DIRECTORY, 0);

			assert_true(fd >= 0);
			assert_int_equal(fstat(fd, &st), 0);
			assert_true(st.st_ino == want.st_ino && st.st_dev == want.st_dev);
			close(fd);
		}
	assert_int_equal(fstatat(t->root, "usr", &want, 0), 0);
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		int fd = ways[way](t->root, "sbin/..", O_PATH, 0);

		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_ino == want.st_ino);
		close(fd);
	}
}

static void test_link_itself(void **state)
{
	const struct tree *t = *state;

	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		int fd = ways[way](t->root, "/file", O_PATH | O_NOFOLLOW, 0);
		struct stat st;

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
		close(fd);
	}
}

/* 40 links in a row are followed, 41 are not; a link that grows the path is stopped. */
static void test_link_chain(void **state)
{
	const struct tree *t = *state;
	char name[16], content[16];

	put_link(t->root, "l0", "etc/hostname");
	for (int i = 1; i <= 40; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(content, sizeof(content), "l%d", i - 1);
		put_link(t->root, name, content);
	}
	expect_text(t, "/l39", 0, "inside");
	expect_error(t, "/l40", O_RDONLY, ELOOP);
	put_link(t->root, "grow", "grow/aaaaaaaa");
	expect_error(t, "/grow", O_RDONLY, ELOOP);
}

static void test_regular(void **state)
{
	const struct tree *t = *state;
	int fd = confine_open_regular(t->root, "/file");

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mkfifoat(t->root, "fifo", 0644), 0);
	assert_int_equal(confine_open_regular(t->root, "/fifo"), -EINVAL);
	assert_int_equal(confine_open_regular(t->root, "/etc"), -EISDIR);
	assert_int_equal(confine_open_regular(t->root, "/none"), -ENOENT);
}

static void test_exists(void **state)
{
	const struct tree *t = *state;

	assert_true(confine_exists(t->root, "/sbin/init"));
	assert_true(confine_exists(t->root, "/"));
	assert_false(confine_exists(t->root, "/dangling"));
	assert_false(confine_exists(t->root, "/etc/none"));
	assert_false(confine_exists(-1, "/etc"));
}

/* As a kernel before 5.6 is, or a container that does not know the call: no openat2(2) from here on. */
static bool forbid_openat2(unsigned int err)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(rules), .filter = rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a child: 0 when all is well without openat2(2), 77 when it cannot be taken away. */
static int without_openat2(const struct tree *t, unsigned int err)
{
	int fd;

	if (!forbid_openat2(err))
		return 77;
	fd = confine_open(t->root, "/sbin/../sbin/init", O_RDONLY);
	if (fd < 0)
		return 1;
	close(fd);
	if (confine_open(t->root, "/none", O_RDONLY) != -ENOENT)
		return 2;
	return confine_exists(t->root, "/etc/up") ? 0 : 3;
}

static void test_old_kernel(void **state)
{
	static const unsigned int errors[] = { ENOSYS, EPERM, EAGAIN };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(without_openat2(*state, errors[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77)
			skip();
		/* EAGAIN for ever is given up, and is no reason for another way. */
		assert_int_equal(WEXITSTATUS(status), errors[i] == EAGAIN ? 1 : 0);
	}
}

/* With nothing mounted below the root the limit changes nothing. */
static void test_one_fs(void **state)
{
	static const char *const paths[] = {
		"/etc/hostname", "/sbin/abs/../etc/up", "../secret", "/", "sbin/..", "/loop",
		"/none",
	};
	const struct tree *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int without = confine_open(t->root, paths[i], O_PATH);
		struct stat want = { 0 }, st = { 0 };

		if (without >= 0)
			assert_int_equal(fstat(without, &want), 0);
		for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
			int fd = ways[way](t->root, paths[i], O_PATH, CONFINE_ONE_FS);

			assert_true(fd >= 0 ? without >= 0 : fd == without);
			if (fd >= 0)
				assert_int_equal(fstat(fd, &st), 0);
			assert_true(st.st_ino == want.st_ino);
			if (fd >= 0)
				close(fd);
		}
		if (without >= 0)
			close(without);
	}
}

/* The root through the mounts of this namespace. */
static struct tree opened_here(const void *data)
{
	struct tree t = *(const struct tree *)data;
	char path[300];

	snprintf(path, sizeof(path), "%s/root", t.s.path);
	t.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	EXPECT(t.root >= 0);
	return t;
}

static void test_one_fs_without_a_root(void **state)
{
	(void)state;
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++)
		assert_int_equal(ways[way](-1, "etc", O_PATH, CONFINE_ONE_FS), -EBADF);
}

static void mount_below(const struct tree *t, const char *from, const char *to)
{
	char source[300], target[300];

	snprintf(source, sizeof(source), "%s/%s", t->s.path, from);
	snprintf(target, sizeof(target), "%s/root/%s", t->s.path, to);
	if (strcmp(from, "tmpfs") == 0)
		EXPECT(mount("none", target, "tmpfs", 0, NULL) == 0);
	else
		EXPECT(mount(source, target, NULL, MS_BIND, NULL) == 0);
}

static int try(const struct tree *t, size_t way, const char *path, int flags)
{
	int fd = ways[way](t->root, path, flags, CONFINE_ONE_FS);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* A bind mount of the same file system, of a file, and another file system. */
static void one_fs_and_mounts(const void *data)
{
	static const char *const refused[] = {
		"/bind",   "/bind/etc/hostname", "/bind/..", "/tmp", "tmp/x",
		"/to/etc", "/etc/../bind/x",	 "/one",
	};
	const struct tree here = opened_here(data), *t = &here;

	mount_below(t, "root", "bind");
	mount_below(t, "secret", "one");
	mount_below(t, "tmpfs", "tmp");
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
			int fd = ways[way](t->root, refused[i], O_PATH, 0);

			EXPECT(try(t, way, refused[i], O_PATH) == -EXDEV);
			EXPECT(try(t, way, refused[i], O_PATH | O_NOFOLLOW) == -EXDEV);
			EXPECT(fd >= 0 || strstr(refused[i], "/x"));
			if (fd >= 0)
				close(fd);
		}
		EXPECT(try(t, way, "/etc/hostname", O_RDONLY) == 0);
		EXPECT(try(t, way, "/to", O_PATH | O_NOFOLLOW) == 0);
	}
	/* Without /proc the walk goes by the device, and cannot tell a bind mount. */
	EXPECT(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
	EXPECT(try(t, 1, "/tmp", O_PATH) == -EXDEV);
	EXPECT(try(t, 1, "/tmp/x", O_PATH) == -EXDEV);
	EXPECT(try(t, 1, "/bind/etc/hostname", O_RDONLY) == 0);
	EXPECT(try(t, 0, "/bind/etc/hostname", O_RDONLY) == -EXDEV);
}

static void test_one_fs_and_mounts(void **state)
{
	const struct tree *t = *state;

	put_dir(t->root, "bind");
	put_dir(t->root, "tmp");
	put_text(t->root, "one", "x", 0644);
	put_link(t->root, "to", "/bind");
	in_namespace(one_fs_and_mounts, t);
}

static void root_is_a_mount(const void *data)
{
	const struct tree *t = data;
	char path[300];
	struct tree m;

	snprintf(path, sizeof(path), "%s/root", t->s.path);
	EXPECT(mount(path, path, NULL, MS_BIND, NULL) == 0);
	m = opened_here(data);
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
		EXPECT(try(&m, way, "/../etc/../sbin/abs/hostname", O_RDONLY) == 0);
		EXPECT(try(&m, way, "..", O_PATH) == 0);
	}
	/* The links of procfs lead out of every tree. */
	snprintf(path, sizeof(path), "%s/root/usr", t->s.path);
	EXPECT(mount("none", path, "proc", 0, NULL) == 0);
	EXPECT(confine_open(m.root, "/usr/self/root/etc", O_PATH) == -ELOOP);
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++)
		EXPECT(try(&m, way, "/usr/self/root/etc", O_PATH) == -EXDEV);
}

static void test_one_fs_below_a_mount(void **state)
{
	in_namespace(root_is_a_mount, *state);
}

static void test_no_leak(void **state)
{
	const struct tree *t = *state;
	int before = fakesys_open_fds();

	test_plain(state);
	test_links_stay_inside(state);
	test_dots_stop_at_the_root(state);
	test_errors(state);
	test_directories(state);
	test_one_fs(state);
	assert_true(confine_exists(t->root, "/sbin/../sbin/init"));
	assert_int_equal(fakesys_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_stay_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dots_stop_at_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_regular, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_fs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_fs_and_mounts, setup, teardown),
		cmocka_unit_test(test_one_fs_without_a_root),
		cmocka_unit_test_setup_teardown(test_one_fs_below_a_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_leak, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
