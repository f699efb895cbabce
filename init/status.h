/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/bootstate.h"

#define STATUS_WARNINGS_MAX 32

/** All that `anteroot status` tells. */
struct status {
	struct bootstate *b;
	struct json *report; /* report.json of this boot; NULL: none that can be read */
	struct ab_decision next;
	const char *next_text;
	const char *warning[STATUS_WARNINGS_MAX];
	size_t n_warnings;
};

/** What became of the deliveries, by action. */
struct status_count {
	const char *action;
	unsigned int n;
};
#define STATUS_ACTIONS_MAX 12

/** Gathers it; status_free() frees it. */
void status_gather(struct status *s, struct bootstate *b) _nonnull_all_;
void status_free(struct status *s) _nonnull_all_;

/** Counts the deliveries of the report. @return number of different actions */
size_t status_count(const struct status *s,
		    struct status_count ret[static STATUS_ACTIONS_MAX]) _nonnull_all_;

/** @return the next delivery of the report that failed, behind `last` (NULL: the first), or NULL. */
const struct json *status_next_failed(const struct status *s, const struct json *last) _nonnull_(1);

/** As text for people, 80 columns. */
void status_print(struct status *s) _nonnull_all_;

/** As JSON for machines; docs/STATE.md has the fields. @return 0 or -ENOMEM */
int status_print_json(struct status *s) _nonnull_all_;

/** @return 0; 1 without a boot state; 3 when there is one that cannot be read */
int status_exit(const struct status *s) _nonnull_all_;
