/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Partition tables (lib/gpt.c, lib/mbr.c), whatever is on the disk: what is planned stays on the disk, changes no start of
 * a partition and makes none smaller, and after each write the partition has its old size or its new one. Of a GPT
 * the primary one stays whole.
 *
 * The input: flags, the partition's number, size and start, then the sectors of a small disk: each begins with how many
 * pairs of bytes of it are given, the rest are zero; 0xfe: all; 0xff: no more, the others are zero.
 */

#include <errno.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/bytes.h"
#include "lib/ptable.h"
#include "tests/fuzz/fuzz.h"

#define SECTOR	512u
#define GIVEN	80u /* sectors that can hold something: at the start, and as many at the end */
#define SECTORS ((uint64_t)1 << 17)

static unsigned char head[GIVEN * SECTOR], tail[GIVEN * SECTOR];

static unsigned char *sector_at(uint64_t lba)
{
	static unsigned char zero[SECTOR];

	if (lba < GIVEN)
		return head + lba * SECTOR;
	if (lba >= SECTORS - GIVEN)
		return tail + (lba - (SECTORS - GIVEN)) * SECTOR;
	memset(zero, 0, sizeof(zero));
	return zero;
}

static int read_sectors(const struct ptable_disk *disk, uint64_t lba, size_t n, void *ret)
{
	MUST(lba < disk->sectors && n <= disk->sectors - lba);
	for (size_t i = 0; i < n; i++)
		memcpy((unsigned char *)ret + i * SECTOR, sector_at(lba + i), SECTOR);
	return 0;
}

static void take_sectors(struct input *in, unsigned char *to)
{
	for (size_t i = 0; i < GIVEN && in->len > 0; i++) {
		size_t pairs = input_byte(in), len = pairs == 0xfe ? SECTOR : pairs * 2;

		if (pairs == 0xff)
			return;
		if (len > in->len)
			len = in->len;
		memcpy(to + i * SECTOR, in->p, len);
		in->p += len;
		in->len -= len;
	}
}

/* CRCs that fit, or no input at random would ever get behind them. */
static void seal(uint64_t lba)
{
	unsigned char *header = sector_at(lba), entries[64 * 1024];
	uint64_t at = le64(header + 72);
	uint32_t count = le32(header + 80), size = le32(header + 12);

	if (count <= 512 && at < SECTORS - 128) {
		for (size_t i = 0; i < 128; i++)
			memcpy(entries + i * SECTOR, sector_at(at + i), SECTOR);
		put_le32(header + 88, digest_crc32(entries, (size_t)count * 128));
	}
	put_le32(header + 16, 0);
	if (size <= SECTOR)
		put_le32(header + 16, digest_crc32(header, size));
}

/* Writes what can be written here; false when it lies in the part that is always zero. */
static bool write_sectors(const struct ptable_write *w)
{
	bool all = true;

	for (size_t i = 0; i < w->sectors; i++) {
		uint64_t lba = w->lba + i;

		if (lba < GIVEN || lba >= SECTORS - GIVEN)
			memcpy(sector_at(lba), w->data + i * SECTOR, SECTOR);
		else
			all = false;
	}
	return all;
}

static void check_plan(struct arena *a, const struct ptable_disk *disk, const char *table,
		       const struct ptable_part *part, const struct ptable_plan *plan)
{
	struct ptable_backup backup;
	struct ptable_plan next;
	bool all = true;

	MUST(plan->part.start == part->start && plan->part.number == part->number);
	MUST(plan->part.sectors == part->sectors + plan->gain_sectors);
	MUST(plan->gain_sectors * SECTOR >= PTABLE_GAIN_MIN);
	MUST(plan->part.start + plan->part.sectors <= disk->sectors);
	MUST((plan->part.start + plan->part.sectors) * SECTOR % disk->grain_bytes == 0);
	for (size_t i = 0; i < plan->n; i++) {
		const struct ptable_write *w = &plan->write[i];

		MUST(w->sectors > 0 && w->lba < disk->sectors &&
		     w->sectors <= disk->sectors - w->lba);
		/* Nothing is written into the partition as it will be. */
		MUST(w->lba + w->sectors <= plan->part.start ||
		     w->lba >= plan->part.start + plan->part.sectors);
		all = write_sectors(w) && all;
		if (!all)
			return;
		/* The primary one is whole: nobody asks the backup. */
		if (strcmp(table, "gpt") == 0) {
			MUST(gpt_backup(a, disk, &backup) == 0);
			MUST(backup.n == 0);
		}
	}
	MUST(ptable_grow(a, disk, table, &plan->part, &next, NULL) == 0);
	MUST(next.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct input in = { (const char *)data, size };
	unsigned int flags = input_byte(&in);
	struct ptable_disk disk = {
		.sector_bytes = SECTOR,
		.sectors = SECTORS,
		.grain_bytes = (uint64_t)1 << 20,
		.read = read_sectors,
	};
	struct ptable_part part = { .name = "x", .number = input_byte(&in) };
	const char *table = flags & 1 ? "gpt" : "dos";
	struct ptable_backup backup;
	struct ptable_plan plan;
	struct reason why = REASON_INIT;
	int err;

	part.sectors = (input_byte(&in) | input_byte(&in) << 8) + 1;
	part.start = input_byte(&in) | input_byte(&in) << 8;
	memset(head, 0, sizeof(head));
	memset(tail, 0, sizeof(tail));
	take_sectors(&in, head);
	take_sectors(&in, tail);
	if (flags & 2)
		seal(1);
	if (flags & 4)
		seal(SECTORS - 1);
	err = ptable_grow(&a, &disk, table, &part, &plan, &why);
	MUST(err == 0 || why.verb);
	MUST(err == 0 || plan.n == 0);
	if (plan.n > 0)
		check_plan(&a, &disk, table, &part, &plan);
	MUST(gpt_backup(&a, &disk, &backup) == 0);
	MUST(backup.n <= 512);
	for (size_t i = 0; i < backup.n; i++)
		MUST(backup.part[i].start + backup.part[i].sectors <= disk.sectors);
	arena_free(&a);
	return 0;
}
