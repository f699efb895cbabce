/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "tests/unit/scratch.h"

/* The vectors of RFC 1321, RFC 3174 and FIPS 180, and the check value of CRC-32. */
static const struct {
	const char *text, *md5, *sha1;
	uint32_t crc32;
} vectors[] = {
	{ "", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 0 },
	{ "a", "0cc175b9c0f1b6a831c399e269772661", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
	  0xe8b7be43 },
	{ "abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
	  0x352441c2 },
	{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0",
	  "c12252ceda8be8994d5fa0290a47231c1d16aae3", 0x20159d7f },
	{ "123456789", "25f9e794323b453885f5181f1b624d0b",
	  "f7c3bc1d808e04732adf679965ccc34ca7ae3441", 0xcbf43926 },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "8215ef0796a20bcaaae116d3876c664a", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	  0x171a3f5f },
	{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	  "57edf4a22be3c955ac49da2e2107b67a", "50abf5706a150990a08b2c5ea40fa0e585554732",
	  0x7ca94a72 },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len = strlen(vectors[i].text);
		char md5[DIGEST_MD5_HEX], sha1[DIGEST_SHA1_HEX];

		digest_md5(vectors[i].text, len, md5);
		assert_string_equal(md5, vectors[i].md5);
		digest_sha1(vectors[i].text, len, sha1);
		assert_string_equal(sha1, vectors[i].sha1);
		assert_int_equal(digest_crc32(vectors[i].text, len), vectors[i].crc32);
	}
}

static void test_raw_is_the_same(void **state)
{
	static const unsigned char abc[DIGEST_SHA1_LEN] = { 0xa9, 0x99, 0x3e, 0x36, 0x47,
							    0x06, 0x81, 0x6a, 0xba, 0x3e,
							    0x25, 0x71, 0x78, 0x50, 0xc2,
							    0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	unsigned char sha1[DIGEST_SHA1_LEN];

	(void)state;
	digest_sha1_raw("abc", 3, sha1);
	assert_memory_equal(sha1, abc, sizeof(abc));
}

static void test_nothing_at_all(void **state)
{
	char md5[DIGEST_MD5_HEX], sha1[DIGEST_SHA1_HEX];

	(void)state;
	digest_md5(NULL, 0, md5);
	digest_sha1(NULL, 0, sha1);
	assert_string_equal(md5, vectors[0].md5);
	assert_string_equal(sha1, vectors[0].sha1);
	assert_int_equal(digest_crc32(NULL, 0), 0);
}

static void test_a_million(void **state)
{
	_cleanup_free_ char *million = malloc(1000001);
	char md5[DIGEST_MD5_HEX], sha1[DIGEST_SHA1_HEX];

	(void)state;
	memset(million, 'a', 1000001);
	/* From an odd address too. */
	for (size_t at = 0; at < 2; at++) {
		digest_md5(million + at, 1000000, md5);
		assert_string_equal(md5, "7707d6ae4e027c70eea2a935c2296f21");
		digest_sha1(million + at, 1000000, sha1);
		assert_string_equal(sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
		assert_int_equal(digest_crc32(million + at, 1000000), 0xdc25bfbc);
	}
}

/* Around the blocks of 64 bytes and their padding: against the digest of the digests before, so one wrong
 * length shows. */
static void test_every_length(void **state)
{
	char data[200], md5[DIGEST_MD5_HEX], sha1[DIGEST_SHA1_HEX], all[200 * 72] = "";
	size_t n = 0;

	(void)state;
	memset(data, 'x', sizeof(data));
	for (size_t len = 0; len < sizeof(data); len++) {
		digest_md5(data, len, md5);
		digest_sha1(data, len, sha1);
		memcpy(all + n, md5, 32);
		memcpy(all + n + 32, sha1, 40);
		n += 72;
	}
	digest_sha1(all, n, sha1);
	assert_string_equal(sha1, "9d3db62281ada10a2457b6ec0230abd806ee682b");
}

/* A file of any size, from where the descriptor is, around the pieces that are read. */
static void test_of_a_descriptor(void **state)
{
	static const size_t lens[] = { 0, 1, 4095, 4096, 4097, 12288, 300000 };
	char sha1[DIGEST_SHA1_HEX], expected[DIGEST_SHA1_HEX];
	_cleanup_free_ char *data = malloc(300000);
	struct scratch s;

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < 300000; i++)
		data[i] = (char)(i * 31 >> 3);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		for (size_t from = 0; from <= lens[i]; from += lens[i] / 3 + 1) {
			_cleanup_close_ int fd = -1;

			put_bytes(s.fd, "file", data, lens[i], 0600);
			fd = openat(s.fd, "file", O_RDONLY | O_CLOEXEC);
			assert_int_equal(lseek(fd, (off_t)from, SEEK_SET), from);
			assert_int_equal(digest_sha1_fd(fd, sha1), 0);
			digest_sha1(data + from, lens[i] - from, expected);
			assert_string_equal(sha1, expected);
		}
	strcpy(sha1, "as it was");
	assert_int_equal(digest_sha1_fd(s.fd, sha1), -EISDIR);
	assert_int_equal(digest_sha1_fd(-1, sha1), -EBADF);
	assert_string_equal(sha1, "as it was");
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	       cmocka_unit_test(test_raw_is_the_same),
		cmocka_unit_test(test_nothing_at_all), cmocka_unit_test(test_a_million),
		cmocka_unit_test(test_every_length),   cmocka_unit_test(test_of_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
