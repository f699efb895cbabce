/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "lib/cleanup.h"

/* Reading the clocks and the times of files, in 64 bits on every platform (clock_gettime64 and statx(2) where time_t
 * has 32). */

/** @return microseconds since boot, suspend not counted (CLOCK_MONOTONIC). */
int64_t clock_monotonic_usec(void);

/** @return microseconds since 1970-01-01 UTC (CLOCK_REALTIME). */
int64_t clock_realtime_usec(void);

/**
 * @param fd file, also one that is open with O_PATH
 * @param ret_sec its time of last modification, seconds since 1970 UTC
 * @return 0 or a negative errno
 */
int clock_of_file(int fd, int64_t *ret_sec) _nonnull_all_ _must_check_;
