/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/abenv.h"

/*
 * A boot loader as docs/STATE.md has it, read from files by code of its own: GRUB's way (grub-core/lib/envblk.c) and
 * U-Boot's (himport_r() of lib/hashtable.c). And records to write for it.
 */

enum loader {
	LOADER_GRUB,
	LOADER_UBOOT,
};

/** Files in the order they are imported in. */
struct loader_file {
	const char *data;
	size_t size;
};

struct loader_choice {
	enum ab_slot_id slot; /* AB_NONE: neither */
	bool candidate;	      /* it is counted */
	unsigned int count;   /* before it is counted one more */
	unsigned int limit;
};

/** What it boots. `part` are the numbers of the partitions, `tries` its own limit for balena's keys alone. */
struct loader_choice loader_choose(enum loader loader, const struct loader_file *file, size_t n,
				   const struct abenv_device *dev);

/** The next number that follows from a seed. */
unsigned int random_number(unsigned int *seed, unsigned int below);

/** Any record that the machine can be in, without transitions. */
void random_record(unsigned int *seed, struct ab_record *ret);

/** A record that one step leads to from another. */
void random_step(unsigned int *seed, const struct ab_record *rec, struct ab_record *ret_next);

/** Fails the test when two records differ, transitions aside. */
void assert_same_record(const struct ab_record *x, const struct ab_record *y);
