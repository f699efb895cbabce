/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/applets.h"
#include "init/health.h"
#include "tests/unit/runs.h"

/* The verdict, with programs that are pretended. */

static struct runs m;
static char dirs[2][300], systemd[300], systemctl[300];
static struct health_paths paths;
static int systemctl_status;
static char seen[4096]; /* environment of the last check */

static int script(const char *path, char *const argv[], char *const envp[], struct sys_end *end)
{
	const char *name = strrchr(path, '/') + 1;

	(void)argv;
	if (strcmp(name, "systemctl") == 0) {
		end->status = systemctl_status;
		return 0;
	}
	seen[0] = '\0';
	for (size_t i = 0; envp[i]; i++)
		if (strncmp(envp[i], "ANTEROOT_", 9) == 0)
			(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ",
				       envp[i] + 9);
	end->status = strncmp(name, "bad", 3) == 0;
	end->timed_out = strcmp(name, "late") == 0;
	return strcmp(name, "broken") == 0 ? -EAGAIN : 0;
}

static void put_check(const char *name)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "etc/%s", name);
	put_text(m.s.fd, path, "", 0755);
}

/* Slot A is a candidate in its first attempt, and B is good. */
static void try_a(enum ab_state other)
{
	struct reason r = REASON_INIT, crumbs;
	static struct bootstate b;
	struct ab_record rec;

	assert_int_equal(bootstate_open(&b, &sys_real, &m.a, &m.paths, BOOTSTATE_CHANGE, &r), 0);
	ab_blank(AB_B, &rec);
	rec.slot[AB_A] = (struct ab_slot){ .state = AB_TRYING, .tries = 3, .attempts = 1 };
	rec.slot[AB_B].state = other;
	rec.transaction = 7;
	rec.booted = AB_A;
	memcpy(rec.boot_id, b.who.boot_id, sizeof(rec.boot_id));
	assert_int_equal(bootstate_store(&b, &rec, &crumbs, &r), 0);
	bootstate_close(&b);
	runs_tell(&m, 7, true);
}

static const struct ab_slot *slot_a(void)
{
	struct reason r = REASON_INIT;
	static struct bootstate b;

	assert_int_equal(bootstate_open(&b, &sys_real, &m.a, &m.paths, BOOTSTATE_READ, &r), 0);
	bootstate_close(&b);
	return &b.found.record.slot[AB_A];
}

static int setup(void **state)
{
	(void)state;
	runs_make(&m);
	(void)snprintf(dirs[0], sizeof(dirs[0]), "%s/etc", m.s.path);
	(void)snprintf(dirs[1], sizeof(dirs[1]), "%s/usr", m.s.path);
	(void)snprintf(systemd, sizeof(systemd), "%s/systemd", m.s.path);
	(void)snprintf(systemctl, sizeof(systemctl), "%s/systemctl", m.s.path);
	paths = (struct health_paths){
		&m.paths, { dirs[0], dirs[1] }, systemd, { "/nonexistent/systemctl", systemctl }
	};
	put_dir(m.s.fd, "etc");
	put_text(m.s.fd, "systemctl", "", 0755);
	systemctl_status = 0;
	runs_configure(&m, RUNS_STATE ", \"watchdogSeconds\": 60, \"health\": "
				      "{\"windowSeconds\": 0}");
	try_a(AB_GOOD);
	fakesys_reset(m.s.path);
	fakesys_run_script(script);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	runs_remove(&m);
	return 0;
}

static int run(bool dry_run)
{
	int status, before = fakesys_open_fds();

	status = health(&fakesys, &m.a, &paths, dry_run);
	assert_int_equal(fakesys_open_fds(), before);
	return status;
}

static void test_passes(void **state)
{
	(void)state;
	put_check("good");
	assert_int_equal(run(false), EXIT_DONE);
	assert_string_equal(seen, "SLOT=A CANDIDATE=1 VERSION= TRANSACTION=7 ATTEMPTS=1 TRIES=3 "
				  "ROUND=1 ");
	assert_int_equal(slot_a()->state, AB_GOOD);
	assert_true(fakesys_find("watchdog_stop /dev/watchdog", 0) >= 0);
	assert_int_equal(fakesys_count("reboot"), 0);
}

static void test_dry_run_touches_nothing(void **state)
{
	(void)state;
	put_check("good");
	assert_int_equal(run(true), EXIT_DONE);
	put_check("bad");
	assert_int_equal(run(true), EXIT_NO);
	assert_int_equal(fakesys_count("open /dev/watchdog"), 0);
	assert_int_equal(slot_a()->state, AB_TRYING);
}

static void test_fails(void **state)
{
	static const char *const checks[] = { "bad", "late", "broken" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		put_check(checks[i]);
		fakesys_reset(m.s.path);
		fakesys_run_script(script);
		assert_int_equal(run(false), EXIT_NO);
		assert_int_equal(slot_a()->bad, AB_BAD_HEALTH);
		/* There is no systemd. The watchdog guards the reboot. */
		assert_int_equal(fakesys_count("watchdog_stop"), 0);
		assert_true(fakesys_find("sync", 0) < fakesys_find("reboot 0x1234567", 0));
		assert_int_equal(fakesys_count("reboot"), 1);
		try_a(AB_GOOD);
		assert_int_equal(unlinkat(m.s.fd, "etc", 0) < 0, 1);
		runs_shell(&m, "rm etc/*");
	}
}

static void test_systemd_reboots(void **state)
{
	(void)state;
	put_check("bad");
	put_dir(m.s.fd, "systemd");
	assert_int_equal(run(false), EXIT_NO);
	assert_int_equal(fakesys_count("reboot"), 0);
	assert_true(fakesys_find("run_limited 30000 /systemctl systemctl reboot", 0) >= 0 ||
		    strstr(fakesys_log(), "systemctl systemctl reboot"));
	/* It does not want to. */
	try_a(AB_GOOD);
	systemctl_status = 1;
	assert_int_equal(run(false), EXIT_NO);
	assert_int_equal(fakesys_count("reboot"), 1);
}

static void test_other_slot_is_not_good(void **state)
{
	(void)state;
	put_check("bad");
	try_a(AB_EMPTY);
	assert_int_equal(run(false), EXIT_NO);
	assert_int_equal(slot_a()->state, AB_TRYING);
	assert_int_equal(fakesys_count("reboot"), 0);
}

/* The attempt is counted and durable since the boot: what cannot be written now ends it all the same. */
static void test_rejection_cannot_be_stored(void **state)
{
	(void)state;
	put_check("bad");
	fakesys_fail_match("pwrite", EIO);
	assert_int_equal(run(false), EXIT_SYSTEM);
	assert_int_equal(slot_a()->state, AB_TRYING);
	assert_int_equal(fakesys_count("reboot"), 1);
}

static void test_confirmation_cannot_be_stored(void **state)
{
	(void)state;
	fakesys_fail_match("pwrite", EIO);
	assert_int_equal(run(false), EXIT_SYSTEM);
	assert_int_equal(fakesys_count("reboot"), 0);
	assert_int_equal(fakesys_count("watchdog_stop"), 0); /* nobody has said that it is good */
}

static void test_armed_again_meanwhile(void **state)
{
	(void)state;
	put_check("bad");
	runs_tell(&m, 6, true);
	assert_int_equal(run(false), EXIT_NO);
	assert_int_equal(fakesys_count("reboot"), 0);
	assert_int_equal(slot_a()->state, AB_TRYING);
}

/* nowayout: fed until the end, which is the test's here. */
static void test_watchdog_that_cannot_be_stopped(void **state)
{
	(void)state;
	fakesys_fail_match("watchdog_stop", EBUSY);
	fakesys_fail_match("sleep_msec", EINTR);
	assert_int_equal(health(&fakesys, &m.a, &paths, false), EXIT_DONE);
	assert_int_equal(fakesys_count("sleep_msec"), 1);
	assert_int_equal(slot_a()->state, AB_GOOD);
}

static void test_pause_that_fails(void **state)
{
	(void)state;
	runs_configure(&m, RUNS_STATE ", \"health\": {\"windowSeconds\": 600}");
	put_check("bad");
	fakesys_fail_match("sleep_msec", EINTR);
	assert_int_equal(run(false), EXIT_NO);
}

static void test_directory_that_cannot_be_read(void **state)
{
	(void)state;
	put_text(m.s.fd, "usr", "", 0644);
	assert_int_equal(run(false), EXIT_SYSTEM);
	assert_int_equal(slot_a()->state, AB_TRYING);
	assert_int_equal(renameat(m.s.fd, "boot_id", m.s.fd, "x"), 0);
	assert_int_equal(run(false), EXIT_SYSTEM);
	assert_int_equal(renameat(m.s.fd, "x", m.s.fd, "boot_id"), 0);
}

static void test_too_many(void **state)
{
	static struct health_checks list;
	const char *dir;

	(void)state;
	runs_shell(&m, "for i in $(seq 300); do : >etc/$i; chmod +x etc/$i; done");
	assert_int_equal(health_checks_find(&m.a, paths.dirs, 2, &list, &dir), 0);
	assert_true(list.too_many);
	assert_int_equal(list.n, HEALTH_CHECKS_MAX);
	for (size_t i = 1; i < list.n; i++)
		assert_true(strcmp(list.check[i - 1].name, list.check[i].name) < 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_passes),
		CASE(test_dry_run_touches_nothing),
		CASE(test_fails),
		CASE(test_systemd_reboots),
		CASE(test_other_slot_is_not_good),
		CASE(test_rejection_cannot_be_stored),
		CASE(test_confirmation_cannot_be_stored),
		CASE(test_armed_again_meanwhile),
		CASE(test_watchdog_that_cannot_be_stopped),
		CASE(test_pause_that_fails),
		CASE(test_directory_that_cannot_be_read),
		CASE(test_too_many),
	};

	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
