/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "tests/enumerate/model.h"

/* What must hold in a state, and on the ways that lead from it when nothing else goes wrong. */

const char *const property_text[PROPERTIES] = {
	[P_REACHABLE] = "a good slot is always there, and boots lead to it",
	[P_COUNTED] = "no candidate is booted that is not counted durably before",
	[P_ATTEMPTS] = "a candidate has its tries and the refunds, no more",
	[P_STALE] = "a confirmed slot is never left because of a stale count",
	[P_IDEMPOTENT] =
		"asked again in the same boot, the answer is the same and nothing is counted",
	[P_BOUNDED] = "switch-overs are bounded until a confirm, and there is no ping-pong",
	[P_EXIT] = "from every state boots and a confirm lead to a good slot that stays",
	[P_CONFIRM] = "a confirm is for the running slot, its transaction and this boot",
	[P_FOLLOWS] = "with counter=loader the agent follows, and stores nothing",
	[P_ATOMIC] = "no new content is booted as if it were good",
	[P_TORN] = "a cut in a store leaves the old, the new, or a good slot",
	[P_REFUND] = "a reboot in good order is given back",
	[P_GIVEN_UP] = "no candidate is given up before its tries were had",
	[P_LOST] = "a lost record gives nobody fresh tries",
	[P_FLOOR] = "only a confirm raises the version floor",
	[P_CLOCK] = "the clock decides nothing",
	[P_VALID] = "every record is valid",
};

static const struct step here = { .event = E_START, .slot = AB_NONE, .missing = AB_NONE };

static unsigned int enough_boots(const struct ab_policy *p)
{
	return (p->good_attempts + 1) * (p->switches + 2) + p->tries + p->refunds + 4;
}

/* Nobody confirms, candidates do not work. */
static void check_reachable(struct enumeration *e, const struct world *from, bool durable)
{
	const struct ab_policy *p = &config_of(e)->policy;
	struct world w = *from;
	enum ab_reason reason;

	for (unsigned int n = 0; n <= p->tries + p->refunds + 2; n++) {
		enum ab_slot_id slot = plain_boot(e, &w, durable, &reason);

		/* Where nothing can be stored, the recovery slot is as far as one gets. */
		if (slot == AB_RECOVERY && !durable)
			return;
		if (slot < AB_SLOTS && (w.disk != DISK_RECORD || w.rec.slot[slot].state == AB_GOOD))
			return;
	}
	broken(e, P_REACHABLE,
	       durable ? "boots do not lead to a good slot"
		       : "boots without stores do not lead to a good slot",
	       &here);
}

static void check_bounded(struct enumeration *e, const struct world *from)
{
	const struct ab_policy *p = &config_of(e)->policy;
	unsigned int boots = enough_boots(p), switches = 0, last = 0, seen = 0;
	const struct ab_record *rec = &from->rec;
	struct world w = *from;
	enum ab_reason reason;

	for (unsigned int n = 0; n < 2 * boots; n++) {
		enum ab_slot_id slot = plain_boot(e, &w, true, &reason);

		switches += reason == AB_REASON_SWITCH_OVER;
		seen |= 1u << slot;
		if (n >= boots)
			last |= 1u << slot;
	}
	if (switches > p->switches || (last & 1u << AB_A && last & 1u << AB_B))
		broken(e, P_BOUNDED, "with nobody to confirm, slots are switched for ever", &here);
	/* The other good slot has its turn, as long as switch-overs are left. */
	if (from->disk != DISK_RECORD || p->counter == AB_LOADER || p->good_attempts == 0 ||
	    rec->switches >= p->switches || !rec->slot[rec->active].confirmed)
		return;
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++)
		if (i != rec->active && rec->slot[i].state == AB_GOOD && !(seen & 1u << i))
			broken(e, P_REACHABLE,
			       "a good slot is never booted, though the other one "
			       "is not confirmed",
			       &here);
}

/* Everything works, and is confirmed. */
static void check_exit(struct enumeration *e, const struct world *from)
{
	static const bool present[AB_ROOTS] = { true, true, true };
	const struct ab_policy *p = &config_of(e)->policy;
	enum ab_slot_id slot = AB_NONE;
	struct ab_record rec, next;
	struct world w = *from;
	enum ab_reason reason;
	struct ab_asker who;

	for (unsigned int n = 0; n < 3 && slot >= AB_SLOTS; n++)
		slot = plain_boot(e, &w, true, &reason);
	if (slot >= AB_SLOTS) {
		broken(e, P_EXIT, "boots lead to no slot", &here);
		return;
	}
	load(e, &w, present, &rec);
	who = asker_of(&w, &rec);
	if (rules_of(e)->confirm(&rec, p, &who, &next) != AB_OK) {
		broken(e, P_EXIT, "the slot that works cannot be confirmed", &here);
		return;
	}
	stored(config_of(e), &w, &next);
	for (unsigned int n = 0; n < (p->good_attempts ? p->good_attempts : 2); n++)
		if (plain_boot(e, &w, true, &reason) != slot) {
			broken(e, P_STALE, "a slot that was just confirmed is left", &here);
			return;
		}
	if (w.rec.slot[slot].state != AB_GOOD || w.rec.active != slot)
		broken(e, P_EXIT, "a confirm does not make its slot good and active", &here);
}

static void check_off(struct enumeration *e, const struct world *w)
{
	static const bool present[AB_ROOTS] = { true, true, true };
	const struct ab_policy *p = &config_of(e)->policy;
	struct ab_seen seen = { .present = { true, true, true },
				.durable = true,
				.named = AB_NONE };
	struct ab_record rec, a, b;
	struct ab_decision before, after;

	check_reachable(e, w, true);
	check_reachable(e, w, false);
	check_bounded(e, w);
	check_exit(e, w);
	load(e, w, present, &rec);
	if (w->disk == DISK_LOST && ab_candidate(&rec) != AB_NONE)
		broken(e, P_LOST, "a candidate comes out of a record that was lost", &here);
	memcpy(seen.boot_id, this_boot, AB_BOOT_ID_LEN);
	seen.realtime_sec = INT64_MIN;
	before = rules_of(e)->decide(&rec, &seen, p, &a);
	seen.realtime_sec = INT64_MAX;
	after = rules_of(e)->decide(&rec, &seen, p, &b);
	memset(a.transition, 0, sizeof(a.transition));
	memset(b.transition, 0, sizeof(b.transition));
	if (before.slot != after.slot || memcmp(&a, &b, sizeof(a)) != 0)
		broken(e, P_CLOCK, "another time, another decision", &here);
}

/* Everybody who might ask to confirm. */
static void check_askers(struct enumeration *e, const struct world *w, const struct ab_record *rec)
{
	const struct ab_policy *p = &config_of(e)->policy;

	for (unsigned int i = 0; i < 8u * (AB_NONE + 1); i++) {
		bool told_txn = i & 1, told_boot = i & 2, this_one = i & 4;
		struct ab_asker who = asker_of(w, rec);
		const struct ab_slot *s;
		struct ab_record next;

		who.running = i / 8;
		who.transaction = told_txn ? rec->transaction : rec->transaction - 1;
		memcpy(who.boot_id, this_one ? this_boot : other_boot, AB_BOOT_ID_LEN);
		memcpy(who.told_boot_id, this_one == told_boot ? this_boot : other_boot,
		       AB_BOOT_ID_LEN);
		if (rules_of(e)->confirm(rec, p, &who, &next) != AB_OK)
			continue;
		if (who.running >= AB_SLOTS ||
		    memcmp(who.boot_id, who.told_boot_id, AB_BOOT_ID_LEN) != 0) {
			broken(e, P_CONFIRM, "a confirm of another boot is accepted", &here);
			continue;
		}
		s = &rec->slot[who.running];
		if (ab_is_candidate(s) && (!told_txn || s->state != AB_TRYING))
			broken(e, P_CONFIRM, "a confirm of another transaction is accepted", &here);
		if (ab_is_candidate(s) && p->counter == AB_AGENT &&
		    (rec->booted != who.running ||
		     memcmp(rec->boot_id, who.boot_id, AB_BOOT_ID_LEN) != 0))
			broken(e, P_CONFIRM, "a confirm of a slot that was not booted is accepted",
			       &here);
		if (next.active != who.running || next.slot[who.running].state != AB_GOOD)
			broken(e, P_EXIT, "a confirm does not make its slot good and active",
			       &here);
		for (enum ab_slot_id o = AB_A; o < AB_SLOTS; o++)
			if (o != who.running && next.slot[o].state == AB_GOOD &&
			    rec->slot[o].state != AB_GOOD)
				broken(e, P_CONFIRM, "a confirm makes another slot good", &here);
	}
}

static void check_refund(struct enumeration *e, const struct world *from,
			 const struct ab_record *rec)
{
	const struct ab_policy *p = &config_of(e)->policy;
	bool mine = memcmp(rec->boot_id, this_boot, AB_BOOT_ID_LEN) == 0;
	struct ab_asker who = asker_of(from, rec);
	const struct ab_slot *s = &rec->slot[from->running];
	struct world w = *from;
	struct ab_record next;
	enum ab_reason reason;

	if (from->disk != DISK_RECORD || s->state != AB_TRYING || s->refunds >= p->refunds ||
	    s->attempts == 0 || !from->told_same ||
	    (p->counter == AB_AGENT ? !mine || rec->booted != from->running : mine && rec->orderly))
		return;
	if (rules_of(e)->orderly(rec, p, &who, &next) != AB_OK) {
		broken(e, P_REFUND, "a reboot in good order is not noted", &here);
		return;
	}
	stored(config_of(e), &w, &next);
	if (plain_boot(e, &w, true, &reason) != from->running ||
	    w.rec.slot[from->running].attempts != s->attempts)
		broken(e, P_REFUND, "a reboot in good order counts as a failed boot", &here);
}

void check_state(struct enumeration *e, const struct world *w)
{
	static const bool present[AB_ROOTS] = { true, true, true };
	struct ab_record rec, next;
	struct ab_asker who;

	load(e, w, present, &rec);
	if (!ab_valid(&rec))
		broken(e, P_VALID, "the record is not valid", &here);
	if (rec.slot[AB_A].state != AB_GOOD && rec.slot[AB_B].state != AB_GOOD)
		broken(e, P_REACHABLE, "no slot is good", &here);
	else if (rec.slot[rec.active].state != AB_GOOD)
		broken(e, P_REACHABLE, "the active slot is not good, and the other one is", &here);
	if (w->promised < AB_SLOTS && rec.slot[w->promised].state != AB_GOOD &&
	    (config_of(e)->medium == COPIES || rec.slot[w->promised].state != AB_EMPTY))
		broken(e, P_STALE, "a slot is not good, though its confirm was acknowledged",
		       &here);
	if (w->disk == DISK_RECORD && rec.switches > config_of(e)->policy.switches)
		broken(e, P_BOUNDED, "more switch-overs than allowed without a confirm", &here);
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++)
		if (ab_is_candidate(&rec.slot[i]) &&
		    (rec.slot[i].refunds > config_of(e)->policy.refunds ||
		     rec.slot[i].attempts > rec.slot[i].tries))
			broken(e, P_ATTEMPTS, "a candidate has more than its tries and refunds",
			       &here);
	if (w->running == AB_NONE) {
		check_off(e, w);
		return;
	}
	check_askers(e, w, &rec);
	who = asker_of(w, &rec);
	if (w->running < AB_SLOTS &&
	    rules_of(e)->arm(&rec, &config_of(e)->policy, &who, w->running, 1,
			     config_of(e)->policy.raise_floor ? MODEL_VERSION : NULL,
			     &next) == AB_OK)
		broken(e, P_ATTEMPTS, "what runs gives itself tries", &here);
	if (w->running < AB_SLOTS)
		check_refund(e, w, &rec);
}
