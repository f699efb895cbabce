/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/machineid.h"

#define ID    "0123456789abcdef0123456789abcdef"
#define ZEROS "00000000000000000000000000000000"

static const struct {
	const char *text;
	enum machineid_form form;
} rows[] = {
	{ ID "\n", MACHINEID_GOOD },
	{ ID, MACHINEID_GOOD },
	{ "ffffffffffffffffffffffffffffffff\n", MACHINEID_GOOD },
	{ "00000000000000000000000000000001\n", MACHINEID_GOOD },
	{ "0123456789ABCDEF0123456789ABCDEF\n", MACHINEID_UPPER },
	{ "0123456789abcdef0123456789abcdeF\n", MACHINEID_UPPER },
	{ "", MACHINEID_EMPTY },
	{ "\n", MACHINEID_EMPTY },
	{ "uninitialized\n", MACHINEID_UNINITIALIZED },
	{ "uninitialized", MACHINEID_UNINITIALIZED },
	{ "Uninitialized\n", MACHINEID_DAMAGED },
	{ "uninitialized\n\n", MACHINEID_DAMAGED },
	{ ZEROS "\n", MACHINEID_DAMAGED },
	{ "0123456789abcdef\n", MACHINEID_DAMAGED },
	{ ID "0\n", MACHINEID_DAMAGED },
	{ ID "\n\n", MACHINEID_DAMAGED },
	{ ID "\r\n", MACHINEID_DAMAGED },
	{ " " ID "\n", MACHINEID_DAMAGED },
	{ "0123456789abcdef0123456789abcdeg\n", MACHINEID_DAMAGED },
	{ "01234567-89ab-cdef-0123-456789abcdef\n", MACHINEID_DAMAGED },
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machineid id;

		memset(&id, 0x55, sizeof(id));
		machineid_parse(rows[i].text, strlen(rows[i].text), &id);
		if (id.form != rows[i].form)
			fail_msg("%s: form %d, expected %d", rows[i].text, (int)id.form,
				 (int)rows[i].form);
		assert_int_equal(id.form >= MACHINEID_UPPER, id.text[0] != '\0');
		if (id.form >= MACHINEID_UPPER)
			assert_int_equal(strlen(id.text), MACHINEID_CHARS);
	}
}

/* Torn in a sector that was never written: NULs are no digits. */
static void test_bytes(void **state)
{
	static const char nuls[33];
	struct machineid id;

	(void)state;
	machineid_parse(nuls, sizeof(nuls), &id);
	assert_int_equal(MACHINEID_DAMAGED, id.form);
	machineid_parse(ID "\n\0\0", 35, &id);
	assert_int_equal(MACHINEID_DAMAGED, id.form);
}

static void test_capitals_become_small(void **state)
{
	struct machineid id;

	(void)state;
	machineid_parse("0123456789ABCDEF0123456789abcdef", 32, &id);
	assert_string_equal(ID, id.text);
}

/* systemd's own are UUIDs of version 4: no random number gives zeros. */
static void test_made(void **state)
{
	unsigned char bytes[MACHINEID_LEN] = { 0 };
	struct machineid id, again;

	(void)state;
	machineid_make(bytes, &id);
	assert_int_equal(MACHINEID_GOOD, id.form);
	assert_string_equal("00000000000040008000000000000000", id.text);
	memset(bytes, 0xff, sizeof(bytes));
	machineid_make(bytes, &id);
	assert_string_equal("ffffffffffff4fffbfffffffffffffff", id.text);
	machineid_parse(id.text, strlen(id.text), &again);
	assert_int_equal(MACHINEID_GOOD, again.form);
	assert_string_equal(id.text, again.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_capitals_become_small),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
