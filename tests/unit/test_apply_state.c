/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/apply.h"
#include "init/apply_ops.h"
#include "tests/unit/statefixture.h"

static struct reason why;
static struct plan plan;
static struct ab_record next;

static int setup(void **unused)
{
	int err = state_setup(unused);

	why = REASON_INIT;
	plan = PLAN_INIT(&b.arena);
	plan.hook = "root";
	observe_state(&b);
	next = state->found.record;
	next.transaction = 7;
	next.slot[AB_B] = (struct ab_slot){ .state = AB_TRYING, .tries = 3, .attempts = 1 };
	return err;
}

static void assert_why(const char *verb, const char *object, const char *cause)
{
	char message[500];

	assert_non_null(why.verb);
	assert_string_equal(why.verb, verb);
	assert_string_equal(why.object, object);
	if (!strstr(reason_render(&why, message, sizeof(message)), cause))
		fail_msg("\"%s\" does not say \"%s\"", message, cause);
}

static bool logged(const char *text)
{
	return strstr(b.log.text, text) != NULL;
}

static void test_state_is_stored(void **unused)
{
	const struct op op = { .kind = OP_STATE, .record = &next, .data = "B trying 1/3" };

	(void)unused;
	assert_int_equal(apply_state(&b, &op, &why), 0);
	assert_true(logged("boot state: B trying 1/3\n"));
	assert_int_equal(state->found.record.slot[AB_B].attempts, 1);
	assert_false(state->found.blank);
	again();
	assert_int_equal(state->found.record.slot[AB_B].attempts, 1);
}

/* No words for the log, because memory was out, are no reason not to store it. */
static void test_state_without_words(void **unused)
{
	const struct op op = { .kind = OP_STATE, .record = &next };

	(void)unused;
	assert_int_equal(apply_state(&b, &op, &why), 0);
	assert_true(logged("boot state: \n"));
}

static void test_state_cannot_be_stored(void **unused)
{
	static const char *const calls[] = { "open /dev/vda4", "pwrite /dev/vda4",
					     "fsync /dev/vda4" };
	const struct op op = { .kind = OP_STATE, .record = &next, .data = "B trying 1/3" };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		fakesys_reset(s.path);
		fakesys_fail_match(calls[i], EIO);
		next.slot[AB_B].attempts = (unsigned int)i + 1; /* else nothing would differ */
		assert_int_equal(apply_state(&b, &op, &why), -EIO);
		assert_why("write", arena_printf(&b.arena, "%s/vda4", b.dev_dir), "Input/output");
		assert_int_equal(state->found.record.slot[AB_B].attempts, 0);
		assert_false(logged("boot state: "));
	}
}

static void test_state_without_its_partition(void **unused)
{
	const struct op op = { .kind = OP_STATE, .record = &next };

	(void)unused;
	devices[4].partlabel = NULL; /* it was there when the state was read */
	assert_int_equal(apply_state(&b, &op, &why), -ENOENT);
	assert_why("find", "state", "no partition");
	state->found.read_only = true;
	assert_int_equal(apply_state(&b, &op, &why), -EROFS);
	assert_why("store", "the boot state", "newer version");
}

/* A store that decides: its failure ends this round, and the next one counts nothing. */
static void test_store_fails_and_is_decided_again(void **unused)
{
	(void)unused;
	PLAN_ADD(&plan, .kind = OP_STATE, .on_failure = FAIL_NOT_DURABLE, .record = &next,
		 .data = "x");
	PLAN_ADD(&plan, .kind = OP_ROOT, .target = "vda3", .source = "B", .data = "x");
	fakesys_fail_match("pwrite ", EIO);
	assert_int_equal(apply(&b, &plan), APPLY_AGAIN);
	assert_true(state->failed);
	assert_null(b.facts.root_device);
	assert_int_equal(b.report.n_warnings, 1);
	assert_string_equal(b.report.warning[0].hook, "root");
	assert_non_null(strstr(b.report.warning[0].text, "unable to write "));
}

/* A store that does not: a warning, and the boot goes on. */
static void test_store_fails_and_is_no_matter(void **unused)
{
	(void)unused;
	PLAN_ADD(&plan, .kind = OP_STATE, .on_failure = FAIL_WARN, .record = &next, .data = "x");
	PLAN_ADD(&plan, .kind = OP_ROOT, .target = "vda3", .source = "B", .data = "x");
	fakesys_fail_match("fsync ", EIO);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_false(state->failed);
	assert_string_equal(b.facts.root_device, "vda3");
	assert_int_equal(b.report.n_warnings, 1);
}

static void test_decision(void **unused)
{
	const struct ab_decision decision = { .slot = AB_B, .candidate = true };
	struct op op = { .kind = OP_ROOT, .record = &next };

	(void)unused;
	apply_decision(&b, &op); /* half of one is none */
	assert_false(state->decided);
	op.decision = &decision;
	apply_decision(&b, &op);
	assert_true(state->decided && state->decision.candidate);
	assert_int_equal(state->record.slot[AB_B].attempts, 1);
}

/* Nothing can be booted: what was decided is in the report all the same. */
static void test_decision_of_a_failed_boot(void **unused)
{
	const struct ab_decision decision = { .slot = AB_NONE, .reason = AB_REASON_NOTHING };

	(void)unused;
	PLAN_ADD(&plan, .kind = OP_FAIL, .on_failure = FAIL_FATAL, .record = &next,
		 .decision = &decision, .data = "unable to find a root");
	assert_true(apply(&b, &plan) < 0);
	assert_true(state->decided);
	assert_int_equal(state->decision.reason, AB_REASON_NOTHING);
	assert_string_equal(b.error, "unable to find a root");
}

static void test_panic(void **unused)
{
	const struct op op = { .kind = OP_PANIC, .usec = 5000000 };

	(void)unused;
	assert_int_equal(apply_panic(&b, &op, &why), 0);
	assert_string_equal(fakesys_log(), "open /proc/sys/kernel/panic 0000\n"
					   "write /proc/sys/kernel/panic 2\n");
}

static void test_panic_fails(void **unused)
{
	const struct op op = { .kind = OP_PANIC, .usec = 3600000000 };

	(void)unused;
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, EACCES);
		assert_int_equal(apply_panic(&b, &op, &why), -EACCES);
		assert_why("set", "/proc/sys/kernel/panic", "Permission denied");
		assert_int_equal(fakesys_calls(), nth);
	}
	assert_int_equal(fakesys_count("write /proc/sys/kernel/panic 5"), 1); /* "3600\n" */
}

static const struct op a_watchdog = { .kind = OP_WATCHDOG,
				      .target = "/dev/watchdog",
				      .usec = 60000000 };

static void test_watchdog(void **unused)
{
	(void)unused;
	assert_int_equal(apply_watchdog(&b, &a_watchdog, &why), 0);
	/* And not the "V" that would stop it. */
	assert_string_equal(fakesys_log(),
			    "open /dev/watchdog 0000\nwatchdog_set /dev/watchdog 60\n");
	assert_true(logged("watchdog: /dev/watchdog, 60 s\n"));
}

static void test_no_watchdog(void **unused)
{
	static const int errors[] = { ENOENT, ENODEV };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fakesys_reset(s.path);
		fakesys_fail_match("open /dev/watchdog", errors[i]);
		assert_int_equal(apply_watchdog(&b, &a_watchdog, &why), 0);
		assert_int_equal(fakesys_calls(), 1);
		assert_true(logged("no watchdog /dev/watchdog: a hang would not end\n"));
	}
	assert_null(why.verb);
}

static void test_watchdog_fails(void **unused)
{
	(void)unused;
	fakesys_fail_match("open /dev/watchdog", EBUSY);
	assert_int_equal(apply_watchdog(&b, &a_watchdog, &why), -EBUSY);
	assert_why("open", "/dev/watchdog", "busy");
	fakesys_reset(s.path);
	fakesys_fail_match("watchdog_set ", EOPNOTSUPP);
	assert_int_equal(apply_watchdog(&b, &a_watchdog, &why), -EOPNOTSUPP);
	assert_why("set the time of", "/dev/watchdog", "not supported");
	assert_false(logged("watchdog: /dev/watchdog"));
}

static void test_delay(void **unused)
{
	struct op op = { .kind = OP_DELAY, .usec = 10000000, .data = "it is bad" };

	(void)unused;
	assert_int_equal(apply_delay(&b, &op, &why), 0);
	assert_string_equal(fakesys_log(), "sleep_msec 10000\n");
	assert_true(logged("waiting 10 s, because it is bad\n"));
	assert_int_equal(state->waited_sec, 10);
	op.data = NULL;
	fakesys_fail_match("sleep_msec", EINTR);
	assert_int_equal(apply_delay(&b, &op, &why), -EINTR);
	assert_why("wait", "before this boot", "");
	assert_int_equal(state->waited_sec, 20);
}

/* A candidate without protection is booted, and the report says so. */
static void test_each_failure_is_a_warning(void **unused)
{
	(void)unused;
	PLAN_ADD(&plan, .kind = OP_DELAY, .usec = 1000000, .data = "x");
	PLAN_ADD(&plan, .kind = OP_PANIC, .usec = 1000000);
	PLAN_ADD(&plan, .kind = OP_WATCHDOG, .usec = 1000000, .target = "/dev/watchdog");
	fakesys_fail_match("sleep_msec", EINTR);
	fakesys_fail_match("open /proc/sys/kernel/panic", EROFS);
	fakesys_fail_match("watchdog_set", EINVAL);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(b.report.n_warnings, 3);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, state_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_is_stored),
		TEST(test_state_without_words),
		TEST(test_state_cannot_be_stored),
		TEST(test_state_without_its_partition),
		TEST(test_store_fails_and_is_decided_again),
		TEST(test_store_fails_and_is_no_matter),
		TEST(test_decision),
		TEST(test_decision_of_a_failed_boot),
		TEST(test_panic),
		TEST(test_panic_fails),
		TEST(test_watchdog),
		TEST(test_no_watchdog),
		TEST(test_watchdog_fails),
		TEST(test_delay),
		TEST(test_each_failure_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
