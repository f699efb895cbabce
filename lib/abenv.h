/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abstate.h"
#include "lib/envlist.h"

/*
 * The record of lib/abstate.h as keys of a boot loader's environment, and back (docs/STATE.md, "Loaders"). The keys
 * that loaders know come first and say who is booted; anteroot_meta has the rest, and gives way where they differ. Pure.
 */

/** How resin_root_part and anteroot_parts name a partition. */
enum abenv_form {
	ABENV_DECIMAL, /* grubenv */
	ABENV_HEX,     /* uenv and ubootenv */
	ABENV_LETTER,  /* `bootenv` of balena's own loader: A or B */
};

struct abenv_device {
	enum abenv_form form;
	unsigned int part[AB_SLOTS]; /* numbers of the partitions, 0: there is none */
	enum ab_counter counter;
	unsigned int tries; /* of a candidate that somebody else armed, 1 to AB_TRIES_MAX */
};

/** What was found besides the record. */
struct abenv_report {
	bool foreign;	  /* no anteroot_good: balena's keys alone were followed */
	bool torn;	  /* anteroot_seal is not that of the values */
	bool stale_count; /* the count belongs to another transaction, and is not used */
	bool double_count; /* AB_AGENT: somebody else counted. With a file of its own for the count it may also be a
			    * power cut between the two files */
	bool part_unknown; /* resin_root_part is no slot's */
	bool parts_differ; /* anteroot_parts is not what the disk has: the loader may boot another partition */
	bool meta_lost; /* anteroot_meta is damaged or of another transaction; defaults in its place */
	bool meta_newer; /* a newer anteroot wrote it: read, never written */
};

/**
 * A slot whose partition is not on the disk keeps the number that it was written with (anteroot_parts): its candidate
 * is then known for one, and no write takes the number away.
 */
void abenv_fill_parts(const struct envlist *view, struct abenv_device *dev) _nonnull_all_;

/**
 * Reads the record.
 *
 * @param view all that the loader imports, merged in its order
 * @param name of the file, for the reason
 * @param ret_rec without transitions; untouched on failure
 * @return 0; -ENODATA: neither anteroot_good nor a resin_root_part that is a slot's; *ret_report is filled even so
 */
int abenv_load(const struct envlist *view, const struct abenv_device *dev, const char *name,
	       struct ab_record *ret_rec, struct abenv_report *ret_report, struct reason *r)
	_nonnull_(1, 2, 3, 4, 5) _must_check_;

/**
 * The first of the two writes that take over a file with balena's keys alone: ours behind them, while no byte of
 * theirs moves. A cut in it changes nothing, or, when a candidate is armed, gives it up for the good slot, as a cut
 * between the two writes does; after it anteroot_good is there, and a cut in the next write is harmless.
 *
 * @param rec as abenv_load() gave it
 * @param env of the file, `count` of the one with bootcount, which is written first; the same when there is one
 * @return 1: write, then store; 0: not needed, nothing was changed; -ENXIO as abenv_store()
 */
int abenv_adopt(const struct ab_record *rec, const struct abenv_device *dev, struct envlist *env,
		struct envlist *count, const char *name, struct reason *r)
	_nonnull_(1, 2, 3, 4, 5) _must_check_;

/**
 * Sets the keys: ours first. Which of two files is written first, abenv_count_first() says.
 *
 * @return 0; -ENXIO: the slot to boot has no partition number; -ENOMEM
 */
int abenv_store(const struct ab_record *rec, const struct abenv_device *dev, struct envlist *env,
		struct envlist *count, const char *name, struct reason *r)
	_nonnull_(1, 2, 3, 4, 5) _must_check_;

/** @return true when the file with the count is to be written before the other one: the same candidate, counted or
 * given back. Else it is the second, and may be left as it is. */
bool abenv_count_first(const struct ab_record *old, const struct ab_record *rec) _nonnull_all_;
