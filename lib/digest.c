/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/digest.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <util-linux/crc32.h>
#include <util-linux/md5.h>
#include <util-linux/sha1.h>

/* Their lengths have 32 bits. */
#define PIECE_BYTES ((size_t)1 << 30)

static void hex(const unsigned char *digest, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[digest[i] >> 4];
		*ret++ = digits[digest[i] & 0xf];
	}
	*ret = '\0';
}

void digest_md5(const void *data, size_t len, char ret_hex[static DIGEST_MD5_HEX])
{
	unsigned char digest[UL_MD5LENGTH];
	const unsigned char *p = data;
	UL_MD5_CTX ctx;

	ul_MD5Init(&ctx);
	for (size_t n; len > 0; p += n, len -= n) {
		n = len < PIECE_BYTES ? len : PIECE_BYTES;
		ul_MD5Update(&ctx, p, (unsigned int)n);
	}
	ul_MD5Final(digest, &ctx);
	hex(digest, sizeof(digest), ret_hex);
}

void digest_sha1_raw(const void *data, size_t len, unsigned char ret[static DIGEST_SHA1_LEN])
{
	const unsigned char *p = data;
	UL_SHA1_CTX ctx;

	ul_SHA1Init(&ctx);
	for (size_t n; len > 0; p += n, len -= n) {
		n = len < PIECE_BYTES ? len : PIECE_BYTES;
		ul_SHA1Update(&ctx, p, (uint32_t)n);
	}
	ul_SHA1Final(ret, &ctx);
}

void digest_sha1(const void *data, size_t len, char ret_hex[static DIGEST_SHA1_HEX])
{
	unsigned char digest[DIGEST_SHA1_LEN];

	digest_sha1_raw(data, len, digest);
	hex(digest, sizeof(digest), ret_hex);
}

int digest_sha1_fd(int fd, char ret_hex[static DIGEST_SHA1_HEX])
{
	unsigned char buf[4096], digest[DIGEST_SHA1_LEN];
	UL_SHA1_CTX ctx;
	ssize_t n;

	ul_SHA1Init(&ctx);
	do {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			ul_SHA1Update(&ctx, buf, (uint32_t)n);
	} while (n != 0);
	ul_SHA1Final(digest, &ctx);
	hex(digest, sizeof(digest), ret_hex);
	return 0;
}

uint32_t digest_crc32(const void *data, size_t len)
{
	return ~ul_crc32(UINT32_MAX, data, len);
}
