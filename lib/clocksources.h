/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/arena.h"
#include "lib/clockrule.h"
#include "lib/reason.h"
#include "lib/sys.h"

/* Asking the sources of time. Reads only. */

/** Where they are; a descriptor of -1: there is no such tree. */
struct clock_places {
	const char *sys; /* "/sys" */
	int image;	 /* "/" of the initramfs */
	int target;	 /* the root, mounted */
	int state;	 /* the state partition */
	bool running;	 /* the target runs already, and has warped a clock that was local time */
};

/** Ours, on the state partition: a line "2026-11-24 20:29:17". */
#define CLOCK_SAVED_DIR	 "/anteroot"
#define CLOCK_SAVED_PATH CLOCK_SAVED_DIR "/clock"

/** Appends a candidate; a dummy when there are CLOCK_CANDIDATES_MAX. */
struct clock_candidate *clock_add(struct clock_facts *f, enum clock_kind kind, const char *source,
				  const char *path) _nonnull_(1, 3);

/**
 * Asks all sources in these places, appends a candidate for each, and sets the rest of the facts.
 *
 * @param a of the texts
 */
void clock_sources(struct arena *a, const struct clock_places *p,
		   struct clock_facts *f) _nonnull_all_;

/**
 * Reads a saved clock.
 *
 * @param tree what `path` is confined to
 * @return 0; -ENOENT; -EBADMSG when it says no time; or another negative errno
 */
int clock_read(int tree, const char *path, int64_t *ret_sec) _nonnull_all_ _must_check_;

/** Writes one, as clock_read() reads it: whole, and durable. @return 0 or a negative errno */
int clock_write(const struct sys *sys, int tree, const char *path, int64_t sec, struct reason *r)
	_nonnull_(1, 3) _must_check_;
