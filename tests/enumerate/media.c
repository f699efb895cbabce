/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "tests/enumerate/model.h"

/*
 * A store into two copies, byte by byte. That a cut leaves the old record or the new one is shown once for each pair
 * of records that follow each other; the enumeration then goes on with these two.
 */

#define GARBAGE 0xa5

unsigned long media_stores, media_torn;

struct copies {
	unsigned char bytes[ABRECORD_COPIES][ABRECORD_BYTES];
};

static void choose(const struct rules *rules, const struct copies *copies,
		   struct abrecord_pair *ret)
{
	const unsigned char *const copy[] = { copies->bytes[0], copies->bytes[1] };

	rules->choose(copy, ret);
}

/* 1: the new record, 0: the old one, -1: neither. */
static int what_is_left(const struct rules *rules, const struct copies *copies, bool was_blank,
			const unsigned char *old, const unsigned char *next)
{
	unsigned char bytes[ABRECORD_BYTES];
	struct abrecord_pair pair;

	choose(rules, copies, &pair);
	if (pair.current < 0)
		return was_blank && !pair.lost ? 0 : -1;
	abrecord_encode(&pair.record, bytes);
	if (memcmp(bytes, next, ABRECORD_BYTES) == 0)
		return 1;
	return !was_blank && memcmp(bytes, old, ABRECORD_BYTES) == 0 ? 0 : -1;
}

/* Whether a copy must be looked at together with the other one. By itself a damaged one never counts: garbage() looks
 * at that. */
static bool passes(const struct rules *rules, const unsigned char *bytes)
{
	struct ab_record rec;

	return rules != &the_rules || abrecord_decode(bytes, &rec) == ABRECORD_GOOD;
}

/* Every place where a torn write differs from the one before it. */
static const char *tear(const struct rules *rules, struct copies *copies, int target,
			bool was_blank, const unsigned char *old, const unsigned char *next)
{
	unsigned char *p = copies->bytes[target];

	for (size_t i = 0; i < ABRECORD_BYTES; i++) {
		if (p[i] == next[i])
			continue;
		/* All before `i` is new by now; is it taken for a record, it must be one. */
		media_torn++;
		if (passes(rules, p) && what_is_left(rules, copies, was_blank, old, next) != 0)
			return "a torn write is taken for a record, or loses one";
		p[i] = next[i];
	}
	if (what_is_left(rules, copies, was_blank, old, next) != 1)
		return "what was written is not what counts";
	return NULL;
}

static const char *garbage(const struct rules *rules, struct copies *copies, int target,
			   bool was_blank, const unsigned char *old, const unsigned char *next)
{
	static const unsigned char with[] = { GARBAGE, 0x00, 0xff };

	for (size_t i = 0; i < sizeof(with); i++) {
		memset(copies->bytes[target], with[i], ABRECORD_BYTES);
		if (what_is_left(rules, copies, was_blank, old, next) != 0)
			return "garbage where it was written loses the record before it";
	}
	return NULL;
}

static const char *store(const struct rules *rules, const struct world *w,
			 const struct ab_record *next, int current, uint32_t generation)
{
	unsigned char old_bytes[ABRECORD_BYTES], next_bytes[ABRECORD_BYTES];
	bool was_blank = w->disk == DISK_BLANK;
	struct ab_record old = w->rec, new = *next;
	struct abrecord_pair pair;
	struct copies copies, torn;
	const char *bad;
	int target;

	old.generation = generation;
	new.generation = generation + 1;
	abrecord_encode(&old, old_bytes);
	abrecord_encode(&new, next_bytes);
	memset(&copies, w->disk == DISK_LOST ? GARBAGE : current ? 0x00 : 0xff, sizeof(copies));
	if (w->disk == DISK_RECORD) {
		struct ab_record older =
			w->rec; /* the spare one is as far from the new as the old one */

		older.generation = generation - 1;
		memcpy(copies.bytes[current], old_bytes, ABRECORD_BYTES);
		if (generation % 3 != 0)
			abrecord_encode(&older, copies.bytes[!current]);
	}
	choose(rules, &copies, &pair);
	if (w->disk == DISK_RECORD && pair.current != current)
		return "the newer copy is not the one that counts";
	target = rules->writes_current && pair.current >= 0 ? pair.current : pair.spare;
	torn = copies;
	bad = w->disk == DISK_LOST
		      ? NULL
		      : garbage(rules, &torn, target, was_blank, old_bytes, next_bytes);
	if (bad)
		return bad;
	if (w->disk == DISK_LOST) { /* lost before, lost after a cut */
		memcpy(copies.bytes[target], next_bytes, ABRECORD_BYTES);
		return what_is_left(rules, &copies, false, old_bytes, next_bytes) == 1
			       ? NULL
			       : "what was written is not what counts";
	}
	return tear(rules, &copies, target, was_blank, old_bytes, next_bytes);
}

/*
 * Differences that were shown already, by hash. A CRC is linear: whether a mixture of two whole copies passes for whole
 * depends on their difference alone.
 */
#define SEEN_BITS 20

static bool seen_before(const struct config *c, const struct world *w, const struct ab_record *next)
{
	static uint64_t *seen;
	unsigned char bytes[2 * RECORD_BYTES + 1] = { 0 }, packed[WORLD_BYTES];
	struct world after = { .rec = *next, .running = AB_RECOVERY };
	uint64_t hash = 14695981039346656037u;

	if (!seen)
		seen = calloc((size_t)1 << SEEN_BITS, sizeof(*seen));
	if (!seen)
		return false;
	record_pack(&w->rec, bytes);
	world_pack(c, &after, packed);
	memcpy(bytes + RECORD_BYTES, packed, RECORD_BYTES);
	for (size_t i = 0; i < RECORD_BYTES && w->disk == DISK_RECORD; i++) {
		bytes[i] ^= bytes[RECORD_BYTES + i];
		bytes[RECORD_BYTES + i] = 0;
	}
	bytes[2 * RECORD_BYTES] =
		(unsigned char)(w->disk | (next->transaction != w->rec.transaction) << 4);
	for (size_t i = 0; i < sizeof(bytes); i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	for (size_t i = hash >> (64 - SEEN_BITS), n = 0; n < 16;
	     i = (i + 1) & (((size_t)1 << SEEN_BITS) - 1), n++) {
		if (seen[i] == hash)
			return true;
		if (seen[i] == 0) {
			seen[i] = hash;
			return false;
		}
	}
	return false;
}

size_t media_cut(const struct config *c, const struct rules *rules, const struct world *w,
		 const struct ab_record *next, struct left ret[static LEFT_MAX],
		 const char **ret_bad)
{
	*ret_bad = NULL;
	if (c->medium != COPIES)
		return keys_cut(c, w, next, ret, ret_bad);
	/* Mutants of the machine need no bytes; mutants of the bytes need few. */
	if (rules != &the_rules && rules->choose == the_rules.choose && !rules->writes_current)
		return 0;
	if (rules == &the_rules && seen_before(c, w, next))
		return 0;
	/* Either copy is the current one, and in a third of the stores the generation wraps. */
	media_stores++;
	*ret_bad = store(rules, w, next, (int)(media_stores & 1),
			 media_stores % 3 ? 1000 + (uint32_t)(media_stores % 3) : UINT32_MAX);
	return 0;
}
