/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/observe.h"
#include "init/version.h"
#include "lib/clock.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/* The initramfs: proc/, sys/, dev/, run/, etc/; target/ is the mounted root. */
static struct scratch s;
static struct boot b; /* too large for the stack */

static const char *const all_mounts[] = { "/proc", "/sys", "/dev", "/run", NULL };

static void start(void)
{
	fakesys_reset(NULL);
	boot_init(&b, &fakesys);
	b.facts.run_dir = arena_printf(&b.arena, "%s/run", s.path);
	b.facts.target_dir = arena_printf(&b.arena, "%s/target", s.path);
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"proc", "sys",	   "sys/bus", "sys/class",    "sys/class/block", "dev",
		"run",	"run/mnt", "etc",     "run/mnt/boot", "target",		 "etc/anteroot"
	};

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	put_text(s.fd, "proc/cmdline", "root=LABEL=resin-rootB anteroot.wait=3 rw\n", 0644);
	start();
	other_root(s.path);
	intercept.mounts = all_mounts;
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

/* Again from the start, in an arena with so many units. */
static int observe_short_of_memory(enum stage stage, unsigned int units)
{
	int err;

	memory_runs_out(&b.arena, units, NO_BLOCKS);
	err = observe(&b, stage);
	memory_is_back();
	return err;
}

static bool warned(const char *text)
{
	for (size_t i = 0; i < b.report.n_warnings; i++)
		if (strstr(b.report.warning[i].text, text))
			return true;
	return false;
}

static void test_nothing_is_mounted_yet(void **state)
{
	(void)state;
	intercept.mounts = NULL;
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	for (size_t i = 0; i < API_FS_COUNT; i++)
		assert_false(b.facts.api_mounted[i]);
	assert_false(b.cmdline_read);
	assert_false(b.devices_seen);
	assert_null(b.facts.args.root);
	assert_int_equal(fakesys_calls(), 0); /* no /dev/kmsg */
}

static void test_root_that_cannot_be_seen(void **state)
{
	(void)state;
	other_root("/nonexistent");
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	for (size_t i = 0; i < API_FS_COUNT; i++)
		assert_false(b.facts.api_mounted[i]);
}

static void test_early(void **state)
{
	int64_t before = clock_monotonic_usec() / 1000, real = clock_realtime_usec();

	(void)state;
	b.facts.modules.n = 7; /* of a round before */
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	for (size_t i = 0; i < API_FS_COUNT; i++)
		assert_true(b.facts.api_mounted[i]);
	assert_int_equal(b.facts.modules.n, 0);
	assert_string_equal(b.facts.args.root, "LABEL=resin-rootB");
	assert_true(b.facts.args.rw);
	assert_true(b.facts.deadline_msec >= before + 3000 &&
		    b.facts.deadline_msec < before + 33000);
	assert_true(b.facts.now_msec >= before);
	assert_true(b.facts.realtime_usec >= real);
	assert_true(b.devices_seen);
	assert_int_equal(fakesys_count("open /dev/kmsg"), 1);
	assert_int_equal(b.report.n_warnings, b.uevent_lost ? 1 : 0);
}

/* Once read, the command line and the layout stay: the deadline does not move. */
static void test_early_again(void **state)
{
	int64_t deadline;

	(void)state;
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	deadline = b.facts.deadline_msec;
	put_text(s.fd, "proc/cmdline", "root=/dev/sda1 anteroot.wait=1000\n", 0644);
	put_text(s.fd, "etc/anteroot/anteroot.json", "{ \"waitSeconds\": 500 }", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_int_equal(b.facts.deadline_msec, deadline);
	assert_string_equal(b.facts.args.root, "LABEL=resin-rootB");
	assert_int_equal(b.facts.layout.wait_msec, layout_default.wait_msec);
}

static void test_layout_gives_the_wait(void **state)
{
	(void)state;
	put_text(s.fd, "etc/anteroot/anteroot.json", "{ \"waitSeconds\": 5 }", 0644);
	put_text(s.fd, "proc/cmdline", "quiet", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_int_equal(b.facts.args.wait_msec, 5000);
	assert_true(b.facts.args.quiet);
	/* The command line has the last word. */
	(void)teardown(NULL);
	(void)setup(NULL);
	put_text(s.fd, "etc/anteroot/anteroot.json", "{ \"waitSeconds\": 5 }", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_int_equal(b.facts.args.wait_msec, 3000);
}

static void test_bad_layout(void **state)
{
	(void)state;
	put_text(s.fd, "etc/anteroot/anteroot.json", "{ \"waitSeconds\": \"5\" }", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_true(warned("unable to use waitSeconds: expected 0 to 3600 seconds"));
	assert_true(warned("; the default layout holds"));
	assert_int_equal(b.facts.layout.wait_msec, layout_default.wait_msec);
}

static void test_layout_is_a_directory(void **state)
{
	(void)state;
	put_dir(s.fd, "etc/anteroot/anteroot.json");
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_true(
		warned("unable to read " LAYOUT_PATH ": Is a directory; the default layout holds"));
}

static void test_arguments_that_are_wrong(void **state)
{
	(void)state;
	put_text(s.fd, "proc/cmdline", "panic=soon anteroot.colour=red anteroot.log=loud rw", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_true(warned("kernel command line: panic=soon: expected "));
	assert_true(warned("kernel command line: anteroot.colour is not known to anteroot"));
	assert_true(warned("kernel command line: anteroot.log=loud: expected "));
	assert_true(b.facts.args.rw);
	assert_int_equal(b.log.level, LOG_LEVEL_INFO);
}

static void test_log_level(void **state)
{
	(void)state;
	put_text(s.fd, "proc/cmdline", "anteroot.log=error", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_int_equal(b.log.level, LOG_LEVEL_ERROR);
	(void)teardown(NULL);
	(void)setup(NULL);
	put_text(s.fd, "proc/cmdline", "anteroot.log=debug", 0644);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_int_equal(b.log.level, anteroot_development ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	assert_int_equal(warned("is for development builds"), !anteroot_development);
}

static void test_no_command_line(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(s.fd, "proc/cmdline", 0), 0);
	assert_int_equal(observe(&b, STAGE_EARLY), 0);
	assert_true(warned("unable to read /proc/cmdline: its defaults hold"));
	assert_string_equal(b.facts.args.init, "/sbin/init");
	assert_int_equal(b.facts.args.wait_msec, args_default.wait_msec);
	assert_true(b.facts.deadline_msec > b.facts.now_msec);
}

static void config_is(const char *text, size_t len)
{
	if (text)
		put_bytes(s.fd, "run/mnt/boot/config.json", text, len, 0644);
	b.facts.mounted[PART_BOOT] = "vda1";
}

static void test_config(void **state)
{
	static const char config[] = "{ \"hostname\": \"press-07\", \"persistentLogging\": 7 }";

	(void)state;
	config_is(config, strlen(config));
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_READ);
	assert_string_equal(b.facts.config.hostname, "press-07");
	assert_int_equal(b.facts.config_problems.n, 1);
	/* It is read once. */
	config_is("{}", 2);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_string_equal(b.facts.config.hostname, "press-07");
}

static void test_config_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_NOT_READ); /* no boot partition yet */
	config_is(NULL, 0);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_MISSING);
	assert_null(b.facts.config_error);
}

static void test_bad_config(void **state)
{
	(void)state;
	config_is("{ \"hostname\": ", 14);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_BAD);
	assert_non_null(strstr(b.facts.config_error, "line 1"));
	assert_null(b.facts.config.hostname);
}

static void test_large_config(void **state)
{
	char *large = malloc(CONFIG_MAX_BYTES + 1);

	(void)state;
	memset(large, ' ', CONFIG_MAX_BYTES + 1);
	config_is(large, CONFIG_MAX_BYTES + 1);
	free(large);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_BAD);
	assert_string_equal(b.facts.config_error,
			    "unable to read config.json: it has more than 262144 bytes");
}

static void test_config_is_a_directory(void **state)
{
	(void)state;
	put_dir(s.fd, "run/mnt/boot/config.json");
	config_is(NULL, 0);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_int_equal(b.facts.config_state, CONFIG_BAD);
	assert_string_equal(b.facts.config_error, "unable to read config.json: Is a directory");
}

/* Devices are looked for in the first two stages only, and not before all API mounts are there. */
static void test_stages_that_see_devices(void **state)
{
	(void)state;
	assert_int_equal(observe(&b, STAGE_ROOT), 0);
	assert_false(b.devices_seen);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_false(b.devices_seen);
	b.facts.api_mounted[API_SYS] = true;
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_false(b.devices_seen);
	for (size_t i = 0; i < API_FS_COUNT; i++)
		b.facts.api_mounted[i] = true;
	assert_int_equal(observe(&b, STAGE_ROOT), 0);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_false(b.devices_seen);
	assert_int_equal(observe(&b, STAGE_BOOT), 0);
	assert_true(b.devices_seen);
}

static void fill_target(void)
{
	static const char *const dirs[] = { "target/etc",  "target/etc/udev",
					    "target/home", "target/home/admin",
					    "target/mnt",  "target/mnt/boot" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	put_text(s.fd, "target/etc/hostname", "old\n", 0644);
	put_text(s.fd, "target/etc/passwd", "root:x:0:0:root:/home/admin:/bin/sh\n", 0644);
	put_text(s.fd, "target/etc/group", "root:x:0:\nsystemd-journal:x:101:\n", 0644);
	put_link(s.fd, "target/mnt/data", "../etc/udev");
}

static void assert_place(const char *path, bool exists, bool directory, const char *deepest)
{
	const struct facts_place *place = facts_place(&b.facts, path);

	assert_non_null(place);
	if (place->exists != exists || place->directory != directory)
		fail_msg("%s: exists %d, directory %d", path, place->exists, place->directory);
	assert_string_equal(place->deepest, deepest);
}

static void test_target(void **state)
{
	(void)state;
	fill_target();
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_true(b.facts.target_writable);
	assert_true(b.facts.has_journal_gid);
	assert_int_equal(b.facts.journal_gid, 101);
	assert_string_equal(b.facts.root_home, "/home/admin");
	assert_place("/etc", true, true, "/etc");
	assert_place("/etc/hostname", true, false, "/etc");
	assert_place("/etc/udev/rules.d", false, false, "/etc/udev");
	assert_place("/home/admin", true, true, "/home/admin");
	assert_place("/home/admin/.ssh", false, false, "/home/admin");
	assert_place("/var/log/journal", false, false, "/");
	assert_place("/mnt/boot", true, true, "/mnt/boot");
	assert_place("/mnt/data", true, true, "/mnt/data"); /* a link, followed inside the target */
	assert_place("/mnt/state", false, false, "/mnt");
}

static void test_bare_target(void **state)
{
	(void)state;
	intercept.read_only = b.facts.target_dir;
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_false(b.facts.target_writable);
	assert_false(b.facts.has_journal_gid);
	assert_null(b.facts.root_home);
	assert_null(facts_place(&b.facts, "/root"));
	assert_place("/etc/hostname", false, false, "/");
}

static void test_no_target(void **state)
{
	(void)state;
	b.facts.target_dir = "/nonexistent/target";
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.n_places, 0);
}

/* Memory ends anywhere: it is told, and nothing else happens. */
static void no_memory_in(enum stage stage, unsigned int least)
{
	unsigned int units;
	int err = -ENOMEM;

	for (units = 0; err == -ENOMEM && units < ARENA_UNITS; units++) {
		boot_close(&b);
		start();
		b.facts.mounted[PART_BOOT] = "vda1";
		err = observe_short_of_memory(stage, units);
	}
	assert_int_equal(err, 0);
	if (units <= least)
		fail_msg("stage %d needs no more than %u units", (int)stage, units);
}

static void test_no_memory(void **state)
{
	(void)state;
	fill_target();
	put_text(s.fd, "proc/cmdline", "panic=soon anteroot.colour=red root=LABEL=x", 0644);
	put_text(s.fd, "etc/anteroot/anteroot.json", "{ \"waitSeconds\": \"5\" }", 0644);
	config_is("{ \"hostname\": \"press-07\" ", 25);
	no_memory_in(STAGE_EARLY, 10);
	no_memory_in(STAGE_BOOT, 1);
	no_memory_in(STAGE_TARGET, 20);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_mounted_yet),
		TEST(test_root_that_cannot_be_seen),
		TEST(test_early),
		TEST(test_early_again),
		TEST(test_layout_gives_the_wait),
		TEST(test_bad_layout),
		TEST(test_layout_is_a_directory),
		TEST(test_arguments_that_are_wrong),
		TEST(test_log_level),
		TEST(test_no_command_line),
		TEST(test_config),
		TEST(test_config_is_not_there),
		TEST(test_bad_config),
		TEST(test_large_config),
		TEST(test_config_is_a_directory),
		TEST(test_stages_that_see_devices),
		TEST(test_target),
		TEST(test_bare_target),
		TEST(test_no_target),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
