/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/*
 * Certificates of a root CA, as far as a trust store must know them: where each PEM block is (RFC 7468)
 * and under which name OpenSSL looks it up in its directory, HASH.N. Nothing here verifies a signature:
 * who may write config.json decides what is trusted. Pure.
 */

#define CERTIFICATES_MAX 16
#define BUNDLE_BEGIN	 "# anteroot: balenaRootCA begins\n"
#define BUNDLE_END	 "# anteroot: balenaRootCA ends\n"

struct certificate {
	const char *pem; /* its PEM block alone, lines of 64, ends in one newline */
	size_t len;
	uint32_t subject_hash; /* as `openssl x509 -subject_hash` prints it: %08x */
};

struct certificates {
	struct certificate certificate[CERTIFICATES_MAX];
	size_t n;
};

/**
 * Reads the value of balenaRootCA: base64 (RFC 4648, line breaks allowed) of a PEM text with one to
 * CERTIFICATES_MAX certificates. Text and other blocks between them are dropped; certificates of other
 * kinds (TRUSTED CERTIFICATE) and BEGIN or END lines out of place are refused, and so is all when one is bad.
 *
 * @param a arena for the blocks
 * @param base64 value of the key
 * @param ret result, filled on success only
 * @return NULL, or what is wrong with it ("is not base64", "has no certificate", "has a block that is
 *         no X.509 certificate", …): a static text without anything of the value in it. When memory is out
 *         that is one too, and arena_failed() is true.
 */
const char *certificates_read(struct arena *a, const char *base64,
			      struct certificates *ret) _nonnull_all_;

/**
 * Gives a bundle (ca-certificates.crt) our certificates: takes away an earlier block of ours, from
 * BUNDLE_BEGIN to BUNDLE_END, and appends a new one. Everything else stays byte for byte, so taking away
 * gives what there was before, and doing it twice is doing it once. (A bundle without its last newline
 * gets one in front of the block, and the block has none at its end.)
 *
 * Of a block that has lost one of the two lines only the other goes: the certificates in it may be
 * somebody else's by now. When it is the bundle's end that is lost, inside the block's first certificate,
 * the rest of that goes too.
 *
 * @param bundle text, `len` bytes
 * @param certs what to append; NULL or none: only takes away
 * @param ret_len bytes of the result
 * @return the new text in the arena, NULL when memory is out
 */
const char *certificates_bundle(struct arena *a, const char *bundle, size_t len,
				const struct certificates *certs, size_t *ret_len)
	_nonnull_(1, 2, 5);
