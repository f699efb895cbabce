/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abmeta.h"
#include "lib/digest.h"
#include "tests/unit/loadermodel.h"

static char text[ABMETA_SIZE];

static const struct ab_record full = {
	.generation = 0xfffffffe,
	.transaction = 0x12345678,
	.active = AB_B,
	.slot = { [AB_A] = { .state = AB_TRYING,
			     .tries = 9,
			     .attempts = 8,
			     .refunds = 9,
			     .version = "2.101.3-beta4+rev1234567890abcd" },
		  [AB_B] = { .state = AB_GOOD,
			     .unconfirmed = 255,
			     .confirmed = true,
			     .version = "2.101.2-beta4+rev1234567890abcd" } },
	.switches = 2,
	.fruitless = 255,
	.unknown = true,
	.boot_id = "\xff\0\x01",
	.booted = AB_RECOVERY,
	.orderly = true,
	.floor = "2.101.2-beta4+rev1234567890abcd",
	.disk = "01234567-89ab-cdef-0123-456789abcdef012",
};

/* Everything at its largest fits, and is of the same length as nothing at all. */
static void test_round_trip(void **state)
{
	struct ab_record rec;

	(void)state;
	assert_int_equal(strlen(full.slot[AB_A].version), AB_VERSION_MAX - 1);
	assert_int_equal(strlen(full.disk), AB_DISK_MAX - 1);
	abmeta_print(&full, text);
	assert_int_equal(strlen(text), ABMETA_SIZE - 1);
	assert_int_equal(abmeta_parse(text, &rec), ABMETA_GOOD);
	assert_same_record(&rec, &full);
	abmeta_print(&(struct ab_record){ 0 }, text);
	assert_int_equal(strlen(text), ABMETA_SIZE - 1);
	assert_int_equal(abmeta_parse(text, &rec), ABMETA_GOOD);
	assert_same_record(&rec, &(struct ab_record){ 0 });
}

static void test_random(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct ab_record want, rec;

		random_record(&seed, &want);
		abmeta_print(&want, text);
		assert_int_equal(abmeta_parse(text, &rec), ABMETA_GOOD);
		assert_same_record(&rec, &want);
	}
}

static void test_saturates(void **state)
{
	struct ab_record rec = { .switches = 300, .fruitless = 256 };

	(void)state;
	rec.slot[AB_A].unconfirmed = 1000;
	abmeta_print(&rec, text);
	assert_int_equal(abmeta_parse(text, &rec), ABMETA_GOOD);
	assert_int_equal(rec.switches, 255);
	assert_int_equal(rec.fruitless, 255);
	assert_int_equal(rec.slot[AB_A].unconfirmed, 255);
}

/* Every single character counts, and what is damaged touches nothing. */
static void test_damaged(void **state)
{
	static const char others[] = "A/a9=. \xff";
	struct ab_record rec = { .generation = 7 };

	(void)state;
	abmeta_print(&full, text);
	for (size_t i = 0; i < ABMETA_SIZE - 1; i++)
		for (size_t k = 0; k < sizeof(others); k++) {
			char was = text[i];

			if (was == others[k])
				continue;
			text[i] = others[k];
			assert_int_equal(abmeta_parse(text, &rec), ABMETA_BAD);
			text[i] = was;
		}
	assert_int_equal(abmeta_parse("", &rec), ABMETA_BAD);
	assert_int_equal(abmeta_parse(text + 4, &rec), ABMETA_BAD);
	assert_int_equal(rec.generation, 7);
}

/* Puts another byte at a place and the right CRC behind it. */
static enum abmeta with(size_t at, int byte)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char p[ABMETA_BYTES];
	struct ab_record rec;
	uint32_t crc;

	abmeta_print(&full, text);
	for (size_t i = 0; i < ABMETA_BYTES; i += 3) {
		unsigned int value = 0;

		for (size_t k = 0; k < 4; k++)
			value = value << 6 |
				(unsigned int)(strchr(digits, text[i / 3 * 4 + k]) - digits);
		p[i] = (unsigned char)(value >> 16);
		p[i + 1] = (unsigned char)(value >> 8);
		p[i + 2] = (unsigned char)value;
	}
	p[at] = (unsigned char)byte;
	crc = digest_crc32(p, ABMETA_BYTES - 4);
	for (size_t i = 0; i < 4; i++)
		p[ABMETA_BYTES - 4 + i] = (unsigned char)(crc >> (24 - 8 * i));
	for (size_t i = 0; i < ABMETA_BYTES; i += 3)
		for (size_t k = 0; k < 4; k++)
			text[i / 3 * 4 + k] =
				digits[(p[i] << 16 | p[i + 1] << 8 | p[i + 2]) >> (18 - 6 * k) &
				       63];
	return abmeta_parse(text, &rec);
}

/* The CRC is right, and a value is none that there is. */
static void test_out_of_bounds(void **state)
{
	(void)state;
	assert_int_equal(with(0, 1), ABMETA_GOOD);
	assert_int_equal(with(0, 0), ABMETA_BAD);
	assert_int_equal(with(0, 2), ABMETA_NEWER);
	assert_int_equal(with(9, 16), ABMETA_BAD);    /* flags */
	assert_int_equal(with(10, 0x20), ABMETA_BAD); /* active */
	assert_int_equal(with(10, 0x15), ABMETA_BAD); /* booted */
	assert_int_equal(with(11, 0x50), ABMETA_BAD); /* state */
	assert_int_equal(with(11, 0x08), ABMETA_BAD); /* bad */
	assert_int_equal(with(12, 0xa0), ABMETA_BAD); /* tries */
	assert_int_equal(with(12, 0x0a), ABMETA_BAD); /* attempts */
	assert_int_equal(with(15, 0x50), ABMETA_BAD); /* slot B */
	assert_int_equal(with(37, 32), ABMETA_BAD);   /* length of a version */
	assert_int_equal(with(38, '\n'), ABMETA_BAD);
	assert_int_equal(with(38, ' '), ABMETA_BAD);
	assert_int_equal(with(38, 0x7f), ABMETA_BAD);
	assert_int_equal(with(69, 255), ABMETA_BAD);
	assert_int_equal(with(101, 255), ABMETA_BAD);
	assert_int_equal(with(133, 40), ABMETA_BAD); /* of the disk's name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_random),
		cmocka_unit_test(test_saturates),     cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
