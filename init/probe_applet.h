/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/running.h"

/**
 * What udev is told of a device, KEY=VALUE lines under balenaOS' names:
 *
 *     BALENA_FS_USE        what the partition is for: its label of balenaOS ("resin-boot", "balena-data"), or
 *                          "resin-" and the role when the layout knows it by something else
 *     BALENA_UPDATE_STATE  of a slot, when it is known which one runs: "active" or "inactive"
 *     RESIN_UPDATE_STATE   the same, as rules of older releases have it
 *
 * @param dev device of run->devs
 * @param label what to call a partition of the boot disk that has no role, as balenaOS' rules pass it; NULL
 * @return the lines, NULL when there is nothing to say (or no memory: the arena tells)
 */
const char *probe_lines(struct arena *a, const struct running *run, const struct blockdev *dev,
			const char *label) _nonnull_(1, 2, 3);
