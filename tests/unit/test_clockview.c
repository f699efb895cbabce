/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/clockview.h"
#include "init/version.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/* state/ and run/ of a system that runs; its disks are nobody's (tests/apply has real ones). */
static struct scratch s;
static struct arena a = ARENA_INIT;
static struct clock_view v;
static struct clock_paths paths;
static char names[4][300];
static int fds;

static void look(void)
{
	clock_open(&v, &fakesys, &a, &paths);
	v.state = openat(s.fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	v.state_point = "/mnt/state";
}

static void again(void)
{
	clock_close(&v);
	look();
}

static int setup(void **state)
{
	static const char *const dirs[] = { "sys", "run", "root", "state" };

	(void)state;
	scratch_make(&s, "/dev/shm");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		put_dir(s.fd, dirs[i]);
		(void)snprintf(names[i], sizeof(names[i]), "%s/%s", s.path, dirs[i]);
	}
	paths = (struct clock_paths){
		.running = { .sys = names[0],
			     .dev = names[0],
			     .mountinfo = "/dev/null",
			     .run_dir = names[1],
			     .layout = "/nonexistent" },
		.root = names[2],
	};
	fakesys_reset(s.path);
	fds = fakesys_open_fds();
	look();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_close(&v);
	arena_free(&a);
	assert_int_equal(fakesys_open_fds(), fds);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void assert_refused(const char *text)
{
	const char *why = clock_refusal(&v);

	assert_non_null(why);
	if (!strstr(why, text))
		fail_msg("\"%s\" does not say \"%s\"", why, text);
}

static void test_save(void **state)
{
	(void)state;
	v.facts.now_sec = INT64_C(2208988800);
	assert_null(clock_refusal(&v));
	assert_int_equal(clock_save(&v, NULL), 0);
	assert_string_equal(get_text(s.fd, "state/anteroot/clock"), "2040-01-01 00:00:00\n");
	assert_int_equal(get_mode(s.fd, "state/anteroot"), 0700);
	assert_true(fakesys_find("fsync /state/anteroot/.clock.anteroot", 0) <
		    fakesys_find("renameat ", 0));
	assert_string_equal(get_text(s.fd, "run/clock"), "2040-01-01 00:00:00\n");
}

static void test_refused(void **state)
{
	(void)state;
	v.read_only = true;
	assert_refused("/mnt/state is mounted read-only");
	close(v.state);
	v.state = -1;
	assert_refused("the state partition is not mounted");
	again();
	v.facts.now_sec = 100000;
	assert_refused("it is 1970-01-02T03:46:40Z, before 20");
	/* rtc-ratchet */
	v.facts.now_sec = INT64_C(4102444800);
	assert_refused("it is 2100-01-01T00:00:00Z, later than 204");
	assert_int_equal(fakesys_calls(), 0);
}

/* A clock that never had the saved time does not take its place; one that was set back on purpose does. */
static void test_earlier_than_saved(void **state)
{
	int64_t later = v.facts.now_sec + 1000000;
	char text[200];

	(void)state;
	put_dir(s.fd, "state/anteroot");
	assert_int_equal(clock_write(&fakesys, v.state, CLOCK_SAVED_PATH, later, NULL), 0);
	assert_refused(", and this boot did not have that");
	(void)snprintf(text, sizeof(text), "{\"clock\": {\"start\": {\"floor_sec\": %lld}}}",
		       (long long)later - 1);
	put_text(s.fd, "run/report.json", text, 0644);
	again();
	assert_refused(", and this boot did not have that");
	(void)snprintf(
		text, sizeof(text),
		"{\"clock\": {\"start\": {\"floor_sec\": 7}, \"target\": {\"floor_sec\": %lld}}}",
		(long long)later);
	put_text(s.fd, "run/report.json", text, 0644);
	again();
	assert_int_equal(v.booted_sec, later);
	assert_null(clock_refusal(&v));
	/* It was to be set, and could not. */
	(void)snprintf(text, sizeof(text),
		       "{\"clock\": {\"target\": {\"floor_sec\": %lld, \"failed\": \"x\"}}}",
		       (long long)later);
	put_text(s.fd, "run/report.json", text, 0644);
	again();
	assert_refused(", and this boot did not have that");
	/* Saved in this very boot, before a server set the clock back. */
	assert_int_equal(clock_save(&(struct clock_view){ .sys = &fakesys,
							  .paths = &paths,
							  .state = v.state,
							  .facts.now_sec = later },
				    NULL),
			 0);
	again();
	assert_null(clock_refusal(&v));
	/* Torn: it is no time, and no loss. */
	assert_int_equal(unlinkat(s.fd, "run/clock", 0), 0);
	put_text(s.fd, "state/anteroot/clock", "2040-01-", 0644);
	again();
	assert_null(clock_refusal(&v));
}

/* What the initramfs had counts, although it is gone. */
static void test_anchor_of_the_boot(void **state)
{
	(void)state;
	assert_int_equal(v.decision.anchor_sec, anteroot_build_epoch_sec);
	put_text(s.fd, "run/report.json", "{\"clock\": {\"target\": {\"anchor_sec\": 2208988800}}}",
		 0644);
	again();
	assert_int_equal(v.decision.anchor_sec, INT64_C(2208988800));
	assert_refused("before 2040-01-01T00:00:00Z");
	put_text(s.fd, "run/report.json", "{\"clock\": ", 0644);
	again();
	assert_null(v.boot);
	assert_int_equal(v.decision.anchor_sec, anteroot_build_epoch_sec);
}

/* Each call fails in turn: it is said, what was saved is whole, and nothing is left over. */
static void test_each_call_fails(void **state)
{
	unsigned int calls;

	(void)state;
	v.facts.now_sec = INT64_C(2208988800);
	assert_int_equal(clock_save(&v, NULL), 0);
	v.facts.now_sec++;
	fakesys_reset(s.path);
	assert_int_equal(clock_save(&v, NULL), 0);
	calls = fakesys_calls();
	assert_true(calls > 6);
	for (unsigned int nth = 1; nth <= calls; nth++) {
		struct reason r = REASON_INIT;
		const char *line, *text;
		int err;

		v.facts.now_sec++;
		fakesys_reset(s.path);
		fakesys_fail_nth(nth, EROFS);
		err = clock_save(&v, &r);
		line = fakesys_line(nth - 1);
		text = get_text(s.fd, "state/anteroot/clock");
		assert_int_equal(strlen(text), 20);
		if (strstr(line, " /run"))
			assert_int_equal(err, 0); /* only helps */
		else if (err != -EROFS || !r.verb)
			fail_msg("%s: %d", line, err);
		assert_false(is_there(s.fd, "state/anteroot/.clock.anteroot") &&
			     strncmp(line, "unlinkat", 8) != 0);
	}
}

/* The power goes after each call: there is the old time or the new one. */
static void test_power_cut(void **state)
{
	unsigned int calls;

	(void)state;
	v.facts.now_sec = INT64_C(2208988800);
	assert_int_equal(clock_save(&v, NULL), 0);
	calls = fakesys_calls();
	for (unsigned int n = 0; n <= calls; n++) {
		const char *text;

		v.facts.now_sec = INT64_C(2208988800);
		fakesys_reset(s.path);
		assert_int_equal(clock_save(&v, NULL), 0);
		fakesys_reset(s.path);
		fakesys_cut_after(n);
		v.facts.now_sec++;
		(void)!clock_save(&v, NULL);
		text = get_text(s.fd, "state/anteroot/clock");
		if (strcmp(text, "2040-01-01 00:00:00\n") != 0)
			assert_string_equal(text, "2040-01-01 00:00:01\n");
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_save),
		TEST(test_refused),
		TEST(test_earlier_than_saved),
		TEST(test_anchor_of_the_boot),
		TEST(test_each_call_fails),
		TEST(test_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
