/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "init/timeline.h"
#include "init/version.h"

/* `anteroot timeline --svg`. Text takes the colour of a light or a dark page; bars are told apart on both. */

#define LEFT  190 /* of the bars */
#define WIDE  660
#define TOP   64
#define ROW   20
#define TICKS 10

/* Any byte that is no plain character becomes `?`: what a report holds may be anything, and this stays XML. */
static void escaped(const char *text)
{
	for (; *text; text++)
		if (*text == '&')
			printf("&amp;");
		else if (*text == '<')
			printf("&lt;");
		else if (*text == '>')
			printf("&gt;");
		else
			(void)putchar(*text < ' ' || *text > '~' ? '?' : *text);
}

static int at(const struct timeline *tl, int64_t usec)
{
	return LEFT + (tl->end_usec > 0 ? (int)(usec * WIDE / tl->end_usec) : 0);
}

/* Lines at 1, 2 or 5 of a power of ten milliseconds, at most TICKS of them. */
static void axis(const struct timeline *tl, int bottom)
{
	int64_t step = 1000;

	/* 1, 2, 5, 10, … */
	for (int i = 0; tl->end_usec / step > TICKS; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	for (int64_t usec = 0; usec <= tl->end_usec; usec += step)
		printf("<path class=\"g\" d=\"M%d %dV%d\"/><text x=\"%d\" y=\"%d\" "
		       "text-anchor=\"middle\">%lld</text>\n",
		       at(tl, usec), TOP, bottom, at(tl, usec), bottom + 16,
		       (long long)(usec / 1000));
}

static void legend(void)
{
	static const char *const names[] = { "kernel", "stage", "hand-over", "module", "failed" };

	for (int i = 0; i < (int)ARRAY_SIZE(names); i++)
		printf("<rect class=\"%c\" x=\"%d\" y=\"38\" width=\"12\" height=\"12\"/>"
		       "<text x=\"%d\" y=\"48\">%s</text>\n",
		       "kshmf"[i], LEFT + 110 * i, LEFT + 110 * i + 18, names[i]);
}

static void row(const struct timeline *tl, const struct timeline_bar *bar, int y)
{
	int left = at(tl, bar->start_usec), end = at(tl, bar->start_usec + bar->duration_usec);
	char text[TIMELINE_TEXT];

	(void)timeline_msec(text, bar->duration_usec);
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, y + 14);
	escaped(bar->name);
	printf("</text><rect class=\"%c\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>"
	       "<text x=\"%d\" y=\"%d\">%s</text>\n",
	       bar->failed ? 'f' : "kshm"[bar->kind], left, y + 3, end > left ? end - left : 1,
	       ROW - 6, (end > left ? end : left + 1) + 6, y + 14, text);
}

void timeline_print_svg(const struct timeline *tl)
{
	int bottom = TOP + ROW * (int)tl->n;
	char text[TIMELINE_TEXT];

	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"%d\" "
	       "viewBox=\"0 0 960 %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
	       "<title>Where the time of a boot went</title>\n"
	       "<style>text{fill:#333}.g{stroke:#888;stroke-opacity:.4}.k{fill:#888}.s{fill:#48c}"
	       ".h{fill:#3a6}.m{fill:#c83}.f{fill:#d33}"
	       "@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n"
	       "<text x=\"%d\" y=\"24\" font-size=\"16\">anteroot %s: %s from the kernel's start "
	       "to the hand-over</text>\n",
	       bottom + 40, bottom + 40, LEFT, anteroot_version, timeline_msec(text, tl->end_usec));
	legend();
	axis(tl, bottom);
	for (size_t i = 0; i < tl->n; i++)
		row(tl, &tl->bar[i], TOP + ROW * (int)i);
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">ms</text>\n</svg>\n", LEFT - 8,
	       bottom + 16);
}
