/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/*
 * An arena: memory that is handed out in pieces and freed in one go. Facts and plans live as long as
 * one boot, so nothing in them is freed alone. A failed allocation is remembered: a chain of calls is
 * made without a check after each, and arena_failed() is asked once at its end.
 */

struct arena {
	struct arena_block *last; /* newest block, linked to older ones */
	size_t used_bytes;	  /* handed out in all, for the report */
	bool failed;		  /* an allocation failed since arena_init() */
};

#define ARENA_INIT ((struct arena){ 0 })

/**
 * @param a arena
 * @param size bytes wanted, 0 gives a valid pointer
 * @return zeroed memory aligned for any object, or NULL (and arena_failed() is true from then on)
 */
void *arena_alloc(struct arena *a, size_t size) _nonnull_(1);

/** @return a copy of `s`, NULL when `s` is NULL or memory is out. */
char *arena_strdup(struct arena *a, const char *s) _nonnull_(1);

/** @return a NUL-terminated copy of `len` bytes at `s`, NULL when memory is out. */
char *arena_memdup(struct arena *a, const void *s, size_t len) _nonnull_(1, 2);

/** @return the formatted string, NULL when memory is out. */
char *arena_printf(struct arena *a, const char *fmt, ...) _nonnull_(1, 2) _printf_(2, 3);

/** @return true when any allocation since the start has failed. */
bool arena_failed(const struct arena *a) _nonnull_(1);

/** Frees everything handed out. The arena can be used again. */
void arena_free(struct arena *a) _nonnull_(1);
