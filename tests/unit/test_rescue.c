/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shell of a development build; all else of rescue is in tests/fault, as it is in production. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "init/version.h"
#include "tests/unit/fakesys.h"

static bool development;

#define anteroot_development development
#define rescue		     tested_rescue
#define rescue_leave	     tested_rescue_leave
#include "init/rescue.c" /* NOLINT */
#undef anteroot_development
#undef rescue
#undef rescue_leave

static struct boot b; /* too large for the stack */

static int setup(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	boot_init(&b, &fakesys);
	(void)strcpy(b.error, "unable to find a root: no disk");
	b.facts.run_dir = "/nonexistent/run";
	b.facts.args.shell = true;
	development = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	boot_close(&b);
	fakesys_reset(NULL);
	return 0;
}

/* The shell has what is mounted; when it ends the machine goes. */
static void test_shell(void **state)
{
	int shell, reboot;

	(void)state;
	if (access("/bin/sh", F_OK) < 0)
		skip();
	fakesys_run_status(7);
	assert_int_equal(tested_rescue(&b), EXIT_FAILURE);
	shell = fakesys_find("run /bin/sh sh", 0);
	reboot = fakesys_find("reboot ", 0);
	assert_true(shell >= 0);
	assert_true(shell < fakesys_find("sync", 0));
	assert_true(reboot > shell);
	assert_non_null(strstr(b.log.text, "the shell ended with 7"));
}

static void test_shell_is_asked_for(void **state)
{
	(void)state;
	b.facts.args.shell = false;
	assert_int_equal(tested_rescue(&b), EXIT_FAILURE);
	assert_int_equal(fakesys_count("run "), 0);
	assert_int_equal(fakesys_count("reboot "), 1);
}

static void test_production_has_no_shell(void **state)
{
	(void)state;
	development = false;
	assert_int_equal(tested_rescue(&b), EXIT_FAILURE);
	assert_int_equal(fakesys_count("run "), 0);
	assert_int_equal(fakesys_count("reboot "), 1);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shell),
		TEST(test_shell_is_asked_for),
		TEST(test_production_has_no_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
