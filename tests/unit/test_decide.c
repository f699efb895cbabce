/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "init/decide.h"
#include "lib/clocksources.h"
#include "tests/unit/intercept.h"

static struct arena a = ARENA_INIT;
static struct facts f;
static struct plan plan;

static int setup(void **state)
{
	(void)state;
	f = (struct facts){
		.layout = layout_default,
		.args = args_default,
		.run_dir = "/run/anteroot",
		.target_dir = "/sysroot",
	};
	for (size_t i = 0; i < API_FS_COUNT; i++)
		f.api_mounted[i] = true;
	plan = PLAN_INIT(&a);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	arena_free(&a);
	return 0;
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	decide(STAGE_EARLY, &f, &plan);
	assert_int_equal(plan.n, 0);
}

/* The rows of a stage run in the order of the table, and each operation knows its hook. */
static void test_order_and_names(void **state)
{
	static struct module modules[] = { { .name = "one" }, { .name = "two" } };

	(void)state;
	f.clock[CLOCK_AT_START] = (struct clock_facts){ .seen = true };
	clock_add(&f.clock[CLOCK_AT_START], CLOCK_ANCHOR, "build", NULL)->sec = 5;
	f.modules = (struct module_list){ modules, 2, 2 };
	decide(STAGE_EARLY, &f, &plan);
	assert_int_equal(plan.n, 4);
	assert_int_equal(plan.op[0].kind, OP_CLOCK);
	assert_string_equal(plan.op[0].hook, "clock");
	assert_int_equal(plan.op[1].kind, OP_MODULE);
	assert_ptr_equal(plan.op[2].module, &modules[1]);
	assert_int_equal(plan.op[3].kind, OP_AGAIN);
	assert_string_equal(plan.op[3].hook, "modules");
}

/* What would follow is decided on newer facts. */
static void test_plan_ends_at_again(void **state)
{
	(void)state;
	f.api_mounted[API_SYS] = false;
	f.clock[CLOCK_AT_START] = (struct clock_facts){ .seen = true };
	clock_add(&f.clock[CLOCK_AT_START], CLOCK_ANCHOR, "build", NULL)->sec = 5;
	decide(STAGE_EARLY, &f, &plan);
	assert_int_equal(plan.op[plan.n - 1].kind, OP_AGAIN);
	assert_null(plan_find_kind(&plan, OP_CLOCK));
}

static void test_plan_ends_at_wait(void **state)
{
	(void)state;
	f.deadline_msec = 1;
	decide(STAGE_BOOT, &f, &plan);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.op[0].kind, OP_WAIT);
}

static void test_plan_ends_at_fail(void **state)
{
	(void)state;
	decide(STAGE_ROOT, &f, &plan); /* without a disk */
	assert_int_equal(plan.op[plan.n - 1].kind, OP_FAIL);
	assert_string_equal(plan.op[plan.n - 1].hook, "root");
}

/* Same facts, same plan: nothing is remembered between two calls. */
static void test_pure(void **state)
{
	static const struct config_rule rule = { "56", "A\n", "os.udevRules.56" };
	struct facts before;
	struct plan again = PLAN_INIT(&a);

	(void)state;
	f.config.hostname = "press-07";
	f.config.udev_rules.rule = (struct config_rule *)&rule;
	f.config.udev_rules.n = 1;
	f.target_writable = true;
	before = f;
	decide(STAGE_TARGET, &f, &plan);
	decide(STAGE_TARGET, &f, &again);
	assert_memory_equal(&before, &f, sizeof(f));
	assert_true(plan.n > 0);
	assert_int_equal(plan.n, again.n);
	for (size_t i = 0; i < plan.n; i++)
		assert_string_equal(op_text(&a, &plan.op[i]), op_text(&a, &again.op[i]));
}

static bool lists(const char *const *paths, int n, const char *path)
{
	for (int i = 0; i < n; i++)
		if (strcmp(paths[i], path) == 0)
			return true;
	return false;
}

static void test_places(void **state)
{
	const char **paths;
	int n;

	(void)state;
	f.root_home = "/home/root";
	n = decide_places(&f, &a, &paths);
	assert_true(lists(paths, n, "/etc/hostname"));
	assert_true(lists(paths, n, "/etc/udev/rules.d"));
	assert_true(lists(paths, n, "/home/root"));
	assert_true(lists(paths, n, "/home/root/.ssh"));
	assert_true(lists(paths, n, "/mnt/boot"));
	assert_true(lists(paths, n, "/mnt/data"));
	for (int i = 0; i < n; i++)
		assert_int_equal(paths[i][0], '/');
}

/* A path without a known home is left out, and so is a partition without a mount point. */
static void test_places_that_are_not_known(void **state)
{
	const char **paths;
	int all, n;

	(void)state;
	f.root_home = "/root";
	all = decide_places(&f, &a, &paths);
	f.root_home = NULL;
	f.layout.part[PART_DATA].mount_point = NULL;
	n = decide_places(&f, &a, &paths);
	assert_int_equal(all - n, 4);
	assert_false(lists(paths, n, "/mnt/data"));
	assert_false(lists(paths, n, "/root"));
	for (int i = 0; i < n; i++)
		assert_int_equal(paths[i][0], '/');
}

static void test_places_without_memory(void **state)
{
	const char **paths;
	unsigned int units;
	int all, n = -1;

	(void)state;
	f.root_home = "/root";
	all = decide_places(&f, &a, &paths);
	arena_free(&a);
	for (units = 0; n < 0; units++) {
		memory_runs_out(&a, units, NO_BLOCKS);
		n = decide_places(&f, &a, &paths);
		memory_is_back();
		assert_true(n == -ENOMEM || n == all);
		arena_free(&a);
		assert_true(units < ARENA_UNITS - 1);
	}
	assert_true(units > 3);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_to_do),
		TEST(test_order_and_names),
		TEST(test_plan_ends_at_again),
		TEST(test_plan_ends_at_wait),
		TEST(test_plan_ends_at_fail),
		TEST(test_pure),
		TEST(test_places),
		TEST(test_places_that_are_not_known),
		TEST(test_places_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
