/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/envlist.h"

/*
 * U-Boot's own environment (include/env_internal.h, env/common.c): a CRC-32 of the data in the machine's byte order;
 * when there are two copies a flag byte, which the CRC does not cover; key=value, each with a NUL, and another NUL.
 * Pure.
 */

#define UBOOTENV_MAX_BYTES (256u * 1024u) /* of a copy */
#define UBOOTENV_COPIES	   2u

struct ubootenv {
	struct envlist list;
	size_t size;	    /* of a copy, in bytes */
	unsigned int copy;  /* 0 or 1: the one that was read, and that U-Boot uses */
	bool redundant;	    /* there are two */
	unsigned char flag; /* of that copy */
	bool damaged;	    /* the other copy's CRC is wrong */
};

/**
 * Reads one copy, or the newer of two: the higher flag, but 0 follows 255; the first when they are equal. One whose
 * CRC is wrong does not count. Values are taken as they are: U-Boot escapes with backslashes, its tools do not.
 *
 * @param copy the copies, `size` bytes each; the second is NULL when there is one only
 * @param name for the reason
 * @param ret result; without entries on failure
 * @return 0; -EBADMSG: no copy has the right CRC; -ENOMEM
 */
int ubootenv_parse(struct arena *a, const void *const copy[static UBOOTENV_COPIES], size_t size,
		   const char *name, struct ubootenv *ret, struct reason *r)
	_nonnull_(1, 2, 4, 5) _must_check_;

/**
 * Writes a copy of the same size: the only one, or the one that was not read, with a flag that makes it the newer.
 * Padded with NUL, like U-Boot's.
 *
 * @param ret_data the copy, env->size bytes; undefined on failure
 * @param ret_copy where it goes: 0 or 1
 * @return 0; -ENOSPC: the keys do not fit; -EINVAL: a key or value that was set has a character that needs an escape
 */
int ubootenv_write(const struct ubootenv *env, void *ret_data, unsigned int *ret_copy,
		   const char *name, struct reason *r) _nonnull_(1, 2, 3, 4) _must_check_;
