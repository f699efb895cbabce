/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/boot.h"
#include "init/version.h"
#include "tests/unit/devices.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/* The initramfs; its API file systems are mounted, and no device is there. */
static struct scratch s;
static struct boot b; /* too large for the stack */

static const char *const all_mounts[] = { "/proc", "/sys", "/dev", "/run", NULL };

static const struct blockdev devices[] = {
	DISK_ROW("vda", 2),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "resin-rootB"),
};

static int setup(void **state)
{
	static const char *const dirs[] = {
		"proc", "sys", "sys/bus", "sys/class", "sys/class/block",
		"dev",	"run", "etc",	  "target"
	};

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	put_text(s.fd, "proc/cmdline", "anteroot.wait=0\n", 0644);
	put_text(s.fd, "proc/filesystems", "\text4\n", 0644);
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	b.facts.run_dir = arena_printf(&b.arena, "%s/run", s.path);
	b.facts.target_dir = arena_printf(&b.arena, "%s/target", s.path);
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

static void test_init_and_close(void **state)
{
	(void)state;
	boot_close(&b);
	memset(&b, 0xff, sizeof(b));
	boot_init(&b, &sys_real);
	assert_ptr_equal(b.sys, &sys_real);
	assert_string_equal(b.old_root, "/");
	assert_string_equal(b.facts.run_dir, "/run/anteroot");
	assert_string_equal(b.facts.target_dir, "/sysroot");
	assert_string_equal(b.facts.args.init, "/sbin/init");
	assert_int_equal(b.facts.build_usec, anteroot_build_epoch_sec * 1000000);
	assert_memory_equal(&b.facts.layout, &layout_default, sizeof(layout_default));
	assert_int_equal(b.uevent_fd, -1);
	assert_int_equal(b.log.kmsg_fd, -1);
	assert_int_equal(b.error[0], '\0');
	assert_null(b.facts.boot_disk);
	boot_close(&b);
	boot_close(&b); /* a second time is harmless */
	assert_int_equal(b.uevent_fd, -1);
}

static void test_close_closes(void **state)
{
	int fds = fakesys_open_fds();

	(void)state;
	b.uevent_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_open(&b.log);
	assert_int_equal(fakesys_open_fds(), fds + 2);
	boot_close(&b);
	assert_int_equal(fakesys_open_fds(), fds);
}

static void test_fail(void **state)
{
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(reason_set(&r, ENOSPC, "write", "x"), -ENOSPC);
	assert_int_equal(boot_fail(&b, &r, "make room"), -ENOSPC);
	assert_string_equal(b.error, "unable to write x: No space left on device");
	assert_string_equal(b.hint, "make room");
	/* It is a failure even when nobody says which. */
	r = REASON_INIT;
	assert_int_equal(boot_fail(&b, &r, NULL), -EIO);
	assert_null(b.hint);
}

static void test_warn(void **state)
{
	char text[] = "the same words";

	(void)state;
	boot_warn(&b, NULL, NULL);
	assert_int_equal(b.report.n_warnings, 0);
	boot_warn(&b, "root", "the same words");
	boot_warn(&b, "other", text);
	boot_warn(&b, NULL, "others");
	assert_int_equal(b.report.n_warnings, 2);
	assert_string_equal(b.report.warning[0].hook, "root");
	assert_null(b.report.warning[1].hook);
	assert_non_null(strstr(b.log.text, " root: the same words\n"));
	assert_null(strstr(b.log.text, "other: the same"));
	assert_non_null(strstr(b.log.text, " others\n"));
}

static void test_missing_modules(void **state)
{
	char name[] = "nvme";

	(void)state;
	boot_missing_module(&b, "ahci");
	boot_missing_module(&b, name);
	name[0] = 'x';
	assert_int_equal(b.facts.n_missing, 2);
	assert_string_equal(b.facts.missing[0], "ahci");
	assert_string_equal(b.facts.missing[1], "nvme"); /* a copy */
	boot_missing_module(&b, "nvme");		 /* once */
	assert_int_equal(b.facts.n_missing, 2);
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	boot_missing_module(&b, "sdhci");
	assert_int_equal(b.facts.n_missing, 2);
}

/* Of the many devices that no module answers to only what disks hang on is worth a word. */
/* A NULL in the list was compared at the next name. */
static void test_missing_module_without_memory(void **state)
{
	(void)state;
	for (unsigned int units = 0; units < 5; units++) {
		boot_close(&b);
		boot_init(&b, &fakesys);
		memory_runs_out(&b.arena, units, NO_BLOCKS);
		boot_missing_module(&b, "ahci");
		boot_missing_module(&b, "nvme");
		memory_is_back();
		for (size_t i = 0; i < b.facts.n_missing; i++)
			assert_non_null(b.facts.missing[i]);
	}
}

static void test_unserved_controllers(void **state)
{
	static const char *const storage[] = {
		"pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", /* AHCI */
		"pci:v00001B36d00000007sv00001AF4sd00001100bc08sc05i01", /* an SD host */
		"pci:v00008086d0000A12Fsv000017AAsd00002249bc0Csc03i30", /* xHCI */
		"virtio:d00000002v00001AF4",
		"virtio:d00000008v00001AF4",
		"usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00",
		"nvme:x",
		"scsi:t-0x00",
		"mmc:block",
	};
	static const char *const others[] = {
		"pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00", /* a network card */
		"pci:v00008086d00002918sv00001AF4sd00001100bc06sc01i00",
		"virtio:d00000001v00001AF4",
		"usb:v046DpC077d7200dc00dsc00dp00ic03isc01ip02in00", /* a mouse */
		"acpi:PNP0A03:",
		"bc01",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		boot_unserved_alias(&b, others[i]);
	assert_int_equal(b.facts.n_unserved, 0);
	for (size_t i = 0; i < ARRAY_SIZE(storage); i++) {
		boot_unserved_alias(&b, storage[i]);
		boot_unserved_alias(&b, storage[i]); /* told again by the next scan */
		assert_int_equal(b.facts.n_unserved, i + 1);
		assert_string_equal(b.facts.unserved[i], storage[i]);
	}
	assert_int_equal(b.facts.n_missing, 0);
}

static void assert_stage(const char *name, unsigned int rounds)
{
	const struct report_stage *st = &b.report.stage[b.report.n_stages - 1];

	assert_true(b.report.n_stages > 0);
	assert_string_equal(st->name, name);
	assert_int_equal(st->rounds, rounds);
	assert_true(st->start_usec > 0);
	assert_true(st->duration_usec >= 0);
}

static void test_early(void **state)
{
	(void)state;
	assert_int_equal(boot_stage(&b, STAGE_EARLY), 0);
	assert_stage("early", 1);
	assert_int_equal(fakesys_count("mount "), 0);
	/* A clock before the build is set. */
	b.facts.clock[CLOCK_AT_START] = (struct clock_facts){ 0 };
	b.facts.build_usec = INT64_C(8000000000000000);
	assert_int_equal(boot_stage(&b, STAGE_EARLY), 0);
	assert_int_equal(fakesys_count("clock_set 8000000000000000"), 1);
	assert_int_equal(b.report.n_stages, 2);
}

/* The mounts of these tests are pretended, so the stage never sees them: it ends all the same, and gives
 * the processor away in between. */
static void test_stage_without_end(void **state)
{
	(void)state;
	intercept.mounts = NULL;
	assert_int_equal(boot_stage(&b, STAGE_EARLY), -ELOOP);
	assert_string_equal(b.error, "unable to finish early: no end after 4096 rounds");
	assert_stage("early", 4096);
	assert_int_equal(fakesys_count("mount proc "), 4096);
	assert_int_equal(fakesys_count("sleep_msec 50"), 4096 - 64);
	assert_int_equal(fakesys_find("sleep_msec", 0), 64 * 4 + (int)fakesys_count("mkdirat"));
}

static void test_no_disk(void **state)
{
	(void)state;
	assert_int_equal(boot_stage(&b, STAGE_EARLY), 0);
	assert_int_equal(boot_stage(&b, STAGE_BOOT), -ENOENT);
	assert_non_null(strstr(
		b.error, "unable to find a root: no disk carries resin-rootA or resin-rootB"));
	assert_non_null(strstr(b.hint, "cabling"));
	assert_stage("boot", 1);
}

/* Neither slot boots: one round for each, and one to say so. */
static void test_no_root_boots(void **state)
{
	(void)state;
	b.facts.devs = (struct blockdevs){ (struct blockdev *)devices, ARRAY_SIZE(devices) };
	b.facts.boot_disk = "vda";
	fakesys_fail_match("mount /dev/vda2", EIO);
	assert_int_equal(boot_stage(&b, STAGE_ROOT), -ENOENT);
	assert_stage("root", 3);
	assert_non_null(strstr(b.error, "vda2: unable to mount /dev/vda2: Input/output error"));
	assert_non_null(
		strstr(b.error, "vda3: unable to execute /sbin/init: No such file or directory"));
	assert_int_equal(fakesys_count("umount "), 1);
}

static void test_fatal_operation(void **state)
{
	(void)state;
	intercept.mounts = NULL;
	fakesys_fail_match("mount sysfs", ENODEV);
	assert_int_equal(boot_stage(&b, STAGE_EARLY), -ENODEV);
	assert_non_null(strstr(
		b.error, "unable to mount sysfs: the kernel does not know the file system sysfs"));
	assert_stage("early", 1);
}

/* Wherever memory ends, a stage says so or is done. */
static void test_no_memory(void **state)
{
	int err = -1;

	(void)state;
	for (unsigned int units = 0; err < 0 && units < ARENA_UNITS; units++) {
		fakesys_reset(s.path);
		boot_close(&b);
		boot_init(&b, &fakesys);
		memory_runs_out(&b.arena, units, NO_BLOCKS);
		err = boot_stage(&b, STAGE_EARLY);
		memory_is_back();
		if (err < 0) {
			assert_int_equal(err, -ENOMEM);
			assert_non_null(strstr(b.error, "unable to boot with the memory there is"));
			assert_non_null(strstr(b.hint, "more memory"));
		}
	}
	assert_int_equal(err, 0);
}

/* What is decided without memory is not done. */
static void test_no_memory_for_the_plan(void **state)
{
	(void)state;
	b.facts.devs = (struct blockdevs){ (struct blockdev *)devices, ARRAY_SIZE(devices) };
	b.facts.boot_disk = "vda";
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(boot_stage(&b, STAGE_ROOT), -ENOMEM);
	assert_int_equal(fakesys_calls(), 0);
	assert_non_null(strstr(b.error, "unable to boot with the memory there is"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_init_and_close),
		TEST(test_close_closes),
		TEST(test_fail),
		TEST(test_warn),
		TEST(test_missing_modules),
		TEST(test_missing_module_without_memory),
		TEST(test_unserved_controllers),
		TEST(test_early),
		TEST(test_stage_without_end),
		TEST(test_no_disk),
		TEST(test_no_root_boots),
		TEST(test_fatal_operation),
		TEST(test_no_memory),
		TEST(test_no_memory_for_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
