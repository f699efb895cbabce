/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/nearmiss.h"

static void test_near(void **state)
{
	static const char *const pairs[][2] = {
		{ "hostname", "hostname" },
		{ "Hostname", "hostname" },
		{ "hostnam", "hostname" },
		{ "hostnmae", "hostname" },
		{ "hostnames", "hostname" },
		{ "host_name", "hostname" },
		{ "dnsServer", "dnsServers" },
		{ "os.sshkeys", "os.sshKeys" },
		{ "OS", "os" },
		{ "persistantLoging", "persistentLogging" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!near_miss(pairs[i][0], pairs[i][1]))
			fail_msg("%s, %s", pairs[i][0], pairs[i][1]);
}

static void test_far(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "os" },		{ "ox", "os.fan" },	  { "ab", "os" },
		{ "name", "hostname" }, { "hoxtxame", "hostna" }, { "uu", "uuid" },
		{ "mine", "files" },
	};
	char longer[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (near_miss(pairs[i][0], pairs[i][1]))
			fail_msg("%s, %s", pairs[i][0], pairs[i][1]);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_false(near_miss(longer, longer)); /* longer than any key */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
