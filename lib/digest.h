/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/*
 * MD5 (RFC 1321), SHA-1 (RFC 3174) and CRC-32 (ISO 3309) by util-linux's common library: libdigest.a of
 * lib/third-party. None guards against an attacker here: MD5 is what fatrw puts into the name of a
 * leftover, SHA-1 is what OpenSSL names certificates by, and what tells a file that we wrote from one that
 * somebody changed; CRC-32 is in PNG files.
 */

#define DIGEST_MD5_HEX	33 /* with the NUL */
#define DIGEST_SHA1_HEX 41
#define DIGEST_SHA1_LEN 20

/** Writes the MD5 of `len` bytes as 32 lower-case hexadecimal digits. */
void digest_md5(const void *data, size_t len, char ret_hex[static DIGEST_MD5_HEX]) _nonnull_(3);

/** Writes the SHA-1 of `len` bytes as 40 lower-case hexadecimal digits. */
void digest_sha1(const void *data, size_t len, char ret_hex[static DIGEST_SHA1_HEX]) _nonnull_(3);

/**
 * Writes the SHA-1 of what a descriptor has from its position to its end, read in small pieces: a file of
 * any size. Nobody but the end of the file stops it, so not for devices.
 *
 * @return 0, or read(2)'s negative errno: *ret_hex is untouched
 */
int digest_sha1_fd(int fd, char ret_hex[static DIGEST_SHA1_HEX]) _nonnull_(2) _must_check_;

/** Writes the SHA-1 of `len` bytes. */
void digest_sha1_raw(const void *data, size_t len, unsigned char ret[static DIGEST_SHA1_LEN])
	_nonnull_(3);

/** @return the CRC-32 of `len` bytes, as zlib and PNG have it. */
uint32_t digest_crc32(const void *data, size_t len);
