/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/config_words.h"
#include "lib/json.h"

struct parsed {
	struct arena a;
	struct config c;
	struct reason r;
	const struct config_entry *error[64]; /* entries that cost something */
	size_t n;
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

static int parse_bytes(struct parsed *p, const char *text, size_t len)
{
	const struct config_document doc = { .name = "config.json", .text = text, .len = len };
	int err;

	p->r = REASON_INIT;
	p->n = 0;
	err = config_parse(&p->a, &doc, &p->c, &p->r);
	for (size_t i = 0; i < p->c.n_entries; i++)
		if (config_severity(&p->c.entry[i]) == CONFIG_ERROR) {
			if (p->n < ARRAY_SIZE(p->error))
				p->error[p->n] = &p->c.entry[i];
			p->n++;
		}
	return err;
}

static int parse(struct parsed *p, const char *text)
{
	return parse_bytes(p, text, strlen(text));
}

/* Parses a document that is JSON; `n` keys of it are wrong. */
static void parse_ok(struct parsed *p, const char *text, size_t n)
{
	if (parse(p, text) != 0)
		fail_msg("%s", p->r.cause);
	if (p->n != n)
		fail_msg("%s: %zu problems, the first: %s %s", text, p->n,
			 p->n ? p->error[0]->key : "-", p->n ? p->error[0]->wrong : "-");
	for (size_t i = 0; i < n; i++)
		assert_true(p->error[i]->expected[0] != '\0');
}

static void expect_problem(const struct parsed *p, size_t i, const char *key, const char *wrong)
{
	assert_true(i < p->n);
	assert_string_equal(p->error[i]->key, key);
	assert_string_equal(p->error[i]->wrong, wrong);
}

static const struct config_entry *entry(const struct parsed *p, const char *key)
{
	for (size_t i = 0; i < p->c.n_entries; i++)
		if (strcmp(p->c.entry[i].key, key) == 0)
			return &p->c.entry[i];
	fail_msg("no entry of %s", key);
	return NULL;
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
	assert_int_equal(p->c.udev_rules.n, 2);
	assert_string_equal(p->c.udev_rules.rule[0].name, "56");
	assert_string_equal(p->c.udev_rules.rule[0].text, "ENV{A}==\"b\"\n");
	assert_string_equal(p->c.udev_rules.rule[1].name, "64");
	assert_string_equal(p->c.udev_rules.rule[1].text, "one\ntwo\n");
	assert_int_equal(p->c.ssh_keys.n, 2);
	assert_string_equal(p->c.ssh_keys.item[0], "ssh-ed25519 AAAA first@example");
	assert_string_equal(p->c.ssh_keys.item[1], "ssh-rsa BBBB");
}

static void expect_empty(const struct config *c)
{
	assert_null(c->hostname);
	assert_null(c->uuid);
	assert_int_equal(c->persistent_logging, CONFIG_ABSENT);
	assert_int_equal(c->udev_rules.n, 0);
	assert_int_equal(c->ssh_keys.n, 0);
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
		 3);
	expect_empty(&p->c);
}

static void test_not_json(void **state)
{
	struct parsed *p = *state;
	char text[600];

	p->c.ssh_keys.n = 99;
	assert_int_equal(parse(p, "{\n  \"hostname\": \"x\"\n  \"uuid\": 7\n}"), -EBADMSG);
	expect_empty(&p->c);
	assert_int_equal(p->n, 0);
	assert_string_equal(reason_render(&p->r, text, sizeof(text)),
			    "unable to parse config.json: line 3, column 3: expected , or }");
	assert_int_equal(parse(p, ""), -EBADMSG);
	assert_string_equal(p->r.object, "config.json");
	assert_int_equal(
		config_parse(&p->a, &(struct config_document){ "x", "", 0, 0, 0 }, &p->c, NULL),
		-EBADMSG);
	assert_int_equal(config_parse(&p->a, &(struct config_document){ .name = "x", .err = -EIO },
				      &p->c, &p->r),
			 -EIO);
}

static void test_too_large(void **state)
{
	struct parsed *p = *state;
	char *text = malloc(CONFIG_MAX_BYTES + 1);

	memset(text, ' ', CONFIG_MAX_BYTES + 1);
	text[0] = '{';
	text[1] = '}';
	assert_int_equal(parse_bytes(p, text, CONFIG_MAX_BYTES), 0);
	assert_int_equal(parse_bytes(p, text, CONFIG_MAX_BYTES + 1), -EFBIG);
	assert_string_equal(p->r.cause, "it has more than 262144 bytes");
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
		{ "persistentLogging", "\"yes\"", "is a string" },
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
	assert_true(entry(p, "hostname")->repeated);
	assert_int_equal(config_severity(entry(p, "hostname")), CONFIG_WARNING);
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
	expect_problem(p, 0, "uuid", "is longer than 64 bytes");
	/* Nothing of the value is in a message. */
	parse_ok(p, "{\"uuid\":\"sec/ret\"}", 1);
	assert_null(strstr(p->error[0]->wrong, "sec"));
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
		assert_int_equal(p->c.udev_rules.n, 1);
		assert_string_equal(p->c.udev_rules.rule[0].name, "good");
	}
	memset(name, 'r', sizeof(name));
	name[249] = '\0';
	snprintf(text, sizeof(text), "{\"os\":{\"udevRules\":{\"%s\":\"x\"}}}", name);
	parse_ok(p, text, 0);
	assert_int_equal(strlen(p->c.udev_rules.rule[0].name), 249);
	name[249] = 'r';
	name[250] = '\0';
	snprintf(text, sizeof(text), "{\"os\":{\"udevRules\":{\"%s\":\"x\"}}}", name);
	parse_ok(p, text, 1);
	assert_int_equal(strlen(p->error[0]->key), strlen("os.udevRules.") + 64 + 3);
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

/* A message begins with the key's name, and one without letters needs one too. */
static void test_empty_name_is_shown(void **state)
{
	struct parsed *p = *state;

	parse_ok(p, "{\"os\":{\"udevRules\":{\"\":\"x\"}},\"\":1}", 1);
	expect_problem(p, 0, "os.udevRules.\"\"", "has an empty name");
	assert_int_equal(entry(p, "\"\"")->verdict, VERDICT_UNKNOWN);
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
	assert_int_equal(p->c.udev_rules.n, 5);
	assert_string_equal(p->c.udev_rules.rule[0].text, "x\n");
	assert_string_equal(p->c.udev_rules.rule[1].text, "x\n");
	assert_string_equal(p->c.udev_rules.rule[2].text, "x\n");
	assert_string_equal(p->c.udev_rules.rule[3].text,
			    "\n"); /* masks the vendor's of that name */
	assert_string_equal(p->c.udev_rules.rule[4].text, "y\n\nz\n");
	parse_ok(p, "{\"os\":{\"udevRules\":{\"a\":\"one\",\"b\":\"\",\"a\":\"two\"}}}", 0);
	assert_int_equal(p->c.udev_rules.n, 2);
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
	assert_int_equal(p->c.ssh_keys.n, 3);
	assert_string_equal(p->c.ssh_keys.item[0], "ssh-rsa A one");
	assert_string_equal(p->c.ssh_keys.item[1], "ssh-rsa B\ttwo");
	assert_string_equal(p->c.ssh_keys.item[2], "ssh-rsa F");
	expect_problem(p, 0, "os.sshKeys[1]", "is empty");
	expect_problem(p, 1, "os.sshKeys[3]", "contains a line break or another control character");
	expect_problem(p, 2, "os.sshKeys[4]", "is a number");
	expect_problem(p, 3, "os.sshKeys[5]", "is null");
	expect_problem(p, 4, "os.sshKeys[6]", "is a comment");
	expect_problem(p, 5, "os.sshKeys[7]", "is empty");
	expect_problem(p, 8, "os.sshKeys[10]",
		       "contains a line break or another control character");
	parse_ok(p, "{\"os\":{\"sshKeys\":[]}}", 0);
	assert_int_equal(p->c.ssh_keys.n, 0);
}

/* As many bad rules and keys as fit: told each, in time and memory that bear a relation to it. */
static void test_hostile_size(void **state)
{
	struct parsed *p = *state;
	char *text = malloc(CONFIG_MAX_BYTES);
	clock_t start = clock();
	size_t len, n = 0;

	len = (size_t)sprintf(text, "{\"os\":{\"udevRules\":{");
	while (n < JSON_VALUES_MAX - 3)
		len += (size_t)sprintf(text + len, "\"/%zx\":0,", n++);
	len += (size_t)sprintf(text + len - 1, "}}}") - 1;
	assert_int_equal(parse_bytes(p, text, len), 0);
	assert_int_equal(p->n, n);
	assert_int_equal(p->c.udev_rules.n, 0);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2.0);
	assert_true(p->a.used_bytes < 16u << 20);
	len = (size_t)sprintf(text, "{\"a\":[");
	while (len < CONFIG_MAX_BYTES - 40)
		len += (size_t)sprintf(text + len, "0,");
	len += (size_t)sprintf(text + len - 1, "]}") - 1;
	assert_int_equal(parse_bytes(p, text, len), -EBADMSG);
	assert_non_null(strstr(p->r.cause, "there are too many values"));
	free(text);
}

/* Where each thing stands, in the order of the file, whatever the order of the table. */
static void test_places(void **state)
{
	struct parsed *p = *state;

	parse_ok(p,
		 "{\n  \"os\": {\n    \"sshKeys\": [\"a\",\n      7],\n    \"udevRules\": 1 },\n"
		 "  \"apiKey\": \"x\", \"hostname\": 7,\n  \"hostnam\": \"x\"\n}\n",
		 4);
	expect_problem(p, 0, "os.sshKeys[1]", "is a number");
	assert_int_equal(p->error[0]->line, 4);
	assert_int_equal(p->error[0]->column, 7);
	expect_problem(p, 1, "os.udevRules", "is a number");
	assert_int_equal(p->error[1]->line, 5);
	assert_int_equal(p->error[1]->column, 5);
	expect_problem(p, 2, "hostname", "is a number");
	assert_int_equal(p->error[2]->line, 6);
	assert_int_equal(p->error[2]->column, 18);
	expect_problem(p, 3, "hostnam", "is not known");
	assert_string_equal(p->error[3]->expected, "hostname");
	assert_int_equal(entry(p, "apiKey")->verdict, VERDICT_FOREIGN);
	assert_int_equal(entry(p, "apiKey")->line, 6);
	assert_int_equal(entry(p, "country")->verdict, VERDICT_ABSENT);
	assert_int_equal(entry(p, "country")->line, 0);
}

static void test_unknown_keys(void **state)
{
	struct parsed *p = *state;

	parse_ok(
		p,
		"{\"myOwn\":{\"hostname\":7},\"os\":{\"mine\":1,\"sshkeys\":[]},\"Hostname\":\"x\","
		"\"os.sshKeys\":[\"a\"],\"installer\":{\"x\":1}}",
		3);
	assert_int_equal(config_severity(entry(p, "myOwn")), CONFIG_WARNING);
	assert_int_equal(config_severity(entry(p, "os.mine")), CONFIG_WARNING);
	assert_string_equal(entry(p, "os.sshkeys")->expected, "os.sshKeys");
	assert_string_equal(entry(p, "Hostname")->expected, "hostname");
	assert_int_equal(entry(p, "installer")->verdict, VERDICT_FOREIGN);
	assert_int_equal(p->c.ssh_keys.n, 0);
	assert_null(p->c.hostname);
}

/* Every key, with every kind of value: what becomes of it. */
static void test_each_key(void **state)
{
	static const struct {
		const char *path, *value;
		enum config_verdict verdict;
	} rows[] = {
		{ "country", "\"GB\"", VERDICT_ACCEPTED },
		{ "country", "\"00\"", VERDICT_ACCEPTED },
		{ "country", "\"gb\"", VERDICT_COERCED },
		{ "country", "\"\"", VERDICT_REJECTED },
		{ "country", "\"G\"", VERDICT_REJECTED },
		{ "country", "\"GBR\"", VERDICT_REJECTED },
		{ "country", "\"G1\"", VERDICT_REJECTED },
		{ "country", "\"\\n\\n\"", VERDICT_REJECTED },
		{ "country", "44", VERDICT_REJECTED },
		{ "country", "null", VERDICT_ABSENT },
		{ "ntpServers", "\"a.example 10.0.0.1 2001:db8::1\"", VERDICT_ACCEPTED },
		{ "ntpServers", "\"\"", VERDICT_ACCEPTED },
		{ "ntpServers", "\"  \"", VERDICT_ACCEPTED },
		{ "ntpServers", "\"null\"", VERDICT_COERCED },
		{ "ntpServers", "\"a\\nserver=b\"", VERDICT_ACCEPTED }, /* see below */
		{ "ntpServers", "\"-a\"", VERDICT_REJECTED },
		{ "ntpServers", "\"1.2.3\"", VERDICT_REJECTED },
		{ "ntpServers", "\"a;b\"", VERDICT_REJECTED },
		{ "ntpServers", "[\"a\",\"reboot\"]", VERDICT_REJECTED },
		{ "ntpServers", "{}", VERDICT_REJECTED },
		{ "dnsServers", "\"9.9.9.9 2620:fe::fe#53 1.1.1.1#5353\"", VERDICT_ACCEPTED },
		{ "dnsServers", "\"null\"", VERDICT_COERCED },
		{ "dnsServers", "\"dns.example\"", VERDICT_REJECTED },
		{ "dnsServers", "\"9.9.9.9#0\"", VERDICT_REJECTED },
		{ "dnsServers", "\"9.9.9.9#65536\"", VERDICT_REJECTED },
		{ "dnsServers", "\"9.9.9.9#\"", VERDICT_REJECTED },
		{ "dnsServers", "\"9.9.9.9#5x\"", VERDICT_REJECTED },
		{ "dnsServers", "9", VERDICT_REJECTED },
		{ "os.network.wifi.randomMacAddressScan", "false", VERDICT_ACCEPTED },
		{ "os.network.wifi.randomMacAddressScan", "\"true\"", VERDICT_COERCED },
		{ "os.network.wifi.randomMacAddressScan", "\"\"", VERDICT_REJECTED },
		{ "os.network.wifi.randomMacAddressScan", "0", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"https://a.example/x?y=1\"", VERDICT_ACCEPTED },
		{ "os.network.connectivity.uri", "\"http://[::1]/\"", VERDICT_ACCEPTED },
		{ "os.network.connectivity.uri", "\"ftp://a\"", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"http://\"", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"http://a\\ninterval=1\"", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"http://a b\"", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"http://a\\\\n\"", VERDICT_REJECTED },
		{ "os.network.connectivity.uri", "\"\"", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "300", VERDICT_ACCEPTED },
		{ "os.network.connectivity.interval", "0", VERDICT_ACCEPTED },
		{ "os.network.connectivity.interval", "\"300\"", VERDICT_COERCED },
		{ "os.network.connectivity.interval", "\"300s\"", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "\"\"", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "\" 3\"", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "\"99999999999999999999\"",
		  VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "-1", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "1.5", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "1e9", VERDICT_REJECTED },
		{ "os.network.connectivity.interval", "true", VERDICT_REJECTED },
		{ "os.network.connectivity.response", "\"\"", VERDICT_ACCEPTED },
		{ "os.network.connectivity.response", "\"on line\"", VERDICT_ACCEPTED },
		{ "os.network.connectivity.response", "\" x\"", VERDICT_REJECTED },
		{ "os.network.connectivity.response", "\"x\\n[main]\"", VERDICT_REJECTED },
		{ "os.network.connectivity.response", "\"a\\tb\"", VERDICT_REJECTED },
		{ "os.network.connectivity.response", "\"a\\\\nb\"", VERDICT_REJECTED },
		{ "developmentMode", "true", VERDICT_ACCEPTED },
		{ "developmentMode", "\"false\"", VERDICT_COERCED },
		{ "developmentMode", "\"no\"", VERDICT_REJECTED },
		{ "balenaRootCA", "\"\"", VERDICT_REJECTED },
		{ "balenaRootCA", "\"!!\"", VERDICT_REJECTED },
		{ "balenaRootCA", "\"AAAA\"", VERDICT_REJECTED },
		{ "balenaRootCA", "[]", VERDICT_REJECTED },
		{ "apiEndpoint", "\"https://api.example.com\"", VERDICT_ACCEPTED },
		{ "apiEndpoint", "7", VERDICT_REJECTED },
		{ "apiKey", "{\"any\":[7]}", VERDICT_FOREIGN },
	};
	struct parsed *p = *state;
	char text[400];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].path;
		size_t len = 0, depth = 0;

		for (size_t n = strcspn(path, "."); path[n]; n = strcspn(path, "."), depth++) {
			len += (size_t)sprintf(text + len, "{\"%.*s\":", (int)n, path);
			path += n + 1;
		}
		len += (size_t)sprintf(text + len, "{\"%s\":%s}", path, rows[i].value);
		while (depth-- > 0)
			len += (size_t)sprintf(text + len, "}");
		assert_return_code(parse(p, text), 0);
		if (entry(p, rows[i].path)->verdict != rows[i].verdict)
			fail_msg("%s: %s, expected %s", text,
				 config_verdict_name(entry(p, rows[i].path)->verdict),
				 config_verdict_name(rows[i].verdict));
	}
	/* A line break is a blank between words, and what follows must be a word of its own. */
	parse_ok(p, "{\"ntpServers\":\"a\\nserver=b\"}", 1);
	expect_problem(p, 0, "ntpServers[1]",
		       "contains a character that is no letter, digit, - or dot");
	assert_int_equal(p->c.ntp_servers.n, 1);
	assert_string_equal(p->c.ntp_servers.item[0], "a");
	parse_ok(p, "{\"country\":\"gb\"}", 0);
	assert_string_equal(p->c.country, "GB");
}

static void test_entry_texts(void **state)
{
	struct parsed *p = *state;

	parse_ok(p,
		 "{\"hostname\":\"x\",\"hostname\":7,\"hostnam\":1,\"mine\":2,\"country\":\"gb\","
		 "\"apiKey\":1,\"apiKey\":2}",
		 2);
	assert_string_equal(
		config_entry_text(&p->a, entry(p, "hostname")),
		"is a number, expected a string of 1 to 64 letters, digits, - and dots (RFC 1123), "
		"not localhost; it stands there more than once, the last one holds");
	assert_string_equal(config_entry_text(&p->a, entry(p, "hostnam")),
			    "is not known, did you mean hostname?");
	assert_string_equal(config_entry_text(&p->a, entry(p, "mine")),
			    "is not known, it is left alone");
	assert_string_equal(config_entry_text(&p->a, entry(p, "country")),
			    "is not in capitals; taken all the same");
	assert_string_equal(config_entry_text(&p->a, entry(p, "apiKey")),
			    "it stands there more than once, the last one holds");
	assert_string_equal(config_entry_text(&p->a, entry(p, "uuid")), "");
	assert_string_equal(config_source_name(entry(p, "uuid")->source), "default");
	assert_string_equal(config_source_name(entry(p, "country")->source), "file");
	assert_string_equal(config_state_name(p->c.state), "read");
}

/* The table keeps its own promises. */
static void test_table(void **state)
{
	size_t described = 0;

	(void)state;
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *k = &config_keys[i];
		const struct config_words *words = config_words(k->path);

		for (size_t n = i + 1; n < config_keys_len; n++)
			assert_string_not_equal(k->path, config_keys[n].path);
		assert_non_null(k->expected);
		if (k->kind == CONFIG_FOREIGN) {
			assert_non_null(k->owner);
			assert_null(words);
			continue;
		}
		described++;
		assert_non_null(words);
		assert_non_null(words->text);
		assert_non_null(words->fallback);
		assert_non_null(words->example);
		assert_non_null(words->output);
		assert_non_null(words->reader);
		assert_true(words->hook || strcmp(k->path, "developmentMode") == 0);
	}
	/* No words of a key that is gone. */
	assert_int_equal(described, config_words_len);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_classic),
		CASE(test_absent),
		CASE(test_not_json),
		CASE(test_too_large),
		CASE(test_wrong_types),
		CASE(test_hostname),
		CASE(test_hostname_key),
		CASE(test_uuid),
		CASE(test_rule_names),
		CASE(test_problem_keys_are_clean),
		CASE(test_empty_name_is_shown),
		CASE(test_rule_texts),
		CASE(test_ssh_keys),
		CASE(test_hostile_size),
		CASE(test_places),
		CASE(test_unknown_keys),
		CASE(test_each_key),
		CASE(test_entry_texts),
		CASE(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
