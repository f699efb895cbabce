/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "init/apply.h"
#include "lib/clock.h"
#include "lib/efivar.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct boot b; /* too large for the stack */
static struct plan plan;

static const char *at(const char *path)
{
	return arena_printf(&b.arena, "%s%s", s.path, path);
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	put_dir(s.fd, "run");
	put_dir(s.fd, "target");
	put_dir(s.fd, "target/etc");
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	b.facts.run_dir = at("/run");
	b.facts.target_dir = at("/target");
	plan = PLAN_INIT(&b.arena);
	plan.hook = "test";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	boot_close(&b);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

static void test_empty_plan(void **state)
{
	(void)state;
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(fakesys_calls(), 0);
}

/* Each kind does what it says, in order, and what it does not touch it does not call. */
static void test_each_kind(void **state)
{
	const struct module module = {
		.name = "m", .path = at("/m.ko"), .options = "", .wanted = "m"
	};

	(void)state;
	put_text(s.fd, "m.ko", "", 0644);
	put_text(s.fd, "target/etc/hostname", "old\n", 0644);
	PLAN_ADD(&plan, .kind = OP_MOUNT, .source = "tmpfs", .target = at("/run"), .type = "tmpfs");
	PLAN_ADD(&plan, .kind = OP_CLOCK, .usec = 5);
	PLAN_ADD(&plan, .kind = OP_HOSTNAME, .data = "press-07");
	PLAN_ADD(&plan, .kind = OP_MODULE, .module = &module);
	PLAN_ADD(&plan, .kind = OP_FILESYSTEM, .type = "nofs");
	PLAN_ADD(&plan, .kind = OP_OVERLAY, .target = at("/target/etc"));
	PLAN_ADD(&plan, .kind = OP_BIND, .source = at("/m.ko"),
		 .target = at("/target/etc/hostname"));
	PLAN_ADD(&plan, .kind = OP_MOVE, .source = "/x", .target = at("/target/etc"));
	PLAN_ADD(&plan, .kind = OP_DIR, .target = at("/target/d"), .mode = 0755);
	PLAN_ADD(&plan, .kind = OP_FILE, .target = at("/target/f"), .data = "x", .len = 1,
		 .mode = 0644);
	PLAN_ADD(&plan, .kind = OP_REMOVE, .target = at("/target/etc/hostname"));
	PLAN_ADD(&plan, .kind = OP_CHECK_INIT, .target = at("/target"), .data = "/sbin/init");
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(fakesys_count("mount tmpfs "), 1);
	assert_false(b.facts.loader_tried);
	assert_true(fakesys_find("clock_set 5", 0) < fakesys_find("hostname_set press-07", 0));
	assert_int_equal(fakesys_count("module_insert /m.ko"), 1);
	assert_int_equal(fakesys_count("mount anteroot "), 1);
	assert_int_equal(fakesys_count("mount /proc/self/fd/"), 1);
	assert_int_equal(fakesys_count("mount /x "), 1);
	assert_true(is_there(s.fd, "target/d"));
	assert_string_equal(get_text(s.fd, "target/f"), "x");
	assert_false(is_there(s.fd, "target/etc/hostname"));
	assert_int_equal(b.report.n_deliveries, 3);
	/* No module and no init: two warnings. */
	assert_int_equal(b.report.n_warnings, 2);
	assert_non_null(strstr(b.report.warning[0].text, "unable to load nofs"));
	assert_non_null(strstr(b.report.warning[1].text, "unable to execute /sbin/init"));
}

static void test_disk_and_root_are_settled(void **state)
{
	struct facts *f = &b.facts;

	(void)state;
	PLAN_ADD(&plan, .kind = OP_DISK, .target = "vda", .data = "it carries the layout");
	PLAN_ADD(&plan, .kind = OP_ROOT, .target = "vda2", .source = "A",
		 .data = "it is the first slot");
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_string_equal(f->boot_disk, "vda");
	assert_string_equal(f->root_device, "vda2");
	assert_string_equal(f->root_slot, "A");
	assert_string_equal(f->root_reason, "it is the first slot");
	assert_non_null(strstr(b.log.text, "boot disk: vda, because it carries the layout\n"));
	assert_non_null(strstr(b.log.text, "root: vda2, slot A, because it is the first slot\n"));
	plan.n = 0;
	PLAN_ADD(&plan, .kind = OP_ROOT, .target = "sdb1", .data = "root= names it");
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_null(f->root_slot);
	assert_non_null(strstr(b.log.text, "root: sdb1, because root= names it\n"));
}

static void add_part(enum part_role role, const char *source)
{
	PLAN_ADD(&plan, .kind = OP_MOUNT_PART, .role = (int)role, .source = source, .type = "ext4",
		 .target = at(arena_printf(&b.arena, "/run/mnt/%d", (int)role)));
}

/* A partition that does not mount is given up, and the rest goes on. */
static void test_partitions(void **state)
{
	(void)state;
	add_part(PART_STATE, "/dev/vda5");
	add_part(PART_DATA, "/dev/vda6");
	fakesys_fail_match("mount /dev/vda5", EIO);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_null(b.facts.mounted[PART_STATE]);
	assert_true(b.facts.gave_up[PART_STATE]);
	assert_string_equal(b.facts.mounted[PART_DATA], "vda6");
	assert_false(b.facts.gave_up[PART_DATA]);
	assert_int_equal(b.report.n_warnings, 1);
	assert_string_equal(b.report.warning[0].hook, "test");
}

static void add_root(const char *device, const char *slot, const char *init)
{
	PLAN_ADD(&plan, .kind = OP_ROOT, .target = device, .source = slot, .data = "why");
	PLAN_ADD(&plan, .kind = OP_MOUNT_ROOT, .on_failure = FAIL_OTHER_SLOT, .type = "ext4",
		 .source = arena_printf(&b.arena, "/dev/%s", device), .target = b.facts.target_dir);
	PLAN_ADD(&plan, .kind = OP_CHECK_INIT, .on_failure = FAIL_OTHER_SLOT,
		 .target = b.facts.target_dir, .data = init);
	PLAN_ADD(&plan, .kind = OP_HOSTNAME, .data = "not reached");
}

/* The root is out of the running, what follows is not done, and nothing is unmounted that is not mounted. */
static void test_root_that_does_not_mount(void **state)
{
	(void)state;
	add_root("vda2", "A", "/sbin/init");
	fakesys_fail_match("mount /dev/vda2", EUCLEAN);
	assert_int_equal(apply(&b, &plan), APPLY_AGAIN);
	assert_int_equal(b.facts.n_failed, 1);
	assert_string_equal(b.facts.failed[0].device, "vda2");
	assert_string_equal(b.facts.failed[0].slot, "A");
	assert_non_null(strstr(b.facts.failed[0].reason, "unable to mount /dev/vda2: "));
	assert_false(b.facts.root_mounted);
	assert_null(b.facts.root_device);
	assert_null(b.facts.root_slot);
	assert_null(b.facts.root_reason);
	assert_int_equal(fakesys_count("umount"), 0);
	assert_int_equal(fakesys_count("hostname_set"), 0);
	assert_non_null(strstr(b.log.text, "<3>"));
	assert_non_null(strstr(b.log.text, " vda2, slot A failed: unable to mount"));
	assert_int_equal(b.report.n_warnings, 0); /* it is in `failed` */
}

static void test_root_without_init_is_unmounted(void **state)
{
	(void)state;
	add_root("sdb1", NULL, "/sbin/init");
	assert_int_equal(apply(&b, &plan), APPLY_AGAIN);
	assert_null(b.facts.failed[0].slot);
	assert_false(b.facts.root_mounted);
	assert_int_equal(fakesys_count(arena_printf(&b.arena, "umount %s %d", b.facts.target_dir,
						    MNT_DETACH)),
			 1);
	assert_non_null(strstr(b.log.text, " sdb1 failed: unable to execute /sbin/init"));
}

/* More roots than there is room to remember: the last are not, and nothing is written beside it. */
static void test_many_failed_roots(void **state)
{
	(void)state;
	b.facts.n_failed = FACTS_FAILED_MAX;
	add_root("vda2", "A", "/sbin/init");
	assert_int_equal(apply(&b, &plan), APPLY_AGAIN);
	assert_int_equal(b.facts.n_failed, FACTS_FAILED_MAX);
}

static void test_fatal(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_MOUNT, .on_failure = FAIL_FATAL, .source = "proc",
		 .target = "/proc", .type = "proc");
	PLAN_ADD(&plan, .kind = OP_HOSTNAME, .data = "not reached");
	fakesys_fail_match("mount proc", EPERM);
	assert_int_equal(apply(&b, &plan), -EPERM);
	assert_non_null(strstr(b.error, "unable to mount proc: "));
	assert_null(b.hint);
	assert_int_equal(fakesys_count("hostname_set"), 0);
}

static void test_clock_and_hostname_fail(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_CLOCK, .usec = 1);
	PLAN_ADD(&plan, .kind = OP_HOSTNAME, .data = "x");
	fakesys_fail_match("clock_set", EPERM);
	fakesys_fail_match("hostname_set", EINVAL);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_string_equal(b.report.warning[0].text,
			    "unable to set the clock: Operation not permitted");
	assert_string_equal(b.report.warning[1].text,
			    "unable to set the host name: Invalid argument");
}

/* The hook's own words, and what to do. */
static void test_fail(void **state)
{
	char longer[2 * BOOT_ERROR_MAX];

	(void)state;
	PLAN_ADD(&plan, .kind = OP_FAIL, .on_failure = FAIL_FATAL,
		 .data = "unable to find a root: no disk", .source = "look");
	assert_int_equal(apply(&b, &plan), -ENOENT);
	assert_string_equal(b.error, "unable to find a root: no disk");
	assert_string_equal(b.hint, "look");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	plan.op[0].data = longer;
	assert_int_equal(apply(&b, &plan), -ENOENT);
	assert_int_equal(strlen(b.error), BOOT_ERROR_MAX - 1);
	memset(b.error, 0, sizeof(b.error));
	plan.op[0].data = NULL;
	assert_int_equal(apply(&b, &plan), -ENOENT);
	assert_string_equal(b.error, "unable to go on: out of memory");
}

static void test_warnings_once(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_WARN, .data = "words");
	PLAN_ADD(&plan, .kind = OP_WARN, .data = "words");
	PLAN_ADD(&plan, .kind = OP_WARN, .data = "others");
	PLAN_ADD(&plan, .kind = OP_WARN);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_int_equal(b.report.n_warnings, 2);
	assert_non_null(strstr(b.log.text, " test: words\n"));
	assert_non_null(strstr(b.log.text, " test: others\n"));
}

static void test_again_ends_the_plan(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_AGAIN);
	PLAN_ADD(&plan, .kind = OP_HOSTNAME, .data = "not reached");
	assert_int_equal(apply(&b, &plan), APPLY_AGAIN);
	assert_int_equal(fakesys_calls(), 0);
}

/* Without a socket devices are looked for in steps, none of them beyond the deadline. */
static void test_wait_in_steps(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_WAIT, .data = "a disk");
	b.uevent_lost = true;
	b.facts.now_msec = 1000;
	b.facts.deadline_msec = 31000;
	assert_int_equal(apply(&b, &plan), APPLY_WAITED);
	b.facts.deadline_msec = 1007;
	assert_int_equal(apply(&b, &plan), APPLY_WAITED);
	assert_string_equal(fakesys_log(), "sleep_msec 100\nsleep_msec 7\n");
}

/* Whatever is in the socket wakes; without it the deadline ends the wait. */
static void test_wait_on_the_socket(void **state)
{
	int pair[2];
	int64_t start;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	PLAN_ADD(&plan, .kind = OP_WAIT, .data = "a disk");
	b.uevent_fd = pair[0];
	b.facts.deadline_msec = 20;
	start = clock_monotonic_usec();
	assert_int_equal(apply(&b, &plan), APPLY_WAITED);
	assert_true(clock_monotonic_usec() - start >= 20000);
	assert_int_equal(send(pair[1], "x", 1, 0), 1);
	b.facts.deadline_msec = 60000;
	start = clock_monotonic_usec();
	assert_int_equal(apply(&b, &plan), APPLY_WAITED);
	assert_true(clock_monotonic_usec() - start < 30000000);
	assert_int_equal(fakesys_calls(), 0);
	close(pair[1]);
}

/* A level that shows debug messages shows every operation, but never what is written. */
static void test_debug_shows_the_plan(void **state)
{
	(void)state;
	b.log.level = LOG_LEVEL_DEBUG;
	PLAN_ADD(&plan, .kind = OP_FILE, .target = at("/target/f"), .data = "secret", .len = 6,
		 .mode = 0600);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_non_null(
		strstr(b.log.text, arena_printf(&b.arena, " test: file %s 0600 0:0 6 bytes\n",
						at("/target/f"))));
	assert_null(strstr(b.log.text, "secret"));
}

/* A failure that there is no memory to note ends the boot, whatever it would have meant. */
static void test_no_memory_for_a_reason(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_CLOCK, .on_failure = FAIL_WARN, .usec = 1);
	fakesys_fail_match("clock_set", EPERM);
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(apply(&b, &plan), -EPERM);
	assert_non_null(strstr(b.error, "unable to set the clock"));
}

static void test_variables_of_the_firmware_are_mounted_once(void **state)
{
	(void)state;
	PLAN_ADD(&plan, .kind = OP_MOUNT, .source = "efivarfs", .target = EFIVAR_DIR,
		 .type = "efivarfs");
	fakesys_fail_match("mount efivarfs", ENODEV);
	assert_int_equal(apply(&b, &plan), APPLY_NEXT);
	assert_true(b.facts.loader_tried);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_plan),
		TEST(test_each_kind),
		TEST(test_variables_of_the_firmware_are_mounted_once),
		TEST(test_disk_and_root_are_settled),
		TEST(test_partitions),
		TEST(test_root_that_does_not_mount),
		TEST(test_root_without_init_is_unmounted),
		TEST(test_many_failed_roots),
		TEST(test_fatal),
		TEST(test_clock_and_hostname_fail),
		TEST(test_fail),
		TEST(test_warnings_once),
		TEST(test_again_ends_the_plan),
		TEST(test_wait_in_steps),
		TEST(test_wait_on_the_socket),
		TEST(test_debug_shows_the_plan),
		TEST(test_no_memory_for_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
