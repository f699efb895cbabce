/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/ubootenv.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/digest.h"

#define CRC_BYTES sizeof(uint32_t)

static size_t header_bytes(bool redundant)
{
	return CRC_BYTES + (redundant ? 1 : 0);
}

static bool is_whole(const unsigned char *copy, size_t size, bool redundant)
{
	size_t header = header_bytes(redundant);
	uint32_t crc;

	if (size <= header)
		return false;
	memcpy(&crc, copy, sizeof(crc));
	return digest_crc32(copy + header, size - header) == crc;
}

/* Of two whole copies: 0 or 1. */
static unsigned int newer(unsigned char first, unsigned char second)
{
	if ((first == UINT8_MAX && second == 0) || (first == 0 && second == UINT8_MAX))
		return second == 0;
	return second > first;
}

static void take_entries(struct envlist *e, const char *data, size_t size)
{
	for (size_t len, at = 0; at < size && data[at] != '\0'; at += len + 1) {
		const char *equals;

		len = strnlen(data + at, size - at);
		equals = memchr(data + at, '=', len);
		if (equals)
			env_append(e, data + at, len, (size_t)(equals - data) - at,
				   env_value(e->arena, equals + 1,
					     len - ((size_t)(equals - data) - at) - 1));
		else
			env_append(e, data + at, len, 0, NULL);
	}
}

int ubootenv_parse(struct arena *a, const void *const copy[static UBOOTENV_COPIES], size_t size,
		   const char *name, struct ubootenv *ret, struct reason *r)
{
	const unsigned char *const bytes[] = { copy[0], copy[1] };
	bool redundant = bytes[1], whole[UBOOTENV_COPIES] = { false };
	size_t header = header_bytes(redundant);

	*ret = (struct ubootenv){ .list.arena = a, .size = size, .redundant = redundant };
	whole[0] = is_whole(bytes[0], size, redundant);
	whole[1] = redundant && is_whole(bytes[1], size, redundant);
	if (!whole[0] && !whole[1])
		return reason_setf(r, EBADMSG, "read", name, "%s",
				   redundant ? "the CRC of both copies is wrong"
					     : "its CRC is wrong");
	ret->copy =
		whole[0] && whole[1] ? newer(bytes[0][CRC_BYTES], bytes[1][CRC_BYTES]) : whole[1];
	ret->damaged = redundant && !(whole[0] && whole[1]);
	ret->flag = redundant ? bytes[ret->copy][CRC_BYTES] : 0;
	take_entries(&ret->list, (const char *)bytes[ret->copy] + header, size - header);
	if (!arena_failed(a))
		return 0;
	ret->list = (struct envlist){ .arena = a };
	return reason_set(r, ENOMEM, "read", name);
}

int ubootenv_write(const struct ubootenv *env, void *ret_data, unsigned int *ret_copy,
		   const char *name, struct reason *r)
{
	size_t header = header_bytes(env->redundant);
	/* The last NUL is the end of all. */
	struct env_image image = { .data = ret_data,
				   .size = env->size,
				   .at = header,
				   .end = '\0',
				   .room = env->size - 1 };
	uint32_t crc;
	int err;

	if (env->size <= header)
		return reason_setf(r, ENOSPC, "write", name, "it has %zu bytes", env->size);
	err = env_print(&env->list, &image, name, r);
	if (err < 0)
		return err;
	memset(image.data + image.at, '\0', env->size - image.at);
	crc = digest_crc32(image.data + header, env->size - header);
	memcpy(image.data, &crc, sizeof(crc));
	if (env->redundant)
		image.data[CRC_BYTES] = (char)(env->flag + 1);
	*ret_copy = env->redundant ? 1 - env->copy : 0;
	return 0;
}
