/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/**
 * The end of a boot that cannot go on: says what failed (b->error) and what to do, offers a shell when
 * this is a development build, anteroot.shell is on the command line and the image carries /bin/sh, then
 * reboots after the delay of panic= (negative: at once; 0 or absent: the layout's delay, because a device
 * on a pole must not wait for a person).
 *
 * @return only when even the reboot fails: exit status for PID 1, on which the kernel panics
 */
int rescue(struct boot *b) _nonnull_all_;

/**
 * The same end where another init goes on: says what failed and what to do, keeps the report and unmounts what was
 * mounted. No shell, no reboot.
 */
void rescue_leave(struct boot *b) _nonnull_all_;
