/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "lib/fsuuid.h"
#include "lib/stack.h"

/* Which device a label, a UUID or a tag means. */

bool blockdev_has_label(const struct blockdev *dev, const char *label)
{
	if (!dev->label || !*label)
		return false;
	if (dev->type && strcmp(dev->type, "vfat") == 0)
		return strcasecmp(dev->label, label) == 0;
	return strcmp(dev->label, label) == 0;
}

bool blockdev_uuid_equal(const char *a, const char *b)
{
	return a && *a && b && strcasecmp(a, b) == 0;
}

/* The kernel writes the slashes of a device's name ("cciss/c0d0") as `!` in sysfs. */
static bool name_equal(const char *kernel_name, const char *node)
{
	for (; *kernel_name && *node; kernel_name++, node++)
		if (*kernel_name != *node && !(*kernel_name == '!' && *node == '/'))
			return false;
	return *kernel_name == *node;
}

static bool is_mapper(const struct blockdev *dev, const char *node)
{
	return dev->mapper && strncmp(node, "mapper/", 7) == 0 &&
	       strcmp(dev->mapper, node + 7) == 0;
}

bool blockdev_matches(const struct blockdev *dev, const struct tag *tag)
{
	const char *value = tag->value ? tag->value : "";

	switch (tag->kind) {
	case TAG_NONE:
		return false;
	case TAG_DEVICE:
		return name_equal(dev->name, value) || is_mapper(dev, value);
	case TAG_DEVNO:
		return dev->major == tag->major && dev->minor == tag->minor;
	case TAG_LABEL:
		return blockdev_has_label(dev, value);
	case TAG_UUID:
		return blockdev_uuid_equal(dev->uuid, value);
	case TAG_FIRST_UUID:
		return fsuuid_replaces(dev->uuid, value);
	case TAG_PARTLABEL:
		return *value && dev->partlabel && strcmp(dev->partlabel, value) == 0;
	case TAG_PARTUUID:
		return blockdev_uuid_equal(dev->partuuid, value);
	}
	return false;
}

bool blockdev_is_below(const struct blockdevs *devs, const struct blockdev *dev,
		       const struct blockdev *upper)
{
	const struct blockdev *at = upper;

	for (int depth = 0; at && at->n_below == 1 && depth < BLOCKDEV_DEPTH_MAX; depth++) {
		if (strcmp(at->below[0], dev->name) == 0)
			return true;
		at = blockdev_by_name(devs, at->below[0]);
	}
	return false;
}

typedef bool match(const struct blockdevs *devs, const struct blockdev *dev, const void *data);

static bool is_hit(const struct blockdevs *devs, const struct blockdev *dev, const char *disk,
		   match *matches, const void *data)
{
	return (!disk || strcmp(dev->disk, disk) == 0) && matches(devs, dev, data);
}

const struct blockdev *blockdev_pick(const struct blockdevs *devs, const char *disk, match *matches,
				     const void *data, size_t *ret_count)
{
	const struct blockdev *found[2] = { NULL, NULL }; /* on the disk itself, in a file of it */
	size_t n[2] = { 0, 0 }, kind;

	for (size_t i = 0; i < devs->n; i++) {
		const struct blockdev *dev = &devs->dev[i];
		bool covered = false;

		if (!is_hit(devs, dev, disk, matches, data))
			continue;
		for (size_t k = 0; k < devs->n && !covered; k++)
			covered = devs->dev[k].n_below > 0 &&
				  devs->dev[k].in_file == dev->in_file &&
				  is_hit(devs, &devs->dev[k], disk, matches, data) &&
				  blockdev_is_below(devs, dev, &devs->dev[k]);
		if (!covered) {
			found[dev->in_file] = dev;
			n[dev->in_file]++;
		}
	}
	kind = n[0] == 0;
	if (ret_count)
		*ret_count = n[kind];
	return n[kind] == 1 ? found[kind] : NULL;
}

static bool has_tag(const struct blockdevs *devs, const struct blockdev *dev, const void *data)
{
	(void)devs;
	return blockdev_matches(dev, data);
}

const struct blockdev *blockdev_find(const struct blockdevs *devs, const struct tag *tag,
				     const char *disk, size_t *ret_count)
{
	return blockdev_pick(devs, disk, has_tag, tag, ret_count);
}
