/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/modules.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct reason why;
static char path[400];
static struct module one;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	fakesys_reset(s.path);
	why = REASON_INIT;
	one = (struct module){ .name = "virtio_blk", .path = path, .options = "" };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static void put_module(const char *file)
{
	put_text(s.fd, file, "", 0644);
	snprintf(path, sizeof(path), "%s/%s", s.path, file);
}

static void test_insert(void **state)
{
	int before = fakesys_open_fds();

	(void)state;
	put_module("virtio-blk.ko");
	assert_int_equal(modules_insert(&fakesys, &one, &why), 0);
	one.options = "queues=4 name=\"a b\"";
	assert_int_equal(modules_insert(&fakesys, &one, NULL), 0);
	assert_string_equal(fakesys_log(),
			    "module_insert /virtio-blk.ko  0\n"
			    "module_insert /virtio-blk.ko queues=4 name=\"a b\" 0\n");
	assert_null(why.verb);
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_there_already(void **state)
{
	(void)state;
	put_module("virtio_blk.ko");
	fakesys_fail_nth(1, EEXIST);
	assert_int_equal(modules_insert(&fakesys, &one, &why), 0);
	assert_null(why.verb);
}

static void test_refused(void **state)
{
	int before = fakesys_open_fds();
	char text[400];

	(void)state;
	put_module("virtio_blk.ko");
	fakesys_fail_nth(1, ENOEXEC);
	assert_int_equal(modules_insert(&fakesys, &one, &why), -ENOEXEC);
	reason_render(&why, text, sizeof(text));
	assert_non_null(strstr(text, "unable to load module virtio_blk: "));
	assert_non_null(strstr(text, "/virtio_blk.ko: Exec format error"));
	fakesys_fail_nth(1, EINVAL);
	assert_int_equal(modules_insert(&fakesys, &one, NULL), -EINVAL);
	assert_int_equal(fakesys_open_fds(), before);
}

static void test_file_is_missing(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/lost.ko", s.path);
	assert_int_equal(modules_insert(&fakesys, &one, &why), -ENOENT);
	assert_string_equal(why.object, "virtio_blk");
	assert_non_null(strstr(why.cause, "/lost.ko: No such file"));
	assert_int_equal(fakesys_calls(), 0);
}

static void test_compressed(void **state)
{
	static const char *const files[] = { "x.ko.zst", "x.ko.xz", "x.ko.gz" };
	char line[64];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		put_module(files[i]);
		assert_int_equal(modules_insert(&fakesys, &one, &why), 0);
		snprintf(line, sizeof(line), "module_insert /%s  4", files[i]);
		assert_string_equal(fakesys_line(i), line);
	}
	fakesys_fail_nth(1, EOPNOTSUPP);
	assert_int_equal(modules_insert(&fakesys, &one, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why.cause, "does not decompress"));
	fakesys_fail_nth(1, EINVAL);
	assert_int_equal(modules_insert(&fakesys, &one, &why), -EINVAL);
	assert_non_null(strstr(why.cause, "does not decompress"));
	fakesys_fail_nth(1, ENOMEM);
	assert_int_equal(modules_insert(&fakesys, &one, &why), -ENOMEM);
	assert_null(strstr(why.cause, "does not decompress"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_insert),	    TEST(test_there_already), TEST(test_refused),
		TEST(test_file_is_missing), TEST(test_compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
