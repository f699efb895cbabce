/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/zone.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"

#define HEADER_LEN 44
#define TYPE_LEN   6
#define DAY	   86400

/* The counts of a header, in their order; then the size of one of each, but for times. */
enum count { IS_UT, IS_STD, LEAPS, TIMES, TYPES, CHARS, COUNTS };

/* The bytes of a block of data, its times having so many. 0: no header, or more than there is. */
static size_t block_len(const unsigned char *p, size_t len, unsigned int time_len,
			uint32_t count[static COUNTS])
{
	uint64_t total = HEADER_LEN;

	if (len < HEADER_LEN || memcmp(p, "TZif", 4) != 0)
		return 0;
	for (int i = 0; i < COUNTS; i++)
		count[i] = be32(p + 20 + 4 * i);
	total += (uint64_t)count[TIMES] * (time_len + 1) + (uint64_t)count[TYPES] * TYPE_LEN +
		 count[CHARS] + (uint64_t)count[LEAPS] * (time_len + 4) + count[IS_STD] +
		 count[IS_UT];
	return total <= len ? (size_t)total : 0;
}

int zone_offset(const void *data, size_t len, int64_t sec, int32_t *ret_sec)
{
	const unsigned char *p = data, *index;
	unsigned int time_len = 4;
	uint32_t count[COUNTS], type = 0;
	size_t used = block_len(p, len, time_len, count);
	int32_t offset;

	/* From version 2 on a second block follows, with times of 64 bits. */
	if (used && p[4] >= '2') {
		p += used;
		len -= used;
		time_len = 8;
		used = block_len(p, len, time_len, count);
	}
	if (!used || count[TYPES] == 0)
		return -EBADMSG;
	p += HEADER_LEN;
	index = p + (size_t)count[TIMES] * time_len;
	for (uint32_t i = 0; i < count[TIMES]; i++, p += time_len) {
		int64_t at = (int32_t)be32(p);

		if (time_len == 8)
			at = (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
		if (at <= sec)
			type = index[i];
	}
	if (type >= count[TYPES])
		return -EBADMSG;
	offset = (int32_t)be32(index + count[TIMES] + (size_t)type * TYPE_LEN);
	if (offset <= -DAY || offset >= DAY)
		return -EBADMSG;
	*ret_sec = offset;
	return 0;
}
