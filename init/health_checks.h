/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

/*
 * Which health checks there are: the executables of two directories, by name. One in the first directory stands
 * for one of the same name in the second; a link to /dev/null there masks it.
 */

#define HEALTH_CHECKS_MAX 256u

enum health_kind {
	HEALTH_RUN,
	HEALTH_MASKED,	/* a link to /dev/null */
	HEALTH_SKIPPED, /* no file, or one that is not executable */
};

struct health_check {
	const char *name;
	const char *path;
	enum health_kind kind;
};

struct health_checks {
	struct health_check check[HEALTH_CHECKS_MAX]; /* sorted by name, byte by byte */
	size_t n;
	bool too_many;
};

/**
 * Looks into the directories, the first of which counts most. One that is not there has no checks; names that
 * begin with a dot are none.
 *
 * @return 0; -ENOMEM; or a negative errno with the directory in *ret_dir
 */
int health_checks_find(struct arena *a, const char *const dirs[], size_t n_dirs,
		       struct health_checks *ret, const char **ret_dir) _nonnull_all_ _must_check_;
