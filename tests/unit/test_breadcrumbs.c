/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/breadcrumbs.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct ab_record rec;

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	fakesys_reset(s.path);
	ab_blank(AB_A, &rec);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static void keep(void)
{
	struct reason r = REASON_INIT;

	assert_int_equal(breadcrumbs_keep(&fakesys, s.fd, &rec, &r), 0);
	assert_null(r.verb);
}

/* A letter for each that is there: h, a, H, A, F. */
static const char *there(void)
{
	static char text[BREADCRUMBS + 1];
	bool found[BREADCRUMBS];
	size_t n = 0;

	breadcrumbs_look(s.fd, found);
	for (int i = 0; i < BREADCRUMBS; i++)
		if (found[i])
			text[n++] = "haHAF"[i];
	text[n] = '\0';
	return text;
}

static void put(enum breadcrumb crumb)
{
	put_text(s.fd, breadcrumb_name(crumb), "", 0644);
}

static void arm(void)
{
	rec.slot[AB_B] = (struct ab_slot){ .state = AB_CANDIDATE, .tries = 3 };
	ab_note(&rec, AB_EVENT_ARM, AB_B, 0);
}

static void end(enum ab_event event, enum ab_state slot, enum ab_bad bad)
{
	rec.slot[AB_B] = (struct ab_slot){ .state = slot, .bad = bad };
	ab_note(&rec, event, AB_B, 0);
}

static void test_by_verdict(void **state)
{
	(void)state;
	keep();
	assert_string_equal(there(), "");
	assert_int_equal(fakesys_calls(), 0);
	arm();
	keep();
	assert_string_equal(there(), "ha");
	rec.slot[AB_B].state = AB_TRYING;
	ab_note(&rec, AB_EVENT_ATTEMPT, AB_B, 0);
	keep();
	assert_string_equal(there(), "ha");
	end(AB_EVENT_CONFIRM, AB_GOOD, AB_BAD_NONE);
	keep();
	assert_string_equal(there(), "");
	arm();
	keep();
	end(AB_EVENT_ROLLBACK, AB_BAD, AB_BAD_TRIES);
	keep();
	assert_string_equal(there(), "A");
	arm();
	keep();
	assert_string_equal(there(), "ha");
	end(AB_EVENT_REJECT, AB_BAD, AB_BAD_HEALTH);
	keep();
	assert_string_equal(there(), "H");
	/* That a slot is about to be written is no news of the last update. */
	end(AB_EVENT_REJECT, AB_BAD, AB_BAD_REJECTED);
	keep();
	assert_string_equal(there(), "H");
}

/* Balena's own are left alone until there is an update of ours. */
static void test_what_the_record_does_not_tell(void **state)
{
	(void)state;
	put(BREADCRUMB_HEALTH_TRIGGERED);
	put(BREADCRUMB_HEALTH_FAILED);
	put(BREADCRUMB_HEALTH);
	keep();
	assert_string_equal(there(), "HF");
	arm();
	keep();
	assert_string_equal(there(), "ha");
	assert_string_equal(breadcrumb_name(BREADCRUMBS), "unknown");
}

static void test_twice_is_nothing(void **state)
{
	(void)state;
	arm();
	keep();
	fakesys_reset(s.path);
	keep();
	assert_int_equal(fakesys_calls(), 0);
}

/* two-store-commit: wherever the power goes, the next call ends in the same, and a rollback shows before the
 * breadcrumbs go. */
static void test_two_store_commit(void **state)
{
	(void)state;
	for (unsigned int cut = 0; cut < 12; cut++) {
		arm();
		keep();
		end(AB_EVENT_ROLLBACK, AB_BAD, AB_BAD_TRIES);
		fakesys_reset(s.path);
		fakesys_cut_after(cut);
		(void)!breadcrumbs_keep(&fakesys, s.fd, &rec, NULL);
		assert_true(strchr(there(), 'A') || strcmp(there(), "ha") == 0);
		fakesys_reset(s.path);
		keep();
		assert_string_equal(there(), "A");
	}
}

static void test_failures(void **state)
{
	static const char *const calls[] = { "open /rollback-health-b", "fsync /rollback-alt",
					     "unlinkat", "fsync /" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct reason r = REASON_INIT;

		put(BREADCRUMB_HEALTH_TRIGGERED);
		(void)unlinkat(s.fd, breadcrumb_name(BREADCRUMB_HEALTH), 0);
		(void)unlinkat(s.fd, breadcrumb_name(BREADCRUMB_ALTBOOT), 0);
		arm();
		fakesys_reset(s.path);
		fakesys_fail_match(calls[i], EIO);
		assert_int_equal(breadcrumbs_keep(&fakesys, s.fd, &rec, &r), -EIO);
		assert_non_null(r.verb);
		assert_int_equal(fakesys_count("unlinkat"), 1); /* the rest is tried all the same */
	}
	/* Somebody else was faster. */
	put(BREADCRUMB_HEALTH_TRIGGERED);
	fakesys_reset(s.path);
	fakesys_fail_match("open", EEXIST);
	assert_int_equal(unlinkat(s.fd, breadcrumb_name(BREADCRUMB_HEALTH), 0), 0);
	assert_int_equal(breadcrumbs_keep(&fakesys, s.fd, &rec, NULL), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_by_verdict),	     CASE(test_what_the_record_does_not_tell),
		CASE(test_twice_is_nothing), CASE(test_two_store_commit),
		CASE(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
