/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/abstate.h"
#include "lib/cleanup.h"

/* The kernel's name for this boot. */

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/**
 * @param text "3f2a9c1e-…": 32 hexadecimal digits in five groups, and nothing behind them
 * @return true and the bytes; false and zeros
 */
bool bootid_parse(const char *text, unsigned char ret[static AB_BOOT_ID_LEN]) _nonnull_all_;

/** Reads a file that holds one. @return 0, -EBADMSG when it is none, or a negative errno; then all is zero */
int bootid_read(const char *path,
		unsigned char ret[static AB_BOOT_ID_LEN]) _nonnull_all_ _must_check_;
