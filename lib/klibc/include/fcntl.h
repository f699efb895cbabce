/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <fcntl.h>

#define POSIX_FADV_DONTNEED 4

int posix_fadvise(int fd, off_t offset, off_t len, int advice);
