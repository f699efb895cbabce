/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/*
 * Versions of a host OS, X.Y.Z[-betaN][+revN]: not semver. A beta is before its release, a revision is behind it:
 *
 *     2.9.0-beta1 < 2.9.0-beta1+rev1 < 2.9.0-beta2 < 2.9.0 < 2.9.0+rev1 < 2.9.0+rev10 < 2.10.0
 *
 * Numbers are of any length and have no leading zero. A revision 0 is a version of its own behind the one
 * without, so that two texts are equal only when they are the same.
 */

/** What is valid, for messages. */
#define OSVERSION_FORM "X.Y.Z, X.Y.Z-betaN, X.Y.Z+revN or X.Y.Z-betaN+revN"

/** Where a number stands in the text; text NULL: it is absent. */
struct osversion_number {
	const char *text;
	size_t len;
};

/** A version; points into the text it was read from. */
struct osversion {
	struct osversion_number number[3]; /* X, Y, Z */
	struct osversion_number beta, rev;
};

/**
 * @param text must live as long as the result
 * @param ret result, untouched on failure
 * @return 0 or -EINVAL
 */
int osversion_parse(const char *text, struct osversion *ret) _nonnull_all_ _must_check_;

/** @return -1, 0 or 1: a total order. */
int osversion_compare(const struct osversion *a, const struct osversion *b) _nonnull_all_;

/** osversion_compare() on texts. @return 0, or -EINVAL when one of them is no version */
int osversion_compare_text(const char *a, const char *b, int *ret) _nonnull_all_ _must_check_;
