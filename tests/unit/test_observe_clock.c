/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/apply.h"
#include "init/decide.h"
#include "init/observe.h"
#include "init/observe_clock.h"
#include "init/report.h"
#include "lib/json.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/* The clock from the looking to the report: an initramfs in s, with its root and its state partition. */
static struct scratch s;
static struct boot b; /* too large for the stack */
static struct plan plan;

static const char *const all_mounts[] = { "/proc", "/sys", "/dev", "/run", NULL };

static int setup(void **state)
{
	static const char *const dirs[] = {
		"proc", "sys",	   "sys/class", "sys/class/rtc", "sys/class/rtc/rtc0",
		"dev",	"etc",	   "run",	"run/mnt",	 "run/mnt/state",
		"root", "root/etc"
	};

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	put_text(s.fd, "sys/class/rtc/rtc0/since_epoch", "4102444800\n", 0444);
	put_text(s.fd, "root/etc/timestamp", "20260601000000\n", 0644);
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	b.facts.run_dir = arena_printf(&b.arena, "%s/run", s.path);
	b.facts.target_dir = arena_printf(&b.arena, "%s/root", s.path);
	b.facts.build_usec = INT64_C(1767225600000000); /* 2026-01-01 */
	other_root(s.path);
	intercept.mounts = all_mounts;
	plan = PLAN_INIT(&b.arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	intercept_reset();
	boot_close(&b);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void mount_all(void)
{
	b.facts.root_mounted = true;
	b.facts.mounted[PART_STATE] = "vda4";
	put_dir(s.fd, "run/mnt/state/anteroot");
	put_text(s.fd, "run/mnt/state/anteroot/clock", "2026-07-01 00:00:00\n", 0644);
}

static void test_what_is_seen_when(void **state)
{
	struct clock_facts *start = &b.facts.clock[CLOCK_AT_START], *late = start + 1;
	int before = fakesys_open_fds();

	(void)state;
	intercept.mounts = NULL; /* nothing to look at yet */
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_false(start->seen);
	intercept.mounts = all_mounts;
	mount_all();
	observe_clock(&b, CLOCK_AT_START);
	assert_true(start->seen);
	assert_int_equal(start->n, 4); /* build, two of the image, RTC */
	assert_int_equal(start->candidate[0].sec, 1767225600);
	observe_clock(&b, CLOCK_AT_START);
	assert_int_equal(start->n, 4);
	observe_clock(&b, CLOCK_AT_TARGET);
	assert_int_equal(late->n, 16);
	b.facts.root_mounted = false;
	*late = (struct clock_facts){ 0 };
	observe_clock(&b, CLOCK_AT_TARGET);
	assert_int_equal(late->n, 11);
	assert_int_equal(fakesys_open_fds(), before);
}

/* Each stage looks once, on its own. */
static void test_stages(void **state)
{
	(void)state;
	mount_all();
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_true(b.facts.clock[CLOCK_AT_START].seen);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(observe(&b, STAGE_ROOT), 0);
	assert_false(b.facts.clock[CLOCK_AT_TARGET].seen);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_true(b.facts.clock[CLOCK_AT_TARGET].seen);
}

static const struct json *candidate(const struct json *decision, const char *source)
{
	const struct json *j = json_first(json_get(decision, "candidates"));

	while (j && strcmp(json_string(json_get(j, "source")), source) != 0)
		j = json_next(j);
	assert_non_null(j);
	return j;
}

static const char *word(const struct json *j, const char *name)
{
	const char *text = json_string(json_get(j, name));

	return text ? text : "(none)";
}

static void test_decided_and_reported(void **state)
{
	_cleanup_json_ struct json *report = NULL;
	const struct json *clock, *at;
	const char *text;
	int64_t sec;

	(void)state;
	mount_all();
	observe_clock(&b, CLOCK_AT_START);
	b.facts.clock[CLOCK_AT_START].now_sec = INT64_C(4102444800);
	observe_clock(&b, CLOCK_AT_TARGET);
	b.facts.clock[CLOCK_AT_TARGET].now_sec = 1767225601;
	for (int i = 0; i < 2; i++) /* a second round sets nothing again */
		for (enum stage stage = STAGE_EARLY; stage < STAGE_COUNT; stage += STAGE_TARGET) {
			plan.n = 0;
			for (size_t k = 0; k < API_FS_COUNT; k++)
				b.facts.api_mounted[k] = true;
			decide(stage, &b.facts, &plan);
			if (plan_find_kind(&plan, OP_CLOCK)) {
				assert_int_equal(i, 0);
				plan.n = 1;
				assert_int_equal(plan.op[0].kind, OP_CLOCK);
				if (stage == STAGE_TARGET)
					fakesys_fail_match("clock_set", EPERM);
				assert_int_equal(apply(&b, &plan), APPLY_NEXT);
			}
		}
	assert_int_equal(fakesys_count("clock_set "), 2);
	assert_int_equal(fakesys_count("clock_set 1767225600000000"), 1);
	assert_int_equal(fakesys_count("clock_set 1782864000000000"), 1);
	assert_string_equal(b.report.warning[0].text,
			    "unable to set the clock: Operation not permitted");
	fakesys_reset(s.path);
	assert_int_equal(report_save(&b, s.fd), 0);
	text = get_text(s.fd, "report.json");
	assert_int_equal(json_parse(text, strlen(text), &report, NULL), 0);
	clock = json_get(report, "clock");
	at = json_get(clock, "start");
	assert_string_equal(word(at, "now"), "2100-01-01T00:00:00Z");
	assert_string_equal(word(at, "action"), "back");
	assert_string_equal(word(at, "set"), "2026-01-01T00:00:00Z");
	assert_string_equal(word(at, "by"), "build");
	assert_string_equal(word(candidate(at, "rtc"), "verdict"), "beyond");
	assert_string_equal(word(candidate(at, "rtc"), "time"), "2100-01-01T00:00:00Z");
	assert_string_equal(word(candidate(at, "image-epoch"), "verdict"), "absent");
	assert_null(json_get(candidate(at, "image-epoch"), "time"));
	assert_null(json_get(at, "failed"));
	at = json_get(clock, "target");
	assert_true(json_int(json_get(at, "floor_sec"), &sec));
	assert_int_equal(sec, 1782864000);
	assert_string_equal(word(at, "floor"), "2026-07-01T00:00:00Z");
	assert_string_equal(word(at, "ceiling"), "2041-06-30T18:00:00Z");
	assert_string_equal(word(at, "anchor"), "2026-01-01T00:00:00Z");
	assert_string_equal(word(at, "save_limit"), "2040-12-31T18:00:00Z");
	assert_string_equal(word(at, "by"), "saved");
	assert_string_equal(word(at, "failed"), "Operation not permitted");
	assert_string_equal(word(candidate(at, "saved"), "verdict"), "floor");
	assert_string_equal(word(candidate(at, "timestamp"), "verdict"), "below");
	assert_string_equal(word(candidate(at, "timestamp"), "path"), "/etc/timestamp");
	assert_true(json_int(json_get(clock, "reported_sec"), &sec));
	assert_true(sec > 1767225600);
}

/* `anteroot apply` has no clock. */
static void test_offline(void **state)
{
	(void)state;
	b.facts.offline = true;
	decide(STAGE_TARGET, &b.facts, &plan);
	assert_null(plan_find_kind(&plan, OP_CLOCK));
}

static void test_no_memory(void **state)
{
	struct clock_facts *late = &b.facts.clock[CLOCK_AT_TARGET];

	(void)state;
	mount_all();
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	observe_clock(&b, CLOCK_AT_TARGET);
	memory_is_back();
	assert_true(arena_failed(&b.arena));
	for (size_t i = 0; i < late->n; i++)
		assert_true(!late->candidate[i].absent || late->candidate[i].problem);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_seen_when), TEST(test_stages),    TEST(test_decided_and_reported),
		TEST(test_offline),	      TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
