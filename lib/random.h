/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/*
 * Random bytes early in a boot, when the kernel may have gathered no entropy yet (random(4), Linux,
 * drivers/char/random.c). getrandom(2) would wait for it, on a machine without a source for ever.
 */

/** What the first boot of a device may wait for entropy. */
#define RANDOM_WAIT_MSEC 10000

/**
 * Fills a buffer: with getrandom(2) as soon as the kernel is ready, and when it is not within the time with what
 * /dev/urandom has by then. That is no secret, but holds what drivers have fed it: addresses, serial numbers, times.
 *
 * @param wait_msec how long to wait for the kernel
 * @param ret_weak true: the kernel was not ready; else untouched
 * @return 0 or a negative errno
 */
int random_fill(void *buf, size_t len, int wait_msec, bool *ret_weak) _nonnull_all_ _must_check_;
