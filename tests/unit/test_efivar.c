/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/efivar.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define VARIABLE "firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define UUID	 "AAAAAAAA-0000-4000-8000-00000000B001"

static struct scratch s;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	put_dir(s.fd, "firmware");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

/* The variable with its four bytes of attributes, `text` in UTF-16, and so many bytes more. */
static size_t variable(unsigned char data[512], const char *text, size_t more)
{
	size_t len = 4;

	memset(data, 0, 512);
	data[0] = 6;
	for (; *text; text++, len += 2)
		data[len] = (unsigned char)*text;
	return len + more;
}

static int read_bytes(const unsigned char *data, size_t len, char *ret)
{
	int before = fakesys_open_fds(), err;

	put_bytes(s.fd, VARIABLE, data, len, 0644);
	err = efivar_loader_partuuid(s.fd, ret);
	assert_int_equal(fakesys_open_fds(), before);
	return err;
}

static void test_there(void **state)
{
	unsigned char data[512];
	char uuid[EFIVAR_PARTUUID_MAX];

	(void)state;
	put_dir(s.fd, "firmware/efi");
	put_dir(s.fd, "firmware/efi/efivars");
	assert_int_equal(read_bytes(data, variable(data, UUID, 0), uuid), 0);
	assert_string_equal(uuid, UUID);
	assert_int_equal(read_bytes(data, variable(data, UUID, 2), uuid), 0);
	assert_string_equal(uuid, UUID);
}

/* Nothing but a whole UUID: never an empty one, a part of one, or one with something behind it. */
static void test_something_else(void **state)
{
	static const char *const texts[] = { "",
					     "AAAAAAAA",
					     "AAAAAAAA-0000-4000-8000-00000000B00",
					     UUID "0",
					     "AAAAAAAA-0000-4000-8000-00000000B00g",
					     "AAAAAAAA00000-4000-8000-00000000B001",
					     "AAAAAAAA-0000-4000-8000-0000-000B001" };
	unsigned char data[512];
	char uuid[EFIVAR_PARTUUID_MAX] = "before";

	(void)state;
	put_dir(s.fd, "firmware/efi");
	put_dir(s.fd, "firmware/efi/efivars");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(read_bytes(data, variable(data, texts[i], 0), uuid), -EBADMSG);
		assert_int_equal(read_bytes(data, variable(data, texts[i], 2), uuid), -EBADMSG);
	}
	(void)variable(data, UUID, 0);
	for (size_t len = 0; len < 4 + 2 * strlen(UUID); len++)
		assert_int_equal(read_bytes(data, len, uuid), -EBADMSG);
	assert_int_equal(read_bytes(data, variable(data, UUID, 1), uuid), -EBADMSG);
	assert_int_equal(read_bytes(data, variable(data, UUID, 4), uuid), -EBADMSG);
	(void)variable(data, UUID, 0);
	data[5] = 1;
	assert_int_equal(read_bytes(data, 4 + 2 * strlen(UUID), uuid), -EBADMSG);
	(void)variable(data, UUID, 0);
	data[4] = 0;
	assert_int_equal(read_bytes(data, 4 + 2 * strlen(UUID), uuid), -EBADMSG);
	assert_string_equal(uuid, "before");
}

static void test_not_there(void **state)
{
	char uuid[EFIVAR_PARTUUID_MAX];

	(void)state;
	assert_int_equal(efivar_loader_partuuid(s.fd, uuid), -ENOTSUP);
	put_dir(s.fd, "firmware/efi");
	assert_int_equal(efivar_loader_partuuid(s.fd, uuid), -ENOTSUP);
	put_dir(s.fd, "firmware/efi/efivars");
	assert_int_equal(efivar_loader_partuuid(s.fd, uuid), -ENODEV); /* not mounted */
	assert_int_equal(unlinkat(s.fd, "firmware/efi/efivars", AT_REMOVEDIR), 0);
	put_link(s.fd, "firmware/efi/efivars", "/proc/self"); /* another file system */
	assert_int_equal(efivar_loader_partuuid(s.fd, uuid), -ENOENT);
	assert_int_equal(unlinkat(s.fd, "firmware/efi/efivars", 0), 0);
	put_dir(s.fd, "firmware/efi/efivars");
	put_dir(s.fd, VARIABLE);
	assert_int_equal(efivar_loader_partuuid(s.fd, uuid), -EISDIR);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there),
		TEST(test_something_else),
		TEST(test_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
