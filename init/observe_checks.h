/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Reads of each file system that has a tool whether it wants to be checked (facts.devs, `due`), once a device, and
 * finds the tools when one does, or all are to be checked.
 */
void observe_checks(struct boot *b) _nonnull_all_;

/** Lists hooks.d, once: /etc before /usr/lib, masks as health checks have them. Nothing unless boot.hooks. */
void observe_hooks(struct boot *b) _nonnull_all_;
