/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For clang-tidy alone. After a failed call errno is not 0, so "return -errno" is a failure, but
 * the analyzer knows nothing about the sign of a negated unknown and goes on as if the call had
 * succeeded. It does know numbers: here errno is one of those we look for, or another.
 */
#pragma once

#include <errno.h>

int analyzer_unknown(void);

static inline int *analyzer_errno(void)
{
	static int value;

	switch (analyzer_unknown()) {
	case 0:
		value = ENOENT;
		break;
	case 1:
		value = EINTR;
		break;
	default:
		value = EIO;
		break;
	}
	return &value;
}
#undef errno
#define errno (*analyzer_errno())
