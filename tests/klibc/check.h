/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line a check: "ok NAME" or "FAIL NAME". */
#pragma once

#include <stdbool.h>
#include <stdio.h>

static int failures;

static inline void check(bool holds, const char *name)
{
	printf("%s %s\n", holds ? "ok" : "FAIL", name);
	if (!holds)
		failures++;
}
