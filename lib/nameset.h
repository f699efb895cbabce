/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/* A set of names, each with what its owner notes about it. It only grows. */

struct nameset_entry {
	const char *name; /* NULL: a free place */
	uint32_t hash;
	unsigned int marks; /* the owner's flags; 0 at first */
	int result;	    /* the owner's; 0 at first */
};

struct nameset {
	struct nameset_entry *slot; /* a hash table */
	size_t n, capacity;	    /* capacity: 0 or a power of two */
};

#define NAMESET_INIT ((struct nameset){ 0 })

/**
 * Finds a name, or adds it.
 *
 * @param a arena of the set: the same at every call
 * @return its entry, valid until the next call; NULL when memory is out
 */
struct nameset_entry *nameset_entry(struct arena *a, struct nameset *set,
				    const char *name) _nonnull_all_ _must_check_;
