/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "tests/enumerate/model.h"

/* Worlds in 16 bytes: what neither decides nor is shown is left out, what grows without end stops. */

const unsigned char this_boot[AB_BOOT_ID_LEN] = { 1 }, other_boot[AB_BOOT_ID_LEN] = { 2 };

static unsigned int at_most(unsigned int n, unsigned int max)
{
	return n < max ? n : max;
}

void record_pack(const struct ab_record *rec, unsigned char ret[static RECORD_BYTES])
{
	for (size_t i = 0; i < AB_SLOTS; i++) {
		const struct ab_slot *s = &rec->slot[i];
		unsigned char *p = ret + 4 * i;

		p[0] = (unsigned char)(s->state | s->bad << 4);
		p[1] = (unsigned char)(s->tries | s->attempts << 4);
		p[2] = (unsigned char)(s->refunds | s->confirmed << 4 | (s->version[0] != 0) << 5);
		p[3] = (unsigned char)s->unconfirmed;
	}
	ret[8] = (unsigned char)(rec->active | rec->booted << 1 | rec->orderly << 3 |
				 rec->unknown << 4 | (rec->floor[0] != 0) << 5 |
				 (memcmp(rec->boot_id, this_boot, AB_BOOT_ID_LEN) == 0) << 6);
	ret[9] = (unsigned char)(rec->switches | rec->fruitless << 4);
}

void record_unpack(const unsigned char bytes[static RECORD_BYTES], struct ab_record *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < AB_SLOTS; i++) {
		struct ab_slot *s = &ret->slot[i];
		const unsigned char *p = bytes + 4 * i;

		s->state = p[0] & 15;
		s->bad = p[0] >> 4;
		s->tries = p[1] & 15;
		s->attempts = p[1] >> 4;
		s->refunds = p[2] & 15;
		s->confirmed = p[2] >> 4 & 1;
		if (p[2] >> 5 & 1)
			memcpy(s->version, MODEL_VERSION, sizeof(MODEL_VERSION));
		s->unconfirmed = p[3];
	}
	ret->generation = 1000;
	ret->transaction = TXN;
	ret->active = bytes[8] & 1;
	ret->booted = bytes[8] >> 1 & 3;
	ret->orderly = bytes[8] >> 3 & 1;
	ret->unknown = bytes[8] >> 4 & 1;
	if (bytes[8] >> 5 & 1)
		memcpy(ret->floor, MODEL_VERSION, sizeof(MODEL_VERSION));
	memcpy(ret->boot_id, bytes[8] >> 6 & 1 ? this_boot : other_boot, AB_BOOT_ID_LEN);
	ret->switches = bytes[9] & 15;
	ret->fruitless = bytes[9] >> 4;
}

static void settle_slot(const struct config *c, struct ab_slot *s)
{
	struct ab_slot kept = { .state = s->state };

	memcpy(kept.version, s->version, sizeof(kept.version));
	if (ab_is_candidate(s)) {
		kept.tries = s->tries;
		kept.attempts = s->attempts;
		kept.refunds = s->refunds;
	} else if (s->state == AB_GOOD) {
		/* More than that differs in the delay only. */
		kept.unconfirmed = at_most(s->unconfirmed, c->policy.good_attempts + 2);
		kept.confirmed = s->confirmed;
		kept.tries = s->tries; /* 0, but for mutants */
		kept.attempts = s->attempts;
		kept.refunds = s->refunds;
	} else if (s->state == AB_BAD) {
		kept.bad = s->bad;
	}
	*s = kept;
}

static void settle(const struct config *c, struct world *w)
{
	struct ab_record *rec = &w->rec;
	bool mine = memcmp(rec->boot_id, this_boot, AB_BOOT_ID_LEN) == 0;

	if (w->disk == DISK_BLANK || w->disk == DISK_LOST)
		memset(rec, 0, sizeof(*rec));
	for (size_t i = 0; i < AB_SLOTS; i++)
		settle_slot(c, &rec->slot[i]);
	rec->switches = at_most(rec->switches, 15);
	rec->fruitless = at_most(rec->fruitless, 2);
	if (w->running == AB_NONE) { /* the next boot has another id; what is told is gone */
		mine = false;
		w->told_same = false;
		memcpy(rec->boot_id, other_boot, AB_BOOT_ID_LEN);
	}
	if (!mine && !rec->orderly)
		rec->booted = AB_NONE;
	if (w->disk != DISK_RECORD || w->stale == 0)
		w->stale = w->stale_same = 0;
	if (w->disk != DISK_RECORD)
		w->loose = false;
}

void world_pack(const struct config *c, const struct world *w,
		unsigned char ret[static WORLD_BYTES])
{
	struct world canonical = *w;

	settle(c, &canonical);
	record_pack(&canonical.rec, ret);
	ret[10] =
		(unsigned char)(canonical.disk | canonical.running << 2 | canonical.told_same << 5);
	ret[11] = (unsigned char)(canonical.fresh | canonical.promised << 2);
	ret[12] =
		(unsigned char)(c->medium == COPIES ? 0
						    : canonical.stale | canonical.stale_same << 4 |
							      canonical.loose << 5);
	ret[13] = ret[14] = ret[15] = 0;
}

void world_unpack(const unsigned char bytes[static WORLD_BYTES], struct world *ret)
{
	memset(ret, 0, sizeof(*ret));
	record_unpack(bytes, &ret->rec);
	ret->disk = bytes[10] & 3;
	ret->running = bytes[10] >> 2 & 7;
	ret->told_same = bytes[10] >> 5 & 1;
	ret->fresh = bytes[11] & 3;
	ret->promised = bytes[11] >> 2 & 3;
	ret->stale = bytes[12] & 15;
	ret->stale_same = bytes[12] >> 4 & 1;
	ret->loose = bytes[12] >> 5;
}

void world_start(const struct config *c, struct world *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->running = AB_NONE;
	ret->fresh = ret->promised = AB_NONE;
	if (c->medium == COPIES) {
		ret->disk = DISK_BLANK;
	} else { /* as balenaOS' image has it */
		ret->disk = DISK_FOREIGN;
		ret->rec.slot[AB_A].state = AB_GOOD;
		ret->rec.booted = AB_NONE;
	}
}

static void slot_print(const struct ab_slot *s, char name)
{
	printf("  %c %s", name, ab_state_name(s->state));
	if (s->bad)
		printf("(%s)", ab_bad_name(s->bad));
	if (ab_is_candidate(s) || s->attempts)
		printf(" %u/%u", s->attempts, s->tries);
	if (s->refunds)
		printf(" refunds=%u", s->refunds);
	if (s->unconfirmed)
		printf(" unconfirmed=%u", s->unconfirmed);
	if (s->confirmed)
		printf(" confirmed");
}

void world_print(const struct world *w)
{
	static const char *const disks[] = { "record", "blank", "lost", "foreign" };
	const struct ab_record *rec = &w->rec;

	printf("      %s, %s%s:", disks[w->disk],
	       w->running == AB_NONE ? "off" : ab_slot_name(w->running),
	       w->running == AB_NONE ? "" : " runs");
	if (w->disk == DISK_RECORD || w->disk == DISK_FOREIGN) {
		slot_print(&rec->slot[AB_A], 'A');
		slot_print(&rec->slot[AB_B], 'B');
		printf("  active=%s booted=%s%s%s%s switches=%u", ab_slot_name(rec->active),
		       ab_slot_name(rec->booted),
		       memcmp(rec->boot_id, this_boot, AB_BOOT_ID_LEN) == 0 ? "(this boot)" : "",
		       rec->orderly ? " orderly" : "", rec->unknown ? " unknown" : "",
		       rec->switches);
	}
	printf("  | really: new in %s, confirmed %s%s\n", ab_slot_name(w->fresh),
	       ab_slot_name(w->promised), w->running != AB_NONE && w->told_same ? ", told" : "");
}
