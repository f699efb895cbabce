/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "lib/abstate.h"
#include "lib/osversion.h"

/* The steps of a running system: arm, confirm, reject, switch, and the end of a boot. */

static bool same_id(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, AB_BOOT_ID_LEN) == 0;
}

/* The higher of two versions of which the record's may be "". */
static const char *higher(const char *a, const char *b)
{
	int r = 0;

	if (!*a || !*b)
		return *a ? a : b;
	return osversion_compare_text(a, b, &r) == 0 && r < 0 ? b : a;
}

static enum ab_refusal check_version(const struct ab_record *rec, const struct ab_policy *policy,
				     const char *version)
{
	const char *floor = higher(policy->floor, rec->floor);
	struct osversion parsed;
	int r = 0;

	if (!*version)
		return *floor ? AB_NEEDS_VERSION : AB_OK;
	if (strlen(version) >= AB_VERSION_MAX || osversion_parse(version, &parsed) < 0)
		return AB_BAD_VERSION;
	if (*floor && (osversion_compare_text(version, floor, &r) < 0 || r < 0))
		return AB_BELOW_FLOOR;
	return AB_OK;
}

/* What arming and switching have in common. */
static enum ab_refusal make_candidate(const struct ab_record *rec, const struct ab_policy *policy,
				      const struct ab_asker *who, enum ab_slot_id slot,
				      unsigned int tries, const char *version,
				      struct ab_record *next)
{
	enum ab_slot_id other = ab_other(slot);
	enum ab_refusal refusal;

	*next = *rec;
	if (slot >= AB_SLOTS)
		return AB_NOT_A_SLOT;
	if (slot == who->running)
		return AB_IS_RUNNING;
	if (ab_is_candidate(&rec->slot[other]))
		return AB_RUNNING_UNCONFIRMED;
	/* Once there is nothing good at all, there is nothing to lose. */
	if (rec->slot[slot].state == AB_GOOD && rec->slot[other].state != AB_GOOD)
		return AB_ONLY_GOOD;
	tries = tries ? tries : policy->tries;
	if (tries < 1 || tries > AB_TRIES_MAX)
		return AB_BAD_TRIES_NUMBER;
	refusal = check_version(rec, policy, version);
	if (refusal != AB_OK)
		return refusal;
	next->slot[slot] = (struct ab_slot){ .state = AB_CANDIDATE, .tries = tries };
	(void)strncpy(next->slot[slot].version, version, AB_VERSION_MAX - 1);
	if (++next->transaction == 0)
		next->transaction = 1;
	next->active = other;
	return AB_OK;
}

enum ab_refusal ab_arm(const struct ab_record *rec, const struct ab_policy *policy,
		       const struct ab_asker *who, enum ab_slot_id slot, unsigned int tries,
		       const char *version, struct ab_record *ret_next)
{
	enum ab_refusal refusal =
		make_candidate(rec, policy, who, slot, tries, version ? version : "", ret_next);

	if (refusal == AB_OK)
		ab_note(ret_next, AB_EVENT_ARM, slot, who->realtime_sec);
	return refusal;
}

enum ab_refusal ab_switch(const struct ab_record *rec, const struct ab_policy *policy,
			  const struct ab_asker *who, struct ab_record *ret_next)
{
	enum ab_slot_id slot = ab_other(who->running);
	char version[AB_VERSION_MAX];
	enum ab_refusal refusal;

	*ret_next = *rec;
	if (who->running >= AB_SLOTS)
		return AB_NOT_A_SLOT;
	if (ab_is_candidate(&rec->slot[who->running]))
		return AB_RUNNING_UNCONFIRMED;
	if (rec->slot[slot].state != AB_GOOD)
		return AB_OTHER_NOT_GOOD;
	memcpy(version, rec->slot[slot].version, sizeof(version));
	refusal = make_candidate(rec, policy, who, slot, 0, version, ret_next);
	if (refusal == AB_OK)
		ab_note(ret_next, AB_EVENT_SWITCH, slot, who->realtime_sec);
	return refusal;
}

/* Whether the asker speaks of the boot that the record has. */
static enum ab_refusal check_boot(const struct ab_record *rec, const struct ab_policy *policy,
				  const struct ab_asker *who)
{
	const struct ab_slot *s = &rec->slot[who->running];

	if (!same_id(who->told_boot_id, who->boot_id))
		return AB_OTHER_BOOT;
	if (!ab_is_candidate(&rec->slot[who->running]))
		return AB_OK;
	if (who->transaction != rec->transaction)
		return AB_OTHER_TRANSACTION;
	if (s->state != AB_TRYING)
		return AB_OTHER_BOOT; /* never counted: it was not booted by its attempts */
	if (policy->counter == AB_AGENT &&
	    (!same_id(rec->boot_id, who->boot_id) || rec->booted != who->running))
		return AB_OTHER_BOOT;
	return AB_OK;
}

/* With a loader that counts, nobody has written down yet that it went back. */
static void settle_loader(struct ab_record *next, const struct ab_policy *policy,
			  const struct ab_asker *who)
{
	enum ab_slot_id c = ab_candidate(next);

	if (policy->counter != AB_LOADER || c == AB_NONE || c == who->running ||
	    next->slot[c].attempts < next->slot[c].tries)
		return;
	next->slot[c].state = AB_BAD;
	next->slot[c].bad = AB_BAD_TRIES;
	ab_note(next, AB_EVENT_ROLLBACK, c, who->realtime_sec);
}

enum ab_refusal ab_confirm(const struct ab_record *rec, const struct ab_policy *policy,
			   const struct ab_asker *who, struct ab_record *ret_next)
{
	enum ab_refusal refusal;
	struct ab_slot *s;
	bool was_good;

	*ret_next = *rec;
	if (who->running >= AB_SLOTS)
		return AB_NOT_A_SLOT;
	refusal = check_boot(rec, policy, who);
	if (refusal != AB_OK)
		return refusal;
	settle_loader(ret_next, policy, who);
	s = &ret_next->slot[who->running];
	was_good = s->state == AB_GOOD;
	s->state = AB_GOOD;
	s->bad = AB_BAD_NONE;
	s->confirmed = true;
	s->tries = s->attempts = s->refunds = s->unconfirmed = 0;
	ret_next->active = who->running;
	ret_next->switches = ret_next->fruitless = 0;
	ret_next->unknown = false;
	if (policy->raise_floor && higher(ret_next->floor, s->version) == s->version)
		memcpy(ret_next->floor, s->version, sizeof(ret_next->floor));
	if (!was_good)
		ab_note(ret_next, AB_EVENT_CONFIRM, who->running, who->realtime_sec);
	return AB_OK;
}

enum ab_refusal ab_reject(const struct ab_record *rec, const struct ab_asker *who,
			  enum ab_slot_id slot, enum ab_bad bad, struct ab_record *ret_next)
{
	struct ab_slot *s;

	*ret_next = *rec;
	if (slot >= AB_SLOTS)
		return AB_NOT_A_SLOT;
	s = &ret_next->slot[slot];
	/* What runs speaks for the transaction it was booted in, not for one that came later. */
	if (ab_is_candidate(&rec->slot[slot]) && slot == who->running &&
	    who->transaction != rec->transaction)
		return AB_OTHER_TRANSACTION;
	if (s->state == AB_GOOD && rec->slot[ab_other(slot)].state != AB_GOOD)
		return AB_ONLY_GOOD;
	if (s->state == AB_BAD)
		return AB_OK;
	s->state = AB_BAD;
	s->bad = bad;
	if (!ab_is_candidate(
		    &rec->slot[ab_other(slot)])) /* a candidate is never what is gone back to */
		ret_next->active = ab_other(slot);
	ab_note(ret_next, AB_EVENT_REJECT, slot, who->realtime_sec);
	return AB_OK;
}

enum ab_refusal ab_orderly(const struct ab_record *rec, const struct ab_policy *policy,
			   const struct ab_asker *who, struct ab_record *ret_next)
{
	struct ab_slot *s;

	*ret_next = *rec;
	if (who->running >= AB_SLOTS)
		return AB_NOT_A_SLOT;
	s = &ret_next->slot[who->running];
	if (policy->counter == AB_LOADER) {
		if (s->state != AB_TRYING || s->attempts == 0 || s->refunds >= policy->refunds ||
		    who->transaction != rec->transaction ||
		    (rec->orderly && same_id(rec->boot_id, who->boot_id)))
			return AB_NOT_CANDIDATE_BOOT;
		s->attempts--;
		s->refunds++;
		ab_note(ret_next, AB_EVENT_REFUND, who->running, who->realtime_sec);
	} else if (!same_id(rec->boot_id, who->boot_id) || rec->booted != who->running ||
		   (s->state != AB_TRYING && s->unconfirmed == 0)) {
		return AB_NOT_CANDIDATE_BOOT;
	}
	memcpy(ret_next->boot_id, who->boot_id, AB_BOOT_ID_LEN);
	ret_next->booted = who->running;
	ret_next->orderly = true;
	return AB_OK;
}

void ab_blank(enum ab_slot_id active, struct ab_record *ret_rec)
{
	memset(ret_rec, 0, sizeof(*ret_rec));
	ret_rec->active = active == AB_B ? AB_B : AB_A;
	ret_rec->slot[ret_rec->active].state = AB_GOOD;
	ret_rec->booted = AB_NONE;
}

void ab_rebuild(const struct ab_evidence *evidence, struct ab_record *ret_rec)
{
	enum ab_slot_id named = evidence->named;

	ab_blank(named, ret_rec);
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++) {
		ret_rec->slot[i].state = evidence->present[i] ? AB_GOOD : AB_EMPTY;
		ret_rec->slot[i].confirmed = evidence->present[i];
	}
	if (evidence->armed && named < AB_SLOTS && evidence->present[ab_other(named)]) {
		ret_rec->slot[named] = (struct ab_slot){ .state = AB_BAD, .bad = AB_BAD_UNKNOWN };
		ret_rec->active = ab_other(named);
	}
	/* A loader goes back to the active slot without a look at the other one. */
	if (ret_rec->slot[ret_rec->active].state != AB_GOOD &&
	    ret_rec->slot[ab_other(ret_rec->active)].state == AB_GOOD)
		ret_rec->active = ab_other(ret_rec->active);
	ret_rec->unknown = true;
	ab_note(ret_rec, AB_EVENT_REBUILT, AB_NONE, evidence->realtime_sec);
}

static bool is_terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool slot_valid(const struct ab_slot *s)
{
	bool candidate = ab_is_candidate(s);

	return (unsigned int)s->state < AB_STATES && (unsigned int)s->bad < AB_BADS &&
	       (s->bad == AB_BAD_NONE || s->state == AB_BAD) && s->tries <= AB_TRIES_MAX &&
	       (!candidate || s->tries > 0) && s->attempts <= s->tries &&
	       s->refunds <= AB_TRIES_MAX && s->unconfirmed <= AB_COUNT_MAX &&
	       is_terminated(s->version, sizeof(s->version));
}

bool ab_valid(const struct ab_record *rec)
{
	bool both = ab_is_candidate(&rec->slot[AB_A]) && ab_is_candidate(&rec->slot[AB_B]);
	enum ab_slot_id c = ab_candidate(rec);

	for (size_t i = 0; i < AB_TRANSITIONS; i++)
		if ((unsigned int)rec->transition[i].event >= AB_EVENTS ||
		    (unsigned int)rec->transition[i].slot > AB_NONE ||
		    (unsigned int)rec->transition[i].bad >= AB_BADS)
			return false;
	return slot_valid(&rec->slot[AB_A]) && slot_valid(&rec->slot[AB_B]) && !both &&
	       (unsigned int)rec->active < AB_SLOTS && rec->active != c &&
	       (unsigned int)rec->booted <= AB_NONE && rec->switches <= AB_COUNT_MAX &&
	       rec->fruitless <= AB_COUNT_MAX && is_terminated(rec->floor, sizeof(rec->floor)) &&
	       is_terminated(rec->disk, sizeof(rec->disk));
}
