/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/role.h"

#include <string.h>

#include "lib/stack.h"

const struct blockdev *role_partition(const struct blockdevs *devs, const struct blockdev *dev)
{
	for (int depth = 0; dev && !dev->partno && depth < BLOCKDEV_DEPTH_MAX; depth++) {
		if (dev->n_below != 1 || dev->in_file)
			return NULL;
		dev = blockdev_by_name(devs, dev->below[0]);
	}
	return dev && dev->partno ? dev : NULL;
}

static bool has_name(const struct blockdev *dev, enum layout_by by, const char *name)
{
	if (by == LAYOUT_BY_PARTUUID)
		return blockdev_uuid_equal(dev->partuuid, name);
	return *name && dev->partlabel && strcmp(dev->partlabel, name) == 0;
}

bool role_matches(const struct layout *layout, const struct blockdevs *devs,
		  const struct blockdev *dev, enum part_role role)
{
	const struct layout_part *part = &layout->part[role];
	const struct blockdev *named = dev;

	if (dev->type && !dev->filesystem)
		return false;
	if (part->by != LAYOUT_BY_LABEL)
		named = role_partition(devs, dev);
	for (size_t i = 0; named && i < LAYOUT_LABELS_MAX && part->label[i]; i++)
		if (part->by == LAYOUT_BY_LABEL ? blockdev_has_label(dev, part->label[i])
						: has_name(named, part->by, part->label[i]))
			return true;
	return false;
}

struct wanted {
	const struct layout *layout;
	enum part_role role;
};

static bool is_wanted(const struct blockdevs *devs, const struct blockdev *dev, const void *data)
{
	const struct wanted *w = data;

	return role_matches(w->layout, devs, dev, w->role);
}

const struct blockdev *role_find(const struct layout *layout, const struct blockdevs *devs,
				 const char *disk, enum part_role role, size_t *ret_count)
{
	const struct wanted w = { layout, role };

	return blockdev_pick(devs, disk, is_wanted, &w, ret_count);
}

bool role_disk_has_layout(const struct layout *layout, const struct blockdevs *devs,
			  const char *disk)
{
	static const enum part_role roles[] = { PART_BOOT, PART_ROOT_A, PART_ROOT_B };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roles) && count == 0; i++)
		(void)role_find(layout, devs, disk, roles[i], &count);
	return count > 0;
}
