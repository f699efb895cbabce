/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"

/*
 * Times as people read them, in UTC and the Gregorian calendar, on seconds of 64 bits: klibc's time_t ends in 2038 on
 * 32 bits. Leap seconds have no place of their own, as in POSIX.
 */

#define CLOCK_TEXT 21 /* "2026-11-24T20:29:17Z" and the NUL */

/** Forms of clock_parse(): Y, M, D, h, m, s stand for a digit, all else for itself. */
#define CLOCK_FORM_DIGITS "YYYYMMDDhhmmss"
#define CLOCK_FORM_PLAIN  "YYYY-MM-DD hh:mm:ss"

/**
 * @param sec seconds since 1970 UTC
 * @return buf: "2026-11-24T20:29:17Z"; "-" before 1970 and after 9999
 */
const char *clock_text(int64_t sec, char buf[static CLOCK_TEXT]);

/**
 * Reads a time that has exactly this form; one newline may follow it.
 *
 * @param form CLOCK_FORM_*
 * @param ret_sec seconds since 1970 UTC
 * @return false when it has another form, or is no day or no time of day; *ret_sec is untouched
 */
bool clock_parse(const char *text, const char *form, int64_t *ret_sec) _nonnull_all_ _must_check_;
