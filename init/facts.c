/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/facts.h"

#include <string.h>

#include "lib/fsuuid.h"
#include "lib/role.h"

#define UUID_OF_FAT 9 /* characters: there is no telling what a volume id has replaced */

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

const struct blockdev *facts_part_on(const struct facts *f, const char *disk, enum part_role role,
				     size_t *ret_count)
{
	return role_find(&f->layout, &f->devs, disk, role, ret_count);
}

const struct blockdev *facts_part(const struct facts *f, enum part_role role, size_t *ret_count)
{
	if (f->boot_disk)
		return facts_part_on(f, f->boot_disk, role, ret_count);
	if (ret_count)
		*ret_count = 0;
	return NULL;
}

int facts_root_tag(const struct facts *f, struct arena *a, struct tag *ret)
{
	int err = tag_parse(a, f->args.root, ret);

	if (err == 0 && ret->kind == TAG_UUID &&
	    fsuuid_has_prefix(ret->value, f->layout.uuid_prefix) &&
	    strlen(ret->value) > UUID_OF_FAT)
		ret->kind = TAG_FIRST_UUID;
	return err;
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

const char *hook_point_name(enum hook_point point)
{
	static const char *const names[HOOK_POINTS] = {
		[HOOK_PRE_MOUNT] = "pre-mount",
		[HOOK_PRE_HANDOVER] = "pre-handover",
	};

	return names[point];
}

enum fsck_mode facts_fsck_mode(const struct facts *f)
{
	return f->args.fsck == FSCK_UNSAID ? f->layout.fsck : f->args.fsck;
}

const struct facts_checked *facts_checked(const struct facts *f, const char *device)
{
	for (size_t i = 0; i < f->n_checked; i++)
		if (strcmp(f->checked[i].device, device) == 0)
			return &f->checked[i];
	return NULL;
}

bool facts_part_writable(const struct facts *f, enum part_role role)
{
	const struct blockdev *dev =
		f->mounted[role] ? blockdev_by_name(&f->devs, f->mounted[role]) : NULL;
	const struct facts_checked *c = dev ? facts_checked(f, dev->name) : NULL;

	return f->mounted[role] && !(dev && dev->read_only) && !(c && c->verdict == FSCK_DAMAGED);
}

bool facts_has_layout(const struct facts *f, const struct blockdev *disk)
{
	return role_disk_has_layout(&f->layout, &f->devs, disk->name);
}

bool facts_is_clone(const struct facts *f, const struct blockdev *disk)
{
	return f->boot_disk && strcmp(f->boot_disk, disk->name) != 0 && facts_has_layout(f, disk);
}

bool facts_disk_complete(const struct facts *f, const struct blockdev *disk)
{
	size_t n = 0;

	for (size_t i = 0; i < f->devs.n; i++)
		if (f->devs.dev[i].partno && strcmp(f->devs.dev[i].whole, disk->name) == 0 &&
		    (f->devs.dev[i].probed || f->devs.dev[i].probe_err < 0))
			n++;
	return disk->probed && n >= disk->table_partitions;
}
