/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * describe schema|man|markdown|applets: what the tables of keys (lib/config_keys.c, lib/config_words.c) say, as a
 * JSON Schema (draft 2020-12), as a manual page in mdoc(7), and as the part of docs/CONFIG.md that lists the
 * keys; and the table of applets (init/table.c) as JSON.
 * tests/tools/documents puts them where they belong, and checks that they are there.
 */

#include <stdio.h>
#include <string.h>

#include "init/applets.h"
#include "lib/config_words.h"
#include "lib/json.h"

static const char *type_text(const struct config_key *row)
{
	static const char *const texts[] = {
		[CONFIG_STRING] = "string",
		[CONFIG_BOOL] = "boolean",
		[CONFIG_NUMBER] = "number",
		[CONFIG_WORDS] = "string, words with blanks between",
		[CONFIG_LINES] = "array of strings",
		[CONFIG_RULES] = "object of strings",
		[CONFIG_FOREIGN] = "anything",
	};

	return texts[row->kind];
}

static const char *bad_text(const struct config_key *row)
{
	if (row->kind == CONFIG_LINES)
		return "a bad one is left out; when none is left, the previous value holds";
	if (row->kind == CONFIG_WORDS)
		return row->flags & CONFIG_ACCESS ? "a bad word is left out; when none is left, "
						    "the previous value holds"
						  : "a bad word is left out";
	if (row->kind == CONFIG_RULES)
		return "a bad rule is left out";
	return row->flags & CONFIG_ACCESS ? "the previous value holds" : "its default holds";
}

/* --- schema --- */

static void add_type(struct json *j, const char *first, const char *second)
{
	struct json *list = json_add_array(j, "type");

	json_append_string(list, first);
	if (second)
		json_append_string(list, second);
	json_append_string(list, "null");
}

static void add_string_bounds(struct json *j, const struct config_key *row, const char *pattern)
{
	/* JSON Schema counts characters and we count bytes: what it refuses we refuse too. */
	if (row->min > 0)
		json_add_int(j, "minLength", 1);
	json_add_int(j, "maxLength", row->max);
	if (pattern)
		json_add_string(j, "pattern", pattern);
}

static void add_rules(struct json *j)
{
	json_add_string(json_add_object(j, "propertyNames"), "pattern",
			"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$");
	add_type(json_add_object(j, "additionalProperties"), "string", NULL);
}

static void add_row(struct json *j, const struct config_key *row)
{
	const struct config_words *words = config_words(row->path);

	if (words)
		json_add_string(j, "description", words->text);
	switch (row->kind) {
	case CONFIG_STRING:
		add_type(j, "string", NULL);
		add_string_bounds(j, row, words ? words->pattern : NULL);
		break;
	case CONFIG_BOOL:
		add_type(j, "boolean", "string");
		json_add_string(j, "pattern", "^(true|false)$");
		break;
	case CONFIG_NUMBER:
		add_type(j, "integer", "string");
		json_add_int(j, "minimum", row->min);
		json_add_int(j, "maximum", row->max);
		json_add_string(j, "pattern", "^[0-9]+$");
		break;
	case CONFIG_WORDS:
		add_type(j, "string", NULL);
		break;
	case CONFIG_LINES:
		add_type(j, "array", NULL);
		json_add_string(json_add_object(j, "items"), "type", "string");
		break;
	case CONFIG_RULES:
		add_type(j, "object", NULL);
		add_rules(j);
		break;
	case CONFIG_FOREIGN:
		break;
	}
	if (row->owner) {
		char text[64];

		(void)snprintf(text, sizeof(text), "belongs to the %s", row->owner);
		json_add_string(j, "$comment", text);
	}
}

/* The object that holds a path's last member, and that member's name. */
static struct json *parent_of(struct json *top, const char **name)
{
	struct json *properties = json_need_object(top, "properties");

	for (size_t len = strcspn(*name, "."); (*name)[len]; len = strcspn(*name, ".")) {
		char part[64];
		struct json *object;

		(void)snprintf(part, sizeof(part), "%.*s", (int)len, *name);
		object = json_need_object(properties, part);
		if (!json_get(object, "type"))
			add_type(object, "object", NULL);
		properties = json_need_object(object, "properties");
		*name += len + 1;
	}
	return properties;
}

static int schema(void)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *top = json_new_object();
	const char *text;

	json_add_string(top, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_add_string(top, "title", "config.json as anteroot reads it");
	json_add_string(top, "$comment",
			"Written by tests/tools/documents from lib/config_keys.c.");
	json_add_string(top, "type", "object");
	for (size_t i = 0; i < config_keys_len; i++) {
		const char *name = config_keys[i].path;
		struct json *parent = parent_of(top, &name);

		add_row(json_add_object(parent, name), &config_keys[i]);
	}
	text = json_print(top, &a);
	printf("%s", text ? text : "");
	return text ? 0 : 1;
}

/* --- markdown --- */

static int markdown(void)
{
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];
		const struct config_words *words = config_words(row->path);

		if (!words)
			continue;
		printf("### `%s`\n\n%s\n\n| | |\n|---|---|\n", row->path, words->text);
		printf("| type | %s%s |\n", type_text(row),
		       row->owner ? ", of the supervisor" : "");
		printf("| expected | %s |\n| example | `%s` |\n", row->expected, words->example);
		printf("| goes to | %s |\n| read by | %s |\n", words->output, words->reader);
		printf("| without it | %s |\n| a bad value | is reported; %s |\n", words->fallback,
		       bad_text(row));
		printf("\n");
	}
	printf("### Keys of others\n\nKnown and left alone; what they hold is shown nowhere and "
	       "copied nowhere.\n\n| key | whose |\n|---|---|\n");
	for (size_t i = 0; i < config_keys_len; i++)
		if (config_keys[i].kind == CONFIG_FOREIGN)
			printf("| `%s` | %s |\n", config_keys[i].path, config_keys[i].owner);
	return 0;
}

/* --- manual --- */

/* A text of mdoc: no dot or quote at the beginning of its line, no backslash, and each sentence on a line
 * of its own. */
static void mdoc(const char *text)
{
	if (*text == '.' || *text == '\'')
		printf("\\&");
	for (; *text; text++)
		if (*text == '\\')
			printf("\\e");
		else if (*text == '-')
			printf("\\-");
		else if (*text == '"')
			printf("\\(dq");
		else if (text[0] == '.' && text[1] == ' ')
			printf(".\n"), text++;
		else
			putchar(*text);
}

static void mdoc_line(const char *before, const char *text, const char *after)
{
	printf("%s", before);
	mdoc(text);
	printf("%s", after);
}

static int man(void)
{
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];
		const struct config_words *words = config_words(row->path);

		if (!words)
			continue;
		printf(".It Cm %s\n", row->path);
		mdoc_line("", words->text, "\n");
		mdoc_line("Expected: ", row->expected, ".\n");
		mdoc_line("Goes to ", words->output, ",\n");
		mdoc_line("read by ", words->reader, ".\n");
		mdoc_line("Without it: ", words->fallback, ".\n");
		mdoc_line("A bad value is reported; ", bad_text(row), ".\n");
		mdoc_line("Example:\n.Dl ", words->example, "\n");
	}
	return 0;
}

/* --- applets --- */

static int applets(void)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *top = json_new_object();
	struct json *list = json_add_array(top, "applets");
	const struct applet *applet;
	const char *text;
	size_t n;

	applet = applets_table(&n);
	for (size_t i = 0; i < n; i++) {
		struct json *one = json_append_object(list), *rows;

		json_add_string(one, "name", applet[i].name);
		json_add_string(one, "text", applet[i].text);
		json_add_string(one, "synopsis", applet[i].synopsis);
		json_add_string(one, "example", applet[i].example);
		rows = json_add_array(one, "rows");
		for (const struct applet_row *row = applet[i].rows; row && row->name; row++) {
			struct json *item = json_append_object(rows);

			json_add_string(item, "name", row->name);
			json_add_string(item, "form", row->form);
			json_add_string(item, "text", row->text);
		}
	}
	text = json_print(top, &a);
	printf("%s", text ? text : "");
	return text ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "schema") == 0)
		return schema();
	if (argc == 2 && strcmp(argv[1], "man") == 0)
		return man();
	if (argc == 2 && strcmp(argv[1], "markdown") == 0)
		return markdown();
	if (argc == 2 && strcmp(argv[1], "applets") == 0)
		return applets();
	(void)fprintf(stderr, "Usage: describe schema|man|markdown|applets\n");
	return 2;
}
