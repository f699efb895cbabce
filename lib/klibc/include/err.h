/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* klibc has no err.h. util-linux includes it everywhere and calls it from code we do not link. */
#pragma once

#include <stdarg.h>

void err(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void errx(int status, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
