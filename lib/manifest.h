/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * The manifest of a writable root: which files we wrote there on earlier boots, and their SHA-1s. What is
 * no longer wanted is removed by it, never by pattern; a file that has another content by now was changed
 * by somebody and stays. It is in /etc, where the files are: /var may be another file system, or a link to
 * one that is not there yet. Pure.
 *
 *     anteroot manifest 1
 *     file 2aae6c35c94fcfb415dbe95f408b9ce91ee846ed /etc/hostname
 *     over /etc/hostname
 *     block /etc/ssl/certs/ca-certificates.crt
 *
 * A path with two file lines had two contents: the power may have gone between them. `over`: there was a file
 * before our first one, the image's, which comes back when ours goes. A block is a part of a file that is
 * not ours.
 */

#define MANIFEST_DIR	   "/etc/anteroot"
#define MANIFEST_NAME	   "manifest"
#define MANIFEST_PATH	   MANIFEST_DIR "/" MANIFEST_NAME
#define MANIFEST_MAX_BYTES (2u * 1024u * 1024u)

struct manifest_file {
	const char *path;  /* absolute, in the target */
	const char *known; /* SHA-1s in hex, one blank between; NULL: a block alone */
	bool over;	   /* the image had a file there */
};

struct manifest {
	struct manifest_file *file; /* sorted by path, each path once */
	size_t n, capacity;
};

/**
 * @param text content of a manifest, `len` bytes
 * @param ret result; empty on failure
 * @return 0; -EBADMSG with the line in the reason: nothing in it can be trusted; -ENOMEM
 */
int manifest_parse(struct arena *a, const char *text, size_t len, struct manifest *ret,
		   struct reason *r) _nonnull_(1, 2, 4) _must_check_;

/** @return the file's line, NULL: we never wrote it. */
const struct manifest_file *manifest_find(const struct manifest *m, const char *path) _nonnull_all_;

/** Makes room for `n` more files in one piece. */
void manifest_reserve(struct arena *a, struct manifest *m, size_t n) _nonnull_all_;

/** Appends a file; manifest_sort() makes it a manifest again. One that finds no memory is left out, and the
 * arena knows. */
void manifest_add(struct arena *a, struct manifest *m,
		  const struct manifest_file *file) _nonnull_all_;

/** Sorts, and makes one of several lines of a path. */
void manifest_sort(struct arena *a, struct manifest *m) _nonnull_all_;

/** @return the text of a sorted manifest in the arena, NULL when memory is out. */
const char *manifest_text(struct arena *a, const struct manifest *m, size_t *ret_len) _nonnull_all_;
