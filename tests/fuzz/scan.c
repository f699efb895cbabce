/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The strict look at JSON and cJSON behind it: what the one accepts the other reads, as the text says it, and
 * what is printed of it is accepted and printed the same again. The input is the text.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonscan.h"
#include "tests/fuzz/fuzz.h"

static bool is_at(const char *text, size_t len, const struct jsonscan_error *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i <= len; i++) {
		if (line == e->line && column == e->column)
			return true;
		column++;
		if (i < len && text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return false;
}

static void check_offsets(const char *text, size_t len, bool whole,
			  const struct jsonscan_offsets *o)
{
	for (size_t i = 0; i < o->n; i++) {
		/* Where the text ends may have been the place of the next value. */
		MUST(o->offset[i] < len || (!whole && o->offset[i] == len));
		MUST(i == 0 || o->offset[i] > o->offset[i - 1]);
		MUST(i > 0 || text[o->offset[i]] == '{');
	}
}

static size_t utf8_put(char *out, unsigned long ch)
{
	if (ch < 0x80) {
		out[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		out[0] = (char)(0xc0 | ch >> 6);
		out[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	if (ch < 0x10000) {
		out[0] = (char)(0xe0 | ch >> 12);
		out[1] = (char)(0x80 | (ch >> 6 & 0x3f));
		out[2] = (char)(0x80 | (ch & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | ch >> 18);
	out[1] = (char)(0x80 | (ch >> 12 & 0x3f));
	out[2] = (char)(0x80 | (ch >> 6 & 0x3f));
	out[3] = (char)(0x80 | (ch & 0x3f));
	return 4;
}

/* A second opinion: each character, decoded without a second look and encoded again, is what it was. */
static bool is_utf8(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		unsigned long ch = (unsigned char)text[i];
		char again[4];

		n = ch < 0x80 ? 1 : ch < 0xe0 ? 2 : ch < 0xf0 ? 3 : 4;
		ch &= n == 1 ? 0x7f : 0x7fu >> n;
		for (size_t k = 1; k < n; k++)
			ch = ch << 6 | (i + k < len ? (unsigned char)text[i + k] & 0x3f : 0);
		if (i + n > len || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff) ||
		    utf8_put(again, ch) != n || memcmp(again, text + i, n) != 0)
			return false;
	}
	return true;
}

static unsigned long hex4(const char *digits)
{
	char copy[5] = { digits[0], digits[1], digits[2], digits[3], '\0' };

	return strtoul(copy, NULL, 16);
}

/* Whether the string that begins at `p`, with its quote, reads `value`: said once more, in another way. */
static bool reads(const char *p, const char *value)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

	for (p++; *p != '"';) {
		char ch[4] = { *p };
		size_t n = 1;

		if (*p++ == '\\') {
			char letter = *p++;

			if (letter == 'u') {
				unsigned long unit = hex4(p);

				p += 4;
				if (unit >= 0xd800 && unit < 0xdc00) {
					unit = 0x10000 + ((unit - 0xd800) << 10) +
					       (hex4(p + 2) - 0xdc00);
					p += 6;
				}
				n = utf8_put(ch, unit);
			} else {
				ch[0] = meant[strchr(letters, letter) - letters];
			}
		}
		if (*ch == '\0' || strncmp(value, ch, n) != 0)
			return false;
		value += n;
	}
	return *value == '\0';
}

static void check_value(const char *at, const struct json *j)
{
	switch (json_type(j)) {
	case JSON_NULL:
		MUST(strncmp(at, "null", 4) == 0);
		break;
	case JSON_BOOL:
		MUST(strncmp(at, "true", 4) == 0 || strncmp(at, "false", 5) == 0);
		break;
	case JSON_NUMBER:
		MUST(*at == '-' || (*at >= '0' && *at <= '9'));
		break;
	case JSON_STRING:
		MUST(*at == '"' && reads(at, json_string(j)));
		break;
	case JSON_ARRAY:
		MUST(*at == '[');
		break;
	case JSON_OBJECT:
		MUST(*at == '{');
		break;
	}
}

/* Where the value of the member begins whose name is at `p`. */
static const char *behind_name(const char *p)
{
	for (p++; *p != '"';)
		p += *p == '\\' ? 2 : 1;
	p++;
	p += strspn(p, " \t\r\n");
	MUST(*p == ':');
	p++;
	return p + strspn(p, " \t\r\n");
}

/* Each value is what stands at its offset. @return how many there are */
static size_t check_tree(const char *text, const struct json *j, unsigned int depth)
{
	const char *at = text + json_offset(j);
	size_t n = 1;

	MUST(depth <= JSON_DEPTH_MAX + (json_type(j) < JSON_ARRAY ? 1u : 0u));
	if (json_name(j)) {
		MUST(*at == '"' && reads(at, json_name(j)));
		at = behind_name(at);
	}
	check_value(at, j);
	for (const struct json *child = json_first(j); child; child = json_next(child)) {
		MUST(json_offset(child) > json_offset(j));
		MUST(!json_next(child) || json_offset(json_next(child)) > json_offset(child));
		MUST(!json_name(child) || json_get(j, json_name(child)) == child);
		n += check_tree(text, child, depth + 1);
	}
	return n;
}

/* cJSON rounds the greatest numbers to 15 digits when it prints them, up, and out of a double's range. */
static bool has_greatest(const char *text, const struct json *j)
{
	const char *at = text + json_offset(j);
	double value;

	if (json_type(j) == JSON_NUMBER) {
		value = strtod(json_name(j) ? behind_name(at) : at, NULL);
		return (value > 1e308 || value < -1e308) && value - value == 0;
	}
	for (const struct json *child = json_first(j); child; child = json_next(child))
		if (has_greatest(text, child))
			return true;
	return false;
}

/* What is printed stays as it is. */
static void check_printed(struct arena *a, const struct json *top)
{
	const char *once = json_print_line(top, a), *again;
	struct json *copy;

	MUST(once);
	MUST(json_parse(once, strlen(once), &copy, NULL) == 0);
	again = json_print_line(copy, a);
	MUST(again && strcmp(once, again) == 0);
	again = json_print(copy, a);
	json_free(copy);
	MUST(again);
	MUST(json_parse(again, strlen(again), &copy, NULL) == 0);
	again = json_print_line(copy, a);
	json_free(copy);
	MUST(again && strcmp(once, again) == 0);
}

/* Of a name that comes twice the last one holds: one more in front changes nothing, one behind everything. */
static void check_repeated(struct arena *a, const char *text, const struct json *top)
{
	const struct json *first = json_first(top), *value;
	const char *brace = strchr(text, '{'), *end = strrchr(text, '}'), *name, *texts[2], *was;

	if (!first)
		return;
	was = json_print_line(first, a);
	name = text + json_offset(first);
	name = arena_memdup(a, name, (size_t)(behind_name(name) - name));
	texts[0] = arena_printf(a, "{%s\"new\",%s", name, brace + 1);
	texts[1] = arena_printf(a, "%.*s,%s\"new\"}", (int)(end - text), text, name);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json *other;
		int err = json_parse(texts[i], strlen(texts[i]), &other, NULL);

		if (err == -EBADMSG) /* one value too many */
			continue;
		MUST(err == 0);
		value = json_get(other, json_name(first));
		MUST(value && json_overrides(value));
		MUST(strcmp(json_print_line(value, a), i == 0 ? was : "\"new\"\n") == 0);
		json_free(other);
	}
}

static void check_parsed(const char *text, size_t len, const struct jsonscan_offsets *offsets)
{
	struct arena a = ARENA_INIT;
	const char *terminated = arena_memdup(&a, text, len);
	struct reason r = REASON_INIT;
	struct json *top = NULL;

	MUST(terminated && strlen(terminated) == len);
	MUST(json_parse(text, len, &top, &r) == 0);
	MUST(json_type(top) == JSON_OBJECT);
	MUST(is_utf8(text, len));
	MUST(check_tree(terminated, top, 1) <= offsets->n);
	check_repeated(&a, terminated, top);
	if (!has_greatest(terminated, top))
		check_printed(&a, top);
	json_free(top);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct input whole = { (const char *)data, size };
	_cleanup_free_ char *text = input_copy(&whole);
	struct jsonscan_offsets offsets = { 0 };
	struct jsonscan_error error = { 0 }, again = { 0 };
	struct json *top;
	int err = jsonscan(text, size, &offsets, &error);

	MUST(err == 0 || err == -EBADMSG);
	MUST(jsonscan(text, size, NULL, &again) == err);
	check_offsets(text, size, err == 0, &offsets);
	if (err == 0) {
		check_parsed(text, size, &offsets);
	} else {
		MUST(error.text && again.text == error.text);
		MUST(again.line == error.line && again.column == error.column);
		MUST(is_at(text, size, &error));
		MUST(json_parse(text, size, &top, NULL) == -EBADMSG);
	}
	free(offsets.offset);
	return 0;
}
