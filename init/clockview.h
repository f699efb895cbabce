/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/running.h"
#include "lib/clocksources.h"
#include "lib/json.h"

/* `anteroot clock`: the sources of time of the system that runs, and the saved clock on its state partition. */

/** Where to look; a test has its own. */
struct clock_paths {
	struct running_paths running;
	const char *root; /* "/" */
};

struct clock_view {
	struct arena *a;
	const struct sys *sys;
	const struct clock_paths *paths;
	struct json *report;	 /* `clock` of this boot's report is in it; NULL: none */
	const struct json *boot; /* that; NULL */
	int64_t booted_sec; /* nothing later was known to this boot, or saved in it; -1: unknown */
	const char *state_point; /* where the state partition is mounted; NULL: nowhere */
	bool read_only;		 /* … and cannot be written to */
	int state;		 /* … opened; -1 */
	struct clock_facts facts;
	struct clock_decision decision;
};

/** Looks at everything. What is not there is not there: always complete. clock_close() frees it. */
void clock_open(struct clock_view *v, const struct sys *sys, struct arena *a,
		const struct clock_paths *paths) _nonnull_all_;
void clock_close(struct clock_view *v) _nonnull_all_;

/** @return why the clock cannot be saved now, in the arena; NULL: it can */
const char *clock_refusal(struct clock_view *v) _nonnull_all_;

/** Saves the clock: whole, and durable. @return 0 or a negative errno */
int clock_save(struct clock_view *v, struct reason *r) _nonnull_(1) _must_check_;
