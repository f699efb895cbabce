/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/bootstate.h"
#include "init/health_checks.h"

/** What `anteroot health` works with; a test has its own. */
struct health_paths {
	const struct bootstate_paths *bootstate;
	const char *dirs[2]; /* of checks; the first counts most */
	const char *systemd; /* is there when systemd is process 1 */
	const char *systemctl[2];
};

extern const struct health_paths health_paths_default;

/**
 * Runs the checks, again and again within the window of the integrator's file, and gives the verdict: passed, the
 * running slot is confirmed; failed for good, a candidate is rejected and the machine reboots into the other
 * slot when that one is good.
 *
 * @param dry_run run them once, and do nothing else
 * @return exit status
 */
int health(const struct sys *sys, struct arena *a, const struct health_paths *paths,
	   bool dry_run) _nonnull_all_;
