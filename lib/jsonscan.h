/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "lib/cleanup.h"

/* The strict look at JSON text (RFC 8259) before cJSON sees it. Pure; allocates nothing. */

struct jsonscan_error {
	size_t line;   /* from 1 */
	size_t column; /* in bytes, from 1 */
	const char *
		text; /* what is wrong or was expected; static storage, nothing of the input in it */
};

/**
 * Checks that a text is one JSON object and nothing else: grammar, UTF-8, no control characters and no
 * NUL (raw or as \u0000), no half surrogate pairs, numbers of at most 63 bytes, nesting of at most
 * JSON_DEPTH_MAX.
 *
 * @param text document, `len` bytes
 * @param ret_error where and what, filled on failure only
 * @return 0 or -EBADMSG
 */
int jsonscan(const char *text, size_t len,
	     struct jsonscan_error *ret_error) _nonnull_all_ _must_check_;

/** @return bytes of the valid UTF-8 sequence (RFC 3629) that `len` bytes of text begin with, or 0. */
size_t utf8_length(const char *text, size_t len) _nonnull_all_;
