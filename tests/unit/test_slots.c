/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hooks/slots.h"
#include "hooks/table.h"
#include "tests/unit/devices.h"
#include "tests/unit/intercept.h"

/* From what was found to the operations; which slot it is, test_abstate.c and the cases say. */

static struct facts f;
static struct arena a;
static struct plan plan;
static struct op op;
static struct blockdev devices[5];

static int setup(void **state)
{
	static const struct blockdev rows[] = {
		DISK_ROW("vda", 4),
		PART_ROW("vda", 1, "vfat", "resin-boot"),
		PART_ROW("vda", 2, "ext4", "resin-rootA"),
		PART_ROW("vda", 3, "ext4", "resin-rootB"),
		PART_ROW("vda", 4, "ext4", "recovery"),
	};

	(void)state;
	memcpy(devices, rows, sizeof(devices));
	f = (struct facts){ .layout = layout_default,
			    .devs = { .dev = devices, .n = ARRAY_SIZE(devices) },
			    .boot_disk = "vda",
			    .mounted[PART_BOOT] = "vda1",
			    .realtime_usec = 5000000 };
	f.state.found.backend = AB_RECORD;
	memset(f.state.boot_id, 1, sizeof(f.state.boot_id));
	ab_blank(AB_A, &f.state.found.record);
	memset(f.state.found.record.boot_id, 2, AB_BOOT_ID_LEN);
	plan = PLAN_INIT(&a);
	op = (struct op){ .kind = OP_ROOT };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	arena_free(&a);
	return 0;
}

static void arm(void)
{
	f.state.found.record.transaction = 7;
	f.state.found.record.slot[AB_B] =
		(struct ab_slot){ .state = AB_CANDIDATE, .tries = 3, .version = "" };
}

/* @return the device, "" for none */
static const char *choose(enum ab_slot_id named)
{
	const struct blockdev *dev;

	plan.n = 0;
	op = (struct op){ .kind = OP_ROOT };
	dev = slots_choose(&f, &plan, named, &op);
	return dev ? dev->name : "";
}

static void test_candidate(void **state)
{
	(void)state;
	arm();
	f.layout.state.panic_sec = 7;
	assert_string_equal(choose(AB_NONE), "vda3");
	assert_int_equal(plan.n, 2);
	assert_int_equal(plan.op[0].kind, OP_STATE);
	assert_int_equal(plan.op[0].on_failure, FAIL_NOT_DURABLE);
	assert_string_equal(plan.op[0].data, "active A; A good; B trying 1/3");
	assert_int_equal(plan.op[0].record->slot[AB_B].attempts, 1);
	assert_int_equal(plan.op[1].kind, OP_PANIC);
	assert_int_equal(plan.op[1].on_failure, FAIL_WARN);
	assert_int_equal(plan.op[1].usec, 7000000);
	assert_ptr_equal(op.record, plan.op[0].record);
	assert_true(op.decision->candidate && op.decision->must_store);
	assert_string_equal(op.data, ab_reason_text(AB_REASON_ATTEMPT));
}

static void assert_not_tried(void)
{
	assert_string_equal(choose(AB_NONE), "vda2");
	assert_null(plan_find_kind(&plan, OP_PANIC));
	assert_int_equal(op.decision->reason, AB_REASON_NOT_DURABLE);
	assert_int_equal(op.record->slot[AB_B].attempts, 0);
	assert_null(plan_find_kind(&plan, OP_STATE));
}

/* Its boot cannot be counted: the good slot. */
static void test_candidate_that_cannot_be_counted(void **state)
{
	(void)state;
	arm();
	f.state.failed = true;
	assert_not_tried();
	f.state.failed = false;
	f.state.found.read_only = true;
	assert_not_tried();
	f.state.found.read_only = false;
	devices[1].read_only = true; /* a write-protected card */
	assert_not_tried();
	f.layout.state.partition = "state"; /* elsewhere than on the boot partition */
	assert_string_equal(choose(AB_NONE), "vda3");
	f.layout.state.partition = NULL;
	f.mounted[PART_BOOT] = NULL;
	assert_string_equal(choose(AB_NONE), "vda3");
	f.mounted[PART_BOOT] = "vda9"; /* gone since */
	assert_string_equal(choose(AB_NONE), "vda3");
}

static void test_good_slot(void **state)
{
	(void)state;
	f.state.found.record.slot[AB_A].unconfirmed = 2;
	f.state.found.record.slot[AB_A].confirmed = true;
	assert_string_equal(choose(AB_NONE), "vda2");
	assert_non_null(plan_find_kind(&plan, OP_STATE));
	assert_int_equal(plan_find_kind(&plan, OP_STATE)->on_failure, FAIL_WARN);
	assert_string_equal(plan_find_kind(&plan, OP_STATE)->data,
			    "active A; A good, 3 unconfirmed; B empty");
	assert_null(plan_find_kind(&plan, OP_PANIC));
	assert_null(plan_find_kind(&plan, OP_DELAY));
	assert_int_equal(op.record->transition[0].event, AB_EVENT_NONE);
}

/* Asked again in the same boot, with the record stored: nothing is stored twice. */
static void test_nothing_to_store(void **state)
{
	(void)state;
	arm();
	(void)choose(AB_NONE);
	f.state.found.record = *op.record;
	assert_string_equal(choose(AB_NONE), "vda3");
	assert_null(plan_find_kind(&plan, OP_STATE));
	assert_non_null(plan_find_kind(&plan, OP_PANIC)); /* said again: it was not, perhaps */
}

/* One copy is damaged: written even when nothing else would be. */
static void test_damaged_copy_is_repaired(void **state)
{
	(void)state;
	(void)choose(AB_NONE);
	f.state.found.record = *op.record;
	(void)choose(AB_NONE);
	assert_null(plan_find_kind(&plan, OP_STATE));
	f.state.found.damaged = true;
	(void)choose(AB_NONE);
	assert_non_null(plan_find_kind(&plan, OP_STATE));
	assert_int_equal(plan_find_kind(&plan, OP_STATE)->on_failure, FAIL_WARN);
	f.state.failed = true; /* it was tried */
	(void)choose(AB_NONE);
	assert_null(plan_find_kind(&plan, OP_STATE));
	f.state.failed = false;
	f.layout.state.policy.counter = AB_LOADER; /* the loader's to write */
	(void)choose(AB_NONE);
	assert_null(plan_find_kind(&plan, OP_STATE));
}

static void fail_root(const char *device)
{
	f.failed[f.n_failed++] = (struct facts_failed){ .device = device, .reason = "x" };
}

static void test_candidate_fails(void **state)
{
	(void)state;
	arm();
	(void)choose(AB_NONE);
	f.state.found.record = *op.record;
	fail_root("vda3");
	assert_string_equal(choose(AB_NONE), "vda2");
	assert_int_equal(op.decision->reason, AB_REASON_ROLLED_BACK);
	assert_string_equal(plan_find_kind(&plan, OP_STATE)->data,
			    "active A; A good, 1 unconfirmed; B bad (root)");
	assert_int_equal(op.record->transition[0].event, AB_EVENT_ROLLBACK);
	assert_int_equal(op.record->transition[0].realtime_sec, 5);
}

static void test_nothing_can_be_booted(void **state)
{
	(void)state;
	fail_root("vda2");
	fail_root("vda3");
	assert_string_equal(choose(AB_NONE), "");
	assert_int_equal(op.decision->reason, AB_REASON_NOTHING);
	assert_non_null(op.record);
	assert_null(plan_find_kind(&plan, OP_DELAY));
}

/* Neither slot is good, and it was so before: the boot waits first. */
static void test_last_resort_waits(void **state)
{
	struct ab_record *rec = &f.state.found.record;
	const struct op *delay;

	(void)state;
	rec->slot[AB_A] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_REJECTED };
	rec->slot[AB_B] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_HEALTH };
	rec->fruitless = 1;
	assert_string_not_equal(choose(AB_NONE), "");
	delay = plan_find_kind(&plan, OP_DELAY);
	assert_non_null(delay);
	assert_int_equal(delay->on_failure, FAIL_WARN);
	assert_int_equal(delay->usec, 10000000);
	assert_string_equal(delay->data, ab_reason_text(op.decision->reason));
	assert_string_equal(plan_find_kind(&plan, OP_STATE)->data,
			    "active A; A bad (rejected); B bad (health)");
}

static void test_recovery_slot(void **state)
{
	struct ab_record *rec = &f.state.found.record;

	(void)state;
	f.layout.part[PART_RECOVERY].label[0] = "recovery";
	rec->slot[AB_A] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_REJECTED };
	assert_string_equal(choose(AB_NONE), "vda4");
	assert_int_equal(op.decision->reason, AB_REASON_RECOVERY);
	rec->slot[AB_A] = (struct ab_slot){ .state = AB_GOOD };
	assert_string_equal(choose(AB_RECOVERY), "vda2"); /* root= may not name it: as none */
}

/* More than one partition with a slot's label is none. */
static void test_slot_is_there_twice(void **state)
{
	(void)state;
	devices[4].label = "resin-rootA";
	f.state.found.record.slot[AB_B].state = AB_GOOD;
	assert_string_equal(choose(AB_NONE), "vda3");
	assert_int_equal(op.decision->reason, AB_REASON_OTHER_GOOD);
}

static void test_no_memory(void **state)
{
	static const unsigned int units[] = { 0, 45 };

	(void)state;
	arm();
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		plan.n = plan.capacity = 0;
		memory_runs_out(&a, units[i], NO_BLOCKS);
		(void)choose(AB_NONE);
		memory_is_back();
		assert_true(arena_failed(&a)); /* the round ends with it */
		arena_free(&a);
		a = (struct arena)ARENA_INIT;
	}
}

static void test_watchdog(void **state)
{
	static const struct ab_decision none;

	(void)state;
	assert_false(watchdog_applies(&f));
	f.state.decided = true;
	assert_false(watchdog_applies(&f)); /* no candidate */
	f.state.decision.candidate = true;
	assert_true(watchdog_applies(&f));
	watchdog_run(&f, &plan);
	assert_int_equal(plan.op[0].kind, OP_WATCHDOG);
	assert_int_equal(plan.op[0].on_failure, FAIL_WARN);
	assert_string_equal(plan.op[0].target, "/dev/watchdog");
	assert_int_equal(plan.op[0].usec, 60000000);
	f.offline = true;
	assert_false(watchdog_applies(&f));
	f.offline = false;
	f.layout.state.watchdog_sec = 0;
	assert_false(watchdog_applies(&f));
	f.layout.state.watchdog_sec = 1;
	f.state.decision = none;
	assert_false(watchdog_applies(&f));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_candidate),
		TEST(test_candidate_that_cannot_be_counted),
		TEST(test_good_slot),
		TEST(test_nothing_to_store),
		TEST(test_damaged_copy_is_repaired),
		TEST(test_candidate_fails),
		TEST(test_nothing_can_be_booted),
		TEST(test_last_resort_waits),
		TEST(test_recovery_slot),
		TEST(test_slot_is_there_twice),
		TEST(test_no_memory),
		TEST(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
