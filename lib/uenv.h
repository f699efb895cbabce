/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/envlist.h"

/*
 * What U-Boot's `env import -t` reads (lib/hashtable.c, himport_r()): key=value lines up to the first NUL. On a balena
 * boot partition these are resinOS_uEnv.txt, extra_uEnv.txt (the user's) and bootcount.env, imported in this order:
 * env_merge() them in the same one. Pure.
 */

#define UENV_MAX_BYTES (64u * 1024u)

/**
 * Reads lines that end in LF or CRLF, the last one in nothing too. Comments are kept; a line without `=` is a key
 * with an empty value: U-Boot forgets it. Empty lines are left out, they are the padding, and so are lines that are
 * no text.
 *
 * @param name of the file, for the reason
 * @param ret entries in the arena; empty on failure
 * @return 0, -ENOMEM
 */
int uenv_parse(struct arena *a, const char *data, size_t size, const char *name,
	       struct envlist *ret, struct reason *r) _nonnull_(1, 2, 4, 5) _must_check_;

/**
 * Writes a file of the same size.
 *
 * @param padding '\n', or '\0': then there is at least one, as U-Boot's `env export -t` has it
 * @param ret_data the file, `size` bytes; undefined on failure
 * @return 0; -ENOSPC: the keys do not fit; -EINVAL: a key or value that was set has a character that needs an escape
 */
int uenv_write(const struct envlist *e, char padding, char *ret_data, size_t size, const char *name,
	       struct reason *r) _nonnull_(1, 3, 5) _must_check_;
