/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <time.h>

#include "lib/sys.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/namespace.h"
#include "tests/unit/scratch.h"

static bool real_poll; /* else poll() only notes its time-out */

/* The real table. What would change this machine is only called in ways that the kernel refuses. */

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	scratch_make(s, NULL);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

/*
 * Without privileges (a container's root has not all) the kernel asks for them before it looks at the
 * rest, and a kernel without modules has no call for them.
 */
static void refused(int r, int err)
{
	if (r != -err && r != -EPERM && r != -ENOSYS)
		fail_msg("%d, not %d", r, -err);
}

static void test_files(void **state)
{
	const struct scratch *s = *state;
	int fd = sys_real.open(s->fd, "f", O_RDWR | O_CREAT | O_EXCL, 0600);
	struct stat st;

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sys_real.write(fd, "hello", 5), 5);
	assert_int_equal(sys_real.fsync(fd), 0);
	assert_int_equal(sys_real.fchmod(fd, 0640), 0);
	assert_int_equal(sys_real.fchown(fd, geteuid(), getegid()), 0);
	close(fd);
	assert_int_equal(get_mode(s->fd, "f"), 0640);
	assert_int_equal(sys_real.linkat(s->fd, "f", s->fd, "second"), 0);
	assert_string_equal(get_text(s->fd, "second"), "hello");
	assert_int_equal(sys_real.renameat(s->fd, "f", s->fd, "g"), 0);
	assert_string_equal(get_text(s->fd, "g"), "hello");
	assert_int_equal(sys_real.mkdirat(s->fd, "d", 0700), 0);
	assert_int_equal(get_mode(s->fd, "d"), 0700);
	assert_int_equal(sys_real.symlinkat("g", s->fd, "l"), 0);
	assert_string_equal(get_text(s->fd, "l"), "hello");
	/* The link itself gets the second name, not what it leads to. */
	assert_int_equal(sys_real.linkat(s->fd, "l", s->fd, "l2"), 0);
	assert_int_equal(fstatat(s->fd, "l2", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(sys_real.mknodat(s->fd, "fifo", S_IFIFO | 0600, 0), 0);
	assert_true(is_there(s->fd, "fifo"));
	assert_int_equal(sys_real.unlinkat(s->fd, "g", 0), 0);
	assert_int_equal(sys_real.unlinkat(s->fd, "d", AT_REMOVEDIR), 0);
	assert_false(is_there(s->fd, "g"));
	assert_false(is_there(s->fd, "d"));
}

static void test_file_errors(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(sys_real.open(s->fd, "none", O_RDONLY, 0), -ENOENT);
	assert_int_equal(sys_real.write(-1, "x", 1), -EBADF);
	assert_int_equal(sys_real.fsync(-1), -EBADF);
	assert_int_equal(sys_real.fchmod(-1, 0600), -EBADF);
	assert_int_equal(sys_real.fchown(-1, 0, 0), -EBADF);
	assert_int_equal(sys_real.mkdirat(s->fd, ".", 0700), -EEXIST);
	assert_int_equal(sys_real.mknodat(s->fd, "a/b", S_IFIFO, 0), -ENOENT);
	assert_int_equal(sys_real.symlinkat("", s->fd, "l"), -ENOENT);
	assert_int_equal(sys_real.linkat(s->fd, "none", s->fd, "x"), -ENOENT);
	assert_int_equal(sys_real.linkat(s->fd, ".", s->fd, "x"), -EPERM);
	assert_int_equal(sys_real.renameat(s->fd, "none", s->fd, "x"), -ENOENT);
	assert_int_equal(sys_real.unlinkat(s->fd, "none", 0), -ENOENT);
}

static void test_machine_errors(void **state)
{
	char long_name[200];

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	refused(sys_real.mount("none", "/nonexistent/x", "tmpfs", 0, NULL), ENOENT);
	refused(sys_real.umount("/nonexistent/x", 0), ENOENT);
	refused(sys_real.chdir("/nonexistent/x"), ENOENT);
	refused(sys_real.chroot("/nonexistent/x"), ENOENT);
	refused(sys_real.clock_set(-1000000), EINVAL);
	refused(sys_real.hostname_set(long_name), EINVAL);
	refused(sys_real.module_insert(-1, "", 0), EBADF);
	refused(sys_real.reboot(0x12345), EINVAL);
}

static void test_processes(void **state)
{
	char *const none[] = { NULL };
	char path[] = "/bin/sh", option[] = "-c", exits[] = "exit 7", dies[] = "kill -9 $$";
	char *const with_status[] = { path, option, exits, NULL };
	char *const killed[] = { path, option, dies, NULL };

	(void)state;
	assert_int_equal(sys_real.exec("/nonexistent/x", none, none), -ENOENT);
	assert_int_equal(sys_real.run(path, with_status), 7);
	assert_int_equal(sys_real.run(path, killed), 128 + 9);
	assert_int_equal(sys_real.run("/nonexistent/x", with_status), 127);
}

static int ticks;

static void tick(void *data)
{
	ticks += *(int *)data;
}

static struct sys_end limited(const char *script, int64_t timeout_msec)
{
	char path[] = "/bin/sh", option[] = "-c", copy[200];
	char *const argv[] = { path, option, copy, NULL };
	int one = 1;
	const struct sys_limits limits = { timeout_msec, 200, tick, &one };
	struct sys_end end = { .status = -1 };

	(void)snprintf(copy, sizeof(copy), "%s", script);
	ticks = 0;
	assert_int_equal(sys_real.run_limited(path, argv, environ, &limits, &end), 0);
	return end;
}

static void test_limited(void **state)
{
	const struct sys_limits limits = { .timeout_msec = 1000, .grace_msec = 1000 };
	char *const none[] = { NULL };
	struct sys_end end;

	(void)state;
	real_poll = true;
	end = limited("exit 7", 10000);
	assert_int_equal(end.status, 7);
	assert_false(end.timed_out);
	assert_int_equal(limited("kill -9 $$", 10000).status, 128 + 9);
	/* It reads nothing of ours. */
	assert_int_equal(limited("read line", 10000).status, 1);
	end = limited("exec sleep 30", 100);
	assert_true(end.timed_out);
	assert_int_equal(end.status, 128 + 15);
	end = limited("trap '' TERM; sleep 30 & while :; do wait; done", 1500);
	assert_true(end.timed_out);
	assert_int_equal(end.status, 128 + 9);
	assert_int_equal(ticks, 1);
	assert_int_equal(sys_real.run_limited("/nonexistent/x", none, none, &limits, &end), 0);
	assert_int_equal(end.status, 127);
	assert_int_equal(sys_real.run_limited("/", none, none, &limits, &end), 0);
	assert_int_equal(end.status, 126);
	real_poll = false;
}

static void test_watchdog_errors(void **state)
{
	(void)state;
	assert_int_equal(sys_real.watchdog_stop(-1), -EBADF);
}

static void mounts_of_our_own(const void *data)
{
	(void)data;
	EXPECT(sys_real.unshare_mounts() == 0);
	EXPECT(sys_real.mount("x", "/proc", "tmpfs", 0, NULL) == 0);
	EXPECT(access("/proc/self", F_OK) < 0);
}

static void test_unshare_mounts(void **state)
{
	(void)state;
	in_namespace(mounts_of_our_own, NULL);
	assert_int_equal(access("/proc/self", F_OK), 0);
}

static int timeout_given;

/* In place of libc's for this program. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	timeout_given = timeout;
	return real_poll ? ppoll(fds, n, &ts, NULL) : 0;
}

/* panic=2147484 became a negative time-out: a sleep without end. */
static void test_long_panic_never_ends(void **state)
{
	static const int64_t sec[] = { 20, 2147483, 2147484, 2147483647 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(sys_real.sleep_msec(sec[i] * 1000), 0);
		assert_true(timeout_given >= 20000);
	}
	assert_int_equal(sys_real.sleep_msec(-1), 0);
	assert_int_equal(timeout_given, 0);
}

/* Both tables are complete: a function that is missing would be a jump to address 0. */
static void test_tables_are_complete(void **state)
{
	const struct sys *const tables[] = { &sys_real, &fakesys };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		void (*fn[sizeof(struct sys) / sizeof(void (*)(void))])(void);

		memcpy(fn, tables[i], sizeof(fn));
		for (size_t k = 0; k < ARRAY_SIZE(fn); k++)
			assert_true(fn[k] != NULL);
	}
}

/* The fake keeps its promises: a call fails, the power goes, a match fails, and the log says so. */
static void test_fake_failures(void **state)
{
	char *const argv[] = { NULL };

	(void)state;
	fakesys_reset(NULL);
	assert_int_equal(fakesys.mount("a", "/b", NULL, 0x21, NULL), 0);
	fakesys_fail_nth(2, ENOMEM);
	assert_int_equal(fakesys.umount("/b", 0), 0);
	assert_int_equal(fakesys.umount("/c", 2), -ENOMEM);
	assert_int_equal(fakesys.umount("/c", 2), 0);
	fakesys_fail_match("umount /b", EBUSY);
	assert_int_equal(fakesys.umount("/b", 0), -EBUSY);
	assert_int_equal(fakesys.umount("/c", 0), 0);
	fakesys_run_status(3);
	assert_int_equal(fakesys.run("/bin/x", argv), 3);
	fakesys_cut_after(1);
	assert_int_equal(fakesys.reboot(0x1234567), 0);
	assert_int_equal(fakesys.reboot(0x1234567), -EIO);
	assert_int_equal(fakesys.exec("/sbin/init", argv, argv), -EIO);
	assert_int_equal(fakesys_calls(), 10);
	assert_int_equal(fakesys_count("umount"), 5);
	assert_string_equal(fakesys_line(0), "mount a /b - 0x21 -");
	assert_string_equal(fakesys_line(9), "exec /sbin/init");
	assert_null(fakesys_line(10));
	assert_int_equal(fakesys_find("reboot", 0), 7);
	assert_int_equal(fakesys_find("reboot", 9), -1);
	fakesys_reset(NULL);
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(fakesys.umount("/b", 0), 0);
	fakesys_reset(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_files),
		CASE(test_file_errors),
		CASE(test_machine_errors),
		CASE(test_processes),
		CASE(test_limited),
		CASE(test_watchdog_errors),
		CASE(test_unshare_mounts),
		CASE(test_long_panic_never_ends),
		CASE(test_tables_are_complete),
		CASE(test_fake_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
