/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "lib/discard.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define TMPFS 0x01021994

/* The tree is on /dev/shm, as an initramfs is on tmpfs. */
static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	scratch_make(s, "/dev/shm");
	fakesys_reset(s->path);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	fakesys_reset(NULL);
	scratch_remove(*state);
	free(*state);
	return 0;
}

static void require_tmpfs(const struct scratch *s)
{
	struct statfs fs;

	assert_int_equal(fstatfs(s->fd, &fs), 0);
	if (fs.f_type != TMPFS)
		skip();
}

static bool is_empty(const struct scratch *s)
{
	_cleanup_closedir_ DIR *dir = opendir(s->path);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n == 2;
}

static void fill(const struct scratch *s)
{
	put_text(s->fd, "init", "x", 0755);
	put_dir(s->fd, "etc");
	put_dir(s->fd, "etc/a");
	put_dir(s->fd, "etc/a/b");
	put_text(s->fd, "etc/a/b/f", "x", 0444);
	put_text(s->fd, "etc/a/.hidden", "x", 0);
	put_dir(s->fd, "empty");
	put_link(s->fd, "etc/link", "/");
	put_link(s->fd, "loop", "loop");
	assert_int_equal(mkfifoat(s->fd, "fifo", 0600), 0);
}

static void test_everything_goes(void **state)
{
	const struct scratch *s = *state;
	struct reason r = REASON_INIT;
	int before = fakesys_open_fds();

	require_tmpfs(s);
	fill(s);
	assert_int_equal(discard_tree(&fakesys, s->fd, &r), 0);
	assert_null(r.verb);
	assert_true(is_empty(s));
	assert_int_equal(fakesys_open_fds(), before);
	assert_int_equal(discard_tree(&fakesys, s->fd, &r), 0); /* nothing to do */
}

static void test_links_are_not_followed(void **state)
{
	const struct scratch *s = *state;
	struct scratch outside;

	require_tmpfs(s);
	scratch_make(&outside, "/dev/shm"); /* the same file system */
	put_text(outside.fd, "precious", "x", 0644);
	put_link(s->fd, "way-out", outside.path);
	assert_int_equal(discard_tree(&fakesys, s->fd, NULL), 0);
	assert_true(is_empty(s));
	assert_true(is_there(outside.fd, "precious"));
	scratch_remove(&outside);
}

/* Refused before the first deletion. */
static void test_disk_is_refused(void **state)
{
	_cleanup_close_ int fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reason r = REASON_INIT;
	char text[400];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(discard_tree(&fakesys, fd, &r), -EXDEV);
	assert_string_equal(reason_render(&r, text, sizeof(text)),
			    "unable to delete the old root: it is not in memory");
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(discard_tree(&fakesys, -1, &r), -EBADF);
	assert_int_equal(fakesys_calls(), 0);
}

/* 3000 levels: deeper than a path can be, and than there are descriptors. */
static void test_deep_tree(void **state)
{
	const struct scratch *s = *state;
	int fd = dup(s->fd);

	require_tmpfs(s);
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		put_text(next, "f", "", 0644);
		close(fd);
		fd = next;
	}
	close(fd);
	/* The fake cannot name what lies so deep. */
	assert_int_equal(discard_tree(&sys_real, s->fd, NULL), 0);
	assert_true(is_empty(s));
}

static void test_many_files(void **state)
{
	const struct scratch *s = *state;
	char name[32];

	require_tmpfs(s);
	put_dir(s->fd, "d");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "d/file-%d", i);
		put_text(s->fd, name, "", 0644);
	}
	assert_int_equal(discard_tree(&fakesys, s->fd, NULL), 0);
	assert_true(is_empty(s));
	/* The directory is tried first, and taken when it is empty. */
	assert_int_equal(fakesys_calls(), 5002);
}

/* The first failure is told, the rest is deleted all the same. */
static void test_failure_goes_on(void **state)
{
	const struct scratch *s = *state;
	struct reason r = REASON_INIT;

	require_tmpfs(s);
	fill(s);
	put_text(s->fd, "etc/a/b/g", "x", 0644);
	fakesys_fail_match("unlinkat /etc/a/b/", EPERM);
	fakesys_fail_match("unlinkat /etc/a/b 512", ENOTEMPTY);
	fakesys_fail_match("unlinkat /fifo", EIO);
	/* The top's files go before what is in its directories. */
	assert_int_equal(discard_tree(&fakesys, s->fd, &r), -EIO);
	assert_string_equal(r.verb, "delete");
	assert_string_equal(r.object, "fifo");
	assert_true(is_there(s->fd, "etc/a/b/f"));
	assert_true(is_there(s->fd, "etc/a/b/g"));
	assert_false(is_there(s->fd, "etc/a/.hidden"));
	assert_false(is_there(s->fd, "etc/link"));
	assert_false(is_there(s->fd, "empty"));
	assert_false(is_there(s->fd, "init"));
}

static void test_each_call_fails(void **state)
{
	const struct scratch *s = *state;
	int before = fakesys_open_fds();
	unsigned int calls;

	require_tmpfs(s);
	fill(s);
	assert_int_equal(discard_tree(&fakesys, s->fd, NULL), 0);
	calls = fakesys_calls();
	for (unsigned int nth = 1; nth <= calls; nth++) {
		int err;

		fill(s);
		fakesys_reset(s->path);
		fakesys_fail_nth(nth, EIO);
		err = discard_tree(&fakesys, s->fd, NULL);
		assert_int_equal(err, -EIO);
		assert_int_equal(fakesys_open_fds(), before);
		assert_int_equal(discard_tree(&fakesys, s->fd, NULL), 0);
		assert_true(is_empty(s));
	}
}

/* EBUSY is how the kernel names a mount point: it is left alone, and nothing below it is touched. */
static void test_mount_points_are_left(void **state)
{
	const struct scratch *s = *state;

	require_tmpfs(s);
	fill(s);
	fakesys_fail_match("unlinkat /etc/a/b 512", EBUSY);
	fakesys_fail_match("unlinkat /init", EBUSY);
	assert_int_equal(discard_tree(&fakesys, s->fd, NULL), 0);
	assert_true(is_there(s->fd, "etc/a/b/f"));
	assert_true(is_there(s->fd, "init"));
	assert_false(is_there(s->fd, "etc/a/.hidden"));
	assert_false(is_there(s->fd, "empty"));
}

static void fill_again(const struct scratch *s)
{
	put_text(s->fd, "init", "x", 0755);
	put_dir(s->fd, "source");
	put_text(s->fd, "source/f", "x", 0644);
	put_dir(s->fd, "source/deep");
	put_dir(s->fd, "source/deep/deeper");
	put_link(s->fd, "etc/link", "/");
}

/* In a child with mounts of its own: what is mounted stays, with all that is in it. */
static int real_mounts(const struct scratch *outer)
{
	struct scratch inner = *outer, *s = &inner;
	char path[300];
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	/* The descriptor from outside does not see mounts in here. */
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/etc/a", s->path);
	if (mount("tmpfs", path, "tmpfs", 0, NULL) < 0)
		return 77;
	put_text(s->fd, "etc/a/other", "x", 0644);
	snprintf(path, sizeof(path), "%s/bind", s->path);
	put_dir(s->fd, "bind");
	put_dir(s->fd, "source");
	put_text(s->fd, "source/f", "x", 0644);
	/* The same device: only EBUSY tells. */
	if (mount("/dev/shm", path, NULL, MS_BIND, NULL) < 0)
		return 77;
	/* Not called busy, as in another mount namespace, a mount is known by its device. */
	fakesys_fail_match("unlinkat /etc/a 512", ENOTEMPTY);
	if (discard_tree(&fakesys, s->fd, NULL) != 0 || !is_there(s->fd, "etc/a/other"))
		return 4;
	fill_again(s);
	/* The new root lies on the old one by the time that the old one is emptied. */
	if (mount("/proc", s->path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return 77;
	r = discard_tree(&sys_real, s->fd, NULL);
	if (r != 0)
		return 1;
	if (!is_there(s->fd, "etc/a/other") || !is_there(s->fd, "bind"))
		return 2;
	if (is_there(s->fd, "init") || is_there(s->fd, "empty") || is_there(s->fd, "source") ||
	    is_there(s->fd, "etc/link"))
		return 3;
	return 0;
}

static void test_real_mounts(void **state)
{
	const struct scratch *s = *state;
	struct scratch neighbour;
	int status;
	pid_t pid;

	require_tmpfs(s);
	if (geteuid() != 0)
		skip();
	scratch_make(&neighbour, "/dev/shm"); /* visible below the bind mount */
	put_text(neighbour.fd, "f", "x", 0644);
	fill(s);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(real_mounts(s));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(is_there(neighbour.fd, "f"));
	scratch_remove(&neighbour);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_everything_goes), CASE(test_links_are_not_followed),
		CASE(test_disk_is_refused), CASE(test_deep_tree),
		CASE(test_many_files),	    CASE(test_failure_goes_on),
		CASE(test_each_call_fails), CASE(test_mount_points_are_left),
		CASE(test_real_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
