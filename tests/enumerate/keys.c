/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "tests/enumerate/model.h"

/*
 * The keys of docs/STATE.md in a small model of their own, with real bytes, so that a write can be torn at each of
 * them. lib/abenv.c is not used: this is what it is held to.
 */

static char part_of(enum ab_slot_id slot)
{
	return slot == AB_A ? '2' : '3';
}

static void print_seal(const struct keys *k, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%c.%s.%c.%s.%s", part_of(k->part), k->available,
		       k->good == AB_A ? 'A' : 'B', k->txn, k->tries);
}

static void print_meta(const struct ab_record *rec, char *ret, size_t size)
{
	unsigned char bytes[RECORD_BYTES];
	size_t n = (size_t)snprintf(ret, size, "%08x", rec->transaction);

	record_pack(rec, bytes);
	for (size_t i = 0; i < RECORD_BYTES; i++)
		n += (size_t)snprintf(ret + n, size - n, "%02x", bytes[i]);
	(void)snprintf(ret + n, size - n, "%08x", digest_crc32(ret, n));
}

void keys_of(enum disk disk, const struct ab_record *rec, struct keys *ret)
{
	enum ab_slot_id candidate = ab_candidate(rec);

	memset(ret, 0, sizeof(*ret));
	ret->good = ret->part = AB_NONE;
	if (disk == DISK_LOST || disk == DISK_BLANK)
		return;
	ret->part = candidate == AB_NONE ? rec->active : candidate;
	ret->available[0] = candidate == AB_NONE ? '0' : '1';
	ret->count[0] =
		(char)('0' + (candidate == AB_NONE ? 0 : rec->slot[candidate].attempts % 10));
	if (disk == DISK_FOREIGN)
		return;
	ret->own = true;
	ret->good = rec->active;
	ret->tries[0] = (char)('0' + (candidate == AB_NONE ? 1 : rec->slot[candidate].tries));
	(void)snprintf(ret->txn, sizeof(ret->txn), "%08x", rec->transaction);
	memcpy(ret->count_for, ret->txn, sizeof(ret->txn));
	print_seal(ret, ret->seal, sizeof(ret->seal));
	print_meta(rec, ret->meta, sizeof(ret->meta));
}

void keys_of_world(const struct world *w, struct keys *ret)
{
	keys_of(w->disk, &w->rec, ret);
	if (ret->own && w->loose) {
		ret->part = ab_other(ret->good);
		ret->available[0] = '1';
	}
	if (!ret->own || !w->stale)
		return;
	ret->count[0] = (char)('0' + w->stale);
	if (!w->stale_same)
		(void)snprintf(ret->count_for, sizeof(ret->count_for), "%08x", TXN - 1);
}

void keys_print(const struct config *c, const struct keys *k, struct image *ret)
{
	char own[256] = "", count[64] = "", meta[64] = "", foreign[64] = "";
	size_t len;

	if (k->own) {
		(void)snprintf(own, sizeof(own),
			       "anteroot_good=%c\nanteroot_txn=%s\nanteroot_tries=%s\n"
			       "anteroot_seal=%s\n",
			       k->good == AB_A ? 'A' : 'B', k->txn, k->tries, k->seal);
		(void)snprintf(meta, sizeof(meta), "anteroot_meta=%s\n", k->meta);
	}
	if (k->part != AB_NONE)
		(void)snprintf(foreign, sizeof(foreign),
			       "resin_root_part=%c\nupgrade_available=%s\n", part_of(k->part),
			       k->available);
	if (k->count[0])
		len = (size_t)snprintf(count, sizeof(count), "bootcount=%s\n", k->count);
	if (k->count_for[0])
		(void)snprintf(count + strlen(count), sizeof(count) - strlen(count),
			       "anteroot_count_for=%s\n", k->count_for);
	memset(ret, '#', sizeof(*ret));
	len = (size_t)snprintf(ret->block[0], KEYS_SIZE, "%s%s%s%s", own, foreign,
			       c->medium == TEXTS ? "" : count, meta);
	ret->block[0][len] = '#';
	if (c->medium == TEXTS) {
		len = (size_t)snprintf(ret->block[1], KEYS_SIZE, "%s", count);
		ret->block[1][len] = '#';
	}
	ret->block[0][KEYS_SIZE] = ret->block[1][KEYS_SIZE] = '\0';
}

/* The value of a key: the text behind it to the end of its line. A value that is too long is cut. */
static void read_line(const char *line, size_t len, struct keys *ret)
{
	const struct {
		const char *key;
		char *value;
		size_t size;
	} texts[] = {
		{ "anteroot_txn=", ret->txn, sizeof(ret->txn) },
		{ "anteroot_tries=", ret->tries, sizeof(ret->tries) },
		{ "anteroot_seal=", ret->seal, sizeof(ret->seal) },
		{ "upgrade_available=", ret->available, sizeof(ret->available) },
		{ "bootcount=", ret->count, sizeof(ret->count) },
		{ "anteroot_count_for=", ret->count_for, sizeof(ret->count_for) },
		{ "anteroot_meta=", ret->meta, sizeof(ret->meta) },
	};

	if (len == 15 && memcmp(line, "anteroot_good=", 14) == 0 &&
	    (line[14] == 'A' || line[14] == 'B')) {
		ret->own = true;
		ret->good = line[14] == 'A' ? AB_A : AB_B;
	}
	if (len == 17 && memcmp(line, "resin_root_part=", 16) == 0)
		ret->part = line[16] == '2' ? AB_A : line[16] == '3' ? AB_B : AB_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t key = strlen(texts[i].key), n;

		if (len < key || memcmp(line, texts[i].key, key) != 0)
			continue;
		n = len - key < texts[i].size - 1 ? len - key : texts[i].size - 1;
		memcpy(texts[i].value, line + key, n);
		texts[i].value[n] = '\0';
	}
}

void keys_read(const struct image *image, struct keys *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->good = ret->part = AB_NONE;
	for (size_t i = 0; i < KEYS_BLOCKS; i++) {
		const char *p = image->block[i], *end;

		for (; *p && *p != '#' && (end = strchr(p, '\n')); p = end + 1)
			read_line(p, (size_t)(end - p), ret);
	}
}

static bool is_sealed(const struct keys *k)
{
	char seal[sizeof(k->seal)];

	if (k->part == AB_NONE)
		return false;
	print_seal(k, seal, sizeof(seal));
	return strcmp(seal, k->seal) == 0;
}

/* @return true when anteroot_meta is whole, and of this transaction. */
static bool load_meta(const struct keys *k, struct ab_record *ret)
{
	unsigned char bytes[RECORD_BYTES];
	size_t len = 8 + 2 * (size_t)RECORD_BYTES;
	char crc[9];

	if (strlen(k->meta) != len + 8 || strncmp(k->meta, k->txn, 8) != 0)
		return false;
	(void)snprintf(crc, sizeof(crc), "%08x", digest_crc32(k->meta, len));
	if (strcmp(crc, k->meta + len) != 0)
		return false;
	for (size_t i = 0; i < RECORD_BYTES; i++) {
		char digits[] = { k->meta[8 + 2 * i], k->meta[9 + 2 * i], '\0' };

		bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	record_unpack(bytes, ret);
	return true;
}

static void make(struct ab_slot *s, enum ab_state state, enum ab_bad bad)
{
	if (s->state != state)
		*s = (struct ab_slot){ .state = state, .bad = bad };
}

static void load_candidate(struct ab_slot *s, unsigned int tries, unsigned int count)
{
	bool tried = count > 0 || s->state == AB_TRYING;

	if (!ab_is_candidate(s))
		*s = (struct ab_slot){ .state = AB_CANDIDATE };
	s->state = tried ? AB_TRYING : AB_CANDIDATE;
	s->tries = tries;
	s->attempts = count < tries ? count : tries;
}

static unsigned int digit(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' ? (unsigned int)(text[0] - '0') : 0;
}

static void load_foreign(const struct config *c, const struct keys *k, struct left *ret)
{
	bool armed = k->available[0] == '1';

	ret->disk = k->part == AB_NONE ? DISK_LOST : DISK_FOREIGN;
	if (ret->disk == DISK_LOST)
		return;
	ret->rec.active = armed ? ab_other(k->part) : k->part;
	ret->rec.slot[ret->rec.active].state = AB_GOOD;
	if (armed)
		load_candidate(&ret->rec.slot[k->part], c->policy.tries, digit(k->count));
}

void keys_load(const struct config *c, const struct keys *k, struct left *ret)
{
	bool same, sealed = is_sealed(k);
	struct ab_slot *rest;

	memset(ret, 0, sizeof(*ret));
	ret->rec.booted = AB_NONE;
	memcpy(ret->rec.boot_id, other_boot, AB_BOOT_ID_LEN);
	if (!k->own) {
		load_foreign(c, k, ret);
		return;
	}
	ret->disk = DISK_RECORD;
	same = load_meta(k, &ret->rec);
	rest = &ret->rec.slot[ab_other(k->good)];
	if (!same || ret->rec.active != k->good || ab_is_candidate(&ret->rec.slot[k->good]))
		make(&ret->rec.slot[k->good], AB_GOOD, AB_BAD_NONE);
	ret->rec.active = k->good;
	ret->rec.transaction = (uint32_t)strtoul(k->txn, NULL, 16);
	ret->stale = digit(k->count);
	ret->stale_same = strcmp(k->count_for, k->txn) == 0;
	if (sealed && k->available[0] == '1' && k->part == ab_other(k->good)) {
		load_candidate(rest, digit(k->tries), ret->stale_same ? digit(k->count) : 0);
		if (ret->stale_same)
			ret->stale = 0;
	} else if (sealed && k->available[0] == '0') {
		if (ab_is_candidate(rest))
			make(rest, AB_BAD, AB_BAD_UNKNOWN);
	} else {
		ret->rec.unknown = true;
		ret->loose = k->available[0] == '1' && k->part == ab_other(k->good);
		if (!same || ab_is_candidate(rest))
			make(rest, AB_BAD, AB_BAD_UNKNOWN);
	}
}

enum ab_slot_id keys_loader(const struct config *c, const struct rules *rules, const struct keys *k,
			    int *ret_count)
{
	unsigned int count = digit(k->count), tries = digit(k->tries);

	*ret_count = -1;
	if (!k->own) { /* as balenaOS does */
		if (k->part == AB_NONE)
			return AB_A;
		if (k->available[0] != '1')
			return k->part;
		if (count >= c->policy.tries)
			return ab_other(k->part);
		*ret_count = (int)count + 1;
		return k->part;
	}
	if (rules->loader_stale && count >= tries)
		return ab_other(k->part);
	if ((!is_sealed(k) && !rules->no_seal) || k->available[0] != '1' ||
	    k->part != ab_other(k->good))
		return k->good;
	if (strcmp(k->count_for, k->txn) != 0 && !rules->no_count_for)
		count = 0;
	if (count >= tries && !(rules->no_limit && count < 9))
		return k->good;
	*ret_count = (int)count + 1;
	return k->part;
}
