/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/**
 * How far local time is ahead of UTC, by a time zone file (tzfile(5), RFC 8536; /etc/localtime). The rule for what
 * comes behind the table's last change is not read: then the last one holds, and an hour of summer time may be
 * missing.
 *
 * @param data the file, `len` bytes
 * @param sec seconds since 1970 UTC
 * @param ret_sec seconds to add to UTC, within a day
 * @return 0, or -EBADMSG when it is no such file
 */
int zone_offset(const void *data, size_t len, int64_t sec,
		int32_t *ret_sec) _nonnull_all_ _must_check_;
