/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bootfiles.h"
#include "lib/digest.h"

static void test_ignored_names(void **state)
{
	static const char *const ignored[] = {
		"",
		"resin-sample.ignore",
		"SAMPLE.IGNORE",
		".hidden",
		"..",
		"wifi~",
		"wifi.nmconnection~",
		".wifi.swp",
		".resin-wifi.0a1b2c3d.d41d8cd98f00b204e9800998ecf8427e.md5sum",
	};
	static const char *const delivered[] = {
		"wifi",	       "resin-wifi-0", "wifi.nmconnection",
		"wifi.12345",  "wifi.1234567", "wifi.123-56",
		"ignore",      "wifi.ignored", "my pem",
		"ca.pem",      "wifi.aB3dE6",  "ca.pem.nmconnection",
		"Caf\xc3\xa9", "a.ABCDEF.b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (!connection_is_ignored(ignored[i]))
			fail_msg("\"%s\" is delivered", ignored[i]);
	for (size_t i = 0; i < ARRAY_SIZE(delivered); i++)
		if (connection_is_ignored(delivered[i]))
			fail_msg("\"%s\" is ignored", delivered[i]);
}

/* The text in a block of its own size. */
static const char *problem_of(const char *name, const char *text, size_t len)
{
	_cleanup_free_ char *copy = malloc(len + 1);
	struct boot_file file = { .name = name, .data = copy, .len = len };

	memcpy(copy, text, len);
	copy[len] = '\0';
	return connection_problem(&file);
}

/* mkstemp()'s names are six letters behind a dot, and NetworkManager takes none of them. */
static void test_temporary_names(void **state)
{
	static const char text[] = "[connection]\n";

	(void)state;
	assert_string_equal(problem_of("wifi.aB3dE6", text, strlen(text)),
			    "has a name that NetworkManager takes for a temporary file's");
	assert_non_null(problem_of("home.mobile", text, strlen(text)));
	assert_null(problem_of("wifi.12345", text, strlen(text)));
	assert_null(problem_of("wifi.123-56", text, strlen(text)));
}

/* What connections refer to may be anything, but not nothing. */
static void test_credentials(void **state)
{
	(void)state;
	assert_null(problem_of("ca.pem", "\0\x80", 2));
	assert_null(problem_of("ca.PEM", "x", 1));
	assert_null(problem_of("client.der", "x", 1));
	assert_null(problem_of("client.p12", "x", 1));
	assert_string_equal(problem_of("ca.pem", "", 0), "is empty");
	assert_non_null(problem_of("a/ca.pem", "x", 1));
	assert_non_null(problem_of("ca.pem.txt", "x", 1));
}

static void expect(const char *text, const char *want)
{
	const char *wrong = problem_of("wifi", text, strlen(text));

	if ((wrong == NULL) != (want == NULL) || (want && strncmp(wrong, want, strlen(want)) != 0))
		fail_msg("\"%s\": %s", text, wrong ? wrong : "is good");
}

#define GOOD "[connection]\nid=wifi\n"

static void test_names(void **state)
{
	char name[300] = "";
	static const char *const bad[] = { "",	       "a/b",  "/",    ".a",	"a\nb",
					   "a\x1b[2J", "\x7f", "\xff", "a\xc3", "\xed\xa0\x80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *wrong = problem_of(bad[i], GOOD, strlen(GOOD));

		assert_non_null(wrong);
		assert_non_null(strstr(wrong, "name"));
	}
	memset(name, 'n', 255);
	assert_null(problem_of(name, GOOD, strlen(GOOD)));
	memset(name, 'n', 256);
	assert_non_null(problem_of(name, GOOD, strlen(GOOD)));
	assert_null(problem_of("Caf\xc3\xa9 - 2,4 GHz*", GOOD, strlen(GOOD)));
}

static void test_good_key_files(void **state)
{
	static const char *const good[] = {
		"[connection]",
		"[connection]\n",
		"\r\n# comment\r\n\r\n[connection]\t \r\nid=x\r\ntype=wifi\r\n",
		"[wifi]\nssid=a\n[connection]\nid=b",
		"\n \t[connection]\n\t id = x \n",
		"#[\n[connection]\n  # a comment\n",
		GOOD "name[de]=x\nname[sr@latin]=y\nname[pt_BR.UTF-8]=\n",
		GOOD "empty=\nwith=a=b[c]\nspace in key=1\npsk=\tx \\n\\s;;\n",
		GOOD "[wireguard-peer.AbC/+=]\nendpoint=[::1]:51820\n",
		GOOD "ssid=Caf\xc3\xa9\n[connection]\nlatin-1=\xe9\n",
		GOOD "a.b-c_d/e:f;g=1\n;semicolon=not a comment\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		expect(good[i], NULL);
}

static void test_bad_key_files(void **state)
{
	static const char neither[] = "has a line that is neither";
	static const char no_group[] = "has no [connection] group";

	(void)state;
	expect("", "is empty");
	expect("\n", no_group);
	expect("[Connection]\nid=x\n", no_group);
	expect("[connection ]\n", no_group);
	expect("[wifi]\nconnection=1\n", no_group);
	expect("# [connection]\n", no_group);
	expect("id=x\n[connection]\n", "has a key before its first group");
	expect("\xef\xbb\xbf[connection]\n", "begins with a byte order mark");
	expect(GOOD "nonsense\n", neither);
	expect(GOOD "=value\n", neither);
	expect(GOOD " =value\n", neither);
	expect(GOOD "[]\n", neither);
	expect(GOOD "[\n", neither);
	expect(GOOD "[wifi\n", neither);
	expect(GOOD "[wi[fi]\n", neither);
	expect(GOOD "[wi\tfi]\n", neither);
	expect(GOOD "caf\xe9=1\n", neither);
	expect(GOOD "[wifi] x\n", neither);
	expect(GOOD "[wifi]x=1\n", neither);
	expect(GOOD "[wifi] # comment\n", neither);
	expect(GOOD "a]=1\n", neither);
	expect(GOOD "a[de=1\n", neither);
	expect(GOOD "a[de]x=1\n", neither);
	expect(GOOD "a[d e]=1\n", neither);
	expect(GOOD "a [de]=1\n", neither);
	expect(GOOD "; comment\n", neither);
	expect("[connection]\r", neither); /* GLib takes that off in front of a newline only */
	expect(GOOD "a=\x1b[2J\n", "has a control character");
	expect(GOOD "a=\x7f\n", "has a control character");
	expect(GOOD "\f\n", "has a control character");
	assert_string_equal(problem_of("wifi", "[connection]\0\n", 14), "has a NUL character");
	assert_string_equal(problem_of("wifi", "[connection]\n\0", 14), "has a NUL character");
}

static void test_key_file_that_is_not_read(void **state)
{
	struct boot_file file = { .name = "wifi", .err = -EFBIG };
	_cleanup_free_ char *big = malloc(CONNECTION_MAX_BYTES + 2);

	(void)state;
	assert_string_equal(connection_problem(&file), "is larger than 64 KiB");
	file.err = -EIO;
	assert_string_equal(connection_problem(&file), "cannot be read");
	file.err = 0;
	assert_string_equal(connection_problem(&file), "cannot be read");
	memset(big, '\n', CONNECTION_MAX_BYTES + 1);
	big[CONNECTION_MAX_BYTES + 1] = '\0';
	memcpy(big, GOOD, strlen(GOOD));
	file.data = big;
	file.len = CONNECTION_MAX_BYTES;
	assert_null(connection_problem(&file));
	file.len++;
	assert_string_equal(connection_problem(&file), "is larger than 64 KiB");
}

/* Whatever the bytes are, there is an answer and no byte read too far; the text is not in it. */
static void test_every_byte_of_a_key_file(void **state)
{
	static const char text[] = "# c\r\n[connection]\r\nid[de]=x\n\n[wifi]\nssid = y\n";
	char copy[sizeof(text)];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		(void)problem_of("wifi", text, len);
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (unsigned int v = 0; v < 256; v++) {
			memcpy(copy, text, sizeof(text));
			copy[at] = (char)v;
			(void)problem_of("wifi", copy, sizeof(text) - 1);
		}
}

/* 2 by 1 pixels, with a text chunk. */
static const unsigned char png[] = {
	0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
	0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0xd1,
	0x49, 0x20, 0x56, 0x00, 0x00, 0x00, 0x07, 0x74, 0x45, 0x58, 0x74, 0x54, 0x69, 0x74, 0x6c,
	0x65, 0x00, 0x78, 0x29, 0x7e, 0x4d, 0x3a, 0x00, 0x00, 0x00, 0x0b, 0x49, 0x44, 0x41, 0x54,
	0x78, 0xda, 0x63, 0x10, 0xf8, 0x0f, 0x00, 0x01, 0x22, 0x01, 0x10, 0x58, 0xb0, 0x0c, 0x9b,
	0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};
#define IHDR 8u
#define TEXT (IHDR + 25)
#define IDAT (TEXT + 19)
#define IEND (sizeof(png) - 12)

static const char *splash_of(const void *data, size_t len)
{
	_cleanup_free_ char *copy = malloc(len + 1);
	struct boot_file file = { .name = "resin-logo.png", .data = copy, .len = len };

	memcpy(copy, data, len);
	copy[len] = '\0';
	return splash_problem(&file);
}

static void test_splash(void **state)
{
	unsigned char longer[sizeof(png) + 1] = { 0 };

	(void)state;
	assert_null(splash_of(png, sizeof(png)));
	memcpy(longer, png, sizeof(png));
	assert_string_equal(splash_of(longer, sizeof(longer)), "has something behind its end");
	assert_string_equal(splash_of("", 0), "is empty");
	assert_string_equal(splash_of("GIF89a", 6), "is not a PNG image");
	assert_string_equal(splash_of("\x89PNG\r\r\n\x1a\n", 9), "is not a PNG image");
	assert_string_equal(splash_of(png, IHDR), "is cut short");
}

/* A byte less anywhere, or of another value: never taken for whole. */
static void test_every_length_and_byte_of_a_splash(void **state)
{
	unsigned char copy[sizeof(png)];

	(void)state;
	for (size_t len = 0; len < sizeof(png); len++)
		assert_non_null(splash_of(png, len));
	memcpy(copy, png, sizeof(png));
	for (size_t at = 0; at < sizeof(png); at++)
		for (unsigned int v = 1; v < 256; v++) {
			copy[at] = (unsigned char)(png[at] ^ v);
			if (!splash_of(copy, sizeof(copy)))
				fail_msg("byte %zu as %02x", at, copy[at]);
			copy[at] = png[at];
		}
}

static void put32(unsigned char *p, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Puts the checksum of the chunk at `at` right again. */
static void seal(unsigned char *image, size_t at, size_t len)
{
	put32(image + at + 8 + len, digest_crc32(image + at + 4, 4 + len));
}

/* Chunks that are whole, and an image that is not. */
static void test_wrong_images(void **state)
{
	unsigned char copy[sizeof(png) + 64];
	size_t rest;

	(void)state;
	for (size_t field = 0; field < 2; field++)
		for (size_t i = 0; i < 2; i++) {
			memcpy(copy, png, sizeof(png));
			put32(copy + IHDR + 8 + 4 * field, i ? 0x80000000u : 0);
			seal(copy, IHDR, 13);
			assert_string_equal(splash_of(copy, sizeof(png)),
					    "is not a PNG image: it has no valid header");
		}
	/* The header is not the first. */
	rest = sizeof(png) - TEXT;
	memcpy(copy, png, IHDR);
	memcpy(copy + IHDR, png + TEXT, rest);
	assert_string_equal(splash_of(copy, IHDR + rest),
			    "is not a PNG image: it has no valid header");
	/* No data; no end; an end with data in it; one chunk more behind the end. */
	memcpy(copy, png, IDAT);
	memcpy(copy + IDAT, png + IEND, 12);
	assert_string_equal(splash_of(copy, IDAT + 12), "is not a PNG image: it has no image data");
	assert_string_equal(splash_of(png, IEND), "is cut short");
	memcpy(copy, png, sizeof(png));
	memset(copy + IEND + 8, 'x', 8);
	put32(copy + IEND, 1);
	seal(copy, IEND, 1);
	assert_string_equal(splash_of(copy, sizeof(png) + 1), "has something behind its end");
	memcpy(copy, png, sizeof(png));
	memcpy(copy + sizeof(png), png + TEXT, 19);
	assert_string_equal(splash_of(copy, sizeof(png) + 19), "has something behind its end");
	/* Lengths up to the largest. */
	memcpy(copy, png, sizeof(png));
	for (unsigned int bit = 4; bit < 32; bit++) {
		put32(copy + TEXT, 1u << bit);
		assert_non_null(splash_of(copy, sizeof(png)));
	}
	put32(copy + TEXT, UINT32_MAX);
	assert_string_equal(splash_of(copy, sizeof(png)), "is cut short");
}

static void test_splash_that_is_not_read(void **state)
{
	struct boot_file file = { .name = "resin-logo.png", .err = -EFBIG };

	(void)state;
	assert_string_equal(splash_problem(&file), "is larger than 4 MiB");
	file.err = -EACCES;
	assert_string_equal(splash_problem(&file), "cannot be read");
	file = (struct boot_file){ .data = "", .len = SPLASH_MAX_BYTES + 1 };
	assert_string_equal(splash_problem(&file), "is larger than 4 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ignored_names),
		cmocka_unit_test(test_temporary_names),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_good_key_files),
		cmocka_unit_test(test_bad_key_files),
		cmocka_unit_test(test_key_file_that_is_not_read),
		cmocka_unit_test(test_every_byte_of_a_key_file),
		cmocka_unit_test(test_splash),
		cmocka_unit_test(test_every_length_and_byte_of_a_splash),
		cmocka_unit_test(test_wrong_images),
		cmocka_unit_test(test_splash_that_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
