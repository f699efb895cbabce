/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * Partition tables: what must be written so that the last partition of a disk reaches to its end. Pure but for the
 * reading of sectors, which the caller does. The writes are in an order in which the power may be cut behind
 * each sector: the kernel, which takes no GPT but the primary one, reads a whole table every time. docs/STORAGE.md
 * has the argument.
 *
 * GPT as in the UEFI specification 2.10, chapter 5; msdos as in Linux, block/partitions/msdos.c.
 */

/* Less than this is not worth a write to a partition table. */
#define PTABLE_GAIN_MIN	  (16u << 20)
#define PTABLE_SECTOR_MAX 4096u
#define PTABLE_WRITES_MAX 5

/** A disk, in sectors of its own (not of 512 bytes). */
struct ptable_disk {
	unsigned int sector_bytes; /* logical: 512 to PTABLE_SECTOR_MAX */
	uint64_t sectors;
	uint64_t grain_bytes;	 /* partitions end at multiples of it … */
	uint64_t grain_at_bytes; /* … counted from here */
	/* Reads `n` sectors from `lba`. 0 or a negative errno. */
	int (*read)(const struct ptable_disk *disk, uint64_t lba, size_t n, void *ret);
	int fd; /* for read() */
};

/** A partition as the kernel has it, in sectors of the disk. */
struct ptable_part {
	const char *name; /* for messages: "vda5" */
	unsigned int number;
	uint64_t start, sectors;
};

struct ptable_write {
	uint64_t lba;
	size_t sectors;
	unsigned char *data;
};

/** What is to be written, in order, each made durable before the next. */
struct ptable_plan {
	struct ptable_write write[PTABLE_WRITES_MAX];
	size_t n;		 /* 0: nothing is to be gained */
	struct ptable_part part; /* as it is then */
	uint64_t gain_sectors;
	unsigned int sector_bytes;
};

/**
 * What partitions should end at: a power of two that the physical sector and, where they make sense, the minimum and
 * optimal sizes of a request go into; 1 MiB at least, as all tools have it.
 *
 * @param physical, minimum, optimal of /sys/block/DISK/queue, bytes; 0: unknown. What is no power of two, or more
 *        than 16 MiB, is some adapter's fancy and left out.
 * @return bytes
 */
uint64_t ptable_grain(uint64_t physical, uint64_t minimum, uint64_t optimal);

/**
 * Plans the growth of a partition that nothing lies behind.
 *
 * @param table "gpt" or "dos"
 * @param part as the kernel has it now
 * @param ret the plan. n is 0 when less than PTABLE_GAIN_MIN is free behind it or another partition lies there.
 * @return 0; -ENOMEM; a negative errno with the reason in words: the kernel's table is another one, it is damaged,
 *         hybrid, of a form that no common tool writes, or the disk is smaller than it says
 */
int ptable_grow(struct arena *a, const struct ptable_disk *disk, const char *table,
		const struct ptable_part *part, struct ptable_plan *ret, struct reason *r)
	_nonnull_(1, 2, 3, 4, 5) _must_check_;

/** What the backup of a GPT says while the primary one is damaged. */
struct ptable_backup {
	struct ptable_part *part; /* names are NULL */
	size_t n;		  /* 0: the primary one is whole, or the backup is not */
	struct ptable_plan
		restore; /* writes the primary one anew; n == 0: its place is not certain */
};

/**
 * Looks at the primary GPT, and at the backup in the last sector when that is damaged. The kernel looks at the backup
 * only with `gpt` on its command line, so that a disk whose header or entries were torn has no partitions.
 *
 * @return 0 or a negative errno: -ENOMEM, or the disk's
 */
int gpt_backup(struct arena *a, const struct ptable_disk *disk,
	       struct ptable_backup *ret) _nonnull_all_ _must_check_;

/* The two kinds of tables, for ptable_grow(). */
int gpt_grow(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
	     struct ptable_plan *ret, struct reason *r) _nonnull_(1, 2, 3, 4) _must_check_;
int mbr_grow(struct arena *a, const struct ptable_disk *disk, const struct ptable_part *part,
	     struct ptable_plan *ret, struct reason *r) _nonnull_(1, 2, 3, 4) _must_check_;

/**
 * Where a partition may end, for gpt_grow() and mbr_grow().
 *
 * @param limit first sector that it must not have
 * @param end where it ends now
 * @return its new end; 0 when that is not worth it
 */
uint64_t ptable_end(const struct ptable_disk *disk, uint64_t limit, uint64_t end) _nonnull_all_;

/** Adds a write. @return false when memory is out. @param data is copied */
bool ptable_add(struct arena *a, struct ptable_plan *plan, uint64_t lba, size_t sectors,
		const void *data) _nonnull_all_;

/** Reads into memory of the arena. @return 0 or a negative errno, with the reason */
int ptable_load(struct arena *a, const struct ptable_disk *disk, uint64_t lba, size_t sectors,
		unsigned char **ret, struct reason *r) _nonnull_(1, 2, 5) _must_check_;
