/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include_next <stdlib.h>

/* Decimal numbers, correctly rounded: no hexadecimal, infinity or NaN, which JSON does not have. */
double strtod(const char *text, char **ret_end);
/* Declared, for what util-linux compiles and nothing calls; there is none. */
long double strtold(const char *text, char **ret_end);

/* PID 1 and its helpers are never set-user-ID. */
#define secure_getenv getenv

void *reallocarray(void *array, size_t count, size_t size);
int mkstemp(char *path);
int mkostemp(char *path, int flags);
