/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/devices.h"

#include <string.h>

#include "init/facts.h"

/* vda is the boot disk, vdb its copy, vdc carries two of one label, vdd and vde are somebody else's. */
static struct blockdev devices[] = {
	DISK_ROW("vda", 3),
	PART_ROW("vda", 1, "vfat", "RESIN-BOOT"),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "balena-rootB"),
	DISK_ROW("vdb", 2),
	{ .name = "vdb1",
	  .whole = "vdb",
	  .disk = "vdb",
	  .partno = 1,
	  .probed = true,
	  .label = "resin-boot" },
	DISK_ROW("vdc", 2),
	{ .name = "vdc1",
	  .whole = "vdc",
	  .disk = "vdc",
	  .partno = 1,
	  .probed = true,
	  .label = "resin-rootA" },
	{ .name = "vdc2",
	  .whole = "vdc",
	  .disk = "vdc",
	  .partno = 2,
	  .probed = true,
	  .label = "balena-rootA" },
	{ .name = "vdd", .whole = "vdd", .disk = "vdd" },
	DISK_ROW("vde", 1),
	{ .name = "vde1", .whole = "vde", .disk = "vde", .partno = 1, .label = "resin-state" },
};

static struct facts f;

static const struct blockdev *dev(const char *name)
{
	const struct blockdev *found = blockdev_by_name(&f.devs, name);

	assert_non_null(found);
	return found;
}

static int setup(void **state)
{
	(void)state;
	f = (struct facts){
		.layout = layout_default,
		.devs = { devices, ARRAY_SIZE(devices) },
		.boot_disk = "vda",
	};
	return 0;
}

static void test_stage_names(void **state)
{
	static const char *const names[] = { "early", "boot", "root", "target" };

	(void)state;
	assert_int_equal(ARRAY_SIZE(names), STAGE_COUNT);
	for (size_t i = 0; i < STAGE_COUNT; i++)
		assert_string_equal(stage_name((enum stage)i), names[i]);
}

static void test_place(void **state)
{
	struct facts_place places[] = { { .path = "/etc" },
					{ .path = "/etc/hostname", .exists = true } };

	(void)state;
	assert_null(facts_place(&f, "/etc"));
	f.place = places;
	f.n_places = ARRAY_SIZE(places);
	assert_ptr_equal(facts_place(&f, "/etc"), &places[0]);
	assert_ptr_equal(facts_place(&f, "/etc/hostname"), &places[1]);
	assert_null(facts_place(&f, "/etc/host"));
	assert_null(facts_place(&f, ""));
}

/* Labels count on the boot disk alone. */
static void test_part(void **state)
{
	size_t count = 99;

	(void)state;
	assert_ptr_equal(facts_part(&f, PART_BOOT, &count), dev("vda1")); /* FAT has no case */
	assert_int_equal(count, 1);
	assert_ptr_equal(facts_part(&f, PART_ROOT_A, NULL), dev("vda2"));
	assert_ptr_equal(facts_part(&f, PART_ROOT_B, NULL), dev("vda3")); /* its twin name */
	assert_null(facts_part(&f, PART_STATE, &count));
	assert_int_equal(count, 0);
}

static void test_part_without_a_boot_disk(void **state)
{
	size_t count = 99;

	(void)state;
	f.boot_disk = NULL;
	assert_null(facts_part(&f, PART_BOOT, &count));
	assert_int_equal(count, 0);
	assert_null(facts_part(&f, PART_BOOT, NULL));
	assert_null(facts_slot_of(&f, dev("vda2")));
	assert_false(facts_is_clone(&f, dev("vdb")));
}

static void test_two_of_one_label_are_none(void **state)
{
	size_t count;

	(void)state;
	assert_null(facts_part_on(&f, "vdc", PART_ROOT_A, &count));
	assert_int_equal(count, 2);
	assert_null(facts_part_on(&f, "vdc", PART_ROOT_A, NULL));
	f.boot_disk = "vdc";
	assert_null(facts_slot_of(&f, dev("vdc1")));
}

/* A layout may use all of its places for labels. */
static void test_last_label_counts(void **state)
{
	static const char *const labels[LAYOUT_LABELS_MAX] = { "x", "y", "z", "resin-state" };

	(void)state;
	memcpy(f.layout.part[PART_STATE].label, labels, sizeof(labels));
	assert_ptr_equal(facts_part_on(&f, "vde", PART_STATE, NULL), dev("vde1"));
}

static void test_slot_of(void **state)
{
	(void)state;
	assert_string_equal(facts_slot_of(&f, dev("vda2")), "A");
	assert_string_equal(facts_slot_of(&f, dev("vda3")), "B");
	assert_null(facts_slot_of(&f, dev("vda1")));
	assert_null(facts_slot_of(&f, dev("vdc1")));
}

static void test_has_failed(void **state)
{
	(void)state;
	assert_false(facts_has_failed(&f, dev("vda2")));
	f.failed[0].device = "vda3";
	f.failed[1].device = "vda2";
	f.n_failed = 1;
	assert_false(facts_has_failed(&f, dev("vda2")));
	f.n_failed = 2;
	assert_true(facts_has_failed(&f, dev("vda2")));
	assert_false(facts_has_failed(&f, dev("vda")));
}

static void test_layout_and_clones(void **state)
{
	(void)state;
	assert_true(facts_has_layout(&f, dev("vda")));
	assert_true(facts_has_layout(&f, dev("vdb")));
	assert_true(facts_has_layout(&f, dev("vdc")));	/* twice is there too */
	assert_false(facts_has_layout(&f, dev("vde"))); /* state alone is no system */
	assert_false(facts_is_clone(&f, dev("vda")));
	assert_true(facts_is_clone(&f, dev("vdb")));
	assert_false(facts_is_clone(&f, dev("vde")));
}

static void test_disk_complete(void **state)
{
	(void)state;
	assert_true(facts_disk_complete(&f, dev("vda")));
	assert_false(facts_disk_complete(&f, dev("vdb"))); /* one of two is here */
	assert_true(facts_disk_complete(&f, dev("vdc")));
	assert_false(facts_disk_complete(&f, dev("vdd"))); /* itself not looked at */
	assert_false(facts_disk_complete(&f, dev("vde"))); /* its partition not looked at */
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stage_names),
		TEST(test_place),
		TEST(test_part),
		TEST(test_part_without_a_boot_disk),
		TEST(test_two_of_one_label_are_none),
		TEST(test_last_label_counts),
		TEST(test_slot_of),
		TEST(test_has_failed),
		TEST(test_layout_and_clones),
		TEST(test_disk_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
