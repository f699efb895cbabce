/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/*
 * Versions of the host OS: X.Y.Z[-betaN][+revN], balenaOS' form. Not semver: +revN counts and comes after the
 * version without it, and -betaN is the only pre-release. Numbers may have any length, without leading zeros.
 */

struct osversion_number {
	const char *digits; /* in the text that was parsed */
	size_t len;
};

struct osversion {
	struct osversion_number part[3];
	bool has_beta, has_rev;
	struct osversion_number beta, rev;
};

/** @return 0, or -EINVAL: not of that form. *ret points into `text`. */
int osversion_parse(const char *text, struct osversion *ret) _nonnull_all_;

/** @return below, equal to or above 0, as strcmp(). Without +revN is as +rev0. */
int osversion_compare(const struct osversion *a, const struct osversion *b) _nonnull_all_;

/** @param ret as osversion_compare(). @return 0, or -EINVAL when one of them is no version */
int osversion_compare_text(const char *a, const char *b, int *ret) _nonnull_all_;
