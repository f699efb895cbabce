/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abstate.h"

/*
 * The bytes of a record that anteroot keeps itself (backend `record`): two copies of one 512-byte sector each.
 * The one that is not current is written, so whatever a cut does to it, the current one is whole. All numbers
 * are little-endian. docs/STATE.md has the table of offsets; those of magic, major, generation, active and CRC
 * stay in every later version.
 */

#define ABRECORD_BYTES	512
#define ABRECORD_COPIES 2

enum abrecord_health {
	ABRECORD_GOOD,
	ABRECORD_BLANK,	  /* all bytes are 0, or all 0xff: never written */
	ABRECORD_DAMAGED, /* anything else: the CRC or a field is wrong */
	ABRECORD_NEWER,	  /* whole, of a major version that this program does not know */
};

/** What was read of both copies. */
struct abrecord_pair {
	enum abrecord_health health[ABRECORD_COPIES];
	int current;	/* the copy that counts, -1: none is good */
	int spare;	/* the copy to write next */
	bool read_only; /* a copy is of a newer version: nothing is written */
	bool lost;	/* both are damaged: there was a record */
	struct ab_record
		record; /* of the current copy; of a newer one only `active`; else ab_blank() */
};

/** Writes a record's bytes. @param rec ab_valid() */
void abrecord_encode(const struct ab_record *rec,
		     unsigned char ret[static ABRECORD_BYTES]) _nonnull_all_;

/** @param ret_rec the record when the copy is good; `active` and `generation` when it is newer; else untouched */
enum abrecord_health abrecord_decode(const unsigned char bytes[static ABRECORD_BYTES],
				     struct ab_record *ret_rec) _nonnull_all_;

/**
 * Decides which of two copies counts: the good one with the higher generation (which may wrap). A damaged one
 * beside a blank one is a first store that was cut short: nothing is lost.
 *
 * @param copy the bytes; NULL for one that could not be read: damaged
 */
void abrecord_choose(const unsigned char *const copy[static ABRECORD_COPIES],
		     struct abrecord_pair *ret) _nonnull_all_;

/** @return "good", "blank", "damaged", "newer". */
const char *abrecord_health_name(enum abrecord_health health);
