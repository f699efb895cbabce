/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/layout.h"
#include "tests/unit/intercept.h"

static struct arena a = ARENA_INIT;
static struct layout layout;
static struct reason why;

static int parse(const char *text)
{
	memset(&layout, 0xff, sizeof(layout));
	why = REASON_INIT;
	return layout_parse(&a, text, strlen(text), &layout, &why);
}

static void assert_default(void)
{
	assert_memory_equal(&layout, &layout_default, sizeof(layout));
}

static void test_default_is_balena(void **state)
{
	static const char *const labels[PART_ROLES][2] = {
		[PART_BOOT] = { "resin-boot", "balena-boot" },
		[PART_ROOT_A] = { "resin-rootA", "balena-rootA" },
		[PART_ROOT_B] = { "resin-rootB", "balena-rootB" },
		[PART_STATE] = { "resin-state", "balena-state" },
		[PART_DATA] = { "resin-data", "balena-data" },
	};

	(void)state;
	assert_null(layout_default.part[PART_RECOVERY].label[0]);
	for (size_t i = 0; i < PART_RECOVERY; i++) {
		assert_string_equal(layout_default.part[i].label[0], labels[i][0]);
		assert_string_equal(layout_default.part[i].label[1], labels[i][1]);
		assert_null(layout_default.part[i].label[2]);
	}
	assert_null(layout_default.part[PART_ROOT_A].mount_point);
	assert_string_equal(layout_default.part[PART_BOOT].mount_point, "/mnt/boot");
	assert_true(layout_default.grow_data);
	assert_int_equal(layout_default.wait_msec, 30000);
	assert_int_equal(layout_default.rescue_delay_msec, 10000);
}

static void test_nothing_said(void **state)
{
	static const char *const files[] = { "{}",
					     "{\"partitions\":{}}",
					     "{\"other\": [1]}",
					     "{\"partitions\":{\"boot\":{}}}",
					     "{\"storage\":{}}",
					     "{\"storage\":{\"growData\":true, \"x\": 1}}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		assert_int_equal(parse(files[i]), 0);
		assert_default();
	}
}

static void test_everything_said(void **state)
{
	const struct layout_part *part = layout.part;

	(void)state;
	assert_int_equal(
		parse("{ \"partitions\": {"
		      "  \"boot\": { \"labels\": [\"EFI\"], \"mountPoint\": \"/boot/efi\" },"
		      "  \"rootA\": { \"labels\": [\"sys1\", \"one\", \"eins\"] },"
		      "  \"rootB\": { \"labels\": [\"sys2\"] },"
		      "  \"state\": { \"mountPoint\": null },"
		      "  \"data\": { \"labels\": [\"d\"], \"mountPoint\": \"/data\" } },"
		      "  \"storage\": { \"growData\": false },"
		      "  \"waitSeconds\": 5, \"rescueSeconds\": 3600 }"),
		0);
	assert_string_equal(part[PART_BOOT].label[0], "EFI");
	assert_null(part[PART_BOOT].label[1]); /* the default's second is gone */
	assert_string_equal(part[PART_BOOT].mount_point, "/boot/efi");
	assert_string_equal(part[PART_ROOT_A].label[2], "eins");
	assert_null(part[PART_ROOT_A].label[3]);
	assert_string_equal(part[PART_ROOT_B].label[0], "sys2");
	assert_string_equal(part[PART_STATE].label[0], "resin-state");
	assert_null(part[PART_STATE].mount_point);
	assert_string_equal(part[PART_DATA].mount_point, "/data");
	assert_false(layout.grow_data);
	assert_int_equal(layout.wait_msec, 5000);
	assert_int_equal(layout.rescue_delay_msec, 3600000);
}

static void test_machine_id(void **state)
{
	(void)state;
	assert_int_equal(LAYOUT_ID_RANDOM, layout_default.machine_id);
	assert_int_equal(parse("{\"machineId\": \"random\"}"), 0);
	assert_int_equal(LAYOUT_ID_RANDOM, layout.machine_id);
	assert_int_equal(parse("{\"machineId\": \"image\"}"), 0);
	assert_int_equal(LAYOUT_ID_IMAGE, layout.machine_id);
	assert_int_equal(parse("{\"machineId\": \"none\"}"), 0);
	assert_int_equal(LAYOUT_ID_NONE, layout.machine_id);
}

static void test_persist_and_uuids(void **state)
{
	(void)state;
	assert_string_equal("ba1eadef", layout_default.uuid_prefix);
	assert_int_equal((1u << PART_ROLES) - 1, layout_default.uuid_roles);
	assert_int_equal(parse("{\"persist\": [\"/etc/ssh/ssh_host_*\", \"/var/lib/x/\"],"
			       " \"uuids\": {\"prefix\": \"C0FF-EE\", \"roles\": [\"data\"]}}"),
			 0);
	assert_int_equal(2, layout.n_persist);
	assert_string_equal("/etc/ssh/ssh_host_*", layout.persist[0]);
	assert_string_equal("/var/lib/x/", layout.persist[1]);
	assert_string_equal("C0FF-EE", layout.uuid_prefix);
	assert_int_equal(1u << PART_DATA, layout.uuid_roles);
	assert_int_equal(parse("{\"uuids\": null, \"persist\": []}"), 0);
	assert_null(layout.uuid_prefix);
	assert_int_equal(0, layout.n_persist);
	assert_int_equal(parse("{\"uuids\": {\"roles\": []}}"), 0);
	assert_int_equal(0, layout.uuid_roles);
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"waitSeconds\": 0, \"rescueSeconds\": 0}"), 0);
	assert_int_equal(layout.wait_msec, 0);
	assert_int_equal(layout.rescue_delay_msec, 0);
	assert_int_equal(parse("{\"waitSeconds\": 3600}"), 0);
	assert_int_equal(layout.wait_msec, 3600000);
	assert_int_equal(layout.fsck, FSCK_AUTO);
	assert_int_equal(layout.fsck_msec, 120000);
	assert_int_equal(layout.hooks_msec, 30000);
	assert_int_equal(parse("{\"hooksSeconds\": 7, \"storage\": {}}"), 0);
	assert_int_equal(layout.hooks_msec, 7000);
	assert_int_equal(parse("{\"storage\": {\"fsck\": \"force\", \"fsckSeconds\": 1}}"), 0);
	assert_int_equal(layout.fsck, FSCK_FORCE);
	assert_int_equal(layout.fsck_msec, 1000);
	assert_int_equal(parse("{\"storage\": {\"fsck\": \"skip\"}}"), 0);
	assert_int_equal(layout.fsck, FSCK_SKIP);
}

static void test_what_a_partition_is_known_by(void **state)
{
	static const char *const texts[] = { "PARTLABEL=sys a", "PARTUUID=1234abcd-0A",
					     "PARTUUID=AAAAAAAA-0000-4000-8000-00000000B001",
					     "eins", "resin-boot" };
	const struct layout_part *part = layout.part;

	(void)state;
	assert_int_equal(
		parse("{ \"partitions\": {"
		      "  \"rootA\": { \"partlabels\": [\"sys a\", \"sys1\"], \"mountPoint\": "
		      "\"/x\" },"
		      "  \"rootB\": { \"partuuid\": \"1234abcd-0A\" },"
		      "  \"state\": { \"partuuid\": \"AAAAAAAA-0000-4000-8000-00000000B001\" },"
		      "  \"data\": { \"labels\": [\"eins\"] } } }"),
		0);
	assert_int_equal(part[PART_BOOT].by, LAYOUT_BY_LABEL);
	assert_int_equal(part[PART_ROOT_A].by, LAYOUT_BY_PARTLABEL);
	assert_string_equal(part[PART_ROOT_A].label[1], "sys1");
	assert_null(part[PART_ROOT_A].label[2]);
	assert_string_equal(part[PART_ROOT_A].mount_point, "/x");
	assert_int_equal(part[PART_ROOT_B].by, LAYOUT_BY_PARTUUID);
	assert_null(part[PART_ROOT_B].label[1]);
	assert_string_equal(part[PART_STATE].mount_point, "/mnt/state");
	for (size_t i = 0; i < PART_RECOVERY; i++)
		assert_string_equal(layout_part_text(&a, &part[(i + 1) % PART_RECOVERY]), texts[i]);
}

/* One mistake leaves all of the default: half of a layout is a layout that nobody has tested. */
static const struct {
	const char *text;
	const char *object; /* what the reason names */
	const char *cause;
} mistakes[] = {
	{ "{\"waitSeconds\": 1, \"partitions\": []}", "partitions", "expected an object" },
	{ "{\"waitSeconds\": 1, \"storage\": true}", "storage", "expected an object" },
	{ "{\"storage\": {\"growData\": \"no\"}}", "storage.growData", "expected true or false" },
	{ "{\"partitions\": {\"rootC\": {}}}", "rootC",
	  "expected boot, rootA, rootB, state, data or recovery" },
	{ "{\"partitions\": {\"boot\": \"x\"}}", "boot", "expected an object" },
	{ "{\"partitions\": {\"boot\": {\"labels\": \"x\"}}}", "labels",
	  "expected a list of labels" },
	{ "{\"partitions\": {\"boot\": {\"labels\": []}}}", "labels", "expected a list of labels" },
	{ "{\"partitions\": {\"boot\": {\"labels\": [\"\"]}}}", "labels", "expected one to three" },
	{ "{\"partitions\": {\"boot\": {\"labels\": [1]}}}", "labels", "expected one to three" },
	{ "{\"partitions\": {\"boot\": {\"labels\": [\"a\",\"b\",\"c\",\"d\"]}}}", "labels",
	  "expected one to three" },
	{ "{\"partitions\": {\"boot\": {\"partlabels\": []}}}", "partlabels",
	  "expected a list of labels" },
	{ "{\"partitions\": {\"boot\": {\"partlabels\": [\"\"]}}}", "partlabels",
	  "expected one to three" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": \"\"}}}", "partuuid",
	  "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": [\"1234abcd-01\"]}}}", "partuuid",
	  "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": \"1234abcd\"}}}", "partuuid",
	  "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": \"1234abcd-1\"}}}", "partuuid",
	  "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": \"1234abcg-01\"}}}", "partuuid",
	  "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": "
	  "\"AAAAAAAA-0000-4000-8000-00000000B0011\"}}}",
	  "partuuid", "expected a whole PARTUUID" },
	{ "{\"partitions\": {\"rootA\": {\"labels\": [\"x\"], \"partlabels\": [\"x\"]}}}", "rootA",
	  "expected one of labels, partlabels and partuuid" },
	{ "{\"partitions\": {\"boot\": {\"partuuid\": \"1234abcd-01\", \"labels\": [\"x\"]}}}",
	  "boot", "expected one of labels, partlabels and partuuid" },
	{ "{\"partitions\": {\"boot\": {\"mountPoint\": \"mnt\"}}}", "mountPoint",
	  "expected an absolute path or null" },
	{ "{\"partitions\": {\"boot\": {\"mountPoint\": \"\"}}}", "mountPoint",
	  "expected an absolute path or null" },
	{ "{\"partitions\": {\"boot\": {\"mountPoint\": 1}}}", "mountPoint",
	  "expected an absolute path or null" },
	{ "{\"partitions\": {\"boot\": {\"labels\": [\"x\"]}}, \"waitSeconds\": -1}", "waitSeconds",
	  "expected 0 to 3600 seconds" },
	{ "{\"persist\": [\"etc/x\"]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/\"]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/etc/../x\"]}", "persist",
	  "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/etc//x\"]}", "persist",
	  "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/etc/./x\"]}", "persist",
	  "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/e*/x\"]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"/etc/*/\"]}", "persist",
	  "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [\"\"]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [7]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": [null]}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"persist\": \"/x\"}", "persist", "expected a list of at most 32 absolute paths" },
	{ "{\"uuids\": 7}", "uuids", "expected an object or null" },
	{ "{\"uuids\": {\"prefix\": \"ba1\"}}", "prefix", "expected 4 to 32 hexadecimal digits" },
	{ "{\"uuids\": {\"prefix\": \"balena00\"}}", "prefix",
	  "expected 4 to 32 hexadecimal digits" },
	{ "{\"uuids\": {\"prefix\": null}}", "prefix", "expected 4 to 32" },
	{ "{\"uuids\": {\"roles\": \"data\"}}", "roles", "expected a list of boot, rootA" },
	{ "{\"uuids\": {\"roles\": [\"root\"]}}", "roles", "expected a list of boot, rootA" },
	{ "{\"uuids\": {\"roles\": [1]}}", "roles", "expected a list of boot, rootA" },
	{ "{\"machineId\": \"mine\"}", "machineId", "expected random, image or none" },
	{ "{\"machineId\": null}", "machineId", "expected random, image or none" },
	{ "{\"waitSeconds\": 3601}", "waitSeconds", "expected 0 to 3600 seconds" },
	{ "{\"waitSeconds\": \"5\"}", "waitSeconds", "expected 0 to 3600 seconds" },
	{ "{\"hooksSeconds\": 3601}", "hooksSeconds", "expected 1 to 3600 seconds" },
	{ "{\"hooksSeconds\": 0}", "hooksSeconds", "expected 1 to 3600 seconds" },
	{ "{\"storage\": []}", "storage", "expected an object" },
	{ "{\"storage\": {\"fsck\": \"often\"}}", "storage.fsck", "expected auto, force or skip" },
	{ "{\"storage\": {\"fsck\": true}}", "storage.fsck", "expected auto, force or skip" },
	{ "{\"storage\": {\"fsckSeconds\": 0}}", "fsckSeconds", "expected 1 to 3600 seconds" },
	{ "{\"waitSeconds\": 1, \"rescueSeconds\": 1.5}", "rescueSeconds",
	  "expected 0 to 3600 seconds" },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (parse(mistakes[i].text) != -EBADMSG)
			fail_msg("%s is taken", mistakes[i].text);
		assert_default();
		assert_string_equal(why.verb, "use");
		assert_string_equal(why.object, mistakes[i].object);
		assert_non_null(strstr(why.cause, mistakes[i].cause));
		assert_non_null(strstr(why.cause, LAYOUT_PATH));
	}
}

static void test_not_json(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"waitSeconds\": 1,}"), -EBADMSG);
	assert_default();
	assert_non_null(strstr(why.cause, "line 1"));
	assert_int_equal(layout_parse(&a, "", 0, &layout, NULL), -EBADMSG);
	assert_default();
}

static void test_no_memory(void **state)
{
	static const char *const files[] = {
		"{\"partitions\": {\"boot\": {\"labels\": [\"one\"]}}}",
		"{\"partitions\": {\"boot\": {\"mountPoint\": \"/one\"}}}",
		"{\"partitions\": {\"boot\": {\"partuuid\": \"1234abcd-01\"}}}",
	};

	static const enum shortage shortages[] = { NO_MEMORY, NO_BLOCKS };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		for (size_t k = 0; k < ARRAY_SIZE(shortages); k++) {
			int err;

			memory_runs_out(&a, 0, shortages[k]);
			err = parse(files[i]);
			memory_is_back();
			assert_int_equal(err, -ENOMEM);
			assert_default();
			arena_free(&a);
		}
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_machine_id),	      TEST(test_persist_and_uuids),
		TEST(test_default_is_balena), TEST(test_nothing_said),
		TEST(test_everything_said),   TEST(test_limits),
		TEST(test_mistakes),	      TEST(test_not_json),
		TEST(test_no_memory),	      TEST(test_what_a_partition_is_known_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
