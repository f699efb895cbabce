/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stages of a boot beside another init: on the pretended system calls of test_init.c, without a hand-over. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/fakesys.h"

static int in_memory; /* what / is on */
static int pretended_in_memory(int dirfd)
{
	return dirfd < 0 ? -EBADF : in_memory;
}

int tested_hook(int argc, char **argv);

#define applet_hook	  tested_hook
#define sys_real	  fakesys
#define discard_in_memory pretended_in_memory
#include "init/hook_applet.c" /* NOLINT */
#undef discard_in_memory
#undef applet_hook

#include "tests/unit/wholeboot.h"

static char root_dir[] = "/sysroot";

static int setup(void **state)
{
	in_memory = 1;
	(void)strcpy(root_dir, "/sysroot");
	return whole_boot_setup(state);
}

static int run_words(char *const *words)
{
	char *argv[8] = { (char *)"hook" };
	int argc = 1, fds = fakesys_open_fds(), status;

	while (words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	status = tested_hook(argc, argv);
	assert_int_equal(fakesys_open_fds(), fds);
	return status;
}

#define HOOK(...) run_words((char *[]){ __VA_ARGS__, NULL })

static char early[] = "early", target[] = "target", root_option[] = "--root",
	    reboot_option[] = "--reboot";

static void test_early(void **state)
{
	(void)state;
	put_all_disks();
	assert_int_equal(HOOK(early), EXIT_DONE);
	assert_int_equal(fakesys_count("mount "), 0);
	assert_int_equal(fakesys_count("socket"), 0);
	assert_int_equal(fakesys_count("reboot "), 0);
}

/* The clock of a machine that is behind the build; nothing else is done. */
static void test_early_sets_the_clock(void **state)
{
	(void)state;
	put_text(s.fd, "etc/timestamp", "20990101000000\n", 0644);
	assert_int_equal(HOOK(early), EXIT_DONE);
	assert_int_equal(fakesys_count("clock_set"), 1);
}

static void test_target(void **state)
{
	static const char *const order[] = {
		"mount /dev/vda1 /run/anteroot/mnt/boot ext4 0xf",
		"mount /dev/vda2 /sysroot ext4 0x1",
		"hostname_set press-07",
	};

	(void)state;
	put_all_disks();
	fakesys_reset(s.path); /* the report is written */
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_DONE);
	assert_order(order, ARRAY_SIZE(order));
	assert_int_equal(fakesys_count("exec "), 0);
	assert_int_equal(fakesys_count("chroot "), 0);
	assert_int_equal(fakesys_count("mount /dev /sysroot/dev"), 0);
	assert_int_equal(fakesys_count("umount /sysroot"), 0);
	assert_non_null(strstr(get_text(s.fd, "run/anteroot/state.json"), "\"slot\":\t\"A\""));
	assert_non_null(strstr(get_text(s.fd, "run/anteroot/report.json"), "\"hostname\""));
	assert_non_null(strstr(get_text(s.fd, "run/anteroot/boot.log"), "/sysroot is ready"));
}

static void test_target_from_the_other_slot(void **state)
{
	(void)state;
	put_all_disks();
	fakesys_fail_match("mount /dev/vda2 /sysroot", EUCLEAN);
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_DONE);
	assert_int_equal(fakesys_count("mount /dev/vda3 /sysroot"), 1);
}

/* The other init goes on: with its shell, or with another try. Nothing of ours stays mounted. */
static void test_failure_returns(void **state)
{
	(void)state;
	put_disk("vda", NULL, 0);
	put_disk("vda1", "resin-boot", 1);
	fakesys_reset(s.path);
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_SYSTEM);
	assert_int_equal(fakesys_count("reboot "), 0);
	assert_int_equal(fakesys_count("sleep_msec 3000"), 0);
	assert_non_null(
		strstr(get_text(s.fd, "run/anteroot/boot.log"), "rescue: unable to find a root"));
	assert_non_null(strstr(get_text(s.fd, "run/anteroot/boot.log"), "rescue: what to do: "));
}

static void test_failure_unmounts(void **state)
{
	(void)state;
	put_all_disks();
	fakesys_fail_match("mount /dev/vda2 /sysroot", EUCLEAN);
	fakesys_fail_match("mount /dev/vda3 /sysroot", EUCLEAN);
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_SYSTEM);
	assert_int_equal(fakesys_count("umount /run/anteroot/mnt/boot"), 1);
	assert_int_equal(fakesys_count("reboot "), 0);
}

static void test_failure_reboots(void **state)
{
	(void)state;
	assert_int_equal(HOOK(target, root_option, root_dir, reboot_option), EXIT_FAILURE);
	assert_int_equal(fakesys_count("sleep_msec 3000"), 1);
	assert_int_equal(fakesys_count("reboot 0x1234567"), 1);
}

/* The report cannot be kept: the root is booted all the same. */
static void test_no_report(void **state)
{
	(void)state;
	put_all_disks();
	fakesys_fail_match("mkdirat /run/anteroot", EROFS);
	fakesys_fail_match("open report.json", ENOSPC);
	fakesys_fail_match("open .report.json", ENOSPC);
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_DONE);
}

static void test_root_with_a_slash(void **state)
{
	char with[] = "/sysroot//";

	(void)state;
	put_all_disks();
	assert_int_equal(HOOK(target, root_option, with), EXIT_DONE);
	assert_int_equal(fakesys_count("mount /dev/vda2 /sysroot ext4"), 1);
}

static void test_usage(void **state)
{
	char relative[] = "sysroot", top[] = "//", late[] = "late", option[] = "--what",
	     empty[] = "";
	char *none[] = { NULL };

	(void)state;
	assert_int_equal(run_words(none), EXIT_USAGE);
	assert_int_equal(HOOK(late), EXIT_USAGE);
	assert_int_equal(HOOK(late, root_option, root_dir), EXIT_USAGE);
	assert_int_equal(HOOK(target), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_dir), EXIT_USAGE);
	assert_int_equal(HOOK(target, option), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_option), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_option, root_dir, early), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_option, relative), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_option, top), EXIT_USAGE);
	assert_int_equal(HOOK(target, root_option, empty), EXIT_USAGE);
	assert_int_equal(HOOK(early, reboot_option), EXIT_USAGE);
	assert_int_equal(HOOK(early, root_option, root_dir), EXIT_USAGE);
	assert_int_equal(fakesys_calls(), 0);
}

/* On a system that runs it would count an attempt, and write into a root that is in use. */
static void test_not_in_an_initramfs(void **state)
{
	(void)state;
	in_memory = 0;
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_USAGE);
	in_memory = -EIO;
	assert_int_equal(HOOK(early), EXIT_USAGE);
	assert_int_equal(fakesys_calls(), 0);
}

static void test_something_is_mounted_there(void **state)
{
	static const char *const occupied[] = { "/", "/sysroot", NULL };

	(void)state;
	intercept.mounts = occupied;
	assert_int_equal(HOOK(target, root_option, root_dir), EXIT_USAGE);
	assert_int_equal(fakesys_calls(), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, whole_boot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_early),
		TEST(test_early_sets_the_clock),
		TEST(test_target),
		TEST(test_target_from_the_other_slot),
		TEST(test_failure_returns),
		TEST(test_failure_unmounts),
		TEST(test_failure_reboots),
		TEST(test_no_report),
		TEST(test_root_with_a_slash),
		TEST(test_usage),
		TEST(test_not_in_an_initramfs),
		TEST(test_something_is_mounted_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
