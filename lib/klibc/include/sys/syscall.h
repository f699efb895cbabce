/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <sys/syscall.h>

/* The usual names of those that are called through syscall(). */
#define SYS_clock_gettime __NR_clock_gettime
#define SYS_clock_settime __NR_clock_settime
#define SYS_finit_module  __NR_finit_module
#define SYS_getrandom	  __NR_getrandom
#define SYS_gettid	  __NR_gettid
#define SYS_openat2	  __NR_openat2
#define SYS_statx	  __NR_statx
#define SYS_syncfs	  __NR_syncfs
