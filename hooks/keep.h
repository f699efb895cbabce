/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/*
 * What was accepted is kept on the state partition, for boots whose boot partition cannot be read. It is for
 * root alone: keys of Wi-Fi are in it.
 */

/** @return true when there is a place to keep something, and it can be written to. `apply --state` has one that is
 * no partition. */
bool keep_is_open(const struct facts *f);

/** Keeps a file as facts.keep_dir/DIR/NAME; DIR may be NULL. Nothing when there is no place to keep it. */
void keep_file(const struct facts *f, struct plan *p, const char *dir, const char *name,
	       const char *data, size_t len);

/** keep_file() with another mode than 0600; the directories stay closed. */
void keep_file_mode(const struct facts *f, struct plan *p, const char *dir, const char *name,
		    const char *data, size_t len, mode_t mode);

/** Keeps a file no longer. */
void keep_remove(const struct facts *f, struct plan *p, const char *dir, const char *name);
