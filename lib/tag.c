/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cmdline.h"

static const struct {
	const char *prefix;
	size_t len;
	enum tag_kind kind;
	bool link; /* of udev: escapes in the value */
} forms[] = {
	{ "LABEL=", 6, TAG_LABEL, false },
	{ "UUID=", 5, TAG_UUID, false },
	{ "PARTLABEL=", 10, TAG_PARTLABEL, false },
	{ "PARTUUID=", 9, TAG_PARTUUID, false },
	{ "/dev/disk/by-label/", 19, TAG_LABEL, true },
	{ "/dev/disk/by-uuid/", 18, TAG_UUID, true },
	{ "/dev/disk/by-partlabel/", 23, TAG_PARTLABEL, true },
	{ "/dev/disk/by-partuuid/", 22, TAG_PARTUUID, true },
};

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @return the character of an escape \xNN at `s`, or -1. No label has a NUL in it. */
static int escaped(const char *s)
{
	int high, low;

	if (s[0] != '\\' || s[1] != 'x' || (high = hex_digit(s[2])) < 0 ||
	    (low = hex_digit(s[3])) < 0)
		return -1;
	return high + low > 0 ? high * 16 + low : -1;
}

/* Undoes udev's escapes in place. What is none stays as it is. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		int c = escaped(s);

		*to++ = c < 0 ? *s : (char)c;
		s += c < 0 ? 1 : 4;
	}
	*to = '\0';
}

/* Takes quotes of one kind off, when they enclose the value. */
static char *unquote(char *s)
{
	size_t len = strlen(s);

	if (len < 2 || (s[0] != '"' && s[0] != '\'') || s[len - 1] != s[0])
		return s;
	s[len - 1] = '\0';
	return s + 1;
}

static int parse_value(struct arena *a, const char *text, bool link, const char **ret)
{
	char *value = arena_strdup(a, text);

	if (!value)
		return -ENOMEM;
	if (link)
		unescape(value);
	else
		value = unquote(value);
	if (*value == '\0')
		return -EINVAL;
	*ret = value;
	return 0;
}

static bool parse_unsigned(const char **text, unsigned int max, unsigned int *ret)
{
	unsigned int value = 0;
	const char *p = *text;

	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned int)(*p - '0');
		if (value > max)
			return false;
	}
	if (p == *text)
		return false;
	*text = p;
	*ret = value;
	return true;
}

/* "254:2", or the kernel's own hexadecimal number: 12 bits of major between 8 and 12 of minor. */
static int parse_devno(const char *spec, struct tag *tag)
{
	const char *p = spec;
	unsigned long number = 0;

	if (parse_unsigned(&p, 0xfff, &tag->major) && *p == ':') {
		p++;
		return parse_unsigned(&p, 0xfffff, &tag->minor) && *p == '\0' ? 0 : -EINVAL;
	}
	for (p = spec; hex_digit(*p) >= 0 && p - spec < 8; p++)
		number = number * 16 + (unsigned long)hex_digit(*p);
	if (p == spec || *p)
		return -EINVAL;
	tag->major = (unsigned int)(number >> 8 & 0xfff);
	tag->minor = (unsigned int)((number & 0xff) | (number >> 12 & 0xfff00));
	return 0;
}

int tag_parse(struct arena *a, const char *spec, struct tag *ret_tag)
{
	struct tag tag = { .kind = TAG_NONE };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && tag.kind == TAG_NONE; i++) {
		if (strncmp(spec, forms[i].prefix, forms[i].len) != 0)
			continue;
		tag.kind = forms[i].kind;
		r = parse_value(a, spec + forms[i].len, forms[i].link, &tag.value);
	}
	if (r == 0 && tag.kind == TAG_PARTUUID && strchr(tag.value, '/'))
		return -EINVAL;
	if (tag.kind == TAG_NONE && starts_with(spec, "/dev/")) {
		if (starts_with(spec, "/dev/disk/"))
			return -EINVAL;
		tag.kind = TAG_DEVICE;
		r = parse_value(a, spec + 5, false, &tag.value);
	} else if (tag.kind == TAG_NONE) {
		tag.kind = TAG_DEVNO;
		tag.value = arena_strdup(a, spec);
		r = tag.value ? parse_devno(spec, &tag) : -ENOMEM;
	}
	if (r < 0)
		return r;
	*ret_tag = tag;
	return 0;
}
