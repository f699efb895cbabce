/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/** Fills facts.identity: what is stored, what the target has, and a new machine-id when one is needed. Once. */
void observe_identity(struct boot *b) _nonnull_all_;

/** Fills facts.persist: which of the integrator's paths the state partition has, and which the target. Once. */
void observe_persist(struct boot *b) _nonnull_all_;
