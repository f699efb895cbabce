/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "init/terminal.h"
#include "lib/arena.h"
#include "lib/json.h"
#include "lib/reason.h"

/* Where the time of a boot went: report.json as bars over time. */

enum timeline_kind { TIMELINE_KERNEL, TIMELINE_STAGE, TIMELINE_HANDOVER, TIMELINE_MODULE };

struct timeline_bar {
	enum timeline_kind kind;
	const char *name;
	int64_t start_usec, duration_usec; /* from the kernel's start */
	int64_t rounds;			   /* of a stage */
	bool failed;			   /* of a module: it was not loaded */
};

struct timeline {
	struct timeline_bar *bar; /* the kernel's, the stages', the modules' */
	size_t n, n_modules;
	int64_t end_usec;
	int64_t modules_usec; /* of all modules together */
};

/** @return 0; -EBADMSG: what is in the report is none, and the reason says where; -ENOMEM */
int timeline_read(struct arena *a, const struct json *report, struct timeline *ret,
		  struct reason *r) _nonnull_(1, 3) _must_check_;

/** Prints the bars as text, `width` columns; the modules' too, or one line for them. */
void timeline_print(const struct timeline *tl, const struct terminal *t, unsigned int width,
		    bool modules) _nonnull_all_;

/** Prints them as a picture, which needs nothing else. */
void timeline_print_svg(const struct timeline *tl) _nonnull_all_;

/** "12.3 ms" */
#define TIMELINE_TEXT 32
const char *timeline_msec(char buf[static TIMELINE_TEXT], int64_t usec) _nonnull_all_;
