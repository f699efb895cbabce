/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abstate.h"

/*
 * The value of anteroot_meta: what a record has beyond the keys that loaders know, and they once more, without the
 * transitions. Base64 of a packed record of a fixed length, so that the keys of others behind it never move:
 *
 *     1 version, 4 transaction, 4 generation, 1 flags (1 confirmed A, 2 confirmed B, 4 unknown, 8 orderly),
 *     1 active << 4 | booted, for each slot: 1 state << 4 | bad, 1 tries << 4 | attempts, 1 refunds, 1 unconfirmed,
 *     then 1 switches, 1 fruitless, 16 boot_id; with its length in a byte before it: version of A, of B, floor, disk;
 *     zeros; 4 CRC-32 of all before it. Numbers are big-endian.
 */

#define ABMETA_VERSION 1u
#define ABMETA_BYTES   177u
#define ABMETA_SIZE    237u /* of the text, with the NUL */

enum abmeta {
	ABMETA_GOOD,
	ABMETA_BAD,   /* not one, or damaged */
	ABMETA_NEWER, /* whole, of a version that is not known here */
};

/** Numbers above what a field holds are written as its largest one. */
void abmeta_print(const struct ab_record *rec, char ret_text[static ABMETA_SIZE]) _nonnull_all_;

/** @param ret_rec what it says, without transitions; untouched unless it is ABMETA_GOOD */
enum abmeta abmeta_parse(const char *text, struct ab_record *ret_rec) _nonnull_all_;
