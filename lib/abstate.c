/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abstate.h"

#include <string.h>

const struct ab_policy ab_policy_default = AB_POLICY_DEFAULT;

/* What one decision has in its hands. */
struct deciding {
	const struct ab_record *rec;
	const struct ab_seen *seen;
	const struct ab_policy *policy;
	struct ab_record *next;
	bool again; /* the record is of this boot already */
	bool rolled_back;
	bool not_counted; /* there is a candidate, left alone in this boot */
};

static enum ab_slot_id active_of(const struct ab_record *rec)
{
	return rec->active == AB_B ? AB_B : AB_A;
}

enum ab_slot_id ab_candidate(const struct ab_record *rec)
{
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++)
		if (ab_is_candidate(&rec->slot[i]))
			return i;
	return AB_NONE;
}

static bool is_known(const unsigned char id[static AB_BOOT_ID_LEN])
{
	static const unsigned char none[AB_BOOT_ID_LEN];

	return memcmp(id, none, sizeof(none)) != 0;
}

static void count_up(unsigned int *n)
{
	if (*n < AB_COUNT_MAX)
		++*n;
}

static bool usable(const struct deciding *d, enum ab_slot_id slot)
{
	return d->seen->present[slot] && !d->seen->failed[slot];
}

static bool usable_good(const struct deciding *d, enum ab_slot_id slot)
{
	return d->next->slot[slot].state == AB_GOOD && usable(d, slot);
}

void ab_note(struct ab_record *rec, enum ab_event event, enum ab_slot_id slot, int64_t realtime_sec)
{
	memmove(&rec->transition[1], &rec->transition[0],
		(AB_TRANSITIONS - 1) * sizeof(rec->transition[0]));
	rec->transition[0] = (struct ab_transition){
		.event = event,
		.slot = slot,
		.bad = slot < AB_SLOTS ? rec->slot[slot].bad : AB_BAD_NONE,
		.transaction = rec->transaction,
		.realtime_sec = realtime_sec,
	};
}

/* What the last boot's orderly end gives back (rule 5). */
static void settle_last_boot(struct deciding *d)
{
	struct ab_record *next = d->next;
	struct ab_slot *s = next->booted < AB_SLOTS ? &next->slot[next->booted] : NULL;

	if (next->orderly && s && s->state == AB_TRYING && s->attempts > 0 &&
	    s->refunds < d->policy->refunds) {
		s->attempts--;
		s->refunds++;
		ab_note(next, AB_EVENT_REFUND, next->booted, d->seen->realtime_sec);
	}
	if (next->orderly && s && s->state == AB_GOOD && s->unconfirmed > 0 &&
	    s->refunds < d->policy->refunds) {
		s->unconfirmed--;
		s->refunds++;
	}
	next->orderly = false;
}

static void roll_back(struct deciding *d, enum ab_slot_id slot, enum ab_bad bad)
{
	struct ab_slot *s = &d->next->slot[slot];

	s->state = AB_BAD;
	s->bad = bad;
	ab_note(d->next, AB_EVENT_ROLLBACK, slot, d->seen->realtime_sec);
	d->rolled_back = true;
}

static enum ab_bad why_failed(const struct deciding *d, enum ab_slot_id slot)
{
	return d->seen->unsound[slot] ? AB_BAD_FSCK : AB_BAD_ROOT;
}

/* The candidate's turn. @return true when it is booted; else it is bad by now, or left alone. */
static bool try_candidate(struct deciding *d, struct ab_decision *decision)
{
	enum ab_slot_id c = ab_candidate(d->next);
	bool counted = d->again && d->rec->booted == c;
	struct ab_slot *s;

	if (c == AB_NONE)
		return false;
	s = &d->next->slot[c];
	if (d->seen->failed[c]) {
		roll_back(d, c, why_failed(d, c));
	} else if (!d->seen->present[c]) {
		roll_back(d, c, AB_BAD_MISSING);
	} else if (!counted && s->attempts >= s->tries) {
		roll_back(d, c, AB_BAD_TRIES);
	} else if (!counted &&
		   (!d->seen->durable || (d->seen->named < AB_SLOTS && d->seen->named != c &&
					  usable_good(d, d->seen->named)))) {
		d->not_counted = true; /* rule 3: what cannot be counted is not tried */
	} else {
		if (!counted) {
			s->state = AB_TRYING;
			s->attempts++;
			ab_note(d->next, AB_EVENT_ATTEMPT, c, d->seen->realtime_sec);
		}
		*decision = (struct ab_decision){ .slot = c,
						  .reason = AB_REASON_ATTEMPT,
						  .candidate = true };
		return true;
	}
	return false;
}

/* 0, then `delay_sec` doubled with each further time, up to its maximum. */
static unsigned int delay_after(const struct ab_policy *policy, unsigned int times)
{
	unsigned int delay = times ? policy->delay_sec : 0;

	while (times-- > 1 && delay < policy->delay_max_sec)
		delay *= 2;
	return delay < policy->delay_max_sec ? delay : policy->delay_max_sec;
}

static bool is_exhausted(const struct deciding *d, enum ab_slot_id slot)
{
	const struct ab_slot *s = &d->next->slot[slot];

	return d->policy->good_attempts > 0 && s->confirmed &&
	       s->unconfirmed >= d->policy->good_attempts;
}

/* A good slot that was booted too often without being confirmed (rule 6). */
static struct ab_decision leave_exhausted(struct deciding *d, enum ab_slot_id slot)
{
	enum ab_slot_id other = ab_other(slot);
	struct ab_slot *s = &d->next->slot[slot];
	/* Without a delay: power cuts alone bring a device here too (tries-exhausted). */
	const struct ab_decision stay = { .slot = slot, .reason = AB_REASON_DEGRADED };

	if (!d->seen->durable) /* the next boot would leave it again, and the one after */
		return stay;
	if (usable_good(d, other) && d->next->switches < d->policy->switches) {
		count_up(&d->next->switches);
		d->next->active = other;
		d->next->slot[other].unconfirmed = 0;
		ab_note(d->next, AB_EVENT_SWITCH_OVER, other, d->seen->realtime_sec);
		return (struct ab_decision){ .slot = other, .reason = AB_REASON_SWITCH_OVER };
	}
	if (usable(d, AB_RECOVERY)) {
		s->unconfirmed = 0; /* and the good slot has its turn again */
		ab_note(d->next, AB_EVENT_RECOVERY, AB_RECOVERY, d->seen->realtime_sec);
		return (struct ab_decision){ .slot = AB_RECOVERY, .reason = AB_REASON_RECOVERY };
	}
	return stay;
}

/* Nothing that is good can be booted (rule 8). A candidate is not among them: it would go uncounted. */
static struct ab_decision last_resort(struct deciding *d, enum ab_slot_id active)
{
	const enum ab_slot_id order[] = { active, ab_other(active) };
	struct ab_decision decision = { .slot = AB_NONE, .reason = AB_REASON_NOTHING };

	if (usable(d, AB_RECOVERY)) {
		if (!d->again || d->rec->booted != AB_RECOVERY)
			ab_note(d->next, AB_EVENT_RECOVERY, AB_RECOVERY, d->seen->realtime_sec);
		return (struct ab_decision){ .slot = AB_RECOVERY, .reason = AB_REASON_RECOVERY };
	}
	for (size_t i = 0; i < ARRAY_SIZE(order) && decision.slot == AB_NONE; i++)
		if (usable(d, order[i]) && !ab_is_candidate(&d->next->slot[order[i]]))
			decision = (struct ab_decision){ .slot = order[i],
							 .reason = AB_REASON_LAST_RESORT };
	decision.delay_sec = delay_after(d->policy, d->next->fruitless);
	return decision;
}

/* The slot that is booted when no candidate is. */
static struct ab_decision choose(struct deciding *d)
{
	enum ab_slot_id active = active_of(d->next);
	const enum ab_slot_id named = d->seen->named;
	struct ab_decision decision = { .slot = active, .reason = AB_REASON_ACTIVE };

	if (named < AB_SLOTS && named != active && usable_good(d, named))
		return (struct ab_decision){ .slot = named, .reason = AB_REASON_LOADER };
	/* Where a boot went it stays: what led there may be forgotten in the record that it stored. */
	if (d->again && d->rec->booted == AB_RECOVERY && usable(d, AB_RECOVERY))
		return (struct ab_decision){ .slot = AB_RECOVERY, .reason = AB_REASON_RECOVERY };
	if (usable_good(d, active)) {
		/* In the boot that has counted it already it is not left. */
		if (is_exhausted(d, active) && !(d->again && d->rec->booted == active))
			decision = leave_exhausted(d, active);
		else if (d->rolled_back)
			decision.reason = AB_REASON_ROLLED_BACK;
		else if (d->not_counted)
			decision.reason = AB_REASON_NOT_DURABLE;
	} else if (usable_good(d, ab_other(active))) {
		decision = (struct ab_decision){ .slot = ab_other(active),
						 .reason = AB_REASON_OTHER_GOOD };
	} else {
		decision = last_resort(d, active);
	}
	return decision;
}

/* Whether this boot has been found fruitless before: what it booted so far was no good slot, nor a candidate. */
static bool is_fruitless(const struct deciding *d)
{
	enum ab_slot_id booted = d->rec->booted;

	return d->again && (booted >= AB_SLOTS || (d->rec->slot[booted].state != AB_GOOD &&
						   !ab_is_candidate(&d->rec->slot[booted])));
}

/* Counts a boot that is no attempt, once. */
static void count_boot(struct deciding *d, struct ab_decision *decision)
{
	if (d->again && d->rec->booted == decision->slot) {
		decision->delay_sec = 0; /* it has waited already */
		return;
	}
	if (decision->slot < AB_SLOTS && d->next->slot[decision->slot].state == AB_GOOD) {
		count_up(&d->next->slot[decision->slot].unconfirmed);
	} else if ((decision->reason == AB_REASON_LAST_RESORT ||
		    decision->reason == AB_REASON_NOTHING) &&
		   !is_fruitless(d)) {
		count_up(&d->next->fruitless);
	}
}

/* AB_LOADER: what the loader chose is what happened; here nothing is counted and nothing stored (rule 2). */
static struct ab_decision follow_loader(struct deciding *d)
{
	enum ab_slot_id c = ab_candidate(d->next), named = d->seen->named;

	if (c != AB_NONE && d->seen->failed[c])
		roll_back(d, c, why_failed(d, c));
	else if (c != AB_NONE && named == c && usable(d, c))
		return (struct ab_decision){ .slot = c,
					     .reason = AB_REASON_ATTEMPT,
					     .candidate = true };
	else if (c != AB_NONE && named == ab_other(c)) {
		if (d->next->slot[c].attempts >= d->next->slot[c].tries)
			roll_back(d, c, AB_BAD_TRIES);
		else
			d->not_counted = true; /* the loader could not save its count */
	}
	if (named < AB_SLOTS && usable(d, named))
		return (struct ab_decision){ .slot = named,
					     .reason = d->rolled_back	? AB_REASON_ROLLED_BACK
						       : d->not_counted ? AB_REASON_NOT_DURABLE
									: AB_REASON_LOADER };
	return choose(d);
}

struct ab_decision ab_decide(const struct ab_record *rec, const struct ab_seen *seen,
			     const struct ab_policy *policy, struct ab_record *ret_next)
{
	struct deciding d = { .rec = rec, .seen = seen, .policy = policy, .next = ret_next };
	struct ab_decision decision;
	bool changed;

	*ret_next = *rec;
	if (policy->counter == AB_LOADER)
		return follow_loader(&d);
	d.again =
		is_known(seen->boot_id) && memcmp(rec->boot_id, seen->boot_id, AB_BOOT_ID_LEN) == 0;
	if (!d.again)
		settle_last_boot(&d);
	if (!try_candidate(&d, &decision)) {
		decision = choose(&d);
		count_boot(&d, &decision);
	}
	memcpy(ret_next->boot_id, seen->boot_id, AB_BOOT_ID_LEN);
	ret_next->booted = decision.slot;
	/* Asked again without news, nothing but what is stored already comes out. */
	changed = !d.again || rec->booted != decision.slot || d.rolled_back;
	decision.must_store = decision.candidate && changed;
	decision.may_store = !decision.candidate && changed && seen->durable;
	return decision;
}
