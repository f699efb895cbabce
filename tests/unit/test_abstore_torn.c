/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/storefixture.h"

/* What is found after the Nth call failed is what was found before: the current copy is not touched. */
static void test_each_call_of_a_store_fails(void **state)
{
	const struct ab_record rec = armed(3);
	unsigned int calls;

	(void)state;
	store_twice();
	calls = fakesys_calls();
	assert_int_equal(calls, 6);
	for (unsigned int nth = 1; nth <= calls / 2; nth++) {
		struct abstore_found old;

		must_load();
		old = found;
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, EIO);
		assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -EIO);
		assert_why("write", raw, "Input/output error");
		assert_memory_equal(&found, &old, sizeof(found));
		if (nth < 3) { /* nothing was written */
			must_load();
			assert_int_equal(found.record.generation, 2);
			assert_int_equal(found.record.slot[AB_B].attempts, 2);
		}
	}
}

static void test_power_cut_in_a_store(void **state)
{
	(void)state;
	for (unsigned int n = 0; n <= 3; n++) {
		const struct ab_record rec = armed(3);

		must_load();
		store_twice();
		must_load();
		fakesys_reset(s.path);
		fakesys_cut_after(n);
		assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why),
				 n < 3 ? -EIO : 0);
		must_load();
		assert_false(found.lost || found.damaged);
		assert_int_equal(found.record.slot[AB_B].attempts, n < 2 ? 2 : 3);
		fakesys_reset(s.path);
	}
}

/* A sector that the cut tore: the other copy still has what was current. */
static void test_power_cut_in_a_sector(void **state)
{
	const struct ab_record rec = armed(3);

	(void)state;
	for (size_t bytes = 1; bytes < ABRECORD_BYTES; bytes += 73) {
		store_twice();
		fakesys_short_writes(bytes);
		assert_int_equal(abstore_store(&fakesys, &place, &found, &rec, &why), -EIO);
		fakesys_reset(s.path);
		must_load();
		assert_false(found.lost);
		assert_int_equal(found.record.slot[AB_B].attempts, 2);
	}
}

static ssize_t pretend_pwrite(int fd, const void *data, size_t len, int64_t offset)
{
	(void)fd;
	(void)data;
	(void)offset;
	return (ssize_t)len;
}

static void test_worn_out_card(void **state)
{
	const struct ab_record rec = armed(3);
	struct sys liar = fakesys;

	(void)state;
	liar.pwrite = pretend_pwrite;
	store_twice();
	assert_int_equal(abstore_store(&liar, &place, &found, &rec, &why), -EIO);
	assert_int_equal(found.record.generation, 2);
	assert_int_equal(found.spare, 0);
}

/* The two files on the boot partition. */
static void no_partition(void)
{
	conf.partition = NULL;
	place.raw = NULL;
	place.dirfd = s.fd;
	place.device = raw;
}

static void test_creates_two_files(void **state)
{
	(void)state;
	no_partition();
	assert_int_equal(abstore_create(&fakesys, &place, &why), 0);
	for (int i = 0; i < ABRECORD_COPIES; i++) {
		const char *name = i ? "abstate.1" : "abstate.0";
		struct stat st;

		assert_int_equal(fstatat(s.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_size, 4096);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_string_equal(get_text(s.fd, name), "");
	}
	assert_string_equal(fakesys_log(),
			    "open /abstate.0.new 0600\nwrite /abstate.0.new 4096\n"
			    "fsync /abstate.0.new\nrenameat /abstate.0.new /abstate.0\n"
			    "open /abstate.1.new 0600\nwrite /abstate.1.new 4096\n"
			    "fsync /abstate.1.new\nrenameat /abstate.1.new /abstate.1\n"
			    "fsync /\n");
}

static void test_creates_in_short_writes(void **state)
{
	(void)state;
	no_partition();
	conf.file[0] = "one";
	conf.file[1] = "two";
	fakesys_short_writes(1000);
	assert_int_equal(abstore_create(&fakesys, &place, &why), 0);
	assert_int_equal(fakesys_count("write /one.new"), 5);
	assert_int_equal(fakesys_count("write /two.new"), 5);
}

static void test_existing_files_are_kept(void **state)
{
	(void)state;
	no_partition();
	put_text(s.fd, "abstate.0", "mine", 0644);
	put_link(s.fd, "abstate.1", "nowhere");
	assert_int_equal(abstore_create(&fakesys, &place, &why), 0);
	assert_string_equal(get_text(s.fd, "abstate.0"), "mine");
	assert_false(is_there(s.fd, "nowhere"));
	assert_int_equal(fakesys_count("write "), 0);
	assert_int_equal(fakesys_count("unlinkat "), 0);
}

static const char *const names[] = { "abstate.0", "abstate.1" };

/* All of a file, or none. */
static void assert_no_short_file(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat st;

		if (fstatat(s.fd, names[i], &st, 0) == 0)
			assert_int_equal(st.st_size, 4096);
	}
}

#define CREATE_CALLS 9u

static void test_each_call_of_creating_fails(void **state)
{
	(void)state;
	no_partition();
	for (unsigned int nth = 1; nth <= CREATE_CALLS; nth++) {
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, ENOSPC);
		why = REASON_INIT;
		assert_int_equal(abstore_create(&fakesys, &place, &why), -ENOSPC);
		if (nth < CREATE_CALLS)
			assert_why("make", names[nth / 5], "No space left");
		else
			assert_why("sync", "the boot partition", "No space left");
		assert_no_short_file();
		assert_false(is_there(s.fd, "abstate.0.new") || is_there(s.fd, "abstate.1.new"));
		(void)unlinkat(s.fd, names[0], 0);
		(void)unlinkat(s.fd, names[1], 0);
	}
}

/* Bug: an empty file that a cut left was taken for a copy, and there was no boot state for ever. */
static void test_power_cut_while_creating(void **state)
{
	(void)state;
	no_partition();
	for (unsigned int n = 0; n < CREATE_CALLS; n++) {
		fakesys_reset(s.path);
		fakesys_cut_after(n);
		assert_int_equal(abstore_create(&fakesys, &place, &why), -EIO);
		assert_no_short_file();
		fakesys_reset(s.path);
		assert_int_equal(abstore_create(&fakesys, &place, &why), 0);
		assert_true(is_there(s.fd, names[0]) && is_there(s.fd, names[1]));
		assert_no_short_file();
		assert_false(is_there(s.fd, "abstate.0.new") || is_there(s.fd, "abstate.1.new"));
		assert_int_equal(unlinkat(s.fd, names[0], 0), 0);
		assert_int_equal(unlinkat(s.fd, names[1], 0), 0);
	}
}

static void test_names_that_cannot_be_made(void **state)
{
	static char longest[NAME_MAX + 1];

	(void)state;
	no_partition();
	memset(longest, 'x', NAME_MAX);
	conf.file[0] = longest;
	assert_int_equal(abstore_create(&fakesys, &place, &why), -ENAMETOOLONG);
	conf.file[0] = "raw/x";
	assert_int_equal(abstore_create(&fakesys, &place, &why), -ENOTDIR);
	assert_why("look at", "raw/x", "Not a directory");
	conf.file[0] = "absent/x";
	assert_int_equal(abstore_create(&fakesys, &place, &why), -ENOENT);
	assert_why("make", "absent/x", "No such file");
}

static void test_nothing_to_create(void **state)
{
	static const enum ab_backend others[] = { AB_GRUBENV, AB_UENV, AB_UBOOTENV };

	(void)state;
	assert_int_equal(abstore_create(&fakesys, &place, &why), 0); /* the partition is there */
	no_partition();
	place.dirfd = -1;
	assert_int_equal(abstore_create(&fakesys, &place, &why), -ENOENT);
	assert_why("make", "abstate.0", "the boot partition is not mounted");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		conf.backend = others[i];
		assert_int_equal(abstore_create(&fakesys, &place, &why), -EOPNOTSUPP);
		assert_why("make", "a boot state", "the loader's own tools make its environment");
	}
	assert_int_equal(fakesys_calls(), 0);
}

static void test_files_that_cannot_be_used(void **state)
{
	(void)state;
	no_partition();
	assert_int_equal(load(), -ENOENT);
	assert_why("open", "abstate.0", "No such file");
	put_text(s.fd, "abstate.0", "x", 0600);
	assert_int_equal(load(), -EOPNOTSUPP); /* on tmpfs */
	place.dirfd = -1;
	assert_int_equal(load(), -ENOENT);
	assert_why("find", "abstate.0", "the boot partition is not mounted");
	conf.backend = AB_AUTO;
	assert_int_equal(load(), 0);
	assert_int_equal(found.backend, AB_STATELESS);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_call_of_a_store_fails), TEST(test_power_cut_in_a_store),
		TEST(test_power_cut_in_a_sector),      TEST(test_worn_out_card),
		TEST(test_creates_two_files),	       TEST(test_creates_in_short_writes),
		TEST(test_existing_files_are_kept),    TEST(test_each_call_of_creating_fails),
		TEST(test_power_cut_while_creating),   TEST(test_names_that_cannot_be_made),
		TEST(test_nothing_to_create),	       TEST(test_files_that_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
