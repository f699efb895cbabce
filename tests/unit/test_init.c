/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A whole boot of process 1 on pretended system calls: from the command line to exec, or to rescue. The
 * devices are files, one a partition.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/fakesys.h"

/* applet_init() under another name, in a process of any number, that cannot touch the machine it runs on. */
static pid_t pretended_pid;
int tested_init(int argc, char **argv);

#define applet_init tested_init
#define sys_real    fakesys
#include "init/rescue.h"

static char boot_error[BOOT_ERROR_MAX]; /* why the boot ended */
static size_t n_stages;

/* In truth nothing comes after rescue; here the next test does. */
static int watched_rescue(struct boot *b)
{
	int status = rescue(b);

	(void)snprintf(boot_error, sizeof(boot_error), "%s", b->error);
	n_stages = b->report.n_stages;
	boot_close(b);
	return status;
}

#define rescue	 watched_rescue
#define getpid() pretended_pid
#include "init/init.c" /* NOLINT */
#undef applet_init
#undef rescue
#undef getpid

#include "tests/unit/wholeboot.h"

static int setup(void **state)
{
	pretended_pid = 1;
	return whole_boot_setup(state);
}

static int boot(void)
{
	char init[] = "init", word[] = "single";
	char *argv[] = { init, word, NULL };
	int fds = fakesys_open_fds(), status = tested_init(2, argv);

	assert_int_equal(fakesys_open_fds(), fds);
	return status;
}

static void test_another_process(void **state)
{
	char init[] = "init";
	char *argv[] = { init, NULL };

	(void)state;
	pretended_pid = 2;
	assert_int_equal(tested_init(1, argv), 2);
	assert_int_equal(fakesys_calls(), 0);
}

/* exec is pretended and returns, which is a failure: rescue follows it. */
static void test_boot(void **state)
{
	static const char *const order[] = {
		"open /dev/kmsg",
		"mount /dev/vda1 /run/anteroot/mnt/boot ext4 0xf",
		"mount /dev/vda2 /sysroot ext4 0x1",
		"hostname_set press-07",
		"mount /dev ",
		"mount /run ",
		"chdir /sysroot",
		"mount . / ",
		"chroot .",
		"exec /sbin/init /sbin/init single",
		"sleep_msec 3000",
		"reboot ",
	};

	(void)state;
	put_all_disks();
	assert_int_equal(boot(), EXIT_FAILURE);
	assert_order(order, ARRAY_SIZE(order));
	assert_int_equal(fakesys_count("mount /dev/vda3"), 0);
	assert_int_equal(fakesys_count("clock_set"), 0);
	assert_non_null(strstr(boot_error, "unable to execute /sbin/init: "));
	assert_int_equal(n_stages, STAGE_COUNT + 1); /* and the hand-over */
}

static void test_boot_from_the_other_slot(void **state)
{
	static const char *const order[] = {
		"mount /dev/vda2 /sysroot",
		"mount /dev/vda3 /sysroot ext4 0x1",
		"exec /sbin/init",
	};

	(void)state;
	put_all_disks();
	fakesys_fail_match("mount /dev/vda2 /sysroot", EUCLEAN);
	assert_int_equal(boot(), EXIT_FAILURE);
	assert_order(order, ARRAY_SIZE(order));
}

/* A stage that fails: no hand-over. */
static void test_rescue_without_a_disk(void **state)
{
	(void)state;
	assert_int_equal(boot(), EXIT_FAILURE);
	assert_non_null(strstr(boot_error, "unable to find a root: no disk carries resin-rootA"));
	assert_int_equal(n_stages, 2);
	assert_int_equal(fakesys_count("exec "), 0);
	assert_int_equal(fakesys_count("chroot "), 0);
	assert_int_equal(fakesys_count("sleep_msec 3000"), 1);
	assert_int_equal(fakesys_count("reboot 0x1234567"), 1);
	assert_true(fakesys_find("sync", 0) >= 0);
}

/* Closes the standard descriptors of a mask, has them filled, and puts them back. */
static unsigned int fill(unsigned int closed, unsigned int *ret_inherited, int *ret_left)
{
	int saved[3], before = fakesys_open_fds();
	unsigned int filled = 0, n_closed = 0;
	struct stat st;

	(void)fflush(NULL);
	*ret_inherited = 0;
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		if (closed & 1u << fd) {
			(void)close(fd);
			n_closed++;
		}
	}
	fill_standard_descriptors(&fakesys);
	for (int fd = 0; fd < 3; fd++) {
		filled |= fstat(fd, &st) == 0 ? 1u << fd : 0;
		*ret_inherited |= fcntl(fd, F_GETFD) == 0 ? 1u << fd : 0;
	}
	*ret_left = fakesys_open_fds() - before - 3;
	for (int fd = 0; fd < 3; fd++)
		if (saved[fd] >= 0) {
			(void)dup2(saved[fd], fd);
			(void)close(saved[fd]);
		}
	return filled;
}

static void test_descriptors_that_are_there(void **state)
{
	unsigned int inherited;
	int left;

	(void)state;
	assert_int_equal(fill(0, &inherited, &left), 7);
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(left, 0);
}

/* console=null: no later file gets what is meant for a person, and the target's init has all three. */
static void test_no_descriptors(void **state)
{
	unsigned int inherited;
	int left;

	(void)state;
	assert_int_equal(fill(7, &inherited, &left), 7);
	assert_int_equal(inherited, 7);
	assert_int_equal(left, 0);
	assert_string_equal(fakesys_log(), "open /dev/null 0000\n");
	assert_int_equal(fill(6, &inherited, &left), 7);
	assert_int_equal(inherited, 7);
}

/* A descriptor was left open, without close-on-exec, for the target's init. */
static void test_leftover_descriptor(void **state)
{
	unsigned int inherited;
	int left;

	(void)state;
	for (unsigned int closed = 0; closed < 8; closed++) {
		assert_int_equal(fill(closed, &inherited, &left), 7);
		assert_int_equal(left, 0);
	}
}

/* An image without /dev/null: the node is made. */
static void test_no_node(void **state)
{
	unsigned int inherited;
	int left;

	(void)state;
	fakesys_fail_nth(1, ENOENT);
	assert_int_equal(fill(7, &inherited, &left), 7);
	assert_string_equal(fakesys_log(), "open /dev/null 0000\nmkdirat /dev 0755\n"
					   "mknodat /dev/null 0020666 1:3\nopen /dev/null 0000\n");
	/* Nothing helps: the boot goes on. */
	fakesys_fail_match("open /dev/null", ENOENT);
	(void)fill(7, &inherited, &left);
	assert_int_equal(left, -3);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, whole_boot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_another_process),
		TEST(test_boot),
		TEST(test_boot_from_the_other_slot),
		TEST(test_rescue_without_a_disk),
		TEST(test_descriptors_that_are_there),
		TEST(test_no_descriptors),
		TEST(test_leftover_descriptor),
		TEST(test_no_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
