/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sync() returns nothing; ioctl() takes an unsigned long and anything, or nothing, after it. */
#define sync  klibc_sync
#define ioctl klibc_ioctl_pointer
#include_next <unistd.h>
#include_next <sys/ioctl.h>
#undef sync
#undef ioctl
void sync(void);
int klibc_ioctl_pointer(int fd, int request, void *argument) __asm__("ioctl");
int ioctl(int fd, unsigned long request, ...) __asm__("klibc_ioctl");

typedef unsigned int useconds_t;

long syscall(long number, ...);
char *get_current_dir_name(void);
int syncfs(int fd);

/* A question klibc's sysconf() does not know; it answers -1, and the caller has its own default. */
#ifndef _SC_HOST_NAME_MAX
#define _SC_HOST_NAME_MAX 180
#endif

#ifndef TEMP_FAILURE_RETRY
#define TEMP_FAILURE_RETRY(expression)                         \
	(__extension__({                                       \
		long klibc_result;                             \
		do                                             \
			klibc_result = (long)(expression);     \
		while (klibc_result == -1L && errno == EINTR); \
		klibc_result;                                  \
	}))
#endif
