/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/devices.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/applets.h"
#include "init/probe_applet.h"

static const char *on_vda6[] = { "vda6" };
static struct blockdev list[] = {
	DISK_ROW("vda", 7),
	PART_ROW("vda", 1, "vfat", "RESIN-BOOT"),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "balena-rootB"),
	PART_ROW("vda", 4, "ext4", "resin-state"),
	PART_ROW("vda", 5, "ext4", "mine"),
	{ .name = "vda6", .whole = "vda", .disk = "vda", .partno = 6, .type = "crypto_LUKS" },
	PART_ROW("vda", 7, "ext4", "somebody"),
	{ .name = "dm-0",
	  .whole = "dm-0",
	  .disk = "vda",
	  .type = "ext4",
	  .filesystem = true,
	  .label = "balena-data",
	  .below = on_vda6,
	  .n_below = 1 },
	DISK_ROW("vdb", 2),
	PART_ROW("vdb", 1, "vfat", "resin-boot"),
	PART_ROW("vdb", 2, "ext4", "resin-rootA"),
};
static struct running run;
static struct arena a = ARENA_INIT;

static int setup(void **state)
{
	(void)state;
	run = (struct running){ .layout = layout_default,
				.devs = { list, ARRAY_SIZE(list) },
				.disk = "vda",
				.root = &list[3],
				.root_slot = "B",
				.proof = RUNNING_MOUNTED };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static const char *lines(const char *name, const char *label)
{
	const char *text = probe_lines(&a, &run, blockdev_by_name(&run.devs, name), label);

	assert_false(arena_failed(&a));
	return text ? text : "nothing";
}

#define STATE(s) "BALENA_UPDATE_STATE=" s "\nRESIN_UPDATE_STATE=" s "\n"

static void test_balena(void **state)
{
	(void)state;
	assert_string_equal(lines("vda1", NULL), "BALENA_FS_USE=resin-boot\n");
	assert_string_equal(lines("vda2", NULL), "BALENA_FS_USE=resin-rootA\n" STATE("inactive"));
	assert_string_equal(lines("vda3", NULL), "BALENA_FS_USE=balena-rootB\n" STATE("active"));
	assert_string_equal(lines("vda4", NULL), "BALENA_FS_USE=resin-state\n");
	assert_string_equal(lines("dm-0", NULL), "BALENA_FS_USE=balena-data\n");
	assert_string_equal(lines("vda", NULL), "nothing");
	assert_string_equal(lines("vda6", NULL), "nothing");
	assert_string_equal(lines("vda7", NULL), "nothing");
}

/* label-clone: whatever it carries, and whatever a rule says of it. */
static void test_clone(void **state)
{
	static const char *const names[] = { "vdb", "vdb1", "vdb2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(lines(names[i], NULL), "nothing");
		assert_string_equal(lines(names[i], "resin-boot"), "nothing");
		assert_string_equal(lines(names[i], "firmware"), "nothing");
	}
	run.disk = NULL;
	assert_string_equal(lines("vda2", NULL), "nothing");
	assert_string_equal(lines("vda7", "firmware"), "nothing");
}

/* Which slot runs is not known: no state is better than a wrong one. */
static void test_unknown_root(void **state)
{
	(void)state;
	run.root = NULL;
	run.root_slot = NULL;
	assert_string_equal(lines("vda2", NULL), "BALENA_FS_USE=resin-rootA\n");
	run.root = &list[7];
	assert_string_equal(lines("vda3", NULL), "BALENA_FS_USE=balena-rootB\n");
}

/* Other labels are given balenaOS' names: whoever looks for these finds them. */
static void test_other_layout(void **state)
{
	struct layout_part *part = run.layout.part;

	(void)state;
	part[PART_DATA].label[0] = "mine";
	part[PART_DATA].label[1] = NULL;
	assert_string_equal(lines("vda5", NULL), "BALENA_FS_USE=resin-data\n");
	part[PART_BOOT].by = LAYOUT_BY_PARTUUID;
	part[PART_BOOT].label[0] = "1234abcd-01";
	list[1].partuuid = "1234ABCD-01";
	assert_string_equal(lines("vda1", NULL), "BALENA_FS_USE=resin-boot\n");
	/* A label that would not do as a name of a link. */
	part[PART_STATE].label[0] = list[4].label = "resin-a/b";
	assert_string_equal(lines("vda4", NULL), "BALENA_FS_USE=resin-state\n");
	list[4].label = "resin-state";
	list[1].partuuid = NULL;
}

/* What balenaOS' rules call a partition that is none of the layout. */
static void test_names_of_others(void **state)
{
	static const char *const bad[] = {
		"",	  ".",		"..",		"a/b", "a b",
		"a\nB=1", "resin-boot", "balena-rootA", "a$b", "\xc3\xa4"
	};
	char length[80] = "";

	(void)state;
	assert_string_equal(lines("vda7", "kernel-dtb_b.1"), "BALENA_FS_USE=kernel-dtb_b.1\n");
	assert_string_equal(lines("vda2", "kernel"),
			    "BALENA_FS_USE=resin-rootA\n" STATE("inactive"));
	assert_string_equal(lines("vda", "kernel"), "nothing");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_string_equal(lines("vda7", bad[i]), "nothing");
	memset(length, 'x', 73);
	assert_string_equal(lines("vda7", length), "nothing");
}

static void test_usage(void **state)
{
	char *none[] = { (char *)"probe", NULL };
	char *option[] = { (char *)"probe", (char *)"--x", NULL };
	char *many[] = { (char *)"probe", (char *)"/dev/null", (char *)"b",
			 (char *)"c",	  (char *)"d",	       NULL };
	char *file[] = { (char *)"probe", (char *)"/dev/null", NULL };
	char *gone[] = { (char *)"probe", (char *)"/nonexistent", NULL };

	(void)state;
	assert_int_equal(applet_probe(1, none), EXIT_USAGE);
	assert_int_equal(applet_probe(2, option), EXIT_USAGE);
	assert_int_equal(applet_probe(5, many), EXIT_USAGE);
	assert_int_equal(applet_probe(2, file), EXIT_USAGE);
	assert_int_equal(applet_probe(2, gone), EXIT_USAGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_balena),	 TEST(test_clone),	     TEST(test_unknown_root),
		TEST(test_other_layout), TEST(test_names_of_others), TEST(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
