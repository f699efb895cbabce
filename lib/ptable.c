/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/ptable.h"

#include <errno.h>
#include <string.h>

#define GRAIN_MIN ((uint64_t)1 << 20)
#define GRAIN_MAX ((uint64_t)16 << 20)

uint64_t ptable_grain(uint64_t physical, uint64_t minimum, uint64_t optimal)
{
	const uint64_t wanted[] = { physical, minimum, optimal };
	uint64_t grain = GRAIN_MIN;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (wanted[i] > grain && wanted[i] <= GRAIN_MAX &&
		    (wanted[i] & (wanted[i] - 1)) == 0)
			grain = wanted[i];
	return grain;
}

uint64_t ptable_end(const struct ptable_disk *disk, uint64_t limit, uint64_t end)
{
	uint64_t bytes = limit * disk->sector_bytes, to;

	if (bytes < disk->grain_at_bytes)
		return 0;
	bytes -= (bytes - disk->grain_at_bytes) % disk->grain_bytes;
	to = bytes / disk->sector_bytes;
	return to > end && (to - end) * disk->sector_bytes >= PTABLE_GAIN_MIN ? to : 0;
}

bool ptable_add(struct arena *a, struct ptable_plan *plan, uint64_t lba, size_t sectors,
		const void *data)
{
	unsigned char *copy = (unsigned char *)arena_memdup(a, data, sectors * plan->sector_bytes);

	if (copy)
		plan->write[plan->n++] = (struct ptable_write){ lba, sectors, copy };
	return copy != NULL;
}

int ptable_load(struct arena *a, const struct ptable_disk *disk, uint64_t lba, size_t sectors,
		unsigned char **ret, struct reason *r)
{
	int err = -ENOMEM;

	*ret = arena_alloc(a, sectors * disk->sector_bytes);
	if (*ret)
		err = disk->read(disk, lba, sectors, *ret);
	return err < 0 ? reason_set(r, err, "read", "the partition table") : 0;
}

int ptable_grow(struct arena *a, const struct ptable_disk *disk, const char *table,
		const struct ptable_part *part, struct ptable_plan *ret, struct reason *r)
{
	*ret = (struct ptable_plan){ .part = *part, .sector_bytes = disk->sector_bytes };
	/* As large as the kernel takes a disk (loff_t), so that nothing below overflows. */
	if (disk->sector_bytes < 512 || disk->sector_bytes > PTABLE_SECTOR_MAX ||
	    disk->sectors > (uint64_t)INT64_MAX / disk->sector_bytes || part->number == 0 ||
	    part->sectors == 0 || part->start >= disk->sectors ||
	    part->sectors > disk->sectors - part->start)
		return reason_setf(r, EINVAL, "grow", part->name,
				   "a partition of this disk was expected");
	if (strcmp(table, "gpt") == 0)
		return gpt_grow(a, disk, part, ret, r);
	if (strcmp(table, "dos") == 0)
		return mbr_grow(a, disk, part, ret, r);
	return reason_setf(r, EOPNOTSUPP, "grow", part->name, "its table is %s", table);
}
