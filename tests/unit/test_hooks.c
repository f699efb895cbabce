/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of hooks, and what no case of tests/cases gets to: devices in odd places, values that are
 * left out, and memory that ends in the middle of any hook.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/devices.h"

#include "hooks/place.h"
#include "hooks/table.h"
#include "init/decide.h"
#include "lib/clocksources.h"
#include "tests/unit/intercept.h"

static struct arena a = ARENA_INIT;
static struct facts f;
static struct plan plan;

static struct blockdev devices[] = {
	{ .name = "vda",
	  .whole = "vda",
	  .disk = "vda",
	  .probed = true,
	  .table_partitions = 5,
	  .table_uuid = "aaaa" },
	PART_ROW("vda", 1, "vfat", "resin-boot"),
	PART_ROW("vda", 2, "ext4", "resin-rootA"),
	PART_ROW("vda", 3, "ext4", "resin-rootB"),
	PART_ROW("vda", 5, "ext4", "resin-state"),
	PART_ROW("vda", 6, "ext4", "resin-data"),
	{ .name = "vdb",
	  .whole = "vdb",
	  .disk = "vdb",
	  .probed = true,
	  .table_partitions = 1,
	  .table_uuid = "bbbb" },
	PART_ROW("vdb", 1, "ext4", "resin-rootA"),
};

static int setup(void **state)
{
	(void)state;
	f = (struct facts){
		.layout = layout_default,
		.args = args_default,
		.run_dir = "/run/anteroot",
		.target_dir = "/sysroot",
		.devs = { devices, ARRAY_SIZE(devices) },
	};
	plan = PLAN_INIT(&a);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	memory_is_back();
	arena_free(&a);
	return 0;
}

/* One line an operation; in the arena. */
static const char *text_of(const struct plan *p)
{
	const char *text = "";

	for (size_t i = 0; i < p->n; i++)
		text = arena_printf(&a, "%s%s\n", text, op_text(&a, &p->op[i]));
	return text;
}

static void test_rows_are_complete(void **state)
{
	(void)state;
	assert_true(hook_table_len > 0);
	for (size_t i = 0; i < hook_table_len; i++) {
		const struct hook *h = &hook_table[i];

		assert_true(h->name && *h->name);
		assert_true(h->why && strlen(h->why) > 20);
		assert_non_null(h->run);
		assert_true(h->stage < STAGE_COUNT);
		assert_int_equal(strspn(h->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(h->name));
		/* The table is read from top to bottom. */
		if (i > 0)
			assert_true(hook_table[i - 1].stage <= h->stage);
		for (size_t k = 0; k < i; k++)
			if (hook_table[k].stage == h->stage &&
			    strcmp(hook_table[k].name, h->name) == 0)
				fail_msg("two rows %s in one stage", h->name);
	}
}

/* Only the target has places, and what goes there is looked up there: absolute, or root's home. */
static void test_places_of_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < hook_table_len; i++) {
		const struct hook *h = &hook_table[i];
		bool ended = false;

		if (h->stage != STAGE_TARGET)
			assert_null(h->places[0]);
		for (size_t k = 0; k < HOOK_PLACES_MAX; k++) {
			const char *place = h->places[k];

			assert_false(ended && place);
			ended = !place;
			if (place)
				assert_true(place[0] == '/' || strncmp(place, "~root", 5) == 0);
		}
	}
}

/* Moving the mounts away ends what else can be written to them; then the integrator has the last word, and the
 * watchdog runs. */
static void test_rows_behind_the_mounts(void **state)
{
	static const char *const last[] = { "mounts", "stand-in", "pre-handover", "watchdog" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++)
		assert_string_equal(hook_table[hook_table_len - ARRAY_SIZE(last) + i].name,
				    last[i]);
}

static void test_disk_with_a_boot_partition_is_better(void **state)
{
	static struct blockdev two[] = {
		DISK_ROW("vda", 1),
		{ .name = "vda1",
		  .whole = "vda",
		  .disk = "vda",
		  .partno = 1,
		  .probed = true,
		  .label = "resin-rootA" },
		{ .name = "vdb",
		  .whole = "vdb",
		  .disk = "vdb",
		  .probed = true,
		  .table_partitions = 2,
		  .removable = true },
		{ .name = "vdb1",
		  .whole = "vdb",
		  .disk = "vdb",
		  .partno = 1,
		  .probed = true,
		  .label = "resin-boot" },
		{ .name = "vdb2",
		  .whole = "vdb",
		  .disk = "vdb",
		  .partno = 2,
		  .probed = true,
		  .label = "resin-rootA" },
	};

	(void)state;
	f.devs = (struct blockdevs){ two, ARRAY_SIZE(two) };
	boot_disk_run(&f, &plan);
	assert_string_equal(text_of(&plan),
			    "warn vda carries the labels of the boot disk vdb: not used\n"
			    "disk vdb it carries the layout\nagain\n");
	/* The one that root= names as well. */
	plan.n = 0;
	f.args.root = "LABEL=resin-rootA";
	boot_disk_run(&f, &plan);
	assert_string_equal(plan_find_kind(&plan, OP_DISK)->target, "vdb");
}

static void test_message_names_missing_modules_and_disks(void **state)
{
	static struct blockdev disks[] = { { .name = "sda", .whole = "sda", .disk = "sda" },
					   { .name = "sdb", .whole = "sdb", .disk = "sdb" } };
	static const char *missing[] = { "ahci", "nvme" }, *unserved[] = { "pci:v1bc01" };

	(void)state;
	f.devs.n = 0;
	f.args.wait_msec = 4200;
	boot_disk_run(&f, &plan);
	assert_non_null(strstr(plan.op[0].data, " 4 s (disks: none)"));
	plan.n = 0;
	f.devs = (struct blockdevs){ disks, ARRAY_SIZE(disks) };
	f.missing = missing;
	f.n_missing = 2;
	boot_disk_run(&f, &plan);
	assert_int_equal(plan.op[0].kind, OP_FAIL);
	assert_non_null(strstr(plan.op[0].data,
			       "(disks: sda, sdb; modules missing in the image: ahci, nvme)"));
	plan.n = 0;
	f.unserved = unserved;
	f.n_unserved = 1;
	f.n_missing = 0;
	boot_disk_run(&f, &plan);
	assert_non_null(strstr(plan.op[0].data, "sdb; no module in the image for: pci:v1bc01)"));
}

/* Until the deadline a disk that the command line names is waited for; then the layout decides. */
static void test_named_disk_that_comes_late(void **state)
{
	static const struct {
		const char *disk, *root;
	} named[] = { { "/dev/vdz", NULL }, { "PTUUID=zzzz", NULL }, { NULL, "UUID=zzzz" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		f.args.disk = named[i].disk;
		f.args.root = named[i].root;
		f.now_msec = 0;
		f.deadline_msec = 10;
		plan.n = 0;
		boot_disk_run(&f, &plan);
		assert_int_equal(plan.n, 1);
		assert_int_equal(plan.op[0].kind, OP_WAIT);
		f.now_msec = 10;
		plan.n = 0;
		boot_disk_run(&f, &plan);
		assert_int_equal(plan.op[0].kind, OP_WARN);
		assert_non_null(strstr(plan.op[0].data,
				       "has not appeared: looking for the layout instead"));
		assert_string_equal(plan_find_kind(&plan, OP_DISK)->target, "vda");
	}
}

/* Two with one label: neither is mounted, and it is said. */
static void test_boot_partition_twice(void **state)
{
	static struct blockdev twice[] = {
		PART_ROW("vda", 1, "vfat", "resin-boot"),
		PART_ROW("vda", 2, "vfat", "resin-boot"),
	};

	(void)state;
	f.devs = (struct blockdevs){ twice, ARRAY_SIZE(twice) };
	f.boot_disk = "vda";
	assert_true(boot_mount_applies(&f));
	boot_mount_run(&f, &plan);
	assert_string_equal(text_of(&plan),
			    "warn 2 partitions of vda carry resin-boot: none is used\n"
			    "warn no usable boot partition resin-boot on vda: no configuration\n");
	f.gave_up[PART_BOOT] = true;
	assert_false(boot_mount_applies(&f));
}

/* What the kernel refuses to write to is not asked for. */
static void test_read_only_device(void **state)
{
	static struct blockdev locked[] = { { .name = "vda5",
					      .whole = "vda",
					      .disk = "vda",
					      .partno = 5,
					      .probed = true,
					      .type = "ext4",
					      .filesystem = true,
					      .label = "resin-state",
					      .read_only = true } };

	(void)state;
	f.devs = (struct blockdevs){ locked, 1 };
	f.boot_disk = "vda";
	state_data_run(&f, &plan);
	assert_string_equal(text_of(&plan),
			    "filesystem ext4\n"
			    "mount-part /dev/vda5 /run/anteroot/mnt/state ext4 ro,nosuid,nodev\n");
}

/* The hyphen of a uuid must not come to stand where no name can end. */
static void test_uuid_cut_at_a_hyphen(void **state)
{
	(void)state;
	f.target_writable = true;
	f.config.uuid = "123456-89";
	hostname_run(&f, &plan);
	assert_int_equal(plan.n, 0);
	f.config.uuid = "12345-789";
	hostname_run(&f, &plan);
	assert_string_equal(plan.op[0].data, "12345-7");
}

static void test_short_uuid_gives_no_name(void **state)
{
	(void)state;
	f.target_writable = true;
	f.config.uuid = "123456";
	assert_true(hostname_applies(&f));
	hostname_run(&f, &plan);
	assert_int_equal(plan.n, 0);
	f.config.uuid = "1234567";
	hostname_run(&f, &plan);
	assert_string_equal(plan.op[0].data, "1234567");
	f.config.uuid = NULL;
	assert_false(hostname_applies(&f));
}

/* The root= of a device outside the layout is told from a tag that nobody understands. */
static void test_root_of_no_known_form(void **state)
{
	(void)state;
	f.boot_disk = "vda";
	f.args.root = "nfs:server";
	root_run(&f, &plan);
	assert_int_equal(plan.op[0].kind, OP_WARN);
	assert_non_null(strstr(plan.op[0].data, "root=nfs:server is none of"));
	assert_string_equal(plan_find_kind(&plan, OP_ROOT)->source, "A");
}

static void test_no_root_anywhere(void **state)
{
	(void)state;
	f.devs.n = 0;
	root_run(&f, &plan);
	assert_string_equal(plan.op[0].data,
			    "unable to find a root on any disk: no partition, or more than one, "
			    "is labelled resin-rootA or resin-rootB");
}

/* An overlay over all of a read-only root is another root: no. */
static void test_read_only_root_without_the_directory(void **state)
{
	static struct facts_place etc = { .path = "/opt", .deepest = "/" };

	(void)state;
	assert_false(place_open(&f, &plan, "/srv")); /* no hook has named it */
	f.place = &etc;
	f.n_places = 1;
	assert_false(place_open(&f, &plan, "/opt"));
	assert_int_equal(plan.n, 2);
	place_file(&f, &plan, &(struct place_file){ .dir = "/opt", .name = "x", .data = "" });
	assert_null(plan_find_kind(&plan, OP_FILE));
	assert_null(plan_find_kind(&plan, OP_OVERLAY));
	f.target_writable = true;
	assert_true(place_open(&f, &plan, "/srv"));
	assert_string_equal(place_path(&f, &plan, "/"), "/sysroot");
	assert_string_equal(place_path(&f, &plan, "/x"), "/sysroot/x");
}

/* A name from the boot partition is shown on terminals: `anteroot plan` prints the warning as it is. */
static void test_hostile_connection_name_in_a_message(void **state)
{
	static struct facts_place manager = { .path = NETWORKMANAGER_PATH, .exists = true };
	static struct boot_file file = { .data = "[connection]\n", .len = 13 };
	static const struct {
		const char *name, *shown;
	} names[] = {
		{ "a\033[31mb", "a?[31mb" },
		{ "a\nb\x7f", "a?b?" },
		{ "a\xc2\x9b"
		  "b",
		  "a??b" },
		{ "caf\xe9", "caf?" },
		{ "B\xc3\xbcro x.AbCdEf", "B\xc3\xbcro x.AbCdEf" },
	};

	(void)state;
	f.target_writable = f.connections.readable = true;
	f.place = &manager;
	f.n_places = 1;
	f.connections.file = &file;
	f.connections.n = 1;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *start =
			arena_printf(&a, "system-connections/%s has a ", names[i].shown);
		const struct op *warning;

		file.name = names[i].name;
		plan.n = 0;
		connections_run(&f, &plan);
		warning = plan_find_kind(&plan, OP_WARN);
		if (i != 2) {
			assert_non_null(warning);
			assert_memory_equal(warning->data, start, strlen(start));
		}
	}
}

/* root's home may be the root itself: no path of a plan, and so of the manifest, has two slashes. */
static void test_keys_of_a_home_that_is_the_root(void **state)
{
	static const char *keys[] = { "ssh-ed25519 AAAA one" };

	(void)state;
	f.target_writable = true;
	f.config.state = CONFIG_READ;
	f.config.ssh_keys = (struct config_strings){ keys, 1 };
	f.root_home = "/";
	ssh_keys_run(&f, &plan);
	assert_non_null(plan_find(&plan, OP_DIR, "/sysroot/.ssh"));
	assert_non_null(plan_find(&plan, OP_FILE, "/sysroot/.ssh/authorized_keys_local"));
}

/* What could not be read again is not kept; what was kept before stays. */
static void test_configuration_too_large_to_keep(void **state)
{
	const size_t len = CONFIG_KEPT_MAX_BYTES + 1;
	char *key = arena_alloc(&a, len + 1);
	const char *keys[] = { key };

	(void)state;
	memset(key, 'k', len);
	f.config.state = CONFIG_READ;
	f.config.ssh_keys = (struct config_strings){ keys, 1 };
	f.keep_dir = "/run/anteroot/mnt/state/anteroot";
	assert_true(config_keep_applies(&f));
	config_keep_run(&f, &plan);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.op[0].kind, OP_WARN);
}

static void test_manifest_too_large(void **state)
{
	static const char sha1[] = "0123456789abcdef0123456789abcdef01234567";

	(void)state;
	f.config.state = CONFIG_READ;
	f.target_writable = true;
	for (unsigned int i = 0; i < MANIFEST_MAX_BYTES / 50; i++)
		manifest_add(&a, &f.manifest,
			     &(struct manifest_file){ .path = arena_printf(&a, "/etc/%08u", i),
						      .known = sha1 });
	manifest_run(&f, &plan);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.op[0].kind, OP_WARN);
}

/* A boot in which every hook has something to do, on a root that is writable or not. */
static void fill(bool writable)
{
	static struct module modules[] = { { .name = "virtio_blk", .options = "" } };
	static struct config_rule rules[] = { { "56", "A\n", "os.udevRules.56" } };
	static const char *keys[] = { "ssh-ed25519 AAAA one" };
	static struct config_entry entries[] = { { .key = "hostname",
						   .verdict = VERDICT_REJECTED,
						   .wrong = "is a number",
						   .expected = "a string",
						   .line = 3 } };
	static struct facts_place places[] = {
		{ .path = "/etc", .exists = true, .directory = true, .deepest = "/etc" },
		{ .path = "/etc/hostname", .exists = true, .deepest = "/etc" },
		{ .path = "/etc/udev/rules.d",
		  .exists = true,
		  .directory = true,
		  .deepest = "/etc/udev/rules.d" },
		{ .path = "/root", .exists = true, .directory = true, .deepest = "/root" },
		{ .path = "/root/.ssh", .deepest = "/root" },
		{ .path = "/var/log/journal", .deepest = "/var/log" },
		{ .path = "/mnt/boot", .exists = true, .directory = true, .deepest = "/mnt/boot" },
		{ .path = "/mnt/data", .exists = true, .directory = true, .deepest = "/mnt/data" },
	};

	(void)setup(NULL);
	f.clock[CLOCK_AT_START] = (struct clock_facts){ .seen = true };
	clock_add(&f.clock[CLOCK_AT_START], CLOCK_ANCHOR, "build", NULL)->sec = 5;
	f.modules = (struct module_list){ modules, 1, 1 };
	f.config = (struct config){ .state = CONFIG_READ,
				    .hostname = "press-07",
				    .persistent_logging = CONFIG_TRUE,
				    .udev_rules = { rules, 1 },
				    .ssh_keys = { keys, 1 },
				    .entry = entries,
				    .n_entries = 1 };
	f.target_writable = writable;
	f.root_home = "/root";
	f.place = places;
	f.n_places = ARRAY_SIZE(places);
}

/* One way through a stage; each changes the facts that fill() made. */
static void as_filled(void)
{
}

static void disk_found(void)
{
	f.modules.n = 0;
	f.boot_disk = "vda";
}

static void mounted(void)
{
	disk_found();
	f.mounted[PART_BOOT] = "vda1";
	f.mounted[PART_DATA] = "vda6";
}

static void no_modules(void)
{
	f.modules.n = 0;
}

static void late_named_disk(void)
{
	f.modules.n = 0;
	f.args.disk = "/dev/vdz";
}

static void late_root(void)
{
	f.modules.n = 0;
	f.args.root = "UUID=zzzz";
}

static void no_disk(void)
{
	static const char *missing[] = { "ahci" };

	f.modules.n = 0;
	f.devs.n = 1;
	f.missing = f.unserved = missing;
	f.n_missing = f.n_unserved = 1;
}

static void root_named(void)
{
	disk_found();
	f.args.root = "LABEL=resin-rootB";
	f.args.rootfstype = "ext4,xfs";
	f.args.rootflags = "noatime,data=journal";
}

static void root_of_no_form(void)
{
	disk_found();
	f.args.root = "nfs:server";
}

static void a_failed(void)
{
	disk_found();
	f.failed[0] = (struct facts_failed){ "vda2", "A", "no init", false };
	f.n_failed = 1;
}

static void both_failed(void)
{
	a_failed();
	f.failed[1] = (struct facts_failed){ "vda3", "B", "no init", false };
	f.n_failed = 2;
}

static void name_from_uuid(void)
{
	mounted();
	f.config.hostname = NULL;
	f.config.uuid = "123456789";
}

static void no_keys(void)
{
	mounted();
	f.config.ssh_keys.n = 0;
	f.config.persistent_logging = CONFIG_FALSE;
	f.config.state = CONFIG_READ;
}

static void no_place(void)
{
	f.n_places = 0;
	f.mounted[PART_DATA] = NULL;
}

static const struct {
	enum stage stage;
	void (*change)(void);
} ways[] = {
	{ STAGE_EARLY, as_filled },	 { STAGE_BOOT, as_filled },
	{ STAGE_BOOT, no_modules },	 { STAGE_BOOT, disk_found },
	{ STAGE_BOOT, late_named_disk }, { STAGE_BOOT, late_root },
	{ STAGE_BOOT, no_disk },	 { STAGE_ROOT, disk_found },
	{ STAGE_ROOT, root_named },	 { STAGE_ROOT, root_of_no_form },
	{ STAGE_ROOT, a_failed },	 { STAGE_ROOT, both_failed },
	{ STAGE_TARGET, mounted },	 { STAGE_TARGET, name_from_uuid },
	{ STAGE_TARGET, no_keys },	 { STAGE_TARGET, no_place },
};

/*
 * Memory ends after so many units, in every stage and on each way: the hooks get through, and a plan
 * that is not whole is known by its arena.
 */
static void test_no_memory_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(ways); i++) {
		bool writable = i % 2;
		const char *whole;
		size_t n;

		fill(writable);
		ways[i / 2].change();
		decide(ways[i / 2].stage, &f, &plan);
		n = plan.n;
		assert_true(n > 0);
		whole = strdup(text_of(&plan));
		arena_free(&a);
		for (unsigned int units = 0; units < ARENA_UNITS; units++) {
			bool failed;

			plan = PLAN_INIT(&a);
			memory_runs_out(&a, units, NO_BLOCKS);
			decide(ways[i / 2].stage, &f, &plan);
			memory_is_back();
			failed = arena_failed(&a);
			if (!failed)
				assert_string_equal(text_of(&plan), whole);
			assert_true(plan.n <= n + 20);
			arena_free(&a);
			if (!failed)
				break;
		}
		free((void *)(uintptr_t)whole);
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows_are_complete),
		TEST(test_places_of_rows),
		TEST(test_rows_behind_the_mounts),
		TEST(test_disk_with_a_boot_partition_is_better),
		TEST(test_message_names_missing_modules_and_disks),
		TEST(test_named_disk_that_comes_late),
		TEST(test_boot_partition_twice),
		TEST(test_read_only_device),
		TEST(test_short_uuid_gives_no_name),
		TEST(test_uuid_cut_at_a_hyphen),
		TEST(test_root_of_no_known_form),
		TEST(test_no_root_anywhere),
		TEST(test_read_only_root_without_the_directory),
		TEST(test_configuration_too_large_to_keep),
		TEST(test_manifest_too_large),
		TEST(test_hostile_connection_name_in_a_message),
		TEST(test_keys_of_a_home_that_is_the_root),
		TEST(test_no_memory_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
