/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The power is cut after every system call of a delivery in turn. The next boot, whatever config.json says
 * by then, ends in the tree that a boot without a cut ends in: nothing is torn, doubled or left over.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init/apply.h"
#include "tests/fault/fixture.h"

#define TREE_MAX 32768

static const char second_config[] =
	"{ \"hostname\": \"other\", \"dnsServers\": \"1.1.1.1\", \"persistentLogging\": true, "
	"\"os\": {"
	"  \"network\": { \"wifi\": { \"randomMacAddressScan\": false } },"
	"  \"udevRules\": { \"57\": \"B\" }, \"sshKeys\": [ \"ssh-ed25519 BBBB two\" ] } }";
static const char no_config[] = "{ \"deviceType\": \"generic\" }";

/* What is in the target and kept on the state partition: modes, owners, names, contents. */
static void describe(char tree[static TREE_MAX])
{
	char command[1400];
	size_t len;
	FILE *out;

	(void)snprintf(command, sizeof(command),
		       "cd '%s' && find . -printf '%%m %%U:%%G %%y %%p %%l\\n' | sort && "
		       "find . -type f -exec md5sum {} + | sort; "
		       "cd '%s/run/mnt/state/anteroot' && find . -printf '%%m %%U:%%G %%y %%p "
		       "%%l\\n' | sort && "
		       "find . -type f -exec md5sum {} + | sort",
		       fixture.target, fixture.base);
	out = popen(command, "r"); /* NOLINT: names are our own */
	assert_non_null(out);
	len = fread(tree, 1, TREE_MAX - 1, out);
	assert_true(len > 0 && len < TREE_MAX - 1);
	tree[len] = '\0';
	assert_int_equal(0, pclose(out));
}

/* The lines of one text that the other has not. */
static const char *difference(const char *a, const char *b)
{
	static char lines[2048];
	size_t len = 0;

	for (; *a; a += strcspn(a, "\n") + 1) {
		char line[512];
		int n = snprintf(line, sizeof(line), "%.*s\n", (int)strcspn(a, "\n"), a);

		if (!strstr(b, line) && len + (size_t)n < sizeof(lines))
			len += (size_t)sprintf(lines + len, "%s", line);
	}
	lines[len] = '\0';
	return lines;
}

static void boot_whole(const char *config)
{
	fixture.config = config;
	fixture_again(&fixture, true);
	if (fixture_play(&fixture) != APPLY_NEXT)
		fail_msg("%s", fixture.boot->error);
	assert_int_equal(0, fixture.boot->report.n_failed);
}

static unsigned int calls_of(const char *before, const char *config)
{
	fixture_restart(&fixture, true);
	if (before)
		boot_whole(before);
	boot_whole(config);
	return fakesys_calls();
}

/* One device: boots with `before`, is cut off in the middle of a boot with `config`, boots with `after`. */
static void cut(const char *before, const char *config, const char *after, unsigned int calls)
{
	fixture_restart(&fixture, true);
	if (before)
		boot_whole(before);
	fixture.config = config;
	fixture_again(&fixture, true);
	fakesys_cut_after(calls);
	(void)fixture_play(&fixture);
	boot_whole(after);
}

static void cut_each(const char *before, const char *config, const char *after)
{
	static char want[TREE_MAX], got[TREE_MAX];
	unsigned int calls = calls_of(before, config);

	if (geteuid() != 0)
		skip(); /* only root can give files the owner that they are delivered with */
	assert_true(calls > 30);
	boot_whole(after);
	describe(want);
	for (unsigned int n = 0; n < calls; n++) {
		cut(before, config, after, n);
		describe(got);
		if (strcmp(want, got) != 0) {
			print_error("cut after call %u; there is:\n%s", n, difference(got, want));
			fail_msg("there should be:\n%s", difference(want, got));
		}
	}
}

static void test_first_boot(void **state)
{
	(void)state;
	cut_each(NULL, NULL, NULL);
}

static void test_change_of_config(void **state)
{
	(void)state;
	cut_each(NULL, second_config, second_config);
	cut_each(second_config, NULL, NULL);
}

/* Cut off while it changes, and changed back by then. */
static void test_change_taken_back(void **state)
{
	(void)state;
	cut_each(second_config, NULL, second_config);
}

static void test_everything_removed(void **state)
{
	(void)state;
	cut_each(second_config, no_config, no_config);
}

/* Nothing of a first boot that was cut short outlives the wish for it. Whether the host name of the image was
 * kept aside depends on how far that boot came. */
static void test_nothing_stale_after_a_cut_first_boot(void **state)
{
	static char got[TREE_MAX];
	unsigned int calls = calls_of(NULL, NULL);

	(void)state;
	for (unsigned int n = 0; n < calls; n++) {
		cut(NULL, NULL, no_config, n);
		describe(got);
		for (const char *const *name =
			     (const char *const[]){ "56.rules", "authorized_keys_local",
						    "os-networkmanager.conf", NULL };
		     *name; name++)
			if (strstr(got, *name))
				fail_msg("cut after call %u: %s is still there:\n%s", n, *name,
					 got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_boot),
		cmocka_unit_test(test_change_of_config),
		cmocka_unit_test(test_change_taken_back),
		cmocka_unit_test(test_everything_removed),
		cmocka_unit_test(test_nothing_stale_after_a_cut_first_boot),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
