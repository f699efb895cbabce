/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/cleanup.h"

/**
 * Whether one name looks like the other mistyped: the same but for case, or one or two letters wrong,
 * missing, too many or swapped with a neighbour (optimal string alignment distance), no more than a
 * third of its length.
 */
bool near_miss(const char *typed, const char *meant) _nonnull_all_;
