/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/* machine-id(5) of systemd: 32 lower-case hexadecimal digits and a newline, not all of them 0. */

#define MACHINEID_PATH	"/etc/machine-id"
#define MACHINEID_CHARS 32
#define MACHINEID_LEN	16 /* bytes of the number */

/** What a file is that should hold one. */
enum machineid_form {
	MACHINEID_MISSING,
	MACHINEID_UNINITIALIZED, /* systemd's word for: this is the first boot */
	MACHINEID_EMPTY,	 /* the place for a mount; no first boot */
	MACHINEID_DAMAGED,	 /* torn, of the wrong length, all 0, unreadable */
	MACHINEID_UPPER,	 /* an id, with capital letters */
	MACHINEID_GOOD,
};

struct machineid {
	enum machineid_form form;
	char text[MACHINEID_CHARS + 1]; /* the id in lower case; "" unless form is UPPER or GOOD */
};

/**
 * Reads the content of a file. A newline at the end may be missing.
 *
 * @param len bytes of text; any that are behind the newline make it damaged
 */
void machineid_parse(const char *text, size_t len, struct machineid *ret) _nonnull_all_;

/** Makes an id of random bytes, as systemd does: they get version and variant of a random UUID (RFC 9562, 4). */
void machineid_make(const unsigned char random[static MACHINEID_LEN],
		    struct machineid *ret) _nonnull_all_;
