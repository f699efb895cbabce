/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "tests/enumerate/model.h"

/* What happens in a running system, and to one that is off. */

void load(const struct enumeration *e, const struct world *w, const bool present[AB_ROOTS],
	  struct ab_record *ret)
{
	bool follows = config_of(e)->policy.counter == AB_LOADER;
	struct ab_evidence evidence = {
		.present = { present[AB_A], present[AB_B] },
		.named = w->running < AB_SLOTS ? w->running
			 : follows	       ? AB_A
					       : AB_NONE,
	};

	if (w->disk == DISK_BLANK)
		ab_blank(AB_A, ret);
	else if (w->disk == DISK_LOST)
		rules_of(e)->rebuild(&evidence, ret);
	else
		*ret = w->rec;
}

struct ab_asker asker_of(const struct world *w, const struct ab_record *rec)
{
	struct ab_asker who = { .running = w->running,
				.transaction = rec->transaction - (w->told_same ? 0 : TOLD_OTHER) };

	memcpy(who.boot_id, this_boot, AB_BOOT_ID_LEN);
	memcpy(who.told_boot_id, this_boot, AB_BOOT_ID_LEN);
	return who;
}

/* A step that was granted: what really happened with it. */
static void arm_ghosts(struct world *w, const struct world *before, const struct step *step)
{
	const struct ab_slot *s = &w->rec.slot[step->slot];
	bool switched = w->rec.active == step->slot && before->rec.active != step->slot;

	if (step->event == E_ARM && (s->state != AB_GOOD || switched))
		w->fresh = step->slot;
	if (w->promised == step->slot)
		w->promised = AB_NONE;
	w->told_same = false;
}

static void confirm_ghosts(struct world *w, const struct world *before, const struct step *step)
{
	(void)before;
	(void)step;
	w->promised = w->running;
	if (w->fresh == w->running)
		w->fresh = AB_NONE;
}

static void reject_ghosts(struct world *w, const struct world *before, const struct step *step)
{
	(void)before;
	if (w->promised == step->slot)
		w->promised = AB_NONE;
	if (w->fresh == step->slot && w->rec.slot[step->slot].state == AB_BAD)
		w->fresh = AB_NONE;
}

typedef void (*ghosts_fn)(struct world *w, const struct world *before, const struct step *step);

/* A store of a running system: made, or torn with the power gone. The old and the new with the power gone are the
 * steps "power off" before and behind it. */
static void store(struct enumeration *e, const struct world *w, const struct ab_record *next,
		  struct step *step, ghosts_fn ghosts)
{
	const struct config *c = config_of(e);
	struct left left[LEFT_MAX];
	const char *bad;
	size_t len = media_cut(c, rules_of(e), w, next, left, &bad);
	struct world done = *w;

	if (bad)
		broken(e, P_TORN, bad, step);
	if (!ab_valid(next))
		broken(e, P_VALID, "a step makes a record that is not valid", step);
	stored(c, &done, next);
	if (ghosts)
		ghosts(&done, w, step);
	emit(e, &done, step);
	for (size_t i = 0; i < len; i++) {
		struct world torn = *w;
		struct step how = *step;

		leave(&torn, &left[i]);
		/* A confirm is acknowledged when it is stored. */
		if (ghosts && ghosts != confirm_ghosts)
			ghosts(&torn, w, step);
		else if (ghosts && torn.rec.slot[w->running].state == AB_GOOD &&
			 torn.fresh == w->running)
			torn.fresh = AB_NONE;
		torn.running = AB_NONE;
		how.fault = F_TORN;
		how.number = (unsigned int)i;
		emit(e, &torn, &how);
	}
}

static void check_floor(struct enumeration *e, const struct ab_record *rec,
			const struct ab_record *next, const struct step *step)
{
	if (strcmp(rec->floor, next->floor) != 0)
		broken(e, P_FLOOR, "the version floor is raised without a confirm", step);
}

static void each_arm(struct enumeration *e, const struct world *w, const struct ab_record *rec)
{
	const struct config *c = config_of(e);
	struct ab_asker who = asker_of(w, rec);
	unsigned int tries[] = { c->policy.tries, 1 };
	struct ab_record next;

	for (enum ab_slot_id slot = AB_A; slot < AB_SLOTS; slot++)
		for (size_t i = 0; i < (c->policy.tries > 1 ? ARRAY_SIZE(tries) : 1); i++) {
			struct step step = {
				.event = E_ARM, .slot = slot, .number = tries[i], .missing = AB_NONE
			};

			if (rules_of(e)->arm(rec, &c->policy, &who, slot, tries[i],
					     c->policy.raise_floor ? MODEL_VERSION : NULL,
					     &next) != AB_OK)
				continue;
			check_floor(e, rec, &next, &step);
			if (next.transaction == rec->transaction || next.transaction == 0)
				broken(e, P_GIVEN_UP,
				       "armed in a transaction that there was, with its count",
				       &step);
			if (rules_of(e)->arms_in_two) {
				struct ab_record switched = *rec;
				struct step half = step;

				half.fault = F_BEFORE;
				switched.active = slot;
				switched.slot[slot].state = AB_GOOD;
				switched.slot[slot].bad = AB_BAD_NONE;
				store(e, w, &switched, &half, arm_ghosts);
			}
			store(e, w, &next, &step, arm_ghosts);
		}
}

static void confirm(struct enumeration *e, const struct world *w, const struct ab_record *rec)
{
	const struct config *c = config_of(e);
	struct ab_asker who = asker_of(w, rec);
	struct step step = { .event = E_CONFIRM, .slot = w->running, .missing = AB_NONE };
	struct ab_record next;

	if (rules_of(e)->confirm(rec, &c->policy, &who, &next) != AB_OK)
		return;
	if (rules_of(e)->confirms_in_two) {
		struct world half = *w;

		step.fault = F_BEFORE;
		confirm_ghosts(&half, w, &step);
		half.running = AB_NONE;
		emit(e, &half, &step);
		step.fault = F_NONE;
	}
	store(e, w, &next, &step, confirm_ghosts);
}

static void each_verdict(struct enumeration *e, const struct world *w, const struct ab_record *rec)
{
	struct ab_asker who = asker_of(w, rec);
	struct ab_record next;

	for (enum ab_slot_id slot = AB_A; slot < AB_SLOTS; slot++) {
		struct step step = { .event = E_REJECT, .slot = slot, .missing = AB_NONE };

		if (rules_of(e)->reject(rec, &who, slot, AB_BAD_REJECTED, &next) != AB_OK)
			continue;
		check_floor(e, rec, &next, &step);
		store(e, w, &next, &step, reject_ghosts);
	}
}

static void others(struct enumeration *e, const struct world *w, const struct ab_record *rec)
{
	const struct config *c = config_of(e);
	struct ab_asker who = asker_of(w, rec);
	struct step step = { .event = E_SWITCH, .missing = AB_NONE };
	struct world off = *w;
	struct ab_record next;

	if (w->running < AB_SLOTS) {
		step.slot = ab_other(w->running);
		if (ab_switch(rec, &c->policy, &who, &next) == AB_OK)
			store(e, w, &next, &step, arm_ghosts);
		step = (struct step){ .event = E_ORDERLY, .slot = w->running, .missing = AB_NONE };
		if (rules_of(e)->orderly(rec, &c->policy, &who, &next) == AB_OK) {
			const struct ab_slot *was = &rec->slot[w->running];
			const struct ab_slot *is = &next.slot[w->running];

			if (is->attempts + is->refunds < was->attempts + was->refunds)
				broken(e, P_ATTEMPTS, "more is given back than was noted", &step);
			store(e, w, &next, &step, NULL);
		}
	}
	off.running = AB_NONE;
	emit(e, &off, &(struct step){ .event = E_POWER_OFF, .slot = AB_NONE, .missing = AB_NONE });
}

/* Somebody who knows balenaOS' keys alone: sets them beside ours, or replaces the file. */
static void each_foreign(struct enumeration *e, const struct world *w)
{
	for (unsigned int how = 0; how < 3; how++) {
		struct step step = {
			.event = E_FOREIGN, .slot = w->running, .number = how, .missing = AB_NONE
		};
		struct world written = *w;
		struct left left;
		struct keys k;

		if (how == 0 && w->disk != DISK_RECORD)
			continue;
		keys_of_world(w, &k);
		k.part = how == 2 ? w->running : ab_other(w->running);
		k.available[0] = how == 2 ? '0' : '1';
		k.count[0] = '0';
		k.own = k.own && how == 0;
		keys_load(config_of(e), &k, &left);
		leave(&written, &left);
		written.fresh = AB_NONE;
		if (how > 0 || written.promised != w->running)
			written.promised = AB_NONE;
		emit(e, &written, &step);
	}
}

static void damage(struct enumeration *e, const struct world *w)
{
	struct world lost = {
		.disk = DISK_LOST, .running = AB_NONE, .fresh = AB_NONE, .promised = AB_NONE
	};

	if (w->disk != DISK_LOST && w->disk != DISK_BLANK)
		emit(e, &lost,
		     &(struct step){ .event = E_DAMAGE, .slot = AB_NONE, .missing = AB_NONE });
}

void each_step(struct enumeration *e, const struct world *w)
{
	static const bool present[AB_ROOTS] = { true, true, true };
	struct ab_record rec;

	if (w->running == AB_NONE) {
		damage(e, w);
		each_boot(e, w);
		return;
	}
	load(e, w, present, &rec);
	each_arm(e, w, &rec);
	if (w->running < AB_SLOTS)
		confirm(e, w, &rec);
	each_verdict(e, w, &rec);
	others(e, w, &rec);
	if (config_of(e)->medium != COPIES && w->running < AB_SLOTS)
		each_foreign(e, w);
}
