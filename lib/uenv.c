/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/uenv.h"

#include <errno.h>
#include <string.h>

/* Of a key; what is left of a file that a power cut hit must not be kept for ever. */
static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] != '\t' && (s[i] < ' ' || s[i] == 0x7f))
			return false;
	return true;
}

/* U-Boot skips blanks before a name, and a name without a value is one that it forgets. */
static void take_line(struct envlist *e, const char *line, size_t len)
{
	const char *equals, *value = "";
	size_t key_len;

	for (; len > 0 && (*line == ' ' || *line == '\t'); line++)
		len--;
	equals = memchr(line, '=', len);
	key_len = equals ? (size_t)(equals - line) : len;
	if (!equals && len > 0 && line[len - 1] == '\r')
		key_len--;
	if (len == 0 || (!equals && key_len == 0))
		return;
	if (equals)
		value = env_value(e->arena, equals + 1, len - key_len - 1);
	if (line[0] == '#')
		env_append(e, line, len, 0, NULL);
	else if (is_text(line, key_len))
		env_append(e, line, len, key_len, value);
}

int uenv_parse(struct arena *a, const char *data, size_t size, const char *name,
	       struct envlist *ret, struct reason *r)
{
	size_t end = strnlen(data, size);

	*ret = (struct envlist){ .arena = a };
	for (size_t len, at = 0; at < end; at += len + 1) {
		const char *newline = memchr(data + at, '\n', end - at);

		len = newline ? (size_t)(newline - data) - at : end - at;
		take_line(ret, data + at, len);
	}
	if (!arena_failed(a))
		return 0;
	*ret = (struct envlist){ .arena = a };
	return reason_set(r, ENOMEM, "read", name);
}

int uenv_write(const struct envlist *e, char padding, char *ret_data, size_t size, const char *name,
	       struct reason *r)
{
	size_t behind = padding == '\0' ? 1 : 0;
	struct env_image image = { .data = ret_data,
				   .size = size,
				   .end = '\n',
				   .room = size < behind ? 0 : size - behind };
	int err = env_print(e, &image, name, r);

	if (err < 0)
		return err;
	if (size < behind)
		return reason_setf(r, ENOSPC, "write", name, "it is empty");
	memset(ret_data + image.at, padding, size - image.at);
	return 0;
}
