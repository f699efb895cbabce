/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config.h"

#include <string.h>

#include "lib/json.h"

/* What becomes text: the last known good configuration, verdicts, messages. */

#define NAME_BYTES_MAX 64u

static const char *words_text(struct arena *a, const struct config_strings *list)
{
	size_t len = 0, at = 0;
	char *text;

	for (size_t i = 0; i < list->n; i++)
		len += strlen(list->item[i]) + 1;
	text = arena_alloc(a, len + 1);
	for (size_t i = 0; i < list->n && text; i++) {
		size_t n = strlen(list->item[i]);

		if (i > 0)
			text[at++] = ' ';
		memcpy(text + at, list->item[i], n);
		at += n;
	}
	return text;
}

static bool is_absent(const struct config_key *row, const void *value)
{
	switch (row->kind) {
	case CONFIG_STRING:
		return *(const char *const *)value == NULL;
	case CONFIG_BOOL:
		return *(const enum config_tristate *)value == CONFIG_ABSENT;
	case CONFIG_NUMBER:
		return !((const struct config_number *)value)->set;
	case CONFIG_WORDS:
	case CONFIG_LINES:
		return ((const struct config_strings *)value)->n == 0;
	case CONFIG_RULES:
		return ((const struct config_rules *)value)->n == 0;
	case CONFIG_FOREIGN:
		break;
	}
	return true;
}

static void add_value(struct arena *a, struct json *object, const char *name,
		      const struct config_key *row, const void *value)
{
	const struct config_strings *list = value;
	const struct config_rules *rules = value;
	struct json *child;

	switch (row->kind) {
	case CONFIG_STRING:
		json_add_string(object, name, *(const char *const *)value);
		break;
	case CONFIG_BOOL:
		json_add_bool(object, name, *(const enum config_tristate *)value == CONFIG_TRUE);
		break;
	case CONFIG_NUMBER:
		json_add_int(object, name, ((const struct config_number *)value)->value);
		break;
	case CONFIG_WORDS:
		json_add_string(object, name, words_text(a, list));
		break;
	case CONFIG_LINES:
		child = json_add_array(object, name);
		for (size_t i = 0; i < list->n; i++)
			json_append_string(child, list->item[i]);
		break;
	case CONFIG_RULES:
		child = json_add_object(object, name);
		for (size_t i = 0; i < rules->n; i++)
			json_add_string(child, rules->rule[i].name, rules->rule[i].text);
		break;
	case CONFIG_FOREIGN:
		break;
	}
}

static void add_row(struct arena *a, struct json *top, const struct config_key *row,
		    const void *value)
{
	const char *name = row->path;
	struct json *object = top;

	for (size_t len = strcspn(name, "."); name[len]; len = strcspn(name, ".")) {
		char part[NAME_BYTES_MAX];

		memcpy(part, name, len < sizeof(part) ? len : sizeof(part) - 1);
		part[len < sizeof(part) ? len : sizeof(part) - 1] = '\0';
		object = json_need_object(object, part);
		name += len + 1;
	}
	add_value(a, object, name, row, value);
}

const char *config_text(struct arena *a, const struct config *c, size_t *ret_len)
{
	_cleanup_json_ struct json *top = json_new_object();
	struct json *lost = NULL;
	const char *text;

	for (size_t i = 0; i < config_keys_len && top; i++) {
		const void *value = (const char *)c + config_keys[i].offset;

		if (config_keys[i].kind != CONFIG_FOREIGN && !is_absent(&config_keys[i], value))
			add_row(a, top, &config_keys[i], value);
	}
	for (size_t i = 0; i < config_keys_len && c->lost; i++)
		if (c->lost[i]) {
			lost = lost ? lost : json_add_array(top, CONFIG_LOST_NAME);
			json_append_string(lost, config_keys[i].path);
		}
	text = json_print_line(top, a);
	*ret_len = text ? strlen(text) : 0;
	return text;
}

enum config_severity config_severity(const struct config_entry *e)
{
	if (e->verdict == VERDICT_REJECTED || (e->verdict == VERDICT_UNKNOWN && e->expected))
		return CONFIG_ERROR;
	if (e->verdict == VERDICT_UNKNOWN || e->repeated)
		return CONFIG_WARNING;
	return e->verdict == VERDICT_COERCED ? CONFIG_NOTE : CONFIG_FINE;
}

const char *config_entry_text(struct arena *a, const struct config_entry *e)
{
	const char *twice =
		e->repeated ? "; it stands there more than once, the last one holds" : "";

	switch (e->verdict) {
	case VERDICT_REJECTED:
		return arena_printf(a, "%s, expected %s%s", e->wrong, e->expected, twice);
	case VERDICT_COERCED:
		return arena_printf(a, "%s; taken all the same%s", e->wrong, twice);
	case VERDICT_UNKNOWN:
		if (e->expected)
			return arena_printf(a, "is not known, did you mean %s?%s", e->expected,
					    twice);
		return arena_printf(a, "is not known, it is left alone%s", twice);
	case VERDICT_ABSENT:
	case VERDICT_ACCEPTED:
	case VERDICT_FOREIGN:
		break;
	}
	return e->repeated ? twice + strlen("; ") : "";
}

const char *config_verdict_name(enum config_verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_ABSENT] = "absent",	[VERDICT_ACCEPTED] = "accepted",
		[VERDICT_COERCED] = "coerced",	[VERDICT_REJECTED] = "rejected",
		[VERDICT_FOREIGN] = "not ours", [VERDICT_UNKNOWN] = "unknown",
	};

	return names[verdict];
}

const char *config_source_name(enum config_source source)
{
	static const char *const names[] = {
		[SOURCE_DEFAULT] = "default",
		[SOURCE_FILE] = "file",
		[SOURCE_KEPT] = "last known good",
		[SOURCE_EARLIER] = "earlier boot",
	};

	return names[source];
}

const char *config_state_name(enum config_state state)
{
	static const char *const names[] = {
		[CONFIG_NONE] = "none",
		[CONFIG_READ] = "read",
		[CONFIG_LEFTOVER] = "leftover",
		[CONFIG_KEPT] = "last known good",
	};

	return names[state];
}
