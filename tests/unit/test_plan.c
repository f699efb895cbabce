/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mount.h>

#include "init/plan.h"
#include "tests/unit/intercept.h"

static struct arena a = ARENA_INIT;

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	arena_free(&a);
	return 0;
}

static void test_names(void **state)
{
	(void)state;
	for (int kind = 0; kind < OP_KINDS; kind++) {
		assert_non_null(op_name((enum op_kind)kind));
		assert_true(*op_name((enum op_kind)kind) != '\0');
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(op_name((enum op_kind)kind),
						op_name((enum op_kind)other));
	}
	assert_string_equal(op_name(OP_MOUNT), "mount");
	assert_string_equal(op_name(OP_CHECK_INIT), "check-init");
	assert_string_equal(on_failure_name(FAIL_WARN), "warn");
	assert_string_equal(on_failure_name(FAIL_OTHER_SLOT), "other-slot");
	assert_string_equal(on_failure_name(FAIL_FATAL), "fatal");
}

static void test_add_and_find(void **state)
{
	struct plan p = PLAN_INIT(&a);
	struct op *op;

	(void)state;
	p.hook = "one";
	op = PLAN_ADD(&p, .kind = OP_DIR, .target = "/a", .hook = "whatever is said here");
	assert_string_equal(op->hook, "one");
	p.hook = "two";
	PLAN_ADD(&p, .kind = OP_DIR, .target = "/b");
	PLAN_ADD(&p, .kind = OP_WARN, .data = "/b");
	assert_int_equal(p.n, 3);
	assert_string_equal(p.op[0].hook, "one");
	assert_string_equal(p.op[1].hook, "two");
	assert_ptr_equal(plan_find(&p, OP_DIR, "/b"), &p.op[1]);
	assert_null(plan_find(&p, OP_DIR, "/"));
	assert_null(plan_find(&p, OP_FILE, "/a"));
	assert_null(plan_find(&p, OP_WARN, "/b")); /* it has no target */
	assert_ptr_equal(plan_find_kind(&p, OP_DIR), &p.op[0]);
	assert_null(plan_find_kind(&p, OP_FAIL));
}

static void test_growing_keeps_all(void **state)
{
	struct plan p = PLAN_INIT(&a);

	(void)state;
	for (int i = 0; i < 1000; i++)
		PLAN_ADD(&p, .kind = OP_CLOCK, .usec = i);
	assert_int_equal(p.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p.op[i].usec, i);
}

static void test_filesystem_once_for_each_type(void **state)
{
	struct plan p = PLAN_INIT(&a);

	(void)state;
	plan_filesystem(&p, "ext4");
	plan_filesystem(&p, "vfat");
	plan_filesystem(&p, "ext4");
	assert_int_equal(p.n, 2);
	assert_string_equal(p.op[0].type, "ext4");
	assert_string_equal(p.op[1].type, "vfat");
	assert_int_equal(p.op[0].on_failure, FAIL_WARN);
}

/* A plan that lost something is known by its arena; what the caller got may still be written to. */
static void test_no_memory(void **state)
{
	struct plan p = PLAN_INIT(&a);
	struct op *op;

	(void)state;
	memory_runs_out(&a, 0, NO_BLOCKS);
	op = PLAN_ADD(&p, .kind = OP_WARN);
	assert_non_null(op);
	op->data = "x";
	assert_int_equal(p.n, 0);
	assert_true(arena_failed(&a));
}

static const struct module module = { .name = "nls_ascii", .path = "/x.ko", .options = "" };
static const struct module with_options = { .name = "loop",
					    .path = "/y.ko",
					    .options = "max_loop=4" };

/* What a person and the cases of tests/cases read. */
static const struct {
	struct op op;
	const char *text;
} texts[] = {
	{ { .kind = OP_MOUNT,
	    .source = "proc",
	    .target = "/proc",
	    .type = "proc",
	    .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC },
	  "mount proc /proc proc rw,nosuid,nodev,noexec" },
	{ { .kind = OP_MOUNT,
	    .source = "s",
	    .target = "/t",
	    .type = "ext4",
	    .flags = MS_RDONLY,
	    .data = "o=1" },
	  "mount s /t ext4 ro o=1" },
	{ { .kind = OP_MOUNT,
	    .source = "s",
	    .target = "/t",
	    .type = "x",
	    .flags = MS_STRICTATIME | MS_RDONLY },
	  "mount s /t x ro,strictatime" },
	{ { .kind = OP_MOUNT_PART, .source = "/dev/a", .target = "/t", .data = "" },
	  "mount-part /dev/a /t - rw" },
	{ { .kind = OP_MOUNT_ROOT, .source = "/dev/a", .target = "/t", .type = "a,b" },
	  "mount-root /dev/a /t a,b rw" },
	{ { .kind = OP_BIND, .source = "/a", .target = "/b" }, "bind /a /b" },
	{ { .kind = OP_MOVE, .source = "/a", .target = "/b" }, "move /a /b" },
	{ { .kind = OP_OVERLAY, .target = "/b" }, "overlay /b" },
	{ { .kind = OP_FILESYSTEM, .type = "vfat" }, "filesystem vfat" },
	{ { .kind = OP_MODULE, .module = &module }, "module nls_ascii" },
	{ { .kind = OP_MODULE, .module = &with_options }, "module loop max_loop=4" },
	{ { .kind = OP_CLOCK, .usec = INT64_C(1700000000000001) }, "clock 1700000000000001" },
	{ { .kind = OP_HOSTNAME, .data = "press-07" }, "hostname press-07" },
	{ { .kind = OP_DIR, .target = "/d", .mode = 02755, .gid = 101 }, "dir /d 2755 0:101" },
	{ { .kind = OP_FILE, .target = "/f", .mode = 0600, .uid = 7, .data = "a secret", .len = 8 },
	  "file /f 0600 7:0 8 bytes" },
	{ { .kind = OP_REMOVE, .target = "/f" }, "remove /f" },
	{ { .kind = OP_DISK, .target = "vda", .data = "it is there" }, "disk vda it is there" },
	{ { .kind = OP_ROOT, .source = "A", .target = "vda2", .data = "why" }, "root A vda2 why" },
	{ { .kind = OP_ROOT, .target = "vda2", .data = "why" }, "root vda2 why" },
	{ { .kind = OP_STATE, .data = "active A; A good; B empty" },
	  "state active A; A good; B empty" },
	{ { .kind = OP_PARTITIONS, .source = "/dev/vda" }, "partitions /dev/vda" },
	{ { .kind = OP_RESTORE, .source = "/dev/vda" }, "restore /dev/vda" },
	{ { .kind = OP_GROW_TABLE, .source = "/dev/vda", .target = "vda5", .data = "to 9 MiB" },
	  "grow-table /dev/vda vda5 to 9 MiB" },
	{ { .kind = OP_GROW_FS, .source = "/dev/vda5", .target = "/mnt", .usec = 7 },
	  "grow-fs /dev/vda5 /mnt 7" },
	{ { .kind = OP_PANIC, .usec = 5000000 }, "panic 5000000" },
	{ { .kind = OP_WATCHDOG, .target = "/dev/watchdog", .usec = 60000000 },
	  "watchdog /dev/watchdog 60000000" },
	{ { .kind = OP_DELAY, .usec = 1, .data = "why" }, "delay 1 why" },
	{ { .kind = OP_UUID, .source = "/dev/vda2", .type = "ext4", .data = "1234-ABCD" },
	  "uuid /dev/vda2 ext4 1234-ABCD" },
	{ { .kind = OP_PERSIST, .source = "/s/f", .target = "/t/f", .data = "state" },
	  "persist /s/f /t/f state" },
	{ { .kind = OP_FIRST_BOOT }, "first-boot" },
	{ { .kind = OP_CHECK,
	    .source = "/dev/vda2",
	    .target = "/sbin/e2fsck",
	    .type = "ext4",
	    .data = "why",
	    .usec = 1 },
	  "check /dev/vda2 /sbin/e2fsck ext4 why" },
	{ { .kind = OP_RUN, .target = "/etc/x", .data = "pre-mount" }, "run /etc/x" },
	{ { .kind = OP_CHECK_INIT, .target = "/sysroot", .data = "/sbin/init" },
	  "check-init /sysroot /sbin/init" },
	{ { .kind = OP_RETAIN, .target = "/f" }, "retain /f" },
	{ { .kind = OP_SKIP, .data = "nobody reads it", .key = "k" }, "skip nobody reads it" },
	{ { .kind = OP_AGAIN }, "again" },
	{ { .kind = OP_WAIT, .data = "a disk" }, "wait a disk" },
	{ { .kind = OP_WARN, .data = "words" }, "warn words" },
	{ { .kind = OP_FAIL, .data = "words", .source = "what to do" }, "fail words" },
};

static void test_texts(void **state)
{
	bool shown[OP_KINDS] = { false };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_string_equal(op_text(&a, &texts[i].op), texts[i].text);
		shown[texts[i].op.kind] = true;
	}
	for (int kind = 0; kind < OP_KINDS; kind++)
		if (!shown[kind])
			fail_msg("no text of %s is looked at here", op_name((enum op_kind)kind));
}

/* Wherever memory ends, the text is whole or the arena knows. */
static void test_texts_without_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (unsigned int units = 0; units < 40; units++) {
			const char *text;

			memory_runs_out(&a, units, NO_BLOCKS);
			text = op_text(&a, &texts[i].op);
			memory_is_back();
			if (!arena_failed(&a))
				assert_string_equal(text, texts[i].text);
			else
				assert_true(!text || strlen(text) < 100);
			arena_free(&a);
		}
}

#define TEST(t) cmocka_unit_test_teardown(t, teardown)

/* Room that was made is used, and what is there stays. */
static void test_reserve(void **state)
{
	struct plan p = PLAN_INIT(&a);
	const struct op *first;

	(void)state;
	PLAN_ADD(&p, .kind = OP_WARN, .data = "0");
	plan_reserve(&p, 100);
	first = p.op;
	for (int i = 0; i < 100; i++)
		PLAN_ADD(&p, .kind = OP_AGAIN);
	assert_ptr_equal(p.op, first);
	assert_string_equal(p.op[0].data, "0");
	assert_int_equal(p.n, 101);
	plan_add_first(&p, &(struct op){ .kind = OP_WAIT });
	assert_int_equal(p.op[0].kind, OP_WAIT);
	assert_string_equal(p.op[1].data, "0");
	assert_int_equal(p.n, 102);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_add_and_find),
		TEST(test_growing_keeps_all),
		TEST(test_reserve),
		TEST(test_filesystem_once_for_each_type),
		TEST(test_no_memory),
		TEST(test_texts),
		TEST(test_texts_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
