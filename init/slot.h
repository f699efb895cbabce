/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/bootstate.h"

/* The steps of a running system, for `anteroot slot` and `anteroot health`. Each says on standard output or standard
 * error what came of it. */

/**
 * Opens the boot state for a change, and puts right what can be: a copy whose file is gone.
 *
 * @return 0, or an exit status, and the reason was printed as why `what` cannot be done
 */
int slot_open(struct bootstate *b, const struct sys *sys, struct arena *a,
	      const struct bootstate_paths *paths, const char *what) _nonnull_all_ _must_check_;

/** `slot confirm`: the running slot is good. @return exit status */
int slot_confirm(struct bootstate *b) _nonnull_all_ _must_check_;

/** `slot reject`. @param why a word for people; NULL @return exit status */
int slot_reject(struct bootstate *b, enum ab_slot_id slot, enum ab_bad bad, const char *why)
	_nonnull_(1) _must_check_;

/** `slot arm`; makes a first record when there is none. @param version NULL: nobody says @return exit status */
int slot_arm(struct bootstate *b, enum ab_slot_id slot, unsigned int tries, const char *version)
	_nonnull_(1) _must_check_;

/** `slot switch`. @return exit status */
int slot_switch(struct bootstate *b) _nonnull_all_ _must_check_;

/** `slot orderly`: that there is nothing to write down is fine. @return exit status */
int slot_orderly(struct bootstate *b) _nonnull_all_ _must_check_;

/** Prints a failure as `anteroot: unable to …`. @return EXIT_SYSTEM, or EXIT_NO for a record of a newer version */
int slot_failed(const struct reason *r) _nonnull_all_;
