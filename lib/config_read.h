/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/config.h"
#include "lib/json.h"

/* Between lib/config.c, which settles a configuration, lib/config_read.c, which walks a document, and
 * lib/config_kinds.c, which reads a value. */

/* One document being read. */
struct config_reading {
	struct arena *a;
	struct config *config;
	size_t capacity; /* of config->entry */
	bool *seen;	 /* by row: the document has it */
	bool *bad;	 /* by row: it has it, or something on the way to it, and that is no use */
	unsigned int suggestions;
	bool kept; /* it is the last known good configuration, which has a word of its own */
};

/**
 * Reads a parsed document: fills the values and the entries of rd->config, in the order of the document.
 * What is out of memory shows in the arena.
 */
void config_read(struct config_reading *rd, const struct json *top) _nonnull_all_;

/** Appends an entry, and returns it for a moment; NULL when memory is out. */
struct config_entry *config_entry_add(struct config_reading *rd,
				      const struct config_entry *e) _nonnull_all_;

/** Reads a value that is not null into its field, and says what became of it. */
void config_read_value(struct config_reading *rd, const struct config_key *row,
		       const struct json *j) _nonnull_all_;

/** Appends an entry about a value: `e` has the verdict, the rest is filled in. */
void config_say(struct config_reading *rd, const struct config_key *row, const char *key,
		const struct json *j, struct config_entry e) _nonnull_(1, 4);

/** config_say() with the entry written in place. */
#define SAY(rd, row, key, j, ...) \
	config_say((rd), (row), (key), (j), (struct config_entry){ __VA_ARGS__ })

/** @return "is a number", … */
const char *config_wrong_type(const struct json *value) _nonnull_all_;

/** @return PREFIX.NAME fit for a message: what the file calls it may be long or do harm to a terminal. */
const char *config_shown(struct config_reading *rd, const char *prefix,
			 const char *name) _nonnull_all_;

/** @return bytes of the value of a row in struct config. */
size_t config_value_size(const struct config_key *row) _nonnull_all_;
