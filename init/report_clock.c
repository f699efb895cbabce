/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/report_clock.h"

#include <stdio.h>

#include "lib/clock.h"
#include "lib/clocktext.h"

void clock_json_time(struct json *j, const char *name, int64_t sec)
{
	char text[CLOCK_TEXT], name_sec[32];

	(void)snprintf(name_sec, sizeof(name_sec), "%s_sec", name);
	json_add_string(j, name, clock_text(sec, text));
	json_add_int(j, name_sec, sec);
}

static void add_candidate(struct json *j, const struct clock_candidate *c,
			  enum clock_verdict verdict)
{
	json_add_string(j, "source", c->source);
	json_add_string(j, "in", c->in);
	json_add_string(j, "path", c->path);
	if (!c->problem)
		clock_json_time(j, "time", c->sec);
	json_add_string(j, "verdict", clock_verdict_name(verdict));
	if (c->problem && (!c->absent || c->kind == CLOCK_RTC))
		json_add_string(j, "problem", c->problem);
}

void clock_json(struct json *j, const struct clock_facts *c, const struct clock_decision *d)
{
	struct json *list;

	clock_json_time(j, "now", c->now_sec);
	clock_json_time(j, "floor", d->floor_sec);
	clock_json_time(j, "ceiling", d->ceiling_sec);
	clock_json_time(j, "anchor", d->anchor_sec);
	clock_json_time(j, "save_limit", d->limit_sec);
	json_add_string(j, "action", clock_action_name(d->action));
	if (d->action != CLOCK_KEEP)
		clock_json_time(j, "set", d->set_sec);
	json_add_string(j, "by", d->from ? d->from->source : NULL);
	if (c->failed)
		json_add_string(j, "failed", c->failed);
	json_add_bool(j, "local", c->local);
	list = json_add_array(j, "candidates");
	for (size_t i = 0; i < c->n; i++)
		add_candidate(json_append_object(list), &c->candidate[i], d->verdict[i]);
}

void report_clock(struct json *j, const struct boot *b)
{
	static const char *const names[] = {
		[CLOCK_AT_START] = "start", [CLOCK_AT_TARGET] = "target"
	};
	struct json *clock = json_add_object(j, "clock");
	struct clock_decision d;

	for (size_t i = 0; i < CLOCK_WHENS; i++)
		if (b->facts.clock[i].seen) {
			clock_decide(&b->facts.clock[i], &d);
			clock_json(json_add_object(clock, names[i]), &b->facts.clock[i], &d);
		}
	clock_json_time(clock, "reported", clock_realtime_usec() / 1000000);
}
