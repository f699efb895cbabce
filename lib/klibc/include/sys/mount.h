/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <sys/mount.h>

/* Flags younger than klibc's list. */
#define MS_NOSYMFOLLOW 0x0100
#define MS_SILENT      0x8000
#define MS_UNBINDABLE  (1 << 17)
#define MS_PRIVATE     (1 << 18)
#define MS_SLAVE       (1 << 19)
#define MS_SHARED      (1 << 20)
#define MS_RELATIME    (1 << 21)
#define MS_STRICTATIME (1 << 24)
#define MS_LAZYTIME    (1 << 25)

#define UMOUNT_NOFOLLOW 8
