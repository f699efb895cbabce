/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

/*
 * The certificates of tests/unit/data (tests/tools/certificates wrote them) and what a value of
 * balenaRootCA is made of. Everything asserts: include cmocka.h first. The caller frees.
 */

/** The DER of one of them, in a block of its own size: a sanitizer sees a byte too far. */
static inline unsigned char *read_certificate(const char *name, size_t *ret_len)
{
	char path[512];
	unsigned char *der;
	FILE *f;
	long len;

	snprintf(path, sizeof(path), "%s/unit/data/%s.der", TESTS_DIR, name);
	f = fopen(path, "rbe");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	len = ftell(f);
	assert_true(len > 0);
	rewind(f);
	der = malloc((size_t)len);
	assert_non_null(der);
	assert_int_equal(fread(der, 1, (size_t)len, f), len);
	fclose(f);
	*ret_len = (size_t)len;
	return der;
}

/** Base64 with a line break behind every `columns` characters, 0: in one line without an end. */
static inline char *base64(const void *data, size_t len, size_t columns)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;
	char *text = calloc(1, len * 3 + 16), *out = text;
	size_t column = 0;

	assert_non_null(text);
	for (size_t i = 0; i < len * 8; i += 6) {
		size_t byte = i / 8, shift = i % 8;
		unsigned int v = (unsigned int)p[byte] << 8 | (byte + 1 < len ? p[byte + 1] : 0u);

		*out++ = digits[v >> (10 - shift) & 0x3f];
		if (columns && ++column % columns == 0)
			*out++ = '\n';
	}
	for (size_t i = 0; i < (3 - len % 3) % 3; i++) {
		*out++ = '=';
		if (columns && ++column % columns == 0)
			*out++ = '\n';
	}
	if (columns && column % columns)
		*out++ = '\n';
	return text;
}

/** The PEM block of one of the certificates, as it is written everywhere. */
static inline char *read_pem(const char *name)
{
	size_t len;
	_cleanup_free_ unsigned char *der = read_certificate(name, &len);
	_cleanup_free_ char *body = base64(der, len, 64);
	char *pem = NULL;

	assert_true(asprintf(&pem, "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n",
			     body) > 0);
	return pem;
}
