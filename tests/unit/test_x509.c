/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/x509.h"
#include "tests/unit/intercept.h"
#include "tests/unit/pem.h"

/* What `openssl x509 -noout -subject_hash` says; printed by tests/tools/certificates --fixtures. The first
 * was made by openssl too, extensions and all. */
static const struct {
	const char *name;
	uint32_t hash;
} certificates[] = {
	{ "openssl-req", 0xa9ccfb15 },	 { "bit-string", 0xbd00ec98 },
	{ "blanks", 0x7e30a511 },	 { "bmp", 0xbb0a941d },
	{ "empty", 0xeea339da },	 { "ia5", 0xff39f8cf },
	{ "latin-doubles", 0x18bd8aa6 }, { "long", 0xce02a276 },
	{ "multi-valued", 0x1c71b4e3 },	 { "numeric", 0x9c9cb9ab },
	{ "only-blanks", 0x348bf054 },	 { "sequence", 0xbf811fcf },
	{ "t61", 0xe4cad684 },		 { "universal", 0x70a90b28 },
	{ "utf8", 0x29e2955d },
};

static int hash_of(const unsigned char *der, size_t len, uint32_t *ret)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	int r = x509_subject_hash(&a, der, len, ret);

	assert_false(arena_failed(&a));
	assert_true(r == 0 || r == -EBADMSG);
	return r;
}

static void test_hashes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(certificates); i++) {
		size_t len;
		_cleanup_free_ unsigned char *der = read_certificate(certificates[i].name, &len);
		uint32_t hash = 0;

		assert_int_equal(hash_of(der, len, &hash), 0);
		if (hash != certificates[i].hash)
			fail_msg("%s: %08x", certificates[i].name, (unsigned int)hash);
	}
}

/* Cut anywhere, or with a byte more, it is none. */
static void test_every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(certificates); i++) {
		size_t whole;
		_cleanup_free_ unsigned char *der = read_certificate(certificates[i].name, &whole);

		for (size_t len = 0; len <= whole + 1; len++) {
			_cleanup_free_ unsigned char *copy = calloc(1, len ? len : 1);
			uint32_t hash = 0x55;

			memcpy(copy, der, len < whole ? len : whole);
			assert_int_equal(hash_of(copy, len, &hash), len == whole ? 0 : -EBADMSG);
			assert_true(len == whole || hash == 0x55);
		}
	}
}

/* A byte of another value: refused, or another certificate; never a byte read too far. */
static void test_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(certificates); i++) {
		size_t len, refused = 0;
		_cleanup_free_ unsigned char *der = read_certificate(certificates[i].name, &len);
		/* The smallest with all values, the others with those that lengths and tags fear. */
		unsigned int step = len < 240 ? 1 : 0;

		for (size_t at = 0; at < len && len < 1000; at++) {
			unsigned char was = der[at];
			uint32_t hash;

			for (unsigned int v = 0; v < 256 && step; v += step) {
				der[at] = (unsigned char)v;
				refused += hash_of(der, len, &hash) < 0;
			}
			for (unsigned int bit = 0; bit < 8 && !step; bit++) {
				der[at] = was ^ (unsigned char)(1u << bit);
				refused += hash_of(der, len, &hash) < 0;
			}
			der[at] = was;
		}
		assert_true(len >= 1000 || refused > 100);
	}
}

static void put(unsigned char *out, size_t *n, const void *data, size_t len)
{
	memmove(out + *n, data, len);
	*n += len;
}

/* A certificate with this subject, of one RDN that has `times` times the same attribute. */
static int hash_of_subject(const unsigned char *attribute, size_t attribute_len, size_t times)
{
	static const unsigned char start[] =
		"\x02\x01\x01\x30\x03\x06\x01\x2a\x30\x00\x30\x04\x17\x00"
		"\x17\x00";
	static const unsigned char key[] = "\x30\x08\x30\x03\x06\x01\x2a\x03\x01\x00";
	static const unsigned char end[] = "\x30\x03\x06\x01\x2a\x03\x01\x00";
	size_t set = times * attribute_len, body = 4 + 4 + set, n = 0;
	size_t tbs = sizeof(start) - 1 + body + sizeof(key) - 1;
	size_t all = 4 + tbs + sizeof(end) - 1;
	_cleanup_free_ unsigned char *der = malloc(4 + all);
	const size_t lens[] = { all, tbs, 4 + set, set };
	uint32_t hash;

	for (size_t i = 0; i < 4; i++) {
		const unsigned char header[4] = { i == 3 ? 0x31 : 0x30, 0x82,
						  (unsigned char)(lens[i] >> 8),
						  (unsigned char)lens[i] };

		assert_in_range(lens[i], 256, 65535);
		put(der, &n, header, 4);
		if (i == 1)
			put(der, &n, start, sizeof(start) - 1);
	}
	for (size_t i = 0; i < times; i++)
		put(der, &n, attribute, attribute_len);
	put(der, &n, key, sizeof(key) - 1);
	put(der, &n, end, sizeof(end) - 1);
	assert_int_equal(n, 4 + all);
	return hash_of(der, n, &hash);
}

/* Sorting a set takes time by the square of its size. */
static void test_attributes_are_limited(void **state)
{
	static const unsigned char attribute[] = "\x30\x07\x06\x01\x2a\x0c\x02hi";

	(void)state;
	assert_int_equal(hash_of_subject(attribute, sizeof(attribute) - 1, 30), 0);
	assert_int_equal(hash_of_subject(attribute, sizeof(attribute) - 1, 64), 0);
	assert_int_equal(hash_of_subject(attribute, sizeof(attribute) - 1, 65), -EBADMSG);
}

/* OpenSSL does not read a certificate with one of these, and then not the bundle it is in. */
static void test_values(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		int want;
	} values[] = {
#define VALUE(literal, want) { literal, sizeof(literal) - 1, want }
		VALUE("\x0c\x04\xc3\xa9  ", 0),
		VALUE("\x0c\x04\xc3  a", -EBADMSG),
		VALUE("\x0c\x04\xff  a", -EBADMSG),
		VALUE("\x0c\x04\xed\xa0\x80 ", -EBADMSG),
		VALUE("\x1e\x04\x20\xac  ", 0),
		VALUE("\x1e\x04\xd8\x3d\xde\x00", -EBADMSG),
		VALUE("\x1e\x03\x00 a", -EBADMSG),
		VALUE("\x1c\x04\x00\x01\xf6\x00", 0),
		VALUE("\x1c\x04\x00\x11\x00\x00", -EBADMSG),
		VALUE("\x1c\x04\x00\x00\xd8\x00", -EBADMSG),
		VALUE("\x1c\x03\x00\x00 ", -EBADMSG),
		VALUE("\x12\x04"
		      "1234",
		      0),
		VALUE("\x14\x04\xff\xff\xff\xff", 0),
		VALUE("\x03\x04\x04"
		      "ab\xf0",
		      0),
		VALUE("\x03\x04\x04"
		      "ab\xf1",
		      -EBADMSG),
		VALUE("\x1a\x04Xxxx", -EBADMSG),
		VALUE("\x04\x04Xxxx", -EBADMSG),
		VALUE("\x05\x00\x05\x00", -EBADMSG),
		VALUE("\x02\x04Xxxx", -EBADMSG),
		VALUE("\x2c\x04Xxxx", -EBADMSG),
		VALUE("\x8c\x04Xxxx", -EBADMSG),
#undef VALUE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		unsigned char attribute[32] = "\x30\x00\x06\x01\x2a";
		int r;

		attribute[1] = (unsigned char)(3 + values[i].len);
		memcpy(attribute + 5, values[i].value, values[i].len);
		r = hash_of_subject(attribute, 5 + values[i].len, 40);
		if (r != values[i].want)
			fail_msg("value %zu: %d", i, r);
	}
}

static void test_without_memory(void **state)
{
	size_t len;
	_cleanup_free_ unsigned char *der = read_certificate("utf8", &len);
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	uint32_t hash = 0x55;
	int r;

	(void)state;
	intercept.refuse_from = 1;
	intercept.refuse_to = SIZE_MAX;
	r = x509_subject_hash(&a, der, len, &hash);
	intercept.refuse_from = intercept.refuse_to = 0;
	assert_int_equal(r, -ENOMEM);
	assert_true(arena_failed(&a));
	assert_int_equal(hash, 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),	   cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_byte), cmocka_unit_test(test_attributes_are_limited),
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
