/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/facts.h"

#include <string.h>

const char *stage_name(enum stage stage)
{
	static const char *const names[STAGE_COUNT] = {
		[STAGE_EARLY] = "early",
		[STAGE_BOOT] = "boot",
		[STAGE_ROOT] = "root",
		[STAGE_TARGET] = "target",
	};

	return names[stage];
}

const struct facts_place *facts_place(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->n_places; i++)
		if (strcmp(f->place[i].path, path) == 0)
			return &f->place[i];
	return NULL;
}

bool facts_found(const struct facts *f, const char *path)
{
	size_t low = 0, high = f->n_found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(path, f->found[middle]);

		if (r == 0)
			return true;
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool has_role(const struct layout *layout, const struct blockdev *dev, enum part_role role)
{
	const char *const *label = layout->part[role].label;

	for (size_t i = 0; i < LAYOUT_LABELS_MAX && label[i]; i++)
		if (blockdev_has_label(dev, label[i]))
			return true;
	return false;
}

const struct blockdev *facts_part_on(const struct facts *f, const char *disk, enum part_role role,
				     size_t *ret_count)
{
	const struct blockdev *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *dev = &f->devs.dev[i];

		if (strcmp(dev->disk, disk) != 0 || !has_role(&f->layout, dev, role))
			continue;
		found = dev;
		count++;
	}
	if (ret_count)
		*ret_count = count;
	return count == 1 ? found : NULL;
}

const struct blockdev *facts_part(const struct facts *f, enum part_role role, size_t *ret_count)
{
	if (f->boot_disk)
		return facts_part_on(f, f->boot_disk, role, ret_count);
	if (ret_count)
		*ret_count = 0;
	return NULL;
}

enum ab_slot_id facts_slot_id(const struct facts *f, const struct blockdev *dev)
{
	if (facts_part(f, PART_ROOT_A, NULL) == dev)
		return AB_A;
	if (facts_part(f, PART_ROOT_B, NULL) == dev)
		return AB_B;
	return facts_part(f, PART_RECOVERY, NULL) == dev ? AB_RECOVERY : AB_NONE;
}

const char *facts_slot_of(const struct facts *f, const struct blockdev *dev)
{
	enum ab_slot_id slot = facts_slot_id(f, dev);

	return slot == AB_NONE ? NULL : ab_slot_name(slot);
}

bool facts_has_failed(const struct facts *f, const struct blockdev *dev)
{
	for (size_t i = 0; i < f->n_failed; i++)
		if (strcmp(f->failed[i].device, dev->name) == 0)
			return true;
	return false;
}

bool facts_has_layout(const struct facts *f, const struct blockdev *disk)
{
	static const enum part_role roles[] = { PART_BOOT, PART_ROOT_A, PART_ROOT_B };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roles) && count == 0; i++)
		(void)facts_part_on(f, disk->name, roles[i], &count);
	return count > 0;
}

bool facts_is_clone(const struct facts *f, const struct blockdev *disk)
{
	return f->boot_disk && strcmp(f->boot_disk, disk->name) != 0 && facts_has_layout(f, disk);
}

bool facts_disk_complete(const struct facts *f, const struct blockdev *disk)
{
	size_t n = 0;

	for (size_t i = 0; i < f->devs.n; i++)
		if (f->devs.dev[i].partno && strcmp(f->devs.dev[i].disk, disk->name) == 0 &&
		    (f->devs.dev[i].probed || f->devs.dev[i].probe_err < 0))
			n++;
	return disk->probed && n >= disk->table_partitions;
}
