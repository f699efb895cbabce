/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/ptable.h"
#include "lib/bytes.h"

#include <errno.h>

/*
 * Each table is one sector, and a disk writes a sector as a whole: what contains grows before what it contains,
 * the extended partition, then the link to the last logical one, then that one. A sector that is torn all the
 * same has the old size or one between the two (the number's low bytes come first), and is grown again.
 */

#define PARTS_AT      446
#define PART_BYTES    16
#define LOGICAL_MAX   100 /* as the kernel follows them */
#define FIRST_LOGICAL 5u

/* Offsets in an entry. */
enum { P_TYPE = 4, P_CHS_END = 5, P_START = 8, P_SIZE = 12 };

/* A sector with a table, and where it lies. */
struct table {
	uint64_t lba;
	unsigned char *sector;
};

/* Where the partition was found: the tables from outside to inside, and what of them says its end. */
struct chain {
	struct table main; /* the MBR */
	struct table
		link; /* what points to `own`; sector NULL: the extended partition itself does */
	struct table own; /* the table with the partition */
	unsigned char *extended, *linking, *entry;
	uint64_t extended_start;
};

static unsigned char *part_of(unsigned char *sector, unsigned int i)
{
	return sector + PARTS_AT + (ptrdiff_t)i * PART_BYTES;
}

static bool is_extended(const unsigned char *part)
{
	return part[P_TYPE] == 0x05 || part[P_TYPE] == 0x0f || part[P_TYPE] == 0x85;
}

static bool is_there(const unsigned char *part)
{
	return le32(part + P_SIZE) != 0;
}

static int refuse(const struct ptable_part *part, struct reason *r, const char *why)
{
	return reason_setf(r, EOPNOTSUPP, "grow", part->name, "%s", why);
}

static int load(struct arena *a, const struct ptable_disk *disk, uint64_t lba, struct table *ret,
		struct reason *r)
{
	int err;

	ret->lba = lba;
	if (lba >= disk->sectors)
		return -EBADMSG;
	err = ptable_load(a, disk, lba, 1, &ret->sector, r);
	if (err == 0 && (ret->sector[510] != 0x55 || ret->sector[511] != 0xaa))
		err = -EBADMSG;
	return err;
}

static bool is_same(const struct ptable_part *part, uint64_t start, const unsigned char *entry)
{
	return start == part->start && le32(entry + P_SIZE) == part->sectors;
}

/* The end of a partition as cylinder, head and sector, for who still reads that: 255 heads, 63 sectors. */
static void put_size(unsigned char *part, uint64_t start, uint64_t end)
{
	uint64_t last = end - 1, cylinder = last / (255u * 63u);
	unsigned int sector = (unsigned int)(last % 63 + 1);

	put_le32(part + P_SIZE, end - start);
	part[P_CHS_END] = (unsigned char)(last / 63 % 255);
	if (cylinder > 1023) {
		part[P_CHS_END] = 0xfe;
		cylinder = 1023;
		sector = 63;
	}
	part[P_CHS_END + 1] = (unsigned char)(sector | (cylinder >> 8) << 6);
	part[P_CHS_END + 2] = (unsigned char)cylinder;
}

/*
 * Follows the logical partitions. @return 0; 1: another one lies behind the partition; -EBADMSG: not as common tools
 * write them; -ENOENT: it is not among them
 */
static int follow(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
		  struct chain *c, struct reason *r)
{
	struct table before = { 0 }, now;
	unsigned char *link = NULL;
	unsigned int number = FIRST_LOGICAL;
	uint64_t next = c->extended_start;
	bool behind = false;

	for (int i = 0; i < LOGICAL_MAX; i++) {
		unsigned char *own, *onward;
		int err = load(a, disk, next, &now, r);

		if (err < 0)
			return err;
		own = part_of(now.sector, 0);
		onward = part_of(now.sector, 1);
		if (is_there(part_of(now.sector, 2)) || is_there(part_of(now.sector, 3)) ||
		    (is_there(own) && is_extended(own)) ||
		    (is_there(onward) && !is_extended(onward)))
			return -EBADMSG;
		behind = behind || now.lba >= part->start;
		if (is_there(own)) {
			uint64_t start = now.lba + le32(own + P_START);

			behind = behind || start > part->start;
			if (number++ == part->number && is_same(part, start, own)) {
				c->link = before;
				c->linking = link;
				c->own = now;
				c->entry = own;
			}
		}
		if (!is_there(onward))
			return !c->entry ? -ENOENT : behind;
		before = now;
		link = onward;
		next = c->extended_start + le32(onward + P_START);
	}
	return -EBADMSG;
}

/* The same values as follow(). */
static int find(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
		struct chain *c, struct reason *r)
{
	uint64_t outer = part->start; /* of the partition, or of the extended one that it lies in */
	unsigned char *entry;

	for (unsigned int i = 0; i < 4; i++) {
		entry = part_of(c->main.sector, i);
		if (!is_there(entry) || !is_extended(entry))
			continue;
		if (c->extended)
			return -EBADMSG;
		c->extended = entry;
		c->extended_start = le32(entry + P_START);
	}
	if (part->number < FIRST_LOGICAL) {
		entry = part_of(c->main.sector, part->number - 1);
		if (is_extended(entry) || !is_same(part, le32(entry + P_START), entry))
			return -ENOENT;
		c->own = c->main;
		c->entry = entry;
		c->extended = NULL;
	} else if (c->extended) {
		int result = follow(a, disk, part, c, r);

		if (result != 0)
			return result;
		outer = c->extended_start;
	} else {
		return -ENOENT;
	}
	for (unsigned int i = 0; i < 4; i++) {
		entry = part_of(c->main.sector, i);
		if (is_there(entry) && le32(entry + P_START) > outer)
			return 1;
	}
	return 0;
}

static int plan_writes(struct arena *a, struct chain *c, uint64_t end, struct ptable_plan *ret)
{
	bool good = true;

	if (c->extended) {
		uint64_t extended_end = c->extended_start + le32(c->extended + P_SIZE);

		if (extended_end < end) {
			put_size(c->extended, c->extended_start, end);
			good = ptable_add(a, ret, 0, 1, c->main.sector);
		}
	}
	if (c->link.sector) {
		put_size(c->linking, c->own.lba, end);
		good = good && ptable_add(a, ret, c->link.lba, 1, c->link.sector);
	}
	put_size(c->entry, ret->part.start, end);
	return good && ptable_add(a, ret, c->own.lba, 1, c->own.sector) ? 0 : -ENOMEM;
}

int mbr_grow(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
	     struct ptable_plan *ret, struct reason *r)
{
	uint64_t limit = disk->sectors < UINT32_MAX ? disk->sectors : UINT32_MAX, end;
	struct chain c = { 0 };
	int result = load(a, disk, 0, &c.main, r);

	if (result == 0)
		result = find(a, disk, part, &c, r);
	if (result == -EBADMSG)
		return refuse(part, r, "the table is of a form that no common tool writes");
	if (result == -ENOENT)
		return refuse(part, r, "the table has it in another place than the kernel");
	if (result != 0)
		return result < 0 ? result : 0;
	end = ptable_end(disk, limit, part->start + part->sectors);
	if (end == 0)
		return 0;
	ret->gain_sectors = end - part->start - part->sectors;
	ret->part.sectors = end - part->start;
	return plan_writes(a, &c, end, ret);
}
