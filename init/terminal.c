/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h> /* klibc has struct winsize there */

/* Of LC_ALL, LC_CTYPE and LANG the first that is set holds, as everywhere. */
static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *locale = getenv(names[i]), *dot = locale ? strchr(locale, '.') : NULL;

		if (locale && *locale)
			return dot && (strncasecmp(dot, ".utf-8", 6) == 0 ||
				       strncasecmp(dot, ".utf8", 5) == 0);
	}
	return false;
}

static unsigned int width_of(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return TERMINAL_WIDTH;
	if (size.ws_col < TERMINAL_WIDTH_MIN)
		return TERMINAL_WIDTH_MIN;
	return size.ws_col > TERMINAL_WIDTH_MAX ? TERMINAL_WIDTH_MAX : size.ws_col;
}

void terminal_look(struct terminal *t)
{
	const char *name = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	t->shown = isatty(STDOUT_FILENO);
	t->colour = t->shown && name && strcmp(name, "dumb") != 0 && !(no_colour && *no_colour);
	t->blocks = t->shown && is_utf8();
	t->width = t->shown ? width_of(STDOUT_FILENO) : TERMINAL_WIDTH;
}

void terminal_ink(const struct terminal *t, enum ink ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "0", [INK_HEAD] = "1", [INK_GOOD] = "32", [INK_WARNING] = "33",
		[INK_BAD] = "31",  [INK_DIM] = "2",  [INK_BAR] = "34",
	};

	if (t->colour)
		printf("\033[%sm", codes[ink]);
}

/* Control characters: those of ASCII, and U+0080 to U+009F, whose UTF-8 is C2 and one byte. */
static void put(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
			continue;
		(void)putchar(c < ' ' || c == 0x7f ||
					      (c >= 0x80 && c < 0xa0 && i > 0 &&
					       (unsigned char)text[i - 1] == 0xc2)
				      ? '?'
				      : c);
	}
}

void terminal_text(const struct terminal *t, enum ink ink, const char *text)
{
	if (ink != INK_PLAIN)
		terminal_ink(t, ink);
	put(text, strlen(text));
	if (ink != INK_PLAIN)
		terminal_ink(t, INK_PLAIN);
}

void terminal_paragraph(const struct terminal *t, enum ink ink, unsigned int column,
			const char *text)
{
	unsigned int at = column;

	if (ink != INK_PLAIN)
		terminal_ink(t, ink);
	while (*text) {
		size_t blanks = strspn(text, " "), len = strcspn(text + blanks, " ");

		/* One character of several bytes counts as several: the line is a little short then. */
		if (t->shown && at > column && at + blanks + len > t->width) {
			printf("\n%*s", (int)column, "");
			at = column;
			text += blanks;
			blanks = 0;
		}
		put(text, blanks + len);
		at += (unsigned int)(blanks + len);
		text += blanks + len;
	}
	if (ink != INK_PLAIN)
		terminal_ink(t, INK_PLAIN);
	(void)putchar('\n');
}

void terminal_bar(const struct terminal *t, enum ink ink, unsigned int length)
{
	terminal_ink(t, ink);
	while (length-- > 0)
		(void)fputs(t->blocks ? "\xe2\x96\x88" : "#", stdout);
	terminal_ink(t, INK_PLAIN);
}
