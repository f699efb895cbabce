/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/json.h"

#define HOSTNAME_MAX   64u
#define LABEL_MAX      63u
#define UUID_MAX       64u
#define RULE_NAME_MAX  249u /* with ".rules" the longest file name there is */
#define SHOWN_MAX      64u  /* bytes of a name from the file in a message */
#define PATH_SHOWN_MAX 160u

#define EXPECTED_RULES	   "an object of rule names and their text"
#define EXPECTED_RULE_NAME "a name of 1 to 249 letters, digits, dots, - and _, no leading dot"
#define EXPECTED_KEY	   "one public key on one line"

/* One run over a document. */
struct reading {
	struct arena *a;
	struct config *config;
	struct config_problems *problems;
	size_t capacity; /* of problems->problem */
};

struct config_key {
	const char *path; /* members from the top, joined by dots */
	enum json_type type;
	const char *expected;
	/* Takes a value of the right type; NULL is success, else what is wrong with it. */
	const char *(*read)(struct reading *rd, const struct json *value);
};

static const char *read_hostname(struct reading *rd, const struct json *value);
static const char *read_uuid(struct reading *rd, const struct json *value);
static const char *read_persistent_logging(struct reading *rd, const struct json *value);
static const char *read_udev_rules(struct reading *rd, const struct json *value);
static const char *read_ssh_keys(struct reading *rd, const struct json *value);

static const struct config_key config_keys[] = {
	{ "hostname", JSON_STRING,
	  "a string of 1 to 64 letters, digits, - and dots (RFC 1123), not localhost",
	  read_hostname },
	{ "uuid", JSON_STRING, "a string of 1 to 64 letters, digits and -", read_uuid },
	{ "persistentLogging", JSON_BOOL, "true or false", read_persistent_logging },
	{ "os.udevRules", JSON_OBJECT, EXPECTED_RULES, read_udev_rules },
	{ "os.sshKeys", JSON_ARRAY, "an array of public keys, a string each", read_ssh_keys },
};

static void problem_add(struct reading *rd, const char *key, const char *wrong,
			const char *expected)
{
	struct config_problems *ps = rd->problems;

	if (ps->n == rd->capacity) {
		size_t capacity = rd->capacity ? 2 * rd->capacity : 8;
		struct config_problem *more = arena_alloc(rd->a, capacity * sizeof(*more));

		if (!more)
			return;
		if (ps->n > 0)
			memcpy(more, ps->problem, ps->n * sizeof(*more));
		ps->problem = more;
		rd->capacity = capacity;
	}
	ps->problem[ps->n++] = (struct config_problem){ key, wrong, expected };
}

static const char *wrong_type(const struct json *value)
{
	static const char *const texts[] = {
		[JSON_NULL] = "is null",       [JSON_BOOL] = "is a boolean",
		[JSON_NUMBER] = "is a number", [JSON_STRING] = "is a string",
		[JSON_ARRAY] = "is an array",  [JSON_OBJECT] = "is an object",
	};

	return texts[json_type(value)];
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

static const char *label_problem(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label (a dot too many)";
	if (len > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a - at the beginning or end of a label";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-')
			return "contains a character that is no letter, digit, - or dot";
	return NULL;
}

const char *config_hostname_problem(const char *hostname)
{
	const char *label = hostname;

	if (!hostname[0])
		return "is empty";
	if (strlen(hostname) > HOSTNAME_MAX)
		return "is longer than 64 characters";
	if (strncasecmp(hostname, "localhost", strlen("localhost")) == 0)
		return "is a name of the machine itself";
	for (;;) {
		size_t len = strcspn(label, ".");
		const char *wrong = label_problem(label, len);

		if (wrong || !label[len])
			return wrong;
		label += len + 1;
	}
}

static const char *read_hostname(struct reading *rd, const struct json *value)
{
	const char *wrong = config_hostname_problem(json_string(value));

	if (!wrong)
		rd->config->hostname = arena_strdup(rd->a, json_string(value));
	return wrong;
}

static const char *read_uuid(struct reading *rd, const struct json *value)
{
	const char *uuid = json_string(value);
	size_t len = strlen(uuid);

	if (len == 0)
		return "is empty";
	if (len > UUID_MAX)
		return "is longer than 64 characters";
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(uuid[i]) && uuid[i] != '-')
			return "contains a character that is no letter, digit or -";
	rd->config->uuid = arena_strdup(rd->a, uuid);
	return NULL;
}

static const char *read_persistent_logging(struct reading *rd, const struct json *value)
{
	bool on = false;

	(void)json_bool(value, &on);
	rd->config->persistent_logging = on ? CONFIG_TRUE : CONFIG_FALSE;
	return NULL;
}

static size_t count(const struct json *parent)
{
	size_t n = 0;

	for (const struct json *j = json_first(parent); j; j = json_next(j))
		n++;
	return n;
}

static const char *rule_name_problem(const char *name)
{
	if (!name[0])
		return "has an empty name";
	if (name[0] == '.')
		return "has a name with a leading dot";
	if (strlen(name) > RULE_NAME_MAX)
		return "has a name of more than 249 bytes";
	for (; *name; name++)
		if (!is_alnum(*name) && !strchr("._-", *name))
			return "has a name with a character that is no letter, digit, dot, - or _";
	return NULL;
}

/* The key of a rule for a message: what the file calls it may be long or do harm to a terminal. */
static const char *rule_key(struct reading *rd, const char *name)
{
	char shown[SHOWN_MAX + 1];
	size_t n;

	for (n = 0; name[n] && n < SHOWN_MAX; n++)
		shown[n] = '!' <= name[n] && name[n] <= '~' ? name[n] : '?';
	shown[n] = '\0';
	return arena_printf(rd->a, "os.udevRules.%s%s", shown, name[n] ? "..." : "");
}

static const char *rule_text(struct reading *rd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	return arena_printf(rd->a, "%.*s\n", (int)len, text);
}

static const char *read_udev_rules(struct reading *rd, const struct json *value)
{
	struct config *c = rd->config;

	c->udev_rule = arena_alloc(rd->a, count(value) * sizeof(*c->udev_rule));
	if (!c->udev_rule)
		return NULL;
	for (const struct json *j = json_first(value); j; j = json_next(j)) {
		const char *name = json_name(j), *wrong = rule_name_problem(name);

		if (json_type(j) == JSON_NULL)
			continue;
		if (wrong)
			problem_add(rd, rule_key(rd, name), wrong, EXPECTED_RULE_NAME);
		else if (json_type(j) != JSON_STRING)
			problem_add(rd, rule_key(rd, name), wrong_type(j),
				    "a string of udev rules");
		else
			c->udev_rule[c->n_udev_rules++] = (struct config_rule){
				.name = arena_strdup(rd->a, name),
				.text = rule_text(rd, json_string(j)),
			};
	}
	return NULL;
}

static const char *ssh_key_problem(const char *key)
{
	if (!key[0])
		return "is empty";
	if (key[0] == '#')
		return "is a comment";
	if (has_control(key))
		return "contains a line break or another control character";
	return NULL;
}

/*
 * White space around a key is taken off, a newline above all: a key pasted from its .pub file ends in
 * one. One inside could smuggle in a second key or options, and condemns the key.
 */
static const char *trimmed(struct reading *rd, const char *s)
{
	size_t len;

	s += strspn(s, " \t\r\n");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]))
		len--;
	return arena_memdup(rd->a, s, len);
}

static const char *read_ssh_keys(struct reading *rd, const struct json *value)
{
	struct config *c = rd->config;
	unsigned int index = 0;

	c->ssh_key = arena_alloc(rd->a, count(value) * sizeof(*c->ssh_key));
	if (!c->ssh_key)
		return NULL;
	for (const struct json *j = json_first(value); j; j = json_next(j), index++) {
		const char *wrong, *key = NULL;

		if (json_type(j) != JSON_STRING) {
			wrong = wrong_type(j);
		} else {
			key = trimmed(rd, json_string(j));
			if (!key)
				return NULL;
			wrong = ssh_key_problem(key);
		}
		if (wrong)
			problem_add(rd, arena_printf(rd->a, "os.sshKeys[%u]", index), wrong,
				    EXPECTED_KEY);
		else
			c->ssh_key[c->n_ssh_keys++] = key;
	}
	return NULL;
}

/*
 * Finds the value of a path. NULL: absent, or something on the way is no object; that is told once,
 * however many keys lie below it.
 */
static const struct json *find(struct reading *rd, const struct json *top, const char *path)
{
	const struct json *j = top;
	char shown[PATH_SHOWN_MAX], name[PATH_SHOWN_MAX];

	for (const char *p = path;;) {
		size_t len = strcspn(p, ".");

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, p);
		j = json_get(j, name);
		if (!j || json_type(j) == JSON_NULL)
			return NULL;
		if (!p[len])
			return j;
		p += len + 1;
		if (json_type(j) == JSON_OBJECT)
			continue;
		(void)snprintf(shown, sizeof(shown), "%.*s", (int)(p - 1 - path), path);
		for (size_t i = 0; i < rd->problems->n; i++)
			if (strcmp(rd->problems->problem[i].key, shown) == 0)
				return NULL;
		problem_add(rd, arena_strdup(rd->a, shown), wrong_type(j), "an object");
		return NULL;
	}
}

static void read_key(struct reading *rd, const struct json *top, const struct config_key *key)
{
	const struct json *value = find(rd, top, key->path);
	const char *wrong;

	if (!value)
		return;
	wrong = json_type(value) == key->type ? key->read(rd, value) : wrong_type(value);
	if (wrong)
		problem_add(rd, key->path, wrong, key->expected);
}

int config_parse(struct arena *a, const char *text, size_t len, struct config *ret_config,
		 struct config_problems *ret_problems, struct reason *r)
{
	_cleanup_json_ struct json *top = NULL;
	struct reading rd = { .a = a, .config = ret_config, .problems = ret_problems };
	int err;

	*ret_config = (struct config){ 0 };
	*ret_problems = (struct config_problems){ 0 };
	if (len > CONFIG_MAX_BYTES)
		return reason_setf(r, EBADMSG, "parse", "config.json", "larger than %u bytes",
				   CONFIG_MAX_BYTES);
	err = json_parse(text, len, &top, r);
	if (err < 0) {
		if (r)
			(void)snprintf(r->object, sizeof(r->object), "config.json");
		return err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(config_keys); i++)
		read_key(&rd, top, &config_keys[i]);
	return arena_failed(a) ? reason_set(r, ENOMEM, "parse", "config.json") : 0;
}
