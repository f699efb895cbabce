/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_values.h"

#define SHOWN_MAX 64u /* bytes of a name from the file in a message */
#define BLANKS	  " \t\r\n"

#define EXPECTED_RULE_NAME "a name of 1 to 249 letters, digits, dots, - and _, no leading dot"
#define EXPECTED_RULE_TEXT "a string of udev rules"

struct config_entry *config_entry_add(struct config_reading *rd, const struct config_entry *e)
{
	struct config *c = rd->config;

	if (c->n_entries == rd->capacity) {
		size_t capacity = rd->capacity ? 2 * rd->capacity : 64;
		struct config_entry *more = arena_alloc(rd->a, capacity * sizeof(*more));

		if (!more)
			return NULL;
		if (c->n_entries > 0)
			memcpy(more, c->entry, c->n_entries * sizeof(*more));
		c->entry = more;
		rd->capacity = capacity;
	}
	c->entry[c->n_entries] = *e;
	return &c->entry[c->n_entries++];
}

void config_say(struct config_reading *rd, const struct config_key *row, const char *key,
		const struct json *j, struct config_entry e)
{
	e.key = key;
	e.row = row;
	e.offset = json_offset(j);
	e.line = 1; /* it has a place: config.c works it out */
	e.repeated = json_overrides(j);
	if (e.verdict == VERDICT_ACCEPTED || e.verdict == VERDICT_COERCED)
		e.source = SOURCE_FILE;
	(void)config_entry_add(rd, &e);
}

const char *config_wrong_type(const struct json *value)
{
	static const char *const texts[] = {
		[JSON_NULL] = "is null",       [JSON_BOOL] = "is a boolean",
		[JSON_NUMBER] = "is a number", [JSON_STRING] = "is a string",
		[JSON_ARRAY] = "is an array",  [JSON_OBJECT] = "is an object",
	};

	return texts[json_type(value)];
}

/* A name for a message: what the file calls it may be long or do harm to a terminal. */
const char *config_shown(struct config_reading *rd, const char *prefix, const char *name)
{
	char text[SHOWN_MAX + 1];
	size_t n;

	for (n = 0; name[n] && n < SHOWN_MAX; n++)
		text[n] = '!' <= name[n] && name[n] <= '~' ? name[n] : '?';
	text[n] = '\0';
	return arena_printf(rd->a, "%s%s%s%s", prefix, *prefix ? "." : "", n > 0 ? text : "\"\"",
			    name[n] ? "..." : "");
}

static void *field(const struct config_reading *rd, const struct config_key *row)
{
	return (char *)rd->config + row->offset;
}

/* Judges a string, word or line by its bounds and its judge. */
static const char *string_problem(struct config_reading *rd, const struct config_key *row,
				  const char *value)
{
	size_t len = strlen(value);

	if (len == 0 && row->min > 0)
		return "is empty";
	if ((int64_t)len < row->min)
		return arena_printf(rd->a, "is shorter than %lld bytes", (long long)row->min);
	if ((int64_t)len > row->max)
		return arena_printf(rd->a, "is longer than %lld bytes", (long long)row->max);
	return row->problem ? row->problem(rd->a, value) : NULL;
}

static void reject(struct config_reading *rd, const struct config_key *row, const struct json *j,
		   const char *wrong)
{
	rd->bad[row - config_keys] = true;
	SAY(rd, row, row->path, j, .verdict = VERDICT_REJECTED, .wrong = wrong,
	    .expected = row->expected);
}

static void accept(struct config_reading *rd, const struct config_key *row, const struct json *j,
		   const char *coerced_from)
{
	SAY(rd, row, row->path, j, .verdict = coerced_from ? VERDICT_COERCED : VERDICT_ACCEPTED,
	    .wrong = coerced_from);
}

static const char *upper(struct config_reading *rd, const char *value)
{
	char *copy = arena_strdup(rd->a, value);

	for (char *p = copy; p && *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return copy;
}

static void read_string(struct config_reading *rd, const struct config_key *row,
			const struct json *j)
{
	const char *value = json_string(j), *was = NULL, *wrong;

	if (!value) {
		reject(rd, row, j, config_wrong_type(j));
		return;
	}
	if (row->flags & CONFIG_UPPER) {
		const char *mended = upper(rd, value);

		if (mended && strcmp(mended, value) != 0)
			was = "is not in capitals";
		value = mended ? mended : value;
	}
	wrong = string_problem(rd, row, value);
	if (wrong) {
		reject(rd, row, j, wrong);
		return;
	}
	*(const char **)field(rd, row) = arena_strdup(rd->a, value);
	accept(rd, row, j, was);
}

static void read_bool(struct config_reading *rd, const struct config_key *row, const struct json *j)
{
	const char *text = json_string(j);
	bool coerced = text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
	bool on = coerced && *text == 't';

	if (!coerced && !json_bool(j, &on)) {
		reject(rd, row, j, config_wrong_type(j));
		return;
	}
	*(enum config_tristate *)field(rd, row) = on ? CONFIG_TRUE : CONFIG_FALSE;
	accept(rd, row, j, coerced ? "is a string" : NULL);
}

/* Digits in a string, as configurations of balenaOS have them. */
static bool number_of_string(const char *text, int64_t *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static void read_number(struct config_reading *rd, const struct config_key *row,
			const struct json *j)
{
	const char *text = json_string(j);
	int64_t value = 0;

	if (!json_int(j, &value) && !number_of_string(text, &value))
		reject(rd, row, j,
		       json_type(j) == JSON_NUMBER ? "is not a whole number"
						   : config_wrong_type(j));
	else if (value < row->min || value > row->max)
		reject(rd, row, j, "is out of range");
	else {
		*(struct config_number *)field(rd, row) = (struct config_number){ true, value };
		accept(rd, row, j, text ? "is a string" : NULL);
	}
}

/* A word or line that is wrong costs itself alone; with none left the key is bad. */
static void end_list(struct config_reading *rd, const struct config_key *row, const struct json *j,
		     size_t offered, const char *was)
{
	const struct config_strings *list = field(rd, row);

	if (offered > 0 && list->n == 0)
		reject(rd, row, j, "has nothing in it that can be used");
	else
		accept(rd, row, j, was);
}

static void add_item(struct config_reading *rd, const struct config_key *row, const struct json *j,
		     const char *value, size_t index)
{
	struct config_strings *list = field(rd, row);
	const char *wrong = value ? string_problem(rd, row, value) : config_wrong_type(j);

	if (!wrong && index >= row->items_max)
		wrong = "is one too many";
	if (wrong)
		SAY(rd, row, arena_printf(rd->a, "%s[%zu]", row->path, index), j,
		    .verdict = VERDICT_REJECTED, .wrong = wrong,
		    .expected = row->item ? row->item : row->expected);
	else
		list->item[list->n++] = value;
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	while (*(text += strspn(text, BLANKS))) {
		n++;
		text += strcspn(text, BLANKS);
	}
	return n;
}

static bool is_null_word(const char *text)
{
	text += strspn(text, BLANKS);
	return strncmp(text, "null", 4) == 0 && text[4 + strspn(text + 4, BLANKS)] == '\0';
}

static void read_words(struct config_reading *rd, const struct config_key *row,
		       const struct json *j)
{
	struct config_strings *list = field(rd, row);
	const char *text = json_string(j);
	size_t index = 0, count;

	if (!text) {
		reject(rd, row, j, config_wrong_type(j));
		return;
	}
	count = count_words(text);
	list->item = arena_alloc(rd->a, count * sizeof(*list->item));
	if (!list->item)
		return;
	if (count == 1 && (row->flags & CONFIG_NONE_WORD) && is_null_word(text)) {
		list->item[list->n++] = "null";
		accept(rd, row, j, "is the string \"null\", which means none");
		return;
	}
	while (*(text += strspn(text, BLANKS))) {
		size_t len = strcspn(text, BLANKS);
		const char *word = arena_memdup(rd->a, text, len);

		if (!word)
			return;
		add_item(rd, row, j, word, index++);
		text += len;
	}
	end_list(rd, row, j, index, NULL);
}

/*
 * White space around a key is taken off, a newline above all: a key pasted from its .pub file ends in
 * one. One inside could smuggle in a second key or options, and condemns the key.
 */
static const char *trimmed(struct config_reading *rd, const char *s)
{
	size_t len;

	if (!s)
		return NULL;
	s += strspn(s, BLANKS);
	len = strlen(s);
	while (len > 0 && strchr(BLANKS, s[len - 1]))
		len--;
	return arena_memdup(rd->a, s, len);
}

static size_t count_children(const struct json *parent)
{
	size_t n = 0;

	for (const struct json *j = json_first(parent); j; j = json_next(j))
		n++;
	return n;
}

static void read_lines(struct config_reading *rd, const struct config_key *row,
		       const struct json *j)
{
	struct config_strings *list = field(rd, row);
	size_t index = 0;

	if (json_type(j) != JSON_ARRAY) {
		reject(rd, row, j, config_wrong_type(j));
		return;
	}
	list->item = arena_alloc(rd->a, count_children(j) * sizeof(*list->item));
	if (!list->item)
		return;
	for (const struct json *child = json_first(j); child; child = json_next(child))
		add_item(rd, row, child, trimmed(rd, json_string(child)), index++);
	end_list(rd, row, j, index, NULL);
}

static const char *rule_text(struct config_reading *rd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	return arena_printf(rd->a, "%.*s\n", (int)len, text);
}

static void read_rule(struct config_reading *rd, const struct config_key *row, const struct json *j)
{
	const char *name = json_name(j), *wrong = value_rule_name(name);
	/* A good name does no harm and is a key of its own; a bad one is only shown. */
	const char *key = wrong ? config_shown(rd, row->path, name)
				: arena_printf(rd->a, "%s.%s", row->path, name);
	struct config_rules *rules = field(rd, row);

	if (json_type(j) == JSON_NULL)
		return;
	if (wrong || json_type(j) != JSON_STRING) {
		SAY(rd, row, key, j, .verdict = VERDICT_REJECTED,
		    .wrong = wrong ? wrong : config_wrong_type(j),
		    .expected = wrong ? EXPECTED_RULE_NAME : EXPECTED_RULE_TEXT);
		return;
	}
	rules->rule[rules->n++] = (struct config_rule){
		.name = arena_strdup(rd->a, name),
		.text = rule_text(rd, json_string(j)),
		.key = key,
	};
	SAY(rd, row, key, j, .verdict = VERDICT_ACCEPTED);
}

static void read_rules(struct config_reading *rd, const struct config_key *row,
		       const struct json *j)
{
	struct config_rules *rules = field(rd, row);

	if (json_type(j) != JSON_OBJECT) {
		reject(rd, row, j, config_wrong_type(j));
		return;
	}
	rules->rule = arena_alloc(rd->a, count_children(j) * sizeof(*rules->rule));
	if (!rules->rule)
		return;
	if (!json_first(j))
		accept(rd, row, j, NULL);
	for (const struct json *child = json_first(j); child; child = json_next(child))
		read_rule(rd, row, child);
}

static void read_foreign(struct config_reading *rd, const struct config_key *row,
			 const struct json *j)
{
	SAY(rd, row, row->path, j, .verdict = VERDICT_FOREIGN);
}

static const struct {
	void (*read)(struct config_reading *rd, const struct config_key *row, const struct json *j);
	size_t size;
} kinds[] = {
	[CONFIG_STRING] = { read_string, sizeof(const char *) },
	[CONFIG_BOOL] = { read_bool, sizeof(enum config_tristate) },
	[CONFIG_NUMBER] = { read_number, sizeof(struct config_number) },
	[CONFIG_WORDS] = { read_words, sizeof(struct config_strings) },
	[CONFIG_LINES] = { read_lines, sizeof(struct config_strings) },
	[CONFIG_RULES] = { read_rules, sizeof(struct config_rules) },
	[CONFIG_FOREIGN] = { read_foreign, 0 },
};

void config_read_value(struct config_reading *rd, const struct config_key *row,
		       const struct json *j)
{
	kinds[row->kind].read(rd, row, j);
}

size_t config_value_size(const struct config_key *row)
{
	return kinds[row->kind].size;
}
