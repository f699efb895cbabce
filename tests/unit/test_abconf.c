/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/abconf.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "tests/unit/intercept.h"

static struct arena a = ARENA_INIT;
static struct abconf conf;
static struct reason why;

/* @param text of "bootState" */
static int read_conf(const char *text)
{
	_cleanup_json_ struct json *top = NULL;
	const char *file = arena_printf(&a, "{ \"bootState\": %s }", text);

	assert_non_null(file);
	conf = abconf_default;
	why = REASON_INIT;
	assert_int_equal(json_parse(file, strlen(file), &top, &why), 0);
	return abconf_read(&a, json_get(top, "bootState"), &conf, &why);
}

static void assert_default(void)
{
	assert_memory_equal(&conf, &abconf_default, sizeof(conf));
}

static void test_defaults(void **state)
{
	const struct ab_policy *policy = &abconf_default.policy;

	(void)state;
	assert_int_equal(read_conf("{}"), 0);
	assert_default();
	assert_int_equal(read_conf("{ \"health\": {} }"), 0);
	assert_default();
	assert_int_equal(conf.backend, AB_AUTO);
	assert_memory_equal(policy, &ab_policy_default, sizeof(*policy));
	assert_int_equal(policy->counter, AB_AGENT);
	assert_int_equal(policy->tries, 3);
	assert_int_equal(policy->refunds, 3);
	assert_int_equal(policy->good_attempts, 5);
	assert_int_equal(policy->switches, 2);
	assert_int_equal(policy->delay_sec, 10);
	assert_int_equal(policy->delay_max_sec, 300);
	assert_false(policy->raise_floor);
	assert_string_equal(policy->floor, "");
	assert_null(conf.file[0]);
	assert_null(conf.partition);
	assert_int_equal(conf.panic_sec, 5);
	assert_int_equal(conf.watchdog_sec, 60);
}

static const char everything[] =
	"{ \"backend\": \"ubootenv\", \"counter\": \"loader\", \"files\": [\"a\", \"b/c\", \"d\"],"
	"  \"partition\": \"env\", \"offsets\": [512, 66048], \"size\": 65536, \"tries\": 9,"
	"  \"refunds\": 8, \"goodAttempts\": 255, \"switches\": 254, \"delaySeconds\": 3600,"
	"  \"delayMaxSeconds\": 86400, \"versionFloor\": \"2.0.0\", \"raiseFloor\": true,"
	"  \"panicSeconds\": 3599, \"watchdogSeconds\": 3600,"
	"  \"health\": { \"seconds\": 86400, \"windowSeconds\": 86399, \"pauseSeconds\": 7 } }";

static void test_every_key(void **state)
{
	(void)state;
	assert_int_equal(read_conf(everything), 0);
	assert_int_equal(conf.backend, AB_UBOOTENV);
	assert_int_equal(conf.policy.counter, AB_LOADER);
	assert_string_equal(conf.file[0], "a");
	assert_string_equal(conf.file[1], "b/c");
	assert_string_equal(conf.file[2], "d");
	assert_string_equal(conf.partition, "env");
	assert_int_equal(conf.offset[0], 512);
	assert_int_equal(conf.offset[1], 66048);
	assert_int_equal(conf.n_offsets, 2);
	assert_int_equal(conf.size, 65536);
	assert_int_equal(conf.policy.tries, 9);
	assert_int_equal(conf.policy.refunds, 8);
	assert_int_equal(conf.policy.good_attempts, 255);
	assert_int_equal(conf.policy.switches, 254);
	assert_int_equal(conf.policy.delay_sec, 3600);
	assert_int_equal(conf.policy.delay_max_sec, 86400);
	assert_string_equal(conf.policy.floor, "2.0.0");
	assert_true(conf.policy.raise_floor);
	assert_int_equal(conf.panic_sec, 3599);
	assert_int_equal(conf.watchdog_sec, 3600);
	assert_int_equal(conf.health_sec, 86400);
	assert_int_equal(conf.health_window_sec, 86399);
	assert_int_equal(conf.health_pause_sec, 7);
}

static void test_backends(void **state)
{
	static const char *const names[AB_BACKENDS] = {
		[AB_STATELESS] = "none",  [AB_AUTO] = "auto", [AB_RECORD] = "record",
		[AB_GRUBENV] = "grubenv", [AB_UENV] = "uenv", [AB_UBOOTENV] = "ubootenv",
	};

	(void)state;
	for (enum ab_backend i = AB_STATELESS; i < AB_BACKENDS; i++) {
		assert_string_equal(ab_backend_name(i), names[i]);
		assert_int_equal(read_conf(arena_printf(&a, "{ \"backend\": \"%s\" }", names[i])),
				 0);
		assert_int_equal(conf.backend, i);
	}
	assert_string_equal(ab_backend_name(AB_BACKENDS), "unknown");
	assert_int_equal(read_conf("{ \"counter\": \"agent\" }"), 0);
	assert_int_equal(conf.policy.counter, AB_AGENT);
}

static void test_lowest(void **state)
{
	(void)state;
	assert_int_equal(read_conf("{ \"tries\": 1, \"refunds\": 0, \"goodAttempts\": 0,"
				   "  \"switches\": 0, \"delaySeconds\": 0, \"delayMaxSeconds\": 0,"
				   "  \"panicSeconds\": 1, \"watchdogSeconds\": 0, \"size\": 512,"
				   "  \"offsets\": [0], \"raiseFloor\": false,"
				   "  \"health\": { \"seconds\": 1, \"windowSeconds\": 0,"
				   "    \"pauseSeconds\": 1 } }"),
			 0);
	assert_int_equal(conf.policy.tries, 1);
	assert_int_equal(conf.policy.refunds + conf.policy.good_attempts + conf.policy.switches, 0);
	assert_int_equal(conf.policy.delay_sec + conf.policy.delay_max_sec, 0);
	assert_int_equal(conf.panic_sec, 1);
	assert_int_equal(conf.watchdog_sec, 0);
	assert_int_equal(conf.size, 512);
	assert_int_equal(conf.n_offsets, 1);
	assert_int_equal(conf.health_sec, 1);
	assert_int_equal(conf.health_window_sec, 0);
	assert_int_equal(conf.health_pause_sec, 1);
}

#define NAMES	"expected one to three names on the boot partition"
#define OFFSETS "expected one or two multiples of 512"
#define SIZE	"expected a multiple of 512, up to 65536 bytes"
#define VERSION "expected a version X.Y.Z[-betaN][+revN]"
#define BACKEND "expected record, grubenv, uenv, ubootenv, auto or none"

static const struct {
	const char *value, *key, *expected;
} mistakes[] = {
	{ "\"none\"", NULL, "expected an object" },
	{ "null", NULL, "expected an object" },
	{ "[]", NULL, "expected an object" },
	{ "\"records\"", "backend", BACKEND },
	{ "\"\"", "backend", BACKEND },
	{ "1", "backend", BACKEND },
	{ "\"Agent\"", "counter", "expected agent or loader" },
	{ "null", "counter", "expected agent or loader" },
	{ "\"x\"", "files", "expected a list of names" },
	{ "[]", "files", "expected a list of names" },
	{ "{ \"x\": \"a\" }", "files", "expected a list of names" },
	{ "[\"\"]", "files", NAMES },
	{ "[1]", "files", NAMES },
	{ "[\"/boot/x\"]", "files", NAMES },
	{ "[\"a\", \"../x\"]", "files", NAMES },
	{ "[\"a\", \"b\", \"c\", \"d\"]", "files", NAMES },
	{ "\"\"", "partition", "expected a PARTLABEL" },
	{ "4", "partition", "expected a PARTLABEL" },
	{ "0", "offsets", OFFSETS },
	{ "[]", "offsets", OFFSETS },
	{ "{ \"x\": 512 }", "offsets", OFFSETS },
	{ "[1]", "offsets", OFFSETS },
	{ "[-512]", "offsets", OFFSETS },
	{ "[\"0\"]", "offsets", OFFSETS },
	{ "[0, 512, 1024]", "offsets", OFFSETS },
	{ "0", "size", SIZE },
	{ "513", "size", SIZE },
	{ "66048", "size", SIZE },
	{ "\"512\"", "size", SIZE },
	{ "0", "tries", "expected 1 to 9" },
	{ "10", "tries", "expected 1 to 9" },
	{ "1.5", "tries", "expected 1 to 9" },
	{ "\"3\"", "tries", "expected 1 to 9" },
	{ "-1", "refunds", "expected 0 to 9" },
	{ "10", "refunds", "expected 0 to 9" },
	{ "256", "goodAttempts", "expected 0 (never) to 255 boots" },
	{ "256", "switches", "expected 0 to 255" },
	{ "3601", "delaySeconds", "expected 0 to 3600 seconds" },
	{ "86401", "delayMaxSeconds", "expected 0 to 86400 seconds" },
	{ "\"2.0\"", "versionFloor", VERSION },
	{ "2", "versionFloor", VERSION },
	{ "\"2.0.0-beta123456789012345678901234567\"", "versionFloor", VERSION },
	{ "1", "raiseFloor", "expected true or false" },
	{ "0", "panicSeconds", "expected 1 to 3600 seconds" },
	{ "3601", "panicSeconds", "expected 1 to 3600 seconds" },
	{ "3601", "watchdogSeconds", "expected 0 (not armed) to 3600 seconds" },
	{ "[]", "health", "expected an object" },
	{ "60", "health", "expected an object" },
	{ "3", "Tries", "expected a key of docs/STATE.md" },
	{ "3", "seconds", "expected a key of docs/STATE.md" }, /* of "health" */
};

static void assert_wrong(const char *object, const char *expected)
{
	assert_default(); /* half of it is a policy that nobody has tested */
	assert_string_equal(why.verb, "use");
	assert_string_equal(why.object, object);
	assert_non_null(strstr(why.cause, expected));
	assert_non_null(strstr(why.cause, LAYOUT_PATH));
}

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const char *value = mistakes[i].value, *key = mistakes[i].key;
		const char *text =
			key ? arena_printf(&a, "{ \"panicSeconds\": 9, \"%s\": %s }", key, value)
			    : value;

		if (read_conf(text) != -EBADMSG)
			fail_msg("%s is taken", text);
		assert_wrong(key ? arena_printf(&a, "bootState.%s", key) : "bootState",
			     mistakes[i].expected);
	}
}

static void test_loader_counts_in_no_record(void **state)
{
	static const char *const with[] = { "", ", \"backend\": \"auto\"",
					    ", \"backend\": \"record\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		assert_int_equal(
			read_conf(arena_printf(&a, "{ \"counter\": \"loader\"%s }", with[i])),
			-EBADMSG);
		assert_wrong("bootState.counter", "no loader counts in a record");
	}
	assert_int_equal(read_conf("{ \"counter\": \"loader\", \"backend\": \"grubenv\" }"), 0);
	assert_int_equal(read_conf("{ \"backend\": \"none\", \"counter\": \"loader\" }"), 0);
}

static void test_key_of_health_is_named_in_full(void **state)
{
	(void)state;
	assert_int_equal(read_conf("{ \"health\": { \"seconds\": 0 } }"), -EBADMSG);
	assert_wrong("bootState.health.seconds", "expected 1 to 86400 seconds");
	assert_int_equal(read_conf("{ \"health\": { \"windowSeconds\": -1 } }"), -EBADMSG);
	assert_wrong("bootState.health.windowSeconds", "expected 0 (once) to 86400 seconds");
	assert_int_equal(read_conf("{ \"health\": { \"pauseSeconds\": 3601 } }"), -EBADMSG);
	assert_wrong("bootState.health.pauseSeconds", "expected 1 to 3600 seconds");
	assert_int_equal(read_conf("{ \"health\": { \"tries\": 3 } }"), -EBADMSG);
	assert_wrong("bootState.health.tries", "expected a key of docs/STATE.md");
}

static void test_copies_do_not_overlap(void **state)
{
	static const char *const texts[] = {
		"{ \"partition\": \"x\", \"offsets\": [512, 512] }",
		"{ \"partition\": \"x\", \"backend\": \"ubootenv\" }", /* 16384 bytes each */
		"{ \"partition\": \"x\", \"backend\": \"ubootenv\", \"offsets\": [16384, 512] }",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(read_conf(texts[i]), -EBADMSG);
		assert_wrong("bootState.offsets", "expected copies that do not overlap");
	}
	assert_int_equal(read_conf("{ \"partition\": \"x\", \"offsets\": [512, 0] }"), 0);
	assert_int_equal(read_conf("{ \"partition\": \"x\", \"backend\": \"ubootenv\","
				   "  \"offsets\": [16384, 0] }"),
			 0);
	assert_int_equal(read_conf("{ \"partition\": \"x\", \"backend\": \"ubootenv\","
				   "  \"offsets\": [0] }"),
			 0);
}

static int parse_layout(const char *state, struct layout *ret)
{
	const char *text = arena_printf(&a, "{ \"waitSeconds\": 1, \"bootState\": %s }", state);

	why = REASON_INIT;
	return layout_parse(&a, text, strlen(text), ret, &why);
}

/* As the integrator's file has it; a mistake in it leaves all of the layout's defaults. */
static void test_in_the_layout(void **state)
{
	struct layout layout;

	(void)state;
	assert_int_equal(parse_layout(everything, &layout), 0);
	assert_int_equal(layout.wait_msec, 1000);
	assert_int_equal(layout.state.backend, AB_UBOOTENV);
	assert_string_equal(layout.state.partition, "env");
	assert_int_equal(layout.state.health_pause_sec, 7);
	assert_int_equal(parse_layout("{ \"tries\": 0 }", &layout), -EBADMSG);
	assert_string_equal(why.object, "bootState.tries");
	assert_memory_equal(&layout, &layout_default, sizeof(layout));
	assert_memory_equal(&layout.state, &abconf_default, sizeof(abconf_default));
}

static void test_no_memory(void **state)
{
	static const char *const texts[] = { "{ \"files\": [\"a\"] }", "{ \"partition\": \"a\" }" };
	struct layout layout;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = arena_printf(&a, "{ \"bootState\": %s }", texts[i]);
		int err;

		memory_runs_out(&a, 0, NO_BLOCKS);
		err = layout_parse(&a, text, strlen(text), &layout, &why);
		memory_is_back();
		assert_int_equal(err, -ENOMEM);
		assert_memory_equal(&layout, &layout_default, sizeof(layout));
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
		TEST(test_defaults),
		TEST(test_every_key),
		TEST(test_backends),
		TEST(test_lowest),
		TEST(test_mistakes),
		TEST(test_loader_counts_in_no_record),
		TEST(test_key_of_health_is_named_in_full),
		TEST(test_copies_do_not_overlap),
		TEST(test_in_the_layout),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
