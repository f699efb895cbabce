/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abconf.h"
#include "lib/abrecord.h"
#include "lib/abstate.h"
#include "lib/sys.h"

/*
 * Where the record lives: find, load and store, by backend. Loading is tolerant and reads past every cache;
 * storing writes in place (lib/inplace.h), makes it durable and reads it back. Nothing grows, is renamed or cut.
 */

/** Where to look. The strings live as long as it is used. */
struct abstore {
	const struct abconf *conf;
	int dirfd;		       /* the boot partition, mounted; -1: it is not */
	const char *device;	       /* that partition's device: "/dev/vda1" */
	const char *raw;	       /* device of conf->partition, NULL: there is none */
	unsigned int partno[AB_SLOTS]; /* partition numbers of A and B, 0: not there */
};

/** What was found. */
struct abstore_found {
	enum ab_backend backend; /* AB_STATELESS: there is no boot state */
	struct ab_record record; /* ab_blank() when nothing was ever stored */
	bool blank;		 /* nothing was ever stored */
	bool lost;		 /* there was a record, and it cannot be read: ab_rebuild() */
	bool read_only;		 /* of a newer version: it must not be stored */
	bool damaged; /* one copy is damaged, or a write was torn: the next store repairs it */
	bool counted_twice;  /* the agent counts, and somebody else counted too (rule 2) */
	const char *problem; /* what is wrong, for people; NULL: nothing */
	const char *copy[2]; /* health of each copy, for `status`; NULL: it has none */
	int spare;	     /* `record`: the copy to write */
};

/**
 * Finds the record and reads it. That there is none is no failure.
 *
 * @param a arena for ret->problem
 * @return 0, or a negative errno: ret is as without boot state, and the reason says why
 */
int abstore_load(struct arena *a, const struct abstore *s, struct abstore_found *ret,
		 struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/**
 * Makes a record durable, with the next generation, and reads it back.
 *
 * @param found what abstore_load() found; on success it is what a load would find now
 * @return 0; -EROFS when it is of a newer version; -EIO when it reads back differently; what writing says
 */
int abstore_store(const struct sys *sys, const struct abstore *s, struct abstore_found *found,
		  const struct ab_record *rec, struct reason *r) _nonnull_(1, 2, 3, 4) _must_check_;

/**
 * Makes the two files of `record` on the boot partition, blank, when they are not there. For a running
 * system: the initramfs never makes a file. Whole or not at all, by way of NAME.new.
 *
 * @return 0; -EEXIST is none of its results; -EROFS, -ENOSPC, …
 */
int abstore_create(const struct sys *sys, const struct abstore *s, struct reason *r)
	_nonnull_(1, 2) _must_check_;
