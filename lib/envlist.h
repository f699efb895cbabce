/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * A boot loader's environment: key=value in order, and what else is in its file. lib/grubenv.h, lib/uenv.h and
 * lib/ubootenv.h read and write it. What belongs to somebody else is written as it was read, byte for byte. Pure.
 */

/** Keys that a loader reads lie in the first so many bytes: a disk writes a sector whole or not at all. */
#define ENV_SECTOR_BYTES 512u

struct env_entry {
	const char *key;   /* NULL: a comment, or another line that is kept */
	const char *value; /* without escapes, and without blanks and CR at its end */
	const char *raw;   /* as it was read, without the end of its line; NULL: set since */
	size_t raw_len;
	bool early; /* must lie in the first sector */
};

struct envlist {
	struct arena *arena;
	struct env_entry *entry;
	size_t n, capacity;
};

/** @return the value of a key, the last one's when it is there twice, as loaders have it; NULL: none. */
const char *env_get(const struct envlist *e, const char *key) _nonnull_all_;

/** Sets a key in its place, or behind all others, and leaves it once. The arena knows when memory is out. */
void env_set(struct envlist *e, const char *key, const char *value) _nonnull_all_;

/** Removes a key, however often it is there. */
void env_unset(struct envlist *e, const char *key) _nonnull_all_;

/** Moves keys to the front, in the order given. */
void env_order(struct envlist *e, const char *const *keys, size_t n) _nonnull_all_;

/** From now on these keys must lie in the first sector. */
void env_need_early(struct envlist *e, const char *const *keys, size_t n) _nonnull_all_;

/** Appends what `from` has: of two files that a loader imports, the later wins. */
void env_merge(struct envlist *e, const struct envlist *from) _nonnull_all_;

/* --- for the formats --- */

/** Appends a line as it was read. With `value` (in the arena) it is key=value and the key is its first
 * `key_len` bytes. */
void env_append(struct envlist *e, const char *raw, size_t raw_len, size_t key_len,
		const char *value) _nonnull_(1, 2);

/** @return in the arena a line's value without blanks, tabs and CR at its end; NULL: memory is out. */
char *env_value(struct arena *a, const char *value, size_t len) _nonnull_all_;

/** Where an environment is written to. */
struct env_image {
	char *data;
	size_t size; /* of the file: neither more nor less is written */
	size_t room; /* bytes from its start that entries may take */
	size_t at;   /* written so far; on entry: the header */
	char end;    /* of an entry */
	bool escape; /* backslash and newline in values, as GRUB does */
};

/**
 * Writes the entries.
 *
 * @param name of the file, for the reason
 * @return 0; -ENOSPC: they, or those that must lie in the first sector, do not fit; -EINVAL: an entry that was set
 *         cannot be written in this format
 */
int env_print(const struct envlist *e, struct env_image *image, const char *name, struct reason *r)
	_nonnull_(1, 2, 3) _must_check_;
