/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Reading the clocks, in 64 bits on every platform (clock_gettime64 where time_t has 32). */

/** @return microseconds since boot, suspend not counted (CLOCK_MONOTONIC). */
int64_t clock_monotonic_usec(void);

/** @return microseconds since 1970-01-01 UTC (CLOCK_REALTIME). */
int64_t clock_realtime_usec(void);
