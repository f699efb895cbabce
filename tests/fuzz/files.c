/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The other files that are read: connections, the splash image, the manifest, and names of leftovers. The
 * input: a byte that says which, then the file; a connection has its name in front, up to a line break.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bootfiles.h"
#include "lib/config.h"
#include "lib/digest.h"
#include "lib/manifest.h"
#include "tests/fuzz/fuzz.h"

#define LEFTOVER_BYTES 61u /* .config.json.XXXXXXXX.MD5.md5sum */

/* NUL-terminated, in a block of its own size. */
static char *terminated(const struct input *in)
{
	char *copy = malloc(in->len + 1);

	MUST(copy);
	if (in->len > 0)
		memcpy(copy, in->p, in->len);
	copy[in->len] = '\0';
	return copy;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && strcasecmp(name + len - n, suffix) == 0;
}

static bool is_credential(const char *name)
{
	static const char *const suffixes[] = { ".pem", ".der", ".crt", ".cer",
						".key", ".p12", ".pfx", ".pac" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (ends_in(name, suffixes[i]))
			return true;
	return false;
}

static void try_connection(const struct input *in)
{
	const char *newline = in->len ? memchr(in->p, '\n', in->len) : NULL;
	size_t name_len = newline ? (size_t)(newline - in->p) : in->len;
	const struct input name_part = { in->p, name_len };
	const struct input rest = { in->p + name_len, in->len - name_len };
	_cleanup_free_ char *name = terminated(&name_part), *data = terminated(&rest);
	const struct boot_file file = { .name = name, .data = data, .len = rest.len };
	const struct boot_file unread = { .name = name, .data = NULL, .err = -EIO };
	const char *wrong = connection_problem(&file);

	MUST(connection_problem(&unread));
	if (wrong) {
		MUST(*wrong && is_clean(wrong, false) && strlen(wrong) < 80);
		return;
	}
	MUST(*name && *name != '.' && strlen(name) <= 255);
	MUST(!strchr(name, '/') && is_clean(name, false));
	if (is_credential(name))
		return;
	MUST(strlen(data) == rest.len && strstr(data, "[connection]"));
	for (const char *p = data; *p; p++)
		MUST((unsigned char)*p >= ' ' || strchr("\t\n\r", *p));
}

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Nobody guesses a checksum: puts the right ones behind the chunks. */
static void mend_checksums(char *data, size_t len)
{
	unsigned char *p = (unsigned char *)data + 8;

	for (size_t left = len < 8 ? 0 : len - 8; left >= 12;) {
		size_t n = be32(p);
		uint32_t crc;

		if (n > left - 12)
			return;
		crc = digest_crc32(p + 4, 4 + n);
		for (size_t i = 0; i < 4; i++)
			p[8 + n + i] = (unsigned char)(crc >> (24 - 8 * i));
		p += 12 + n;
		left -= 12 + n;
	}
}

static void check_splash(const char *data, size_t len)
{
	static const char end[] = { 0, 0, 0, 0, 'I', 'E', 'N', 'D', '\xae', 'B', '\x60', '\x82' };
	const struct boot_file file = { .name = "balena-logo.png", .data = data, .len = len };
	const char *wrong = splash_problem(&file);

	if (wrong) {
		MUST(*wrong && is_clean(wrong, false) && strlen(wrong) < 80);
		return;
	}
	MUST(len >= 57 && memcmp(data, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) == 0);
	MUST(memcmp(data + len - sizeof(end), end, sizeof(end)) == 0);
	MUST(memmem(data + 33, len - 33 - sizeof(end), "IDAT", 4));
}

static void try_splash(const struct input *in)
{
	_cleanup_free_ char *data = terminated(in);

	check_splash(data, in->len);
	mend_checksums(data, in->len);
	check_splash(data, in->len);
}

static void check_files(const struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *path = m->file[i].path, *known = m->file[i].known;

		MUST(path[0] == '/' && path[1] && !strstr(path, "//") && !strstr(path, "/../"));
		MUST(path[strlen(path) - 1] != '/' && is_clean(path, false));
		MUST(!known || (strlen(known) + 1) % 41 == 0);
		MUST(i == 0 || strcmp(m->file[i - 1].path, path) < 0);
		MUST(manifest_find(m, path) == &m->file[i]);
	}
}

static void try_manifest(const struct input *in)
{
	_cleanup_free_ char *data = input_copy(in);
	struct arena a = ARENA_INIT;
	struct reason r = REASON_INIT;
	struct manifest m, again;
	const char *text, *second;
	size_t len, second_len;
	int err = manifest_parse(&a, data, in->len, &m, &r);

	if (err < 0) {
		MUST(err == -EBADMSG && m.n == 0 && is_clean(r.cause, false));
		arena_free(&a);
		return;
	}
	check_files(&m);
	text = manifest_text(&a, &m, &len);
	MUST(text && strlen(text) == len && len <= in->len);
	MUST(manifest_parse(&a, text, len, &again, NULL) == 0);
	MUST(again.n == m.n);
	second = manifest_text(&a, &again, &second_len);
	MUST(second && strcmp(text, second) == 0);
	arena_free(&a);
}

static void try_name(const struct input *in)
{
	_cleanup_free_ char *name = terminated(in);

	if (config_is_leftover(name)) {
		MUST(strlen(name) == LEFTOVER_BYTES && name[0] == '.' && !strchr(name, '/'));
		MUST(strspn(name, ".0123456789abcdefghijklmnopqrstuvwxyzABCDEF") == LEFTOVER_BYTES);
		MUST(connection_is_ignored(name));
	}
	if (!connection_is_ignored(name))
		MUST(*name && *name != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const struct input *in) = {
		try_connection,
		try_splash,
		try_manifest,
		try_name,
	};
	struct input in = { (const char *)data, size };
	unsigned int which = input_byte(&in) % ARRAY_SIZE(tries);

	tries[which](&in);
	return 0;
}
