/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/** Asks the sources of time that there are now: a part of observe(). Once a boot for each `when`. */
void observe_clock(struct boot *b, enum clock_when when) _nonnull_all_;
