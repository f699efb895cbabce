/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"
#include "lib/json.h"

/** Adds what the boot state is to state.json; docs/STATE.md has the fields. */
void report_state(struct json *j, struct boot *b) _nonnull_(2);

/** Adds the slots and transitions of a record: `slots`, `active`, `transitions`, …; for `anteroot status` too. */
void report_record(struct json *j, struct arena *a, const struct ab_record *rec) _nonnull_(2, 3);

/**
 * Writes state.env: KEY='VALUE' lines for shells and units.
 *
 * @param dirfd run_dir
 * @return 0 or a negative errno
 */
int report_state_env(struct boot *b, int dirfd) _nonnull_all_;
