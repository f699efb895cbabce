/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/filesystem.h"

static const char listed[] = "nodev\tsysfs\nnodev\ttmpfs\n\text3\n\text4\n\tvfat\n";

static void test_listed(void **state)
{
	static const char *const there[] = { "sysfs", "tmpfs", "ext3", "ext4", "vfat" };
	static const char *const not_there[] = { "ext",	 "ext44", "fs",	  "nodev", "",
						 "tmpf", "vfat2", "Ext4", "ext4\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(there); i++)
		assert_true(filesystem_listed(listed, there[i]));
	for (size_t i = 0; i < ARRAY_SIZE(not_there); i++)
		if (filesystem_listed(listed, not_there[i]))
			fail_msg("\"%s\" is taken for listed", not_there[i]);
}

static void test_listed_at_the_end(void **state)
{
	(void)state;
	assert_true(filesystem_listed("\text4", "ext4"));
	assert_true(filesystem_listed("nodev\tproc", "proc"));
	assert_false(filesystem_listed("", "ext4"));
	assert_false(filesystem_listed("ext4\n", "ext4")); /* no tab: no line of the kernel's */
}

/* FAT cannot be mounted without its code page and character set; nothing else needs any. */
static void test_companions(void **state)
{
	static const char *const fat[] = { "vfat", "msdos" };
	static const char *const others[] = { "ext4", "", "vfat2", "VFAT", "squashfs" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fat); i++) {
		const char *const *name = filesystem_companions(fat[i]);
		bool page = false, set = false;

		for (; *name; name++) {
			page |= strcmp(*name, "nls_cp437") == 0;
			set |= strcmp(*name, "nls_ascii") == 0;
			assert_memory_equal(*name, "nls_", 4);
		}
		assert_true(page && set);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(*filesystem_companions(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_listed_at_the_end),
		cmocka_unit_test(test_companions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
