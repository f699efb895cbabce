/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/grubenv.h"

#include <errno.h>
#include <string.h>

#define HEADER	     "# GRUB Environment Block\n"
#define HEADER_BYTES (sizeof(HEADER) - 1)

/* A line ends at a newline that is not escaped. */
static size_t line_length(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && line[n] != '\n')
		n += line[n] == '\\' && n + 1 < len ? 2 : 1;
	return n;
}

/* The last line may run into the padding, or into the end. */
static size_t without_padding(const char *line, size_t len)
{
	size_t n = len, escapes = 0;

	while (n > 0 && line[n - 1] == '#')
		n--;
	while (escapes < n && line[n - 1 - escapes] == '\\')
		escapes++;
	return n - escapes % 2;
}

static char *unescape(struct arena *a, const char *value, size_t len)
{
	char *text = env_value(a, value, len), *out = text;

	if (!text)
		return NULL;
	for (const char *p = text; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		*out++ = *p;
	}
	*out = '\0';
	return text;
}

static void take_line(struct envlist *e, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t key_len = equals ? (size_t)(equals - line) : 0;

	if (len == 0)
		return;
	if (line[0] == '#') {
		size_t n = 0;

		/* A comment, unless it is padding that has got a line's end. */
		while (n < len && memchr("# \t\r", line[n], 4))
			n++;
		if (n < len)
			env_append(e, line, len, 0, NULL);
	} else if (equals) {
		env_append(e, line, len, key_len,
			   unescape(e->arena, equals + 1, len - key_len - 1));
	}
}

int grubenv_parse(struct arena *a, const char *data, size_t size, const char *name,
		  struct envlist *ret, struct reason *r)
{
	*ret = (struct envlist){ .arena = a };
	if (size < HEADER_BYTES || memcmp(data, HEADER, HEADER_BYTES) != 0)
		return reason_setf(r, EBADMSG, "read", name,
				   "expected \"# GRUB Environment Block\" as its first line");
	for (size_t len, at = HEADER_BYTES; at < size; at += len + 1) {
		len = line_length(data + at, size - at);
		if (at + len < size)
			take_line(ret, data + at, len);
		else if (data[at] != '#')
			take_line(ret, data + at, without_padding(data + at, len));
	}
	if (!arena_failed(a))
		return 0;
	*ret = (struct envlist){ .arena = a };
	return reason_set(r, ENOMEM, "read", name);
}

int grubenv_write(const struct envlist *e, char *ret_data, size_t size, const char *name,
		  struct reason *r)
{
	struct env_image image = { .data = ret_data,
				   .size = size,
				   .room = GRUBENV_BYTES,
				   .at = HEADER_BYTES,
				   .end = '\n',
				   .escape = true };
	int err;

	if (size < GRUBENV_BYTES)
		return reason_setf(r, ENOSPC, "write", name,
				   "it has %zu bytes, an environment block has %u", size,
				   GRUBENV_BYTES);
	memcpy(ret_data, HEADER, HEADER_BYTES);
	err = env_print(e, &image, name, r);
	if (err < 0)
		return err;
	memset(ret_data + image.at, '#', size - image.at);
	return 0;
}
