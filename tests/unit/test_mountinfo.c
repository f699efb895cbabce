/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/mountinfo.h"

static void test_lines(void **state)
{
	char text[] = "36 35 98:0 / /mnt\\040two\\134x rw,noatime shared:1 master:2 - ext4 "
		      "/dev/my\\040root rw,errors=continue\n"
		      "nonsense\n"
		      "1 2 a:b / /x rw - ext4 /dev/x rw\n"
		      "1 2 3:4 / /x rw shared:1 ext4 /dev/x rw\n"
		      "1 2 3:4 / - ext4 /dev/x rw\n"
		      "1 2 3:4 / /short rw - ext4\n"
		      "37 35 254:16 /sub /mnt/ro ro,relatime - vfat /dev/vdb1 rw\n"
		      "38 35 0:5 / /rot root - tmpfs none rw";
	char *rest = text;
	struct mountinfo m;

	(void)state;
	assert_true(mountinfo_next(&rest, &m));
	assert_int_equal(m.major, 98);
	assert_int_equal(m.minor, 0);
	assert_string_equal(m.root, "/");
	assert_string_equal(m.point, "/mnt two\\x");
	assert_string_equal(m.options, "rw,noatime");
	assert_string_equal(m.source, "/dev/my root");
	assert_false(m.read_only);
	assert_true(mountinfo_next(&rest, &m));
	assert_int_equal(m.major, 254);
	assert_string_equal(m.root, "/sub");
	assert_true(m.read_only);
	assert_true(mountinfo_next(&rest, &m));
	assert_string_equal(m.point, "/rot");
	assert_false(m.read_only);
	assert_false(mountinfo_next(&rest, &m));
	assert_false(mountinfo_next(&rest, &m));
}

static void test_odd_escapes(void **state)
{
	char text[] = "1 2 3:4 / /a\\ rw - ext4 \\04 rw\n1 2 3:4 / /b\\9zz ro - x y z\n";
	char *rest = text;
	struct mountinfo m;

	(void)state;
	assert_true(mountinfo_next(&rest, &m));
	assert_string_equal(m.point, "/a\\");
	assert_string_equal(m.source, "\\04");
	assert_true(mountinfo_next(&rest, &m));
	assert_string_equal(m.point, "/b\\9zz");
	assert_true(m.read_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
					    cmocka_unit_test(test_odd_escapes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
