/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/*
 * X.509 certificates (RFC 5280) in DER (X.690), only as far as to know that a block is one and under
 * which name OpenSSL looks it up. A bundle with one block that OpenSSL cannot read is a bundle it does
 * not read at all, so what it refuses is refused here too. Pure.
 */

/**
 * The hash of a certificate's subject by which OpenSSL (1.0.0 and later) names its file in a directory of
 * certificates: the first four bytes of the SHA-1 of the name's canonical form.
 *
 * @param a arena for the canonical form
 * @param der one certificate, `len` bytes, with nothing before or behind it
 * @param ret_hash as `openssl x509 -subject_hash` prints it: %08x
 * @return 0; -EBADMSG: not a certificate in DER; -ENOMEM
 */
int x509_subject_hash(struct arena *a, const void *der, size_t len,
		      uint32_t *ret_hash) _nonnull_all_ _must_check_;
