/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone.h"

/* A file with `n` changes in 64 bits behind a first block, which may be empty. */
static unsigned char file[512];
static size_t file_len;

static void put(uint64_t value, int bytes)
{
	while (bytes-- > 0)
		file[file_len++] = (unsigned char)(value >> (8 * bytes));
}

static void header(char version, uint32_t times, uint32_t types)
{
	memcpy(file + file_len, "TZif", 4);
	file[file_len + 4] = (unsigned char)version;
	memset(file + file_len + 5, 0, 15);
	file_len += 20;
	put(0, 4);
	put(0, 4);
	put(0, 4);
	put(times, 4);
	put(types, 4);
	put(4, 4);
}

static void block(char version, int time_len, const int64_t *at, uint32_t n)
{
	header(version, n, 2);
	for (uint32_t i = 0; i < n; i++)
		put((uint64_t)at[i], time_len);
	for (uint32_t i = 0; i < n; i++)
		put((i + 1) % 2, 1);
	put(3600, 4), put(0, 2);
	put(7200, 4), put(0x0104, 2);
	put(0x41424300, 4);
}

static int32_t at(int64_t sec)
{
	int32_t offset = 12345;

	assert_int_equal(zone_offset(file, file_len, sec, &offset), 0);
	return offset;
}

static const int64_t changes[] = { 1000000, 2000000, INT64_C(4000000000) };

static void test_table(void **state)
{
	(void)state;
	file_len = 0;
	block('2', 4, changes, 1);
	block('2', 8, changes, 3);
	assert_int_equal(at(INT64_MIN), 3600);
	assert_int_equal(at(999999), 3600);
	assert_int_equal(at(1000000), 7200);
	assert_int_equal(at(1999999), 7200);
	assert_int_equal(at(2000000), 3600);
	assert_int_equal(at(INT64_C(3999999999)), 3600);
	assert_int_equal(at(INT64_C(4000000000)), 7200);
	assert_int_equal(at(INT64_MAX), 7200);
}

static void test_first_version(void **state)
{
	(void)state;
	file_len = 0;
	block('\0', 4, changes, 2);
	assert_int_equal(at(1500000), 7200);
	assert_int_equal(at(INT64_C(9000000000)), 3600);
}

/* Cut anywhere, and with counts that lie: never read behind the end (the sanitizer looks). */
static void test_broken(void **state)
{
	unsigned char *copy;
	int32_t offset = 7;

	(void)state;
	file_len = 0;
	block('2', 4, changes, 1);
	block('2', 8, changes, 3);
	for (size_t len = 0; len < file_len; len++) {
		copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, file, len);
		assert_int_equal(zone_offset(copy, len, 0, &offset), -EBADMSG);
		free(copy);
	}
	for (size_t i = 20; i < 44; i++) {
		unsigned char saved = file[i];

		file[i] = 0xff;
		assert_int_equal(zone_offset(file, file_len, 0, &offset), -EBADMSG);
		file[i] = saved;
	}
	memcpy(file, "TZIF", 4);
	assert_int_equal(zone_offset(file, file_len, 0, &offset), -EBADMSG);
	/* No type; a type that is not there; a day ahead. */
	file_len = 0;
	header('\0', 0, 0);
	put(0, 4);
	assert_int_equal(zone_offset(file, file_len, 0, &offset), -EBADMSG);
	file_len = 0;
	block('\0', 4, changes, 2);
	file[44 + 8] = 2;
	assert_int_equal(zone_offset(file, file_len, 1500000, &offset), -EBADMSG);
	file[44 + 8] = 1;
	for (int i = 0; i < 2; i++) {
		memcpy(file + 44 + 10 + 6, i ? "\xff\xfe\xae\x80" : "\x00\x01\x51\x80", 4);
		assert_int_equal(zone_offset(file, file_len, 1500000, &offset), -EBADMSG);
	}
	assert_int_equal(offset, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_first_version),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
