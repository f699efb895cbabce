/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/mount.h>

#include "hooks/integrator.h"
#include "hooks/table.h"
#include "lib/efivar.h"

/*
 * Which disk is the boot disk: the one that anteroot.disk= names, else the one that the boot loader came from, else
 * the one that root= names, else one that carries the layout. Of several, a fixed one before a removable one, then
 * in the order of the bus. docs/ARCHITECTURE.md, "Boot disk".
 */

bool boot_disk_applies(const struct facts *f)
{
	return !f->boot_disk;
}

static bool has_role(const struct facts *f, const struct blockdev *disk, enum part_role role)
{
	size_t n;

	(void)facts_part_on(f, disk->name, role, &n);
	return n > 0;
}

static bool has_slot(const struct facts *f, const struct blockdev *disk)
{
	return has_role(f, disk, PART_ROOT_A) || has_role(f, disk, PART_ROOT_B);
}

/* The list is in bus order already, so only what beats the first needs a look. */
static bool better(const struct facts *f, const struct blockdev *a, const struct blockdev *b)
{
	bool boot_a = has_role(f, a, PART_BOOT), boot_b = has_role(f, b, PART_BOOT);

	if (boot_a != boot_b)
		return boot_a;
	return !a->removable && b->removable;
}

static const char *behind(const char *spec, const char *key)
{
	size_t len = strlen(key);

	return strncmp(spec, key, len) == 0 ? spec + len : NULL;
}

/* Whether a device is what anteroot.disk= names: a disk, or a partition by its PARTUUID. */
static bool is_pinned(const struct blockdev *dev, const char *spec)
{
	const char *partuuid = behind(spec, "PARTUUID="), *ptuuid = behind(spec, "PTUUID=");
	const char *name = behind(spec, "/dev/");

	if (partuuid)
		return blockdev_uuid_equal(dev->partuuid, partuuid);
	if (!blockdev_is_disk(dev))
		return false;
	if (ptuuid)
		return blockdev_uuid_equal(dev->table_uuid, ptuuid);
	return name && strcmp(dev->name, name) == 0;
}

static const struct blockdev *pinned(const struct facts *f, const char *spec)
{
	const struct blockdev *found = NULL;

	for (size_t i = 0; i < f->devs.n; i++) {
		if (!is_pinned(&f->devs.dev[i], spec))
			continue;
		if (found)
			return NULL; /* one name for two: a copy, and no telling which */
		found = &f->devs.dev[i];
	}
	return found ? blockdev_by_name(&f->devs, found->disk) : NULL;
}

/* The best disk that holds a device which a tag names. */
static const struct blockdev *of_tag(const struct facts *f, const struct tag *tag)
{
	const struct blockdev *best = NULL;

	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *disk;

		if (!blockdev_matches(&f->devs.dev[i], tag))
			continue;
		disk = blockdev_by_name(&f->devs, f->devs.dev[i].disk);
		if (disk && disk != best && (!best || better(f, disk, best)))
			best = disk;
	}
	return best;
}

/* Its partitions may still be on their way. */
static bool ready(const struct facts *f, const struct blockdev *disk, bool late)
{
	return disk && (late || facts_disk_complete(f, disk));
}

static const struct blockdev *of_layout(const struct facts *f, bool late)
{
	const struct blockdev *best = NULL;

	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *disk = &f->devs.dev[i];

		if (!blockdev_is_disk(disk) || !has_slot(f, disk) || !ready(f, disk, late))
			continue;
		if (!best || better(f, disk, best))
			best = disk;
	}
	return best;
}

static void settle(const struct facts *f, struct plan *p, const struct blockdev *disk,
		   const char *why)
{
	for (size_t i = 0; i < f->devs.n; i++) {
		const struct blockdev *other = &f->devs.dev[i];

		if (blockdev_is_disk(other) && other != disk && facts_has_layout(f, other))
			PLAN_ADD(p, .kind = OP_WARN,
				 .data = arena_printf(
					 p->arena,
					 "%s carries the labels of the boot disk %s: not used",
					 other->name, disk->name));
	}
	PLAN_ADD(p, .kind = OP_DISK, .target = disk->name, .data = why);
	/* What is on it is the next thing to look at. */
	PLAN_ADD(p, .kind = OP_AGAIN);
}

static const char *list(struct plan *p, const char *head, const char **name, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n && text; i++)
		text = arena_printf(p->arena, "%s%s%s", text, i ? ", " : head, name[i]);
	return text ? text : "";
}

static const char *list_disks(const struct facts *f, struct plan *p)
{
	const char *text = NULL;

	for (size_t i = 0; i < f->devs.n; i++)
		if (blockdev_is_disk(&f->devs.dev[i]))
			text = arena_printf(p->arena, "%s%s%s", text ? text : "", text ? ", " : "",
					    f->devs.dev[i].name);
	return text ? text : "none";
}

static void give_up(const struct facts *f, struct plan *p)
{
	const char *a = layout_part_text(p->arena, &f->layout.part[PART_ROOT_A]);
	const char *b = layout_part_text(p->arena, &f->layout.part[PART_ROOT_B]);
	const char *text =
		arena_printf(p->arena,
			     "unable to find a root: no disk carries %s or %s after waiting %lld s "
			     "(disks: %s%s%s)",
			     a, b, (long long)(f->args.wait_msec / 1000), list_disks(f, p),
			     list(p, "; modules missing in the image: ", f->missing, f->n_missing),
			     list(p, "; no module in the image for: ", f->unserved, f->n_unserved));

	PLAN_ADD(p, .kind = OP_FAIL, .on_failure = FAIL_FATAL, .data = text,
		 .source = "check the cabling and the labels; a driver may be missing in the "
			   "initramfs; root= and anteroot.wait= on the kernel command line help");
}

static void warn_late(struct plan *p, const char *arg, const char *value)
{
	PLAN_ADD(p, .kind = OP_WARN,
		 .data = arena_printf(p->arena,
				      "%s%s has not appeared: looking for the layout instead", arg,
				      value));
}

/* A copy to the last bit has the same names, and only the firmware knows which of the two it started. Asking it
 * takes time and is not done when there is nothing to ask. */
static bool ask_firmware(const struct facts *f, struct plan *p)
{
	size_t n = 0;

	if (!f->loader_hidden || f->loader_tried || f->args.disk || f->args.loader)
		return false;
	for (size_t i = 0; i < f->devs.n; i++)
		n += blockdev_is_disk(&f->devs.dev[i]) && has_slot(f, &f->devs.dev[i]);
	if (n < 2)
		return false;
	plan_filesystem(p, "efivarfs");
	/* As systemd mounts it, which takes over what it finds. */
	PLAN_ADD(p, .kind = OP_MOUNT, .on_failure = FAIL_WARN, .source = "efivarfs",
		 .target = EFIVAR_DIR, .type = "efivarfs",
		 .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC);
	PLAN_ADD(p, .kind = OP_AGAIN);
	return true;
}

static void wait_for(const struct facts *f, struct plan *p, const char *what)
{
	if (!pre_mount_early(f, p, false))
		PLAN_ADD(p, .kind = OP_WAIT, .data = what);
}

static bool is_settled(const struct plan *p)
{
	return plan_find_kind(p, OP_AGAIN) || plan_find_kind(p, OP_WAIT);
}

/*
 * The disk that the boot loader came from, when it carries the layout: as its script says (anteroot.loader=), else as
 * the firmware does. The firmware's is waited for unless root= can say; a script's root= is a label, which clones have
 * too, so its own partition is waited for.
 */
static void from_loader(const struct facts *f, struct plan *p, bool late)
{
	const char *partuuid = f->args.loader ? f->args.loader : f->loader_partuuid;
	const struct tag tag = { .kind = TAG_PARTUUID, .value = partuuid };
	const struct blockdev *disk;

	if (!partuuid || f->args.disk)
		return;
	disk = of_tag(f, &tag);
	if (ready(f, disk, late) && facts_has_layout(f, disk))
		settle(f, p, disk, "the boot loader is on it");
	else if (!ready(f, disk, late) && !late && (f->args.loader || !f->args.root))
		wait_for(f, p, "the boot loader's partition");
	else if (!disk && late)
		warn_late(p, "the boot loader's partition PARTUUID=", partuuid);
}

/* What the command line asks for: settled, waited for, or (too late) given up with a warning.
 * Returns the disk of a root= outside any layout, which of_layout() beats. */
static const struct blockdev *from_arguments(const struct facts *f, struct plan *p, bool late)
{
	const struct blockdev *disk;
	struct tag tag = { TAG_NONE };

	if (f->args.disk) {
		disk = pinned(f, f->args.disk);
		if (ready(f, disk, late))
			settle(f, p, disk, "anteroot.disk= names it");
		else if (!late)
			wait_for(f, p, f->args.disk);
		else
			warn_late(p, "anteroot.disk=", f->args.disk);
		return NULL;
	}
	if (!f->args.root || facts_root_tag(f, p->arena, &tag) < 0)
		return NULL;
	disk = of_tag(f, &tag);
	if (!ready(f, disk, late)) {
		if (late)
			warn_late(p, "root=", f->args.root);
		else
			wait_for(f, p, f->args.root);
		return NULL;
	}
	if (facts_has_layout(f, disk))
		settle(f, p, disk, "root= is on it");
	return disk;
}

void boot_disk_run(const struct facts *f, struct plan *p)
{
	bool late = f->now_msec >= f->deadline_msec;
	const struct blockdev *root_disk, *layout;

	if (ask_firmware(f, p))
		return;
	from_loader(f, p, late);
	if (is_settled(p))
		return;
	root_disk = from_arguments(f, p, late);
	if (is_settled(p))
		return;
	layout = of_layout(f, late);
	if (layout)
		settle(f, p, layout, "it carries the layout");
	else if (root_disk)
		settle(f, p, root_disk, "root= is on it");
	else if (!late)
		wait_for(f, p, "a disk with the layout");
	else if (!pre_mount_early(f, p, late))
		give_up(f, p);
}
