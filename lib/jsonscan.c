/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/jsonscan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

#define NUMBER_MAX 63u /* cJSON copies a number into 64 bytes and goes on behind what fits */

struct scan {
	const char *text;
	size_t len;
	size_t pos;	   /* also where the error is, when one is found */
	const char *error; /* NULL: none so far */
	size_t values;
	struct jsonscan_offsets *offsets; /* NULL: nobody asks */
	bool no_memory;
	unsigned int depth;
	char open[JSON_DEPTH_MAX]; /* the bracket of each level */
};

/* What may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* behind `[` */
	EXPECT_NAME,
	EXPECT_NAME_OR_END, /* behind `{` */
	EXPECT_COMMA_OR_END,
};

static bool fail(struct scan *s, const char *error)
{
	s->error = error;
	return false;
}

/* The byte `ahead` of the position, -1 behind the end. */
static int peek(const struct scan *s, size_t ahead)
{
	return ahead < s->len - s->pos ? (unsigned char)s->text[s->pos + ahead] : -1;
}

/* Counts a value that begins here. cJSON takes some 80 bytes for each, so their number is bounded: a
 * device with little memory must not run out of it over a file of commas. */
static bool begin_value(struct scan *s)
{
	struct jsonscan_offsets *o = s->offsets;

	if (s->values++ == JSON_VALUES_MAX)
		return fail(s, "there are too many values");
	if (!o)
		return true;
	if (o->n == o->capacity) {
		size_t capacity = o->capacity ? 2 * o->capacity : 64;
		uint32_t *more = realloc(o->offset, capacity * sizeof(*more));

		s->no_memory = !more;
		if (!more)
			return fail(s, "out of memory");
		o->offset = more;
		o->capacity = capacity;
	}
	o->offset[o->n++] = (uint32_t)s->pos;
	return true;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct scan *s)
{
	int c = peek(s, 0);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		s->pos++;
		c = peek(s, 0);
	}
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_continuation(text[i]))
			return 0;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* The value of \uXXXX at the position, or -1. */
static long hex4(const struct scan *s)
{
	long value = 0;

	if (peek(s, 0) != '\\' || peek(s, 1) != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int c = peek(s, i);

		if (is_digit(c))
			value = value * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static bool scan_unicode(struct scan *s)
{
	long unit = hex4(s);

	if (unit < 0)
		return fail(s, "expected four hexadecimal digits behind \\u");
	if (unit == 0)
		return fail(s, "a NUL character (\\u0000) is not allowed");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(s, "the second half of a surrogate pair without its first");
	s->pos += 6;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	unit = hex4(s);
	if (unit < 0xdc00 || unit > 0xdfff)
		return fail(s, "expected the second half of a surrogate pair");
	s->pos += 6;
	return true;
}

static bool scan_escape(struct scan *s)
{
	int c = peek(s, 1);

	if (c == 'u')
		return scan_unicode(s);
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return fail(s, "an unknown escape in a string");
	s->pos += 2;
	return true;
}

static bool scan_string(struct scan *s)
{
	s->pos++;
	for (;;) {
		int c = peek(s, 0);
		size_t n;

		if (c < 0)
			return fail(s, "the text ends inside a string");
		if (c == '"')
			break;
		if (c == '\\') {
			if (!scan_escape(s))
				return false;
			continue;
		}
		if (c == '\n')
			return fail(s, "a string does not go over the end of a line");
		if (c < ' ')
			return fail(s, "a control character in a string");
		n = utf8_length(s->text + s->pos, s->len - s->pos);
		if (n == 0)
			return fail(s, "a string is not valid UTF-8");
		s->pos += n;
	}
	s->pos++;
	return true;
}

static bool scan_digits(struct scan *s)
{
	if (!is_digit(peek(s, 0)))
		return fail(s, "expected a digit");
	while (is_digit(peek(s, 0)))
		s->pos++;
	return true;
}

static bool scan_number(struct scan *s)
{
	size_t start = s->pos;

	if (peek(s, 0) == '-')
		s->pos++;
	if (peek(s, 0) == '0' && is_digit(peek(s, 1)))
		return fail(s, "a number does not begin with a zero");
	if (!scan_digits(s))
		return false;
	if (peek(s, 0) == '.') {
		s->pos++;
		if (!scan_digits(s))
			return false;
	}
	if (peek(s, 0) == 'e' || peek(s, 0) == 'E') {
		s->pos++;
		if (peek(s, 0) == '+' || peek(s, 0) == '-')
			s->pos++;
		if (!scan_digits(s))
			return false;
	}
	if (s->pos - start > NUMBER_MAX) {
		s->pos = start;
		return fail(s, "a number is longer than 63 characters");
	}
	return true;
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->len - s->pos < len || memcmp(s->text + s->pos, word, len) != 0)
		return fail(s, "expected a value");
	s->pos += len;
	return true;
}

static bool scan_open(struct scan *s, char bracket, enum expect *ret_next)
{
	if (s->depth == JSON_DEPTH_MAX)
		return fail(s, "nested too deep");
	s->open[s->depth++] = bracket;
	s->pos++;
	*ret_next = bracket == '{' ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
	return true;
}

static void scan_close(struct scan *s, enum expect *ret_next)
{
	s->depth--;
	s->pos++;
	*ret_next = EXPECT_COMMA_OR_END;
}

static bool scan_value(struct scan *s, enum expect *ret_next)
{
	int c = peek(s, 0);

	*ret_next = EXPECT_COMMA_OR_END;
	/* A member's value was counted at its name. */
	if ((s->depth == 0 || s->open[s->depth - 1] == '[') && !begin_value(s))
		return false;
	if (c == '{' || c == '[')
		return scan_open(s, (char)c, ret_next);
	if (c == '"')
		return scan_string(s);
	if (c == '-' || is_digit(c))
		return scan_number(s);
	if (c == 't')
		return scan_word(s, "true");
	if (c == 'f')
		return scan_word(s, "false");
	if (c == 'n')
		return scan_word(s, "null");
	return fail(s, c < 0 ? "the text ends where a value is expected" : "expected a value");
}

static bool scan_name(struct scan *s)
{
	if (peek(s, 0) != '"')
		return fail(s, "expected a name in double quotes");
	if (!begin_value(s) || !scan_string(s))
		return false;
	skip_space(s);
	if (peek(s, 0) != ':')
		return fail(s, "expected : behind the name");
	s->pos++;
	return true;
}

static bool scan_comma(struct scan *s, enum expect *ret_next)
{
	bool object = s->open[s->depth - 1] == '{';

	if (peek(s, 0) != ',')
		return fail(s, object ? "expected , or }" : "expected , or ]");
	s->pos++;
	*ret_next = object ? EXPECT_NAME : EXPECT_VALUE;
	return true;
}

static bool scan_token(struct scan *s, enum expect *next)
{
	int c;

	skip_space(s);
	c = peek(s, 0);
	if (*next != EXPECT_VALUE && *next != EXPECT_NAME &&
	    c == (s->open[s->depth - 1] == '{' ? '}' : ']')) {
		scan_close(s, next);
		return true;
	}
	if (*next == EXPECT_COMMA_OR_END)
		return scan_comma(s, next);
	if (*next == EXPECT_NAME || *next == EXPECT_NAME_OR_END) {
		*next = EXPECT_VALUE;
		return scan_name(s);
	}
	return scan_value(s, next);
}

static bool scan_document(struct scan *s)
{
	enum expect next = EXPECT_VALUE;

	if (s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		return fail(s, "a byte order mark is not allowed; save as UTF-8 without it");
	skip_space(s);
	if (s->pos == s->len)
		return fail(s, "there is nothing in it; expected {");
	if (peek(s, 0) != '{')
		return fail(s, "expected {");
	do
		if (!scan_token(s, &next))
			return false;
	while (s->depth > 0);
	skip_space(s);
	if (s->pos < s->len)
		return fail(s, "expected nothing more behind the last }");
	return true;
}

struct jsonscan_position jsonscan_position(const char *text, struct jsonscan_position from,
					   size_t from_offset, size_t offset)
{
	struct jsonscan_position p = from;

	for (size_t i = from_offset; i < offset; i++) {
		p.column++;
		if (text[i] == '\n')
			p = (struct jsonscan_position){ p.line + 1, 1 };
	}
	return p;
}

int jsonscan(const char *text, size_t len, struct jsonscan_offsets *ret_offsets,
	     struct jsonscan_error *ret_error)
{
	struct scan s = { .text = text, .len = len, .offsets = ret_offsets };
	struct jsonscan_position p;

	if (scan_document(&s))
		return 0;
	if (s.no_memory)
		return -ENOMEM;
	p = jsonscan_position(text, (struct jsonscan_position){ 1, 1 }, 0, s.pos);
	*ret_error = (struct jsonscan_error){ p.line, p.column, s.error };
	return -EBADMSG;
}
