/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/mount.h>

#include "hooks/fsck.h"
#include "hooks/slots.h"
#include "hooks/table.h"
#include "lib/mountopts.h"

/*
 * Which root is booted. With a boot state: the slot that it names (hooks/slots.c), unless root= names something
 * that is no slot. Without: the device of root=, else slot A, else slot B. What failed in this boot is left out.
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
	if (facts_root_tag(f, p->arena, &tag) < 0) {
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

static const struct blockdev *choose_stateless(const struct facts *f, struct plan *p,
					       const struct blockdev *argument,
					       const char **ret_why)
{
	const struct blockdev *dev = usable(f, argument);
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

/* @param op gets the reason; with a boot state, also what it becomes */
static const struct blockdev *choose(const struct facts *f, struct plan *p, struct op *op)
{
	const struct blockdev *argument = of_argument(f, p), *dev = NULL;
	enum ab_slot_id named = argument ? facts_slot_id(f, argument) : AB_NONE;

	if (f->state.found.backend == AB_STATELESS)
		return choose_stateless(f, p, argument, &op->data);
	if (named == AB_NONE)
		dev = usable(f, argument);
	op->data = "root= names it";
	return dev ? dev : slots_choose(f, p, named, op);
}

static bool failed_otherwise(const struct facts *f, const char *device)
{
	for (size_t i = 0; i < f->n_failed; i++)
		if (!f->failed[i].check && strcmp(f->failed[i].device, device) == 0)
			return true;
	return false;
}

/* The last one whose only fault is that its check left errors: that is better than none, and it is not written to. A
 * candidate failed before the slot that was gone back to. */
static const struct blockdev *choose_damaged(const struct facts *f, struct op *op)
{
	for (size_t i = f->n_failed; i > 0; i--) {
		const struct facts_failed *failed = &f->failed[i - 1];

		if (!failed->check || failed_otherwise(f, failed->device))
			continue;
		op->data = "nothing else is left, though its check left errors: read-only";
		return blockdev_by_name(&f->devs, failed->device);
	}
	return NULL;
}

static void fail(const struct facts *f, struct plan *p, struct op *op)
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
	op->kind = OP_FAIL;
	op->on_failure = FAIL_FATAL;
	op->data = text;
	op->source = "neither slot can boot: write a root file system to one of them, from another "
		     "system";
	plan_add(p, op);
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
	struct op op = { .kind = OP_ROOT };
	const struct blockdev *dev = choose(f, p, &op);
	const char *type, *options = NULL;
	unsigned long flags;

	if (!dev)
		dev = choose_damaged(f, &op);
	if (!dev) {
		fail(f, p, &op);
		return;
	}
	op.target = dev->name;
	op.source = facts_slot_of(f, dev);
	plan_add(p, &op);
	(void)fsck_plan(f, p, dev, FAIL_OTHER_SLOT);
	(void)fsck_plan_parts(f, p);
	type = f->args.rootfstype ? f->args.rootfstype : dev->type;
	if (type)
		load_types(p, type);
	flags = f->args.rw ? 0 : MS_RDONLY;
	if (mountopts_split(p->arena, f->args.rootflags, &flags, &options) < 0)
		return; /* the arena remembers that memory was out */
	if (dev->read_only || fsck_is_damaged(f, dev))
		flags |= MS_RDONLY;
	PLAN_ADD(p, .kind = OP_MOUNT_ROOT, .on_failure = FAIL_OTHER_SLOT,
		 .source = arena_printf(p->arena, "/dev/%s", dev->name), .target = f->target_dir,
		 .type = type, .flags = flags, .data = options);
	PLAN_ADD(p, .kind = OP_CHECK_INIT, .on_failure = FAIL_OTHER_SLOT, .target = f->target_dir,
		 .data = f->args.init);
}
