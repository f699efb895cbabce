/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_failed(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

unsigned int input_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return (unsigned char)*in->p++;
}

struct input input_part(struct input *in)
{
	const char *end = in->len ? memchr(in->p, 0xff, in->len) : NULL;
	struct input part = { in->p, end ? (size_t)(end - in->p) : in->len };

	in->p += part.len + (end ? 1 : 0);
	in->len -= part.len + (end ? 1 : 0);
	return part;
}

char *input_copy(const struct input *in)
{
	char *copy = malloc(in->len ? in->len : 1);

	MUST(copy);
	if (in->len > 0)
		memcpy(copy, in->p, in->len);
	return copy;
}

unsigned int fuzz_random(unsigned int *seed)
{
	*seed = *seed * 1664525u + (*seed ? 1013904223u : 0u);
	return *seed >> 16;
}

bool is_clean(const char *s, bool tab)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && !(tab && *s == '\t')) || *s == 0x7f)
			return false;
	return true;
}

char *fuzz_base64(struct arena *a, const void *data, size_t len, size_t columns)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;
	char *text = arena_alloc(a, len * 3 + 16), *out = text;
	size_t column = 0;

	MUST(text);
	for (size_t i = 0; i < len; i += 3) {
		unsigned int v = (unsigned int)p[i] << 16 |
				 (i + 1 < len ? (unsigned int)p[i + 1] << 8 : 0u) |
				 (i + 2 < len ? p[i + 2] : 0u);

		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 0x3f];
		*out++ = i + 1 < len ? digits[v >> 6 & 0x3f] : '=';
		*out++ = i + 2 < len ? digits[v & 0x3f] : '=';
		column += 4;
		if (columns && (column >= columns || i + 3 >= len)) {
			*out++ = '\n';
			column = 0;
		}
	}
	*out = '\0';
	return text;
}

/* One run of fuzz_edit(). */
struct editing {
	struct arena *a;
	const char *text;
	const struct edit *edit;
	size_t number;
	FILE *out;
};

/* The name as the text has it, its quotes with it. */
static void write_name(const struct editing *e, const struct json *j)
{
	const char *start = e->text + json_offset(j), *p = start + 1;

	MUST(*start == '"');
	while (*p != '"')
		p += *p == '\\' ? 2 : 1;
	(void)fwrite(start, 1, (size_t)(p + 1 - start), e->out);
}

static const char *path_below(struct arena *a, const char *above, const char *name)
{
	char *path = arena_printf(a, "%s%s%s", above, *above ? "." : "", name);

	MUST(path);
	for (char *p = path + strlen(path) - strlen(name); *p; p++)
		if (*p == '.')
			*p = '?';
	return path;
}

static void write_value(const struct editing *e, const struct json *j)
{
	const char *line = json_print_line(j, e->a);

	MUST(line && *line);
	(void)fwrite(line, 1, strlen(line) - 1, e->out);
}

static void write_object(struct editing *e, const struct json *object, const char *path)
{
	(void)fputc('{', e->out);
	for (const struct json *j = json_first(object); j; j = json_next(j)) {
		const char *below = path_below(e->a, path, json_name(j));

		write_name(e, j);
		(void)fputc(':', e->out);
		if (e->edit->pick(e->edit, below, e->number++))
			(void)fputs(e->edit->replacement, e->out);
		else if (json_type(j) == JSON_OBJECT)
			write_object(e, j, below);
		else
			write_value(e, j);
		if (json_next(j))
			(void)fputc(',', e->out);
	}
	(void)fputc('}', e->out);
}

const char *fuzz_edit(struct arena *a, const char *text, const struct json *top,
		      const struct edit *edit)
{
	struct editing e = { .a = a, .text = text, .edit = edit };
	char *made = NULL, *copy;
	size_t len = 0;

	e.out = open_memstream(&made, &len);
	MUST(e.out);
	write_object(&e, top, "");
	MUST(fclose(e.out) == 0);
	copy = arena_strdup(a, made);
	free(made);
	MUST(copy && strlen(copy) == len);
	return copy;
}

static bool same_string(const char *x, const char *y)
{
	return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool same_strings(const struct config_strings *x, const struct config_strings *y)
{
	for (size_t i = 0; i < x->n && x->n == y->n; i++)
		if (strcmp(x->item[i], y->item[i]) != 0)
			return false;
	return x->n == y->n;
}

static bool same_rules(const struct config_rules *x, const struct config_rules *y)
{
	for (size_t i = 0; i < x->n && x->n == y->n; i++)
		if (strcmp(x->rule[i].name, y->rule[i].name) != 0 ||
		    strcmp(x->rule[i].text, y->rule[i].text) != 0)
			return false;
	return x->n == y->n;
}

bool same_value(const struct config_key *row, const struct config *x, const struct config *y)
{
	const void *one = (const char *)x + row->offset, *other = (const char *)y + row->offset;
	const struct config_number *m = one, *n = other;

	switch (row->kind) {
	case CONFIG_STRING:
		return same_string(*(const char *const *)one, *(const char *const *)other);
	case CONFIG_BOOL:
		return *(const enum config_tristate *)one == *(const enum config_tristate *)other;
	case CONFIG_NUMBER:
		return m->set == n->set && (!m->set || m->value == n->value);
	case CONFIG_WORDS:
	case CONFIG_LINES:
		return same_strings(one, other);
	case CONFIG_RULES:
		return same_rules(one, other);
	case CONFIG_FOREIGN:
		break;
	}
	return true;
}

void fuzz_parse(struct arena *a, const char *text, struct config *ret)
{
	const struct config_document doc = { "config.json", text, strlen(text), 0, 0 };

	MUST(config_parse(a, &doc, ret, NULL) == 0);
}
