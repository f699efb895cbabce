/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/slots.h"

#include <string.h>

#include "hooks/fsck.h"

/* The decision itself is lib/abstate.c's; here its question is put together, and its answer becomes operations. */

static const enum part_role role_of[AB_ROOTS] = {
	[AB_A] = PART_ROOT_A,
	[AB_B] = PART_ROOT_B,
	[AB_RECOVERY] = PART_RECOVERY,
};

static bool boot_is_read_only(const struct facts *f)
{
	const struct blockdev *dev =
		f->mounted[PART_BOOT] ? blockdev_by_name(&f->devs, f->mounted[PART_BOOT]) : NULL;

	return dev && dev->read_only;
}

static void look(const struct facts *f, enum ab_slot_id named, struct ab_seen *seen)
{
	*seen = (struct ab_seen){
		.durable = !f->state.failed && !f->state.found.read_only &&
			   (f->layout.state.partition || !boot_is_read_only(f)),
		.named = named < AB_SLOTS ? named : AB_NONE,
		.realtime_sec = f->realtime_usec / 1000000,
	};
	memcpy(seen->boot_id, f->state.boot_id, sizeof(seen->boot_id));
	for (enum ab_slot_id i = AB_A; i < AB_ROOTS; i++) {
		const struct blockdev *dev = facts_part(f, role_of[i], NULL);

		seen->present[i] = dev != NULL;
		seen->failed[i] = dev && facts_has_failed(f, dev);
		seen->unsound[i] = dev && fsck_is_damaged(f, dev);
	}
}

static const char *slot_text(struct plan *p, const struct ab_slot *s)
{
	switch (s->state) {
	case AB_CANDIDATE:
	case AB_TRYING:
		return arena_printf(p->arena, "%s %u/%u", ab_state_name(s->state), s->attempts,
				    s->tries);
	case AB_BAD:
		return arena_printf(p->arena, "bad (%s)", ab_bad_name(s->bad));
	case AB_GOOD:
		return s->unconfirmed
			       ? arena_printf(p->arena, "good, %u unconfirmed", s->unconfirmed)
			       : "good";
	default:
		return ab_state_name(s->state);
	}
}

/* "active A; A good; B trying 1/3" */
static const char *record_text(struct plan *p, const struct ab_record *rec)
{
	const char *a = slot_text(p, &rec->slot[AB_A]), *b = slot_text(p, &rec->slot[AB_B]);

	return arena_printf(p->arena, "active %s; A %s; B %s", ab_slot_name(rec->active),
			    a ? a : "", b ? b : "");
}

static void store(const struct facts *f, struct plan *p, const struct ab_decision *decision,
		  const struct ab_record *next, bool durable)
{
	bool repair =
		f->state.found.damaged && durable && f->layout.state.policy.counter == AB_AGENT;

	if (decision->must_store || decision->may_store || repair)
		PLAN_ADD(p, .kind = OP_STATE,
			 .on_failure = decision->must_store ? FAIL_NOT_DURABLE : FAIL_WARN,
			 .record = next, .data = record_text(p, next));
}

const struct blockdev *slots_choose(const struct facts *f, struct plan *p, enum ab_slot_id named,
				    struct op *ret_op)
{
	const struct ab_policy *policy = &f->layout.state.policy;
	struct ab_record *next = arena_alloc(p->arena, sizeof(*next));
	struct ab_decision *decision = arena_alloc(p->arena, sizeof(*decision));
	struct ab_seen seen;

	if (!next || !decision)
		return NULL; /* the arena remembers */
	look(f, named, &seen);
	*decision = ab_decide(&f->state.found.record, &seen, policy, next);
	ret_op->record = next;
	ret_op->decision = decision;
	ret_op->data = ab_reason_text(decision->reason);
	store(f, p, decision, next, seen.durable);
	if (decision->slot == AB_NONE)
		return NULL;
	if (decision->delay_sec)
		PLAN_ADD(p, .kind = OP_DELAY, .on_failure = FAIL_WARN,
			 .usec = (int64_t)decision->delay_sec * 1000000, .data = ret_op->data);
	if (decision->candidate)
		PLAN_ADD(p, .kind = OP_PANIC, .on_failure = FAIL_WARN,
			 .usec = f->layout.state.panic_sec * 1000000);
	return facts_part(f, role_of[decision->slot], NULL);
}
