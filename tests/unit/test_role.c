/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/devices.h"

#include "lib/role.h"

#define U(n) "aaaaaaaa-0000-4000-8000-00000000000" #n

/* vda: boot, root A in LUKS, root B in the clear, a RAID member with everything that a root has. vdb: a copy of B. */
static const char *on_vda2[] = { "vda2" }, *on_vda3[] = { "vda3" }, *on_loop[] = { "vda3" };
static struct blockdev list[] = {
	DISK_ROW("vda", 4),
	PART_ROW("vda", 1, "vfat", "RESIN-BOOT"),
	{ .name = "vda2",
	  .whole = "vda",
	  .disk = "vda",
	  .partno = 2,
	  .type = "crypto_LUKS",
	  .partlabel = "a",
	  .partuuid = U(2) },
	{ .name = "vda3",
	  .whole = "vda",
	  .disk = "vda",
	  .partno = 3,
	  .type = "ext4",
	  .filesystem = true,
	  .label = "resin-rootB",
	  .partlabel = "b",
	  .partuuid = U(3) },
	{ .name = "vda4",
	  .whole = "vda",
	  .disk = "vda",
	  .partno = 4,
	  .type = "linux_raid_member",
	  .label = "resin-rootB",
	  .partlabel = "b",
	  .partuuid = U(3) },
	{ .name = "dm-0",
	  .whole = "dm-0",
	  .disk = "vda",
	  .type = "ext4",
	  .filesystem = true,
	  .label = "resin-rootA",
	  .below = on_vda2,
	  .n_below = 1 },
	DISK_ROW("vdb", 1),
	PART_ROW("vdb", 1, "ext4", "resin-rootB"),
	{ .name = "vdb2", .whole = "vdb", .disk = "vdb", .partno = 2, .partlabel = "b" },
};
static const struct blockdevs devs = { list, ARRAY_SIZE(list) };
static struct layout layout;

static int setup(void **state)
{
	(void)state;
	layout = layout_default;
	return 0;
}

static void assert_role(enum part_role role, const char *name, size_t count)
{
	size_t n = 99;
	const struct blockdev *dev = role_find(&layout, &devs, "vda", role, &n);

	assert_int_equal(n, count);
	assert_string_equal(dev ? dev->name : "none", name);
	assert_ptr_equal(dev, role_find(&layout, &devs, "vda", role, NULL));
}

static void choose(enum part_role role, enum layout_by by, const char *first, const char *second)
{
	layout.part[role].by = by;
	layout.part[role].label[0] = first;
	layout.part[role].label[1] = second;
}

static void test_labels(void **state)
{
	(void)state;
	assert_role(PART_BOOT, "vda1", 1);
	assert_role(PART_ROOT_A, "dm-0", 1);
	assert_role(PART_ROOT_B, "vda3", 1);
	assert_role(PART_STATE, "none", 0);
	/* A GPT name is no label. */
	choose(PART_STATE, LAYOUT_BY_LABEL, "b", NULL);
	assert_role(PART_STATE, "none", 0);
	choose(PART_STATE, LAYOUT_BY_LABEL, "x", "RESIN-boot");
	assert_role(PART_STATE, "vda1", 1);
}

/* Of what is made of a partition that one's name counts: never the member's own. */
static void test_partlabels(void **state)
{
	(void)state;
	choose(PART_ROOT_A, LAYOUT_BY_PARTLABEL, "x", "a");
	choose(PART_ROOT_B, LAYOUT_BY_PARTLABEL, "b", NULL);
	assert_role(PART_ROOT_A, "dm-0", 1);
	assert_role(PART_ROOT_B, "vda3", 1);
	choose(PART_ROOT_A, LAYOUT_BY_PARTLABEL, "A", NULL);
	assert_role(PART_ROOT_A, "none", 0);
	choose(PART_ROOT_B, LAYOUT_BY_PARTLABEL, "resin-rootB", NULL);
	assert_role(PART_ROOT_B, "none", 0);
	/* A partition without a file system yet has its name all the same. */
	choose(PART_ROOT_B, LAYOUT_BY_PARTLABEL, "b", NULL);
	assert_string_equal(role_find(&layout, &devs, "vdb", PART_ROOT_B, NULL)->name, "vdb2");
}

static void test_partuuid(void **state)
{
	(void)state;
	choose(PART_ROOT_A, LAYOUT_BY_PARTUUID, "AAAAAAAA-0000-4000-8000-000000000002", NULL);
	choose(PART_ROOT_B, LAYOUT_BY_PARTUUID, U(3), NULL);
	assert_role(PART_ROOT_A, "dm-0", 1);
	assert_role(PART_ROOT_B, "vda3", 1);
	choose(PART_ROOT_A, LAYOUT_BY_PARTUUID, "aaaaaaaa-0000", NULL);
	assert_role(PART_ROOT_A, "none", 0);
	choose(PART_ROOT_A, LAYOUT_BY_PARTUUID, "", NULL);
	assert_role(PART_ROOT_A, "none", 0);
}

static void test_loop_has_no_name_of_a_partition(void **state)
{
	struct blockdev loop = { .name = "loop0",
				 .whole = "loop0",
				 .disk = "vda",
				 .filesystem = true,
				 .type = "ext4",
				 .below = on_loop,
				 .n_below = 1,
				 .in_file = true };
	struct blockdev twice = {
		.name = "dm-1", .whole = "dm-1", .disk = "vda", .below = on_vda3, .n_below = 2
	};

	(void)state;
	choose(PART_ROOT_B, LAYOUT_BY_PARTLABEL, "b", NULL);
	assert_true(role_matches(&layout, &devs, &list[3], PART_ROOT_B));
	assert_false(role_matches(&layout, &devs, &loop, PART_ROOT_B));
	assert_false(role_matches(&layout, &devs, &twice, PART_ROOT_B));
}

static void test_disk_has_layout(void **state)
{
	(void)state;
	assert_true(role_disk_has_layout(&layout, &devs, "vda"));
	assert_true(role_disk_has_layout(&layout, &devs, "vdb"));
	assert_false(role_disk_has_layout(&layout, &devs, "vdc"));
	choose(PART_ROOT_B, LAYOUT_BY_LABEL, "x", NULL);
	assert_false(role_disk_has_layout(&layout, &devs, "vdb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_labels, setup),
		cmocka_unit_test_setup(test_partlabels, setup),
		cmocka_unit_test_setup(test_partuuid, setup),
		cmocka_unit_test_setup(test_loop_has_no_name_of_a_partition, setup),
		cmocka_unit_test_setup(test_disk_has_layout, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
