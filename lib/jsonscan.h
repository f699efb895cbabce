/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/* The strict look at JSON text (RFC 8259) before cJSON sees it. Pure. */

struct jsonscan_error {
	size_t line;   /* from 1 */
	size_t column; /* in bytes, from 1 */
	const char *
		text; /* what is wrong or was expected; static storage, nothing of the input in it */
};

/**
 * Where each value begins, in the order of the text: a member's offset is that of its name. The list is
 * malloc()ed, also when the scan fails; free it.
 */
struct jsonscan_offsets {
	uint32_t *offset; /* bytes from the beginning of the text */
	size_t n, capacity;
};

/**
 * Checks that a text is one JSON object and nothing else: grammar, UTF-8, no control characters and no
 * NUL (raw or as \u0000), no half surrogate pairs, numbers of at most 63 bytes, nesting of at most
 * JSON_DEPTH_MAX, at most JSON_VALUES_MAX values.
 *
 * @param text document, `len` bytes
 * @param ret_offsets NULL, or an empty list to fill
 * @param ret_error where and what, filled with -EBADMSG only
 * @return 0, -EBADMSG or -ENOMEM (never without ret_offsets)
 */
int jsonscan(const char *text, size_t len, struct jsonscan_offsets *ret_offsets,
	     struct jsonscan_error *ret_error) _nonnull_(1, 4) _must_check_;

/**
 * Turns an offset into line and column, both from 1.
 *
 * @param from where to begin counting: an earlier position of the same text, or { 1, 1 } with
 *        from_offset 0; so that many offsets in rising order cost one pass
 */
struct jsonscan_position {
	size_t line, column;
};
struct jsonscan_position jsonscan_position(const char *text, struct jsonscan_position from,
					   size_t from_offset, size_t offset) _nonnull_all_;

/** @return bytes of the valid UTF-8 sequence (RFC 3629) that `len` bytes of text begin with, or 0. */
size_t utf8_length(const char *text, size_t len) _nonnull_all_;
