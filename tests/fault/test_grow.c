/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The boot of a disk that has grown, and whose primary GPT was torn: whatever call fails, it ends in the first slot, with
 * a warning, and the second time there is nothing left to write.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "init/apply.h"
#include "tests/fault/fixture.h"
#include "tests/unit/scratch.h"

#define SECTOR 512u

static unsigned char sectors[4][SECTOR]; /* what is written to sectors 1 to 4 */
static struct ptable_part part = { "vda5", 5, 10, 20 };
static char name[600];

static const char *node(const char *device)
{
	(void)snprintf(name, sizeof(name), "%s/dev/%s", fixture.base, device);
	return name;
}

static void put(const char *device, const unsigned char *data, size_t len)
{
	put_bytes(AT_FDCWD, node(device), data, len, 0600);
}

static void plan_sectors(struct ptable_plan *plan, unsigned int first)
{
	plan->sector_bytes = SECTOR;
	plan->part = part;
	plan->n = 2;
	for (unsigned int i = 0; i < 2; i++)
		plan->write[i] = (struct ptable_write){ first + i, 1, sectors[first + i - 1] };
}

static void start(bool again)
{
	static unsigned char super[4096], disk[16 * SECTOR];
	struct facts *f = &fixture.boot->facts;

	if (again) {
		fixture_again(&fixture, true);
	} else {
		fixture_restart(&fixture, true);
		assert_int_equal(mkdir(node(""), 0755), 0);
		super[1024 + 0x39] = 0xef;
		super[1024 + 0x38] = 0x53;
		super[1024 + 0x5c] = 4;
		put("vda", disk, sizeof(disk));
		put("vda5", super, sizeof(super));
	}
	memset(sectors, 0x5a, sizeof(sectors));
	fixture.boot->dev_dir = arena_printf(&fixture.boot->arena, "%s/dev", fixture.base);
	f->grow.disk = &f->devs.dev[0];
	f->grow.part = &f->devs.dev[5];
	f->grow.fs_behind = true;
	f->grow.bytes = 1 << 20;
	plan_sectors(&f->grow.table, 1);
	f->backup_disk = "vda";
	f->backup = (struct ptable_backup){ .part = &part, .n = 1 };
	plan_sectors(&f->backup.restore, 3);
}

/* The restoring goes first; what grows is then decided with the next boot. */
static void restored(void)
{
	fixture.boot->facts.restored = true;
}

static unsigned int play(size_t *ret_warnings)
{
	const struct boot *b = fixture.boot;

	assert_int_equal(fixture_play(&fixture), APPLY_NEXT);
	assert_string_equal("A", b->facts.root_slot);
	assert_int_equal(b->facts.n_failed, 0);
	*ret_warnings = b->report.n_warnings;
	return fakesys_calls();
}

/* Every call from `first` on whose line is one of ours. */
static bool is_ours(const char *line)
{
	return strstr(line, "/dev/vda") || strncmp(line, "ext4_resize ", 12) == 0;
}

static void fail_each(void (*before)(void), unsigned int expected)
{
	unsigned int calls, ours = 0;
	size_t usual, warnings;
	int fds;

	start(false);
	fds = fakesys_open_fds();
	if (before)
		before();
	calls = play(&usual);
	for (unsigned int nth = 1; nth <= calls; nth++) {
		const char *line;

		start(false);
		if (before)
			before();
		fakesys_fail_nth(nth, EIO);
		(void)fixture_play(&fixture);
		line = fakesys_line(nth - 1);
		/* Mounts by the kernel's names have a test of their own. */
		if (!is_ours(line) || strncmp(line, "mount ", 6) == 0)
			continue;
		ours++;
		assert_string_equal("A", fixture.boot->facts.root_slot);
		assert_true(fixture.boot->facts.root_mounted);
		if (fixture.boot->report.n_warnings <= usual)
			fail_msg("nobody notices that \"%s\" fails", line);
		assert_int_equal(fds, fakesys_open_fds());
	}
	assert_int_equal(ours, expected);
	/* And again, with nothing failing: the same sectors hold the same. */
	start(true);
	if (before)
		before();
	(void)play(&warnings);
	assert_true(fakesys_count("pwrite ") <= 2);
	start(true);
	if (before)
		before();
	(void)play(&warnings);
	assert_int_equal(fakesys_count("pwrite "), 0);
}

/* Open, add; then twice open, write, sync; the file system. */
static void test_each_call_fails_restoring(void **state)
{
	(void)state;
	fail_each(NULL, 2 + 6 + 1);
}

/* Open, add; twice open, write, sync; open, resize; the file system. */
static void test_each_call_fails_growing(void **state)
{
	(void)state;
	fail_each(restored, 2 + 6 + 2 + 1);
}

/* A table that could not be written, or that the kernel does not know: its size is not the file system's. */
static void test_no_file_system_before_its_table(void **state)
{
	static const char *const lines[] = { "pwrite ", "fsync ", "partition_resize " };
	size_t warnings;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		start(false);
		restored();
		fakesys_fail_match(arena_printf(&fixture.boot->arena, "%s/base/dev/vda", lines[i]),
				   EIO);
		(void)play(&warnings);
		assert_int_equal(fakesys_count("ext4_resize "), 0);
	}
}

/* Nor does one grow that is not mounted. */
static void test_no_file_system_without_mount(void **state)
{
	size_t warnings;

	(void)state;
	start(false);
	restored();
	fakesys_fail_match("mount /dev/vda5 ", EUCLEAN);
	(void)play(&warnings);
	assert_true(fakesys_count("partition_resize ") == 1);
	assert_int_equal(fakesys_count("ext4_resize "), 0);
}

/* One that a cut has left with a journal to play back is mounted twice, and not grown when that fails. */
static void test_mounted_again(void **state)
{
	const struct facts *f = &fixture.boot->facts;
	unsigned int second = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		start(false);
		restored();
		fixture.boot->facts.grow.fs_recovers = true;
		if (i == 1)
			fakesys_fail_match("umount ", EBUSY);
		if (i == 2)
			fakesys_fail_nth(second + 1, EUCLEAN);
		assert_int_equal(fixture_play(&fixture), APPLY_NEXT);
		assert_int_equal(fakesys_count("umount "), 1);
		assert_int_equal(fakesys_count("mount /dev/vda5 "), i == 1 ? 1 : 2);
		assert_int_equal(fakesys_count("ext4_resize "), i == 0 ? 1 : 0);
		assert_int_equal(f->mounted[PART_DATA] == NULL, i == 2);
		assert_int_equal(f->gave_up[PART_DATA], i == 2);
		if (i == 0)
			second = (unsigned int)fakesys_find(
				"mount /dev/vda5 ", (unsigned int)fakesys_find("umount ", 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_call_fails_restoring),
		cmocka_unit_test(test_each_call_fails_growing),
		cmocka_unit_test(test_no_file_system_before_its_table),
		cmocka_unit_test(test_no_file_system_without_mount),
		cmocka_unit_test(test_mounted_again),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
