/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/mount.h>

#include "hooks/table.h"
#include "lib/mountopts.h"

/*
 * Which root is booted: the device of root=, else slot A, else slot B; what failed in this boot is
 * left out. The decision over the durable boot state comes in here: it gives the order of the slots.
 */

bool root_applies(const struct facts *f)
{
	return !f->root_mounted;
}

/* The device of root=. Of several with that tag the one on the boot disk; elsewhere it must be alone. */
static const struct blockdev *of_argument(const struct facts *f, struct plan *p)
{
	const struct blockdev *dev;
	struct tag tag;

	if (!f->args.root)
		return NULL;
	if (tag_parse(p->arena, f->args.root, &tag) < 0) {
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena,
					      "root=%s is none of: device, MAJOR:MINOR, LABEL=, "
					      "UUID=, PARTLABEL=, "
					      "PARTUUID=; booting a slot",
					      f->args.root));
		return NULL;
	}
	dev = f->boot_disk ? blockdev_find(&f->devs, &tag, f->boot_disk, NULL) : NULL;
	return dev ? dev : blockdev_find(&f->devs, &tag, NULL, NULL);
}

static const struct blockdev *usable(const struct facts *f, const struct blockdev *dev)
{
	return dev && !facts_has_failed(f, dev) ? dev : NULL;
}

static const struct blockdev *choose(const struct facts *f, struct plan *p, const char **ret_why)
{
	const struct blockdev *dev = usable(f, of_argument(f, p));
	size_t count;

	*ret_why = "root= names it";
	if (dev)
		return dev;
	*ret_why = "it is the first slot";
	dev = usable(f, facts_part(f, PART_ROOT_A, &count));
	if (!dev) {
		*ret_why = count > 1 ? "more than one partition is labelled as slot A"
				     : "there is no slot A";
		dev = usable(f, facts_part(f, PART_ROOT_B, NULL));
	}
	if (f->n_failed > 0)
		*ret_why =
			arena_printf(p->arena, "%s failed: %s", f->failed[f->n_failed - 1].device,
				     f->failed[f->n_failed - 1].reason);
	return dev;
}

static void fail(const struct facts *f, struct plan *p)
{
	const char *text = arena_printf(p->arena, "unable to find a root on %s: ",
					f->boot_disk ? f->boot_disk : "any disk");

	for (size_t i = 0; i < f->n_failed && text; i++)
		text = arena_printf(p->arena, "%s%s%s: %s", text, i ? "; " : "",
				    f->failed[i].device, f->failed[i].reason);
	if (f->n_failed == 0 && text)
		text = arena_printf(
			p->arena, "%sno partition, or more than one, is labelled %s or %s", text,
			f->layout.part[PART_ROOT_A].label[0], f->layout.part[PART_ROOT_B].label[0]);
	PLAN_ADD(p, .kind = OP_FAIL, .on_failure = FAIL_FATAL, .data = text,
		 .source = "neither slot can boot: write a root file system to one of them, from "
			   "another system");
}

/* rootfstype= may list types; each one's module is loaded. */
static void load_types(struct plan *p, const char *types)
{
	while (*types) {
		size_t len = strcspn(types, ",");

		const char *type = len ? arena_memdup(p->arena, types, len) : NULL;

		if (type)
			plan_filesystem(p, type);
		types += len + (types[len] == ',');
	}
}

void root_run(const struct facts *f, struct plan *p)
{
	const char *why, *type, *options = NULL;
	const struct blockdev *dev = choose(f, p, &why);
	unsigned long flags;

	if (!dev) {
		fail(f, p);
		return;
	}
	PLAN_ADD(p, .kind = OP_ROOT, .target = dev->name, .source = facts_slot_of(f, dev),
		 .data = why);
	type = f->args.rootfstype ? f->args.rootfstype : dev->type;
	if (type)
		load_types(p, type);
	flags = f->args.rw ? 0 : MS_RDONLY;
	if (mountopts_split(p->arena, f->args.rootflags, &flags, &options) < 0)
		return; /* the arena remembers that memory was out */
	if (dev->read_only)
		flags |= MS_RDONLY;
	PLAN_ADD(p, .kind = OP_MOUNT_ROOT, .on_failure = FAIL_OTHER_SLOT,
		 .source = arena_printf(p->arena, "/dev/%s", dev->name), .target = f->target_dir,
		 .type = type, .flags = flags, .data = options);
	PLAN_ADD(p, .kind = OP_CHECK_INIT, .on_failure = FAIL_OTHER_SLOT, .target = f->target_dir,
		 .data = f->args.init);
}
