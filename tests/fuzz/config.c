/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: values within their bounds, verdicts that name a place and no secret, a text of it
 * that is read as the same, keys that do not touch each other, and which document holds.
 *
 * The input: which member is changed, and into what; a byte of bits for the documents; config.json, two
 * leftovers and the last known good configuration, with 0xff between.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_values.h"
#include "lib/digest.h"
#include "tests/fuzz/fuzz.h"

#define SHOWN_MIN 12u /* so many bytes of a value in a message are no accident */

/* --- values --- */

static void check_string(struct arena *a, const struct config_key *row, const char *value)
{
	MUST((int64_t)strlen(value) >= row->min && (int64_t)strlen(value) <= row->max);
	MUST(!row->problem || row->problem(a, value) == NULL);
	/* Base64 may have line breaks. */
	MUST(row->problem == value_root_ca || is_clean(value, row->kind == CONFIG_LINES));
}

static void check_items(struct arena *a, const struct config_key *row,
			const struct config_strings *list)
{
	MUST(list->n <= row->items_max);
	for (size_t i = 0; i < list->n; i++) {
		const char *item = list->item[i];

		if ((row->flags & CONFIG_NONE_WORD) && list->n == 1 && strcmp(item, "null") == 0)
			continue;
		check_string(a, row, item);
		MUST(!strchr(" \t", item[0]) && !strchr(" \t", item[strlen(item) - 1]));
		MUST(row->kind == CONFIG_LINES || !strpbrk(item, " \t"));
	}
}

static void check_rules(const struct config_rules *rules)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	for (size_t i = 0; i < rules->n; i++) {
		const char *name = rules->rule[i].name, *text = rules->rule[i].text;
		size_t len = strlen(text);

		MUST(*name && *name != '.' && strlen(name) <= 249);
		MUST(name[strspn(name, allowed)] == '\0');
		MUST(text[len - 1] == '\n' && (len == 1 || text[len - 2] != '\n'));
		MUST(strncmp(rules->rule[i].key, "os.udevRules.", 13) == 0);
		for (size_t k = 0; k < i; k++)
			MUST(strcmp(rules->rule[k].name, name) != 0);
	}
}

static void check_row(struct arena *a, const struct config_key *row, const struct config *c)
{
	const void *value = (const char *)c + row->offset;
	const struct config_number *number = value;

	switch (row->kind) {
	case CONFIG_STRING:
		if (*(const char *const *)value)
			check_string(a, row, *(const char *const *)value);
		break;
	case CONFIG_BOOL:
		MUST(*(const unsigned int *)value <= CONFIG_TRUE);
		break;
	case CONFIG_NUMBER:
		MUST(!number->set || (number->value >= row->min && number->value <= row->max));
		break;
	case CONFIG_WORDS:
	case CONFIG_LINES:
		check_items(a, row, value);
		break;
	case CONFIG_RULES:
		check_rules(value);
		break;
	case CONFIG_FOREIGN:
		break;
	}
	MUST(!c->lost || !c->lost[row - config_keys] || (row->flags & CONFIG_ACCESS));
}

/* --- verdicts --- */

static void check_verdict(struct arena *a, const struct config_entry *e)
{
	const char *text = config_entry_text(a, e);

	MUST(e->key && *e->key && strlen(e->key) < sizeof("os.udevRules.") + 249 &&
	     is_clean(e->key, false));
	MUST(text && is_clean(text, false) && (*text || config_severity(e) == CONFIG_FINE));
	MUST(config_verdict_name(e->verdict) && config_source_name(e->source));
	switch (e->verdict) {
	case VERDICT_REJECTED:
		MUST(e->wrong && *e->wrong && e->expected && *e->expected);
		MUST(e->source != SOURCE_FILE);
		break;
	case VERDICT_COERCED:
		MUST(e->row && e->wrong && *e->wrong);
		break;
	case VERDICT_ABSENT:
		MUST(e->row && e->line == 0 && e->source != SOURCE_FILE);
		break;
	case VERDICT_ACCEPTED:
		MUST(e->row && !e->wrong);
		break;
	case VERDICT_FOREIGN:
		MUST(e->row && e->row->kind == CONFIG_FOREIGN);
		break;
	case VERDICT_UNKNOWN:
		MUST(!e->row);
		break;
	}
}

/* Each verdict stands where its key or value is; `doc` NULL: nobody sees the document. */
static void check_entries(struct arena *a, const struct config *c, const struct input *doc)
{
	size_t at = 0, line = 1, column = 1;

	for (size_t i = 0; i < c->n_entries; i++) {
		const struct config_entry *e = &c->entry[i];

		check_verdict(a, e);
		MUST(i == 0 || e[-1].offset <= e->offset);
		MUST(doc || e->line == 0);
		if (e->line == 0)
			continue;
		MUST(i == 0 || e[-1].line > 0);
		MUST(e->offset < doc->len && strchr("\"{[-0123456789tfn", doc->p[e->offset]));
		for (; at < e->offset; at++, column++)
			if (doc->p[at] == '\n') {
				line++;
				column = 0;
			}
		MUST(e->line == line && e->column == column);
	}
}

static void check_config(struct arena *a, const struct config *c, const struct input *doc)
{
	for (size_t i = 0; i < config_keys_len; i++)
		check_row(a, &config_keys[i], c);
	check_entries(a, c, doc);
	MUST(config_state_name(c->state));
	MUST(!c->error || is_clean(c->error, false));
}

/* What is kept for bad times is read as the same. */
static void check_kept_text(struct arena *a, const struct config *c)
{
	size_t len, again_len;
	const char *text = config_text(a, c, &len), *again;
	struct config_input in = { .file = { .name = "config.json", .err = -ENOENT } };
	struct config copy;

	MUST(text && strlen(text) == len);
	if (len > CONFIG_KEPT_MAX_BYTES)
		return;
	in.kept = (struct config_document){ "kept", text, len, 0, 0 };
	MUST(config_settle(a, &in, &copy) == 0);
	for (size_t i = 0; i < config_keys_len; i++)
		MUST(same_value(&config_keys[i], c, &copy));
	for (size_t i = 0; i < copy.n_entries; i++) {
		const struct config_entry *e = &copy.entry[i];

		MUST(e->verdict == VERDICT_ACCEPTED || e->verdict == VERDICT_COERCED ||
		     e->verdict == VERDICT_ABSENT);
		MUST(!e->repeated);
	}
	again = config_text(a, &copy, &again_len);
	MUST(again && strcmp(text, again) == 0);
}

/* --- secrets --- */

/* Whether one of the messages has these bytes in it. */
static bool says(const struct config *c, const char *bytes)
{
	const char *before[2] = { NULL, NULL };

	for (size_t i = 0; i < c->n_entries; i++) {
		const char *texts[] = { c->entry[i].wrong, c->entry[i].expected };

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			if (texts[k] && texts[k] != before[k] && strstr(texts[k], bytes))
				return true;
			before[k] = texts[k];
		}
	}
	return false;
}

/*
 * A message may have words by itself that the value has too. So the value is changed: the words of a
 * message that is made from it change with it.
 */
static void check_follows(struct arena *a, const char *text, const char *bytes)
{
	char *other = arena_strdup(a, text), *changed = arena_strdup(a, bytes);
	struct config c;

	MUST(other && changed);
	for (char *p = changed; *p; p++)
		*p = (char)(*p == 'z' ? 'a' : *p >= 'a' && *p < 'z' ? *p + 1 : 'q');
	for (char *p = strstr(other, bytes); p; p = strstr(p + strlen(bytes), bytes))
		memcpy(p, changed, strlen(bytes));
	const struct config_document doc = { "config.json", other, strlen(other), 0, 0 };
	if (config_parse(a, &doc, &c, NULL) == 0)
		MUST(!says(&c, changed));
}

static void check_secrets_of(struct arena *a, const char *text, const struct config *c,
			     const struct json *j)
{
	const char *value = json_string(j);
	size_t len = value ? strlen(value) : 0;
	char bytes[SHOWN_MIN + 1] = "";

	for (size_t i = 0; i + SHOWN_MIN <= len; i++) {
		memcpy(bytes, value + i, SHOWN_MIN);
		if (is_clean(bytes, false) && !strpbrk(bytes, "\"\\") && says(c, bytes))
			check_follows(a, text, bytes);
	}
	for (const struct json *child = json_first(j); child; child = json_next(child))
		check_secrets_of(a, text, c, child);
}

/* --- keys by themselves --- */

static bool pick_number(const struct edit *e, const char *path, size_t number)
{
	(void)path;
	return number == e->number;
}

static bool is_at_or_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

/* The first path that pick_path() sees with its number. */
struct found {
	struct edit edit;
	const char *path;
};

static bool note_path(const struct edit *e, const char *path, size_t number)
{
	if (number == e->number)
		((struct found *)(uintptr_t)e)->path = path;
	return false;
}

static size_t count_members(const struct json *j)
{
	size_t n = 0;

	for (const struct json *child = json_first(j); child; child = json_next(child))
		n += json_type(j) == JSON_OBJECT ? 1 + count_members(child) : 0;
	return n;
}

static void check_isolation(struct arena *a, const char *text, const struct json *top,
			    unsigned int choice)
{
	static const char *const others[] = {
		"null", "42", "\"\\u0007 x\"", "[]", "{}", "true", "\"localhost\"", "[{\"a\":[]}]",
	};
	size_t n = count_members(top);
	struct found found = { .edit = { .pick = note_path } };
	struct edit change = { .pick = pick_number };
	struct config before, after;

	if (n == 0)
		return;
	change.number = found.edit.number = choice / ARRAY_SIZE(others) % n;
	change.replacement = others[choice % ARRAY_SIZE(others)];
	fuzz_parse(a, fuzz_edit(a, text, top, &found.edit), &before);
	fuzz_parse(a, fuzz_edit(a, text, top, &change), &after);
	for (size_t i = 0; i < config_keys_len && found.path; i++)
		if (!is_at_or_below(config_keys[i].path, found.path) &&
		    !is_at_or_below(found.path, config_keys[i].path))
			MUST(same_value(&config_keys[i], &before, &after));
}

static void check_document(struct arena *a, const struct input *in, unsigned int choice)
{
	_cleanup_free_ char *copy = input_copy(in);
	const struct config_document doc = { "config.json", copy, in->len, 0, 0 };
	_cleanup_json_ struct json *top = NULL, *line_top = NULL;
	struct config c, line_config;
	const char *line;
	int err = config_parse(a, &doc, &c, NULL);

	check_config(a, &c, in);
	check_kept_text(a, &c);
	if (err < 0) {
		MUST(err == -EBADMSG && c.n_entries == 0 && c.state == CONFIG_NONE);
		return;
	}
	MUST(json_parse(copy, in->len, &top, NULL) == 0);
	/* On one line, without escapes that nobody needs. */
	line = json_print_line(top, a);
	MUST(line && json_parse(line, strlen(line), &line_top, NULL) == 0);
	if (strlen(line) > CONFIG_MAX_BYTES)
		return;
	fuzz_parse(a, line, &line_config);
	for (size_t i = 0; i < config_keys_len; i++)
		MUST(same_value(&config_keys[i], &c, &line_config));
	check_secrets_of(a, line, &line_config, line_top);
	check_isolation(a, line, line_top, choice);
}

/* --- which document holds --- */

enum { LEFTOVERS = 2 };

/* The documents of an input, and what each is by itself. */
struct documents {
	struct config_input in;
	struct config_document leftover[LEFTOVERS];
	struct config file, alone[LEFTOVERS], kept;
	struct config alone_kept; /* `kept` as what holds, with its list of what is lost */
	bool file_good, kept_good;
	bool file_some, some[LEFTOVERS], kept_some; /* with a key, too */
};

static bool is_good(struct arena *a, const struct config_document *doc, struct config *ret)
{
	return config_parse(a, doc, ret, NULL) == 0;
}

static bool is_some(const struct config_document *doc)
{
	struct json *top = NULL;
	bool some = doc->err == 0 && json_parse(doc->text, doc->len, &top, NULL) == 0 &&
		    json_first(top);

	json_free(top);
	return some;
}

static void fill(struct arena *a, struct documents *d, struct input *parts, unsigned int bits)
{
	struct config_input alone = { .file = { .name = "config.json", .err = -ENOENT } };

	d->in.file = (struct config_document){ .name = "config.json",
					       .text = input_copy(&parts[0]),
					       .len = parts[0].len,
					       .err = bits & 1 ? -EIO : 0 };
	d->file_good = is_good(a, &d->in.file, &d->file);
	d->file_some = is_some(&d->in.file);
	for (size_t i = 0; i < LEFTOVERS; i++) {
		struct config_document *doc = &d->leftover[i];
		char hex[DIGEST_MD5_HEX];
		bool whole = bits & (2u << i);

		*doc = (struct config_document){ .text = input_copy(&parts[1 + i]),
						 .len = parts[1 + i].len,
						 .mtime_usec = bits & 8 ? 5 : (int64_t)i };
		digest_md5(doc->text, whole ? doc->len : doc->len / 2, hex);
		doc->name = arena_printf(a, ".config.json.0000000%zu.%s.md5sum", i, hex);
		MUST(doc->name && config_is_leftover(doc->name));
		d->some[i] = is_good(a, doc, &d->alone[i]) && is_some(doc) && whole;
	}
	d->in.leftover = d->leftover;
	d->in.n_leftovers = bits & 16 ? LEFTOVERS : 0;
	d->in.kept = (struct config_document){ .name = "kept",
					       .text = input_copy(&parts[3]),
					       .len = parts[3].len,
					       .err = bits & 32 ? -ENOENT : 0 };
	d->kept_good = is_good(a, &d->in.kept, &d->kept);
	d->kept_some = is_some(&d->in.kept);
	alone.kept = d->in.kept;
	MUST(config_settle(a, &alone, &d->alone_kept) == 0);
}

static bool has_value(const struct config *c, const struct config_key *row)
{
	for (size_t i = 0; i < c->n_entries; i++)
		if (c->entry[i].row == row && strcmp(c->entry[i].key, row->path) == 0)
			return c->entry[i].verdict == VERDICT_ACCEPTED ||
			       c->entry[i].verdict == VERDICT_COERCED;
	return false;
}

/* Whether the last known good configuration says of a key what was before, be it nothing. */
static bool knows(const struct documents *d, size_t i)
{
	return d->kept_good && !d->kept.lost[i] && !(d->alone_kept.lost && d->alone_kept.lost[i]);
}

/* What is bad in the document that holds has its previous value, or none when there was none before; it is
 * lost when nobody knows. */
static void check_settled(const struct documents *d, const struct config *c,
			  const struct config *alone)
{
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];
		bool known = alone->lost[i] && knows(d, i);

		MUST(same_value(row, c, known && has_value(&d->kept, row) ? &d->kept : alone));
		MUST(c->lost[i] == (alone->lost[i] && !known));
		MUST(config_is_lost(c, row->path) == c->lost[i]);
	}
}

static void check_settle(struct arena *a, struct input *parts, unsigned int bits)
{
	struct documents d = { .file_good = false };
	struct config c;
	bool leftovers = bits & 16;

	fill(a, &d, parts, bits);
	MUST(config_settle(a, &d.in, &c) == 0);
	MUST(!c.error == (c.state == CONFIG_READ));
	if (d.file_some) {
		MUST(c.state == CONFIG_READ);
		check_config(a, &c, &parts[0]);
		check_settled(&d, &c, &d.file);
	} else if (leftovers && (d.some[0] || d.some[1])) {
		/* The newer, of two as old the one with the greater name. */
		size_t which = d.some[1] ? 1 : 0;

		MUST(c.state == CONFIG_LEFTOVER && c.origin == d.leftover[which].name);
		check_config(a, &c, &parts[1 + which]);
		check_settled(&d, &c, &d.alone[which]);
	} else if (d.kept_some) {
		MUST(c.state == CONFIG_KEPT);
		check_config(a, &c, NULL);
		for (size_t i = 0; i < config_keys_len; i++)
			MUST(same_value(&config_keys[i], &c, &d.kept));
	} else if (d.file_good) {
		MUST(c.state == CONFIG_READ);
	} else {
		MUST(c.state == CONFIG_NONE && c.n_entries == 0 && !c.origin);
	}
	check_kept_text(a, &c);
	free((void *)(uintptr_t)d.in.file.text);
	free((void *)(uintptr_t)d.leftover[0].text);
	free((void *)(uintptr_t)d.leftover[1].text);
	free((void *)(uintptr_t)d.in.kept.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size }, parts[4];
	unsigned int choice = input_byte(&in), bits = input_byte(&in);
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = input_part(&in);
	check_document(&a, &parts[0], choice);
	check_settle(&a, parts, bits);
	MUST(!arena_failed(&a));
	arena_free(&a);
	return 0;
}
