/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/ubootenv.h"

#define SIZE 64

static struct arena a;
static struct ubootenv env;
static struct reason r;
static unsigned char copy[2][SIZE], out[SIZE + 1];

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	r = REASON_INIT;
	return 0;
}

static void seal(unsigned char *to, const char *data, size_t len, int flag)
{
	size_t header = flag < 0 ? 4 : 5;
	uint32_t crc;

	memset(to, 0, SIZE);
	memcpy(to + header, data, len);
	crc = digest_crc32(to + header, SIZE - header);
	memcpy(to, &crc, sizeof(crc));
	if (flag >= 0)
		to[4] = (unsigned char)flag;
}

static int parse(size_t n, size_t size)
{
	const void *copies[2] = { copy[0], n == 2 ? copy[1] : NULL };

	return ubootenv_parse(&a, copies, size, "env", &env, &r);
}

static unsigned int write_out(void)
{
	unsigned int where = 9;

	out[SIZE] = '?';
	assert_int_equal(ubootenv_write(&env, out, &where, "env", &r), 0);
	assert_int_equal(out[SIZE], '?');
	return where;
}

static void test_single(void **state)
{
	static const char data[] = "a=1\0junk\0b=x=y\n\0";

	(void)state;
	seal(copy[0], data, sizeof(data), -1);
	assert_int_equal(parse(1, SIZE), 0);
	assert_int_equal(env.list.n, 3);
	assert_false(env.redundant);
	assert_string_equal(env_get(&env.list, "a"), "1");
	assert_string_equal(env_get(&env.list, "b"), "x=y\n");
	assert_int_equal(write_out(), 0);
	assert_memory_equal(out, copy[0], SIZE);
	env_set(&env.list, "a", "2");
	assert_int_equal(write_out(), 0);
	memcpy(copy[0], out, SIZE);
	assert_int_equal(parse(1, SIZE), 0);
	assert_string_equal(env_get(&env.list, "a"), "2");
}

/* The CRC is that of zlib, in the machine's byte order, over the data alone. */
static void test_crc(void **state)
{
	static const char data[] = "a=1\0";
	uint32_t crc;

	(void)state;
	assert_int_equal(digest_crc32("123456789", 9), 0xcbf43926);
	seal(copy[0], data, sizeof(data), 7);
	seal(copy[1], data, sizeof(data), 6);
	copy[1][SIZE - 1] ^= 1;
	assert_int_equal(parse(2, SIZE), 0);
	assert_int_equal(write_out(), 1);
	crc = digest_crc32(out + 5, SIZE - 5);
	assert_memory_equal(out, &crc, sizeof(crc));
	assert_int_equal(out[4], 8);
}

static void test_redundant(void **state)
{
	static const struct {
		int flag[2];
		unsigned int copy;
	} cases[] = {
		{ { 1, 0 }, 0 },     { { 0, 1 }, 1 },	  { { 255, 0 }, 1 }, { { 0, 255 }, 0 },
		{ { 255, 254 }, 0 }, { { 254, 255 }, 1 }, { { 3, 3 }, 0 },   { { 0, 0 }, 0 },
		{ { 255, 1 }, 0 },   { { 1, 255 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int newest = cases[i].copy;

		seal(copy[0], "a=1\0", 5, cases[i].flag[0]);
		seal(copy[1], "a=2\0", 5, cases[i].flag[1]);
		assert_int_equal(parse(2, SIZE), 0);
		assert_int_equal(env.copy, newest);
		assert_int_equal(env.flag, cases[i].flag[newest]);
		assert_false(env.damaged);
		assert_string_equal(env_get(&env.list, "a"), newest == 0 ? "1" : "2");
		assert_int_equal(write_out(), 1 - newest);
		assert_int_equal(out[4], (cases[i].flag[newest] + 1) % 256);
		/* And it is the newer one then. */
		memcpy(copy[1 - newest], out, SIZE);
		assert_int_equal(parse(2, SIZE), 0);
		assert_int_equal(env.copy, 1 - newest);
	}
}

static void test_one_damaged(void **state)
{
	(void)state;
	for (unsigned int bad = 0; bad < 2; bad++) {
		seal(copy[0], "a=1\0", 5, 1);
		seal(copy[1], "a=2\0", 5, 2);
		copy[bad][20] ^= 1;
		assert_int_equal(parse(2, SIZE), 0);
		assert_int_equal(env.copy, 1 - bad);
		assert_true(env.damaged);
		assert_int_equal(write_out(), bad);
	}
}

static void test_damaged(void **state)
{
	(void)state;
	seal(copy[0], "a=1\0", 5, -1);
	copy[0][0] ^= 1;
	assert_int_equal(parse(1, SIZE), -EBADMSG);
	assert_string_equal(r.cause, "its CRC is wrong");
	assert_int_equal(env.list.n, 0);
	memset(copy, 0, sizeof(copy));
	assert_int_equal(parse(2, SIZE), -EBADMSG);
	assert_string_equal(r.cause, "the CRC of both copies is wrong");
	for (size_t size = 0; size <= 4; size++)
		assert_int_equal(parse(1, size), -EBADMSG);
	/* It can be written anew. */
	assert_int_equal(parse(1, SIZE), -EBADMSG);
	env_set(&env.list, "a", "1");
	assert_int_equal(write_out(), 0);
}

/* The machine's byte order only: another one's is damage. */
static void test_other_endian(void **state)
{
	(void)state;
	seal(copy[0], "a=1\0", 5, -1);
	for (int i = 0; i < 2; i++) {
		unsigned char byte = copy[0][i];

		copy[0][i] = copy[0][3 - i];
		copy[0][3 - i] = byte;
	}
	assert_int_equal(parse(1, SIZE), -EBADMSG);
}

static void test_not_terminated(void **state)
{
	char data[SIZE - 4];

	(void)state;
	memset(data, 'x', sizeof(data));
	memcpy(data, "a=1\0b=", 6);
	seal(copy[0], data, sizeof(data), -1);
	assert_int_equal(parse(1, SIZE), 0);
	assert_int_equal(env.list.n, 2);
	assert_int_equal(strlen(env_get(&env.list, "b")), sizeof(data) - 6);
}

static void test_no_room(void **state)
{
	char value[SIZE];
	unsigned int where;

	(void)state;
	seal(copy[0], "", 0, -1);
	assert_int_equal(parse(1, SIZE), 0);
	memset(value, 'x', sizeof(value));
	/* 4 CRC, "a=" and two NULs */
	value[SIZE - 8] = '\0';
	env_set(&env.list, "a", value);
	assert_int_equal(write_out(), 0);
	assert_int_equal(out[SIZE - 1], 0);
	value[SIZE - 8] = 'x';
	value[SIZE - 7] = '\0';
	env_set(&env.list, "a", value);
	assert_int_equal(ubootenv_write(&env, out, &where, "env", &r), -ENOSPC);
	env_set(&env.list, "a", "\\");
	assert_int_equal(ubootenv_write(&env, out, &where, "env", &r), -EINVAL);
	env.size = 4;
	assert_int_equal(ubootenv_write(&env, out, &where, "env", &r), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_single, teardown),
		cmocka_unit_test_teardown(test_crc, teardown),
		cmocka_unit_test_teardown(test_redundant, teardown),
		cmocka_unit_test_teardown(test_one_damaged, teardown),
		cmocka_unit_test_teardown(test_damaged, teardown),
		cmocka_unit_test_teardown(test_other_endian, teardown),
		cmocka_unit_test_teardown(test_not_terminated, teardown),
		cmocka_unit_test_teardown(test_no_room, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
