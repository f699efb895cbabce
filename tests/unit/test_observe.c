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
#include "lib/digest.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/pem.h"
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

/* Again from the start, in an arena with so many units; the plan to look at has three blocks of its own. */
static int observe_short_of_memory(enum stage stage, unsigned int units)
{
	int err;

	memory_runs_out(&b.arena, units, NO_BLOCKS);
	intercept.spare = stage == STAGE_TARGET ? 3 : 0;
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
	assert_null(b.facts.config.hostname); /* its stage comes later */
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.config.state, CONFIG_READ);
	assert_string_equal(b.facts.config.hostname, "press-07");
	assert_int_equal(b.facts.config.entry[1].verdict, VERDICT_REJECTED);
	/* It is read once. */
	config_is("{}", 2);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_string_equal(b.facts.config.hostname, "press-07");
}

static void no_config(const char *error)
{
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.config.state, CONFIG_NONE);
	assert_string_equal(b.facts.config.error, error);
	assert_null(b.facts.config.hostname);
}

static void test_config_is_not_there(void **state)
{
	(void)state;
	config_is(NULL, 0);
	no_config("unable to read config.json: No such file or directory");
}

static void test_no_boot_partition(void **state)
{
	(void)state;
	put_text(s.fd, "run/mnt/boot/config.json", "{}", 0644);
	no_config("unable to read config.json: No such file or directory");
	assert_false(b.facts.connections.readable);
}

static void test_bad_config(void **state)
{
	(void)state;
	config_is("{ \"hostname\": ", 14);
	no_config("unable to parse config.json: line 1, column 15: the text ends where a value is "
		  "expected");
}

static void test_large_config(void **state)
{
	char *large = malloc(CONFIG_MAX_BYTES + 1);

	(void)state;
	memset(large, ' ', CONFIG_MAX_BYTES + 1);
	config_is(large, CONFIG_MAX_BYTES + 1);
	free(large);
	no_config("unable to read config.json: it has more than 262144 bytes");
}

static void test_config_is_a_directory(void **state)
{
	(void)state;
	put_dir(s.fd, "run/mnt/boot/config.json");
	config_is(NULL, 0);
	no_config("unable to read config.json: Is a directory");
}

/* The name has the content's MD5; the younger of two holds. */
static void test_leftover(void **state)
{
	static const char old[] = ".config.json.00000000.beb269d516265813c4ae5beba4d3f0fa.md5sum";
	static const char wrong[] = ".config.json.11111111.00000000000000000000000000000000.md5sum";
	const struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	char name[200], hex[DIGEST_MD5_HEX];

	(void)state;
	config_is("{ \"hostname\": \"to", 17);
	(void)snprintf(name, sizeof(name), "run/mnt/boot/%s", old);
	put_text(s.fd, name, "{\"uuid\":\"u\"}", 0644);
	assert_int_equal(utimensat(s.fd, name, past, 0), 0);
	(void)snprintf(name, sizeof(name), "run/mnt/boot/%s", wrong);
	put_text(s.fd, name, "{ \"hostname\": \"wrong\" }", 0644);
	digest_md5("{ \"hostname\": \"whole\" }", 23, hex);
	(void)snprintf(name, sizeof(name), "run/mnt/boot/.config.json.0123abcd.%s.md5sum", hex);
	put_text(s.fd, name, "{ \"hostname\": \"whole\" }", 0644);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.config.state, CONFIG_LEFTOVER);
	assert_string_equal(b.facts.config.hostname, "whole");
	assert_string_equal(b.facts.config.origin, name + strlen("run/mnt/boot/"));
	assert_non_null(b.facts.config.error);
	/* Without it the older one. */
	assert_int_equal(unlinkat(s.fd, name, 0), 0);
	boot_close(&b);
	start();
	config_is("", 0);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.config.state, CONFIG_LEFTOVER);
	assert_string_equal(b.facts.config.origin, old);
	assert_null(b.facts.config.hostname);
}

static void test_last_known_good(void **state)
{
	(void)state;
	put_dir(s.fd, "run/mnt/state");
	put_dir(s.fd, "run/mnt/state/anteroot");
	put_dir(s.fd, "run/mnt/state/anteroot/system-connections");
	put_text(s.fd, "run/mnt/state/anteroot/config.json", "{ \"hostname\": \"kept\" }", 0600);
	put_text(s.fd, "run/mnt/state/anteroot/system-connections/home", "[connection]\n", 0600);
	b.facts.mounted[PART_STATE] = "vda4";
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.config.state, CONFIG_KEPT);
	assert_string_equal(b.facts.config.hostname, "kept");
	assert_int_equal(b.facts.kept_connections.n, 1);
	assert_string_equal(b.facts.kept_connections.file[0].data, "[connection]\n");
}

static void test_boot_folders(void **state)
{
	(void)state;
	config_is("{}", 2);
	put_dir(s.fd, "run/mnt/boot/system-connections");
	put_dir(s.fd, "run/mnt/boot/system-connections/folder");
	put_dir(s.fd, "run/mnt/boot/splash");
	put_text(s.fd, "run/mnt/boot/system-connections/b", "[connection]\n", 0644);
	put_text(s.fd, "run/mnt/boot/system-connections/a", "x", 0644);
	put_text(s.fd, "run/mnt/boot/system-connections/sample.ignore", "x", 0644);
	assert_int_equal(mkfifoat(s.fd, "run/mnt/boot/system-connections/pipe", 0644), 0);
	put_text(s.fd, "run/mnt/boot/splash/resin-logo.png", "png", 0644);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_true(b.facts.connections.readable);
	assert_int_equal(b.facts.connections.n, 3);
	assert_string_equal(b.facts.connections.file[0].name, "a");
	assert_string_equal(b.facts.connections.file[1].name, "b");
	assert_int_equal(b.facts.connections.file[2].err, -EINVAL);
	assert_string_equal(b.facts.splash.name, "resin-logo.png");
	assert_null(b.facts.splash.data); /* nobody shows it */
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

static void test_target_in_detail(void **state)
{
	static const char manifest[] =
		"anteroot manifest 1\nfile 0123456789012345678901234567890123456789 /etc/hostname\n"
		"block /etc/ssl/certs/ca-certificates.crt\n";

	(void)state;
	fill_target();
	put_text(s.fd, "target/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n", 0644);
	put_dir(s.fd, "target/root");
	put_link(s.fd, "target/root/.ssh", "../etc");
	for (const char *const *d = (const char *const[]){ "target/etc/anteroot", "target/etc/ssl",
							   "target/etc/ssl/certs", NULL };
	     *d; d++)
		put_dir(s.fd, *d);
	put_text(s.fd, "target/etc/anteroot/manifest", manifest, 0600);
	put_text(s.fd, "target/etc/ssl/certs/ca-certificates.crt", "bundle\n", 0644);
	put_text(s.fd, "target/etc/chrony.conf",
		 "# sourcedir /no\nsourcedir\n  sourcedir /etc/chrony/sources.d\nsourcedir\t/run/x "
		 "\n",
		 0644);
	config_is("{ \"ntpServers\": \"a\" }", 21);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_true(facts_place(&b.facts, "/root/.ssh")->link);
	assert_true(facts_place(&b.facts, "/root/.ssh")->directory);
	assert_false(facts_place(&b.facts, "/root")->link);
	assert_int_equal(facts_place(&b.facts, "/root")->mode, 0755);
	assert_int_equal(facts_place(&b.facts, "/root")->uid, geteuid());
	assert_int_equal(b.facts.manifest.n, 2);
	assert_true(b.facts.target.bundle_ours);
	assert_string_equal(b.facts.target.bundle, "bundle\n");
	assert_string_equal(b.facts.target.chrony_dir, "/run/x");
	assert_non_null(facts_place(&b.facts, "/run/x"));
}

static void test_manifest_is_no_manifest(void **state)
{
	(void)state;
	fill_target();
	put_dir(s.fd, "target/etc/anteroot");
	put_text(s.fd, "target/etc/anteroot/manifest", "anteroot manifest 1\nrm -rf /\n", 0600);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_int_equal(b.facts.manifest.n, 0);
	assert_true(warned("unable to read /etc/anteroot/manifest: line 2: expected \"file SHA1 "
			   "PATH\", \"over PATH\" or \"block PATH\"; files of earlier boots stay"));
}

static void test_chrony_without_sourcedir(void **state)
{
	(void)state;
	fill_target();
	config_is("{ \"ntpServers\": \"a\" }", 21);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_string_equal(b.facts.target.chrony_dir, "/run/chrony");
	(void)teardown(NULL);
	(void)setup(NULL);
	fill_target();
	put_dir(s.fd, "target/etc/chrony");
	put_text(s.fd, "target/etc/chrony/chrony.conf", "pool x\nsourcedir relative\n", 0644);
	config_is("{ \"ntpServers\": \"a\" }", 21);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	assert_null(b.facts.target.chrony_dir);
}

static void observe_again(const char *passwd, const char *chrony)
{
	(void)teardown(NULL);
	(void)setup(NULL);
	fill_target();
	put_text(s.fd, "target/etc/passwd", passwd, 0644);
	put_text(s.fd, "target/etc/chrony.conf", chrony, 0644);
	config_is("{ \"ntpServers\": \"a\" }", 21);
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
}

/* Paths that the target's files name get into plans and into the manifest, which refuses what is not plain. */
static void test_paths_of_the_target_are_plain(void **state)
{
	(void)state;
	observe_again("root:x:0:0::/home//./admin/:/bin/sh\n", "sourcedir /etc//chrony/./x/\n");
	assert_string_equal(b.facts.root_home, "/home/admin");
	assert_place("/home/admin/.ssh", false, false, "/home/admin");
	assert_string_equal(b.facts.target.chrony_dir, "/etc/chrony/x");
	observe_again("root:x:0:0::/:/bin/sh\n", "sourcedir /\nsourcedir /run//x/\n");
	assert_string_equal(b.facts.root_home, "/");
	assert_place("/.ssh", false, false, "/");
	assert_string_equal(b.facts.target.chrony_dir, "/run/x");
	observe_again("root:x:0:0::/home/../x:/bin/sh\n",
		      "sourcedir /run/../etc\nsourcedir /run/\033x\nsourcedir /etc/..x\n");
	assert_null(b.facts.root_home);
	assert_string_equal(b.facts.target.chrony_dir, "/etc/..x");
}

/* More than ten certificates of one name: each has a number of its own. */
static void test_many_certificates_of_one_name(void **state)
{
	_cleanup_free_ char *pem = read_pem("empty"), *text = calloc(12, strlen(pem) + 1);
	_cleanup_free_ char *value = NULL, *config = NULL;

	(void)state;
	for (int i = 0; i < 12; i++)
		strcat(text, pem);
	value = base64(text, strlen(text), 0);
	assert_true(asprintf(&config, "{ \"balenaRootCA\": \"%s\" }", value) > 0);
	fill_target();
	config_is(config, strlen(config));
	assert_int_equal(observe(&b, STAGE_TARGET), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(b.facts.target.ca_number[i], i);
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
	no_memory_in(STAGE_BOOT, 0);
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
		TEST(test_no_boot_partition),
		TEST(test_leftover),
		TEST(test_last_known_good),
		TEST(test_boot_folders),
		TEST(test_stages_that_see_devices),
		TEST(test_target),
		TEST(test_target_in_detail),
		TEST(test_manifest_is_no_manifest),
		TEST(test_chrony_without_sourcedir),
		TEST(test_paths_of_the_target_are_plain),
		TEST(test_many_certificates_of_one_name),
		TEST(test_bare_target),
		TEST(test_no_target),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
