/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/reason.h"

static void test_set(void **state)
{
	struct reason r = REASON_INIT;
	char buf[400];

	(void)state;
	assert_string_equal(reason_render(&r, buf, sizeof(buf)), "no error");
	assert_int_equal(reason_set(&r, ENOENT, "read", "/x"), -ENOENT);
	assert_string_equal(r.verb, "read");
	assert_string_equal(r.object, "/x");
	assert_int_equal(r.err, ENOENT);
	assert_string_equal(reason_render(&r, buf, sizeof(buf)),
			    "unable to read /x: No such file or directory");
}

static void test_either_sign_and_no_reason(void **state)
{
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(reason_set(NULL, -EIO, "read", "/x"), -EIO);
	assert_int_equal(reason_setf(NULL, EIO, "read", "/x", "%d", 1), -EIO);
	assert_int_equal(reason_set(&r, -EIO, "read", "/x"), -EIO);
	assert_int_equal(r.err, EIO);
}

static void test_cause_in_words(void **state)
{
	struct reason r = REASON_INIT;
	char buf[400];

	(void)state;
	assert_int_equal(reason_setf(&r, -EBADMSG, "parse", "config.json", "line %d", 3), -EBADMSG);
	assert_string_equal(reason_render(&r, buf, sizeof(buf)),
			    "unable to parse config.json: line 3");
	/* The cause of an earlier failure does not stick. */
	(void)reason_set(&r, EACCES, "open", "/y");
	assert_string_equal(reason_render(&r, buf, sizeof(buf)),
			    "unable to open /y: Permission denied");
}

static void test_what_is_too_long_is_cut(void **state)
{
	struct reason r = REASON_INIT;
	char text[500], buf[20];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)reason_setf(&r, EIO, "read", text, "%s", text);
	assert_int_equal(strlen(r.object), REASON_OBJECT_MAX - 1);
	assert_int_equal(strlen(r.cause), REASON_CAUSE_MAX - 1);
	assert_string_equal(reason_render(&r, buf, sizeof(buf)), "unable to read aaaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_either_sign_and_no_reason),
		cmocka_unit_test(test_cause_in_words),
		cmocka_unit_test(test_what_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
