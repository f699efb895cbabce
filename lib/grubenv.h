/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/envlist.h"

/*
 * GRUB's environment block (grub-core/lib/envblk.c), which is balena's `bootenv` too: a file of 1024 bytes that
 * starts with "# GRUB Environment Block\n", then key=value lines with backslash and newline escaped by a
 * backslash, then '#' to its end. Pure.
 */

#define GRUBENV_BYTES	  1024u
#define GRUBENV_MAX_BYTES (64u * 1024u) /* of a file that is read */

/**
 * Reads what GRUB reads and a bit more: any size, blanks and CR behind values, no newline at the end, no padding,
 * lines without `=` (left out, GRUB would take them for a part of the next key).
 *
 * @param name of the file, for the reason
 * @param ret entries in the arena; empty on failure
 * @return 0; -EBADMSG without the header; -ENOMEM
 */
int grubenv_parse(struct arena *a, const char *data, size_t size, const char *name,
		  struct envlist *ret, struct reason *r) _nonnull_(1, 2, 4, 5) _must_check_;

/**
 * Writes a file of the same size: all keys in its first 1024 bytes, '#' behind them.
 *
 * @param ret_data the file, `size` bytes; undefined on failure
 * @return 0; -ENOSPC: the file is smaller than 1024 bytes, or the keys do not fit; -EINVAL: a key that was set has a
 *         character that a key cannot have
 */
int grubenv_write(const struct envlist *e, char *ret_data, size_t size, const char *name,
		  struct reason *r) _nonnull_(1, 2, 4) _must_check_;
