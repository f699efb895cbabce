/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/time.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/clocksources.h"
#include "lib/clocktext.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

/* sys/, image/, target/ and state/ of a machine that is booting. */
static struct scratch s;
static struct arena a = ARENA_INIT;
static struct clock_facts f;
static struct clock_places places;
static char sys_path[300];

static int setup(void **state)
{
	static const char *const dirs[] = {
		"sys",
		"sys/class",
		"sys/class/rtc",
		"image",
		"image/etc",
		"image/usr",
		"image/usr/lib",
		"target",
		"target/etc",
		"target/etc/fake-hwclock",
		"target/usr",
		"target/usr/lib",
		"target/var",
		"target/var/lib",
		"target/var/lib/private",
		"target/var/lib/systemd",
		"target/var/lib/systemd/timesync",
		"state",
		"state/anteroot",
		"state/root-overlay",
		"state/root-overlay/etc",
		"state/root-overlay/etc/fake-hwclock",
	};

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	(void)snprintf(sys_path, sizeof(sys_path), "%s/sys", s.path);
	places = (struct clock_places){
		.sys = sys_path,
		.image = openat(s.fd, "image", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.target = openat(s.fd, "target", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.state = openat(s.fd, "state", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(places.image);
	close(places.target);
	close(places.state);
	arena_free(&a);
	scratch_remove(&s);
	return 0;
}

static void ask(void)
{
	int before = fakesys_open_fds();

	f = (struct clock_facts){ 0 };
	clock_sources(&a, &places, &f);
	assert_true(f.seen);
	assert_int_equal(before, fakesys_open_fds());
}

/* The one with this source that is there, or the first. */
static const struct clock_candidate *get(const char *source)
{
	const struct clock_candidate *found = NULL;

	for (size_t i = 0; i < f.n; i++)
		if (strcmp(f.candidate[i].source, source) == 0 &&
		    (!found || (found->absent && !f.candidate[i].absent)))
			found = &f.candidate[i];
	assert_non_null(found);
	return found;
}

static void assert_time(const char *source, const char *path, const char *time)
{
	const struct clock_candidate *c = get(source);
	char text[CLOCK_TEXT];

	if (c->problem)
		fail_msg("%s: %s", source, c->problem);
	assert_string_equal(clock_text(c->sec, text), time);
	assert_string_equal(c->path, path);
}

static void assert_problem(const char *source, const char *problem, bool absent)
{
	const struct clock_candidate *c = get(source);

	assert_non_null(c->problem);
	assert_string_equal(c->problem, problem);
	assert_int_equal(c->absent, absent);
}

static void put_mtime(const char *path, int64_t sec)
{
	const struct timespec times[2] = { { .tv_sec = (time_t)sec }, { .tv_sec = (time_t)sec } };

	put_text(s.fd, path, "", 0644);
	assert_int_equal(utimensat(s.fd, path, times, 0), 0);
}

static void put_rtc(const char *name, const char *hctosys, const char *since_epoch)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "sys/class/rtc/%s", name);
	put_dir(s.fd, path);
	(void)snprintf(path, sizeof(path), "sys/class/rtc/%s/hctosys", name);
	if (hctosys)
		put_text(s.fd, path, hctosys, 0444);
	(void)snprintf(path, sizeof(path), "sys/class/rtc/%s/since_epoch", name);
	if (since_epoch)
		put_text(s.fd, path, since_epoch, 0444);
}

static void test_nothing_is_there(void **state)
{
	int64_t now = clock_realtime_usec() / 1000000;

	(void)state;
	ask();
	assert_int_equal(f.n, 15);
	for (size_t i = 0; i < f.n; i++) {
		assert_true(f.candidate[i].absent);
		assert_non_null(f.candidate[i].problem);
	}
	assert_problem("rtc", "there is none", true);
	assert_problem("saved", "No such file or directory", true);
	assert_true(f.now_sec >= now && f.now_sec < now + 60);
	assert_true(f.uptime_sec > 0);
	assert_false(f.local || f.ahead);
}

/* Early in the boot there is nothing but the initramfs and the RTC. */
static void test_places_that_are_not_there(void **state)
{
	struct clock_places early = {
		.sys = "/nonexistent", .image = -1, .target = -1, .state = -1
	};

	(void)state;
	f = (struct clock_facts){ 0 };
	clock_sources(&a, &early, &f);
	assert_int_equal(f.n, 1);
	assert_problem("rtc", "there is none", true);
	early.image = places.image;
	f = (struct clock_facts){ 0 };
	clock_sources(&a, &early, &f);
	assert_int_equal(f.n, 3);
}

static void test_all_sources(void **state)
{
	(void)state;
	put_text(s.fd, "image/etc/timestamp", "20260101000000\n", 0644);
	put_mtime("image/usr/lib/clock-epoch", 1800000000);
	put_text(s.fd, "target/etc/timestamp", "20180309123456", 0644);
	put_mtime("target/usr/lib/clock-epoch", INT64_C(2208988800)); /* behind 2038 */
	put_mtime("target/var/lib/systemd/timesync/clock", INT64_C(2208988801));
	put_text(s.fd, "target/etc/fake-hwclock.data", "2039-12-31 23:59:59\n", 0644);
	put_text(s.fd, "state/anteroot/clock", "2040-01-01 00:00:00\n", 0644);
	put_rtc("rtc0", "1\n", "2208988802\n");
	ask();
	assert_time("image-timestamp", "/etc/timestamp", "2026-01-01T00:00:00Z");
	assert_time("image-epoch", "/usr/lib/clock-epoch", "2027-01-15T08:00:00Z");
	assert_time("timestamp", "/etc/timestamp", "2018-03-09T12:34:56Z");
	assert_int_equal(get("timestamp")->sec, 1520598896);
	assert_time("epoch", "/usr/lib/clock-epoch", "2040-01-01T00:00:00Z");
	assert_time("timesyncd", "/var/lib/systemd/timesync/clock", "2040-01-01T00:00:01Z");
	assert_time("fake-hwclock", "/etc/fake-hwclock.data", "2039-12-31T23:59:59Z");
	assert_time("saved", "/anteroot/clock", "2040-01-01T00:00:00Z");
	assert_time("rtc", get("rtc")->path, "2040-01-01T00:00:02Z");
	assert_non_null(strstr(get("rtc")->path, "/sys/class/rtc/rtc0"));
	assert_int_equal(get("image-timestamp")->kind, CLOCK_ANCHOR);
	assert_int_equal(get("image-epoch")->kind, CLOCK_ANCHOR);
	assert_int_equal(get("timestamp")->kind, CLOCK_SAVED);
	assert_int_equal(get("epoch")->kind, CLOCK_SAVED);
	assert_int_equal(get("rtc")->kind, CLOCK_RTC);
}

/* balenaOS: what its root writes is in root-overlay of the state partition. */
static void test_overlay_of_the_state(void **state)
{
	(void)state;
	put_text(s.fd, "state/root-overlay/etc/fake-hwclock/fake-hwclock.data",
		 "2030-01-01 00:00:00\n", 0644);
	ask();
	assert_time("fake-hwclock", "/root-overlay/etc/fake-hwclock/fake-hwclock.data",
		    "2030-01-01T00:00:00Z");
}

/* A link of an older timesyncd; never out of the root. */
static void test_links(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(s.fd, "target/var/lib/systemd/timesync", AT_REMOVEDIR), 0);
	put_dir(s.fd, "target/var/lib/private/timesync");
	put_link(s.fd, "target/var/lib/systemd/timesync", "/var/lib/private/timesync");
	put_mtime("target/var/lib/private/timesync/clock", 1800000000);
	put_link(s.fd, "target/etc/timestamp", "../../image/etc/timestamp");
	put_text(s.fd, "image/etc/timestamp", "20260101000000\n", 0644);
	ask();
	assert_time("timesyncd", "/var/lib/systemd/timesync/clock", "2027-01-15T08:00:00Z");
	assert_true(get("timestamp")->absent);
}

static void test_what_is_no_time(void **state)
{
	static const char *const bad[] = {
		"",
		"2026010100000\n",
		"202601010000000\n",
		"20261301000000\n",
		"2026-01-01 00:00:00\n",
		"20260101000000\n\n",
		"20260101000000 \n",
		"garbage",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_text(s.fd, "target/etc/timestamp", bad[i], 0644);
		put_text(s.fd, "state/anteroot/clock", bad[i], 0644);
		ask();
		assert_problem("timestamp", "expected YYYYMMDDhhmmss, UTC", false);
		if (!strchr(bad[i], '-'))
			assert_problem("saved", "expected YYYY-MM-DD hh:mm:ss, UTC", false);
	}
	put_bytes(s.fd, "target/etc/timestamp", "20260101000000\0", 15, 0644);
	ask();
	assert_problem("timestamp", "expected YYYYMMDDhhmmss, UTC", false);
	put_text(s.fd, "target/etc/timestamp", "99991231235959\n", 0644);
	ask();
	assert_problem("timestamp", "no time that the kernel takes", false);
	put_mtime("target/usr/lib/clock-epoch", -5);
	ask();
	assert_problem("epoch", "no time that the kernel takes", false);
	put_dir(s.fd, "target/etc/fake-hwclock.data");
	assert_int_equal(mkfifoat(s.fd, "target/etc/fake-hwclock/fake-hwclock.data", 0600), 0);
	ask();
	assert_problem("fake-hwclock", "Is a directory", false);
}

static void test_which_rtc(void **state)
{
	(void)state;
	put_rtc("rtc1", "0\n", "1800000001\n");
	ask();
	assert_problem("rtc", "there is none", true); /* rtc1 is nobody's clock */
	put_rtc("rtc0", NULL, "1800000000\n");
	ask();
	assert_int_equal(get("rtc")->sec, 1800000000);
	put_text(s.fd, "sys/class/rtc/rtc1/hctosys", "1\n", 0444);
	ask();
	assert_int_equal(get("rtc")->sec, 1800000001);
}

/* read(2) of pagemap says EINVAL for a length that is not a multiple of 8, as the driver does for a lost time. */
static void test_rtc_that_has_lost_its_time(void **state)
{
	(void)state;
	put_rtc("rtc0", "1\n", NULL);
	put_link(s.fd, "sys/class/rtc/rtc0/since_epoch", "/proc/self/pagemap");
	ask();
	assert_problem("rtc", "it has lost its time", true);
}

static void test_rtc_that_cannot_be_read(void **state)
{
	static const char *const bad[] = { "", "x\n", "12x\n" };

	(void)state;
	put_rtc("rtc0", "1\n", NULL);
	ask();
	assert_problem("rtc", "No such file or directory",
		       true); /* a kernel without the attribute */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_text(s.fd, "sys/class/rtc/rtc0/since_epoch", bad[i], 0644);
		ask();
		assert_problem("rtc", "Input/output error", false);
	}
	put_text(s.fd, "sys/class/rtc/rtc0/since_epoch", "-1\n", 0644);
	ask();
	assert_problem("rtc", "no time that the kernel takes", false);
}

/* Two hours ahead. */
static const char zone[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
			   "\0\0\x1c\x20\0\0ABC";

static void test_adjtime(void **state)
{
	static const struct {
		const char *text;
		bool local;
	} rows[] = {
		{ "0.0 0 0.0\n0\nLOCAL\n", true },
		{ "0.0 0 0.0\n0\nLOCAL", true },
		{ "0.0 0 0.0\r\n0\r\nLOCAL\r\n", true },
		{ "0.0 0 0.0\n0\nUTC\n", false },
		{ "0.0 0 0.0\nLOCAL\n", false },
		{ "0.0 0 0.0\n0\n\nLOCAL\n", false },
		{ "0.0 0 0.0\n0\nLOCALE\n", false },
		{ "0.0 0 0.0\n0\nlocal\n", false },
		{ "LOCAL\n", false },
		{ "", false },
	};
	int64_t now;

	(void)state;
	put_rtc("rtc0", "1\n", "1800007200\n");
	put_bytes(s.fd, "target/etc/localtime", zone, sizeof(zone), 0644);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_text(s.fd, "target/etc/adjtime", rows[i].text, 0644);
		now = clock_realtime_usec() / 1000000;
		ask();
		if (f.local != rows[i].local)
			fail_msg("\"%s\": local %d", rows[i].text, (int)f.local);
		assert_int_equal(f.ahead, f.local);
		assert_int_equal(get("rtc")->sec, f.local ? 1800000000 : 1800007200);
		assert_true(f.now_sec + (f.local ? 7200 : 0) - now < 60);
		assert_true(f.now_sec + (f.local ? 7200 : 0) >= now);
	}
	/* In the system that runs the clock is UTC already. */
	put_text(s.fd, "target/etc/adjtime", rows[0].text, 0644);
	places.running = true;
	now = clock_realtime_usec() / 1000000;
	ask();
	assert_true(f.local && !f.ahead);
	assert_true(f.now_sec >= now);
	/* Without a zone, or with a bad one, it is UTC. */
	put_text(s.fd, "target/etc/localtime", "TZif", 0644);
	ask();
	assert_int_equal(get("rtc")->sec, 1800007200);
	assert_int_equal(unlinkat(s.fd, "target/etc/localtime", 0), 0);
	ask();
	assert_true(f.local);
	assert_int_equal(get("rtc")->sec, 1800007200);
}

static void test_too_many(void **state)
{
	(void)state;
	f = (struct clock_facts){ 0 };
	for (int i = 0; i < CLOCK_CANDIDATES_MAX + 3; i++)
		assert_non_null(clock_add(&f, CLOCK_ANCHOR, "x", NULL));
	assert_int_equal(f.n, CLOCK_CANDIDATES_MAX);
	ask();
	f = (struct clock_facts){ 0 };
	(void)clock_add(&f, CLOCK_ANCHOR, "x", NULL);
	(void)clock_add(&f, CLOCK_ANCHOR, "y", NULL);
	clock_sources(&a, &places, &f);
	assert_true(f.n < CLOCK_CANDIDATES_MAX); /* the RTC is the last one: it must not be lost */
}

static void test_write_and_read(void **state)
{
	int64_t sec;

	(void)state;
	fakesys_reset(s.path);
	assert_int_equal(
		clock_write(&fakesys, places.state, CLOCK_SAVED_PATH, INT64_C(2208988800), NULL),
		0);
	assert_string_equal(get_text(s.fd, "state/anteroot/clock"), "2040-01-01 00:00:00\n");
	assert_int_equal(clock_read(places.state, CLOCK_SAVED_PATH, &sec), 0);
	assert_int_equal(sec, INT64_C(2208988800));
	assert_int_equal(clock_read(places.state, "/none", &sec), -ENOENT);
	assert_int_equal(clock_read(places.target, "/etc", &sec), -EISDIR);
	fakesys_reset(NULL);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_there),
		TEST(test_places_that_are_not_there),
		TEST(test_all_sources),
		TEST(test_overlay_of_the_state),
		TEST(test_links),
		TEST(test_what_is_no_time),
		TEST(test_which_rtc),
		TEST(test_rtc_that_has_lost_its_time),
		TEST(test_rtc_that_cannot_be_read),
		TEST(test_adjtime),
		TEST(test_too_many),
		TEST(test_write_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
