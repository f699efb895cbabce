/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/running.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/mountinfo.h"
#include "lib/probe.h"
#include "lib/role.h"

#define STATE_MAX_BYTES (256u * 1024u)

const struct running_paths running_paths_default = {
	.sys = "/sys",
	.dev = "/dev",
	.mountinfo = MOUNTINFO_PATH,
	.run_dir = "/run/anteroot",
	.layout = LAYOUT_PATH,
};

/* Where a root may be mounted, the first is the one that counts most. */
enum place { PLACE_ROOT, PLACE_INITRAMFS, PLACE_BALENA, PLACES };
static const char *const places[PLACES] = {
	[PLACE_ROOT] = "/",
	[PLACE_INITRAMFS] = "/sysroot",
	[PLACE_BALENA] = "/mnt/sysroot/active", /* balenaOS' root is a file system in a container */
};

/* One search. */
struct search {
	struct arena *a;
	const struct running_paths *paths;
	struct running *run;
	int devfd;
	const struct blockdev *mounted[PLACES];
	struct json *state; /* what the boot left; NULL: nothing */
};

const char *running_proof_name(enum running_proof proof)
{
	static const char *const names[] = {
		[RUNNING_UNKNOWN] = "unknown",
		[RUNNING_MOUNTED] = "mounted",
		[RUNNING_RECORDED] = "recorded",
	};

	return names[proof];
}

/* As at boot: a file with a mistake leaves the default. The boot's own copy first, it is what held. */
static int read_layout(struct search *s)
{
	char *path = arena_printf(s->a, "%s/anteroot.json", s->paths->run_dir);
	char message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32], *text;
	struct reason r = REASON_INIT;
	size_t len;
	int err;

	s->run->layout = layout_default;
	if (!path)
		return -ENOMEM;
	err = file_read(s->a, AT_FDCWD, path, LAYOUT_MAX_BYTES, &text, &len);
	if (err == -ENOENT)
		err = file_read(s->a, AT_FDCWD, s->paths->layout, LAYOUT_MAX_BYTES, &text, &len);
	if (err == -ENOENT)
		return 0;
	if (err == 0)
		err = layout_parse(s->a, text, len, &s->run->layout, &r);
	else
		(void)reason_set(&r, err, "read", path);
	if (err < 0)
		s->run->layout_problem =
			arena_strdup(s->a, reason_render(&r, message, sizeof(message)));
	return arena_failed(s->a) ? -ENOMEM : 0;
}

static int read_state(struct search *s)
{
	char *path = arena_printf(s->a, "%s/state.json", s->paths->run_dir), *text;
	size_t len;

	if (!path)
		return -ENOMEM;
	if (file_read(s->a, AT_FDCWD, path, STATE_MAX_BYTES, &text, &len) == 0 &&
	    json_parse(text, len, &s->state, NULL) == -ENOMEM)
		return -ENOMEM;
	return arena_failed(s->a) ? -ENOMEM : 0;
}

/* A file system with a device number of its own (btrfs) names its device. */
static const struct blockdev *find_mounted(const struct blockdevs *devs, unsigned int major,
					   unsigned int minor, const char *source)
{
	struct tag tag = { .kind = TAG_DEVNO, .major = major, .minor = minor };

	if (major == 0) {
		if (strncmp(source, "/dev/", 5) != 0)
			return NULL;
		tag.kind = TAG_DEVICE;
		tag.value = source + 5;
	}
	return blockdev_find(devs, &tag, NULL, NULL);
}

static int read_mounts(struct search *s, struct reason *r)
{
	struct mountinfo m;
	char *text;
	int err = file_read(s->a, AT_FDCWD, s->paths->mountinfo, MOUNTINFO_MAX_BYTES, &text, NULL);

	if (err < 0)
		return reason_set(r, err, "read", s->paths->mountinfo);
	/* A later mount on the same directory hides the one before. */
	while (mountinfo_next(&text, &m))
		for (size_t i = 0; i < PLACES; i++)
			if (strcmp(m.point, places[i]) == 0)
				s->mounted[i] =
					find_mounted(&s->run->devs, m.major, m.minor, m.source);
	return 0;
}

/* All of a disk, and what is made of it. */
static int probe_all(struct search *s, const char *disk)
{
	struct blockdevs *devs = &s->run->devs;

	for (size_t i = 0; i < devs->n; i++)
		if (!devs->dev[i].partno && strcmp(devs->dev[i].disk, disk) == 0 &&
		    probe_disk(s->a, s->devfd, devs, devs->dev[i].name) < 0)
			return -ENOMEM;
	return 0;
}

static const char *slot_of(const struct running *run, const struct blockdev *dev)
{
	if (role_find(&run->layout, &run->devs, dev->disk, PART_ROOT_A, NULL) == dev)
		return "A";
	if (role_find(&run->layout, &run->devs, dev->disk, PART_ROOT_B, NULL) == dev)
		return "B";
	return NULL;
}

/* @return the device that the boot recorded as the root, if it is still that one; *ret_err -ENOMEM */
static const struct blockdev *recorded_root(struct search *s, int *ret_err)
{
	const struct json *root = json_get(s->state, "root");
	const char *name = json_string(json_get(root, "device"));
	const char *partuuid = json_string(json_get(root, "partuuid"));
	const char *uuid = json_string(json_get(root, "uuid"));
	const struct blockdev *dev;

	if (!name || strncmp(name, "/dev/", 5) != 0)
		return NULL;
	dev = blockdev_by_name(&s->run->devs, name + 5);
	if (!dev)
		return NULL;
	*ret_err = probe_all(s, dev->disk);
	/* The UUID of a file system may be made anew while it runs: the partition's counts more. */
	if (partuuid)
		return blockdev_uuid_equal(dev->partuuid, partuuid) ? dev : NULL;
	return blockdev_uuid_equal(dev->uuid, uuid) ? dev : NULL;
}

/* The root must be a slot, or (the second time) anything that is not another part of the layout. */
static bool take_root(struct search *s, const struct blockdev *dev, enum running_proof proof,
		      const char *mount_point, bool slots_only)
{
	static const enum part_role others[] = { PART_BOOT, PART_STATE, PART_DATA };
	struct running *run = s->run;
	const char *slot = slot_of(run, dev);

	if (!slot && slots_only)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (role_matches(&run->layout, &run->devs, dev, others[i]))
			return false;
	run->root = dev;
	run->root_slot = slot;
	run->proof = proof;
	run->mount_point = mount_point;
	return true;
}

static int find_root(struct search *s)
{
	const struct blockdev *recorded = NULL;
	int err = 0;

	for (size_t i = 0; i < PLACES; i++)
		if (s->mounted[i] && probe_all(s, s->mounted[i]->disk) < 0)
			return -ENOMEM;
	recorded = recorded_root(s, &err);
	for (int round = 0; round < 2 && err == 0; round++) {
		bool slots_only = round == 0;

		if (s->mounted[PLACE_ROOT] && take_root(s, s->mounted[PLACE_ROOT], RUNNING_MOUNTED,
							places[PLACE_ROOT], slots_only))
			return 0;
		if (recorded && take_root(s, recorded, RUNNING_RECORDED, NULL, slots_only))
			return 0;
		for (size_t i = PLACE_ROOT + 1; i < PLACES; i++)
			if (s->mounted[i] &&
			    take_root(s, s->mounted[i], RUNNING_MOUNTED, places[i], slots_only))
				return 0;
	}
	return err;
}

static int take_disk(struct search *s, const char *name)
{
	struct running *run = s->run;
	const struct blockdev *dev;

	if (run->disk || !name)
		return 0;
	dev = blockdev_by_name(&run->devs, name);
	if (!dev || !blockdev_is_disk(dev))
		return 0;
	if (probe_all(s, dev->name) < 0)
		return -ENOMEM;
	if (role_disk_has_layout(&run->layout, &run->devs, dev->name))
		run->disk = dev->name;
	return 0;
}

static int find_disk(struct search *s)
{
	struct running *run = s->run;
	int err = take_disk(s, run->root_slot ? run->root->disk : NULL);

	if (err == 0)
		err = take_disk(s, json_string(json_get(s->state, "boot_disk")));
	if (err == 0)
		err = take_disk(s, run->root ? run->root->disk : NULL);
	/* Without a root: a container that has another part of the disk as its own. */
	for (size_t i = 0; i < PLACES && err == 0; i++)
		err = take_disk(s, s->mounted[i] ? s->mounted[i]->disk : NULL);
	if (err < 0 || !run->disk)
		return err;
	for (int i = 0; i < 2; i++)
		run->slot[i] = role_find(&run->layout, &run->devs, run->disk,
					 i == 0 ? PART_ROOT_A : PART_ROOT_B, NULL);
	return 0;
}

static int search(struct search *s, struct reason *r)
{
	_cleanup_close_ int sysfd = open(s->paths->sys, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (sysfd < 0)
		return reason_set(r, errno, "open", s->paths->sys);
	err = read_layout(s);
	if (err == 0)
		err = read_state(s);
	if (err < 0)
		return reason_set(r, err, "read", s->paths->run_dir);
	err = blockdev_scan(s->a, sysfd, &s->run->devs, r);
	if (err == 0)
		err = read_mounts(s, r);
	if (err < 0)
		return err;
	err = find_root(s);
	if (err == 0)
		err = find_disk(s);
	return err < 0 ? reason_set(r, err, "find", "the boot disk") : 0;
}

int running_find(struct arena *a, const struct running_paths *paths, struct running *ret_running,
		 struct reason *r)
{
	_cleanup_close_ int devfd = open(paths->dev, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct search s = { .a = a, .paths = paths, .run = ret_running, .devfd = devfd };
	int err;

	*ret_running = (struct running){ .layout = layout_default };
	if (devfd < 0)
		return reason_set(r, errno, "open", paths->dev);
	err = search(&s, r);
	json_free(s.state);
	return err;
}

bool running_role_of(const struct running *run, const struct blockdev *dev,
		     enum part_role *ret_role)
{
	for (int role = 0; run->disk && role < PART_ROLES; role++)
		if (role_find(&run->layout, &run->devs, run->disk, (enum part_role)role, NULL) ==
		    dev) {
			*ret_role = (enum part_role)role;
			return true;
		}
	return false;
}
