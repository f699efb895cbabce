/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/cmdline.h"

static const struct {
	const char *spec;
	enum tag_kind kind;
	const char *value;
	unsigned int major, minor;
} good[] = {
	{ "/dev/vda2", TAG_DEVICE, "vda2", 0, 0 },
	{ "/dev/mapper/x", TAG_DEVICE, "mapper/x", 0, 0 },
	{ "/dev/cciss/c0d0p1", TAG_DEVICE, "cciss/c0d0p1", 0, 0 },
	{ "LABEL=resin-rootA", TAG_LABEL, "resin-rootA", 0, 0 },
	{ "LABEL=\"a b\"", TAG_LABEL, "a b", 0, 0 },
	{ "LABEL='a b'", TAG_LABEL, "a b", 0, 0 },
	{ "LABEL=\"a'", TAG_LABEL, "\"a'", 0, 0 },
	{ "LABEL=\"", TAG_LABEL, "\"", 0, 0 },
	{ "LABEL=a=b", TAG_LABEL, "a=b", 0, 0 },
	{ "LABEL=a\\x20b", TAG_LABEL, "a\\x20b", 0, 0 },
	{ "UUID=ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b", TAG_UUID,
	  "ba1eadef-4ced-4ecd-a79f-c0fcd6d1ac3b", 0, 0 },
	{ "PARTLABEL=root", TAG_PARTLABEL, "root", 0, 0 },
	{ "PARTUUID=12345678-02", TAG_PARTUUID, "12345678-02", 0, 0 },
	{ "/dev/disk/by-label/a\\x20b\\x2fc", TAG_LABEL, "a b/c", 0, 0 },
	{ "/dev/disk/by-label/a\\x2", TAG_LABEL, "a\\x2", 0, 0 },
	{ "/dev/disk/by-label/a\\xZZ", TAG_LABEL, "a\\xZZ", 0, 0 },
	{ "/dev/disk/by-label/a\\x00b", TAG_LABEL, "a\\x00b", 0, 0 },
	{ "/dev/disk/by-label/\\x5cx41", TAG_LABEL, "\\x41", 0, 0 },
	{ "/dev/disk/by-label/\"a\"", TAG_LABEL, "\"a\"", 0, 0 },
	{ "/dev/disk/by-uuid/ABCD-1234", TAG_UUID, "ABCD-1234", 0, 0 },
	{ "/dev/disk/by-partlabel/resin-boot", TAG_PARTLABEL, "resin-boot", 0, 0 },
	{ "/dev/disk/by-partuuid/12345678-02", TAG_PARTUUID, "12345678-02", 0, 0 },
	{ "254:2", TAG_DEVNO, "254:2", 254, 2 },
	{ "0:0", TAG_DEVNO, "0:0", 0, 0 },
	{ "4095:1048575", TAG_DEVNO, "4095:1048575", 4095, 1048575 },
	{ "fe02", TAG_DEVNO, "fe02", 0xfe, 2 },
	{ "FE02", TAG_DEVNO, "FE02", 0xfe, 2 },
	{ "103", TAG_DEVNO, "103", 1, 3 },
	{ "12310345", TAG_DEVNO, "12310345", 0x103, 0x12345 }, /* 0x123 | 0x103 | 0x45 */
};

static void test_good(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct tag tag;

		assert_int_equal(tag_parse(&a, good[i].spec, &tag), 0);
		assert_int_equal(tag.kind, good[i].kind);
		assert_string_equal(tag.value, good[i].value);
		assert_int_equal(tag.major, good[i].major);
		assert_int_equal(tag.minor, good[i].minor);
	}
	arena_free(&a);
}

static const char *const bad[] = {
	"",
	"LABEL=",
	"LABEL=\"\"",
	"UUID=",
	"PARTUUID=''",
	"PARTLABEL=",
	"label=x",
	"LABEL",
	"/dev/",
	"/dev",
	"/dev/disk/by-label/",
	"/dev/disk/by-path/pci-0000:00:04.0",
	"/dev/disk/by-id/x",
	"PARTUUID=12345678-02/PARTNROFF=1",
	"sda1",
	"vda",
	"ID=x",
	"1:",
	":1",
	"1:2:3",
	"1:2x",
	"4096:1",
	"1:1048576",
	"-1:2",
	"123456789",
	"0xfe02",
	"fe 02",
};

static void test_bad(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tag tag = { .kind = TAG_NONE, .value = "untouched" };

		assert_int_equal(tag_parse(&a, bad[i], &tag), -EINVAL);
		assert_int_equal(tag.kind, TAG_NONE);
		assert_string_equal(tag.value, "untouched");
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
