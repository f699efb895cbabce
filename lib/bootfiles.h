/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/* Files of the boot partition beside config.json, judged before they reach their readers. Pure. */

#define CONNECTION_MAX_BYTES (64u * 1024u)
#define SPLASH_MAX_BYTES     (4u * 1024u * 1024u)

/** A file as it was read. */
struct boot_file {
	const char *name; /* without directory */
	const char *data; /* NUL-terminated behind its last byte; NULL when err < 0 */
	size_t len;
	int err; /* negative errno of reading it, -EFBIG: too large; 0 */
};

/** @return true for what is not meant to be delivered: NAME.ignore, hidden files (leftovers of fatrw are),
 * editors' copies (NAME~). */
bool connection_is_ignored(const char *name) _nonnull_all_;

/**
 * Judges a file of system-connections/: its name can be a file in
 * /etc/NetworkManager/system-connections, and its content is a key file (GLib's format) that has a
 * [connection] group, no NUL and no other control characters than tab, LF and CR. NetworkManager takes
 * no NAME.XXXXXX of six ASCII letters or digits. A certificate or key that a connection refers to (NAME.pem,
 * .der, .crt, .cer, .key, .p12, .pfx, .pac) may have any content.
 *
 * @return NULL, or what is wrong ("is empty", "has no [connection] group", "has a line that is neither a
 *         group nor key=value", …): a static text, nothing of the content in it
 */
const char *connection_problem(const struct boot_file *file) _nonnull_all_;

/** @return NULL when the file is a whole PNG image (signature, IHDR first, an IDAT, IEND last, nothing
 * behind it, every chunk's CRC-32 right; PNG specification), else what is wrong. */
const char *splash_problem(const struct boot_file *file) _nonnull_all_;
