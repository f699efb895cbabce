/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a disk says of the time: zone files and texts at random are never read behind their end, a text that is taken is
 * the one that is printed, and whatever the sources say the clock ends up inside its window, and stays there.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/clockrule.h"
#include "lib/clocktext.h"
#include "lib/zone.h"
#include "tests/fuzz/fuzz.h"

#define DAY 86400

static void read_zone(const struct input *in)
{
	int32_t offset = 0;

	if (zone_offset(in->p, in->len, INT64_C(1800000000), &offset) == 0)
		MUST(offset > -DAY && offset < DAY);
}

static void read_text(const struct input *in)
{
	char *text = malloc(in->len + 1), again[CLOCK_TEXT];
	int64_t sec = -1;

	MUST(text);
	memcpy(text, in->p, in->len);
	text[in->len] = '\0';
	if (clock_parse(text, CLOCK_FORM_PLAIN, &sec)) {
		MUST(sec >= 0);
		(void)clock_text(sec, again);
		MUST(strncmp(text, again, 10) == 0 && strncmp(text + 11, again + 11, 8) == 0);
	}
	if (clock_parse(text, CLOCK_FORM_DIGITS, &sec))
		MUST(sec >= 0 && clock_text(sec, again)[0] == text[0]);
	free(text);
}

static int64_t input_sec(struct input *in)
{
	int64_t sec = 0;

	/* 40 bits: until the year 36812. */
	for (int i = 0; i < 5; i++)
		sec = sec << 8 | (unsigned char)input_byte(in);
	return sec;
}

static void decide(struct input *in)
{
	struct clock_facts f = { .now_sec = input_sec(in) };
	struct clock_decision d, next;

	f.candidate[f.n++] = (struct clock_candidate){ .kind = CLOCK_ANCHOR, .sec = 1767225600 };
	while (in->len > 0 && f.n < CLOCK_CANDIDATES_MAX) {
		unsigned int what = (unsigned char)input_byte(in);
		struct clock_candidate *c = &f.candidate[f.n++];

		c->kind = (enum clock_kind)(what % 3);
		c->problem = what & 16 ? "x" : NULL;
		c->absent = (what & 48) == 48;
		c->sec = input_sec(in);
	}
	clock_decide(&f, &d);
	MUST(d.anchor_sec >= 1767225600 && d.anchor_sec <= d.floor_sec);
	MUST(d.floor_sec <= d.limit_sec && d.limit_sec <= CLOCK_LATEST_SEC);
	MUST(d.floor_sec <= d.ceiling_sec && d.ceiling_sec <= CLOCK_LATEST_SEC);
	MUST(d.set_sec >= d.floor_sec && d.set_sec <= d.ceiling_sec && d.from);
	MUST(d.action != CLOCK_BACK || f.now_sec > d.ceiling_sec);
	MUST(d.action != CLOCK_FORWARD || f.now_sec < d.set_sec);
	if (d.action != CLOCK_KEEP)
		f.now_sec = d.set_sec;
	MUST(f.now_sec >= d.floor_sec && f.now_sec <= d.ceiling_sec);
	clock_decide(&f, &next);
	MUST(next.action == CLOCK_KEEP && next.floor_sec == d.floor_sec);
	/* What may be saved is what the next boot believes. */
	if (clock_may_save(&d, f.now_sec, -1, -1) == CLOCK_SAVE)
		MUST(f.now_sec <= d.limit_sec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };

	read_zone(&in);
	read_text(&in);
	decide(&in);
	return 0;
}
