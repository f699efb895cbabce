/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abmeta.h"

#include <string.h>

#include "lib/digest.h"

#define CRC_BYTES 4u

enum {
	CONFIRMED_A = 1,
	CONFIRMED_B = 2,
	UNKNOWN = 4,
	ORDERLY = 8,
	FLAGS = 15,
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_byte(unsigned char **p, unsigned int value)
{
	*(*p)++ = (unsigned char)(value > 255 ? 255 : value);
}

static void put_pair(unsigned char **p, unsigned int high, unsigned int low)
{
	put_byte(p, (high > 15 ? 15 : high) << 4 | (low > 15 ? 15 : low));
}

static void put_word(unsigned char **p, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		put_byte(p, value >> shift & 0xff);
}

static void put_string(unsigned char **p, const char *s, size_t size)
{
	size_t len = strnlen(s, size - 1);

	put_byte(p, (unsigned int)len);
	memcpy(*p, s, len);
	*p += len;
}

static unsigned int get_byte(const unsigned char **p)
{
	return *(*p)++;
}

static void get_pair(const unsigned char **p, unsigned int *ret_high, unsigned int *ret_low)
{
	unsigned int byte = get_byte(p);

	*ret_high = byte >> 4;
	*ret_low = byte & 15;
}

static uint32_t get_word(const unsigned char **p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | get_byte(p);
	return value;
}

/* The strings' lengths together never reach the end: each has its limit. */
static bool get_string(const unsigned char **p, char *ret, size_t size)
{
	size_t len = get_byte(p);

	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((*p)[i] <= ' ' || (*p)[i] > '~')
			return false;
	memcpy(ret, *p, len);
	ret[len] = '\0';
	*p += len;
	return true;
}

void abmeta_print(const struct ab_record *rec, char ret_text[static ABMETA_SIZE])
{
	unsigned char packed[ABMETA_BYTES] = { 0 }, *p = packed;
	const struct ab_slot *slot = rec->slot;

	put_byte(&p, ABMETA_VERSION);
	put_word(&p, rec->transaction);
	put_word(&p, rec->generation);
	put_byte(&p, (slot[AB_A].confirmed ? CONFIRMED_A : 0u) |
			     (slot[AB_B].confirmed ? CONFIRMED_B : 0u) |
			     (rec->unknown ? UNKNOWN : 0u) | (rec->orderly ? ORDERLY : 0u));
	put_pair(&p, rec->active, rec->booted);
	for (unsigned int i = 0; i < AB_SLOTS; i++) {
		put_pair(&p, slot[i].state, slot[i].bad);
		put_pair(&p, slot[i].tries, slot[i].attempts);
		put_byte(&p, slot[i].refunds);
		put_byte(&p, slot[i].unconfirmed);
	}
	put_byte(&p, rec->switches);
	put_byte(&p, rec->fruitless);
	memcpy(p, rec->boot_id, AB_BOOT_ID_LEN);
	p += AB_BOOT_ID_LEN;
	for (unsigned int i = 0; i < AB_SLOTS; i++)
		put_string(&p, slot[i].version, AB_VERSION_MAX);
	put_string(&p, rec->floor, AB_VERSION_MAX);
	put_string(&p, rec->disk, AB_DISK_MAX);
	p = packed + ABMETA_BYTES - CRC_BYTES;
	put_word(&p, digest_crc32(packed, ABMETA_BYTES - CRC_BYTES));

	for (size_t i = 0; i < ABMETA_BYTES; i += 3) {
		unsigned int value = (unsigned int)packed[i] << 16 |
				     (unsigned int)packed[i + 1] << 8 | packed[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*ret_text++ = digits[value >> shift & 63];
	}
	*ret_text = '\0';
}

static bool decode(const char *text, unsigned char ret[static ABMETA_BYTES])
{
	unsigned int value = 0;

	if (strlen(text) != ABMETA_SIZE - 1)
		return false;
	for (size_t i = 0; text[i]; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return false;
		value = value << 6 | (unsigned int)(digit - digits);
		if (i % 4 != 3)
			continue;
		*ret++ = (unsigned char)(value >> 16 & 0xff);
		*ret++ = (unsigned char)(value >> 8 & 0xff);
		*ret++ = (unsigned char)(value & 0xff);
	}
	return true;
}

static bool get_slot(const unsigned char **p, struct ab_slot *ret)
{
	unsigned int state, bad;

	get_pair(p, &state, &bad);
	get_pair(p, &ret->tries, &ret->attempts);
	ret->refunds = get_byte(p);
	ret->unconfirmed = get_byte(p);
	ret->state = (enum ab_state)state;
	ret->bad = (enum ab_bad)bad;
	return state < AB_STATES && bad < AB_BADS;
}

static bool get_record(const unsigned char *p, struct ab_record *ret)
{
	unsigned int flags, active, booted;

	ret->transaction = get_word(&p);
	ret->generation = get_word(&p);
	flags = get_byte(&p);
	get_pair(&p, &active, &booted);
	if (flags > FLAGS || active >= AB_SLOTS || booted > AB_NONE)
		return false;
	for (unsigned int i = 0; i < AB_SLOTS; i++)
		if (!get_slot(&p, &ret->slot[i]))
			return false;
	ret->slot[AB_A].confirmed = flags & CONFIRMED_A;
	ret->slot[AB_B].confirmed = flags & CONFIRMED_B;
	ret->unknown = flags & UNKNOWN;
	ret->orderly = flags & ORDERLY;
	ret->active = (enum ab_slot_id)active;
	ret->booted = (enum ab_slot_id)booted;
	ret->switches = get_byte(&p);
	ret->fruitless = get_byte(&p);
	memcpy(ret->boot_id, p, AB_BOOT_ID_LEN);
	p += AB_BOOT_ID_LEN;
	for (unsigned int i = 0; i < AB_SLOTS; i++)
		if (!get_string(&p, ret->slot[i].version, AB_VERSION_MAX))
			return false;
	return get_string(&p, ret->floor, AB_VERSION_MAX) && get_string(&p, ret->disk, AB_DISK_MAX);
}

enum abmeta abmeta_parse(const char *text, struct ab_record *ret_rec)
{
	unsigned char packed[ABMETA_BYTES] = { 0 };
	const unsigned char *p = packed + ABMETA_BYTES - CRC_BYTES;
	struct ab_record rec = { 0 };

	if (!decode(text, packed) || digest_crc32(packed, ABMETA_BYTES - CRC_BYTES) != get_word(&p))
		return ABMETA_BAD;
	if (packed[0] != ABMETA_VERSION)
		return packed[0] > ABMETA_VERSION ? ABMETA_NEWER : ABMETA_BAD;
	if (!get_record(packed + 1, &rec) || !ab_valid(&rec))
		return ABMETA_BAD;
	*ret_rec = rec;
	return ABMETA_GOOD;
}
