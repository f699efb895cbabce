/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/abrecord.h"
#include "lib/digest.h"

static unsigned char copy[ABRECORD_COPIES][ABRECORD_BYTES];

static void choose(struct abrecord_pair *ret)
{
	const unsigned char *const copies[] = { copy[0], copy[1] };

	abrecord_choose(copies, ret);
}

static void put(int number, uint32_t generation)
{
	struct ab_record rec;

	ab_blank(AB_B, &rec);
	rec.generation = generation;
	abrecord_encode(&rec, copy[number]);
}

static void newer(int number, uint32_t generation, enum ab_slot_id active)
{
	uint32_t crc;

	put(number, generation);
	copy[number][8] = 2;
	copy[number][16] = (unsigned char)active;
	copy[number][100] = 99; /* a field that means something else there */
	crc = digest_crc32(copy[number], ABRECORD_BYTES - 4);
	for (size_t i = 0; i < 4; i++)
		copy[number][ABRECORD_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
}

static void random_record(struct ab_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->generation = (uint32_t)random() * 3u;
	rec->transaction = (uint32_t)random();
	rec->active = random() % AB_SLOTS;
	rec->booted = random() % (AB_NONE + 1);
	rec->orderly = random() % 2;
	rec->unknown = random() % 2;
	rec->switches = random() % 256;
	rec->fruitless = random() % 256;
	for (size_t i = 0; i < AB_SLOTS; i++) {
		struct ab_slot *s = &rec->slot[i];

		s->state = i == (size_t)rec->active ? AB_GOOD : random() % AB_STATES;
		s->bad = s->state == AB_BAD ? random() % AB_BADS : AB_BAD_NONE;
		s->tries = 1 + random() % AB_TRIES_MAX;
		s->attempts = random() % (s->tries + 1);
		s->refunds = random() % 10;
		s->unconfirmed = random() % 256;
		s->confirmed = random() % 2;
		memcpy(s->version, "2.113.7+rev3", 13);
	}
	memcpy(rec->disk, "0a1b2c3d", 9);
	for (size_t i = 0; i < AB_TRANSITIONS; i++)
		rec->transition[i] = (struct ab_transition){ .event = random() % AB_EVENTS,
							     .slot = random() % (AB_NONE + 1),
							     .bad = random() % AB_BADS,
							     .transaction = (uint32_t)random(),
							     .realtime_sec = INT64_MIN + random() };
}

static void test_round_trip(void **state)
{
	(void)state;
	srandom(7);
	for (int n = 0; n < 2000; n++) {
		unsigned char again[ABRECORD_BYTES];
		struct ab_record rec, read;

		random_record(&rec);
		assert_true(ab_valid(&rec));
		abrecord_encode(&rec, copy[0]);
		assert_int_equal(abrecord_decode(copy[0], &read), ABRECORD_GOOD);
		abrecord_encode(&read, again);
		assert_memory_equal(copy[0], again, ABRECORD_BYTES);
		assert_int_equal(read.transition[7].realtime_sec, rec.transition[7].realtime_sec);
	}
}

static void test_every_bit_and_every_torn_prefix(void **state)
{
	unsigned char torn[ABRECORD_BYTES];
	struct ab_record rec;

	(void)state;
	put(0, 5);
	for (size_t i = 0; i < 8 * (size_t)ABRECORD_BYTES; i++) {
		copy[0][i / 8] ^= (unsigned char)(1u << i % 8);
		assert_int_equal(abrecord_decode(copy[0], &rec), ABRECORD_DAMAGED);
		copy[0][i / 8] ^= (unsigned char)(1u << i % 8);
	}
	put(1, 0x01020304);
	for (size_t i = 0; i <= ABRECORD_BYTES; i++) {
		memcpy(torn, copy[1], ABRECORD_BYTES);
		memcpy(torn, copy[0], i);
		if (memcmp(torn, copy[0], ABRECORD_BYTES) != 0 &&
		    memcmp(torn, copy[1], ABRECORD_BYTES) != 0)
			assert_int_equal(abrecord_decode(torn, &rec), ABRECORD_DAMAGED);
	}
}

static void test_the_later_one_counts(void **state)
{
	static const uint32_t first[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX };
	struct abrecord_pair pair;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		for (int later = 0; later < ABRECORD_COPIES; later++) {
			put(!later, first[i]);
			put(later, first[i] + 1);
			choose(&pair);
			assert_int_equal(pair.current, later);
			assert_int_equal(pair.spare, !later);
			assert_int_equal(pair.record.generation, first[i] + 1);
		}
}

static void test_blank_and_damaged(void **state)
{
	const unsigned char *const unreadable[] = { NULL, NULL };
	struct abrecord_pair pair;

	(void)state;
	memset(copy[0], 0x00, ABRECORD_BYTES);
	memset(copy[1], 0xff, ABRECORD_BYTES);
	choose(&pair);
	assert_int_equal(pair.health[0], ABRECORD_BLANK);
	assert_int_equal(pair.health[1], ABRECORD_BLANK);
	assert_true(pair.current < 0 && !pair.lost);
	assert_int_equal(pair.record.slot[AB_A].state, AB_GOOD);

	copy[0][3] = 1; /* the first store, cut short */
	choose(&pair);
	assert_true(pair.current < 0 && !pair.lost);
	assert_int_equal(pair.spare, 0);

	copy[1][3] = 1;
	choose(&pair);
	assert_true(pair.current < 0 && pair.lost);

	put(1, 9);
	choose(&pair);
	assert_int_equal(pair.current, 1);
	assert_int_equal(pair.spare, 0);
	abrecord_choose(unreadable, &pair);
	assert_true(pair.lost);
	assert_string_equal(abrecord_health_name(pair.health[0]), "damaged");
	assert_string_equal(abrecord_health_name(9), "unknown");
}

static void test_newer_is_read_only(void **state)
{
	struct abrecord_pair pair;

	(void)state;
	put(0, 5);
	newer(1, 6, AB_A);
	choose(&pair);
	assert_int_equal(pair.health[1], ABRECORD_NEWER);
	assert_true(pair.read_only && pair.current < 0);
	assert_int_equal(pair.record.active, AB_A);
	/* Its active slot must be one. */
	newer(1, 6, AB_RECOVERY);
	choose(&pair);
	assert_int_equal(pair.health[1], ABRECORD_DAMAGED);
}

static void test_the_later_of_two_newer_ones(void **state)
{
	struct abrecord_pair pair;

	(void)state;
	newer(0, 8, AB_B);
	newer(1, 7, AB_A);
	choose(&pair);
	assert_int_equal(pair.record.active, AB_B);
	newer(1, 9, AB_A);
	choose(&pair);
	assert_int_equal(pair.record.active, AB_A);
}

static void test_bytes_out_of_bounds(void **state)
{
	struct ab_record rec;

	(void)state;
	ab_blank(AB_A, &rec);
	rec.active = AB_RECOVERY; /* whole, and nonsense */
	abrecord_encode(&rec, copy[0]);
	assert_int_equal(abrecord_decode(copy[0], &rec), ABRECORD_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_bit_and_every_torn_prefix),
		cmocka_unit_test(test_the_later_one_counts),
		cmocka_unit_test(test_blank_and_damaged),
		cmocka_unit_test(test_newer_is_read_only),
		cmocka_unit_test(test_the_later_of_two_newer_ones),
		cmocka_unit_test(test_bytes_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
