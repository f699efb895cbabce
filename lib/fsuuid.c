/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/fsuuid.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/bootid.h"
#include "lib/bytes.h"
#include "lib/inplace.h"

#define UUID_LEN 16u
#define VERB	 "give a new UUID to"

/* What the new one is to be. */
struct wish {
	const unsigned char *random;
	const char *avoid;
};

/* ext4's superblock: bytes from its start. */
#define EXT_AT		   1024u
#define EXT_END		   2048u
#define EXT_MAGIC_AT	   56u
#define EXT_COMPAT_AT	   92u
#define EXT_INCOMPAT_AT	   96u
#define EXT_RO_COMPAT_AT   100u
#define EXT_UUID_AT	   104u
#define EXT_JOURNAL_DEV_AT 228u
#define EXT_CHECKSUM_AT	   1020u
#define EXT_HAS_JOURNAL	   0x0004u /* compat */
#define EXT_STABLE_INODES  0x0800u
#define EXT_IS_JOURNAL	   0x0008u /* incompat */
#define EXT_GDT_CSUM	   0x0010u /* ro_compat: uninit_bg */
#define EXT_METADATA_CSUM  0x0400u
#define EXT_READ_ONLY	   0x5000u /* an image, or blocks that files share */

/* FAT's boot sector. */
#define FAT_BYTES	 512u
#define FAT_SECTOR_AT	 11u
#define FAT_PER_FAT_AT	 22u
#define FAT16_BOOT_SIG	 38u
#define FAT32_BACKUP_AT	 50u
#define FAT32_BOOT_SIG	 66u
#define FAT_HAS_ID	 0x28u /* 0x29 with a label */
#define FAT_SIGNATURE_AT 510u

/* A CRC whose bits come lowest first, without a last inversion. */
static uint32_t crc(uint32_t start, uint32_t poly, const unsigned char *p, size_t len)
{
	while (len-- > 0) {
		start ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			start = start >> 1 ^ (start & 1 ? poly : 0);
	}
	return start;
}

#define CRC32C_POLY 0x82f63b78u
#define CRC16_POLY  0xa001u

static uint32_t crc32c(const unsigned char *p, size_t len)
{
	return crc(~0u, CRC32C_POLY, p, len);
}

static uint32_t crc16(const unsigned char *p, size_t len)
{
	return crc(0xffff, CRC16_POLY, p, len);
}

/* Chooses the last four bytes such that the CRC-32C of all is `wanted`: 32 steps back from there. */
static void end_with(unsigned char uuid[static UUID_LEN], uint32_t wanted)
{
	for (int bit = 0; bit < 32; bit++)
		wanted = wanted & 0x80000000u ? (wanted ^ CRC32C_POLY) << 1 | 1 : wanted << 1;
	put_le32(&uuid[UUID_LEN - 4], wanted ^ crc32c(uuid, UUID_LEN - 4));
}

static void print(const unsigned char *uuid, char ret[static FSUUID_MAX])
{
	for (size_t i = 0; i < UUID_LEN; i++)
		ret += sprintf(ret, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       uuid[i]);
}

/* A random UUID (RFC 9562, 4) with the CRCs of the old one. */
static bool choose(const unsigned char *old, bool with_crc16, const struct wish *w,
		   unsigned char ret[static UUID_LEN])
{
	char text[FSUUID_MAX];

	const uint32_t c32 = crc32c(old, UUID_LEN), c16 = crc16(old, UUID_LEN);

	memcpy(ret, w->random, UUID_LEN);
	ret[6] = (unsigned char)((ret[6] & 0x0f) | 0x40);
	ret[8] = (unsigned char)((ret[8] & 0x3f) | 0x80);
	print(ret, text);
	if (fsuuid_has_prefix(text, w->avoid))
		ret[0] ^= 0x80;
	/* 20 bits of them are tried: none of a million values would do once in 9 million. */
	for (uint32_t i = 0; i < 1u << 20; i++) {
		end_with(ret, c32);
		if ((!with_crc16 || crc16(ret, UUID_LEN) == c16) && memcmp(ret, old, UUID_LEN) != 0)
			return true;
		put_le32(ret + 9, le32(ret + 9) + 1);
	}
	return false;
}

static int unsupported(struct reason *r, const char *device, const char *why)
{
	return reason_setf(r, EOPNOTSUPP, VERB, device, "%s", why);
}

static int damaged(struct reason *r, const char *device)
{
	return reason_setf(r, EBADMSG, VERB, device, "its superblock is damaged");
}

static int change_ext(const struct sys *sys, const char *device, const struct wish *w,
		      char *ret_uuid, struct reason *r)
{
	unsigned char data[EXT_END] = { 0 }, uuid[UUID_LEN], *sb = data + EXT_AT;
	struct inplace place;
	uint32_t compat, ro_compat, checksums;
	int err = inplace_open_raw(device, 0, sizeof(data), &place, r);

	if (err == 0)
		err = inplace_read(&place, data, r);
	if (err < 0)
		return err;
	compat = le32(sb + EXT_COMPAT_AT);
	ro_compat = le32(sb + EXT_RO_COMPAT_AT);
	checksums = ro_compat & (EXT_GDT_CSUM | EXT_METADATA_CSUM);
	if (le16(sb + EXT_MAGIC_AT) != 0xef53 ||
	    ((checksums & EXT_METADATA_CSUM) &&
	     crc32c(sb, EXT_CHECKSUM_AT) != le32(sb + EXT_CHECKSUM_AT)))
		return damaged(r, device);
	if (compat & EXT_STABLE_INODES)
		return unsupported(r, device, "its inodes depend on it (stable_inodes)");
	if (ro_compat & EXT_READ_ONLY)
		return unsupported(r, device, "it is made not to be written to (read-only)");
	if ((le32(sb + EXT_INCOMPAT_AT) & EXT_IS_JOURNAL) ||
	    ((compat & EXT_HAS_JOURNAL) && le32(sb + EXT_JOURNAL_DEV_AT) != 0))
		return unsupported(r, device, "its journal is on another device");
	if (!choose(sb + EXT_UUID_AT, checksums == EXT_GDT_CSUM, w, uuid))
		return unsupported(r, device, "none was found that keeps its checksums");
	memcpy(sb + EXT_UUID_AT, uuid, UUID_LEN);
	print(uuid, ret_uuid);
	return inplace_write(sys, &place, data, r);
}

/* Where a boot sector has its id; 0: it has none, or it is no boot sector. */
static size_t fat_id_at(const unsigned char *sector)
{
	const bool fat32 = le16(sector + FAT_PER_FAT_AT) == 0;
	const unsigned char *sig = sector + (fat32 ? FAT32_BOOT_SIG : FAT16_BOOT_SIG);

	if (sector[FAT_SIGNATURE_AT] != 0x55 || sector[FAT_SIGNATURE_AT + 1] != 0xaa ||
	    (*sig & 0xfe) != FAT_HAS_ID)
		return 0;
	return (size_t)(sig - sector) + 1;
}

/* @return the position of the id, 0 when it is no boot sector of this size, or a negative errno */
static int read_boot_sector(const char *device, uint64_t offset, struct inplace *place,
			    unsigned char *ret, struct reason *r)
{
	int err = inplace_open_raw(device, offset, FAT_BYTES, place, r);

	if (err == 0)
		err = inplace_read(place, ret, r);
	return err < 0 ? err : (int)fat_id_at(ret);
}

static void print_id(uint32_t id, char *ret)
{
	(void)sprintf(ret, "%04X-%04X", (unsigned int)(id >> 16), (unsigned int)(id & 0xffff));
}

static int change_fat(const struct sys *sys, const char *device, const struct wish *w,
		      char *ret_uuid, struct reason *r)
{
	unsigned char first[FAT_BYTES] = { 0 }, second[FAT_BYTES] = { 0 };
	struct inplace place, backup;
	uint32_t id = le32(w->random), where;
	int at = read_boot_sector(device, 0, &place, first, r), err;

	if (at <= 0)
		return at < 0 ? at : damaged(r, device);
	if (id == 0 || id == le32(first + at))
		id ^= 1;
	print_id(id, ret_uuid);
	if (fsuuid_has_prefix(ret_uuid, w->avoid))
		print_id(id ^= 1u << 31, ret_uuid);
	where = le16(first + FAT32_BACKUP_AT);
	if (at == FAT32_BOOT_SIG + 1 && where != 0 && where != 0xffff) {
		err = read_boot_sector(device, (uint64_t)where * le16(first + FAT_SECTOR_AT),
				       &backup, second, r);
		put_le32(second + at, id);
		if (err == at)
			err = inplace_write(sys, &backup, second, r);
		if (err < 0)
			return err;
	}
	put_le32(first + at, id);
	return inplace_write(sys, &place, first, r);
}

int fsuuid_change(const struct sys *sys, const char *device, const char *type,
		  const unsigned char random[static 16], const char *avoid,
		  char ret_uuid[static FSUUID_MAX], struct reason *r)
{
	const struct wish w = { random, avoid };

	if (strncmp(type, "ext", 3) == 0)
		return change_ext(sys, device, &w, ret_uuid, r);
	if (strcmp(type, "vfat") == 0)
		return change_fat(sys, device, &w, ret_uuid, r);
	return unsupported(r, device, "its file system is neither FAT nor ext4");
}

bool fsuuid_replaces(const char *now, const char *before)
{
	unsigned char a[UUID_LEN], b[UUID_LEN];

	return now && before && bootid_parse(now, a) && bootid_parse(before, b) &&
	       crc32c(a, UUID_LEN) == crc32c(b, UUID_LEN);
}

bool fsuuid_has_prefix(const char *uuid, const char *prefix)
{
	if (!uuid || !prefix || !*prefix)
		return false;
	for (; *prefix; prefix++, uuid++) {
		while (*uuid == '-')
			uuid++;
		while (*prefix == '-')
			prefix++;
		if (!*prefix)
			break;
		if (!*uuid || strncasecmp(uuid, prefix, 1) != 0)
			return false;
	}
	return true;
}
