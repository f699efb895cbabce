/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abrecord.h"

#include <string.h>

#include "lib/digest.h"

#define MAJOR 1u

static const unsigned char magic[8] = { 'a', 'n', 't', 'e', 'r', 'o', 'o', 't' };

/* Where the fields are. */
enum {
	AT_MAGIC = 0,
	AT_MAJOR = 8, /* u16; u16 minor behind it, which readers ignore */
	AT_GENERATION = 12,
	AT_ACTIVE = 16,
	AT_BOOTED = 17,
	AT_ORDERLY = 18,
	AT_UNKNOWN = 19,
	AT_TRANSACTION = 20,
	AT_SWITCHES = 24,
	AT_FRUITLESS = 25,
	AT_BOOT_ID = 28,
	AT_DISK = 44,
	AT_SLOTS = 84,
	AT_FLOOR = 164,
	AT_TRANSITIONS = 196,
	AT_END = 324,
	AT_CRC = 508,
};

enum { SLOT_BYTES = 40, SLOT_VERSION = 8, TRANSITION_BYTES = 16 };

_Static_assert(AT_SLOTS + AB_SLOTS * SLOT_BYTES == AT_FLOOR, "slots end where the floor begins");
_Static_assert(AT_FLOOR + AB_VERSION_MAX == AT_TRANSITIONS,
	       "the floor ends where transitions begin");
_Static_assert(AT_TRANSITIONS + AB_TRANSITIONS * TRANSITION_BYTES == AT_END,
	       "transitions end here");

static void put(unsigned char *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *p, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static void put_slot(unsigned char *p, const struct ab_slot *s)
{
	p[0] = (unsigned char)s->state;
	p[1] = (unsigned char)s->bad;
	p[2] = (unsigned char)s->tries;
	p[3] = (unsigned char)s->attempts;
	p[4] = (unsigned char)s->refunds;
	p[5] = (unsigned char)s->unconfirmed;
	p[6] = s->confirmed;
	memcpy(p + SLOT_VERSION, s->version, AB_VERSION_MAX);
}

static void get_slot(const unsigned char *p, struct ab_slot *s)
{
	s->state = p[0];
	s->bad = p[1];
	s->tries = p[2];
	s->attempts = p[3];
	s->refunds = p[4];
	s->unconfirmed = p[5];
	s->confirmed = p[6] != 0;
	memcpy(s->version, p + SLOT_VERSION, AB_VERSION_MAX);
}

void abrecord_encode(const struct ab_record *rec, unsigned char ret[static ABRECORD_BYTES])
{
	memset(ret, 0, ABRECORD_BYTES);
	memcpy(ret + AT_MAGIC, magic, sizeof(magic));
	put(ret + AT_MAJOR, MAJOR, 2);
	put(ret + AT_GENERATION, rec->generation, 4);
	ret[AT_ACTIVE] = (unsigned char)rec->active;
	ret[AT_BOOTED] = (unsigned char)rec->booted;
	ret[AT_ORDERLY] = rec->orderly;
	ret[AT_UNKNOWN] = rec->unknown;
	put(ret + AT_TRANSACTION, rec->transaction, 4);
	ret[AT_SWITCHES] = (unsigned char)rec->switches;
	ret[AT_FRUITLESS] = (unsigned char)rec->fruitless;
	memcpy(ret + AT_BOOT_ID, rec->boot_id, AB_BOOT_ID_LEN);
	memcpy(ret + AT_DISK, rec->disk, AB_DISK_MAX);
	for (size_t i = 0; i < AB_SLOTS; i++)
		put_slot(ret + AT_SLOTS + i * SLOT_BYTES, &rec->slot[i]);
	memcpy(ret + AT_FLOOR, rec->floor, AB_VERSION_MAX);
	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		unsigned char *p = ret + AT_TRANSITIONS + i * TRANSITION_BYTES;

		p[0] = (unsigned char)rec->transition[i].event;
		p[1] = (unsigned char)rec->transition[i].slot;
		p[2] = (unsigned char)rec->transition[i].bad;
		put(p + 4, rec->transition[i].transaction, 4);
		put(p + 8, (uint64_t)rec->transition[i].realtime_sec, 8);
	}
	put(ret + AT_CRC, digest_crc32(ret, AT_CRC), 4);
}

static bool is_filled(const unsigned char *bytes, unsigned char with)
{
	for (size_t i = 0; i < ABRECORD_BYTES; i++)
		if (bytes[i] != with)
			return false;
	return true;
}

enum abrecord_health abrecord_decode(const unsigned char bytes[static ABRECORD_BYTES],
				     struct ab_record *ret_rec)
{
	struct ab_record rec = { 0 };

	if (is_filled(bytes, 0) || is_filled(bytes, 0xff))
		return ABRECORD_BLANK;
	if (memcmp(bytes, magic, sizeof(magic)) != 0 ||
	    get(bytes + AT_CRC, 4) != digest_crc32(bytes, AT_CRC))
		return ABRECORD_DAMAGED;
	if (get(bytes + AT_MAJOR, 2) > MAJOR && bytes[AT_ACTIVE] < AB_SLOTS) {
		ret_rec->active = bytes[AT_ACTIVE];
		ret_rec->generation = (uint32_t)get(bytes + AT_GENERATION, 4);
		return ABRECORD_NEWER;
	}
	rec.generation = (uint32_t)get(bytes + AT_GENERATION, 4);
	rec.active = bytes[AT_ACTIVE];
	rec.booted = bytes[AT_BOOTED];
	rec.orderly = bytes[AT_ORDERLY] != 0;
	rec.unknown = bytes[AT_UNKNOWN] != 0;
	rec.transaction = (uint32_t)get(bytes + AT_TRANSACTION, 4);
	rec.switches = bytes[AT_SWITCHES];
	rec.fruitless = bytes[AT_FRUITLESS];
	memcpy(rec.boot_id, bytes + AT_BOOT_ID, AB_BOOT_ID_LEN);
	memcpy(rec.disk, bytes + AT_DISK, AB_DISK_MAX);
	for (size_t i = 0; i < AB_SLOTS; i++)
		get_slot(bytes + AT_SLOTS + i * SLOT_BYTES, &rec.slot[i]);
	memcpy(rec.floor, bytes + AT_FLOOR, AB_VERSION_MAX);
	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		const unsigned char *p = bytes + AT_TRANSITIONS + i * TRANSITION_BYTES;

		rec.transition[i] =
			(struct ab_transition){ .event = p[0],
						.slot = p[1],
						.bad = p[2],
						.transaction = (uint32_t)get(p + 4, 4),
						.realtime_sec = (int64_t)get(p + 8, 8) };
	}
	if (!ab_valid(&rec))
		return ABRECORD_DAMAGED;
	*ret_rec = rec;
	return ABRECORD_GOOD;
}

/* As serial numbers are compared (RFC 1982): the generation may wrap. */
static bool is_later(const struct ab_record *a, const struct ab_record *b)
{
	return (int32_t)(a->generation - b->generation) > 0;
}

void abrecord_choose(const unsigned char *const copy[static ABRECORD_COPIES],
		     struct abrecord_pair *ret)
{
	struct ab_record rec[ABRECORD_COPIES] = { 0 };

	*ret = (struct abrecord_pair){ .current = -1 };
	ab_blank(AB_A, &ret->record);
	for (int i = 0; i < ABRECORD_COPIES; i++) {
		ret->health[i] = copy[i] ? abrecord_decode(copy[i], &rec[i]) : ABRECORD_DAMAGED;
		if (ret->health[i] != ABRECORD_NEWER)
			continue;
		if (!ret->read_only || is_later(&rec[1], &rec[0]))
			ab_blank(rec[i].active, &ret->record);
		ret->read_only = true;
	}
	if (ret->read_only)
		return;
	if (ret->health[0] == ABRECORD_GOOD)
		ret->current = 0;
	if (ret->health[1] == ABRECORD_GOOD && (ret->current < 0 || is_later(&rec[1], &rec[0])))
		ret->current = 1;
	ret->lost = ret->health[0] == ABRECORD_DAMAGED && ret->health[1] == ABRECORD_DAMAGED;
	if (ret->current < 0)
		return;
	ret->record = rec[ret->current];
	ret->spare = !ret->current;
}

const char *abrecord_health_name(enum abrecord_health health)
{
	static const char *const names[] = {
		[ABRECORD_GOOD] = "good",
		[ABRECORD_BLANK] = "blank",
		[ABRECORD_DAMAGED] = "damaged",
		[ABRECORD_NEWER] = "newer",
	};

	return (unsigned int)health < ARRAY_SIZE(names) ? names[health] : "unknown";
}
