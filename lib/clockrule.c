/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/clockrule.h"

#include "lib/zone.h"

/* An RTC counts whole seconds: nearer than that the system clock, which was set from it, is not touched. */
#define RTC_STEP_SEC 1

int64_t clock_to_local(const struct clock_facts *f, int64_t utc_sec)
{
	int32_t ahead = 0;

	if (f->zone)
		(void)!zone_offset(f->zone, f->zone_len, utc_sec, &ahead);
	return utc_sec + ahead;
}

int64_t clock_to_utc(const struct clock_facts *f, int64_t local_sec)
{
	/* By local time first, then by the UTC that follows: they differ for hours at a change of the zone. */
	int64_t guess = local_sec - (clock_to_local(f, local_sec) - local_sec);

	return local_sec - (clock_to_local(f, guess) - guess);
}

static int64_t window_end(int64_t start)
{
	return start < CLOCK_LATEST_SEC - CLOCK_WINDOW_SEC ? start + CLOCK_WINDOW_SEC
							   : CLOCK_LATEST_SEC;
}

/* The latest time of a kind that is not behind `end`; and the candidate that says it. */
static int64_t latest(const struct clock_facts *f, enum clock_kind kind, int64_t end, int64_t floor,
		      struct clock_decision *d)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct clock_candidate *c = &f->candidate[i];

		if (c->kind != kind || c->problem)
			continue;
		d->verdict[i] = c->sec > end ? CLOCK_BEYOND : CLOCK_BELOW;
		if (c->sec > end || c->sec <= floor)
			continue;
		floor = c->sec;
		d->from = c;
	}
	return floor;
}

static void judge_rtc(const struct clock_facts *f, struct clock_decision *d)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct clock_candidate *c = &f->candidate[i];

		if (c->kind != CLOCK_RTC || c->problem)
			continue;
		if (c->sec > d->ceiling_sec)
			d->verdict[i] = CLOCK_BEYOND;
		else if (c->sec < d->floor_sec)
			d->verdict[i] = CLOCK_BELOW;
		else {
			d->verdict[i] = CLOCK_COUNTS;
			d->from = c;
		}
	}
}

void clock_decide(const struct clock_facts *f, struct clock_decision *d)
{
	*d = (struct clock_decision){ 0 };
	for (size_t i = 0; i < f->n; i++)
		d->verdict[i] = f->candidate[i].absent ? CLOCK_ABSENT : CLOCK_INVALID;
	d->anchor_sec = latest(f, CLOCK_ANCHOR, CLOCK_LATEST_SEC, 0, d);
	d->limit_sec = window_end(d->anchor_sec);
	d->floor_sec = latest(f, CLOCK_SAVED, d->limit_sec, d->anchor_sec, d);
	d->ceiling_sec = window_end(d->floor_sec);
	if (d->from)
		d->verdict[d->from - f->candidate] = CLOCK_FLOOR;
	judge_rtc(f, d);
	d->set_sec = d->from && d->from->kind == CLOCK_RTC ? d->from->sec : d->floor_sec;
	if (f->now_sec > d->ceiling_sec)
		d->action = CLOCK_BACK;
	else if (f->now_sec < d->floor_sec || f->now_sec + RTC_STEP_SEC < d->set_sec)
		d->action = CLOCK_FORWARD;
	if (d->set_sec <= f->uptime_sec)
		d->action = CLOCK_KEEP;
}

enum clock_refusal clock_may_save(const struct clock_decision *d, int64_t now_sec,
				  int64_t saved_sec, int64_t booted_sec)
{
	if (now_sec < d->anchor_sec)
		return CLOCK_TOO_EARLY;
	if (now_sec > d->limit_sec)
		return CLOCK_TOO_LATE;
	if (now_sec < saved_sec && saved_sec <= d->limit_sec && booted_sec < saved_sec)
		return CLOCK_UNSEEN;
	return CLOCK_SAVE;
}

const char *clock_verdict_name(enum clock_verdict verdict)
{
	static const char *const names[] = {
		[CLOCK_ABSENT] = "absent", [CLOCK_INVALID] = "invalid", [CLOCK_BELOW] = "below",
		[CLOCK_BEYOND] = "beyond", [CLOCK_FLOOR] = "floor",	[CLOCK_COUNTS] = "counts",
	};

	return names[verdict];
}

const char *clock_action_name(enum clock_action action)
{
	static const char *const names[] = {
		[CLOCK_KEEP] = "keep",
		[CLOCK_FORWARD] = "forward",
		[CLOCK_BACK] = "back",
	};

	return names[action];
}
