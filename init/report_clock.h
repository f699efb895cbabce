/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"
#include "lib/json.h"

/** Adds `clock`: for each time it was decided on, what was seen and what came of it (docs/CLOCK.md). */
void report_clock(struct json *j, const struct boot *b) _nonnull_(2);

/** Fills an object with facts and the decision on them. */
void clock_json(struct json *j, const struct clock_facts *c, const struct clock_decision *d)
	_nonnull_(2, 3);

/** Adds a time twice: NAME for people, NAME_sec for machines. */
void clock_json_time(struct json *j, const char *name, int64_t sec) _nonnull_(2);
