/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "lib/cleanup.h"

/* What the boot loader tells in variables of the firmware. Reads efivarfs, and changes nothing. */

#define EFIVAR_DIR	    "/sys/firmware/efi/efivars"
#define EFIVAR_PARTUUID_MAX 37

/**
 * Reads LoaderDevicePartUUID, in which systemd-boot and GRUB (>= 2.12, module bli) say which partition they were
 * started from.
 *
 * @param sysfd directory that is /sys
 * @param ret the PARTUUID, whole
 * @return 0; -ENOENT when there is no such variable, -EBADMSG when it holds something else, -ENODEV when the
 *         firmware has variables and efivarfs is not mounted, -ENOTSUP when it has none
 */
int efivar_loader_partuuid(int sysfd, char ret[static EFIVAR_PARTUUID_MAX]) _must_check_;
