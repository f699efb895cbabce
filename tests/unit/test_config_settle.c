/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/config_words.h"
#include "lib/digest.h"

/* Which document holds, and what of a bad one is taken from the last known good one. */

static struct arena a;
static struct config c;
static struct config_input in;
static struct config_document leftovers[4];

static int setup(void **state)
{
	(void)state;
	in = (struct config_input){ .file = { .name = "config.json", .err = -ENOENT },
				    .leftover = leftovers,
				    .kept = { .name = "kept", .err = -ENOENT } };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&a);
	return 0;
}

static void set(struct config_document *doc, const char *text)
{
	doc->text = text;
	doc->len = strlen(text);
	doc->err = 0;
}

static void add_leftover(const char *random, const char *text, int64_t mtime_usec)
{
	struct config_document *doc = &leftovers[in.n_leftovers++];
	char md5[DIGEST_MD5_HEX];

	digest_md5(text, strlen(text), md5);
	*doc = (struct config_document){
		.name = arena_printf(&a, ".config.json.%s.%s.md5sum", random, md5),
		.mtime_usec = mtime_usec,
	};
	set(doc, text);
}

static void settle(enum config_state state, const char *hostname)
{
	assert_int_equal(config_settle(&a, &in, &c), 0);
	assert_string_equal(config_state_name(c.state), config_state_name(state));
	if (hostname)
		assert_string_equal(c.hostname, hostname);
	else
		assert_null(c.hostname);
}

static const struct config_entry *entry(const char *key)
{
	for (size_t i = 0; i < c.n_entries; i++)
		if (strcmp(c.entry[i].key, key) == 0)
			return &c.entry[i];
	fail_msg("no entry of %s", key);
	return NULL;
}

static void test_nothing(void **state)
{
	(void)state;
	settle(CONFIG_NONE, NULL);
	assert_string_equal(c.error, "unable to read config.json: No such file or directory");
	assert_null(c.origin);
	assert_int_equal(c.n_entries, 0);
}

static void test_order(void **state)
{
	(void)state;
	set(&in.kept, "{\"hostname\":\"kept\"}");
	settle(CONFIG_KEPT, "kept");
	assert_string_equal(c.origin, "kept");
	assert_int_equal(entry("hostname")->source, SOURCE_KEPT);
	assert_int_equal(entry("hostname")->line, 0);
	add_leftover("0000aBcD", "{\"hostname\":\"old\"}", 5);
	settle(CONFIG_LEFTOVER, "old");
	add_leftover("00000001", "{\"hostname\":\"new\"}", 6);
	settle(CONFIG_LEFTOVER, "new");
	add_leftover("00000002", "{\"hostname\":", 7); /* whole, and no JSON */
	settle(CONFIG_LEFTOVER, "new");
	set(&in.file, "{\"hostname\":\"file\"}");
	settle(CONFIG_READ, "file");
	assert_null(c.error);
	for (const char *const *torn =
		     (const char *const[]){ "", "{", "{\"hostname\":\"fi", "\0\0", NULL };
	     *torn; torn++) {
		set(&in.file, *torn);
		settle(CONFIG_LEFTOVER, "new");
		assert_non_null(c.error);
	}
	in.file.err = -EFBIG;
	settle(CONFIG_LEFTOVER, "new");
	assert_string_equal(c.error, "unable to read config.json: it has more than 262144 bytes");
	in.file.err = -EIO;
	settle(CONFIG_LEFTOVER, "new");
}

static void test_leftover_names(void **state)
{
	static const char *const no[] = {
		"config.json",
		".config.json.0000000.00000000000000000000000000000000.md5sum",
		".config.json.00000000.0000000000000000000000000000000.md5sum",
		".config.json.0000000g.00000000000000000000000000000000.md5sum",
		".config.json.00000000.0000000000000000000000000000000g.md5sum",
		".config.json.00000000x00000000000000000000000000000000.md5sum",
		".config.json.00000000.00000000000000000000000000000000.md5sun",
		".config.json.00000000.00000000000000000000000000000000.md5sum~",
		".config.txt0.00000000.00000000000000000000000000000000.md5sum",
		"",
	};

	(void)state;
	assert_true(config_is_leftover(
		".config.json.0aB1cD2e.00000000000000000000AbCdEf000000.md5sum"));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (config_is_leftover(no[i]))
			fail_msg("%s", no[i]);
}

static void test_leftover_with_another_md5(void **state)
{
	(void)state;
	leftovers[in.n_leftovers++] = (struct config_document){
		.name = ".config.json.00000000.00000000000000000000000000000000.md5sum",
	};
	set(&leftovers[0], "{\"hostname\":\"x\"}");
	settle(CONFIG_NONE, NULL);
	leftovers[0].err = -EIO;
	settle(CONFIG_NONE, NULL);
}

/* Upper-case digits, as a FAT tool may make of the name. */
static void test_leftover_in_capitals(void **state)
{
	(void)state;
	leftovers[in.n_leftovers++] = (struct config_document){
		.name = ".config.json.00000000.BEB269D516265813C4AE5BEBA4D3F0FA.md5sum",
	};
	set(&leftovers[0], "{\"uuid\":\"u\"}");
	settle(CONFIG_LEFTOVER, NULL);
}

/* What lets people in keeps its previous value; the rest has its default. */
static void test_previous_values(void **state)
{
	(void)state;
	set(&in.kept, "{\"hostname\":\"kept\",\"dnsServers\":\"9.9.9.9\",\"country\":\"GB\",\"os\":"
		      "{\"sshKeys\":["
		      "\"old\"],\"udevRules\":{\"1\":\"x\"},\"network\":{\"connectivity\":{\"uri\":"
		      "\"http://a\",\"interval\":7}}}}");
	set(&in.file,
	    "{\"hostname\":7,\"dnsServers\":\"nine\",\"country\":7,\"os\":{\"sshKeys\":[7],"
	    "\"udevRules\":7,\"network\":{\"connectivity\":{\"uri\":7}}}}");
	settle(CONFIG_READ, NULL);
	assert_null(c.country);
	assert_int_equal(c.udev_rules.n, 0);
	assert_int_equal(c.dns_servers.n, 1);
	assert_string_equal(c.dns_servers.item[0], "9.9.9.9");
	assert_int_equal(c.ssh_keys.n, 1);
	assert_string_equal(c.ssh_keys.item[0], "old");
	assert_string_equal(c.connectivity_uri, "http://a");
	assert_false(c.connectivity_interval.set); /* absent is not bad: it was taken out */
	assert_int_equal(entry("os.sshKeys")->verdict, VERDICT_REJECTED);
	assert_int_equal(entry("os.sshKeys")->source, SOURCE_KEPT);
	assert_int_equal(entry("hostname")->source, SOURCE_DEFAULT);
	assert_false(config_is_lost(&c, "os.sshKeys"));
	assert_false(config_is_lost(&c, "hostname"));
}

/* A bad one among good ones costs itself: the good ones are the owner's word. */
static void test_good_ones_hold(void **state)
{
	(void)state;
	set(&in.kept, "{\"os\":{\"sshKeys\":[\"old\"]}}");
	set(&in.file, "{\"os\":{\"sshKeys\":[7,\"new\"]}}");
	settle(CONFIG_READ, NULL);
	assert_int_equal(c.ssh_keys.n, 1);
	assert_string_equal(c.ssh_keys.item[0], "new");
	set(&in.file, "{\"os\":{\"sshKeys\":[]}}");
	settle(CONFIG_READ, NULL);
	assert_int_equal(c.ssh_keys.n, 0); /* nobody, in so many words */
	set(&in.file, "{\"os\":{\"sshKeys\":null}}");
	settle(CONFIG_READ, NULL);
	assert_int_equal(c.ssh_keys.n, 0);
}

/* Something above the key is no object: the key is bad, not absent. */
static void test_blocked(void **state)
{
	(void)state;
	set(&in.kept, "{\"hostname\":\"kept\",\"os\":{\"sshKeys\":[\"old\"],\"network\":{\"wifi\":{"
		      "\"randomMacAddressScan\":true}}}}");
	set(&in.file, "{\"os\":\"x\",\"hostname\":\"new\"}");
	settle(CONFIG_READ, "new");
	assert_string_equal(c.ssh_keys.item[0], "old");
	assert_int_equal(c.random_mac, CONFIG_TRUE);
	assert_int_equal(entry("os")->verdict, VERDICT_REJECTED);
	assert_int_equal(entry("os.sshKeys")->verdict, VERDICT_ABSENT);
	assert_int_equal(entry("os.sshKeys")->source, SOURCE_KEPT);
	set(&in.file, "{\"os\":{\"network\":[]}}");
	settle(CONFIG_READ, NULL);
	assert_int_equal(c.ssh_keys.n, 0);
	assert_int_equal(c.random_mac, CONFIG_TRUE);
}

/* Bad, and nothing tells the previous value: what an earlier boot made of it must stay. */
static void test_lost(void **state)
{
	(void)state;
	set(&in.file, "{\"os\":\"x\",\"dnsServers\":7,\"hostname\":7}");
	settle(CONFIG_READ, NULL);
	assert_true(config_is_lost(&c, "os.sshKeys"));
	assert_true(config_is_lost(&c, "dnsServers"));
	assert_true(config_is_lost(&c, "os.network.connectivity.uri"));
	assert_int_equal(entry("dnsServers")->source, SOURCE_EARLIER);
	assert_false(config_is_lost(&c, "hostname"));	  /* has a default */
	assert_false(config_is_lost(&c, "balenaRootCA")); /* absent */
	set(&in.kept, "torn");
	settle(CONFIG_READ, NULL);
	assert_true(config_is_lost(&c, "os.sshKeys"));
	set(&in.kept, "{\"os\":7,\"dnsServers\":\"x\"}"); /* we never wrote that */
	settle(CONFIG_READ, NULL);
	assert_true(config_is_lost(&c, "os.sshKeys"));
	assert_true(config_is_lost(&c, "dnsServers"));
	/* Absent in it is a value too: nobody had access. */
	set(&in.kept, "{\"hostname\":\"x\"}");
	settle(CONFIG_READ, NULL);
	assert_false(config_is_lost(&c, "os.sshKeys"));
	assert_int_equal(entry("dnsServers")->source, SOURCE_DEFAULT);
}

/* What was lost is known to be so for as long as only that is kept. */
static void test_lost_is_kept(void **state)
{
	const char *text;
	size_t len;

	(void)state;
	set(&in.file, "{\"hostname\":\"first\",\"os\":\"x\"}");
	settle(CONFIG_READ, "first");
	text = config_text(&a, &c, &len);
	assert_non_null(strstr(text, "\"lost\":["));
	assert_non_null(strstr(text, "\"os.sshKeys\""));
	in.kept = (struct config_document){ .name = "kept", .text = text, .len = len };
	settle(CONFIG_READ, "first");
	assert_true(config_is_lost(&c, "os.sshKeys"));
	set(&in.file, "{");
	settle(CONFIG_KEPT, "first");
	assert_true(config_is_lost(&c, "os.sshKeys"));
	assert_false(config_is_lost(&c, "balenaRootCA"));
	for (size_t i = 0; i < c.n_entries; i++)
		assert_int_not_equal(c.entry[i].verdict, VERDICT_UNKNOWN);
	set(&in.file, "{\"os\":{\"sshKeys\":[\"k\"]}}");
	settle(CONFIG_READ, NULL);
	assert_false(config_is_lost(&c, "os.sshKeys"));
	assert_null(strstr(config_text(&a, &c, &len), "lost"));
}

/* An object without a key is nobody's configuration, unless there is no other. */
static void test_no_key_at_all(void **state)
{
	(void)state;
	set(&in.file, "{ }");
	settle(CONFIG_READ, NULL);
	assert_null(c.error);
	set(&in.kept, "{}");
	settle(CONFIG_READ, NULL);
	set(&in.kept, "{\"hostname\":\"kept\"}");
	settle(CONFIG_KEPT, "kept");
	assert_string_equal(c.error, "unable to use config.json: there is no key in it");
	add_leftover("00000000", "{}", 5);
	settle(CONFIG_KEPT, "kept");
	add_leftover("00000000", "{\"hostname\":\"left\"}", 5);
	settle(CONFIG_LEFTOVER, "left");
}

/* One that is more than a day older than what was accepted since. */
static void test_stale_leftover(void **state)
{
	const int64_t day = INT64_C(24) * 3600 * 1000000;

	(void)state;
	set(&in.kept, "{\"hostname\":\"kept\"}");
	in.kept.mtime_usec = 100 * day;
	add_leftover("00000000", "{\"hostname\":\"left\"}", 100 * day - 26 * day / 24);
	settle(CONFIG_LEFTOVER, "left");
	leftovers[0].mtime_usec--;
	settle(CONFIG_KEPT, "kept");
	in.kept.err = -ENOENT;
	settle(CONFIG_LEFTOVER, "left");
}

/* Every key of ours, each of its kind. */
static const char whole[] =
	"{\"hostname\":\"h\",\"uuid\":\"u\",\"persistentLogging\":true,\"country\":\"GB\","
	"\"ntpServers\":"
	"\"a b\",\"dnsServers\":\"9.9.9.9 "
	"::1#53\",\"developmentMode\":false,\"apiEndpoint\":\"http://e\","
	"\"os\":{\"network\":{\"wifi\":{\"randomMacAddressScan\":false},\"connectivity\":{\"uri\":"
	"\"http://u\",\"interval\":0,\"response\":\"r "
	"\\u00e9\"}},\"udevRules\":{\"1\":\"x\",\"2\":\"y\\n\"},"
	"\"sshKeys\":[\"one\",\"two \\\"x\\\"\"]}}";

/* What is kept reads as what was accepted, and is kept as the same text. */
static void test_text_round_trip(void **state)
{
	const char *text, *again;
	size_t len, again_len;

	(void)state;
	set(&in.file, whole);
	settle(CONFIG_READ, "h");
	text = config_text(&a, &c, &len);
	assert_non_null(text);
	assert_null(strstr(text, "apiKey"));
	in.file = (struct config_document){ .name = "config.json", .text = text, .len = len };
	settle(CONFIG_READ, "h");
	for (size_t i = 0; i < c.n_entries; i++)
		if (c.entry[i].verdict != VERDICT_ABSENT && c.entry[i].verdict != VERDICT_ACCEPTED)
			fail_msg("%s: %s", c.entry[i].key, config_verdict_name(c.entry[i].verdict));
	again = config_text(&a, &c, &again_len);
	assert_string_equal(text, again);
	assert_int_equal(len, again_len);
	set(&in.file, "{}");
	settle(CONFIG_READ, NULL);
	assert_string_equal(config_text(&a, &c, &len), "{}\n");
}

/* The value of one row, as text. */
static const char *row_text(const struct config *config, const struct config_key *row)
{
	static const size_t sizes[] = {
		[CONFIG_STRING] = sizeof(const char *),
		[CONFIG_BOOL] = sizeof(enum config_tristate),
		[CONFIG_NUMBER] = sizeof(struct config_number),
		[CONFIG_WORDS] = sizeof(struct config_strings),
		[CONFIG_LINES] = sizeof(struct config_strings),
		[CONFIG_RULES] = sizeof(struct config_rules),
	};
	struct config alone = { 0 };
	size_t len;

	memcpy((char *)&alone + row->offset, (const char *)config + row->offset, sizes[row->kind]);
	return config_text(&a, &alone, &len);
}

/* The members of the top, one of them perhaps with another value. */
static const char *document_with(const struct config_key *changed, const char *value)
{
	const char *text = "";

	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];
		if (row->kind != CONFIG_FOREIGN && !strchr(row->path, '.'))
			text = arena_printf(&a, "%s\"%s\":%s,", text, row->path,
					    row == changed ? value
							   : config_words(row->path)->example);
	}
	return text;
}

static const char *value_of(const char *path, const struct config_key *changed, const char *value)
{
	for (size_t i = 0; i < config_keys_len; i++)
		if (strcmp(config_keys[i].path, path) == 0)
			return &config_keys[i] == changed ? value : config_words(path)->example;
	fail_msg("%s is no key", path);
	return NULL;
}

static const char *whole_document(const struct config_key *changed, const char *value)
{
	return arena_printf(
		&a,
		"{%s\"os\":{\"network\":{\"wifi\":{\"randomMacAddressScan\":%s},\"connectivity\":{"
		"\"uri\":%s,\"interval\":%s,\"response\":%s}},\"udevRules\":%s,\"sshKeys\":%s}}",
		document_with(changed, value),
		value_of("os.network.wifi.randomMacAddressScan", changed, value),
		value_of("os.network.connectivity.uri", changed, value),
		value_of("os.network.connectivity.interval", changed, value),
		value_of("os.network.connectivity.response", changed, value),
		value_of("os.udevRules", changed, value), value_of("os.sshKeys", changed, value));
}

/* Property: one key changes at random, and no other key's value changes by a byte. */
static void test_isolation(void **state)
{
	static const char *const values[] = {
		"7",
		"-1",
		"1e300",
		"true",
		"false",
		"\"\"",
		"\"x\"",
		"\"a b\"",
		"[]",
		"{}",
		"[7]",
		"[\"x\"]",
		"{\"a\":\"b\"}",
		"{\"a\":7}",
		"null",
		"\"\\n\"",
		"\"9.9.9.9\"",
		"\"null\"",
		"[[[[[]]]]]",
		"\"../../etc\"",
		"{\"../x\":\"y\"}",
		"\"http://x\"",
		"3600",
		"\"GB\"",
	};
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int turn = 0; turn < 400; turn++) {
		const struct config_key *changed = &config_keys[(size_t)rand() % config_keys_len];
		const char *value = values[(size_t)rand() % ARRAY_SIZE(values)];
		struct config before;

		if (changed->kind == CONFIG_FOREIGN)
			continue;
		set(&in.file, whole_document(NULL, NULL));
		assert_int_equal(config_settle(&a, &in, &before), 0);
		set(&in.file, whole_document(changed, value));
		assert_int_equal(config_settle(&a, &in, &c), 0);
		for (size_t i = 0; i < config_keys_len; i++)
			if (&config_keys[i] != changed && config_keys[i].kind != CONFIG_FOREIGN &&
			    strcmp(row_text(&before, &config_keys[i]),
				   row_text(&c, &config_keys[i])) != 0)
				fail_msg("%s = %s changes %s", changed->path, value,
					 config_keys[i].path);
		arena_free(&a);
	}
}

/* The examples of the manual are good configuration, but for the certificate, which is shortened. */
static void test_examples(void **state)
{
	(void)state;
	set(&in.file, whole_document(NULL, NULL));
	settle(CONFIG_READ, "press-07");
	for (size_t i = 0; i < c.n_entries; i++)
		if (c.entry[i].verdict == VERDICT_REJECTED &&
		    strcmp(c.entry[i].key, "balenaRootCA") != 0)
			fail_msg("%s %s", c.entry[i].key, c.entry[i].wrong);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_nothing),
		CASE(test_order),
		CASE(test_leftover_names),
		CASE(test_leftover_with_another_md5),
		CASE(test_leftover_in_capitals),
		CASE(test_previous_values),
		CASE(test_good_ones_hold),
		CASE(test_blocked),
		CASE(test_lost),
		CASE(test_lost_is_kept),
		CASE(test_no_key_at_all),
		CASE(test_stale_leftover),
		CASE(test_text_round_trip),
		CASE(test_isolation),
		CASE(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
