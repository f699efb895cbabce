/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/config.h"

struct parsed {
	struct arena a;
	struct config c;
	struct config_problems problems;
	struct reason r;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct parsed));
	return 0;
}

static int teardown(void **state)
{
	struct parsed *p = *state;

	arena_free(&p->a);
	free(p);
	return 0;
}

static int parse(struct parsed *p, const char *text)
{
	p->r = REASON_INIT;
	return config_parse(&p->a, text, strlen(text), &p->c, &p->problems, &p->r);
}

/* Parses a document that is JSON; `n` keys of it are wrong. */
static void parse_ok(struct parsed *p, const char *text, size_t n)
{
	if (parse(p, text) != 0)
		fail_msg("%s", p->r.cause);
	if (p->problems.n != n)
		fail_msg("%s: %zu problems, the first: %s %s", text, p->problems.n,
			 p->problems.n ? p->problems.problem[0].key : "-",
			 p->problems.n ? p->problems.problem[0].wrong : "-");
	for (size_t i = 0; i < n; i++)
		assert_true(p->problems.problem[i].expected[0] != '\0');
}

static void expect_problem(const struct parsed *p, size_t i, const char *key, const char *wrong)
{
	assert_true(i < p->problems.n);
	assert_string_equal(p->problems.problem[i].key, key);
	assert_string_equal(p->problems.problem[i].wrong, wrong);
}

static void test_classic(void **state)
{
	struct parsed *p = *state;

	parse_ok(
		p,
		"{\"uuid\":\"1f0c1e5d9b7a4c1ea5b0d7c2f0a1b2c3\",\"hostname\":\"press-07\","
		"\"persistentLogging\":true,\"country\":\"GB\",\"apiKey\":7,\"os\":{\"network\":{},"
		"\"udevRules\":{\"56\":\"ENV{A}==\\\"b\\\"\",\"64\":\"one\\ntwo\\n\"},"
		"\"sshKeys\":[\"ssh-ed25519 AAAA first@example\",\"ssh-rsa BBBB\"]}}",
		0);
	assert_string_equal(p->c.hostname, "press-07");
	assert_string_equal(p->c.uuid, "1f0c1e5d9b7a4c1ea5b0d7c2f0a1b2c3");
	assert_int_equal(p->c.persistent_logging, CONFIG_TRUE);
	assert_int_equal(p->c.n_udev_rules, 2);
	assert_string_equal(p->c.udev_rule[0].name, "56");
	assert_string_equal(p->c.udev_rule[0].text, "ENV{A}==\"b\"\n");
	assert_string_equal(p->c.udev_rule[1].name, "64");
	assert_string_equal(p->c.udev_rule[1].text, "one\ntwo\n");
	assert_int_equal(p->c.n_ssh_keys, 2);
	assert_string_equal(p->c.ssh_key[0], "ssh-ed25519 AAAA first@example");
	assert_string_equal(p->c.ssh_key[1], "ssh-rsa BBBB");
}

static void expect_empty(const struct config *c)
{
	assert_null(c->hostname);
	assert_null(c->uuid);
	assert_int_equal(c->persistent_logging, CONFIG_ABSENT);
	assert_int_equal(c->n_udev_rules, 0);
	assert_int_equal(c->n_ssh_keys, 0);
}

static void test_absent(void **state)
{
	struct parsed *p = *state;

	parse_ok(p, "{}", 0);
	expect_empty(&p->c);
	parse_ok(p, "{\"os\":{}}", 0);
	expect_empty(&p->c);
	parse_ok(p, "{\"hostname\":null,\"uuid\":null,\"persistentLogging\":null,\"os\":null}", 0);
	expect_empty(&p->c);
	parse_ok(p, "{\"os\":{\"udevRules\":null,\"sshKeys\":null}}", 0);
	expect_empty(&p->c);
	parse_ok(p,
		 "{\"Hostname\":\"x\",\"OS\":{\"udevRules\":{\"a\":\"b\"}},\"os.udevRules\":{\"a\":"
		 "\"b\"}}",
		 0);
	expect_empty(&p->c);
}

static void test_not_json(void **state)
{
	struct parsed *p = *state;
	char text[600];

	p->c.n_ssh_keys = 99;
	assert_int_equal(parse(p, "{\n  \"hostname\": \"x\"\n  \"uuid\": 7\n}"), -EBADMSG);
	expect_empty(&p->c);
	assert_int_equal(p->problems.n, 0);
	assert_string_equal(reason_render(&p->r, text, sizeof(text)),
			    "unable to parse config.json: line 3, column 3: expected , or }");
	assert_int_equal(parse(p, ""), -EBADMSG);
	assert_string_equal(p->r.object, "config.json");
	assert_int_equal(config_parse(&p->a, "", 0, &p->c, &p->problems, NULL), -EBADMSG);
}

static void test_too_large(void **state)
{
	struct parsed *p = *state;
	char *text = malloc(CONFIG_MAX_BYTES + 1);

	memset(text, ' ', CONFIG_MAX_BYTES + 1);
	text[0] = '{';
	text[1] = '}';
	assert_int_equal(config_parse(&p->a, text, CONFIG_MAX_BYTES, &p->c, &p->problems, &p->r),
			 0);
	assert_int_equal(
		config_parse(&p->a, text, CONFIG_MAX_BYTES + 1, &p->c, &p->problems, &p->r),
		-EBADMSG);
	assert_string_equal(p->r.cause, "larger than 262144 bytes");
	free(text);
}

/* One wrong key, of each kind of wrong, leaves all the others. */
static void test_wrong_types(void **state)
{
	static const struct {
		const char *key, *value, *wrong;
	} rows[] = {
		{ "hostname", "7", "is a number" },
		{ "hostname", "[]", "is an array" },
		{ "uuid", "{}", "is an object" },
		{ "persistentLogging", "\"true\"", "is a string" },
		{ "persistentLogging", "1", "is a number" },
		{ "os", "\"x\"", "is a string" },
		{ "os", "[]", "is an array" },
		{ "os", "true", "is a boolean" },
	};
	struct parsed *p = *state;
	char text[200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(
			text, sizeof(text),
			"{\"hostname\":\"h\",\"uuid\":\"u\",\"persistentLogging\":false,\"%s\":%s}",
			rows[i].key, rows[i].value);
		parse_ok(p, text, 1);
		expect_problem(p, 0, rows[i].key, rows[i].wrong);
		assert_int_equal(!p->c.hostname, strcmp(rows[i].key, "hostname") == 0);
		assert_int_equal(!p->c.uuid, strcmp(rows[i].key, "uuid") == 0);
		assert_int_equal(p->c.persistent_logging,
				 strcmp(rows[i].key, "persistentLogging") == 0 ? CONFIG_ABSENT
									       : CONFIG_FALSE);
	}
	parse_ok(p, "{\"os\":{\"udevRules\":[\"a\"],\"sshKeys\":\"ssh-rsa A\"},\"hostname\":\"h\"}",
		 2);
	expect_problem(p, 0, "os.udevRules", "is an array");
	expect_problem(p, 1, "os.sshKeys", "is a string");
	assert_string_equal(p->c.hostname, "h");
}

static void test_hostname(void **state)
{
	static const char *const good[] = {
		"a",
		"press-07",
		"UPPER",
		"7",
		"a.b.c",
		"x--y",
		"abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123456789" + 1,
		"local",
		"my-localhost"
	};
	static const char *const bad[] = {
		"",
		"-a",
		"a-",
		"a.-b",
		"a..b",
		".a",
		"a.",
		"a b",
		"a_b",
		"a/b",
		"a\nb",
		"\xc3\xa9",
		"localhost",
		"LocalHost",
		"localhost.localdomain",
		"localhost4",
		/* 65 in all, and 64 with a label of 64 */
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (config_hostname_problem(good[i]))
			fail_msg("%s %s", good[i], config_hostname_problem(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!config_hostname_problem(bad[i]))
			fail_msg("%s is taken", bad[i]);
	assert_string_equal(config_hostname_problem(""), "is empty");
	assert_string_equal(config_hostname_problem("a..b"), "has an empty label (a dot too many)");
}

static void test_hostname_key(void **state)
{
	struct parsed *p = *state;

	parse_ok(p, "{\"hostname\":\"a b\",\"uuid\":\"abc\"}", 1);
	expect_problem(p, 0, "hostname", "contains a character that is no letter, digit, - or dot");
	assert_null(p->c.hostname);
	assert_string_equal(p->c.uuid, "abc");
	parse_ok(p, "{\"hostname\":\"one\",\"hostname\":\"two\"}", 0);
	assert_string_equal(p->c.hostname, "two");
	parse_ok(p, "{\"hostname\":\"one\",\"hostname\":7}", 1);
	assert_null(p->c.hostname);
}

static void test_uuid(void **state)
{
	struct parsed *p = *state;

	parse_ok(p, "{\"uuid\":\"\"}", 1);
	expect_problem(p, 0, "uuid", "is empty");
	parse_ok(p, "{\"uuid\":\"abc\\ndef\"}", 1);
	assert_null(p->c.uuid);
	parse_ok(p,
		 "{\"uuid\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
		 0);
	parse_ok(p,
		 "{\"uuid\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
		 1);
	expect_problem(p, 0, "uuid", "is longer than 64 characters");
	/* Nothing of the value is in a message. */
	parse_ok(p, "{\"uuid\":\"sec/ret\"}", 1);
	assert_null(strstr(p->problems.problem[0].wrong, "sec"));
}

static void test_rule_names(void **state)
{
	static const char *const bad[] = {
		"",    ".hidden", "..",	  "a/b",	 "../../etc/passwd",
		"a b", "a'b",	  "$(x)", "caf\xc3\xa9", "a\\nb"
	};
	struct parsed *p = *state;
	char text[400], name[300];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text),
			 "{\"os\":{\"udevRules\":{\"%s\":\"bad\",\"good\":\"text\"}}}", bad[i]);
		parse_ok(p, text, 1);
		assert_int_equal(p->c.n_udev_rules, 1);
		assert_string_equal(p->c.udev_rule[0].name, "good");
	}
	memset(name, 'r', sizeof(name));
	name[249] = '\0';
	snprintf(text, sizeof(text), "{\"os\":{\"udevRules\":{\"%s\":\"x\"}}}", name);
	parse_ok(p, text, 0);
	assert_int_equal(strlen(p->c.udev_rule[0].name), 249);
	name[249] = 'r';
	name[250] = '\0';
	snprintf(text, sizeof(text), "{\"os\":{\"udevRules\":{\"%s\":\"x\"}}}", name);
	parse_ok(p, text, 1);
	assert_int_equal(strlen(p->problems.problem[0].key), strlen("os.udevRules.") + 64 + 3);
	parse_ok(p, "{\"os\":{\"udevRules\":{\"A-Z_a.z-09\":\"x\"}}}", 0);
}

/* A name from the file does no harm where it is shown. */
static void test_problem_keys_are_clean(void **state)
{
	struct parsed *p = *state;

	parse_ok(p, "{\"os\":{\"udevRules\":{\"a\\u001b[2J\\n \xc3\xa9z\":\"x\"}}}", 1);
	expect_problem(p, 0, "os.udevRules.a?[2J????z",
		       "has a name with a character that is no letter, digit, dot, - or _");
}

static void test_rule_texts(void **state)
{
	struct parsed *p = *state;

	parse_ok(p,
		 "{\"os\":{\"udevRules\":{\"a\":\"x\",\"b\":\"x\\n\",\"c\":\"x\\n\\n\\n\",\"d\":"
		 "\"\",\"e\":null,"
		 "\"f\":7,\"g\":\"y\\n\\nz\"}}}",
		 1);
	expect_problem(p, 0, "os.udevRules.f", "is a number");
	assert_int_equal(p->c.n_udev_rules, 5);
	assert_string_equal(p->c.udev_rule[0].text, "x\n");
	assert_string_equal(p->c.udev_rule[1].text, "x\n");
	assert_string_equal(p->c.udev_rule[2].text, "x\n");
	assert_string_equal(p->c.udev_rule[3].text, "\n"); /* masks the vendor's of that name */
	assert_string_equal(p->c.udev_rule[4].text, "y\n\nz\n");
	parse_ok(p, "{\"os\":{\"udevRules\":{\"a\":\"one\",\"b\":\"\",\"a\":\"two\"}}}", 0);
	assert_int_equal(p->c.n_udev_rules, 2);
}

static void test_ssh_keys(void **state)
{
	struct parsed *p = *state;

	parse_ok(p,
		 "{\"os\":{\"sshKeys\":[\"ssh-rsa A one\\n\",\"\",\"  ssh-rsa "
		 "B\\ttwo\\r\\n\",\"ssh-rsa C\\nssh-rsa D\","
		 "7,null,\"# note\",\" \\n\",\"ssh-rsa \\u0001\",\"ssh-rsa \\u007f\",\"ssh-rsa "
		 "E\\rcommand\","
		 "\"ssh-rsa F\"]}}",
		 9);
	assert_int_equal(p->c.n_ssh_keys, 3);
	assert_string_equal(p->c.ssh_key[0], "ssh-rsa A one");
	assert_string_equal(p->c.ssh_key[1], "ssh-rsa B\ttwo");
	assert_string_equal(p->c.ssh_key[2], "ssh-rsa F");
	expect_problem(p, 0, "os.sshKeys[1]", "is empty");
	expect_problem(p, 1, "os.sshKeys[3]", "contains a line break or another control character");
	expect_problem(p, 2, "os.sshKeys[4]", "is a number");
	expect_problem(p, 3, "os.sshKeys[5]", "is null");
	expect_problem(p, 4, "os.sshKeys[6]", "is a comment");
	expect_problem(p, 5, "os.sshKeys[7]", "is empty");
	expect_problem(p, 8, "os.sshKeys[10]",
		       "contains a line break or another control character");
	parse_ok(p, "{\"os\":{\"sshKeys\":[]}}", 0);
	assert_int_equal(p->c.n_ssh_keys, 0);
}

/* As many bad rules and keys as fit: told each, in time and memory that bear a relation to it. */
static void test_hostile_size(void **state)
{
	struct parsed *p = *state;
	char *text = malloc(CONFIG_MAX_BYTES);
	clock_t start = clock();
	size_t len, n = 0;

	len = (size_t)sprintf(text, "{\"os\":{\"udevRules\":{");
	while (len < CONFIG_MAX_BYTES - 40)
		len += (size_t)sprintf(text + len, "\"/%zx\":0,", n++);
	len += (size_t)sprintf(text + len - 1, "}}}") - 1;
	assert_int_equal(config_parse(&p->a, text, len, &p->c, &p->problems, &p->r), 0);
	assert_int_equal(p->problems.n, n);
	assert_int_equal(p->c.n_udev_rules, 0);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2.0);
	assert_true(p->a.used_bytes < 16u << 20);
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_classic),	 CASE(test_absent),
		CASE(test_not_json),	 CASE(test_too_large),
		CASE(test_wrong_types),	 CASE(test_hostname),
		CASE(test_hostname_key), CASE(test_uuid),
		CASE(test_rule_names),	 CASE(test_problem_keys_are_clean),
		CASE(test_rule_texts),	 CASE(test_ssh_keys),
		CASE(test_hostile_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
