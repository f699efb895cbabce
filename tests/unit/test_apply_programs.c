/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "init/apply.h"
#include "init/apply_ops.h"
#include "init/observe_checks.h"
#include "tests/unit/devices.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/* dev/ has the devices' first bytes, image/ what is in the initramfs. */
static struct scratch s, image;
static struct boot b; /* too large for the stack */
static struct plan plan;
static struct reason why;
static unsigned char ext[FSCK_SUPERBLOCK_BYTES];

static const struct blockdev devices[] = {
	DISK_ROW("vda", 5),
	PART_ROW("vda", 1, "vfat", "resin-boot"),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "resin-rootB"),
	PART_ROW("vda", 4, "ext4", "resin-state"),
	PART_ROW("vda", 5, "ext4", "resin-data"),
};
static struct blockdev devs[ARRAY_SIZE(devices)];

/* state of the superblock: 1 clean, 0 not unmounted, 2 errors */
static void put_ext(const char *name, unsigned char state)
{
	ext[1024 + 0x38] = 0x53;
	ext[1024 + 0x39] = 0xef;
	ext[1024 + 0x3a] = state;
	put_bytes(s.fd, name, ext, sizeof(ext), 0600);
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	scratch_make(&image, NULL);
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	memcpy(devs, devices, sizeof(devs));
	b.facts.devs = (struct blockdevs){ devs, ARRAY_SIZE(devs) };
	b.facts.boot_disk = "vda";
	b.dev_dir = arena_printf(&b.arena, "%s", s.path);
	plan = PLAN_INIT(&b.arena);
	why = REASON_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	boot_close(&b);
	fakesys_reset(NULL);
	intercept_reset();
	scratch_remove(&s);
	scratch_remove(&image);
	return 0;
}

static void check(const char *device, enum on_failure on_failure)
{
	PLAN_ADD(&plan, .kind = OP_CHECK, .on_failure = on_failure, .source = device,
		 .target = "/sbin/e2fsck", .type = "ext4", .data = "it was not unmounted cleanly",
		 .usec = 7000000);
}

static bool warned(const char *text)
{
	for (size_t i = 0; i < b.report.n_warnings; i++)
		if (strstr(b.report.warning[i].text, text))
			return true;
	return false;
}

static bool logged(const char *text)
{
	return strstr(b.log.text, text) != NULL;
}

static void test_one_batch(void **state)
{
	(void)state;
	check("/dev/vda2", FAIL_OTHER_SLOT);
	check("/dev/vda4", FAIL_WARN);
	check("/dev/vda5", FAIL_WARN);
	PLAN_ADD(&plan, .kind = OP_WARN, .data = "behind");
	check("/dev/vda3", FAIL_WARN);
	fakesys_output("a word of its own\n");
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_true(fakesys_find("start /sbin/e2fsck e2fsck -p /dev/vda2", 0) >= 0);
	assert_int_equal(fakesys_count("start /sbin/e2fsck "), 4);
	assert_int_equal(b.facts.n_checked, 4);
	assert_int_equal(facts_checked(&b.facts, "vda4")->verdict, FSCK_SOUND);
	assert_int_equal(facts_checked(&b.facts, "vda4")->status, 0);
	assert_string_equal(facts_checked(&b.facts, "vda4")->why, "it was not unmounted cleanly");
	assert_null(facts_checked(&b.facts, "vda4")->error);
	assert_null(facts_checked(&b.facts, "vda1"));
	assert_true(logged("e2fsck: a word of its own"));
	assert_int_equal(b.report.n_warnings, 1);
}

static const struct {
	int status;
	enum fsck_verdict verdict;
	const char *warning; /* NULL: none */
} results[] = {
	{ 0, FSCK_SOUND, NULL },
	{ 1, FSCK_CORRECTED, NULL },
	{ 4, FSCK_DAMAGED, "unable to check /dev/vda4: e2fsck left errors (exit status 4)" },
	{ 5, FSCK_DAMAGED, "e2fsck left errors (exit status 5)" },
	{ 6, FSCK_DAMAGED, "e2fsck left errors (exit status 6)" },
	{ 8, FSCK_DAMAGED, "e2fsck left errors (exit status 8)" },
	{ 12, FSCK_DAMAGED, "e2fsck left errors (exit status 12)" },
	{ 16, FSCK_UNCHECKED, "e2fsck: exit status 16; mounted as it is" },
	{ 32, FSCK_UNCHECKED, "e2fsck: exit status 32; mounted as it is" },
	{ 126, FSCK_UNCHECKED, "cannot be executed" },
	{ 127, FSCK_UNCHECKED, "cannot be executed" },
	{ 128, FSCK_UNCHECKED, "exit status 128" },
	{ 128 + 11, FSCK_UNCHECKED, "ended by signal 11; mounted as it is" },
	{ 255, FSCK_UNCHECKED, "exit status 255" },
};

static void test_results(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		teardown(NULL);
		setup(NULL);
		fakesys_run_status(results[i].status);
		check("/dev/vda4", FAIL_WARN);
		assert_int_equal(apply(&b, &plan), APPLY_NEXT);
		assert_int_equal(facts_checked(&b.facts, "vda4")->verdict, results[i].verdict);
		assert_int_equal(b.report.n_warnings, results[i].warning != NULL);
		assert_true(!results[i].warning || warned(results[i].warning));
	}
}

static void test_root_gives_way_to_errors_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		teardown(NULL);
		setup(NULL);
		b.facts.root_device = "vda2";
		fakesys_run_status(results[i].status);
		check("/dev/vda2", FAIL_OTHER_SLOT);
		check("/dev/vda4", FAIL_WARN);
		assert_int_equal(apply(&b, &plan),
				 results[i].verdict == FSCK_DAMAGED ? APPLY_AGAIN : APPLY_NEXT);
		assert_int_equal(b.facts.n_failed, results[i].verdict == FSCK_DAMAGED);
		assert_int_equal(b.facts.failed[0].check, results[i].verdict == FSCK_DAMAGED);
		/* The others were checked beside it, and are not again. */
		assert_int_equal(b.facts.n_checked, 2);
	}
}

static int hang(const char *path, char *const argv[], char *const envp[], struct sys_end *end)
{
	(void)path, (void)argv, (void)envp;
	end->timed_out = true;
	return 0;
}

static void test_limit(void **state)
{
	(void)state;
	fakesys_run_script(hang);
	check("/dev/vda4", FAIL_WARN);
	plan.op[0].usec = 20000;
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(facts_checked(&b.facts, "vda4")->verdict, FSCK_UNCHECKED);
	assert_int_equal(facts_checked(&b.facts, "vda4")->status, -1);
	assert_true(warned("stopped at its limit of 0 s; mounted as it is"));
	assert_true(fakesys_find("kill_group 1000 15", 0) >= 0);
}

static void test_cannot_be_started(void **state)
{
	(void)state;
	fakesys_fail_match("start", EAGAIN);
	b.facts.root_device = "vda2";
	check("/dev/vda2", FAIL_OTHER_SLOT);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(b.facts.n_failed, 0);
	assert_true(warned("mounted as it is"));
}

/* The tool has made it clean: the next boot does not come here again. */
static void test_reboot(void **state)
{
	(void)state;
	put_ext("vda4", 1);
	devs[4].due = FSCK_ERRORS;
	fakesys_run_status(3);
	check("/dev/vda4", FAIL_WARN);
	assert_true(apply(&b, &plan) < 0);
	assert_string_equal(b.error, "unable to go on with /dev/vda4: e2fsck has corrected it and "
				     "asks for a reboot");
	assert_non_null(b.hint);
}

static void test_reboot_that_would_come_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		teardown(NULL);
		setup(NULL);
		if (i == 0)
			put_ext("vda4", 0);
		else
			put_ext("vda4", 1);
		if (i == 1)
			b.facts.args.fsck = FSCK_FORCE;
		if (i == 2)
			b.facts.layout.fsck = FSCK_FORCE;
		fakesys_run_status(2);
		check("/dev/vda4", FAIL_WARN);
		assert_int_equal(apply(&b, &plan), APPLY_NEXT);
		assert_int_equal(facts_checked(&b.facts, "vda4")->verdict, FSCK_CORRECTED);
		assert_true(warned("e2fsck asks for a reboot after vda4, which would end here "
				   "again: going on"));
	}
}

static void test_modes_reach_the_tool(void **state)
{
	(void)state;
	b.facts.layout.fsck = FSCK_FORCE;
	b.facts.args.fsck_repair = FSCK_YES;
	check("/dev/vda4", FAIL_WARN);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_true(fakesys_find("start /sbin/e2fsck e2fsck -y -f /dev/vda4", 0) >= 0);
}

/* Heads do not run to and fro between two; without heads one does not wait for the other. */
static void test_one_after_the_other_on_a_rotating_disk(void **state)
{
	(void)state;
	for (int rotating = 0; rotating < 2; rotating++) {
		int second, end_of_first;

		teardown(NULL);
		setup(NULL);
		fakesys_run_script(hang);
		devs[0].rotating = rotating;
		check("/dev/vda4", FAIL_WARN);
		check("/dev/vda5", FAIL_WARN);
		plan.op[0].usec = plan.op[1].usec = 20000;
		assert_int_equal(apply(&b, &plan), APPLY_NEXT);
		second = fakesys_find("start /sbin/e2fsck e2fsck -p /dev/vda5", 0);
		end_of_first = fakesys_find("kill_group 1000 15", 0);
		assert_true(second > 0 && end_of_first > 0);
		assert_int_equal(second > end_of_first, rotating);
	}
}

static struct op hook_op(enum hook_point point)
{
	return (struct op){ .kind = OP_RUN,
			    .hook = hook_point_name(point),
			    .target = "/etc/x/10-a",
			    .data = hook_point_name(point),
			    .role = (int)point,
			    .usec = 3000000 };
}

static char environment_seen[2000];

static int note_environment(const char *path, char *const argv[], char *const envp[],
			    struct sys_end *end)
{
	(void)path, (void)end;
	assert_null(argv[1]);
	environment_seen[0] = '\0';
	for (; *envp; envp++) {
		(void)strcat(environment_seen, *envp);
		(void)strcat(environment_seen, "\n");
	}
	return 0;
}

static void test_hook_environment(void **state)
{
	static struct facts_place places[] = { { .path = "/mnt/state", .directory = true } };
	const struct op op = hook_op(HOOK_PRE_HANDOVER);

	(void)state;
	fakesys_run_script(note_environment);
	b.facts.mounted[PART_BOOT] = "vda1";
	b.facts.mounted[PART_STATE] = "vda4";
	b.facts.place = places;
	b.facts.n_places = 1;
	b.facts.root_device = "vda2";
	b.facts.root_slot = "A";
	b.facts.root_mounted = true;
	b.facts.state.decided = b.facts.state.decision.candidate = true;
	assert_int_equal(apply_run(&b, &op, &why), 0);
	assert_non_null(strstr(environment_seen, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nHOME=/\n"));
	assert_non_null(strstr(environment_seen,
			       "ANTEROOT_RUN=/run/anteroot\nANTEROOT_BOOT_DISK=/dev/vda\n"
			       "ANTEROOT_BOOT=/run/anteroot/mnt/boot\n"
			       "ANTEROOT_STATE=/sysroot/mnt/state\nANTEROOT_DATA=\n"
			       "ANTEROOT_ROOT=/dev/vda2\nANTEROOT_SLOT=A\nANTEROOT_CANDIDATE=1\n"
			       "ANTEROOT_TARGET=/sysroot\n"));
	assert_int_equal(b.facts.hooks[HOOK_PRE_HANDOVER].n_run, 1);
	assert_int_equal(b.facts.devs.n, ARRAY_SIZE(devices));
}

/* What it took does not shorten the wait for devices, and the devices are looked at anew. */
static void test_pre_mount_hook(void **state)
{
	const struct op op = hook_op(HOOK_PRE_MOUNT);

	(void)state;
	b.facts.hooks[HOOK_PRE_MOUNT].n = 2;
	b.disks_seen = true;
	fakesys_run_status(3);
	assert_true(apply_run(&b, &op, &why) < 0);
	assert_string_equal(why.cause, "exit status 3");
	assert_true(b.disks_seen);
	fakesys_run_script(hang);
	b.facts.deadline_msec = 1000;
	((struct op *)&op)->usec = 30000;
	assert_true(apply_run(&b, &op, &why) < 0);
	assert_true(b.facts.deadline_msec >= 1030);
	assert_false(b.disks_seen);
	assert_true(b.disks_stale);
	assert_int_equal(b.facts.hooks[HOOK_PRE_MOUNT].n_run, 2);
}

static void test_what_is_due_is_read_once(void **state)
{
	(void)state;
	put_ext("vda2", 2);
	put_ext("vda4", 0);
	put_bytes(s.fd, "vda5", ext, 100, 0600); /* too short to be one */
	observe_checks(&b);
	assert_int_equal(devs[1].due, FSCK_CLEAN); /* no node */
	assert_int_equal(devs[2].due, FSCK_ERRORS);
	assert_int_equal(devs[4].due, FSCK_UNCLEAN);
	assert_int_equal(devs[5].due, FSCK_CLEAN);
	for (size_t i = 0; i < ARRAY_SIZE(devs); i++)
		assert_true(devs[i].due_known);
	put_ext("vda2", 1);
	observe_checks(&b);
	assert_int_equal(devs[2].due, FSCK_ERRORS);
}

static void test_tools(void **state)
{
	(void)state;
	put_dir(image.fd, "usr");
	put_dir(image.fd, "usr/sbin");
	put_text(image.fd, "usr/sbin/e2fsck", "#!", 0644); /* cannot be executed */
	put_dir(image.fd, "sbin");
	put_text(image.fd, "sbin/fsck.ext4", "#!", 0755);
	put_dir(image.fd, "bin");
	put_text(image.fd, "bin/fsck.fat", "#!", 0755);
	observe_checks(&b);
	assert_false(b.fsck_read); /* nothing is due */
	other_root(image.path);
	b.facts.args.fsck = FSCK_FORCE;
	observe_checks(&b);
	assert_true(b.fsck_read);
	assert_string_equal(b.facts.fsck[FSCK_EXT], "/sbin/fsck.ext4");
	assert_string_equal(b.facts.fsck[FSCK_FAT], "/bin/fsck.fat");
}

static void put_hook(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/anteroot/hooks.d/%s", dir, name);
	put_text(image.fd, path, text, mode);
}

/* Where somebody else's initramfs calls us, its own hooks are what an integrator has. */
static void test_hooks_are_listed_once_and_only_for_us(void **state)
{
	static const char *const dirs[] = { "etc",
					    "etc/anteroot",
					    "etc/anteroot/hooks.d",
					    "etc/anteroot/hooks.d/pre-mount",
					    "usr",
					    "usr/lib",
					    "usr/lib/anteroot",
					    "usr/lib/anteroot/hooks.d",
					    "usr/lib/anteroot/hooks.d/pre-mount",
					    "usr/lib/anteroot/hooks.d/pre-handover" };
	const struct facts_hooks *h = b.facts.hooks;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(image.fd, dirs[i]);
	put_hook("etc", "pre-mount/30-c", "#!", 0755);
	put_hook("usr/lib", "pre-mount/30-c", "#!", 0755);
	put_hook("usr/lib", "pre-mount/20-b", "#!", 0755);
	put_hook("usr/lib", "pre-mount/10-masked", "#!", 0755);
	put_link(image.fd, "etc/anteroot/hooks.d/pre-mount/10-masked", "/dev/null");
	put_hook("usr/lib", "pre-mount/README", "text", 0644);
	put_hook("usr/lib", "pre-handover/z", "#!", 0755);
	other_root(image.path);
	observe_hooks(&b);
	assert_int_equal(h[HOOK_PRE_MOUNT].n + h[HOOK_PRE_HANDOVER].n, 0);
	b.hooks = true;
	observe_hooks(&b);
	assert_int_equal(h[HOOK_PRE_MOUNT].n, 2);
	assert_string_equal(h[HOOK_PRE_MOUNT].path[0], "/usr/lib/anteroot/hooks.d/pre-mount/20-b");
	assert_string_equal(h[HOOK_PRE_MOUNT].path[1], "/etc/anteroot/hooks.d/pre-mount/30-c");
	assert_int_equal(h[HOOK_PRE_HANDOVER].n, 1);
	assert_true(warned("pre-mount/README is not executable: left out"));
	assert_int_equal(b.report.n_warnings, 1);
	observe_hooks(&b);
	assert_int_equal(h[HOOK_PRE_MOUNT].n, 2);
}

static void test_hooks_that_cannot_be_listed(void **state)
{
	(void)state;
	b.hooks = true;
	fail_open("/etc/anteroot/hooks.d/pre-mount", 1, EACCES);
	observe_hooks(&b);
	assert_true(warned("unable to read /etc/anteroot/hooks.d/pre-mount: Permission denied"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_batch),
		TEST(test_results),
		TEST(test_root_gives_way_to_errors_alone),
		TEST(test_limit),
		TEST(test_cannot_be_started),
		TEST(test_reboot),
		TEST(test_reboot_that_would_come_again),
		TEST(test_modes_reach_the_tool),
		TEST(test_one_after_the_other_on_a_rotating_disk),
		TEST(test_hook_environment),
		TEST(test_pre_mount_hook),
		TEST(test_what_is_due_is_read_once),
		TEST(test_tools),
		TEST(test_hooks_are_listed_once_and_only_for_us),
		TEST(test_hooks_that_cannot_be_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
