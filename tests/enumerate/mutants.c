/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "lib/digest.h"
#include "tests/enumerate/model.h"

/*
 * Machines with one fault each, after what went wrong in the field and what could have here. A property that none
 * of them breaks would prove nothing. Each is the real function with something done to what goes in or comes out.
 */

const struct rules the_rules = {
	.name = "none",
	.decide = ab_decide,
	.arm = ab_arm,
	.confirm = ab_confirm,
	.reject = ab_reject,
	.orderly = ab_orderly,
	.rebuild = ab_rebuild,
	.choose = abrecord_choose,
};

/* --- decisions --- */

/* stale-count: a count of tries that was left over leads away from the slot. */
static struct ab_decision follow_stale_count(const struct ab_record *rec,
					     const struct ab_seen *seen, const struct ab_policy *p,
					     struct ab_record *next)
{
	const struct ab_slot *s = &rec->slot[rec->active];
	struct ab_record flipped = *rec;

	if (ab_candidate(rec) == AB_NONE && s->tries && s->attempts >= s->tries)
		flipped.active = rec->active == AB_A ? AB_B : AB_A;
	return ab_decide(&flipped, seen, p, next);
}

static enum ab_refusal confirm_and_keep_count(const struct ab_record *rec,
					      const struct ab_policy *p, const struct ab_asker *who,
					      struct ab_record *next)
{
	enum ab_refusal r = ab_confirm(rec, p, who, next);

	if (r == AB_OK) {
		next->slot[who->running].tries = rec->slot[who->running].tries;
		next->slot[who->running].attempts = rec->slot[who->running].attempts;
	}
	return r;
}

/* clean-reboots-count */
static struct ab_decision forget_orderly(const struct ab_record *rec, const struct ab_seen *seen,
					 const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record forgotten = *rec;

	forgotten.orderly = false;
	return ab_decide(&forgotten, seen, p, next);
}

/* ping-pong */
static struct ab_decision forget_switches(const struct ab_record *rec, const struct ab_seen *seen,
					  const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record forgotten = *rec;

	forgotten.switches = 0;
	return ab_decide(&forgotten, seen, p, next);
}

/* tries-exhausted: good slots have tries too, and power cuts alone use them up. */
static struct ab_decision exhaust_good(const struct ab_record *rec, const struct ab_seen *seen,
				       const struct ab_policy *p, struct ab_record *next)
{
	struct ab_decision d = ab_decide(rec, seen, p, next);

	if (d.slot < AB_SLOTS && !d.candidate && rec->slot[d.slot].unconfirmed >= 3)
		d.slot = next->booted = AB_NONE;
	return d;
}

static struct ab_decision forget_boot(const struct ab_record *rec, const struct ab_seen *seen,
				      const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record forgotten = *rec;

	memset(forgotten.boot_id, 0, sizeof(forgotten.boot_id));
	return ab_decide(&forgotten, seen, p, next);
}

static struct ab_decision forget_refunds(const struct ab_record *rec, const struct ab_seen *seen,
					 const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record forgotten = *rec;

	forgotten.slot[AB_A].refunds = forgotten.slot[AB_B].refunds = 0;
	return ab_decide(&forgotten, seen, p, next);
}

static struct ab_decision try_uncounted(const struct ab_record *rec, const struct ab_seen *seen,
					const struct ab_policy *p, struct ab_record *next)
{
	struct ab_decision d = ab_decide(rec, seen, p, next);

	if (d.reason == AB_REASON_NOT_DURABLE)
		d = (struct ab_decision){ .slot = ab_candidate(rec),
					  .reason = AB_REASON_ATTEMPT,
					  .candidate = true };
	return d;
}

/* An attempt is not counted while the one before it is remembered as a boot of the same slot. */
static struct ab_decision count_every_other(const struct ab_record *rec, const struct ab_seen *seen,
					    const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record same = *rec;

	if (rec->orderly)
		memcpy(same.boot_id, seen->boot_id, AB_BOOT_ID_LEN);
	return ab_decide(&same, seen, p, next);
}

static struct ab_decision go_back_at_once(const struct ab_record *rec, const struct ab_seen *seen,
					  const struct ab_policy *p, struct ab_record *next)
{
	struct ab_record used = *rec;
	enum ab_slot_id c = ab_candidate(rec);

	if (c != AB_NONE && used.slot[c].attempts > 0)
		used.slot[c].attempts = used.slot[c].tries;
	return ab_decide(&used, seen, p, next);
}

static struct ab_decision store_as_loader(const struct ab_record *rec, const struct ab_seen *seen,
					  const struct ab_policy *p, struct ab_record *next)
{
	struct ab_decision d = ab_decide(rec, seen, p, next);

	d.may_store = true;
	return d;
}

static struct ab_decision look_at_clock(const struct ab_record *rec, const struct ab_seen *seen,
					const struct ab_policy *p, struct ab_record *next)
{
	struct ab_decision d = ab_decide(rec, seen, p, next);

	if (seen->realtime_sec > rec->transition[0].realtime_sec)
		next->unknown = !next->unknown;
	return d;
}

/* --- steps --- */

static enum ab_refusal confirm_any_transaction(const struct ab_record *rec,
					       const struct ab_policy *p,
					       const struct ab_asker *who, struct ab_record *next)
{
	struct ab_asker lie = *who;

	lie.transaction = rec->transaction;
	return ab_confirm(rec, p, &lie, next);
}

static enum ab_refusal confirm_any_boot(const struct ab_record *rec, const struct ab_policy *p,
					const struct ab_asker *who, struct ab_record *next)
{
	struct ab_asker lie = *who;

	memcpy(lie.boot_id, rec->boot_id, AB_BOOT_ID_LEN);
	memcpy(lie.told_boot_id, rec->boot_id, AB_BOOT_ID_LEN);
	return ab_confirm(rec, p, &lie, next);
}

static enum ab_refusal confirm_and_stay(const struct ab_record *rec, const struct ab_policy *p,
					const struct ab_asker *who, struct ab_record *next)
{
	enum ab_refusal r = ab_confirm(rec, p, who, next);

	if (r == AB_OK && ab_candidate(rec) == AB_NONE)
		next->active = rec->active;
	return r;
}

static enum ab_refusal reject_only_good(const struct ab_record *rec, const struct ab_asker *who,
					enum ab_slot_id slot, enum ab_bad bad,
					struct ab_record *next)
{
	enum ab_refusal r = ab_reject(rec, who, slot, bad, next);

	if (r != AB_ONLY_GOOD)
		return r;
	next->slot[slot].state = AB_BAD;
	next->slot[slot].bad = bad;
	return AB_OK;
}

static enum ab_refusal arm_running(const struct ab_record *rec, const struct ab_policy *p,
				   const struct ab_asker *who, enum ab_slot_id slot,
				   unsigned int tries, const char *version, struct ab_record *next)
{
	struct ab_asker nobody = *who;

	nobody.running = AB_NONE;
	return ab_arm(rec, p, &nobody, slot, tries, version, next);
}

static enum ab_refusal arm_only_good(const struct ab_record *rec, const struct ab_policy *p,
				     const struct ab_asker *who, enum ab_slot_id slot,
				     unsigned int tries, const char *version,
				     struct ab_record *next)
{
	struct ab_record lie = *rec;

	if (slot < AB_SLOTS && lie.slot[slot].state == AB_GOOD)
		lie.slot[slot].state = AB_EMPTY;
	return ab_arm(&lie, p, who, slot, tries, version, next);
}

static enum ab_refusal arm_and_raise(const struct ab_record *rec, const struct ab_policy *p,
				     const struct ab_asker *who, enum ab_slot_id slot,
				     unsigned int tries, const char *version,
				     struct ab_record *next)
{
	enum ab_refusal r = ab_arm(rec, p, who, slot, tries, version, next);

	if (r == AB_OK)
		memcpy(next->floor, next->slot[slot].version, sizeof(next->floor));
	return r;
}

static enum ab_refusal arm_same_transaction(const struct ab_record *rec, const struct ab_policy *p,
					    const struct ab_asker *who, enum ab_slot_id slot,
					    unsigned int tries, const char *version,
					    struct ab_record *next)
{
	enum ab_refusal r = ab_arm(rec, p, who, slot, tries, version, next);

	next->transaction = rec->transaction;
	return r;
}

static enum ab_refusal never_orderly(const struct ab_record *rec, const struct ab_policy *p,
				     const struct ab_asker *who, struct ab_record *next)
{
	(void)p;
	(void)who;
	*next = *rec;
	return AB_NOT_CANDIDATE_BOOT;
}

static enum ab_refusal orderly_for_ever(const struct ab_record *rec, const struct ab_policy *p,
					const struct ab_asker *who, struct ab_record *next)
{
	struct ab_record lie = *rec;

	lie.slot[AB_A].refunds = lie.slot[AB_B].refunds = 0;
	return ab_orderly(&lie, p, who, next);
}

/* --- bytes --- */

static void rebuild_with_tries(const struct ab_evidence *evidence, struct ab_record *ret)
{
	ab_rebuild(evidence, ret);
	ret->slot[AB_B] = (struct ab_slot){ .state = AB_CANDIDATE, .tries = 3 };
	ret->active = AB_A;
}

/* Takes a torn record for a whole one. */
static void choose_without_crc(const unsigned char *const *copy, struct abrecord_pair *ret)
{
	unsigned char bytes[ABRECORD_COPIES][ABRECORD_BYTES];
	const unsigned char *const mended[] = { bytes[0], bytes[1] };

	for (size_t i = 0; i < ABRECORD_COPIES; i++) {
		uint32_t crc;

		memcpy(bytes[i], copy[i], ABRECORD_BYTES);
		if (memcmp(bytes[i], "anteroot", 8) != 0)
			continue;
		crc = digest_crc32(bytes[i], ABRECORD_BYTES - 4);
		for (size_t n = 0; n < 4; n++)
			bytes[i][ABRECORD_BYTES - 4 + n] = (unsigned char)(crc >> (8 * n));
	}
	abrecord_choose(mended, ret);
}

/* Compares generations as plain numbers. */
static void choose_without_wrap(const unsigned char *const *copy, struct abrecord_pair *ret)
{
	struct ab_record rec[ABRECORD_COPIES];

	abrecord_choose(copy, ret);
	for (size_t i = 0; i < ABRECORD_COPIES; i++)
		if (abrecord_decode(copy[i], &rec[i]) != ABRECORD_GOOD)
			return;
	ret->current = rec[1].generation > rec[0].generation;
	ret->spare = !ret->current;
	ret->record = rec[ret->current];
}

#define REAL                                                                            \
	.decide = ab_decide, .arm = ab_arm, .confirm = ab_confirm, .reject = ab_reject, \
	.orderly = ab_orderly, .rebuild = ab_rebuild, .choose = abrecord_choose

#pragma GCC diagnostic ignored "-Woverride-init"
const struct rules mutants[] = {
	{ REAL, .name = "stale-count", .decide = follow_stale_count,
	  .confirm = confirm_and_keep_count },
	{ REAL, .name = "stale-count, in the loader", .medium = TEXTS, .loader_stale = true },
	{ REAL, .name = "two-store-commit", .confirms_in_two = true },
	{ REAL, .name = "unarmed-switch", .arms_in_two = true },
	{ REAL, .name = "unarmed-switch, for a loader", .medium = TEXT, .arms_in_two = true },
	{ REAL, .name = "clean-reboots-count", .decide = forget_orderly },
	{ REAL, .name = "clean-reboots-count, for a loader", .medium = TEXT,
	  .orderly = never_orderly },
	{ REAL, .name = "count-not-saved", .goes_ahead = true },
	{ REAL, .name = "count-not-saved, by the loader", .medium = TEXT, .no_read_back = true },
	{ REAL, .name = "ping-pong", .decide = forget_switches },
	{ REAL, .name = "tries-exhausted", .decide = exhaust_good },
	{ REAL, .name = "counts twice in a boot", .decide = forget_boot },
	{ REAL, .name = "counts every other attempt", .decide = count_every_other },
	{ REAL, .name = "gives up after one attempt", .decide = go_back_at_once },
	{ REAL, .name = "refunds without a cap", .decide = forget_refunds },
	{ REAL, .name = "refunds without a cap, for a loader", .medium = TEXT,
	  .orderly = orderly_for_ever },
	{ REAL, .name = "tries what cannot be counted", .decide = try_uncounted },
	{ REAL, .name = "looks at the clock", .decide = look_at_clock },
	{ REAL, .name = "confirms any transaction", .confirm = confirm_any_transaction },
	{ REAL, .name = "confirms any boot", .confirm = confirm_any_boot },
	{ REAL, .name = "confirms and goes back", .confirm = confirm_and_stay },
	{ REAL, .name = "rejects the only good slot", .reject = reject_only_good },
	{ REAL, .name = "arms the running slot", .arm = arm_running },
	{ REAL, .name = "arms the only good slot", .arm = arm_only_good },
	{ REAL, .name = "arms and raises the floor", .arm = arm_and_raise },
	{ REAL, .name = "arms in the same transaction", .medium = TEXTS,
	  .arm = arm_same_transaction },
	{ REAL, .name = "fresh tries after a loss", .rebuild = rebuild_with_tries },
	{ REAL, .name = "writes the copy that counts", .writes_current = true },
	{ REAL, .name = "ignores the CRC", .choose = choose_without_crc },
	{ REAL, .name = "generations do not wrap", .choose = choose_without_wrap },
	{ REAL, .name = "the loader ignores the seal", .medium = TEXT, .no_seal = true },
	{ REAL, .name = "the loader ignores whose count it is", .medium = TEXTS,
	  .no_count_for = true },
	{ REAL, .name = "the loader knows no limit", .medium = TEXT, .no_limit = true },
	{ REAL, .name = "the agent stores beside the loader", .medium = TEXT,
	  .decide = store_as_loader },
};
const size_t mutants_len = ARRAY_SIZE(mutants);
