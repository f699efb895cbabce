/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "tests/enumerate/model.h"

/* A boot: the loader's part when it counts, the agent's until the root is mounted, and what may go wrong in it. */

struct boot {
	struct enumeration *e;
	const struct config *c;
	const struct rules *rules;
	struct step step;
	struct world w;		/* with what is on the medium by now */
	struct ab_record start; /* what was on it when the power came */
	struct ab_record rec;	/* as the agent has it */
	struct ab_seen seen;
	unsigned int stores;
	bool reached; /* the fault was met */
};

enum result { GO_ON, POWER_GONE, NOT_STORED };

void stored(const struct config *c, struct world *w, const struct ab_record *next)
{
	(void)c;
	w->disk = DISK_RECORD;
	w->rec = *next;
	w->stale = 0;
	w->loose = false;
}

void leave(struct world *w, const struct left *left)
{
	w->disk = left->disk;
	w->rec = left->rec;
	w->stale = left->stale;
	w->stale_same = left->stale_same;
	w->loose = left->loose;
}

static void emit_off(struct boot *b, const struct world *w, unsigned int number)
{
	struct world off = *w;
	struct step step = b->step;

	off.running = AB_NONE;
	step.number = number;
	emit(b->e, &off, &step);
}

static void emit_torn(struct boot *b, const struct left *left, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct world w = b->w;

		leave(&w, &left[i]);
		emit_off(b, &w, (unsigned int)i);
	}
}

/* Whether this store is the one that something happens to. */
static enum fault fault_of(struct boot *b)
{
	unsigned int number = b->stores++;

	if (b->step.fault == F_NONE || number < b->step.at)
		return F_NONE;
	if (number > b->step.at) /* a medium that refused once goes on refusing */
		return b->step.fault == F_READ_ONLY || b->step.fault == F_REFUSED ? F_REFUSED
										  : F_NONE;
	b->reached = true;
	return b->step.fault;
}

static enum result store(struct boot *b, const struct ab_record *next)
{
	struct left left[LEFT_MAX];
	const char *bad;
	size_t len;

	switch (fault_of(b)) {
	case F_READ_ONLY:
	case F_REFUSED:
		return NOT_STORED;
	case F_LANDED:
		stored(b->c, &b->w, next);
		return NOT_STORED;
	case F_BEFORE:
		emit_off(b, &b->w, 0);
		return POWER_GONE;
	case F_TORN:
		len = media_cut(b->c, b->rules, &b->w, next, left, &bad);
		if (bad)
			broken(b->e, P_TORN, bad, &b->step);
		emit_torn(b, left, len);
		return POWER_GONE;
	case F_AFTER:
		stored(b->c, &b->w, next);
		emit_off(b, &b->w, 0);
		return POWER_GONE;
	default:
		stored(b->c, &b->w, next);
		return GO_ON;
	}
}

/* The loader counts and chooses. @return false when the power went in it */
static bool run_loader(struct boot *b)
{
	enum ab_slot_id candidate = ab_candidate(&b->w.rec), slot;
	struct left saved, torn[LEFT_MAX];
	struct image old, new;
	const char *bad = NULL;
	struct keys k, next;
	size_t len;
	int count;

	keys_of_world(&b->w, &k);
	slot = keys_loader(b->c, b->rules, &k, &count);
	b->seen.named = slot;
	if (candidate == AB_NONE && k.own && slot != k.good)
		broken(b->e, P_STALE, "the loader leaves the good slot, and nothing is armed",
		       &b->step);
	if (candidate != AB_NONE && k.own && count < 0 &&
	    b->start.slot[candidate].attempts < b->start.slot[candidate].tries)
		broken(b->e, P_GIVEN_UP,
		       "the loader gives up a candidate before its tries were had", &b->step);
	if (count < 0)
		return true;
	next = k;
	next.count[0] = (char)('0' + count);
	if (next.own)
		memcpy(next.count_for, next.txn, sizeof(next.txn));
	keys_print(b->c, &k, &old);
	keys_print(b->c, &next, &new);
	keys_load(b->c, &next, &saved);
	memcpy(saved.rec.boot_id, b->w.rec.boot_id, AB_BOOT_ID_LEN);
	len = b->step.fault == F_TORN ? keys_torn(b->c, &old, &new, torn, &bad) : 0;
	if (bad)
		broken(b->e, P_TORN, bad, &b->step);
	switch (fault_of(b)) {
	case F_READ_ONLY:
	case F_REFUSED:
		if (k.own && !b->rules->no_read_back)
			b->seen.named = k.good;
		return true;
	case F_LANDED:
		leave(&b->w, &saved);
		if (k.own && !b->rules->no_read_back)
			b->seen.named = k.good;
		return true;
	case F_BEFORE:
		emit_off(b, &b->w, 0);
		return false;
	case F_TORN:
		emit_torn(b, torn, len);
		return false;
	case F_AFTER:
		leave(&b->w, &saved);
		emit_off(b, &b->w, 0);
		return false;
	default:
		leave(&b->w, &saved);
		return true;
	}
}

/* No count runs ahead of what really happened: by one in a boot, and of the switch-overs each. */
static void check_counts(struct boot *b, const struct ab_decision *d, const struct ab_record *next)
{
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++) {
		const struct ab_slot *was = &b->start.slot[i], *is = &next->slot[i];

		if (was->state == AB_GOOD && is->unconfirmed > was->unconfirmed + 1)
			broken(b->e, P_STALE, "a boot of a good slot is counted twice", &b->step);
		if (ab_is_candidate(was) && is->attempts > was->attempts + 1)
			broken(b->e, P_GIVEN_UP, "a boot of a candidate is counted twice",
			       &b->step);
		if (ab_is_candidate(was) && ab_is_candidate(is) &&
		    is->attempts + is->refunds < was->attempts + was->refunds)
			broken(b->e, P_ATTEMPTS, "more is given back than was noted", &b->step);
	}
	if (next->switches < b->start.switches ||
	    (d->reason == AB_REASON_SWITCH_OVER && next->switches != b->start.switches + 1))
		broken(b->e, P_BOUNDED, "a switch-over is not counted", &b->step);
}

/* What a decision must not do, whatever becomes of it. */
static void check_decision(struct boot *b, const struct ab_decision *d,
			   const struct ab_record *next)
{
	enum ab_slot_id active = b->rec.active, candidate = ab_candidate(&b->rec);
	bool can = b->rec.slot[active].state == AB_GOOD && b->seen.present[active] &&
		   !b->seen.failed[active];
	bool again = memcmp(b->rec.boot_id, this_boot, AB_BOOT_ID_LEN) == 0;

	if (!ab_valid(next))
		broken(b->e, P_VALID, "a decision makes a record that is not valid", &b->step);
	if (b->c->policy.counter == AB_LOADER) {
		if (d->must_store || d->may_store)
			broken(b->e, P_FOLLOWS, "the agent wants to store", &b->step);
		if (d->slot != b->seen.named && b->seen.present[b->seen.named] &&
		    !b->seen.failed[b->seen.named])
			broken(b->e, P_FOLLOWS, "the agent boots another slot than the loader's",
			       &b->step);
		return;
	}
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++)
		if (b->rec.slot[i].state == AB_GOOD && next->slot[i].state != AB_GOOD)
			broken(b->e, P_STALE, "a boot takes a good slot for bad", &b->step);
	if (!d->candidate && can && !again &&
	    (d->slot != active || d->reason == AB_REASON_DEGRADED) &&
	    (b->c->policy.good_attempts == 0 ||
	     b->start.slot[active].unconfirmed < b->c->policy.good_attempts))
		broken(b->e, P_STALE,
		       "the active slot is left, and was not booted often enough for it", &b->step);
	if (candidate != AB_NONE && next->slot[candidate].state == AB_BAD &&
	    next->slot[candidate].bad == AB_BAD_TRIES &&
	    b->start.slot[candidate].attempts < b->start.slot[candidate].tries)
		broken(b->e, P_GIVEN_UP, "a candidate is given up before its tries were had",
		       &b->step);
	check_counts(b, d, next);
	if (strcmp(next->floor, b->rec.floor) != 0)
		broken(b->e, P_FLOOR, "a boot raises the version floor", &b->step);
}

/* Asked again with what it stored, a decision stays what it was. */
static void check_again(struct boot *b, const struct ab_decision *first)
{
	unsigned char before[RECORD_BYTES], after[RECORD_BYTES];
	struct ab_record next;
	struct ab_decision d = b->rules->decide(&b->rec, &b->seen, &b->c->policy, &next);

	record_pack(&b->rec, before);
	record_pack(&next, after);
	if (memcmp(before, after, sizeof(before)) != 0 || d.must_store)
		broken(b->e, P_IDEMPOTENT, "asked again in the same boot, it counts again",
		       &b->step);
	if (d.slot != first->slot || d.candidate != first->candidate)
		broken(b->e, P_IDEMPOTENT, "asked again in the same boot, it boots another slot",
		       &b->step);
}

static void hand_over(struct boot *b, const struct ab_decision *d)
{
	struct world *w = &b->w;
	const struct ab_slot *s = d->slot < AB_SLOTS ? &w->rec.slot[d->slot] : NULL;

	if (d->slot == w->fresh && b->rec.slot[d->slot].state == AB_GOOD)
		broken(b->e, P_ATOMIC, "new content is booted as if it were good", &b->step);
	/* One that is bad by now, and the only one there is, is no candidate any more: that it cannot be written down on
	 * a medium that refuses it does not leave it out. */
	if (s && ab_is_candidate(s) && w->disk == DISK_RECORD &&
	    d->reason != AB_REASON_LAST_RESORT) {
		const struct ab_slot *was = &b->start.slot[d->slot];

		if (!d->candidate)
			broken(b->e, P_COUNTED, "a candidate is booted, and not as one", &b->step);
		if (s->attempts + s->refunds <= was->attempts + was->refunds)
			broken(b->e, P_COUNTED, "a candidate is booted, and nothing counted it",
			       &b->step);
	}
	w->running = d->slot;
	w->told_same = true;
	emit(b->e, w, &b->step);
	b->step.panics = true;
	emit_off(b, w, 0);
}

static void run_agent(struct boot *b)
{
	for (;;) {
		struct ab_record next;
		struct ab_decision d = b->rules->decide(&b->rec, &b->seen, &b->c->policy, &next);
		enum result r = GO_ON;

		check_decision(b, &d, &next);
		if (d.must_store || d.may_store)
			r = store(b, &next);
		if (r == POWER_GONE)
			return;
		if (r == GO_ON && (d.must_store || d.may_store)) {
			b->rec = next;
			check_again(b, &d);
		}
		if (r == NOT_STORED) {
			b->seen.durable = false;
			if (d.must_store && !b->rules->goes_ahead)
				continue;
		}
		if (d.slot == AB_NONE) {
			emit_off(b, &b->w, 0);
			return;
		}
		if (!(b->step.failing & 1u << d.slot)) {
			hand_over(b, &d);
			return;
		}
		b->seen.failed[d.slot] = true;
	}
}

static bool run(struct enumeration *e, const struct world *w, const struct step *step)
{
	struct boot b = { .e = e,
			  .c = config_of(e),
			  .rules = rules_of(e),
			  .step = *step,
			  .w = *w,
			  .start = w->rec,
			  .seen = { .durable = step->fault != F_READ_ONLY, .named = AB_NONE } };

	memcpy(b.seen.boot_id, this_boot, AB_BOOT_ID_LEN);
	for (enum ab_slot_id i = AB_A; i < AB_ROOTS; i++)
		b.seen.present[i] = i != step->missing && (i != AB_RECOVERY || b.c->recovery);
	if (b.c->policy.counter == AB_LOADER && !run_loader(&b))
		return true;
	load(e, &b.w, b.seen.present, &b.rec);
	run_agent(&b);
	return b.reached || step->fault == F_NONE || step->fault == F_READ_ONLY;
}

/* Faults at the first store, the second, … until there is no such store. */
static void each_fault(struct enumeration *e, const struct world *w, struct step *step)
{
	for (enum fault f = F_NONE; f < FAULTS; f++)
		for (unsigned int at = 0;; at++) {
			step->fault = f;
			step->at = at;
			if (!run(e, w, step) || f == F_NONE || f == F_READ_ONLY)
				break;
		}
}

void each_boot(struct enumeration *e, const struct world *w)
{
	static const enum ab_slot_id missing[] = { AB_NONE, AB_A, AB_B };
	unsigned int roots = config_of(e)->recovery ? 8 : 4;

	for (size_t m = 0; m < ARRAY_SIZE(missing); m++)
		for (unsigned int failing = 0; failing < roots; failing++) {
			struct step step = { .event = E_BOOT,
					     .slot = AB_NONE,
					     .missing = missing[m],
					     .failing = failing };

			if (missing[m] < AB_SLOTS && failing & 1u << missing[m])
				continue;
			each_fault(e, w, &step);
		}
}

enum ab_slot_id plain_boot(const struct enumeration *e, struct world *w, bool durable,
			   enum ab_reason *ret_reason)
{
	const struct config *c = config_of(e);
	struct ab_seen seen = { .durable = durable, .named = AB_NONE };
	struct ab_record rec, next;
	struct ab_decision d;

	memcpy(seen.boot_id, this_boot, AB_BOOT_ID_LEN);
	w->running = AB_NONE;
	for (enum ab_slot_id i = AB_A; i < AB_ROOTS; i++)
		seen.present[i] = i != AB_RECOVERY || c->recovery;
	if (memcmp(w->rec.boot_id, this_boot, AB_BOOT_ID_LEN) == 0)
		memcpy(w->rec.boot_id, other_boot, AB_BOOT_ID_LEN);
	if (c->policy.counter == AB_LOADER) {
		struct left left;
		struct keys k;
		int count;

		keys_of_world(w, &k);
		seen.named = keys_loader(c, rules_of(e), &k, &count);
		if (count >= 0 && durable) {
			k.count[0] = (char)('0' + count);
			memcpy(k.count_for, k.txn, sizeof(k.txn));
			keys_load(c, &k, &left);
			leave(w, &left);
		} else if (count >= 0 && k.own && !rules_of(e)->no_read_back) {
			seen.named = k.good;
		}
	}
	load(e, w, seen.present, &rec);
	d = rules_of(e)->decide(&rec, &seen, &c->policy, &next);
	if ((d.must_store || d.may_store) && durable)
		stored(c, w, &next);
	*ret_reason = d.reason;
	w->running = d.slot;
	w->told_same = true;
	return d.slot;
}
