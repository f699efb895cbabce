/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/mountinfo.h"

#include <stdio.h>
#include <string.h>

/* Blanks, tabs, newlines and backslashes of names are written as \ooo. */
static char *unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned int c;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &c) == 1 && strlen(from) >= 4) {
			*to = (char)c;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return text;
}

static char *take_word(char **rest)
{
	return *rest ? strsep(rest, " ") : NULL;
}

/* "36 35 98:0 /root /mount/point options [tag…] - type source options" */
static bool read_line(char *line, struct mountinfo *ret)
{
	char *dash = strstr(line, " - "), *rest = line, *word[6], *source;

	if (!dash)
		return false;
	*dash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = take_word(&rest);
	if (!word[5] || sscanf(word[2], "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	rest = dash + 3;
	(void)take_word(&rest);
	source = take_word(&rest);
	if (!source)
		return false;
	ret->root = unescape(word[3]);
	ret->point = unescape(word[4]);
	ret->options = word[5];
	ret->source = unescape(source);
	ret->read_only = strncmp(word[5], "ro", 2) == 0 && (!word[5][2] || word[5][2] == ',');
	return true;
}

bool mountinfo_next(char **text, struct mountinfo *ret)
{
	while (*text && **text)
		if (read_line(strsep(text, "\n"), ret))
			return true;
	return false;
}
