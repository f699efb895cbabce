/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/bootfiles.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/jsonscan.h"

#define NAME_MAX_BYTES	255u
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* What g_ascii_isspace() means. */
static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && strcasecmp(name + len - n, suffix) == 0;
}

/* To NetworkManager a dot with six letters or digits behind it ends a temporary file of mkstemp(). */
static bool looks_temporary(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t n = 0;

	if (!dot)
		return false;
	while (is_letter_or_digit(dot[1 + n]))
		n++;
	return n == 6 && dot[7] == '\0';
}

/* Hidden are the leftovers of fatrw too: .NAME.XXXXXXXX.MD5.md5sum */
bool connection_is_ignored(const char *name)
{
	size_t len = strlen(name);

	return len == 0 || name[0] == '.' || name[len - 1] == '~' || has_suffix(name, ".ignore");
}

/* What connections refer to; to be delivered as it is. */
static bool is_credential(const char *name)
{
	static const char *const suffixes[] = { ".pem", ".der", ".crt", ".cer",
						".key", ".p12", ".pfx", ".pac" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (has_suffix(name, suffixes[i]))
			return true;
	return false;
}

static const char *read_problem(const struct boot_file *file, size_t max, const char *too_large)
{
	if (file->err == -EFBIG || (file->err == 0 && file->len > max))
		return too_large;
	if (file->err < 0 || !file->data)
		return "cannot be read";
	return file->len == 0 ? "is empty" : NULL;
}

static const char *name_problem(const char *name)
{
	size_t len = strlen(name);

	if (len == 0)
		return "has no name";
	if (len > NAME_MAX_BYTES)
		return "has a name that is longer than 255 bytes";
	if (name[0] == '.')
		return "has a name that begins with a dot";
	for (size_t n, i = 0; i < len; i += n) {
		n = utf8_length(name + i, len - i);
		if (n == 0)
			return "has a name that is not valid UTF-8";
		if (name[i] == '/')
			return "has a name with a slash";
		if (is_control(name[i]))
			return "has a name with a control character";
	}
	return NULL;
}

/* A line of a key file, without its end and the white space before it. */
struct line {
	const char *p;
	size_t len;
};

static bool take_line(const char **text, const char *end, struct line *ret)
{
	const char *start = *text, *newline, *stop;

	if (start >= end)
		return false;
	newline = memchr(start, '\n', (size_t)(end - start));
	stop = newline ? newline : end;
	*text = newline ? newline + 1 : end;
	if (newline && stop > start && stop[-1] == '\r')
		stop--;
	while (start < stop && is_space(*start))
		start++;
	*ret = (struct line){ start, (size_t)(stop - start) };
	return true;
}

/* [NAME] and blanks; gives the name. */
static bool is_group(const struct line *l, struct line *ret_name)
{
	const char *close = memchr(l->p, ']', l->len);

	if (l->len == 0 || l->p[0] != '[' || !close || close == l->p + 1)
		return false;
	*ret_name = (struct line){ l->p + 1, (size_t)(close - l->p) - 1 };
	for (size_t i = 0; i < ret_name->len; i++)
		if (ret_name->p[i] == '[' || is_control(ret_name->p[i]))
			return false;
	while (++close < l->p + l->len)
		if (*close != ' ' && *close != '\t')
			return false;
	return true;
}

/* KEY=VALUE or KEY[LOCALE]=VALUE; blanks may stand before the `=`. The value may be Latin-1: that is for
 * NetworkManager to say. */
static bool is_pair(const struct line *l)
{
	const char *equals = memchr(l->p, '=', l->len), *key = l->p, *end = equals;

	if (!equals)
		return false;
	while (end > key && is_space(end[-1]))
		end--;
	for (size_t n; key < end && *key != '[' && *key != ']'; key += n) {
		n = utf8_length(key, (size_t)(end - key));
		if (n == 0)
			return false;
	}
	if (key == l->p || key[-1] == ' ')
		return false;
	if (key == end)
		return true;
	if (*key++ != '[')
		return false;
	while (key < end && (is_letter_or_digit(*key) || memchr("-_.@", *key, 4)))
		key++;
	return key + 1 == end && *key == ']';
}

static const char *key_file_problem(const char *text, size_t len)
{
	const char *end = text + len;
	bool in_group = false, has_connection = false;
	struct line l, name;

	while (take_line(&text, end, &l)) {
		if (l.len == 0 || l.p[0] == '#')
			continue;
		if (is_group(&l, &name)) {
			in_group = true;
			if (name.len == 10 && memcmp(name.p, "connection", 10) == 0)
				has_connection = true;
			continue;
		}
		if (!is_pair(&l))
			return "has a line that is neither a group nor key=value";
		if (!in_group)
			return "has a key before its first group";
	}
	return has_connection ? NULL : "has no [connection] group";
}

const char *connection_problem(const struct boot_file *file)
{
	const char *wrong = name_problem(file->name);

	if (!wrong)
		wrong = read_problem(file, CONNECTION_MAX_BYTES, "is larger than 64 KiB");
	if (wrong || is_credential(file->name))
		return wrong;
	if (looks_temporary(file->name))
		return "has a name that NetworkManager takes for a temporary file's";
	if (file->len >= 3 && memcmp(file->data, BYTE_ORDER_MARK, 3) == 0)
		return "begins with a byte order mark; save as UTF-8 without it";
	for (size_t i = 0; i < file->len; i++)
		if (is_control(file->data[i]) && !memchr("\t\n\r", file->data[i], 3))
			return file->data[i] == '\0' ? "has a NUL character"
						     : "has a control character";
	return key_file_problem(file->data, file->len);
}

#define PNG_SIGNATURE	"\x89PNG\r\n\x1a\n"
#define PNG_LENGTH_MAX	0x7fffffffu
#define PNG_IHDR_BYTES	13u
#define PNG_CHUNK_BYTES 12u /* length, type and CRC around the data */

struct png_chunk {
	const unsigned char *type; /* four letters, the data behind them */
	uint32_t len;		   /* of the data */
};

static bool chunk_is(const struct png_chunk *c, const char *type)
{
	return memcmp(c->type, type, 4) == 0;
}

static const char *take_chunk(const unsigned char **p, size_t *len, struct png_chunk *ret)
{
	if (*len < PNG_CHUNK_BYTES)
		return "is cut short";
	ret->len = be32(*p);
	ret->type = *p + 4;
	if (ret->len > PNG_LENGTH_MAX || ret->len > *len - PNG_CHUNK_BYTES)
		return "is cut short";
	if (digest_crc32(ret->type, 4 + ret->len) != be32(ret->type + 4 + ret->len))
		return "is damaged: the checksum of a chunk is wrong";
	*p += PNG_CHUNK_BYTES + ret->len;
	*len -= PNG_CHUNK_BYTES + ret->len;
	return NULL;
}

static bool is_header(const struct png_chunk *c)
{
	const unsigned char *data = c->type + 4;

	return chunk_is(c, "IHDR") && c->len == PNG_IHDR_BYTES && be32(data) > 0 &&
	       be32(data) <= PNG_LENGTH_MAX && be32(data + 4) > 0 &&
	       be32(data + 4) <= PNG_LENGTH_MAX;
}

const char *splash_problem(const struct boot_file *file)
{
	const char *wrong = read_problem(file, SPLASH_MAX_BYTES, "is larger than 4 MiB");
	const size_t signature = strlen(PNG_SIGNATURE);
	const unsigned char *p = (const unsigned char *)file->data;
	struct png_chunk chunk;
	bool has_data = false;
	size_t len = file->len;

	if (wrong)
		return wrong;
	if (len < signature || memcmp(p, PNG_SIGNATURE, signature) != 0)
		return "is not a PNG image";
	p += signature;
	len -= signature;
	wrong = take_chunk(&p, &len, &chunk);
	if (wrong)
		return wrong;
	if (!is_header(&chunk))
		return "is not a PNG image: it has no valid header";
	do {
		wrong = take_chunk(&p, &len, &chunk);
		if (wrong)
			return wrong;
		has_data = has_data || chunk_is(&chunk, "IDAT");
	} while (!chunk_is(&chunk, "IEND"));
	if (!has_data)
		return "is not a PNG image: it has no image data";
	return chunk.len > 0 || len > 0 ? "has something behind its end" : NULL;
}
