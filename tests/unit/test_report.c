/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "init/boot.h"
#include "init/version.h"
#include "lib/json.h"
#include "tests/unit/devices.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct boot b; /* too large for the stack */

static const struct blockdev devices[] = {
	DISK_ROW("vda", 2),
	{ .name = "vda2",
	  .whole = "vda",
	  .disk = "vda",
	  .partno = 2,
	  .probed = true,
	  .type = "ext4",
	  .label = "resin-rootA",
	  .uuid = "u-2",
	  .partlabel = "p\xff",
	  .partuuid = "pu-2" },
	{ .name = "vda3", .whole = "vda", .disk = "vda", .partno = 3, .probed = true },
	{ .name = "vdb", .whole = "vdb", .disk = "vdb", .probed = true },
	PART_ROW("vdb", 1, "ext4", "resin-rootA"),
};

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	fakesys_reset(s.path);
	boot_init(&b, &fakesys);
	b.facts.devs = (struct blockdevs){ (struct blockdev *)devices, ARRAY_SIZE(devices) };
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

static struct json *saved(const char *name)
{
	const char *text = get_text(s.fd, name);
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	assert_int_equal(get_mode(s.fd, name), 0644);
	return j;
}

static const char *word(const struct json *j, const char *name)
{
	const struct json *member = json_get(j, name);

	assert_non_null(member);
	return json_string(member); /* NULL: null */
}

static int64_t number(const struct json *j, const char *name)
{
	int64_t n;

	assert_true(json_int(json_get(j, name), &n));
	return n;
}

static const struct json *nth(const struct json *list, unsigned int n)
{
	const struct json *item = json_first(list);

	while (item && n-- > 0)
		item = json_next(item);
	return item;
}

static size_t length(const struct json *list)
{
	size_t n = 0;

	assert_int_equal(json_type(list), JSON_ARRAY);
	while (nth(list, (unsigned int)n))
		n++;
	return n;
}

/* Nothing was seen or decided: everything is there, and null. */
static void test_empty_boot(void **state)
{
	_cleanup_json_ struct json *st = NULL, *report = NULL;
	static const char *const lists[] = { "delivered", "warnings", "stages", "modules" };

	(void)state;
	b.facts.devs.n = 0;
	assert_int_equal(report_save(&b, s.fd), 0);
	st = saved("state.json");
	report = saved("report.json");
	assert_string_equal(word(st, "version"), anteroot_version);
	assert_null(word(st, "slot"));
	assert_null(word(st, "reason"));
	assert_null(word(st, "boot_disk"));
	assert_null(json_get(st, "root"));
	assert_null(json_get(st, "error"));
	assert_int_equal(length(json_get(st, "failed")), 0);
	assert_string_equal(word(report, "version"), anteroot_version);
	assert_string_equal(word(json_get(report, "decided"), "config"), "none");
	assert_string_equal(word(json_get(report, "decided"), "init"), "/sbin/init");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(length(json_get(report, lists[i])), 0);
	assert_int_equal(length(json_get(json_get(report, "seen"), "disks")), 0);
	assert_true(number(report, "memory_bytes") >= 0);
}

static void fill_root(void)
{
	struct facts *f = &b.facts;

	f->boot_disk = "vda";
	f->root_device = "vda2";
	f->root_slot = "A";
	f->root_reason = "it is the first slot";
	f->failed[0] =
		(struct facts_failed){ "vda3", "B", "unable to mount /dev/vda3: Input/output error",
				       false };
	f->failed[1] = (struct facts_failed){ "vdb1", NULL, "no init", false };
	f->n_failed = 2;
}

static void test_state(void **state)
{
	_cleanup_json_ struct json *st = NULL;
	const struct json *root, *failed;
	bool read_only;

	(void)state;
	fill_root();
	assert_int_equal(report_save(&b, s.fd), 0);
	st = saved("state.json");
	assert_string_equal(word(st, "slot"), "A");
	assert_string_equal(word(st, "reason"), "it is the first slot");
	assert_string_equal(word(st, "boot_disk"), "vda");
	root = json_get(st, "root");
	assert_string_equal(word(root, "device"), "/dev/vda2");
	assert_string_equal(word(root, "label"), "resin-rootA");
	assert_string_equal(word(root, "uuid"), "u-2");
	assert_string_equal(word(root, "partlabel"),
			    "p\xef\xbf\xbd"); /* what is not UTF-8 is U+FFFD */
	assert_string_equal(word(root, "partuuid"), "pu-2");
	assert_string_equal(word(root, "type"), "ext4");
	assert_true(json_bool(json_get(root, "read_only"), &read_only));
	assert_true(read_only);
	failed = json_get(st, "failed");
	assert_int_equal(length(failed), 2);
	assert_string_equal(word(nth(failed, 0), "device"), "vda3");
	assert_string_equal(word(nth(failed, 0), "slot"), "B");
	assert_non_null(strstr(word(nth(failed, 0), "reason"), "Input/output error"));
	assert_null(word(nth(failed, 1), "slot"));
}

/* With a loader that counts a record that is read and kept as it is is not one that was stored. */
static void test_stored(void **state)
{
	struct facts_state *st = &b.facts.state;
	_cleanup_json_ struct json *before = NULL, *after = NULL;
	bool stored;

	(void)state;
	st->found.backend = AB_GRUBENV;
	st->decided = true;
	st->boot_id[0] = 1;
	assert_int_equal(report_save(&b, s.fd), 0);
	before = saved("state.json");
	assert_true(json_bool(json_get(before, "stored"), &stored));
	assert_false(stored);
	st->found.record.boot_id[0] = 1;
	assert_int_equal(report_save(&b, s.fd), 0);
	after = saved("state.json");
	assert_true(json_bool(json_get(after, "stored"), &stored));
	assert_true(stored);
}

static void test_error_and_writable_root(void **state)
{
	_cleanup_json_ struct json *st = NULL;
	struct reason r = REASON_INIT;
	bool read_only;

	(void)state;
	fill_root();
	b.facts.target_writable = true;
	(void)reason_set(&r, ENOENT, "find", "a root");
	assert_int_equal(boot_fail(&b, &r, NULL), -ENOENT);
	assert_int_equal(report_save(&b, s.fd), 0);
	st = saved("state.json");
	assert_string_equal(word(st, "error"), "unable to find a root: No such file or directory");
	assert_true(json_bool(json_get(json_get(st, "root"), "read_only"), &read_only));
	assert_false(read_only);
}

static void test_seen_and_decided(void **state)
{
	static const char *const words[] = { [CONFIG_NONE] = "none",
					     [CONFIG_READ] = "read",
					     [CONFIG_LEFTOVER] = "leftover",
					     [CONFIG_KEPT] = "last known good" };
	const struct json *seen, *decided;

	(void)state;
	fill_root();
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		_cleanup_json_ struct json *report = NULL;

		b.facts.config.state = (enum config_state)i;
		assert_int_equal(report_save(&b, s.fd), 0);
		report = saved("report.json");
		decided = json_get(report, "decided");
		assert_string_equal(word(decided, "config"), words[i]);
		assert_string_equal(word(decided, "boot_disk"), "vda");
		assert_string_equal(word(decided, "slot"), "A");
		assert_string_equal(word(decided, "root"), "vda2");
		assert_string_equal(word(decided, "reason"), "it is the first slot");
		assert_int_equal(length(json_get(decided, "failed")), 2);
		seen = json_get(report, "seen");
		assert_int_equal(length(json_get(seen, "disks")), 2);
		assert_string_equal(json_string(nth(json_get(seen, "disks"), 1)), "vdb");
		assert_int_equal(length(json_get(seen, "partitions")), 3);
		assert_null(json_get(nth(json_get(seen, "partitions"), 1), "read_only"));
		assert_int_equal(length(json_get(seen, "clones")), 1);
		assert_string_equal(json_string(nth(json_get(seen, "clones"), 0)), "vdb");
	}
}

/* Each key has its verdict, and the deliveries that were made for it, or for what it is a part of. */
static void test_config_keys(void **state)
{
	static const struct report_delivery deliveries[] = {
		{ "udev-rules", "os.udevRules.5", "/etc/5.rules", ACTION_WRITTEN, NULL, NULL },
		{ "udev-rules", "os.udevRules.56", "/etc/56.rules", ACTION_WRITTEN, NULL, NULL },
		{ "network", "os.network", "/etc/nm", ACTION_UNCHANGED, NULL, NULL },
		{ "ssh-keys", "os.sshKeys", "/root/.ssh", ACTION_WRITTEN, NULL, NULL },
		{ "ssh-keys", "os.sshKeys", "/root/.ssh/keys", ACTION_WRITTEN, NULL, NULL },
	};
	static const char text[] =
		"{\"os\":{\"udevRules\":{\"56\":\"x\",\"5\":\"y\"},\"sshKeys\":[\"k\",7],"
		"\"network\":{\"wifi\":{\"randomMacAddressScan\":true}}},\"apiKey\":\"s3cret\"}";
	const struct config_document doc = { "config.json", text, sizeof(text) - 1, 0, 0 };
	_cleanup_json_ struct json *report = NULL;
	const struct json *config, *keys, *key;

	(void)state;
	assert_return_code(config_parse(&b.arena, &doc, &b.facts.config, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(deliveries); i++)
		report_add_delivery(&b.report, &b.arena, &deliveries[i]);
	assert_int_equal(report_save(&b, s.fd), 0);
	report = saved("report.json");
	config = json_get(report, "config");
	assert_string_equal(word(config, "state"), "read");
	assert_string_equal(word(config, "origin"), "config.json");
	keys = json_get(config, "keys");

	key = nth(keys, 0);
	assert_string_equal(word(key, "key"), "os.udevRules.56");
	assert_string_equal(word(key, "verdict"), "accepted");
	assert_string_equal(word(key, "source"), "file");
	assert_int_equal(number(key, "line"), 1);
	assert_int_equal(number(key, "column"), 21);
	assert_int_equal(length(json_get(key, "delivered")), 1);
	assert_string_equal(word(nth(json_get(key, "delivered"), 0), "path"), "/etc/56.rules");
	key = nth(keys, 1);
	assert_string_equal(word(nth(json_get(key, "delivered"), 0), "path"), "/etc/5.rules");
	key = nth(keys, 2);
	assert_string_equal(word(key, "key"), "os.sshKeys");
	assert_int_equal(length(json_get(key, "delivered")), 2);
	assert_string_equal(word(nth(json_get(key, "delivered"), 1), "path"), "/root/.ssh/keys");
	key = nth(keys, 3);
	assert_string_equal(word(key, "key"), "os.sshKeys[1]");
	assert_string_equal(word(key, "verdict"), "rejected");
	assert_string_equal(word(key, "source"), "default");
	assert_non_null(strstr(word(key, "error"), "is a number"));
	key = nth(keys, 4);
	assert_string_equal(word(key, "key"), "os.network.wifi.randomMacAddressScan");
	assert_string_equal(word(nth(json_get(key, "delivered"), 0), "path"), "/etc/nm");
	key = nth(keys, 5);
	assert_string_equal(word(key, "verdict"), "not ours");
	assert_null(json_get(key, "source"));
	key = nth(keys, 6);
	assert_string_equal(word(key, "verdict"), "absent");
	assert_null(json_get(key, "line"));
	assert_null(json_get(key, "delivered"));
}

static void test_lists(void **state)
{
	static const struct report_delivery deliveries[] = {
		{ "hostname", "hostname", "/etc/hostname", ACTION_WRITTEN, "/etc/.k", NULL },
		{ "journal", NULL, "/var/log/journal", ACTION_UNCHANGED, NULL, NULL },
		{ "ssh-keys", "os.sshKeys", "/root/.ssh/x", ACTION_REMOVED, NULL, NULL },
		{ "udev-rules", "os.udevRules.56", "/etc/udev/rules.d/56.rules", ACTION_FAILED,
		  NULL, "no space" },
		{ "manifest", NULL, "/x", ACTION_LEFT, NULL, NULL },
		{ "ntp", "ntpServers", NULL, ACTION_SKIPPED, NULL, "nobody reads it" },
	};
	static const char *const actions[] = { "written", "unchanged", "removed",
					       "failed",  "left",      "skipped" };
	static const struct report_module modules[] = {
		{ "virtio_blk", "virtio:d2", NULL, 120, 99 }, { "nvme", "pci:x", "bad", 7, 300 }
	};
	const struct report_stage stage = { "boot", 100, 50, 3 };
	const struct report_warning warnings[] = { { NULL, "one" }, { "root", "two" } };
	_cleanup_json_ struct json *report = NULL;
	const struct json *list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deliveries); i++)
		report_add_delivery(&b.report, &b.arena, &deliveries[i]);
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		report_add_module(&b.report, &b.arena, &modules[i]);
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
		report_add_warning(&b.report, &b.arena, &warnings[i]);
	report_add_stage(&b.report, &stage);
	assert_int_equal(report_save(&b, s.fd), 0);
	report = saved("report.json");

	list = json_get(report, "delivered");
	assert_int_equal(length(list), 6);
	for (unsigned int i = 0; i < 6; i++) {
		assert_string_equal(word(nth(list, i), "hook"), deliveries[i].hook);
		if (deliveries[i].path)
			assert_string_equal(word(nth(list, i), "path"), deliveries[i].path);
		if (deliveries[i].key)
			assert_string_equal(word(nth(list, i), "key"), deliveries[i].key);
		assert_string_equal(word(nth(list, i), "action"), actions[i]);
	}
	assert_null(json_get(nth(list, 0), "error"));
	assert_string_equal(word(nth(list, 0), "kept"), "/etc/.k");
	assert_null(json_get(nth(list, 1), "key"));
	assert_string_equal(word(nth(list, 3), "error"), "no space");
	assert_string_equal(word(nth(list, 5), "error"), "nobody reads it");
	assert_int_equal(b.report.n_failed, 1);

	list = json_get(report, "modules");
	assert_string_equal(word(nth(list, 0), "wanted"), "virtio:d2");
	assert_int_equal(number(nth(list, 0), "usec"), 120);
	assert_int_equal(number(nth(list, 0), "start_usec"), 99);
	assert_null(json_get(nth(list, 0), "error"));
	assert_string_equal(word(nth(list, 1), "error"), "bad");

	list = json_get(report, "warnings");
	assert_null(word(nth(list, 0), "hook"));
	assert_string_equal(word(nth(list, 1), "hook"), "root");
	assert_string_equal(word(nth(list, 1), "text"), "two");

	list = json_get(report, "stages");
	assert_int_equal(length(list), 1);
	assert_string_equal(word(nth(list, 0), "name"), "boot");
	assert_int_equal(number(nth(list, 0), "start_usec"), 100);
	assert_int_equal(number(nth(list, 0), "duration_usec"), 50);
	assert_int_equal(number(nth(list, 0), "rounds"), 3);
}

static void test_growing_keeps_all(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 100; i++) {
		report_add_module(&b.report, &b.arena, &(struct report_module){ .usec = i });
		report_add_delivery(&b.report, &b.arena,
				    &(struct report_delivery){ .action = ACTION_REMOVED });
		report_add_warning(&b.report, &b.arena, &(struct report_warning){ .text = "x" });
		report_add_stage(&b.report, &(struct report_stage){ .start_usec = i });
	}
	assert_int_equal(b.report.n_modules, 100);
	for (int64_t i = 0; i < 100; i++)
		assert_int_equal(b.report.module[i].usec, i);
	assert_int_equal(b.report.n_deliveries, 100);
	assert_int_equal(b.report.delivery[99].action, ACTION_REMOVED);
	assert_int_equal(b.report.n_warnings, 100);
	assert_int_equal(b.report.n_stages, REPORT_STAGES_MAX);
	assert_int_equal(b.report.stage[REPORT_STAGES_MAX - 1].start_usec, REPORT_STAGES_MAX - 1);
}

/* A report that cannot grow stays as it is; the boot goes on. */
static void test_no_memory_to_add(void **state)
{
	const struct report before = b.report;

	(void)state;
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	report_add_delivery(&b.report, &b.arena, &(struct report_delivery){ .hook = "x" });
	report_add_module(&b.report, &b.arena, &(struct report_module){ .name = "x" });
	report_add_warning(&b.report, &b.arena, &(struct report_warning){ .text = "x" });
	memory_is_back();
	assert_memory_equal(&before, &b.report, sizeof(before));
}

static void test_no_memory_to_save(void **state)
{
	(void)state;
	fill_root();
	memory_runs_out(&b.arena, 0, NO_BLOCKS);
	assert_int_equal(report_save(&b, s.fd), -ENOMEM);
	memory_is_back();
	assert_false(is_there(s.fd, "state.json"));
	assert_false(is_there(s.fd, "report.json"));
	assert_true(is_there(s.fd, "boot.log")); /* it needs none */
}

/* The first failure is told, and the other files are written all the same. */
static void test_each_file_fails_alone(void **state)
{
	static const struct {
		const char *call, *lost;
		int err;
	} failures[] = {
		{ "renameat /.state.json.anteroot", "state.json", EIO },
		{ "renameat /.report.json.anteroot", "report.json", ENOSPC },
		{ "open /boot.log", "boot.log", EROFS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		fakesys_reset(s.path);
		fakesys_fail_match(failures[i].call, failures[i].err);
		assert_int_equal(report_save(&b, s.fd), -failures[i].err);
		for (size_t k = 0; k < ARRAY_SIZE(failures); k++) {
			assert_int_equal(is_there(s.fd, failures[k].lost), k != i);
			(void)unlinkat(s.fd, failures[k].lost, 0);
		}
	}
	fakesys_reset(s.path);
	fakesys_fail_match("renameat", EIO);
	fakesys_fail_match("open /boot.log", EROFS);
	assert_int_equal(report_save(&b, s.fd), -EIO);
}

static void test_no_directory(void **state)
{
	(void)state;
	assert_true(report_save(&b, -1) < 0);
}

/* The integrator's file, byte for byte, for those who look for the slots later. */
static void test_layout_is_left(void **state)
{
	(void)state;
	assert_int_equal(report_save(&b, s.fd), 0);
	assert_false(is_there(s.fd, "anteroot.json"));
	b.layout_text = "{ \"waitSeconds\": 5 }\nand no JSON";
	b.layout_len = strlen(b.layout_text);
	assert_int_equal(report_save(&b, s.fd), 0);
	assert_string_equal(get_text(s.fd, "anteroot.json"), b.layout_text);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty_boot),
		TEST(test_state),
		TEST(test_stored),
		TEST(test_error_and_writable_root),
		TEST(test_seen_and_decided),
		TEST(test_config_keys),
		TEST(test_lists),
		TEST(test_growing_keeps_all),
		TEST(test_no_memory_to_add),
		TEST(test_no_memory_to_save),
		TEST(test_each_file_fails_alone),
		TEST(test_no_directory),
		TEST(test_layout_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
