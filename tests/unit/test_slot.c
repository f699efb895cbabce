/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/applets.h"
#include "init/slot.h"
#include "tests/unit/runs.h"

/* The steps and what they need, with every failure of the system. */

static struct runs m;
static struct bootstate b;
static char said[65536];

static int setup(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return -1;
	runs_make(&m);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	runs_remove(&m);
	return 0;
}

/* Runs a step with its output in said[]. */
static int step(int (*run)(struct bootstate *b))
{
	int saved[2], status, fd = openat(m.s.fd, "out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int fds = fakesys_open_fds();

	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		saved[i] = dup(i + 1);
		assert_true(dup2(fd, i + 1) >= 0);
	}
	status = slot_open(&b, &fakesys, &m.a, &m.paths, "do it");
	if (status == 0)
		status = run(&b);
	bootstate_close(&b);
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(saved[i], i + 1);
		(void)close(saved[i]);
	}
	(void)snprintf(said, sizeof(said), "%s", get_text(m.s.fd, "out"));
	assert_int_equal(fakesys_open_fds(), fds);
	(void)close(fd);
	return status;
}

static int arm_b(struct bootstate *one)
{
	return slot_arm(one, AB_B, 0, NULL);
}

static int reject_b(struct bootstate *one)
{
	return slot_reject(one, AB_B, AB_BAD_REJECTED, NULL);
}

static int reject_none(struct bootstate *one)
{
	return slot_reject(one, AB_NONE, AB_BAD_REJECTED, NULL);
}

static void assert_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("not \"%s\" but: %s", text, said);
}

static void test_arm(void **state)
{
	(void)state;
	assert_int_equal(step(arm_b), EXIT_DONE);
	assert_string_equal(said, "slot B is armed; next boot: slot B, attempt 1 of 3: it is a "
				  "candidate\n");
	assert_int_equal(step(slot_confirm), EXIT_NO);
	assert_said("unable to confirm the running slot: the boot state does not know this boot");
	runs_tell(&m, 1, false);
	assert_int_equal(step(slot_confirm), EXIT_DONE);
	assert_int_equal(step(reject_b), EXIT_DONE);
	assert_string_equal(said, "slot B is rejected; next boot: slot A: it is the active slot\n");
	assert_int_equal(step(reject_none), EXIT_NO);
	assert_said("unable to reject the running slot: the root that runs is not a slot's");
	assert_int_equal(step(slot_switch), EXIT_NO);
	assert_int_equal(step(slot_orderly), EXIT_DONE);
	assert_said("nothing to write down: this boot has nothing to give back");
}

/* Every call that changes something fails in turn: the step says so, or it is done. */
static void test_every_call_fails(void **state)
{
	unsigned int calls;

	(void)state;
	assert_int_equal(step(arm_b), EXIT_DONE);
	fakesys_reset(m.s.path);
	assert_int_equal(step(arm_b), EXIT_DONE);
	calls = fakesys_calls();
	assert_true(calls >= 3);
	for (unsigned int i = 1; i <= calls; i++) {
		int status;

		fakesys_reset(m.s.path);
		fakesys_fail_nth(i, EIO);
		status = step(arm_b);
		assert_true(status == EXIT_SYSTEM || status == EXIT_DONE);
		if (status == EXIT_SYSTEM)
			assert_said("anteroot: unable to ");
		fakesys_reset(m.s.path);
		assert_int_equal(step(arm_b), EXIT_DONE);
	}
}

static void test_cut_leaves_the_old_or_the_new(void **state)
{
	unsigned int calls;

	(void)state;
	assert_int_equal(step(arm_b), EXIT_DONE);
	runs_tell(&m, 1, false);
	fakesys_reset(m.s.path);
	assert_int_equal(step(reject_b), EXIT_DONE);
	calls = fakesys_calls();
	for (unsigned int i = 0; i <= calls; i++) {
		struct reason r = REASON_INIT;
		enum ab_state now;

		fakesys_reset(m.s.path);
		assert_int_equal(step(arm_b), EXIT_DONE);
		fakesys_reset(m.s.path);
		fakesys_cut_after(i);
		(void)step(reject_b);
		fakesys_reset(m.s.path);
		assert_int_equal(bootstate_open(&b, &fakesys, &m.a, &m.paths, BOOTSTATE_READ, &r),
				 0);
		now = b.found.record.slot[AB_B].state;
		assert_true(now == AB_CANDIDATE || now == AB_BAD);
		bootstate_close(&b);
	}
}

static void test_what_must_be_readable(void **state)
{
	static const char *const files[] = { "boot_id", "mountinfo", "sys", "dev" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(renameat(m.s.fd, files[i], m.s.fd, "away"), 0);
		assert_int_equal(step(arm_b), EXIT_SYSTEM);
		assert_said("anteroot: unable to do it: unable to ");
		assert_int_equal(renameat(m.s.fd, "away", m.s.fd, files[i]), 0);
	}
	put_text(m.s.fd, "boot_id", "nonsense\n", 0644);
	assert_int_equal(step(arm_b), EXIT_SYSTEM);
	fakesys_fail_match("open /run/lock", EROFS);
	assert_int_equal(step(arm_b), EXIT_SYSTEM);
}

static void test_what_the_boot_left_is_nonsense(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"boot_id\": 7}",
		"{\"boot_id\": \"x\"}",
		"{\"boot_id\": \"21111111-2222-4333-8444-555555555555\", \"transaction\": 1}",
		"{\"boot_id\": \"" RUNS_BOOT_ID "\", \"transaction\": -1}",
		"{\"boot_id\": \"" RUNS_BOOT_ID
		"\", \"transaction\": 4294967296, \"candidate\": 1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct reason r = REASON_INIT;

		put_text(m.s.fd, "run/state.json", texts[i], 0644);
		assert_int_equal(bootstate_open(&b, &fakesys, &m.a, &m.paths, BOOTSTATE_READ, &r),
				 0);
		assert_int_equal(b.who.transaction, 0);
		assert_false(b.candidate);
		bootstate_close(&b);
	}
}

/* The file is wrong: its default holds, and is said. */
static void test_layout_problem(void **state)
{
	(void)state;
	runs_configure(&m, "\"backend\": \"floppy\"");
	(void)step(slot_orderly);
	assert_said("; the default layout holds");
}

static void test_slot_that_is_not_there(void **state)
{
	(void)state;
	runs_shell(&m, "rm sys/class/block/vda3");
	assert_int_equal(step(arm_b), EXIT_NO);
	assert_said("unable to arm slot B: the boot disk has no partition for it");
}

static void test_root_that_is_no_slot(void **state)
{
	(void)state;
	runs_configure(&m, "\"backend\": \"auto\"");
	runs_tell(&m, 0, false);
	put_text(m.s.fd, "mountinfo",
		 "28 1 0:5 / / rw - overlay overlay rw\n"
		 "29 28 254:3 / /mnt/x rw - ext4 /dev/vda3 rw\n",
		 0644);
	assert_int_equal(step(arm_b), EXIT_NO);
	assert_said("unable to arm slot B: the root that runs is not a slot's");
	runs_configure(&m, RUNS_STATE);
	runs_tell(&m, 0, false);
	assert_int_equal(step(slot_orderly), EXIT_DONE);
	assert_said("nothing to write down: the root that runs is not a slot's");
}

/* Mounted nowhere: by us, read-only, where nobody else sees it. */
static void test_private_mount(void **state)
{
	static const struct {
		const char *call;
		const char *text;
	} failures[] = {
		{ "unshare_mounts", "have mounts of our own" },
		{ "mount ", "unable to mount" },
	};
	struct reason r = REASON_INIT;

	(void)state;
	runs_configure(&m, "\"backend\": \"auto\"");
	assert_int_equal(bootstate_open(&b, &fakesys, &m.a, &m.paths, BOOTSTATE_READ, &r), 0);
	assert_int_equal(b.found.backend, AB_STATELESS);
	bootstate_close(&b);
	assert_true(fakesys_find("unshare_mounts", 0) >= 0);
	assert_non_null(strstr(fakesys_log(), " ext4 0xf "));
	assert_int_equal(fakesys_count("umount"), 1);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		fakesys_reset(m.s.path);
		fakesys_fail_match(failures[i].call, EPERM);
		assert_int_equal(step(arm_b), EXIT_SYSTEM);
		assert_said(failures[i].text);
	}
	/* Writable for as long as the files are made. */
	fakesys_reset(m.s.path);
	fakesys_fail_match("open /run/boot/abstate.0", ENOSPC);
	assert_int_equal(step(arm_b), EXIT_SYSTEM);
	assert_said("abstate.0");
	assert_non_null(strstr(fakesys_log(), "mount - "));
	fakesys_reset(m.s.path);
	fakesys_fail_match("mount - ", EROFS);
	assert_int_equal(step(arm_b), EXIT_NO);
	assert_said("unable to mount again ");
}

static void test_no_partition_of_that_name(void **state)
{
	(void)state;
	runs_configure(&m, "\"backend\": \"record\", \"partition\": \"five\"");
	assert_int_equal(step(slot_confirm), EXIT_SYSTEM);
	assert_said("five");
	assert_int_equal(step(slot_orderly), EXIT_SYSTEM);
	assert_int_equal(step(arm_b), EXIT_SYSTEM);
}

static void test_next_boot(void **state)
{
	struct reason r = REASON_INIT;
	struct ab_record rec;

	(void)state;
	assert_int_equal(bootstate_open(&b, &fakesys, &m.a, &m.paths, BOOTSTATE_READ, &r), 0);
	rec = b.found.record;
	rec.slot[AB_A] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_ROOT };
	assert_string_equal(bootstate_next_text(&b, &rec),
			    "slot A: no good slot can be booted: the best there is");
	b.run.slot[AB_A] = b.run.slot[AB_B] = NULL;
	assert_string_equal(bootstate_next_text(&b, &rec), "no slot: no root can be booted");
	bootstate_close(&b);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_arm),
		CASE(test_every_call_fails),
		CASE(test_cut_leaves_the_old_or_the_new),
		CASE(test_what_must_be_readable),
		CASE(test_what_the_boot_left_is_nonsense),
		CASE(test_layout_problem),
		CASE(test_slot_that_is_not_there),
		CASE(test_root_that_is_no_slot),
		CASE(test_private_mount),
		CASE(test_no_partition_of_that_name),
		CASE(test_next_boot),
	};

	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
