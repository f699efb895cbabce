/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/clockrule.h"
#include "lib/clocktext.h"

/*
 * The rule, as a table: years in, what becomes of the clock out. The build is of 2026, so the window of what is saved
 * ends with 2041.
 */

#define NO  0	 /* there is none */
#define BAD (-1) /* there is one, and it is no time */

static int64_t year(double y)
{
	/* Of 365.25 days, as the rule's: 2026 + 15 years is the end of the window to the second. */
	return (int64_t)((y - 1970) * 31557600);
}

/* clang-format off */
static const struct {
	const char *name;
	double now, rtc;
	double image; /* latest anchor beside the build */
	double stamp, epoch, timesyncd, ours;
	enum clock_action action;
	double set;
	const char *by;
	enum clock_verdict rtc_verdict, ours_verdict;
} rows[] = {
	/* Without anything saved. */
	{ "no rtc", 1970, NO, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "rtc in 2019", 2019, 2019, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_BELOW, CLOCK_ABSENT },
	{ "rtc in 2030, hctosys", 2030, 2030, NO, NO, NO, NO, NO,
	  CLOCK_KEEP, 2030, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "rtc in 2030, read late", 1970, 2030, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2030, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "rtc in 2039", 2039, 2039, NO, NO, NO, NO, NO,
	  CLOCK_KEEP, 2039, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "rtc in 2100", 2100, 2100, NO, NO, NO, NO, NO,
	  CLOCK_BACK, 2026, "build", CLOCK_BEYOND, CLOCK_ABSENT },
	{ "rtc lost its time", 1970, BAD, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_INVALID, CLOCK_ABSENT },
	{ "rtc at the floor", 1970, 2026, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "rtc at the ceiling", 1970, 2041, NO, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2041, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "clock at the ceiling", 2041, NO, NO, NO, NO, NO, NO,
	  CLOCK_KEEP, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "clock ahead of the rtc", 2035, 2030, NO, NO, NO, NO, NO,
	  CLOCK_KEEP, 2030, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "mad clock, good rtc", 2100, 2030, NO, NO, NO, NO, NO,
	  CLOCK_BACK, 2030, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "mad clock, no rtc", 2100, NO, NO, NO, NO, NO, NO,
	  CLOCK_BACK, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	/* With a saved clock. */
	{ "saved, no rtc", 1970, NO, NO, NO, NO, NO, 2030,
	  CLOCK_FORWARD, 2030, "saved", CLOCK_ABSENT, CLOCK_FLOOR },
	{ "saved, rtc in 2019", 2019, 2019, NO, NO, NO, NO, 2030,
	  CLOCK_FORWARD, 2030, "saved", CLOCK_BELOW, CLOCK_FLOOR },
	{ "saved, rtc later", 2031, 2031, NO, NO, NO, NO, 2030,
	  CLOCK_KEEP, 2031, "rtc", CLOCK_COUNTS, CLOCK_FLOOR },
	{ "saved, rtc a bit earlier", 2029, 2029, NO, NO, NO, NO, 2030,
	  CLOCK_FORWARD, 2030, "saved", CLOCK_BELOW, CLOCK_FLOOR },
	{ "saved, rtc in 2100", 2100, 2100, NO, NO, NO, NO, 2030,
	  CLOCK_BACK, 2030, "saved", CLOCK_BEYOND, CLOCK_FLOOR },
	{ "saved moves the ceiling", 2044, 2044, NO, NO, NO, NO, 2030,
	  CLOCK_KEEP, 2044, "rtc", CLOCK_COUNTS, CLOCK_FLOOR },
	{ "saved before the build", 1970, NO, NO, NO, NO, NO, 2020,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_BELOW },
	{ "saved is torn", 1970, NO, NO, NO, NO, NO, BAD,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_INVALID },
	/* rtc-ratchet: what a mad RTC left behind does not move the window. */
	{ "saved at its limit", 1970, NO, NO, NO, NO, NO, 2041,
	  CLOCK_FORWARD, 2041, "saved", CLOCK_ABSENT, CLOCK_FLOOR },
	{ "rtc-ratchet: saved behind it", 1970, NO, NO, NO, NO, NO, 2041.1,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_BEYOND },
	{ "rtc-ratchet: saved and rtc agree", 2099, 2099, NO, NO, NO, NO, 2098,
	  CLOCK_BACK, 2026, "build", CLOCK_BEYOND, CLOCK_BEYOND },
	{ "rtc-ratchet: one is good", 1970, NO, NO, NO, NO, 2098, 2030,
	  CLOCK_FORWARD, 2030, "saved", CLOCK_ABSENT, CLOCK_FLOOR },
	{ "rtc-ratchet: timestamp of a shutdown", 2099, 2099, NO, 2098, NO, NO, 2030,
	  CLOCK_BACK, 2030, "saved", CLOCK_BEYOND, CLOCK_FLOOR },
	{ "rtc-ratchet: epoch that is touched", 1970, NO, NO, NO, 2098, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	/* The images. */
	{ "timestamp of the root", 1970, NO, NO, 2028, NO, NO, NO,
	  CLOCK_FORWARD, 2028, "timestamp", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "epoch of the root", 1970, NO, NO, 2027, 2028, NO, NO,
	  CLOCK_FORWARD, 2028, "epoch", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "a constant timestamp", 1970, NO, NO, 2018.2, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "timesyncd is later than ours", 1970, NO, NO, 2028, NO, 2032, 2031,
	  CLOCK_FORWARD, 2032, "timesyncd", CLOCK_ABSENT, CLOCK_BELOW },
	{ "image's anchor moves all windows", 1970, 2060, 2035, NO, NO, NO, 2050,
	  CLOCK_FORWARD, 2060, "rtc", CLOCK_COUNTS, CLOCK_FLOOR },
	{ "image's anchor before the build", 1970, NO, 2011, NO, NO, NO, NO,
	  CLOCK_FORWARD, 2026, "build", CLOCK_ABSENT, CLOCK_ABSENT },
	/* balenaOS: RTC first, then the timestamp if that is later, then the network. */
	{ "balena: rtc", 1970, 2030, NO, 2027, NO, NO, NO,
	  CLOCK_FORWARD, 2030, "rtc", CLOCK_COUNTS, CLOCK_ABSENT },
	{ "balena: rtc before the timestamp", 2026.5, 2026.5, NO, 2027, NO, NO, NO,
	  CLOCK_FORWARD, 2027, "timestamp", CLOCK_BELOW, CLOCK_ABSENT },
	{ "balena: no rtc", 1970, NO, NO, 2027, NO, NO, NO,
	  CLOCK_FORWARD, 2027, "timestamp", CLOCK_ABSENT, CLOCK_ABSENT },
	{ "balena: clock behind the timestamp", 2028, NO, NO, 2027, NO, NO, NO,
	  CLOCK_KEEP, 2027, "timestamp", CLOCK_ABSENT, CLOCK_ABSENT },
	/* What the kernel takes. */
	{ "end of the kernel's time", 1970, 2231, 2225, NO, NO, NO, 2231.5,
	  CLOCK_FORWARD, 2231.5, "saved", CLOCK_BELOW, CLOCK_FLOOR },
};
/* clang-format on */

static void add(struct clock_facts *f, enum clock_kind kind, const char *source, double y)
{
	f->candidate[f->n++] = (struct clock_candidate){
		.kind = kind,
		.source = source,
		.sec = y > 0 ? year(y) : 0,
		.absent = y == NO,
		.problem = y > 0 ? NULL : "x",
	};
}

enum { BUILD, IMAGE, STAMP, EPOCH, TIMESYNCD, OURS, RTC };

static void test_table(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct clock_facts f = { .now_sec = year(rows[i].now), .uptime_sec = 3 };
		struct clock_decision d;

		add(&f, CLOCK_ANCHOR, "build", 2026);
		add(&f, CLOCK_ANCHOR, "image-timestamp", rows[i].image);
		add(&f, CLOCK_SAVED, "timestamp", rows[i].stamp);
		add(&f, CLOCK_SAVED, "epoch", rows[i].epoch);
		add(&f, CLOCK_SAVED, "timesyncd", rows[i].timesyncd);
		add(&f, CLOCK_SAVED, "saved", rows[i].ours);
		add(&f, CLOCK_RTC, "rtc", rows[i].rtc);
		clock_decide(&f, &d);
		if (d.action != rows[i].action || d.set_sec != year(rows[i].set) ||
		    strcmp(d.from->source, rows[i].by) != 0 ||
		    d.verdict[RTC] != rows[i].rtc_verdict ||
		    d.verdict[OURS] != rows[i].ours_verdict)
			fail_msg("%s: %s to %s by %s, rtc %s, saved %s", rows[i].name,
				 clock_action_name(d.action), clock_text(d.set_sec, text),
				 d.from->source, clock_verdict_name(d.verdict[RTC]),
				 clock_verdict_name(d.verdict[OURS]));
		assert_true(d.floor_sec >= d.anchor_sec && d.floor_sec <= d.limit_sec);
		assert_true(d.ceiling_sec <= CLOCK_LATEST_SEC);
	}
}

/* The next decision, on the clock that this one has set, keeps it. */
static void test_settles(void **state)
{
	struct clock_facts f = { 0 };
	struct clock_decision d;

	(void)state;
	add(&f, CLOCK_ANCHOR, "build", 2026);
	add(&f, CLOCK_SAVED, "saved", 2030);
	for (double now = 1970; now < 2230; now += 0.7)
		for (double rtc = 1971; rtc < 2200; rtc += 3.1) {
			f.n = 2;
			add(&f, CLOCK_RTC, "rtc", rtc);
			f.now_sec = year(now);
			clock_decide(&f, &d);
			if (d.action != CLOCK_KEEP)
				f.now_sec = d.set_sec;
			assert_true(f.now_sec >= d.floor_sec && f.now_sec <= d.ceiling_sec);
			clock_decide(&f, &d);
			assert_int_equal(d.action, CLOCK_KEEP);
		}
}

/* An RTC says whole seconds: the clock that was set from it is not set again for less; a floor is. */
static void test_steps(void **state)
{
	struct clock_facts f = { 0 };
	struct clock_decision d;

	(void)state;
	add(&f, CLOCK_ANCHOR, "build", 2026);
	add(&f, CLOCK_RTC, "rtc", 2030);
	for (int64_t behind = 0; behind < 4; behind++) {
		f.now_sec = year(2030) - behind;
		clock_decide(&f, &d);
		assert_int_equal(d.action, behind < 2 ? CLOCK_KEEP : CLOCK_FORWARD);
	}
	f.candidate[1].sec = year(2026);
	f.now_sec = year(2026) - 1;
	clock_decide(&f, &d);
	assert_int_equal(d.action, CLOCK_FORWARD);
}

/* A machine that has been up for longer than its build is old: the kernel would refuse. */
static void test_uptime(void **state)
{
	struct clock_facts f = { .now_sec = 5 };
	struct clock_decision d;

	(void)state;
	add(&f, CLOCK_ANCHOR, "build", 1970);
	f.candidate[0].sec = 100;
	f.uptime_sec = 99;
	clock_decide(&f, &d);
	assert_int_equal(d.action, CLOCK_FORWARD);
	f.uptime_sec = 100;
	clock_decide(&f, &d);
	assert_int_equal(d.action, CLOCK_KEEP);
}

static void test_no_candidates(void **state)
{
	struct clock_facts f = { .now_sec = year(2100), .uptime_sec = 3 };
	struct clock_decision d;

	(void)state;
	clock_decide(&f, &d);
	assert_int_equal(d.action, CLOCK_KEEP);
	assert_null(d.from);
}

static void test_may_save(void **state)
{
	static const struct {
		double now, saved, booted;
		enum clock_refusal refusal;
	} saves[] = {
		{ 2030, NO, NO, CLOCK_SAVE },
		{ 2030, 2029, NO, CLOCK_SAVE },
		{ 2026, NO, NO, CLOCK_SAVE },
		{ 2041, NO, NO, CLOCK_SAVE },
		{ 2025.9, NO, NO, CLOCK_TOO_EARLY },
		{ 1970.1, 2030, 2030, CLOCK_TOO_EARLY },
		{ 2041.1, NO, NO, CLOCK_TOO_LATE },
		{ 2041.1, 2040, 2040, CLOCK_TOO_LATE },
		{ 2099, 2098, 2098, CLOCK_TOO_LATE },
		/* Set back on purpose … */
		{ 2030, 2039, 2039, CLOCK_SAVE },
		{ 2030, 2039, 2040, CLOCK_SAVE },
		/* … or the saved clock was not to be had at boot. */
		{ 2030, 2039, 2026, CLOCK_UNSEEN },
		{ 2030, 2039, NO, CLOCK_UNSEEN },
		/* What no boot would believe is no loss. */
		{ 2030, 2099, 2026, CLOCK_SAVE },
	};
	struct clock_decision d = { .anchor_sec = year(2026), .limit_sec = year(2041) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(saves); i++) {
		enum clock_refusal got = clock_may_save(
			&d, year(saves[i].now), saves[i].saved == NO ? -1 : year(saves[i].saved),
			saves[i].booted == NO ? -1 : year(saves[i].booted));

		if (got != saves[i].refusal)
			fail_msg("%g, saved %g, booted %g: %d", saves[i].now, saves[i].saved,
				 saves[i].booted, (int)got);
	}
}

/* Two hours ahead, in a file of the first version: "TZif", no times, one type, four letters. */
static const unsigned char zone[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
				    "\0\0\x1c\x20\0\0ABC";

static void test_local_time(void **state)
{
	struct clock_facts f = { .zone = (const char *)zone, .zone_len = sizeof(zone) };

	(void)state;
	assert_int_equal(clock_to_local(&f, 1000000), 1007200);
	assert_int_equal(clock_to_utc(&f, 1007200), 1000000);
	f.zone_len--;
	assert_int_equal(clock_to_local(&f, 1000000), 1000000);
	f.zone = NULL;
	assert_int_equal(clock_to_utc(&f, 1007200), 1007200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_settles),
		cmocka_unit_test(test_steps),	      cmocka_unit_test(test_uptime),
		cmocka_unit_test(test_no_candidates), cmocka_unit_test(test_may_save),
		cmocka_unit_test(test_local_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
