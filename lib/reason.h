/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/cleanup.h"

/*
 * Why something failed. Functions of lib/ return a negative errno and, when the caller passes one,
 * fill a reason: what was being done, to what, and the errno or a text. Nothing in lib/ or hooks/
 * logs: init/ renders the reason once, as `unable to VERB OBJECT: cause`.
 */

#define REASON_OBJECT_MAX 160
#define REASON_CAUSE_MAX  160

struct reason {
	const char *verb; /* "mount", "read", …; static storage; NULL = nothing failed */
	char object[REASON_OBJECT_MAX]; /* path, device or key, cut when longer */
	char cause[REASON_CAUSE_MAX];	/* "" = use the text of err */
	int err;			/* positive errno */
};

#define REASON_INIT ((struct reason){ 0 })

/**
 * Fills a reason.
 *
 * @param r may be NULL: the caller does not want to know
 * @param err errno value, either sign
 * @param verb static string
 * @param object what it was done to
 * @return the negative errno, so that `return reason_set(…)` reads well
 */
int reason_set(struct reason *r, int err, const char *verb, const char *object) _nonnull_(3, 4);

/** As reason_set(), with a cause in words where errno's own text would say too little. */
int reason_setf(struct reason *r, int err, const char *verb, const char *object, const char *fmt,
		...) _nonnull_(3, 4, 5) _printf_(5, 6);

/**
 * Renders `unable to VERB OBJECT: cause`.
 *
 * @param r reason, filled or not
 * @param buf destination, always terminated
 * @param size of buf in bytes, at least 1
 * @return buf
 */
const char *reason_render(const struct reason *r, char *buf, size_t size) _nonnull_all_;
