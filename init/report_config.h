/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"
#include "lib/json.h"

/**
 * Adds what was made of the configuration: `config` (state, origin, error, keys: each with its verdict,
 * the source of the value in force, where it stands in the file, and its deliveries) and `delivered` (all
 * deliveries in the order they were made). No value of a key is in it.
 */
void report_config(struct json *j, struct boot *b);

/** Adds `warnings`: hook and text of each. */
void report_warnings(struct json *j, const struct boot *b);

/** @return "written", "unchanged", …, as the report has them. */
const char *action_name(enum report_action action);
