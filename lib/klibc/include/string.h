/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <string.h>

void *mempcpy(void *to, const void *from, size_t size);
char *stpcpy(char *to, const char *from);
char *strchrnul(const char *text, int byte);
char *strcasestr(const char *text, const char *wanted);
void explicit_bzero(void *data, size_t size);

/* GNU's: the part after the last slash, never written to. */
char *basename(const char *path);

#define strdupa(s)                                                                    \
	(__extension__({                                                              \
		const char *klibc_from = (s);                                         \
		size_t klibc_size = strlen(klibc_from) + 1;                           \
		(char *)memcpy(__builtin_alloca(klibc_size), klibc_from, klibc_size); \
	}))
