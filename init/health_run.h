/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/feeder.h"
#include "init/health_checks.h"
#include "lib/abconf.h"

/* Running the health checks; for init/health.c alone. */

struct health_run {
	const struct sys *sys;
	struct abconf conf;
	struct health_checks checks;
	struct feeder *feeder;
	enum ab_slot_id slot; /* AB_NONE: the running root is no slot's */
	bool candidate;	      /* this boot is an attempt of it */
	bool stateless;
	unsigned int attempt, tries;
	uint32_t transaction;
	const char *version;
	unsigned int round; /* the one that runs, from 1 */
};

/** Runs all checks once, and prints what came of each. @return true when all passed */
bool health_round(struct health_run *h, struct arena *a) _nonnull_all_;

/** Runs rounds until one passes, or the window is over. @return true when one passed */
bool health_window(struct health_run *h, struct arena *a) _nonnull_all_;
