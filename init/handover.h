/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * Gives the machine to the target's init. In this order, so that nothing is given up before the rest is
 * known to work: the target is another mount than ours, its init can be executed (lib/initcheck.h), its
 * mount points are there; then /dev, /proc, /sys and /run move (a table in handover.c); then the root is
 * switched; then the old root's files are deleted, on that file system alone; then exec.
 *
 * @param args arguments for the target's init behind its own name, ended by NULL
 * @param envp environment for it
 * @return only on failure: a negative errno with b->error filled. Before the switch the initramfs is
 *         whole.
 */
int handover(struct boot *b, char *const args[], char *const envp[]) _nonnull_(1, 2) _must_check_;
