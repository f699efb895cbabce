/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonscan.h"

/* The scan, alone and with cJSON behind it: what the one accepts the other must read. */

#define TEXT(literal) literal, sizeof(literal) - 1

struct bad {
	const char *text;
	size_t len;
	unsigned int line, column;
	const char *wrong; /* its beginning */
};

static const struct bad bad_texts[] = {
	{ TEXT(""), 1, 1, "there is nothing in it" },
	{ TEXT(" \n\t "), 2, 3, "there is nothing in it" },
	{ TEXT("\xef\xbb\xbf{}"), 1, 1, "a byte order mark" },
	{ TEXT("[]"), 1, 1, "expected {" },
	{ TEXT("7"), 1, 1, "expected {" },
	{ TEXT("null"), 1, 1, "expected {" },
	{ TEXT("{"), 1, 2, "expected a name" },
	{ TEXT("}"), 1, 1, "expected {" },
	{ TEXT("{}}"), 1, 3, "expected nothing more" },
	{ TEXT("{} x"), 1, 4, "expected nothing more" },
	{ TEXT("{}\0"), 1, 3, "expected nothing more" },
	{ TEXT("{}{}"), 1, 3, "expected nothing more" },
	{ TEXT("{a:1}"), 1, 2, "expected a name" },
	{ TEXT("{'a':1}"), 1, 2, "expected a name" },
	{ TEXT("{1:1}"), 1, 2, "expected a name" },
	{ TEXT("{,}"), 1, 2, "expected a name" },
	{ TEXT("{\"a\"}"), 1, 5, "expected :" },
	{ TEXT("{\"a\" 1}"), 1, 6, "expected :" },
	{ TEXT("{\"a\":}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":"), 1, 6, "the text ends" },
	{ TEXT("{\"a\":1,}"), 1, 8, "expected a name" },
	{ TEXT("{\"a\":1 \"b\":2}"), 1, 8, "expected , or }" },
	{ TEXT("{\"a\":1]"), 1, 7, "expected , or }" },
	{ TEXT("{\"a\":[1}"), 1, 8, "expected , or ]" },
	{ TEXT("{\"a\":[1,]}"), 1, 9, "expected a value" },
	{ TEXT("{\"a\":[,1]}"), 1, 7, "expected a value" },
	{ TEXT("{\"a\":[1"), 1, 8, "expected , or ]" },
	{ TEXT("{\n  \"a\": 1\n  \"b\": 2\n}\n"), 3, 3, "expected , or }" },
	{ TEXT("{\"a\":012}"), 1, 6, "a number does not begin" },
	{ TEXT("{\"a\":-012}"), 1, 7, "a number does not begin" },
	{ TEXT("{\"a\":1.}"), 1, 8, "expected a digit" },
	{ TEXT("{\"a\":.5}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":+1}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":-}"), 1, 7, "expected a digit" },
	{ TEXT("{\"a\":1e}"), 1, 8, "expected a digit" },
	{ TEXT("{\"a\":1e+}"), 1, 9, "expected a digit" },
	{ TEXT("{\"a\":0x1}"), 1, 7, "expected , or }" },
	{ TEXT("{\"a\":NaN}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":True}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":tru}"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":truex}"), 1, 10, "expected , or }" },
	{ TEXT("{\"a\":nul"), 1, 6, "expected a value" },
	{ TEXT("{\"a\":1 // no\n}"), 1, 8, "expected , or }" },
	{ TEXT("{\f}"), 1, 2, "expected a name" },
	{ TEXT("{\"a\":\"x"), 1, 8, "the text ends inside" },
	{ TEXT("{\"a\":\"x\ny\"}"), 1, 8, "a string does not go over" },
	{ TEXT("{\"a\":\"x\ty\"}"), 1, 8, "a control character" },
	{ TEXT("{\"a\":\"x\0y\"}"), 1, 8, "a control character" },
	{ TEXT("{\"a\":\"\\q\"}"), 1, 7, "an unknown escape" },
	{ TEXT("{\"a\":\"\\"), 1, 7, "an unknown escape" },
	{ TEXT("{\"a\":\"\\\0\"}"), 1, 7, "an unknown escape" },
	{ TEXT("{\"a\":\"\\u12g4\"}"), 1, 7, "expected four hexadecimal" },
	{ TEXT("{\"a\":\"\\u12"), 1, 7, "expected four hexadecimal" },
	{ TEXT("{\"a\":\"\\u0000\"}"), 1, 7, "a NUL character" },
	{ TEXT("{\"a\\u0000b\":1}"), 1, 4, "a NUL character" },
	{ TEXT("{\"a\":\"\\ud800\"}"), 1, 13, "expected the second half" },
	{ TEXT("{\"a\":\"\\ud800\\u0041\"}"), 1, 13, "expected the second half" },
	{ TEXT("{\"a\":\"\\udc00\"}"), 1, 7, "the second half" },
	{ TEXT("{\"a\":\"\xff\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xc3\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\x80\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xc0\x80\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xe0\x80\x80\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xed\xa0\x80\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xf4\x90\x80\x80\"}"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\"\xf0\x9f\x98"), 1, 7, "a string is not valid UTF-8" },
	{ TEXT("{\"\xff\":1}"), 1, 3, "a string is not valid UTF-8" },
	{ TEXT("{\"a\":\xa0"
	       "1}"),
	  1, 6, "expected a value" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++) {
		const struct bad *b = &bad_texts[i];
		/* A block of its own size: a sanitizer sees a byte too far. */
		_cleanup_free_ char *copy = malloc(b->len ? b->len : 1);
		struct jsonscan_error e = { 0 };
		struct reason r = REASON_INIT;
		struct json *j = NULL;
		char want[64];

		assert_non_null(copy);
		memcpy(copy, b->text, b->len);
		assert_int_equal(json_parse(copy, b->len, &j, &r), -EBADMSG);
		assert_null(j);
		assert_int_equal(jsonscan(copy, b->len, NULL, &e), -EBADMSG);
		if (e.line != b->line || e.column != b->column ||
		    strncmp(e.text, b->wrong, strlen(b->wrong)) != 0)
			fail_msg("%s: line %zu, column %zu: %s", b->text, e.line, e.column, e.text);
		snprintf(want, sizeof(want), "line %u, column %u: ", b->line, b->column);
		assert_memory_equal(r.cause, want, strlen(want));
		assert_string_equal(r.verb, "parse");
	}
}

/* What is unusual and right. */
static void test_accepted(void **state)
{
	static const char *const texts[] = {
		"{}",
		" \r\n\t{ } \n",
		"{\"\":\"\"}",
		"{\"a\":[[],{}]}",
		"{\"a\":1E-2,\"b\":-0.5e+10}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
		"{\"a\":\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}",
		"{\"a\":\"\x7f\"}",
		"{\"a\":\"\\u0001\"}",
		"{\"a\":\"\xef\xbb\xbf\"}",
		"{\"a\":1e999}",
		"{\"a\":123456789012345678901234567890123456789012345678901234567890123}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = strlen(texts[i]);
		_cleanup_free_ char *copy = malloc(len);
		_cleanup_json_ struct json *j = NULL;

		memcpy(copy, texts[i], len);
		if (json_parse(copy, len, &j, NULL) != 0)
			fail_msg("%s is refused", texts[i]);
	}
}

static void test_long_number(void **state)
{
	struct json *j = NULL;
	struct reason r;

	(void)state;
	/* One digit more than cJSON copies. */
	assert_int_equal(
		json_parse(
			TEXT("{\"a\":"
			     "1234567890123456789012345678901234567890123456789012345678901234}"),
			&j, &r),
		-EBADMSG);
	assert_non_null(strstr(r.cause, "column 6: a number is longer"));
}

static int parse_nested(unsigned int arrays)
{
	char text[256] = "{\"a\":";
	_cleanup_json_ struct json *j = NULL;
	size_t len = strlen(text);

	memset(text + len, '[', arrays);
	memset(text + len + arrays, ']', arrays);
	text[len + 2 * arrays] = '}';
	return json_parse(text, len + 2 * arrays + 1, &j, NULL);
}

static void test_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(JSON_DEPTH_MAX - 1), 0);
	assert_int_equal(parse_nested(JSON_DEPTH_MAX), -EBADMSG);
	assert_int_equal(parse_nested(100), -EBADMSG);
}

/* Cut anywhere, a document is refused: nothing half-read passes for whole. */
static void test_every_prefix(void **state)
{
	static const char text[] =
		"{\"uuid\":\"1f0c\\u00e9\xc3\xa9\",\"on\":true,\"n\":[-1.5e3,null,{}],\"x\":{}}";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		_cleanup_free_ char *copy = malloc(len ? len : 1);
		struct json *j = NULL;

		memcpy(copy, text, len);
		assert_int_equal(json_parse(copy, len, &j, NULL), -EBADMSG);
	}
}

static void test_utf8_length(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("", 0), 0);
	assert_int_equal(utf8_length("a", 1), 1);
	assert_int_equal(utf8_length("\xc3\xa9", 2), 2);
	assert_int_equal(utf8_length("\xc3\xa9", 1), 0);
	assert_int_equal(utf8_length("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_length("\xf0\x9f\x98\x80x", 5), 4);
	assert_int_equal(utf8_length("\xf5\x80\x80\x80", 4), 0);
	assert_int_equal(utf8_length("\xc1\xbf", 2), 0);
	assert_int_equal(utf8_length("\xf0\x8f\xbf\xbf", 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_long_number),  cmocka_unit_test(test_depth),
		cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_utf8_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
