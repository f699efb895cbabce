/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "init/observe_identity.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define ID "0123456789abcdef0123456789abcdef"

/* target/ is the root, run/mnt/state the state partition. */
static struct scratch s;
static struct boot b; /* too large for the stack */

static int setup(void **state)
{
	static const char *const dirs[] = { "run",	     "run/mnt",
					    "run/mnt/state", "run/mnt/state/anteroot",
					    "target",	     "target/etc" };

	(void)state;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	fakesys_reset(NULL);
	boot_init(&b, &fakesys);
	b.facts.run_dir = arena_printf(&b.arena, "%s/run", s.path);
	b.facts.target_dir = arena_printf(&b.arena, "%s/target", s.path);
	b.facts.keep_dir = arena_printf(&b.arena, "%s/run/mnt/state/anteroot", s.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(0, fakesys_calls()); /* it only looks */
	boot_close(&b);
	scratch_remove(&s);
	return 0;
}

static const struct facts_identity *look(void)
{
	observe_identity(&b);
	return &b.facts.identity;
}

static void test_nothing_there(void **state)
{
	const struct facts_identity *id = look();
	char first[MACHINEID_CHARS + 1];

	(void)state;
	assert_int_equal(MACHINEID_MISSING, id->stored.form);
	assert_int_equal(MACHINEID_MISSING, id->balena.form);
	assert_int_equal(MACHINEID_MISSING, id->image.form);
	assert_int_equal(MACHINEID_GOOD, id->fresh.form);
	assert_false(id->unfinished || id->weak);
	/* One in a boot, however often the stage is decided. */
	memcpy(first, id->fresh.text, sizeof(first));
	assert_string_equal(first, look()->fresh.text);
	b.facts.identity = (struct facts_identity){ 0 };
	assert_string_not_equal(first, look()->fresh.text);
}

static void test_all_there(void **state)
{
	const struct facts_identity *id;

	(void)state;
	put_text(s.fd, "run/mnt/state/anteroot/machine-id", ID "\n", 0444);
	put_text(s.fd, "run/mnt/state/anteroot/first-boot", "1\n", 0600);
	put_text(s.fd, "target/etc/machine-id", "uninitialized\n", 0444);
	id = look();
	assert_int_equal(MACHINEID_GOOD, id->stored.form);
	assert_string_equal(ID, id->stored.text);
	assert_true(id->unfinished);
	assert_int_equal(MACHINEID_UNINITIALIZED, id->image.form);
	assert_int_equal(MACHINEID_MISSING, id->fresh.form); /* no entropy is spent on it */
}

static void test_of_balena(void **state)
{
	(void)state;
	put_text(s.fd, "run/mnt/state/machine-id", ID "\n", 0444);
	assert_int_equal(MACHINEID_GOOD, look()->balena.form);
	assert_int_equal(MACHINEID_MISSING, b.facts.identity.fresh.form);
}

/* What is no file, or too long for one, or leads out. */
static void test_no_id(void **state)
{
	(void)state;
	put_dir(s.fd, "run/mnt/state/anteroot/machine-id");
	put_link(s.fd, "run/mnt/state/machine-id", "/../../../../../../../etc/machine-id");
	assert_int_equal(0, mkfifoat(s.fd, "target/etc/machine-id", 0600));
	assert_int_equal(MACHINEID_DAMAGED, look()->stored.form);
	assert_int_equal(MACHINEID_MISSING, b.facts.identity.balena.form);
	assert_int_equal(MACHINEID_DAMAGED, b.facts.identity.image.form);
	assert_int_equal(MACHINEID_GOOD, b.facts.identity.fresh.form);
}

static void test_too_long(void **state)
{
	(void)state;
	put_text(s.fd, "run/mnt/state/anteroot/machine-id", ID ID ID, 0444);
	assert_int_equal(MACHINEID_DAMAGED, look()->stored.form);
}

static void test_not_wanted(void **state)
{
	(void)state;
	b.facts.layout.machine_id = LAYOUT_ID_NONE;
	assert_int_equal(MACHINEID_MISSING, look()->fresh.form);
	b.facts.layout.machine_id = LAYOUT_ID_RANDOM;
	b.facts.args.machine_id = ID;
	assert_int_equal(MACHINEID_MISSING, look()->fresh.form);
	b.facts.args.machine_id = NULL;
	b.facts.offline = true;
	assert_int_equal(MACHINEID_MISSING, look()->fresh.form);
}

static const char *paths[] = { "/etc/ssh/host_*", "/etc/one",	 "/etc/keys/",
			       "/etc/none",	  "/etc/wrong/", "/etc/one" };

static const struct facts_persist *item(const char *path)
{
	for (size_t i = 0; i < b.facts.n_persist; i++)
		if (strcmp(b.facts.persist[i].path, path) == 0)
			return &b.facts.persist[i];
	fail_msg("%s was not looked at", path);
	return NULL;
}

static void test_persist(void **state)
{
	static const char *const dirs[] = { "persist", "persist/etc", "persist/etc/ssh",
					    "persist/etc/keys" };
	char path[100];

	(void)state;
	b.facts.layout.persist = paths;
	b.facts.layout.n_persist = ARRAY_SIZE(paths);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		(void)snprintf(path, sizeof(path), "run/mnt/state/anteroot/%s", dirs[i]);
		put_dir(s.fd, path);
	}
	put_dir(s.fd, "target/etc/ssh");
	put_dir(s.fd, "target/etc/ssh/host_dir");
	put_text(s.fd, "target/etc/ssh/host_a", "x", 0600);
	put_text(s.fd, "target/etc/ssh/host_b", "x", 0600);
	put_text(s.fd, "target/etc/ssh/other", "x", 0600);
	put_text(s.fd, "target/etc/wrong", "x", 0600);
	put_link(s.fd, "target/etc/one", "ssh/host_a");
	put_text(s.fd, "run/mnt/state/anteroot/persist/etc/ssh/host_b", "x", 0600);
	put_text(s.fd, "run/mnt/state/anteroot/persist/etc/ssh/host_c", "x", 0600);
	put_text(s.fd, "run/mnt/state/anteroot/persist/etc/ssh/.host_c.anteroot", "x", 0600);
	observe_persist(&b);
	assert_int_equal(7, b.facts.n_persist);
	assert_true(item("/etc/ssh/host_a")->there && !item("/etc/ssh/host_a")->stored);
	assert_true(item("/etc/ssh/host_b")->there && item("/etc/ssh/host_b")->stored);
	assert_true(!item("/etc/ssh/host_c")->there && item("/etc/ssh/host_c")->stored);
	assert_true(item("/etc/one")->there && !item("/etc/one")->directory);
	assert_true(item("/etc/keys")->directory && item("/etc/keys")->stored);
	assert_false(item("/etc/none")->there || item("/etc/none")->stored);
	assert_true(item("/etc/wrong")->wrong);
	for (size_t i = 1; i < b.facts.n_persist; i++)
		assert_true(strcmp(b.facts.persist[i - 1].path, b.facts.persist[i].path) < 0);
}

static void test_too_many(void **state)
{
	(void)state;
	b.facts.layout.persist = paths;
	b.facts.layout.n_persist = 1;
	put_dir(s.fd, "target/etc/ssh");
	for (int i = 0; i < 70; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "target/etc/ssh/host_%d", i);
		put_text(s.fd, path, "x", 0600);
	}
	observe_persist(&b);
	assert_int_equal(64, b.facts.n_persist);
	assert_int_equal(1, b.report.n_warnings);
	fakesys_reset(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_there), TEST(test_all_there), TEST(test_of_balena),
		TEST(test_no_id),	  TEST(test_too_long),	TEST(test_not_wanted),
		TEST(test_persist),	  TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
