/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/ptable.h"

/*
 * A disk in memory, and tables on it, written and read as the specifications have them and not by lib/gpt.c and
 * lib/mbr.c. Include cmocka.h first.
 */

#define TABLEDISK_BYTES (128u << 20)
#define TABLEDISK_MIB	(1u << 20)

static unsigned char tabledisk[TABLEDISK_BYTES];
static uint64_t tabledisk_fails_at = UINT64_MAX; /* reading this sector is an I/O error */

static inline int tabledisk_read(const struct ptable_disk *disk, uint64_t lba, size_t n, void *ret)
{
	assert_true(lba < disk->sectors && n <= disk->sectors - lba);
	if (lba <= tabledisk_fails_at && tabledisk_fails_at < lba + n)
		return -EIO;
	memcpy(ret, tabledisk + lba * disk->sector_bytes, n * disk->sector_bytes);
	return 0;
}

/** An empty disk. */
static inline struct ptable_disk tabledisk_make(unsigned int sector, unsigned int mib)
{
	memset(tabledisk, 0, sizeof(tabledisk));
	tabledisk_fails_at = UINT64_MAX;
	return (struct ptable_disk){
		.sector_bytes = sector,
		.sectors = (uint64_t)mib * TABLEDISK_MIB / sector,
		.grain_bytes = TABLEDISK_MIB,
		.read = tabledisk_read,
	};
}

static inline unsigned char *tabledisk_at(const struct ptable_disk *disk, uint64_t lba)
{
	return tabledisk + lba * disk->sector_bytes;
}

static inline void tabledisk_number(unsigned char *at, int bytes, uint64_t value)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static inline uint64_t tabledisk_get(const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	for (int i = bytes; i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

static inline void tabledisk_mbr(const struct ptable_disk *disk, uint64_t lba, int place, int type,
				 uint64_t start, uint64_t size)
{
	unsigned char *entry = tabledisk_at(disk, lba) + 446 + (ptrdiff_t)place * 16;

	entry[4] = (unsigned char)type;
	tabledisk_number(entry + 8, 4, start);
	tabledisk_number(entry + 12, 4, size);
	tabledisk_at(disk, lba)[510] = 0x55;
	tabledisk_at(disk, lba)[511] = 0xaa;
}

/** Seals a header that has everything but its CRCs. */
static inline void tabledisk_seal(const struct ptable_disk *disk, uint64_t lba)
{
	unsigned char *h = tabledisk_at(disk, lba);
	const unsigned char *entries = tabledisk_at(disk, tabledisk_get(h + 72, 8));

	tabledisk_number(
		h + 88, 4,
		digest_crc32(entries, tabledisk_get(h + 80, 4) * tabledisk_get(h + 84, 4)));
	tabledisk_number(h + 16, 4, 0);
	tabledisk_number(h + 16, 4, digest_crc32(h, tabledisk_get(h + 12, 4)));
}

static inline void tabledisk_header(const struct ptable_disk *disk, uint64_t lba, uint64_t other,
				    uint64_t entries, uint64_t last)
{
	unsigned char *h = tabledisk_at(disk, lba);
	uint64_t array = 128u * 128u / disk->sector_bytes;

	memcpy(h, "EFI PART\0\0\1\0", 12);
	tabledisk_number(h + 12, 4, 92);
	tabledisk_number(h + 24, 8, lba);
	tabledisk_number(h + 32, 8, other);
	tabledisk_number(h + 40, 8, 2 + array);
	tabledisk_number(h + 48, 8, last - array - 1);
	memcpy(h + 56, "0123456789abcdef", 16);
	tabledisk_number(h + 72, 8, entries);
	tabledisk_number(h + 80, 4, 128);
	tabledisk_number(h + 84, 4, 128);
}

/** The entry of a partition in the primary array. @param size 0: the entry is not used */
static inline void tabledisk_entry(const struct ptable_disk *disk, unsigned int number,
				   uint64_t start, uint64_t size, const char *name)
{
	unsigned char *e = tabledisk_at(disk, 2) + (size_t)(number - 1) * 128;

	memset(e, 0, 128);
	if (size == 0)
		return;
	memset(e, 'T', 16);
	memset(e + 16, (int)number, 16);
	tabledisk_number(e + 32, 8, start);
	tabledisk_number(e + 40, 8, start + size - 1);
	for (unsigned char *to = e + 56; *name && to < e + 128; to += 2)
		*to = (unsigned char)*name++;
}

/** Headers, the backup and the protective MBR for the entries that are there, as for a disk of `mib` MiB. */
static inline void tabledisk_gpt(const struct ptable_disk *disk, unsigned int mib)
{
	uint64_t last = (uint64_t)mib * TABLEDISK_MIB / disk->sector_bytes - 1;
	uint64_t array = 128u * 128u / disk->sector_bytes;

	tabledisk_mbr(disk, 0, 0, 0xee, 1, last);
	memcpy(tabledisk_at(disk, last - array), tabledisk_at(disk, 2), 128u * 128u);
	tabledisk_header(disk, 1, last, 2, last);
	tabledisk_header(disk, last, 1, last - array, last);
	tabledisk_seal(disk, 1);
	tabledisk_seal(disk, last);
}

/** @return whether a GPT's header at a sector and its entries are whole, as the kernel's is_gpt_valid() has it. */
static inline bool tabledisk_whole(const struct ptable_disk *disk, uint64_t lba)
{
	unsigned char h[4096];
	uint32_t crc;

	memcpy(h, tabledisk_at(disk, lba), disk->sector_bytes);
	if (memcmp(h, "EFI PART", 8) != 0 || tabledisk_get(h + 24, 8) != lba)
		return false;
	crc = (uint32_t)tabledisk_get(h + 16, 4);
	memset(h + 16, 0, 4);
	return digest_crc32(h, tabledisk_get(h + 12, 4)) == crc &&
	       tabledisk_get(h + 40, 8) < disk->sectors &&
	       tabledisk_get(h + 48, 8) < disk->sectors &&
	       digest_crc32(tabledisk_at(disk, tabledisk_get(h + 72, 8)), 128u * 128u) ==
		       tabledisk_get(h + 88, 4);
}

/** @return the size of a partition by the primary array, in sectors. */
static inline uint64_t tabledisk_size(const struct ptable_disk *disk, unsigned int number)
{
	const unsigned char *e = tabledisk_at(disk, 2) + (size_t)(number - 1) * 128;

	return tabledisk_get(e + 40, 8) + 1 - tabledisk_get(e + 32, 8);
}

/** Does a write, up to a number of its sectors. */
static inline void tabledisk_write(const struct ptable_disk *disk, const struct ptable_write *w,
				   size_t sectors)
{
	assert_true(w->lba < disk->sectors && w->sectors <= disk->sectors - w->lba);
	memcpy(tabledisk_at(disk, w->lba), w->data, sectors * disk->sector_bytes);
}

static inline void tabledisk_apply(const struct ptable_disk *disk, const struct ptable_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		tabledisk_write(disk, &plan->write[i], plan->write[i].sectors);
}
