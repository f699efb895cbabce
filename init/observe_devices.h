/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Which modules are asked for: by devices (all of sysfs the first time, from then on what the uevent
 * socket tells) and by the image's lists. Fills facts.modules.
 */
int observe_devices(struct boot *b) _nonnull_all_;

/** Which partition the boot loader was started from, if the firmware tells. Fills facts.loader_*. */
void observe_loader(struct boot *b) _nonnull_all_;

/** Which block devices there are and what is on them. Fills facts.devs. */
void observe_disks(struct boot *b) _nonnull_all_;
