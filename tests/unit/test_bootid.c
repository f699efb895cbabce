/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/bootid.h"
#include "tests/unit/scratch.h"

static void test_parse(void **state)
{
	static const unsigned char expected[AB_BOOT_ID_LEN] = { 0x3f, 0x2a, 0x9c, 0x1e, 0x00, 0x01,
								0x4A, 0xbc, 0x80, 0xff, 0x12, 0x34,
								0x56, 0x78, 0x9a, 0xbc };
	static const unsigned char none[AB_BOOT_ID_LEN];
	static const char *const bad[] = { "",
					   "3f2a9c1e",
					   "3f2a9c1e-0001-4abc-80ff-123456789ab",
					   "3f2a9c1e-0001-4abc-80ff-123456789abcd",
					   "3f2a9c1e-0001-4abc-80ff-123456789abg",
					   "3f2a9c1e00014abc80ff123456789abc",
					   "3f2a9c1e-0001-4abc-80ff+123456789abc" };
	unsigned char id[AB_BOOT_ID_LEN];

	(void)state;
	assert_true(bootid_parse("3f2a9c1e-0001-4Abc-80ff-123456789abc", id));
	assert_memory_equal(id, expected, sizeof(id));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(id, 7, sizeof(id));
		assert_false(bootid_parse(bad[i], id));
		assert_memory_equal(id, none, sizeof(id));
	}
}

static void test_read(void **state)
{
	unsigned char id[AB_BOOT_ID_LEN];
	struct scratch s;
	char path[300];

	(void)state;
	scratch_make(&s, NULL);
	(void)snprintf(path, sizeof(path), "%s/boot_id", s.path);
	assert_int_equal(bootid_read(path, id), -ENOENT);
	put_text(s.fd, "boot_id", "nonsense\n", 0644);
	assert_int_equal(bootid_read(path, id), -EBADMSG);
	put_text(s.fd, "boot_id", "3f2a9c1e-0001-4abc-80ff-123456789abc\n", 0644);
	assert_int_equal(bootid_read(path, id), 0);
	assert_int_equal(id[0], 0x3f);
	assert_int_equal(id[15], 0xbc);
	assert_int_equal(bootid_read(BOOT_ID_PATH, id), 0);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse),
					    cmocka_unit_test(test_read) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
