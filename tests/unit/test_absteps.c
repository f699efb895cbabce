/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/abstate.h"

/* Steps of a running system; A runs, and is good, unless a test says otherwise. */

static struct ab_record rec, next;
static struct ab_policy policy;
static struct ab_asker who;

static int set_up(void **state)
{
	(void)state;
	ab_blank(AB_A, &rec);
	rec.boot_id[0] = 1;
	rec.booted = AB_A;
	policy = ab_policy_default;
	who = (struct ab_asker){ .running = AB_A, .boot_id = { 1 }, .told_boot_id = { 1 } };
	return 0;
}

static void trying_b(unsigned int attempts)
{
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_TRYING, .tries = 3, .attempts = attempts };
	rec.transaction = who.transaction = 7;
	rec.booted = who.running = AB_B;
}

static enum ab_refusal arm(enum ab_slot_id slot, unsigned int tries, const char *version)
{
	enum ab_refusal r = ab_arm(&rec, &policy, &who, slot, tries, version, &next);

	assert_true(ab_valid(&next));
	return r;
}

static enum ab_refusal confirm(void)
{
	enum ab_refusal r = ab_confirm(&rec, &policy, &who, &next);

	assert_true(ab_valid(&next));
	return r;
}

/* Root and protection are one record. */
static void test_unarmed_switch(void **state)
{
	(void)state;
	assert_int_equal(arm(AB_B, 0, NULL), AB_OK);
	assert_int_equal(next.active, AB_A);
	assert_int_equal(next.slot[AB_B].state, AB_CANDIDATE);
	assert_int_equal(next.slot[AB_B].tries, policy.tries);
	assert_int_equal(next.transaction, 1);
	rec.transaction = UINT32_MAX;
	assert_int_equal(arm(AB_B, 9, NULL), AB_OK);
	assert_int_equal(next.transaction, 1);
}

static void test_arm_is_refused(void **state)
{
	(void)state;
	assert_int_equal(arm(AB_RECOVERY, 0, NULL), AB_NOT_A_SLOT);
	assert_int_equal(arm(AB_A, 0, NULL), AB_IS_RUNNING);
	assert_int_equal(arm(AB_B, 10, NULL), AB_BAD_TRIES_NUMBER);
	policy.tries = 0;
	assert_int_equal(arm(AB_B, 0, NULL), AB_BAD_TRIES_NUMBER);
	who.running = AB_RECOVERY;
	assert_int_equal(arm(AB_A, 3, NULL), AB_ONLY_GOOD);
	trying_b(1);
	assert_int_equal(arm(AB_A, 3, NULL), AB_RUNNING_UNCONFIRMED);
}

static void test_versions(void **state)
{
	(void)state;
	assert_int_equal(arm(AB_B, 0, "2.1"), AB_BAD_VERSION);
	assert_int_equal(arm(AB_B, 0, "2.1.0+rev1000000000000000000000000"), AB_BAD_VERSION);
	memcpy(policy.floor, "2.0.0", 6);
	memcpy(rec.floor, "2.0.5", 6);
	assert_int_equal(arm(AB_B, 0, NULL), AB_NEEDS_VERSION);
	assert_int_equal(arm(AB_B, 0, "2.0.4"), AB_BELOW_FLOOR);
	assert_int_equal(arm(AB_B, 0, "2.0.5"), AB_OK);
	assert_string_equal(next.slot[AB_B].version, "2.0.5");
	memcpy(policy.floor, "2.0.6", 6);
	assert_int_equal(arm(AB_B, 0, "2.0.5"), AB_BELOW_FLOOR);
}

static void test_floor_rises_with_a_confirm(void **state)
{
	(void)state;
	policy.raise_floor = true;
	assert_int_equal(arm(AB_B, 0, "3.0.0"), AB_OK);
	assert_string_equal(next.floor, "");
	trying_b(1);
	memcpy(rec.slot[AB_B].version, "3.0.0", 6);
	assert_int_equal(confirm(), AB_OK);
	assert_string_equal(next.floor, "3.0.0");
	memcpy(rec.floor, "3.0.1", 6);
	assert_int_equal(confirm(), AB_OK);
	assert_string_equal(next.floor, "3.0.1");
}

/* One record has all of a confirm: nothing is left that could count later. */
static void test_two_store_commit(void **state)
{
	(void)state;
	trying_b(3);
	rec.slot[AB_B].refunds = 2;
	rec.switches = 1;
	rec.unknown = true;
	assert_int_equal(confirm(), AB_OK);
	assert_int_equal(next.active, AB_B);
	assert_int_equal(next.slot[AB_B].state, AB_GOOD);
	assert_true(next.slot[AB_B].confirmed);
	assert_int_equal(next.slot[AB_B].attempts + next.slot[AB_B].tries, 0);
	assert_int_equal(next.slot[AB_B].refunds + next.switches + next.unknown, 0);
	assert_int_equal(next.transition[0].event, AB_EVENT_CONFIRM);
	rec = next;
	assert_int_equal(confirm(), AB_OK);
	assert_int_equal(next.transition[0].event, AB_EVENT_CONFIRM);
	assert_int_equal(next.transition[1].event, AB_EVENT_NONE);
}

static void test_confirm_is_refused(void **state)
{
	(void)state;
	who.running = AB_RECOVERY;
	assert_int_equal(confirm(), AB_NOT_A_SLOT);
	trying_b(1);
	who.told_boot_id[0] = 9;
	assert_int_equal(confirm(), AB_OTHER_BOOT);
	who.told_boot_id[0] = 1;
	who.transaction = 6;
	assert_int_equal(confirm(), AB_OTHER_TRANSACTION);
	who.transaction = 7;
	rec.booted = AB_A;
	assert_int_equal(confirm(), AB_OTHER_BOOT);
	rec.booted = AB_B;
	rec.boot_id[0] = 3;
	assert_int_equal(confirm(), AB_OTHER_BOOT);
	policy.counter = AB_LOADER; /* which writes no boot_id */
	assert_int_equal(confirm(), AB_OK);
	rec.slot[AB_B].state = AB_CANDIDATE;
	assert_int_equal(confirm(), AB_OTHER_BOOT);
}

static void test_confirm_settles_what_the_loader_did(void **state)
{
	(void)state;
	trying_b(3);
	who.running = AB_A;
	assert_int_equal(confirm(), AB_OK);
	assert_int_equal(next.slot[AB_B].state, AB_TRYING);
	policy.counter = AB_LOADER;
	assert_int_equal(confirm(), AB_OK);
	assert_int_equal(next.slot[AB_B].bad, AB_BAD_TRIES);
	rec.slot[AB_B].attempts = 2;
	assert_int_equal(confirm(), AB_OK);
	assert_int_equal(next.slot[AB_B].state, AB_TRYING);
}

static void test_reject(void **state)
{
	(void)state;
	assert_int_equal(ab_reject(&rec, &who, AB_NONE, AB_BAD_HEALTH, &next), AB_NOT_A_SLOT);
	assert_int_equal(ab_reject(&rec, &who, AB_A, AB_BAD_HEALTH, &next), AB_ONLY_GOOD);
	trying_b(1);
	who.transaction = 6;
	assert_int_equal(ab_reject(&rec, &who, AB_B, AB_BAD_HEALTH, &next), AB_OTHER_TRANSACTION);
	who.transaction = 7;
	assert_int_equal(ab_reject(&rec, &who, AB_B, AB_BAD_HEALTH, &next), AB_OK);
	assert_int_equal(next.slot[AB_B].bad, AB_BAD_HEALTH);
	assert_int_equal(next.active, AB_A);
	rec = next;
	assert_int_equal(ab_reject(&rec, &who, AB_B, AB_BAD_REJECTED, &next), AB_OK);
	assert_int_equal(next.slot[AB_B].bad, AB_BAD_HEALTH);
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_GOOD };
	assert_int_equal(ab_reject(&rec, &who, AB_A, AB_BAD_REJECTED, &next), AB_OK);
	assert_int_equal(next.active, AB_B);
}

/* The candidate stayed the slot to try, and became the one to go back to as well. */
static void test_reject_of_an_empty_slot_beside_a_candidate(void **state)
{
	(void)state;
	trying_b(1);
	rec.slot[AB_A].state = AB_EMPTY;
	assert_int_equal(ab_reject(&rec, &who, AB_A, AB_BAD_REJECTED, &next), AB_OK);
	assert_true(ab_valid(&next));
	assert_int_equal(next.active, AB_A);
}

static void test_switch(void **state)
{
	(void)state;
	assert_int_equal(ab_switch(&rec, &policy, &who, &next), AB_OTHER_NOT_GOOD);
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_GOOD, .version = "2.0.0" };
	assert_int_equal(ab_switch(&rec, &policy, &who, &next), AB_OK);
	assert_int_equal(next.slot[AB_B].state, AB_CANDIDATE);
	assert_string_equal(next.slot[AB_B].version, "2.0.0");
	assert_int_equal(next.transition[0].event, AB_EVENT_SWITCH);
	who.running = AB_NONE;
	assert_int_equal(ab_switch(&rec, &policy, &who, &next), AB_NOT_A_SLOT);
	trying_b(1);
	assert_int_equal(ab_switch(&rec, &policy, &who, &next), AB_RUNNING_UNCONFIRMED);
}

static void test_clean_reboots_count(void **state)
{
	(void)state;
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_NOT_CANDIDATE_BOOT);
	rec.slot[AB_A].unconfirmed = 1;
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_OK);
	assert_true(next.orderly);
	trying_b(2);
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_OK);
	assert_int_equal(next.slot[AB_B].attempts, 2); /* the next boot gives it back */
	policy.counter = AB_LOADER;
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_OK);
	assert_int_equal(next.slot[AB_B].attempts, 1);
	assert_int_equal(next.slot[AB_B].refunds, 1);
	rec = next; /* once a boot */
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_NOT_CANDIDATE_BOOT);
	rec.orderly = false;
	rec.slot[AB_B].refunds = policy.refunds;
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_NOT_CANDIDATE_BOOT);
	who.running = AB_NONE;
	assert_int_equal(ab_orderly(&rec, &policy, &who, &next), AB_NOT_A_SLOT);
}

static void test_rebuild(void **state)
{
	struct ab_evidence evidence = { .present = { true, true }, .named = AB_NONE };

	(void)state;
	ab_rebuild(&evidence, &rec);
	assert_true(rec.unknown && ab_valid(&rec));
	assert_int_equal(rec.active, AB_A);
	assert_true(rec.slot[AB_A].confirmed && rec.slot[AB_B].confirmed);
	evidence.named = AB_B;
	evidence.armed = true;
	ab_rebuild(&evidence, &rec);
	assert_int_equal(rec.active, AB_A);
	assert_int_equal(rec.slot[AB_B].bad, AB_BAD_UNKNOWN);
	assert_int_equal(ab_candidate(&rec), AB_NONE);
}

/* A loader goes back to the active slot: it must be the one that is there. */
static void test_rebuild_with_one_slot(void **state)
{
	struct ab_evidence evidence = { .present = { false, true }, .named = AB_NONE };

	(void)state;
	ab_rebuild(&evidence, &rec);
	assert_int_equal(rec.slot[AB_A].state, AB_EMPTY);
	assert_int_equal(rec.active, AB_B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_unarmed_switch, set_up),
		cmocka_unit_test_setup(test_arm_is_refused, set_up),
		cmocka_unit_test_setup(test_versions, set_up),
		cmocka_unit_test_setup(test_floor_rises_with_a_confirm, set_up),
		cmocka_unit_test_setup(test_two_store_commit, set_up),
		cmocka_unit_test_setup(test_confirm_is_refused, set_up),
		cmocka_unit_test_setup(test_confirm_settles_what_the_loader_did, set_up),
		cmocka_unit_test_setup(test_reject, set_up),
		cmocka_unit_test_setup(test_reject_of_an_empty_slot_beside_a_candidate, set_up),
		cmocka_unit_test_setup(test_switch, set_up),
		cmocka_unit_test_setup(test_clean_reboots_count, set_up),
		cmocka_unit_test_setup(test_rebuild, set_up),
		cmocka_unit_test_setup(test_rebuild_with_one_slot, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
