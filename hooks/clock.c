/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/table.h"
#include "lib/clocktext.h"

/* What says something that cannot be: somebody should know. An RTC without a battery is not worth a word, and the
 * seconds that pass until the second look are no reason for a second warning. */
static void warn_ignored(const struct clock_facts *c, const struct clock_decision *d,
			 struct plan *p)
{
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < c->n; i++) {
		const struct clock_candidate *one = &c->candidate[i];
		const char *path = one->path ? one->path : "";

		if (d->verdict[i] == CLOCK_INVALID)
			PLAN_ADD(p, .kind = OP_WARN,
				 .data = arena_printf(p->arena, "%s %s: %s, ignoring", one->source,
						      path, one->problem));
		else if (d->verdict[i] == CLOCK_BEYOND)
			PLAN_ADD(p, .kind = OP_WARN,
				 .data = arena_printf(
					 p->arena, "%s %s: %.10s is too late, ignoring",
					 one->source, path, clock_text(one->sec, text)));
	}
}

static void set_clock(const struct facts *f, struct plan *p, enum clock_when when)
{
	const struct clock_facts *c = &f->clock[when];
	struct clock_decision d;
	char text[CLOCK_TEXT];

	if (!c->seen || c->done)
		return;
	clock_decide(c, &d);
	if (d.action != CLOCK_KEEP)
		PLAN_ADD(p, .kind = OP_CLOCK, .on_failure = FAIL_WARN, .role = (int)when,
			 .usec = (c->ahead ? clock_to_local(c, d.set_sec) : d.set_sec) * 1000000,
			 .data = arena_printf(
				 p->arena, "%s to %s, by %s", clock_action_name(d.action),
				 clock_text(d.set_sec, text), d.from ? d.from->source : "nothing"));
	warn_ignored(c, &d, p);
}

void clock_start_run(const struct facts *f, struct plan *p)
{
	set_clock(f, p, CLOCK_AT_START);
}

void clock_target_run(const struct facts *f, struct plan *p)
{
	set_clock(f, p, CLOCK_AT_TARGET);
}
