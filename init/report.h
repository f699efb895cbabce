/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/* What happened, for run_dir/state.json and run_dir/report.json; docs/ARCHITECTURE.md has their form. */

struct boot;

enum report_action {
	ACTION_WRITTEN,
	ACTION_UNCHANGED,
	ACTION_REMOVED,
	ACTION_RESTORED, /* removed, and the image's own file is there again */
	ACTION_LEFT,	 /* not removed: somebody has changed it */
	ACTION_SKIPPED,	 /* nobody in the target reads it */
	ACTION_FAILED,
};

struct report_delivery {
	const char *hook;
	const char *key;  /* of config.json; NULL: for none */
	const char *path; /* in the target; NULL: ACTION_SKIPPED */
	enum report_action action;
	const char *kept;  /* where somebody else's file was kept; NULL: there was none */
	const char *error; /* why, with ACTION_FAILED and ACTION_SKIPPED; NULL */
};

struct report_module {
	const char *name;
	const char *wanted; /* alias that asked for it */
	const char *error;  /* NULL: inserted */
	int64_t usec;	    /* spent in the kernel's loader */
	int64_t start_usec; /* monotonic */
};

struct report_stage {
	const char *name;
	int64_t start_usec; /* monotonic */
	int64_t duration_usec;
	unsigned int rounds; /* observe, decide, apply */
};

struct report_warning {
	const char *hook; /* NULL: from outside the hooks */
	const char *text;
};

#define REPORT_STAGES_MAX 8

struct report {
	struct report_delivery *delivery;
	size_t n_deliveries, deliveries_capacity;
	size_t n_failed; /* of the deliveries */
	struct report_module *module;
	size_t n_modules, modules_capacity;
	struct report_warning *warning;
	size_t n_warnings, warnings_capacity;
	struct report_stage stage[REPORT_STAGES_MAX];
	size_t n_stages;
};

/** Makes room for `n` more deliveries in one piece. */
void report_reserve(struct report *r, struct arena *a, size_t n);

void report_add_delivery(struct report *r, struct arena *a, const struct report_delivery *d);
void report_add_module(struct report *r, struct arena *a, const struct report_module *m);
void report_add_warning(struct report *r, struct arena *a, const struct report_warning *w);
void report_add_stage(struct report *r, const struct report_stage *s);

/**
 * Opens run_dir, and makes it when nothing was mounted or delivered there in this boot.
 *
 * @return descriptor or a negative errno
 */
int report_open_dir(const struct boot *b);

/**
 * Writes state.json, state.env, report.json, boot.log and, if there is one, anteroot.json, the integrator's file.
 *
 * @param dirfd run_dir, open; stays valid when /run moves
 * @return 0, or the first negative errno (the other files are tried all the same)
 */
int report_save(struct boot *b, int dirfd);
