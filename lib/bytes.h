/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Numbers of formats on disks, at any address. */

/** @return the little-endian number of two bytes */
static inline uint32_t le16(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

/** @return the little-endian number of four bytes */
static inline uint32_t le32(const unsigned char *p)
{
	return le16(p) | le16(p + 2) << 16;
}

/** @return the little-endian number of eight bytes */
static inline uint64_t le64(const unsigned char *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/** Writes the lower 32 bits of a number, little-endian. */
static inline void put_le32(unsigned char *p, uint64_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(value >> (8 * i));
}

/** Writes a number, little-endian. */
static inline void put_le64(unsigned char *p, uint64_t value)
{
	put_le32(p, value);
	put_le32(p + 4, value >> 32);
}

/** @return the big-endian number of four bytes */
static inline uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
