/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/abstate.h"
#include "lib/reason.h"
#include "lib/sys.h"

/*
 * Files on the state partition by which balenaOS' own tools know how an update stands: its supervisor holds
 * reboots back while a breadcrumb is there, its diagnostics tell of a rollback by the triggered ones. They
 * follow from the record and never decide anything here: whatever a cut left of them is put right by the next
 * breadcrumbs_keep(). docs/STATE.md has what each means.
 */

enum breadcrumb {
	BREADCRUMB_HEALTH,	      /* rollback-health-breadcrumb: an update has no verdict yet */
	BREADCRUMB_ALTBOOT,	      /* rollback-altboot-breadcrumb: the same */
	BREADCRUMB_HEALTH_TRIGGERED,  /* rollback-health-triggered: its health checks failed */
	BREADCRUMB_ALTBOOT_TRIGGERED, /* rollback-altboot-triggered: it did not get so far */
	BREADCRUMB_HEALTH_FAILED, /* rollback-health-failed: going back failed; never made here */
	BREADCRUMBS
};

enum breadcrumb_want {
	BREADCRUMB_AS_IT_IS, /* the record does not tell */
	BREADCRUMB_THERE,
	BREADCRUMB_GONE,
};

/** @return the file's name. */
const char *breadcrumb_name(enum breadcrumb crumb);

/** What there should be, by the record. Pure. */
void breadcrumbs_want(const struct ab_record *rec,
		      enum breadcrumb_want ret[static BREADCRUMBS]) _nonnull_all_;

/** What there is. @param dirfd the state partition's top */
void breadcrumbs_look(int dirfd, bool ret[static BREADCRUMBS]) _nonnull_all_;

/**
 * Makes them as they should be, durably; what is right is not touched.
 *
 * @param dirfd the state partition's top, open for reading
 * @return 0 or a negative errno: the first failure, the others are tried all the same
 */
int breadcrumbs_keep(const struct sys *sys, int dirfd, const struct ab_record *rec,
		     struct reason *r) _nonnull_(1, 3) _must_check_;
