/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What this build is. Only version.c is compiled again when the version or the commit changes. */

/** From the file VERSION, "0.1.0". */
extern const char *const anteroot_version;

/** Seconds since 1970: SOURCE_DATE_EPOCH, or the last commit's time; at least the year this was written in, as
 * builds that come out alike everywhere are dated 1970 or 2011. No clock is before it. */
extern const int64_t anteroot_build_epoch_sec;

/** A development build may open a rescue shell; a production build never does. */
extern const bool anteroot_development;
