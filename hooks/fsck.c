/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/fsck.h"

#include "hooks/table.h"

/*
 * Which file systems are checked before they are mounted: boot in BOOT, the root that was chosen with state and data
 * in ROOT, so that those on several disks are checked beside each other. docs/FSCK.md.
 */

static enum fsck_due due_now(const struct facts *f, const struct blockdev *dev)
{
	enum fsck_mode mode = facts_fsck_mode(f);

	if (mode == FSCK_SKIP || dev->read_only || fsck_kind_of(dev->type) == FSCK_NO_KIND)
		return FSCK_CLEAN;
	return mode == FSCK_FORCE && dev->due < FSCK_FORCED ? FSCK_FORCED : dev->due;
}

bool fsck_plan(const struct facts *f, struct plan *p, const struct blockdev *dev,
	       enum on_failure on_failure)
{
	enum fsck_due due = due_now(f, dev);
	const char *program;

	if (due == FSCK_CLEAN || facts_checked(f, dev->name) || f->n_checked == FACTS_CHECKED_MAX)
		return false;
	program = f->fsck[fsck_kind_of(dev->type)];
	if (program)
		PLAN_ADD(p, .kind = OP_CHECK, .on_failure = on_failure,
			 .source = arena_printf(p->arena, "/dev/%s", dev->name), .target = program,
			 .type = dev->type, .data = fsck_due_text(due),
			 .usec = f->layout.fsck_msec * 1000);
	else if (due != FSCK_JOURNAL)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = arena_printf(p->arena,
					      "%s is not checked, though %s: the image has no %s",
					      dev->name, fsck_due_text(due),
					      fsck_names(fsck_kind_of(dev->type))[0]));
	return program != NULL;
}

bool fsck_plan_parts(const struct facts *f, struct plan *p)
{
	static const enum part_role roles[] = { PART_STATE, PART_DATA };
	bool planned = false;

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		const struct blockdev *dev = facts_part(f, roles[i], NULL);

		if (dev && !f->mounted[roles[i]] && !f->gave_up[roles[i]])
			planned |= fsck_plan(f, p, dev, FAIL_WARN);
	}
	return planned;
}

bool fsck_is_damaged(const struct facts *f, const struct blockdev *dev)
{
	const struct facts_checked *c = facts_checked(f, dev->name);

	return c && c->verdict == FSCK_DAMAGED;
}

bool fsck_boot_applies(const struct facts *f)
{
	return boot_mount_applies(f) && facts_part(f, PART_BOOT, NULL);
}

/* Never once it is mounted: the boot state is written to it then. */
void fsck_boot_run(const struct facts *f, struct plan *p)
{
	if (fsck_plan(f, p, facts_part(f, PART_BOOT, NULL), FAIL_WARN))
		PLAN_ADD(p, .kind = OP_AGAIN);
}
