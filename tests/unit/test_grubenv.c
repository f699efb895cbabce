/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/grubenv.h"

#define HEAD "# GRUB Environment Block\n"

static struct arena a;
static struct envlist e;
static struct reason r;
static char file[2048];

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	r = REASON_INIT;
	return 0;
}

static int parse(const char *text, size_t len)
{
	return grubenv_parse(&a, text, len, "grubenv", &e, &r);
}

static void assert_parsed(const char *text)
{
	assert_int_equal(parse(text, strlen(text)), 0);
}

/* Written into a block, `want` is what is before the padding. */
static void assert_written(const char *want)
{
	size_t len = strlen(want);

	memset(file, '?', sizeof(file));
	assert_int_equal(grubenv_write(&e, file, GRUBENV_BYTES, "grubenv", &r), 0);
	assert_memory_equal(file, want, len);
	for (size_t i = len; i < GRUBENV_BYTES; i++)
		assert_int_equal(file[i], '#');
	assert_int_equal(file[GRUBENV_BYTES], '?');
}

static void test_parse(void **state)
{
	(void)state;
	assert_parsed(HEAD "# a comment\nbootcount=0\nempty=\nkernel_override_abi=a=b\n####");
	assert_int_equal(e.n, 4);
	assert_string_equal(env_get(&e, "bootcount"), "0");
	assert_string_equal(env_get(&e, "empty"), "");
	assert_string_equal(env_get(&e, "kernel_override_abi"), "a=b");
	assert_written(HEAD "# a comment\nbootcount=0\nempty=\nkernel_override_abi=a=b\n");
	assert_parsed(HEAD);
	assert_int_equal(e.n, 0);
	assert_parsed(HEAD "########");
	assert_int_equal(e.n, 0);
	assert_written(HEAD);
}

static void test_escapes(void **state)
{
	(void)state;
	assert_parsed(HEAD "a=1\\\\2\\\n3\\x\nb=4\n##");
	assert_string_equal(env_get(&e, "a"), "1\\2\n3x");
	assert_string_equal(env_get(&e, "b"), "4");
	assert_written(HEAD "a=1\\\\2\\\n3\\x\nb=4\n");
	env_set(&e, "a", "1\\2\n3x");
	assert_written(HEAD "a=1\\\\2\\\n3x\nb=4\n");
}

/* What other programs leave: read, and left as it was as far as GRUB can read it. */
static void test_tolerance(void **state)
{
	(void)state;
	assert_parsed(HEAD "a=1 \r\nb=2\t\nno key\n\nc=3\n");
	assert_string_equal(env_get(&e, "a"), "1");
	assert_string_equal(env_get(&e, "b"), "2");
	assert_string_equal(env_get(&e, "c"), "3");
	assert_written(HEAD "a=1 \r\nb=2\t\nc=3\n");
	assert_parsed(HEAD "a=1\n####\nb=2\n## # \n#x\n##");
	assert_written(HEAD "a=1\nb=2\n#x\n");
	/* No newline at the end, none before the padding. */
	assert_parsed(HEAD "a=1\nb=2");
	assert_written(HEAD "a=1\nb=2\n");
	assert_parsed(HEAD "a=1\nb=2#####");
	assert_written(HEAD "a=1\nb=2\n");
	assert_parsed(HEAD "a=1\\");
	assert_written(HEAD "a=1\n");
	assert_parsed(HEAD "a=1\\\\\\#");
	assert_string_equal(env_get(&e, "a"), "1\\");
	assert_written(HEAD "a=1\\\\\n");
	assert_parsed(HEAD "##a=1");
	assert_written(HEAD);
}

static void test_nul(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD "a=1\0x\nb=2\n\0\0", sizeof(HEAD) + 11), 0);
	assert_string_equal(env_get(&e, "a"), "1");
	assert_string_equal(env_get(&e, "b"), "2");
	assert_int_equal(grubenv_write(&e, file, GRUBENV_BYTES, "grubenv", &r), 0);
	assert_memory_equal(file, HEAD "a=1\0x\nb=2\n#", sizeof(HEAD) + 10);
}

/* Home Assistant OS 2031: a block that is damaged is told from one that is not, and can be written anew. */
static void test_grubenv_corrupt(void **state)
{
	static const char *const texts[] = {
		"",
		"#",
		"# GRUB Environment Block",
		"# GRUB Environment Block\r\na=1\n",
		"bootcount=0\n",
		"# GRUB environment Block\na=1\n",
	};
	static const char zeros[GRUBENV_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(parse(texts[i], strlen(texts[i])), -EBADMSG);
		assert_int_equal(e.n, 0);
		assert_string_equal(r.object, "grubenv");
		assert_string_equal(r.cause,
				    "expected \"# GRUB Environment Block\" as its first line");
	}
	assert_int_equal(parse(zeros, sizeof(zeros)), -EBADMSG);
	env_set(&e, "bootcount", "0");
	assert_written(HEAD "bootcount=0\n");
}

/* A script of balena's lets the file grow by a byte, and leaves a blank. */
static void test_size_1025_with_trailing_blank(void **state)
{
	(void)state;
	memset(file, '#', 1025);
	memcpy(file, HEAD "bootcount=0 \nresin_root_part=2\n", strlen(HEAD) + 31);
	assert_int_equal(parse(file, 1025), 0);
	assert_string_equal(env_get(&e, "bootcount"), "0");
	env_set(&e, "bootcount", "1");
	memset(file, '?', sizeof(file));
	assert_int_equal(grubenv_write(&e, file, 1025, "grubenv", &r), 0);
	assert_memory_equal(file, HEAD "bootcount=1\nresin_root_part=2\n####", strlen(HEAD) + 34);
	assert_int_equal(file[1024], '#');
	assert_int_equal(file[1025], '?');
}

/* Keys behind the first 1024 bytes move into them; a copy left behind would win. */
static void test_larger(void **state)
{
	(void)state;
	memset(file, '#', sizeof(file));
	memcpy(file, HEAD "# \\\n", strlen(HEAD) + 4);
	memcpy(file + 1500, "x\na=1\n", 6);
	assert_int_equal(parse(file, sizeof(file)), 0);
	assert_string_equal(env_get(&e, "a"), "1");
	assert_int_equal(grubenv_write(&e, file, sizeof(file), "grubenv", &r), -ENOSPC);
	e.n = 0;
	env_set(&e, "a", "1");
	assert_int_equal(grubenv_write(&e, file, sizeof(file), "grubenv", &r), 0);
	assert_null(memmem(file + GRUBENV_BYTES, sizeof(file) - GRUBENV_BYTES, "a=1", 3));
}

static void test_no_room(void **state)
{
	char value[1000];

	(void)state;
	assert_parsed(HEAD);
	assert_int_equal(grubenv_write(&e, file, 1023, "grubenv", &r), -ENOSPC);
	assert_string_equal(r.cause, "it has 1023 bytes, an environment block has 1024");
	memset(value, 'x', sizeof(value));
	value[996] = '\0';
	env_set(&e, "a", value);
	assert_int_equal(grubenv_write(&e, file, GRUBENV_BYTES, "grubenv", &r), 0);
	assert_int_equal(file[1023], '\n');
	value[996] = 'x';
	value[997] = '\0';
	env_set(&e, "a", value);
	assert_int_equal(grubenv_write(&e, file, sizeof(file), "grubenv", &r), -ENOSPC);
	env_set(&e, "a b", "1");
	env_set(&e, "a", "1");
	assert_int_equal(grubenv_write(&e, file, GRUBENV_BYTES, "grubenv", &r), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_parse, teardown),
		cmocka_unit_test_teardown(test_escapes, teardown),
		cmocka_unit_test_teardown(test_tolerance, teardown),
		cmocka_unit_test_teardown(test_nul, teardown),
		cmocka_unit_test_teardown(test_grubenv_corrupt, teardown),
		cmocka_unit_test_teardown(test_size_1025_with_trailing_blank, teardown),
		cmocka_unit_test_teardown(test_larger, teardown),
		cmocka_unit_test_teardown(test_no_room, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
