/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/blockdev.h"

static const struct blockdev list[] = {
	{ .name = "vda", .whole = "vda", .disk = "vda", .major = 254, .minor = 0 },
	{ .name = "vda1",
	  .whole = "vda",
	  .disk = "vda",
	  .major = 254,
	  .minor = 1,
	  .partno = 1,
	  .type = "vfat",
	  .label = "RESIN-BOOT",
	  .uuid = "ABCD-12EF",
	  .partuuid = "1234abcd-01" },
	{ .name = "vda2",
	  .whole = "vda",
	  .disk = "vda",
	  .major = 254,
	  .minor = 2,
	  .partno = 2,
	  .type = "ext4",
	  .label = "resin-rootA",
	  .uuid = "ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b",
	  .partuuid = "1234abcd-02",
	  .partlabel = "rootA" },
	{ .name = "cciss!c0d0p1",
	  .whole = "cciss!c0d0",
	  .disk = "cciss!c0d0",
	  .major = 104,
	  .minor = 1,
	  .type = "ext4",
	  .label = "resin-rootA",
	  .uuid = "",
	  .partuuid = "99999999-02",
	  .partlabel = "ROOTA" },
	{ .name = "vdb",
	  .whole = "vdb",
	  .disk = "vdb",
	  .major = 254,
	  .minor = 16,
	  .label = "notype" },
};
static const struct blockdevs all = { (struct blockdev *)list, ARRAY_SIZE(list) };

static void test_label(void **state)
{
	const struct blockdev empty = { .name = "x", .label = "" };

	(void)state;
	assert_true(blockdev_has_label(&list[1], "resin-boot"));
	assert_true(blockdev_has_label(&list[1], "RESIN-BOOT"));
	assert_false(blockdev_has_label(&list[1], "resin-boo"));
	assert_true(blockdev_has_label(&list[2], "resin-rootA"));
	assert_false(blockdev_has_label(&list[2], "resin-roota"));
	assert_true(blockdev_has_label(&list[4], "notype"));
	assert_false(blockdev_has_label(&list[4], "NOTYPE"));
	assert_false(blockdev_has_label(&list[0], "x"));
	assert_false(blockdev_has_label(&list[0], ""));
	assert_false(blockdev_has_label(&empty, ""));
}

static const struct {
	struct tag tag;
	const char *disk, *found;
	size_t n;
} finds[] = {
	{ { TAG_DEVICE, "vda2", 0, 0 }, NULL, "vda2", 1 },
	{ { TAG_DEVICE, "vda", 0, 0 }, NULL, "vda", 1 },
	{ { TAG_DEVICE, "vd", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_DEVICE, "vda22", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_DEVICE, "", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_DEVICE, "cciss/c0d0p1", 0, 0 }, NULL, "cciss!c0d0p1", 1 },
	{ { TAG_DEVNO, "254:1", 254, 1 }, NULL, "vda1", 1 },
	{ { TAG_DEVNO, "254:9", 254, 9 }, NULL, NULL, 0 },
	{ { TAG_LABEL, "resin-boot", 0, 0 }, NULL, "vda1", 1 },
	{ { TAG_LABEL, "resin-rootA", 0, 0 }, NULL, NULL, 2 },
	{ { TAG_LABEL, "resin-rootA", 0, 0 }, "vda", "vda2", 1 },
	{ { TAG_LABEL, "resin-rootA", 0, 0 }, "vdb", NULL, 0 },
	{ { TAG_LABEL, "", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_UUID, "BA1EADEF-4ced-4ecd-a79f-c0fcd6d1ac3b", 0, 0 }, NULL, "vda2", 1 },
	{ { TAG_UUID, "ba1eadef", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_UUID, "abcd-12ef", 0, 0 }, NULL, "vda1", 1 },
	{ { TAG_UUID, "", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_PARTUUID, "1234ABCD-02", 0, 0 }, NULL, "vda2", 1 },
	{ { TAG_PARTUUID, "1234abcd", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_PARTUUID, "", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_PARTLABEL, "rootA", 0, 0 }, NULL, "vda2", 1 },
	{ { TAG_PARTLABEL, "roota", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_PARTLABEL, "", 0, 0 }, NULL, NULL, 0 },
	{ { TAG_LABEL, NULL, 0, 0 }, NULL, NULL, 0 },
	{ { TAG_NONE, "vda2", 254, 2 }, NULL, NULL, 0 },
};

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(finds); i++) {
		size_t n = 99;
		const struct blockdev *d = blockdev_find(&all, &finds[i].tag, finds[i].disk, &n);

		assert_int_equal(n, finds[i].n);
		assert_ptr_equal(d, blockdev_find(&all, &finds[i].tag, finds[i].disk, NULL));
		if (finds[i].found)
			assert_string_equal(d ? d->name : "nothing", finds[i].found);
		else
			assert_null(d);
	}
}

static void test_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(blockdev_by_name(&all, "vda2"), &list[2]);
	assert_null(blockdev_by_name(&all, "vda3"));
	assert_null(blockdev_by_name(&all, ""));
}

/* What is made of one partition, as the kernel shows it. */
static const char *on_vda2[] = { "vda2" }, *on_vda3[] = { "vda3" }, *on_dm0[] = { "dm-0" };
static const char *on_vda4[] = { "vda4" }, *on_two[] = { "vda2", "vda3" },
		  *in_circles[] = { "dm-9" };
#define PART(n, l)                                                \
	{                                                         \
		.name = n, .disk = "vda", .partno = 1, .label = l \
	}
#define DM(n, b, l)                                                               \
	{                                                                         \
		.name = n, .disk = "vda", .below = (b), .n_below = ARRAY_SIZE(b), \
		.mapper = "the " n, .label = l                                    \
	}
#define LOOP(n, l)                                                                         \
	{                                                                                  \
		.name = n, .disk = "vda", .below = on_vda4, .n_below = 1, .in_file = true, \
		.label = l                                                                 \
	}

static const struct {
	const char *what;
	struct blockdev dev[6];
	const char *found;
	size_t n;
} stacks[] = {
	{ "dm-verity shows what is below it",
	  { PART("vda2", "x"), DM("dm-0", on_vda2, "x") },
	  "dm-0",
	  1 },
	{ "two levels",
	  { PART("vda2", "x"), DM("dm-0", on_vda2, "x"), DM("dm-1", on_dm0, "x") },
	  "dm-1",
	  1 },
	{ "the level between has another label",
	  { PART("vda2", "x"), DM("dm-0", on_vda2, "y"), DM("dm-1", on_dm0, "x") },
	  "dm-1",
	  1 },
	{ "on another partition", { PART("vda2", "x"), DM("dm-0", on_vda3, "x") }, NULL, 2 },
	{ "two on one",
	  { PART("vda2", "x"), DM("dm-0", on_vda2, "x"), DM("dm-1", on_vda2, "x") },
	  NULL,
	  2 },
	{ "made of two", { PART("vda2", "x"), DM("dm-0", on_two, "x") }, NULL, 2 },
	{ "round and round", { DM("dm-9", in_circles, "x") }, NULL, 0 },
	{ "a file on the disk comes after the disk",
	  { PART("vda2", "x"), LOOP("loop0", "x") },
	  "vda2",
	  1 },
	{ "also when the disk says it twice",
	  { PART("vda2", "x"), PART("vda3", "x"), LOOP("loop0", "x") },
	  NULL,
	  2 },
	{ "only a file", { PART("vda2", "y"), LOOP("loop0", "x") }, "loop0", 1 },
	{ "two files", { LOOP("loop0", "x"), LOOP("loop1", "x") }, NULL, 2 },
	{ "a file does not cover where it lies",
	  { PART("vda4", "x"), LOOP("loop0", "x") },
	  "vda4",
	  1 },
};

static void test_stacks(void **state)
{
	static const struct tag tag = { .kind = TAG_LABEL, .value = "x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		struct blockdevs devs = { (struct blockdev *)stacks[i].dev, 0 };
		const struct blockdev *found;
		size_t n;

		while (devs.n < 6 && devs.dev[devs.n].name)
			devs.n++;
		found = blockdev_find(&devs, &tag, "vda", &n);
		if (n != stacks[i].n)
			fail_msg("%s: %zu", stacks[i].what, n);
		assert_string_equal(found ? found->name : "none",
				    stacks[i].found ? stacks[i].found : "none");
	}
}

static void test_mapper(void **state)
{
	static const struct blockdev dm = DM("dm-0", on_vda2, "x");

	(void)state;
	assert_true(blockdev_matches(&dm, &(struct tag){ .kind = TAG_DEVICE, .value = "dm-0" }));
	assert_true(blockdev_matches(
		&dm, &(struct tag){ .kind = TAG_DEVICE, .value = "mapper/the dm-0" }));
	assert_false(
		blockdev_matches(&dm, &(struct tag){ .kind = TAG_DEVICE, .value = "the dm-0" }));
	assert_false(
		blockdev_matches(&dm, &(struct tag){ .kind = TAG_DEVICE, .value = "mapper/the" }));
	assert_false(blockdev_matches(&list[1],
				      &(struct tag){ .kind = TAG_DEVICE, .value = "mapper/" }));
}

/* The field failure: a match that is not anchored, and an empty UUID that matches everything. */
static void test_substring_match(void **state)
{
	static const char whole[] = "ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b";
	char part[sizeof(whole)];

	(void)state;
	for (size_t from = 0; from < sizeof(whole); from++)
		for (size_t len = 0; from + len < sizeof(whole); len++) {
			bool is_whole = len == sizeof(whole) - 1;

			memcpy(part, whole + from, len);
			part[len] = '\0';
			assert_int_equal(blockdev_uuid_equal(part, whole), is_whole);
			assert_int_equal(blockdev_uuid_equal(whole, part), is_whole);
		}
	assert_false(blockdev_uuid_equal("", ""));
	assert_false(blockdev_uuid_equal(NULL, NULL));
	assert_false(blockdev_uuid_equal(NULL, ""));
	assert_false(blockdev_uuid_equal("", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label),	cmocka_unit_test(test_find),
		cmocka_unit_test(test_by_name), cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_mapper),	cmocka_unit_test(test_substring_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
