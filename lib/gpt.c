/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/ptable.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/digest.h"

/*
 * The kernel takes the primary GPT, and no other unless it is told to (block/partitions/efi.c). Growing changes
 * two sectors of it, the header and one of the array of entries, and the header has the CRC of the array. So that
 * either may be written without the other, the array keeps its CRC: four bytes that nobody reads, in the same
 * sector as the entry, make up for the change.
 */

#define ENTRY_BYTES   128u
#define ENTRIES_MAX   512u /* 64 KiB of them; everybody writes 128 */
#define HEADER_BYTES  92u
#define CRC32_POLY    0xedb88320u
#define MBR_PARTS_AT  446
#define MBR_PART_SIZE 16
#define MBR_GPT	      0xee

/* Offsets in a header. */
enum {
	H_SIZE = 12,
	H_CRC = 16,
	H_MY_LBA = 24,
	H_ALTERNATE = 32,
	H_FIRST_USABLE = 40,
	H_LAST_USABLE = 48,
	H_ENTRIES_LBA = 72,
	H_COUNT = 80,
	H_ENTRY_BYTES = 84,
	H_ENTRIES_CRC = 88
};

/* Offsets in an entry. */
enum { E_TYPE = 0, E_GUID = 16, E_START = 32, E_END = 40, E_NAME = 56 };

struct gpt {
	unsigned char *header; /* a sector */
	unsigned char *entries;
	size_t entry_sectors;
	uint32_t count;
};

static bool is_used(const unsigned char *entry)
{
	static const unsigned char none[E_GUID];

	return memcmp(entry + E_TYPE, none, sizeof(none)) != 0;
}

static uint32_t header_crc(const unsigned char *header)
{
	unsigned char copy[PTABLE_SECTOR_MAX];
	uint32_t size = le32(header + H_SIZE);

	memcpy(copy, header, size);
	put_le32(copy + H_CRC, 0);
	return digest_crc32(copy, size);
}

static bool header_holds(const struct ptable_disk *disk, const unsigned char *header, uint64_t lba)
{
	uint32_t size = le32(header + H_SIZE);

	return memcmp(header, "EFI PART", 8) == 0 && size >= HEADER_BYTES &&
	       size <= disk->sector_bytes && header_crc(header) == le32(header + H_CRC) &&
	       le64(header + H_MY_LBA) == lba;
}

/* @return 0; -EBADMSG: there is none that is whole */
static int load(struct arena *a, const struct ptable_disk *disk, uint64_t lba, struct gpt *ret,
		struct reason *r)
{
	uint64_t at;
	int err = ptable_load(a, disk, lba, 1, &ret->header, r);

	if (err < 0)
		return err;
	if (!header_holds(disk, ret->header, lba))
		return -EBADMSG;
	ret->count = le32(ret->header + H_COUNT);
	at = le64(ret->header + H_ENTRIES_LBA);
	if (le32(ret->header + H_ENTRY_BYTES) != ENTRY_BYTES || ret->count == 0 ||
	    ret->count > ENTRIES_MAX)
		return -EBADMSG;
	ret->entry_sectors =
		(ret->count * ENTRY_BYTES + disk->sector_bytes - 1) / disk->sector_bytes;
	if (at < 2 || at >= disk->sectors || ret->entry_sectors > disk->sectors - at)
		return -EBADMSG;
	err = ptable_load(a, disk, at, ret->entry_sectors, &ret->entries, r);
	if (err < 0)
		return err;
	return digest_crc32(ret->entries, (size_t)ret->count * ENTRY_BYTES) ==
			       le32(ret->header + H_ENTRIES_CRC)
		       ? 0
		       : -EBADMSG;
}

/* @return the one partition of a protective MBR, NULL: it is none, or has others too (hybrid). */
static unsigned char *protective(unsigned char *mbr)
{
	unsigned char *found = NULL;

	if (mbr[510] != 0x55 || mbr[511] != 0xaa)
		return NULL;
	for (int i = 0; i < 4; i++) {
		unsigned char *part = mbr + MBR_PARTS_AT + (ptrdiff_t)i * MBR_PART_SIZE;

		if (part[4] == 0)
			continue;
		if (part[4] != MBR_GPT || found)
			return NULL;
		found = part;
	}
	return found;
}

/* The state of a CRC before the byte that led to this one. */
static uint32_t crc_back(uint32_t state, unsigned char byte)
{
	for (int i = 0; i < 8; i++)
		state = state >> 31 ? (state ^ CRC32_POLY) << 1 | 1 : state << 1;
	return state ^ byte;
}

/* Four bytes in the place of those at `at`, with which all of them have this CRC. */
static void force_crc(unsigned char *data, size_t len, size_t at, uint32_t crc)
{
	uint32_t state = ~crc;

	for (size_t i = len; i > at + 4; i--)
		state = crc_back(state, data[i - 1]);
	for (int i = 0; i < 4; i++)
		state = crc_back(state, 0);
	put_le32(data + at, state ^ ~digest_crc32(data, at));
}

/* Where four bytes are that nobody reads, in the entries from `first` to `end`: the GUID of one that is not used, which
 * whoever uses it sets; else what lies behind the end of a name. @return 0: nowhere */
static size_t spare_bytes(const struct gpt *gpt, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (!is_used(gpt->entries + i * ENTRY_BYTES))
			return i * ENTRY_BYTES + E_GUID;
	for (size_t i = first; i < end; i++) {
		const unsigned char *entry = gpt->entries + i * ENTRY_BYTES;

		for (size_t at = E_NAME; at + 6 <= ENTRY_BYTES; at += 2)
			if (entry[at] == 0 && entry[at + 1] == 0)
				return (i + 1) * ENTRY_BYTES - 4;
	}
	return 0;
}

static int refuse(const struct ptable_part *part, struct reason *r, const char *why)
{
	return reason_setf(r, EOPNOTSUPP, "grow", part->name, "%s", why);
}

/* The kernel goes by the same table, and nothing lies behind the partition. @param ret_last false when not */
static int check(const struct gpt *gpt, const struct ptable_part *part, bool *ret_last,
		 struct reason *r)
{
	const unsigned char *own = gpt->entries + (size_t)(part->number - 1) * ENTRY_BYTES;

	if (part->number > gpt->count || !is_used(own) || le64(own + E_START) != part->start ||
	    le64(own + E_END) != part->start + part->sectors - 1)
		return refuse(part, r, "the table has it in another place than the kernel");
	*ret_last = true;
	for (size_t i = 0; i < gpt->count; i++) {
		const unsigned char *entry = gpt->entries + i * ENTRY_BYTES;

		if (entry != own && is_used(entry) && le64(entry + E_END) >= part->start)
			*ret_last = false;
	}
	return 0;
}

/* The array with the partition's new end, and the CRC it had. @return false: there is no room for that */
static bool change_entry(struct gpt *gpt, const struct ptable_disk *disk, unsigned int number,
			 uint64_t end)
{
	size_t index = number - 1, per_sector = disk->sector_bytes / ENTRY_BYTES;
	size_t first = index - index % per_sector, behind = first + per_sector;
	size_t spare = spare_bytes(gpt, first, behind < gpt->count ? behind : gpt->count);

	if (spare == 0)
		return false;
	put_le64(gpt->entries + index * ENTRY_BYTES + E_END, end - 1);
	force_crc(gpt->entries, (size_t)gpt->count * ENTRY_BYTES, spare,
		  le32(gpt->header + H_ENTRIES_CRC));
	return true;
}

static void seal(unsigned char *header, uint64_t my_lba, uint64_t alternate, uint64_t entries)
{
	put_le64(header + H_MY_LBA, my_lba);
	put_le64(header + H_ALTERNATE, alternate);
	put_le64(header + H_ENTRIES_LBA, entries);
	put_le32(header + H_CRC, header_crc(header));
}

/* The backup at its new place, whole, before the primary points there; the entry last, for when that has its new
 * end, everything is done. */
static int plan_writes(struct arena *a, const struct ptable_disk *disk, struct gpt *gpt,
		       unsigned char *mbr, struct ptable_plan *ret)
{
	uint64_t last = disk->sectors - 1, backup = last - gpt->entry_sectors;
	uint64_t entries = le64(gpt->header + H_ENTRIES_LBA);
	size_t sector = (ret->part.number - 1) * ENTRY_BYTES / disk->sector_bytes;
	unsigned char *size = protective(mbr) + 12;
	bool good;

	put_le64(gpt->header + H_LAST_USABLE, backup - 1);
	seal(gpt->header, last, 1, backup);
	good = ptable_add(a, ret, backup, gpt->entry_sectors, gpt->entries) &&
	       ptable_add(a, ret, last, 1, gpt->header);
	seal(gpt->header, 1, last, entries);
	if (le32(size) != UINT32_MAX)
		put_le32(size, last < UINT32_MAX ? last : UINT32_MAX);
	good = good && ptable_add(a, ret, 0, 1, mbr) && ptable_add(a, ret, 1, 1, gpt->header) &&
	       ptable_add(a, ret, entries + sector, 1, gpt->entries + sector * disk->sector_bytes);
	return good ? 0 : -ENOMEM;
}

/* Where the entries of the primary GPT belong: as its header says, or where everybody has them when they are there.
 * @return 0: not certain */
static uint64_t primary_entries(struct arena *a, const struct ptable_disk *disk,
				const struct gpt *primary, const struct gpt *backup)
{
	uint64_t at = le64(primary->header + H_ENTRIES_LBA);
	unsigned char *entries;

	if (memcmp(primary->header, "EFI PART", 8) != 0) {
		at = 2;
		if (ptable_load(a, disk, at, backup->entry_sectors, &entries, NULL) < 0 ||
		    digest_crc32(entries, (size_t)backup->count * ENTRY_BYTES) !=
			    le32(backup->header + H_ENTRIES_CRC))
			return 0;
	}
	if (at < 2 || at > UINT32_MAX ||
	    at + backup->entry_sectors > le64(backup->header + H_FIRST_USABLE))
		return 0;
	return at;
}

static bool list_parts(struct arena *a, const struct ptable_disk *disk, const struct gpt *gpt,
		       struct ptable_backup *ret)
{
	ret->part = arena_alloc(a, gpt->count * sizeof(*ret->part));
	for (unsigned int i = 0; i < gpt->count && ret->part; i++) {
		const unsigned char *entry = gpt->entries + (size_t)i * ENTRY_BYTES;
		uint64_t start = le64(entry + E_START), end = le64(entry + E_END);

		/* As the kernel leaves them out. */
		if (is_used(entry) && start <= end && end < disk->sectors)
			ret->part[ret->n++] =
				(struct ptable_part){ NULL, i + 1, start, end + 1 - start };
	}
	return ret->part != NULL;
}

int gpt_backup(struct arena *a, const struct ptable_disk *disk, struct ptable_backup *ret)
{
	uint64_t last = disk->sectors - 1, at;
	struct gpt primary, backup;
	bool good;
	int err;

	*ret = (struct ptable_backup){ .restore.sector_bytes = disk->sector_bytes };
	err = load(a, disk, 1, &primary, NULL);
	if (err == 0)
		return 0;
	if (err == -EBADMSG)
		err = load(a, disk, last, &backup, NULL);
	if (err < 0)
		return err == -EBADMSG ? 0 : err;
	good = list_parts(a, disk, &backup, ret);
	at = primary_entries(a, disk, &primary, &backup);
	if (at == 0 || !good)
		return good ? 0 : -ENOMEM;
	seal(backup.header, 1, last, at);
	good = ptable_add(a, &ret->restore, at, backup.entry_sectors, backup.entries) &&
	       ptable_add(a, &ret->restore, 1, 1, backup.header);
	return good ? 0 : -ENOMEM;
}

int gpt_grow(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
	     struct ptable_plan *ret, struct reason *r)
{
	unsigned char *mbr;
	struct gpt gpt;
	uint64_t end;
	bool last = false;
	int err = ptable_load(a, disk, 0, 1, &mbr, r);

	if (err < 0)
		return err;
	if (!protective(mbr))
		return refuse(part, r, "its MBR is not the protective one of a GPT, or is hybrid");
	err = load(a, disk, 1, &gpt, r);
	if (err == -EBADMSG)
		return refuse(part, r, "the primary GPT is damaged, or of a form nobody writes");
	if (err == 0)
		err = check(&gpt, part, &last, r);
	if (err < 0 || !last)
		return err;
	if (le64(gpt.header + H_ENTRIES_LBA) + gpt.entry_sectors > part->start)
		return refuse(part, r, "its entries do not lie before it");
	if (le64(gpt.header + H_ALTERNATE) >= disk->sectors)
		return refuse(part, r, "the disk is smaller than its table says");
	if (disk->sectors < gpt.entry_sectors + 2)
		return 0;
	end = ptable_end(disk, disk->sectors - 1 - gpt.entry_sectors, part->start + part->sectors);
	if (end == 0)
		return 0;
	if (!change_entry(&gpt, disk, part->number, end))
		return refuse(part, r, "its names leave no room for a change that can be cut");
	ret->gain_sectors = end - part->start - part->sectors;
	ret->part.sectors = end - part->start;
	return plan_writes(a, disk, &gpt, mbr, ret);
}
