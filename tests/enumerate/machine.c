/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "tests/enumerate/model.h"

/* The picture of one slot's states: each edge is a transition that the real functions made of some record. */

static char labels[AB_STATES][AB_STATES][120];

static void edge(enum ab_state from, enum ab_state to, const char *event)
{
	char *label = labels[from][to];
	size_t len = strlen(label);

	if (from == to || strstr(label, event))
		return;
	(void)snprintf(label + len, sizeof(labels[0][0]) - len, "%s%s", len ? ", " : "", event);
}

static void step_edges(const struct ab_record *rec, enum ab_slot_id running)
{
	const struct ab_slot *was = &rec->slot[AB_B];
	struct ab_asker who = { .running = running, .transaction = rec->transaction };
	struct ab_record next;

	memcpy(who.boot_id, this_boot, AB_BOOT_ID_LEN);
	memcpy(who.told_boot_id, this_boot, AB_BOOT_ID_LEN);
	if (ab_arm(rec, &ab_policy_default, &who, AB_B, 0, NULL, &next) == AB_OK)
		edge(was->state, next.slot[AB_B].state, "arm");
	if (ab_switch(rec, &ab_policy_default, &who, &next) == AB_OK)
		edge(was->state, next.slot[AB_B].state, "switch");
	if (ab_confirm(rec, &ab_policy_default, &who, &next) == AB_OK)
		edge(was->state, next.slot[AB_B].state, "confirm");
	if (ab_reject(rec, &who, AB_B, AB_BAD_REJECTED, &next) == AB_OK)
		edge(was->state, next.slot[AB_B].state, "reject");
}

static void boot_edges(const struct ab_record *rec, bool present, bool failed)
{
	struct ab_seen seen = { .present = { true, present },
				.failed = { false, failed },
				.durable = true,
				.named = AB_NONE };
	const char *event = failed ? "no root" : !present ? "missing" : "tries used up";
	struct ab_record next;

	(void)ab_decide(rec, &seen, &ab_policy_default, &next);
	edge(rec->slot[AB_B].state, next.slot[AB_B].state,
	     next.slot[AB_B].state == AB_TRYING ? "boot" : event);
}

static void collect(void)
{
	for (enum ab_state a = AB_GOOD; a <= AB_BAD; a++)
		for (enum ab_state b = AB_EMPTY; b < AB_STATES; b++)
			for (unsigned int attempts = 0; attempts < 3; attempts++) {
				struct ab_record rec = { .transaction = 1, .booted = AB_B };
				bool candidate = b == AB_CANDIDATE || b == AB_TRYING;

				memcpy(rec.boot_id, this_boot, AB_BOOT_ID_LEN);
				rec.slot[AB_A].state = a;
				rec.slot[AB_B] = (struct ab_slot){ .state = b };
				rec.slot[AB_B].tries = candidate ? 2 : 0;
				rec.slot[AB_B].attempts = b == AB_TRYING ? attempts : 0;
				step_edges(&rec, AB_A);
				step_edges(&rec, AB_B);
				boot_edges(&rec, true, false);
				boot_edges(&rec, false, false);
				boot_edges(&rec, true, true);
			}
}

static const struct {
	int x, y;
} place[AB_STATES] = {
	[AB_EMPTY] = { 80, 210 }, [AB_CANDIDATE] = { 330, 60 }, [AB_TRYING] = { 760, 60 },
	[AB_GOOD] = { 760, 360 }, [AB_BAD] = { 330, 360 },
};

static void draw_edge(enum ab_state from, enum ab_state to)
{
	int x1 = place[from].x, y1 = place[from].y, x2 = place[to].x, y2 = place[to].y;
	int dx = x2 - x1, dy = y2 - y1, len = 1;
	int mx, my;

	while (len * len < dx * dx + dy * dy)
		len++;
	/* To the right of the straight way, so that there and back lie apart. */
	mx = (x1 + x2) / 2 - dy * 46 / len;
	my = (y1 + y2) / 2 + dx * 46 / len;
	printf("<path d=\"M%d %d Q%d %d %d %d\" marker-end=\"url(#end)\"/>\n", x1 + dx * 58 / len,
	       y1 + dy * 24 / len, mx, my, x2 - dx * 62 / len, y2 - dy * 28 / len);
	/* Nearer to where it comes from: in the middle they cross. */
	printf("<text x=\"%d\" y=\"%d\">%s</text>\n", (49 * x1 + 42 * mx + 9 * x2) / 100,
	       (49 * y1 + 42 * my + 9 * y2) / 100 + 4, labels[from][to]);
}

int machine_svg(void)
{
	collect();
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 420\" "
	       "font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n"
	       "<!-- Written by make documents from lib/abstate.c. -->\n"
	       "<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
	       "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" "
	       "fill=\"#555\"/></marker></defs>\n"
	       "<rect width=\"860\" height=\"420\" fill=\"#fff\"/>\n"
	       "<g fill=\"none\" "
	       "stroke=\"#555\"><style>text{stroke:#fff;stroke-width:5px;fill:#222;paint-order:"
	       "stroke}"
	       "</style>\n");
	for (enum ab_state a = AB_EMPTY; a < AB_STATES; a++)
		for (enum ab_state b = AB_EMPTY; b < AB_STATES; b++)
			if (labels[a][b][0])
				draw_edge(a, b);
	for (enum ab_state a = AB_EMPTY; a < AB_STATES; a++)
		printf("<rect x=\"%d\" y=\"%d\" width=\"112\" height=\"40\" rx=\"8\" "
		       "fill=\"%s\"/>\n<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n",
		       place[a].x - 56, place[a].y - 20,
		       a == AB_GOOD  ? "#d9f2d9"
		       : a == AB_BAD ? "#f6d5d5"
				     : "#eee",
		       place[a].x, place[a].y + 5, ab_state_name(a));
	printf("</g>\n</svg>\n");
	return 0;
}
