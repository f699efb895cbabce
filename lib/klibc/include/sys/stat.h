/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <sys/stat.h>
#include <linux/stat.h>

#ifndef UTIME_NOW
#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe
#endif

int futimens(int fd, const struct timespec times[2]);
int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *ret_statx);
