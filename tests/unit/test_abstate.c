/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abstate.h"

/* Decisions of a boot. What failed elsewhere has its name from there; every state there is: tests/enumerate. */

static struct ab_record rec;
static struct ab_seen seen;
static struct ab_policy policy;

static int set_up(void **state)
{
	(void)state;
	ab_blank(AB_A, &rec);
	policy = ab_policy_default;
	seen = (struct ab_seen){
		.boot_id = { 1 }, .present = { true, true }, .durable = true, .named = AB_NONE
	};
	return 0;
}

static void candidate_b(unsigned int attempts)
{
	rec.slot[AB_B] = (struct ab_slot){ .state = attempts ? AB_TRYING : AB_CANDIDATE,
					   .tries = 3,
					   .attempts = attempts };
	rec.transaction = 7;
}

static void both_good(void)
{
	rec.slot[AB_A] = (struct ab_slot){ .state = AB_GOOD, .confirmed = true };
	rec.slot[AB_B] = rec.slot[AB_A];
}

static void assert_decision(struct ab_decision d, enum ab_slot_id slot, enum ab_reason reason)
{
	assert_string_equal(ab_slot_name(d.slot), ab_slot_name(slot));
	assert_string_equal(ab_reason_name(d.reason), ab_reason_name(reason));
}

/* Decides, and stores what is to be stored. */
static struct ab_decision decide(void)
{
	struct ab_record next;
	struct ab_decision d = ab_decide(&rec, &seen, &policy, &next);

	assert_true(ab_valid(&next));
	if (d.must_store || d.may_store)
		rec = next;
	return d;
}

static struct ab_decision next_boot(void)
{
	seen.boot_id[0]++;
	memset(seen.failed, 0, sizeof(seen.failed));
	return decide();
}

static void test_candidate_has_its_tries(void **state)
{
	(void)state;
	candidate_b(0);
	for (unsigned int n = 1; n <= 3; n++) {
		struct ab_decision d = next_boot();

		assert_decision(d, AB_B, AB_REASON_ATTEMPT);
		assert_true(d.candidate && d.must_store);
		assert_int_equal(rec.slot[AB_B].attempts, n);
	}
	assert_decision(next_boot(), AB_A, AB_REASON_ROLLED_BACK);
	assert_int_equal(rec.slot[AB_B].bad, AB_BAD_TRIES);
	assert_decision(next_boot(), AB_A, AB_REASON_ACTIVE);
}

static void test_asked_again_counts_nothing(void **state)
{
	struct ab_decision d;

	(void)state;
	candidate_b(0);
	(void)decide();
	d = decide();
	assert_decision(d, AB_B, AB_REASON_ATTEMPT);
	assert_false(d.must_store);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
	seen.failed[AB_B] = true;
	assert_decision(decide(), AB_A, AB_REASON_ROLLED_BACK);
	assert_int_equal(rec.slot[AB_B].bad, AB_BAD_ROOT);
	assert_int_equal(rec.slot[AB_A].unconfirmed, 1);
	(void)decide();
	assert_int_equal(rec.slot[AB_A].unconfirmed, 1);
}

/* The same when it was not mounted at all, because its check left errors: the record says which. */
static void test_damaged_root(void **state)
{
	(void)state;
	candidate_b(0);
	(void)decide();
	seen.failed[AB_B] = seen.unsound[AB_B] = true;
	assert_decision(decide(), AB_A, AB_REASON_ROLLED_BACK);
	assert_int_equal(rec.slot[AB_B].bad, AB_BAD_FSCK);
	assert_int_equal(rec.transition[0].bad, AB_BAD_FSCK);
	assert_string_equal(ab_bad_name(AB_BAD_FSCK), "fsck");
	assert_true(ab_valid(&rec));
}

static void test_count_not_saved(void **state)
{
	(void)state;
	candidate_b(1);
	seen.durable = false;
	assert_decision(next_boot(), AB_A, AB_REASON_NOT_DURABLE);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
	/* Not even when the good slot does not mount. */
	seen.failed[AB_A] = true;
	assert_decision(decide(), AB_NONE, AB_REASON_NOTHING);
}

static void test_clean_reboots_count(void **state)
{
	(void)state;
	candidate_b(0);
	for (unsigned int n = 0; n <= policy.refunds; n++) {
		assert_decision(next_boot(), AB_B, AB_REASON_ATTEMPT);
		assert_int_equal(rec.slot[AB_B].attempts, 1);
		assert_int_equal(rec.slot[AB_B].refunds, n);
		rec.orderly = true;
	}
	(void)next_boot(); /* the cap */
	assert_int_equal(rec.slot[AB_B].attempts, 2);
}

static void test_clean_reboot_of_a_good_slot(void **state)
{
	(void)state;
	(void)next_boot();
	rec.orderly = true;
	(void)next_boot();
	assert_int_equal(rec.slot[AB_A].unconfirmed, 1);
	(void)next_boot();
	assert_int_equal(rec.slot[AB_A].unconfirmed, 2);
}

/* Rule 5: up to a cap. A good slot that restarts itself in good order, for ever, is left in the end. */
static void test_clean_reboots_of_a_good_slot_have_a_cap(void **state)
{
	(void)state;
	rec.slot[AB_A].confirmed = rec.slot[AB_B].confirmed = true;
	rec.slot[AB_B].state = AB_GOOD;
	for (unsigned int n = 0; n < policy.refunds + policy.good_attempts; n++) {
		assert_decision(next_boot(), AB_A, AB_REASON_ACTIVE);
		rec.orderly = true;
	}
	rec.orderly = false;
	assert_decision(next_boot(), AB_B, AB_REASON_SWITCH_OVER);
}

/* What cannot be written down is not done: the next boot would do it again, and the one after. */
static void test_exhausted_slot_on_a_read_only_disk(void **state)
{
	(void)state;
	rec.slot[AB_A].confirmed = true;
	rec.slot[AB_A].unconfirmed = policy.good_attempts;
	seen.present[AB_RECOVERY] = true;
	seen.durable = false;
	assert_decision(next_boot(), AB_A, AB_REASON_DEGRADED);
}

/* Once counted in this boot, it stays the boot's slot, whatever the disk does then. */
static void test_counted_attempt_stays(void **state)
{
	(void)state;
	candidate_b(0);
	assert_decision(next_boot(), AB_B, AB_REASON_ATTEMPT);
	seen.durable = false;
	assert_decision(decide(), AB_B, AB_REASON_ATTEMPT);
	assert_int_equal(rec.slot[AB_B].attempts, 1);
}

static void test_ping_pong(void **state)
{
	enum ab_slot_id before = AB_A;
	unsigned int changes = 0;

	(void)state;
	both_good();
	for (unsigned int n = 0; n < 100; n++) {
		struct ab_decision d = next_boot();

		changes += d.slot != before;
		before = d.slot;
	}
	assert_int_equal(changes, policy.switches);
	assert_decision(next_boot(), AB_A, AB_REASON_DEGRADED);
	seen.boot_id[0]++;
	assert_int_equal(decide().delay_sec, 0);
}

static void test_tries_exhausted(void **state)
{
	(void)state;
	/* Power cuts alone, whatever they hit: there is always something to boot. */
	candidate_b(3);
	for (unsigned int n = 0; n < 300; n++)
		assert_decision(next_boot(), AB_A, n ? AB_REASON_ACTIVE : AB_REASON_ROLLED_BACK);
	assert_int_equal(rec.slot[AB_A].unconfirmed, AB_COUNT_MAX);
}

static void test_stale_count(void **state)
{
	(void)state;
	both_good();
	rec.active = AB_B;
	rec.slot[AB_B].attempts = rec.slot[AB_B].tries = 3;
	for (unsigned int n = 0; n < policy.good_attempts; n++)
		assert_decision(next_boot(), AB_B, AB_REASON_ACTIVE);
}

static void test_recovery_stays_in_its_boot(void **state)
{
	(void)state;
	both_good();
	rec.slot[AB_A].unconfirmed = policy.good_attempts;
	rec.switches = policy.switches;
	seen.present[AB_RECOVERY] = true;
	assert_decision(next_boot(), AB_RECOVERY, AB_REASON_RECOVERY);
	assert_decision(decide(), AB_RECOVERY, AB_REASON_RECOVERY);
	assert_int_equal(rec.slot[AB_A].unconfirmed, 0);
	seen.failed[AB_RECOVERY] = true;
	assert_decision(decide(), AB_A, AB_REASON_ACTIVE);
	assert_decision(next_boot(), AB_A, AB_REASON_ACTIVE);
}

static void test_nothing_good(void **state)
{
	(void)state;
	rec.slot[AB_A].state = AB_BAD;
	rec.slot[AB_B].state = AB_BAD;
	assert_decision(next_boot(), AB_A, AB_REASON_LAST_RESORT);
	seen.present[AB_A] = false;
	assert_decision(next_boot(), AB_B, AB_REASON_LAST_RESORT);
	seen.boot_id[0]++;
	assert_int_equal(decide().delay_sec, 2 * policy.delay_sec);
	seen.present[AB_RECOVERY] = true;
	assert_decision(next_boot(), AB_RECOVERY, AB_REASON_RECOVERY);
	seen.failed[AB_RECOVERY] = seen.failed[AB_B] = true;
	assert_decision(decide(), AB_NONE, AB_REASON_NOTHING);
}

static void test_other_good_and_missing(void **state)
{
	(void)state;
	both_good();
	seen.present[AB_A] = false;
	assert_decision(next_boot(), AB_B, AB_REASON_OTHER_GOOD);
	seen.present[AB_A] = true;
	candidate_b(0);
	seen.present[AB_B] = false;
	assert_decision(next_boot(), AB_A, AB_REASON_ROLLED_BACK);
	assert_int_equal(rec.slot[AB_B].bad, AB_BAD_MISSING);
}

static void test_root_names_a_slot(void **state)
{
	(void)state;
	both_good();
	seen.named = AB_B;
	assert_decision(next_boot(), AB_B, AB_REASON_LOADER);
	candidate_b(0);
	seen.named = AB_A;
	assert_decision(next_boot(), AB_A, AB_REASON_NOT_DURABLE);
	seen.named = AB_B;
	assert_decision(next_boot(), AB_B, AB_REASON_ATTEMPT);
}

static void test_loader_is_followed(void **state)
{
	struct ab_decision d;

	(void)state;
	policy.counter = AB_LOADER;
	candidate_b(1);
	seen.named = AB_B;
	d = next_boot();
	assert_decision(d, AB_B, AB_REASON_ATTEMPT);
	assert_false(d.must_store || d.may_store);
	seen.failed[AB_B] = true;
	assert_decision(decide(), AB_A, AB_REASON_ROLLED_BACK);
	seen.named = AB_A;
	assert_decision(next_boot(), AB_A, AB_REASON_NOT_DURABLE);
	candidate_b(3);
	assert_decision(next_boot(), AB_A, AB_REASON_ROLLED_BACK);
	both_good();
	seen.named = AB_B;
	assert_decision(next_boot(), AB_B, AB_REASON_LOADER);
	seen.named = AB_NONE;
	assert_decision(next_boot(), AB_A, AB_REASON_ACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_candidate_has_its_tries, set_up),
		cmocka_unit_test_setup(test_asked_again_counts_nothing, set_up),
		cmocka_unit_test_setup(test_damaged_root, set_up),
		cmocka_unit_test_setup(test_count_not_saved, set_up),
		cmocka_unit_test_setup(test_clean_reboots_count, set_up),
		cmocka_unit_test_setup(test_clean_reboot_of_a_good_slot, set_up),
		cmocka_unit_test_setup(test_clean_reboots_of_a_good_slot_have_a_cap, set_up),
		cmocka_unit_test_setup(test_exhausted_slot_on_a_read_only_disk, set_up),
		cmocka_unit_test_setup(test_counted_attempt_stays, set_up),
		cmocka_unit_test_setup(test_ping_pong, set_up),
		cmocka_unit_test_setup(test_tries_exhausted, set_up),
		cmocka_unit_test_setup(test_stale_count, set_up),
		cmocka_unit_test_setup(test_recovery_stays_in_its_boot, set_up),
		cmocka_unit_test_setup(test_nothing_good, set_up),
		cmocka_unit_test_setup(test_other_good_and_missing, set_up),
		cmocka_unit_test_setup(test_root_names_a_slot, set_up),
		cmocka_unit_test_setup(test_loader_is_followed, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
