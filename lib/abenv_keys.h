/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abenv.h"

/* What lib/abenv.c and lib/abenv_store.c share. */

/* In the order they are written in: what the seal covers, the seal, then the rest (docs/STATE.md). */
#define GOOD	  "anteroot_good"
#define TXN	  "anteroot_txn"
#define TRIES	  "anteroot_tries"
#define SEAL	  "anteroot_seal"
#define PART	  "resin_root_part"
#define AVAILABLE "upgrade_available"
#define COUNT	  "bootcount"
#define COUNT_FOR "anteroot_count_for"
#define PARTS	  "anteroot_parts"
#define META	  "anteroot_meta"

#define TXN_DIGITS 8u
#define PART_MAX   9999u

#define PART_SIZE  12u
#define PARTS_SIZE 24u
#define SEAL_SIZE  40u

/** @return a key's value, "" for one that is not there: to a loader that is the same. */
const char *abenv_value(const struct envlist *view, const char *key) _nonnull_all_;

/** @return the slot that a text names by its letter, AB_NONE: no slot. */
enum ab_slot_id abenv_letter(const char *text) _nonnull_all_;

/** Writes the partition of a slot in the device's form. */
void abenv_print_part(const struct abenv_device *dev, enum ab_slot_id slot,
		      char ret[static PART_SIZE]) _nonnull_all_;

/** Writes those of both, with a colon between. */
void abenv_print_parts(const struct abenv_device *dev, char ret[static PARTS_SIZE]) _nonnull_all_;
