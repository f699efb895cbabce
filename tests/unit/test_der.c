/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/der.h"

#define BYTES(literal) (const unsigned char *)(literal), sizeof(literal) - 1
#define DER(literal)   ((struct der){ BYTES(literal) })

static void test_take(void **state)
{
	struct der in = DER("\x04\x02hi\x05\x00\x30\x03xyz");
	struct der_element e;

	(void)state;
	assert_true(der_take(&in, &e));
	assert_int_equal(e.tag, DER_OCTETS);
	assert_int_equal(e.content.len, 2);
	assert_memory_equal(e.content.p, "hi", 2);
	assert_int_equal(e.whole.len, 4);
	assert_true(der_take_tag(&in, DER_NULL, &e));
	assert_int_equal(e.content.len, 0);
	assert_false(der_take_tag(&in, DER_SET, &e));
	assert_int_equal(in.len, 5); /* still there */
	assert_true(der_take_tag(&in, DER_SEQUENCE, &e));
	assert_int_equal(in.len, 0);
	assert_false(der_take(&in, &e));
	assert_false(der_take_tag(&in, DER_SEQUENCE, &e));
}

static void test_refused(void **state)
{
	static const struct der bad[] = {
		{ BYTES("") },
		{ BYTES("\x04") },
		{ BYTES("\x04\x01") },
		{ BYTES("\x1f\x01x") },		/* a tag above 30 */
		{ BYTES("\x04\x80x\x00\x00") }, /* indefinite */
		{ BYTES("\x04\x81\x01x") },	/* not the shortest form */
		{ BYTES("\x04\x81\x00") },
		{ BYTES("\x04\x82\x00\x01x") },
		{ BYTES("\x04\x81") }, /* the length is cut short */
		{ BYTES("\x04\x82\x01") },
		{ BYTES("\x04\x84\xff\xff\xff\xff") },	   /* more than there is */
		{ BYTES("\x04\x85\x01\x00\x00\x00\x00") }, /* more than we count */
		{ BYTES("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ BYTES("\x04\xff") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ unsigned char *copy = malloc(bad[i].len + 1);
		struct der in = { copy + 1, bad[i].len };
		struct der_element e;

		memcpy(copy + 1, bad[i].p, bad[i].len);
		if (der_take(&in, &e))
			fail_msg("number %zu is taken", i);
		assert_ptr_equal(in.p, copy + 1);
		assert_int_equal(in.len, bad[i].len);
	}
}

/* At the borders between the forms of a length. */
static void test_lengths(void **state)
{
	static const struct {
		size_t len;
		const char *header;
		size_t n;
	} forms[] = {
		{ 127, "\x04\x7f", 2 },		  { 128, "\x04\x81\x80", 3 },
		{ 255, "\x04\x81\xff", 3 },	  { 256, "\x04\x82\x01\x00", 4 },
		{ 65535, "\x04\x82\xff\xff", 4 }, { 65536, "\x04\x83\x01\x00\x00", 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t size = forms[i].n + forms[i].len;
		_cleanup_free_ unsigned char *copy = calloc(1, size);
		struct der in = { copy, size };
		struct der_element e;

		memcpy(copy, forms[i].header, forms[i].n);
		assert_true(der_take(&in, &e));
		assert_int_equal(e.content.len, forms[i].len);
		assert_int_equal(e.whole.len, size);
		in = (struct der){ copy, size - 1 };
		assert_false(der_take(&in, &e));
	}
}

static void test_fields(void **state)
{
	static const struct der_field fields[] = {
		{ DER_OID, false, der_is_oid },
		{ DER_BOOLEAN, true, der_is_boolean },
		{ DER_OCTETS, false, NULL },
		{ 0xa0, true, NULL },
	};
	struct der content[4] = { 0 };

	(void)state;
	assert_true(der_fields(DER("\x06\x01\x2a\x01\x01\xff\x04\x01x"), fields, 4, content));
	assert_int_equal(content[2].len, 1);
	assert_int_equal(content[2].p[0], 'x');
	assert_null(content[3].p);
	assert_true(der_fields(DER("\x06\x01\x2a\x04\x00\xa0\x00"), fields, 4, NULL));
	assert_false(der_fields(DER("\x06\x01\x2a"), fields, 4, NULL));
	assert_false(der_fields(DER("\x06\x01\x2a\x04\x00\x05\x00"), fields, 4, NULL));
	assert_false(der_fields(DER("\x06\x01\x2a\x04\x00\x01\x01\xff"), fields, 4, NULL));
	assert_false(der_fields(DER("\x06\x01\x2a\x01\x00\x04\x00"), fields, 4, NULL));
	assert_false(der_fields(DER("\x06\x01\x2a\x04\x01"), fields, 4, NULL));
	assert_false(der_fields(DER(""), fields, 4, NULL));
}

static void test_contents(void **state)
{
	(void)state;
	assert_true(der_is_boolean(DER("\xff")));
	assert_false(der_is_boolean(DER("")));
	assert_false(der_is_boolean(DER("\xff\xff")));

	assert_true(der_is_integer(DER("\x00")));
	assert_true(der_is_integer(DER("\xff")));
	assert_true(der_is_integer(DER("\x00\x80")));
	assert_true(der_is_integer(DER("\xff\x7f")));
	assert_false(der_is_integer(DER("")));
	assert_false(der_is_integer(DER("\x00\x7f")));
	assert_false(der_is_integer(DER("\xff\x80")));

	assert_true(der_is_oid(DER("\x2a")));
	assert_true(der_is_oid(DER("\x2a\x86\x80\x0d")));
	assert_false(der_is_oid(DER("")));
	assert_false(der_is_oid(DER("\x80\x01")));
	assert_false(der_is_oid(DER("\x2a\x80\x01")));
	assert_false(der_is_oid(DER("\x2a\x86")));

	assert_true(der_is_bits(DER("\x00")));
	assert_true(der_is_bits(DER("\x00\xff")));
	assert_true(der_is_bits(DER("\x04\xf0")));
	assert_true(der_is_bits(DER("\x07\xff\x80")));
	assert_false(der_is_bits(DER("")));
	assert_false(der_is_bits(DER("\x01")));
	assert_false(der_is_bits(DER("\x08\x00")));
	assert_false(der_is_bits(DER("\x04\xf8")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),	 cmocka_unit_test(test_fields),
		cmocka_unit_test(test_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
