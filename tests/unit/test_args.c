/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "lib/cmdline.h"

static struct arena a = ARENA_INIT;
static struct args args;
static struct args_problems problems;

static void read_args(const char *text)
{
	struct cmdline c;

	args = args_default;
	assert_int_equal(cmdline_parse(&a, text, &c), 0);
	assert_int_equal(args_from_cmdline(&a, &c, &args, &problems), 0);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static void assert_defaults(void)
{
	assert_null(args.root);
	assert_null(args.rootfstype);
	assert_null(args.rootflags);
	assert_string_equal(args.init, "/sbin/init");
	assert_null(args.disk);
	assert_null(args.loglevel);
	assert_false(args.rw);
	assert_false(args.quiet);
	assert_false(args.shell);
	assert_false(args.has_panic);
	assert_int_equal(args.panic_sec, 10);
	assert_int_equal(args.wait_msec, 30000);
}

static void test_defaults(void **state)
{
	(void)state;
	read_args("BOOT_IMAGE=/vmlinuz console=ttyS0 foo.bar=1 anterootx.y=2");
	assert_defaults();
	assert_int_equal(problems.n, 0);
}

static void test_all(void **state)
{
	(void)state;
	read_args(
		"root=LABEL=x rootfstype=ext4 rootflags=noatime,data=journal init=/bin/sh rw quiet "
		"panic=-1 anteroot.disk=/dev/vda anteroot.loader=ab-01 anteroot.log=debug "
		"anteroot.shell "
		"anteroot.wait=7");
	assert_int_equal(problems.n, 0);
	assert_string_equal(args.root, "LABEL=x");
	assert_string_equal(args.rootfstype, "ext4");
	assert_string_equal(args.rootflags, "noatime,data=journal");
	assert_string_equal(args.init, "/bin/sh");
	assert_string_equal(args.disk, "/dev/vda");
	assert_string_equal(args.loader, "ab-01");
	assert_string_equal(args.loglevel, "debug");
	assert_true(args.rw);
	assert_true(args.quiet);
	assert_true(args.shell);
	assert_true(args.has_panic);
	assert_int_equal(args.panic_sec, -1);
	assert_int_equal(args.wait_msec, 7000);
}

static void test_last_one_wins(void **state)
{
	(void)state;
	read_args("root=/dev/a rw root=/dev/b init=/a init=/b rw ro panic=1 panic=2");
	assert_string_equal(args.root, "/dev/b");
	assert_string_equal(args.init, "/b");
	assert_false(args.rw);
	assert_int_equal(args.panic_sec, 2);
	read_args("root=/dev/a root= rootflags= rootfstype");
	assert_null(args.root);
	assert_null(args.rootflags);
	assert_null(args.rootfstype);
	assert_int_equal(problems.n, 0);
}

static const struct {
	const char *text;
	int64_t wait_msec;
} waits[] = {
	{ "rootwait", 180000 },
	{ "rootwait anteroot.wait=5", 180000 },
	{ "anteroot.wait=500 rootwait", 500000 },
	{ "rootwait=5", 30000 },
	{ "rootwait=50", 50000 },
	{ "rootdelay=10", 30000 },
	{ "rootdelay=45", 45000 },
	{ "rootdelay=45 anteroot.wait=1", 45000 },
	{ "rootdelay=300 rootwait", 300000 },
	{ "anteroot.wait=0", 0 },
	{ "anteroot.wait=86400", 86400000 },
	{ "anteroot.wait=0x10", 16000 },
};

static void test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		read_args(waits[i].text);
		assert_int_equal(args.wait_msec, waits[i].wait_msec);
		assert_int_equal(problems.n, 0);
	}
}

static const struct {
	const char *text;
	enum fsck_mode mode;
	enum fsck_repair repair;
} checks[] = {
	{ "", FSCK_UNSAID, FSCK_PREEN },
	{ "fsck.mode=auto fsck.repair=preen", FSCK_AUTO, FSCK_PREEN },
	{ "fsck.mode=force fsck.repair=yes", FSCK_FORCE, FSCK_YES },
	{ "fsck.mode=skip fsck.repair=no", FSCK_SKIP, FSCK_NO },
	{ "forcefsck", FSCK_FORCE, FSCK_PREEN },
	{ "forcefsck fastboot", FSCK_SKIP, FSCK_PREEN },
	{ "fastboot fsck.mode=auto", FSCK_AUTO, FSCK_PREEN },
};

static void test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		read_args(checks[i].text);
		assert_int_equal(args.fsck, checks[i].mode);
		assert_int_equal(args.fsck_repair, checks[i].repair);
		assert_int_equal(problems.n, 0);
	}
}

static const char *const bad[] = {
	"fsck.mode",
	"fsck.mode=",
	"fsck.mode=Force",
	"fsck.repair",
	"fsck.repair=maybe",
	"forcefsck=1",
	"fastboot=0",
	"init",
	"init=",
	"init=sh",
	"init=/",
	"ro=1",
	"rw=",
	"quiet=yes",
	"panic",
	"panic=",
	"panic=ten",
	"panic=1s",
	"panic=--1",
	"panic=2147483648",
	"panic=+1",
	"rootwait=x",
	"rootwait=",
	"rootdelay=-1",
	"rootdelay=99999999999999999999",
	"rootdelay",
	"anteroot.wait=1.5",
	"anteroot.wait=86401",
	"anteroot.wait=-0x1",
	"anteroot.disk",
	"anteroot.disk=",
	"anteroot.loader",
	"anteroot.loader=",
	"anteroot.log=loud",
	"anteroot.log",
	"anteroot.shell=1",
};

static void test_bad_values_leave_the_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		read_args(bad[i]);
		assert_defaults();
		assert_int_equal(problems.n, 1);
		assert_memory_equal(problems.problem[0].key, bad[i],
				    strlen(problems.problem[0].key));
		assert_non_null(problems.problem[0].expected);
	}
}

static void test_bad_value_leaves_a_good_one(void **state)
{
	(void)state;
	read_args("panic=5 panic=x init=/a init=");
	assert_int_equal(args.panic_sec, 5);
	assert_string_equal(args.init, "/a");
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.problem[0].value, "x");
	assert_string_equal(problems.problem[1].value, "");
}

static void test_unknown_ones_of_ours(void **state)
{
	(void)state;
	read_args("anteroot.wiat=5 anteroot.=1 anteroot");
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.problem[0].key, "anteroot.wiat");
	assert_string_equal(problems.problem[0].value, "5");
	assert_null(problems.problem[0].expected);
	assert_null(problems.problem[1].expected);
}

/* What an integrator's file sets stands where the command line says nothing. */
static void test_defaults_are_the_caller_s(void **state)
{
	struct cmdline c;

	(void)state;
	args = args_default;
	args.wait_msec = 5000;
	args.init = "/sbin/special";
	assert_int_equal(cmdline_parse(&a, "panic=x init=", &c), 0);
	assert_int_equal(args_from_cmdline(&a, &c, &args, &problems), 0);
	assert_int_equal(args.wait_msec, 5000);
	assert_string_equal(args.init, "/sbin/special");
	assert_int_equal(problems.n, 2);
}

static void test_number_limits(void **state)
{
	(void)state;
	read_args("panic=2147483647");
	assert_int_equal(args.panic_sec, INT_MAX);
	read_args("panic=-2147483648");
	assert_int_equal(args.panic_sec, INT_MIN);
	assert_int_equal(problems.n, 0);
}

static void test_table(void **state)
{
	size_t n;
	const struct args_row *rows = args_table(&n);

	(void)state;
	assert_int_equal(n, 20);
	for (size_t i = 0; i < n; i++) {
		assert_true(*rows[i].key && *rows[i].form && rows[i].set);
		assert_int_equal(rows[i].text[strlen(rows[i].text) - 1], '.');
		for (size_t k = 0; k < i; k++)
			assert_false(cmdline_key_equal(rows[i].key, rows[k].key));
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_all),
		TEST(test_last_one_wins),
		TEST(test_waits),
		TEST(test_checks),
		TEST(test_bad_values_leave_the_default),
		TEST(test_bad_value_leaves_a_good_one),
		TEST(test_unknown_ones_of_ours),
		TEST(test_defaults_are_the_caller_s),
		TEST(test_number_limits),
		TEST(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
