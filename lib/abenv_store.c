/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/abenv_keys.h"
#include "lib/abmeta.h"

static const char *const env_keys[] = { GOOD,	   TXN,	  TRIES,     SEAL,  PART,
					AVAILABLE, COUNT, COUNT_FOR, PARTS, META };
static const char *const count_keys[] = { COUNT, COUNT_FOR };

void abenv_print_part(const struct abenv_device *dev, enum ab_slot_id slot,
		      char ret[static PART_SIZE])
{
	if (dev->form == ABENV_LETTER)
		(void)snprintf(ret, PART_SIZE, "%c", slot == AB_A ? 'A' : 'B');
	else
		(void)snprintf(ret, PART_SIZE, dev->form == ABENV_HEX ? "%x" : "%u",
			       dev->part[slot]);
}

void abenv_print_parts(const struct abenv_device *dev, char ret[static PARTS_SIZE])
{
	char part[AB_SLOTS][PART_SIZE];

	for (unsigned int i = 0; i < AB_SLOTS; i++)
		abenv_print_part(dev, (enum ab_slot_id)i, part[i]);
	(void)snprintf(ret, PARTS_SIZE, "%s:%s", part[AB_A], part[AB_B]);
}

struct texts {
	char good[2], txn[TXN_DIGITS + 1], tries[2], part[PART_SIZE], parts[PARTS_SIZE];
	char seal[SEAL_SIZE], count[2], meta[ABMETA_SIZE];
	const char *available;
};

static char digit(unsigned int number)
{
	return (char)('0' + (number > 9 ? 9 : number));
}

/* Within a transaction it stays what it was: it is a part of the seal, and of a torn seal too. */
static char print_tries(const struct ab_record *rec, enum ab_slot_id candidate, const char *txn,
			const struct envlist *env)
{
	const char *tries = abenv_value(env, TRIES);

	if (candidate != AB_NONE && rec->slot[candidate].tries > 0)
		return digit(rec->slot[candidate].tries);
	if (strcmp(abenv_value(env, TXN), txn) == 0 && *tries >= '1' && *tries <= '9' && !tries[1])
		return *tries;
	return '1';
}

static int print_texts(const struct ab_record *rec, const struct abenv_device *dev,
		       const struct envlist *env, const char *name, struct texts *ret,
		       struct reason *r)
{
	enum ab_slot_id candidate = ab_candidate(rec);
	enum ab_slot_id named = candidate == AB_NONE ? rec->active : candidate;

	if (dev->form != ABENV_LETTER && (dev->part[named] == 0 || dev->part[named] > PART_MAX))
		return reason_setf(r, ENXIO, "write", name,
				   "slot %c has no partition that could be named",
				   named == AB_A ? 'A' : 'B');
	*ret = (struct texts){ .available = candidate == AB_NONE ? "0" : "1" };
	ret->good[0] = rec->active == AB_A ? 'A' : 'B';
	ret->count[0] = candidate == AB_NONE ? '0' : digit(rec->slot[named].attempts);
	(void)snprintf(ret->txn, sizeof(ret->txn), "%08x", (unsigned int)rec->transaction);
	ret->tries[0] = print_tries(rec, candidate, ret->txn, env);
	abenv_print_part(dev, named, ret->part);
	abenv_print_parts(dev, ret->parts);
	(void)snprintf(ret->seal, sizeof(ret->seal), "%s.%s.%s.%s.%s", ret->part, ret->available,
		       ret->good, ret->txn, ret->tries);
	abmeta_print(rec, ret->meta);
	return 0;
}

static void set_own(struct envlist *env, const struct texts *t)
{
	env_set(env, GOOD, t->good);
	env_set(env, TXN, t->txn);
	env_set(env, TRIES, t->tries);
	env_set(env, SEAL, t->seal);
	env_set(env, PARTS, t->parts);
	env_set(env, META, t->meta);
}

static int done(const struct envlist *env, const struct envlist *count, int result,
		const char *name, struct reason *r)
{
	if (arena_failed(env->arena) || arena_failed(count->arena))
		return reason_set(r, ENOMEM, "write", name);
	return result;
}

int abenv_adopt(const struct ab_record *rec, const struct abenv_device *dev, struct envlist *env,
		struct envlist *count, const char *name, struct reason *r)
{
	struct texts t = { .available = "0" };
	int err;

	if (abenv_letter(abenv_value(env, GOOD)) != AB_NONE || !env_get(env, PART))
		return 0;
	err = print_texts(rec, dev, env, name, &t, r);
	if (err < 0)
		return err;
	set_own(env, &t);
	/* While a candidate is armed the good slot is booted between the two writes. And the count's transaction comes
	 * last: the next write goes over the count before it gets here, and no count at all is one that is used up. */
	if (ab_candidate(rec) != AB_NONE)
		env_unset(env, SEAL);
	env_set(count, COUNT_FOR, t.txn);
	return done(env, count, 1, name, r);
}

int abenv_store(const struct ab_record *rec, const struct abenv_device *dev, struct envlist *env,
		struct envlist *count, const char *name, struct reason *r)
{
	/* In a file of its own the count stays where U-Boot may have put it: what does not move is not torn. */
	bool in_place = env != count && env_get(count, COUNT) && env_get(count, COUNT_FOR);
	struct texts t = { .available = "0" };
	int err = print_texts(rec, dev, env, name, &t, r);

	if (err < 0)
		return err;
	set_own(env, &t);
	env_set(env, PART, t.part);
	env_set(env, AVAILABLE, t.available);
	env_set(count, COUNT, t.count);
	env_set(count, COUNT_FOR, t.txn);
	env_order(env, env_keys, ARRAY_SIZE(env_keys));
	if (!in_place)
		env_order(count, count_keys, env == count ? 0 : ARRAY_SIZE(count_keys));
	env_need_early(env, env_keys, ARRAY_SIZE(env_keys));
	env_need_early(count, count_keys, ARRAY_SIZE(count_keys));
	return done(env, count, 0, name, r);
}

bool abenv_count_first(const struct ab_record *old, const struct ab_record *rec)
{
	enum ab_slot_id candidate = ab_candidate(rec);

	return candidate != AB_NONE && candidate == ab_candidate(old) &&
	       old->transaction == rec->transaction;
}
