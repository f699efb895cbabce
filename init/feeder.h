/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/sys.h"

/*
 * Feeding the hardware watchdog that the initramfs has armed for a candidate, while somebody waits for its
 * verdict. Only one process can have the device: when it is systemd (RuntimeWatchdogSec=), it feeds it.
 */

#define FEEDER_DEVICE "/dev/watchdog"

struct feeder {
	const struct sys *sys;
	int fd; /* -1: somebody else has it, or there is none */
	int64_t interval_usec, fed_usec;
};

/** @param timeout_sec what the initramfs armed it with, 0: it did not */
void feeder_open(struct feeder *f, const struct sys *sys, int64_t timeout_sec);

/** Feeds it when it is time. @param feeder struct feeder: as struct sys_limits has it */
void feeder_tick(void *feeder);

/** Sleeps, and feeds it meanwhile. @return 0, or a negative errno of the sleep */
int feeder_sleep(struct feeder *f, int64_t msec);

/**
 * Stops the watchdog: the system is confirmed and must not be reset by it.
 *
 * @return true; false when it cannot be stopped (nowayout): it must be fed for as long as the system runs
 */
bool feeder_stop(struct feeder *f);

/** Lets go of the device and leaves it armed: what follows is a reboot. */
void feeder_leave(struct feeder *f);
