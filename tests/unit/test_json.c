/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/json.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static struct json *parse(const char *text)
{
	struct reason r = REASON_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), &j, &r) < 0)
		fail_msg("%s: %s", text, r.cause);
	assert_non_null(j);
	return j;
}

static void test_values(void **state)
{
	_cleanup_json_ struct json *j =
		parse("{\"s\":\"text\",\"t\":true,\"f\":false,\"n\":null,\"i\":-12,"
		      "\"a\":[1,\"x\"],\"o\":{\"S\":\"inner\"}}\n");
	const struct json *e;
	bool b = false;
	int64_t i = 0;

	(void)state;
	assert_int_equal(json_type(j), JSON_OBJECT);
	assert_string_equal(json_string(json_get(j, "s")), "text");
	assert_true(json_bool(json_get(j, "t"), &b) && b);
	assert_true(json_bool(json_get(j, "f"), &b) && !b);
	assert_int_equal(json_type(json_get(j, "n")), JSON_NULL);
	assert_true(json_int(json_get(j, "i"), &i));
	assert_int_equal(i, -12);
	assert_string_equal(json_string(json_get(json_get(j, "o"), "S")), "inner");
	e = json_first(json_get(j, "a"));
	assert_int_equal(json_type(e), JSON_NUMBER);
	assert_null(json_name(e));
	assert_string_equal(json_string(json_next(e)), "x");
	assert_null(json_next(json_next(e)));
	assert_string_equal(json_name(json_first(j)), "s");
}

static void test_lookups_that_fail(void **state)
{
	_cleanup_json_ struct json *j = parse("{\"s\":\"text\",\"a\":[],\"n\":7}");
	bool b = true;
	int64_t i = 5;

	(void)state;
	assert_null(json_get(j, "S")); /* case counts */
	assert_null(json_get(j, ""));
	assert_null(json_get(NULL, "s"));
	assert_null(json_get(json_get(j, "s"), "s"));
	assert_null(json_get(json_get(j, "a"), "s"));
	assert_null(json_string(NULL));
	assert_null(json_string(json_get(j, "n")));
	assert_false(json_bool(json_get(j, "n"), &b));
	assert_false(json_bool(NULL, &b));
	assert_false(json_int(json_get(j, "s"), &i));
	assert_false(json_int(NULL, &i));
	assert_true(b && i == 5); /* untouched */
	assert_null(json_first(json_get(j, "a")));
	assert_null(json_first(json_get(j, "s")));
	assert_null(json_first(NULL));
}

static void test_type_names(void **state)
{
	(void)state;
	assert_string_equal(json_type_name(JSON_NULL), "null");
	assert_string_equal(json_type_name(JSON_BOOL), "boolean");
	assert_string_equal(json_type_name(JSON_NUMBER), "number");
	assert_string_equal(json_type_name(JSON_STRING), "string");
	assert_string_equal(json_type_name(JSON_ARRAY), "array");
	assert_string_equal(json_type_name(JSON_OBJECT), "object");
}

static void expect_int(const char *number, bool whole, int64_t want)
{
	char text[128];
	_cleanup_json_ struct json *j = NULL;
	int64_t i = 0;

	snprintf(text, sizeof(text), "{\"i\":%s}", number);
	j = parse(text);
	if (json_int(json_get(j, "i"), &i) != whole)
		fail_msg("%s is%s taken for a whole number", number, whole ? " not" : "");
	if (whole && i != want)
		fail_msg("%s is %lld", number, (long long)i);
}

static void test_numbers(void **state)
{
	(void)state;
	expect_int("0", true, 0);
	expect_int("-0", true, 0);
	expect_int("3600", true, 3600);
	expect_int("1e3", true, 1000);
	expect_int("9007199254740991", true, 9007199254740991);
	expect_int("-9007199254740991", true, -9007199254740991);
	expect_int("9007199254740992", false, 0);
	expect_int("9007199254740993", false, 0);
	expect_int("1.5", false, 0);
	expect_int("1e999", false, 0);
	expect_int("-1e999", false, 0);
	expect_int("99999999999999999999", false, 0);
}

static void test_last_of_equal_names(void **state)
{
	_cleanup_json_ struct json *j =
		parse("{\"a\":1,\"b\":{\"x\":1,\"x\":[{\"y\":1,\"y\":2}]},\"a\":2,"
		      "\"A\":9,\"a\":3}");
	unsigned int n = 0;
	int64_t i = 0;

	(void)state;
	assert_true(json_int(json_get(j, "a"), &i) && i == 3);
	for (const struct json *c = json_first(j); c; c = json_next(c))
		n++;
	assert_int_equal(n, 3); /* b, A, a: the overridden ones are gone */
	assert_true(json_int(json_get(json_first(json_get(json_get(j, "b"), "x")), "y"), &i) &&
		    i == 2);
	assert_null(json_next(json_first(json_get(j, "b"))));
}

/* A name written with an escape is the same name. */
static void test_escaped_names(void **state)
{
	_cleanup_json_ struct json *j =
		parse("{\"os\":1,\"\\u006fs\":2,\"e\":\"\\ud83d\\ude00\\n\\u00e9\"}");
	int64_t i = 0;

	(void)state;
	assert_true(json_int(json_get(j, "os"), &i) && i == 2);
	assert_string_equal(json_string(json_get(j, "e")), "\xf0\x9f\x98\x80\n\xc3\xa9");
}

/* 4000 members of one name, and of as many names: no quadratic time. */
static void test_big_objects(void **state)
{
	const size_t n = 4000;
	_cleanup_free_ char *text = malloc(n * 16 + 16);

	(void)state;
	for (int distinct = 0; distinct < 2; distinct++) {
		_cleanup_json_ struct json *j = NULL;
		clock_t start = clock();
		size_t len = 1, members = 0;

		text[0] = '{';
		for (size_t i = 0; i < n; i++)
			len += (size_t)sprintf(text + len, "\"%zu\":1,", distinct ? i : 7);
		text[len - 1] = '}';
		assert_int_equal(json_parse(text, len, &j, NULL), 0);
		for (const struct json *c = json_first(j); c; c = json_next(c))
			members++;
		assert_int_equal(members, distinct ? n : 1);
		assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2.0);
	}
}

/* What the scan lets through is bounded: each value costs memory. */
static void test_too_many_values(void **state)
{
	_cleanup_free_ char *text = malloc(4 * JSON_VALUES_MAX + 16);
	_cleanup_json_ struct json *j = NULL, *more = NULL;
	struct reason r = REASON_INIT;
	size_t len;

	(void)state;
	len = (size_t)sprintf(text, "{\"a\":[0");
	for (size_t i = 0; i < JSON_VALUES_MAX - 3; i++)
		len += (size_t)sprintf(text + len, ",0");
	assert_int_equal(json_parse(text, len + (size_t)sprintf(text + len, "]}"), &j, NULL), 0);
	len += (size_t)sprintf(text + len, ",0]}");
	assert_int_equal(json_parse(text, len, &more, &r), -EBADMSG);
	assert_non_null(strstr(r.cause, "there are too many values"));
}

/* Where each value stands, and which of several has overridden the others. */
static void test_offsets(void **state)
{
	static const char text[] = " { \"a\" : [ 1, {\"b\":true} ], \"c\":1, \"c\":{} }";
	_cleanup_json_ struct json *j = parse(text);
	const struct json *a = json_get(j, "a"), *c = json_get(j, "c");

	(void)state;
	assert_int_equal(json_offset(j), 1);
	assert_int_equal(json_offset(a), 3);
	assert_int_equal(json_offset(json_first(a)), 11);
	assert_int_equal(json_offset(json_next(json_first(a))), 14);
	assert_int_equal(json_offset(json_first(json_next(json_first(a)))), 15);
	assert_int_equal(json_offset(c), strstr(strstr(text, "\"c\"") + 1, "\"c\"") - text);
	assert_true(json_overrides(c));
	assert_false(json_overrides(a));
	assert_int_equal(json_type(c), JSON_OBJECT);
}

/* Items of a list are freed as they are added, and the whole reads as any array. */
static void test_list(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *top = json_new_object(), *again = NULL;
	struct json_list list = { 0 }, empty = { 0 };
	const struct json *item;
	int64_t n, i = 0;
	char *text;

	(void)state;
	for (int k = 0; k < 1000; k++) {
		struct json *one = json_new_object();

		json_add_int(one, "n", k);
		json_add_string(one, "text", "a\n\"b\"");
		json_list_add(&list, one);
	}
	json_add_list(top, "list", &list);
	json_add_list(top, "empty", &empty);
	text = json_print(top, &a);
	again = parse(text);
	assert_null(json_first(json_get(again, "empty")));
	assert_int_equal(json_type(json_get(again, "empty")), JSON_ARRAY);
	for (item = json_first(json_get(again, "list")); item; item = json_next(item), i++)
		assert_true(json_int(json_get(item, "n"), &n) && n == i);
	assert_int_equal(i, 1000);
	assert_int_equal(json_count(json_get(again, "list")), 1 + 3 * 1000);
}

static void test_list_with_a_failed_item(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *top = json_new_object();
	struct json_list list = { 0 };

	(void)state;
	json_list_add(&list, json_new_object());
	json_list_add(&list, NULL);
	json_add_list(top, "list", &list);
	assert_null(json_print(top, &a));
	json_list_add(&list, json_new_object());
	json_add_list(NULL, "list", &list); /* the parent failed: nothing is leaked */
	assert_null(list.text);
}

static void test_build(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *j = json_new_object();
	_cleanup_json_ struct json *again = NULL;
	struct json *list, *inner;
	int64_t i = 0;
	bool b = false;
	char *text;

	(void)state;
	json_add_string(j, "s", "a \"b\"\n\xc3\xa9");
	json_add_string(j, "none", NULL);
	json_add_string(j, "bad", "x\xff\xc3y");
	json_add_int(j, "max", INT64_MAX);
	json_add_int(j, "min", INT64_MIN);
	json_add_int(j, "small", -5);
	json_add_bool(j, "yes", true);
	list = json_add_array(j, "list");
	json_append_string(list, "one");
	json_append_string(list, NULL);
	inner = json_append_object(list);
	json_add_bool(inner, "no", false);
	json_add_string(json_add_object(j, "o"), "k", "v");
	assert_int_equal(json_type(json_get(j, "small")), JSON_NUMBER);

	text = json_print(j, &a);
	assert_non_null(text);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_non_null(strstr(text, "9223372036854775807"));
	assert_non_null(strstr(text, "-9223372036854775808"));
	assert_int_equal(json_parse(text, strlen(text), &again, NULL), 0);
	assert_string_equal(json_string(json_get(again, "s")), "a \"b\"\n\xc3\xa9");
	assert_string_equal(json_string(json_get(again, "bad")), "x\xef\xbf\xbd\xef\xbf\xbdy");
	assert_int_equal(json_type(json_get(again, "none")), JSON_NULL);
	assert_true(json_int(json_get(again, "small"), &i) && i == -5);
	assert_true(json_bool(json_get(again, "yes"), &b) && b);
	assert_string_equal(json_string(json_first(json_get(again, "list"))), "one");
	assert_string_equal(json_string(json_get(json_get(again, "o"), "k")), "v");
}

static void test_build_on_nothing(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;

	(void)state;
	assert_null(json_add_object(NULL, "x"));
	assert_null(json_add_array(NULL, "x"));
	assert_null(json_append_object(NULL));
	json_add_string(NULL, "x", "y");
	json_add_int(NULL, "x", 1);
	json_add_bool(NULL, "x", true);
	json_append_string(NULL, "x");
	assert_null(json_print(NULL, &a));
	json_free(NULL);
}

/* Memory that is short once: of cJSON's allocations the Nth fails, counted from 0. */
static unsigned int allocation, failing_allocation;

static void *scarce_malloc(size_t size)
{
	return allocation++ == failing_allocation ? NULL : malloc(size);
}

static void fail_allocation(unsigned int nth)
{
	allocation = 0;
	failing_allocation = nth;
}

/* Either all of it or NULL: a document that lacks a member for want of memory is never printed. */
static bool build_without(unsigned int nth)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *j = NULL;
	struct json *list;
	char *text;

	fail_allocation(nth);
	j = json_new_object();
	json_add_string(j, "s", "v");
	list = json_add_array(j, "list");
	json_append_string(list, "x");
	json_add_bool(json_append_object(list), "b", true);
	json_add_int(json_add_object(j, "o"), "i", 1);
	text = json_print(j, &a);
	if (text)
		assert_string_equal(
			text, "{\n\t\"s\":\t\"v\",\n\t\"list\":\t[\"x\", {\n\t\t\t\"b\":\ttrue\n"
			      "\t\t}],\n\t\"o\":\t{\n\t\t\"i\":\t1\n\t}\n}\n");
	return text != NULL;
}

static void test_memory_ends(void **state)
{
	cJSON_Hooks scarce = { .malloc_fn = scarce_malloc, .free_fn = free };
	unsigned int n = 0;

	(void)state;
	cJSON_InitHooks(&scarce);
	while (!build_without(n))
		assert_true(n++ < 100);
	assert_true(n > 10);
	for (n = 0;; n++) {
		struct reason r = REASON_INIT;
		struct json *j = NULL;
		int err;

		fail_allocation(n);
		err = json_parse(TEXT("{\"a\":[1,\"x\"],\"a\":{\"b\":\"\\n\"}}"), &j, &r);
		if (err == 0) {
			json_free(j);
			break;
		}
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(r.err, ENOMEM);
		assert_null(j);
	}
	assert_true(n > 5);
	cJSON_InitHooks(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lookups_that_fail),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_last_of_equal_names),
		cmocka_unit_test(test_escaped_names),
		cmocka_unit_test(test_big_objects),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_with_a_failed_item),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_on_nothing),
		cmocka_unit_test(test_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
