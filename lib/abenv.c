/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abenv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/abenv_keys.h"
#include "lib/abmeta.h"

#define TRIES_DEFAULT 3u

/* The keys' values. */
struct values {
	const char *good, *txn, *tries, *seal, *part, *available, *count, *count_for, *parts, *meta;
};

const char *abenv_value(const struct envlist *view, const char *key)
{
	const char *value = env_get(view, key);

	return value ? value : "";
}

static void get_values(const struct envlist *view, struct values *ret)
{
	*ret = (struct values){
		.good = abenv_value(view, GOOD),
		.txn = abenv_value(view, TXN),
		.tries = abenv_value(view, TRIES),
		.seal = abenv_value(view, SEAL),
		.part = abenv_value(view, PART),
		.available = abenv_value(view, AVAILABLE),
		.count = abenv_value(view, COUNT),
		.count_for = abenv_value(view, COUNT_FOR),
		.parts = abenv_value(view, PARTS),
		.meta = abenv_value(view, META),
	};
}

static bool is(const char *value, const char *wanted)
{
	return strcmp(value, wanted) == 0;
}

/* The whole value, nothing before it or behind it. */
static bool read_number(const char *text, unsigned int base, uint32_t *ret)
{
	uint32_t value = 0;
	size_t n = 0;

	for (; text[n]; n++) {
		unsigned int digit = 99;

		if (text[n] >= '0' && text[n] <= '9')
			digit = (unsigned int)(text[n] - '0');
		else if (text[n] >= 'a' && text[n] <= 'f')
			digit = (unsigned int)(text[n] - 'a') + 10;
		else if (text[n] >= 'A' && text[n] <= 'F')
			digit = (unsigned int)(text[n] - 'A') + 10;
		if (digit >= base || n == TXN_DIGITS)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return n > 0;
}

static unsigned int base_of(const struct abenv_device *dev)
{
	return dev->form == ABENV_HEX ? 16 : 10;
}

enum ab_slot_id abenv_letter(const char *text)
{
	return is(text, "A") ? AB_A : is(text, "B") ? AB_B : AB_NONE;
}

void abenv_fill_parts(const struct envlist *view, struct abenv_device *dev)
{
	const char *text = abenv_value(view, PARTS), *colon = strchr(text, ':');
	char first[PART_SIZE];
	uint32_t number;

	if (dev->form == ABENV_LETTER || !colon || (size_t)(colon - text) >= sizeof(first))
		return;
	memcpy(first, text, (size_t)(colon - text));
	first[colon - text] = '\0';
	for (unsigned int i = 0; i < AB_SLOTS; i++)
		if (dev->part[i] == 0 &&
		    read_number(i ? colon + 1 : first, base_of(dev), &number) &&
		    number <= PART_MAX && number != dev->part[!i])
			dev->part[i] = number;
}

static enum ab_slot_id slot_by_part(const struct abenv_device *dev, const char *text)
{
	uint32_t number;

	if (dev->form == ABENV_LETTER)
		return abenv_letter(text);
	if (!read_number(text, base_of(dev), &number) || number == 0 || number > PART_MAX)
		return AB_NONE;
	return number == dev->part[AB_A] ? AB_A : number == dev->part[AB_B] ? AB_B : AB_NONE;
}

/* As a loader does it: text by text. */
static bool is_sealed(const struct values *v)
{
	char seal[SEAL_SIZE];
	int len = snprintf(seal, sizeof(seal), "%s.%s.%s.%s.%s", v->part, v->available, v->good,
			   v->txn, v->tries);
	uint32_t txn, tries;

	if (len >= (int)sizeof(seal) || !is(v->seal, seal) || strlen(v->txn) != TXN_DIGITS)
		return false;
	return read_number(v->txn, 16, &txn) && read_number(v->tries, 10, &tries) && tries > 0 &&
	       tries <= AB_TRIES_MAX &&
	       (is(v->available, "0") || (is(v->available, "1") && txn > 0));
}

/* A count that is none is used up: no fresh tries from damage. */
static unsigned int read_count(const struct abenv_device *dev, const char *text, unsigned int tries)
{
	uint32_t count;

	if (!read_number(text, base_of(dev), &count))
		return tries;
	return count < tries ? count : tries;
}

/* A slot that a key says is good or bad: what is remembered is kept as far as it says so too. */
static void make(struct ab_slot *slot, enum ab_state state, enum ab_bad bad)
{
	struct ab_slot made = { .state = state, .bad = bad };

	if (slot->state == state)
		return;
	memcpy(made.version, slot->version, sizeof(made.version));
	*slot = made;
}

static void make_good(struct ab_slot *slot)
{
	make(slot, AB_GOOD, AB_BAD_NONE);
}

static void make_bad(struct ab_slot *slot)
{
	make(slot, AB_BAD, AB_BAD_UNKNOWN);
}

static void make_candidate(struct ab_slot *slot, unsigned int tries, unsigned int attempts)
{
	bool tried = attempts > 0 || slot->state == AB_TRYING;

	if (!ab_is_candidate(slot))
		*slot = (struct ab_slot){ .state = AB_CANDIDATE };
	slot->state = tried ? AB_TRYING : AB_CANDIDATE;
	slot->tries = tries;
	slot->attempts = attempts;
}

static void load_foreign(const struct values *v, const struct abenv_device *dev,
			 enum ab_slot_id named, struct ab_record *rec)
{
	unsigned int tries =
		dev->tries > 0 && dev->tries <= AB_TRIES_MAX ? dev->tries : TRIES_DEFAULT;
	unsigned int count = v->count[0] ? read_count(dev, v->count, tries) : 0;

	if (!is(v->available, "1")) {
		rec->active = named;
		make_good(&rec->slot[named]);
		if (ab_is_candidate(&rec->slot[ab_other(named)]))
			make_bad(&rec->slot[ab_other(named)]);
		return;
	}
	rec->active = ab_other(named);
	rec->transaction = rec->transaction > 0 ? rec->transaction : 1;
	make_good(&rec->slot[rec->active]);
	make_candidate(&rec->slot[named], tries, count);
}

/* The candidate of a sealed environment: its values, and what the record remembers of it. */
static void load_candidate(const struct values *v, const struct abenv_device *dev, bool same,
			   struct ab_record *rec, struct abenv_report *report)
{
	struct ab_slot *slot = &rec->slot[ab_other(rec->active)];
	unsigned int remembered = ab_is_candidate(slot) ? slot->attempts : 0;
	uint32_t tries = 1;
	unsigned int count;

	(void)read_number(v->tries, 10, &tries); /* is_sealed() has seen it */
	count = read_count(dev, v->count, tries);
	if (!is(v->count_for, v->txn)) {
		report->stale_count = v->count[0] && count > 0;
		/* Rule 7: no fresh tries when bootcount.env is lost. A loader that counts has nothing else. */
		count = dev->counter == AB_AGENT ? remembered : 0;
		count = count < tries ? count : tries;
	}
	report->double_count = dev->counter == AB_AGENT && same && count != remembered;
	make_candidate(slot, tries, count);
}

static void load_own(const struct values *v, const struct abenv_device *dev, enum ab_slot_id named,
		     bool sealed, bool same, struct ab_record *rec, struct abenv_report *report)
{
	enum ab_slot_id good = abenv_letter(v->good);
	struct ab_slot *rest = &rec->slot[ab_other(good)];

	/* The active slot may be a bad one, when there is nothing better: the record knows. */
	if (!same || rec->active != good || ab_is_candidate(&rec->slot[good]))
		make_good(&rec->slot[good]);
	rec->active = good;
	if (sealed && is(v->available, "1") && named == ab_other(good)) {
		load_candidate(v, dev, same, rec, report);
		return;
	}
	if (sealed && is(v->available, "0")) {
		if (ab_is_candidate(rest))
			make_bad(rest);
		return;
	}
	rec->unknown = true;
	if (!same || ab_is_candidate(rest))
		make_bad(rest);
}

/* What anteroot_meta has; of another transaction only what belongs to none. */
static bool load_meta(const struct values *v, struct ab_record *rec, struct abenv_report *report)
{
	struct ab_record meta;
	uint32_t txn = 0;
	bool has_txn = strlen(v->txn) == TXN_DIGITS && read_number(v->txn, 16, &txn);
	enum abmeta found = v->meta[0] ? abmeta_parse(v->meta, &meta) : ABMETA_BAD;

	*rec = (struct ab_record){ .transaction = has_txn ? txn : 0, .booted = AB_NONE };
	report->meta_newer = found == ABMETA_NEWER;
	report->meta_lost = v->meta[0] && found == ABMETA_BAD;
	if (found != ABMETA_GOOD)
		return false;
	if (has_txn && meta.transaction == txn) {
		*rec = meta;
		return true;
	}
	report->meta_lost = true;
	rec->generation = meta.generation;
	memcpy(rec->floor, meta.floor, sizeof(rec->floor));
	memcpy(rec->disk, meta.disk, sizeof(rec->disk));
	return false;
}

int abenv_load(const struct envlist *view, const struct abenv_device *dev, const char *name,
	       struct ab_record *ret_rec, struct abenv_report *ret_report, struct reason *r)
{
	char parts[PARTS_SIZE];
	enum ab_slot_id named;
	struct ab_record rec;
	struct values v;
	bool same;

	*ret_report = (struct abenv_report){ 0 };
	get_values(view, &v);
	abenv_print_parts(dev, parts);
	named = slot_by_part(dev, v.part);
	same = load_meta(&v, &rec, ret_report);
	ret_report->part_unknown = v.part[0] && named == AB_NONE;
	ret_report->parts_differ = v.parts[0] && strcasecmp(v.parts, parts) != 0;
	ret_report->foreign = abenv_letter(v.good) == AB_NONE;
	if (ret_report->foreign && named == AB_NONE)
		return reason_setf(
			r, ENODATA, "read", name,
			"it has no anteroot_good, and resin_root_part \"%s\" is no slot's", v.part);
	if (ret_report->foreign) {
		load_foreign(&v, dev, named, &rec);
	} else {
		bool sealed = is_sealed(&v);

		ret_report->torn = !sealed;
		load_own(&v, dev, named, sealed, same, &rec, ret_report);
	}
	*ret_rec = rec;
	return 0;
}
