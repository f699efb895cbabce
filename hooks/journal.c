/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/parts.h"
#include "hooks/place.h"
#include "hooks/table.h"

#define KEY	     "persistentLogging"
#define JOURNAL_DIR  "/var/log/journal"
#define JOURNAL_MODE 02755 /* and group systemd-journal, as journald's own tmpfiles.d has it */

bool journal_applies(const struct facts *f)
{
	return f->config.persistent_logging != CONFIG_ABSENT;
}

/* journald keeps a journal on disk as soon as the directory exists, whatever made it: say no. */
static void volatile_only(const struct facts *f, struct plan *p)
{
	static const char conf[] =
		"# Written by anteroot: config.json has persistentLogging false.\n"
		"[Journal]\nStorage=volatile\n";

	place_runtime(f, p, "/systemd/journald.conf.d/anteroot.conf", conf, KEY);
}

static const char *durable_dir(const struct facts *f, struct plan *p)
{
	static const enum part_role roles[] = { PART_DATA, PART_STATE };

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (facts_part_writable(f, roles[i]))
			return arena_printf(p->arena, "%s" JOURNAL_DIR, part_dir(f, p, roles[i]));
	return NULL;
}

static void make_dir(const struct facts *f, struct plan *p, const char *path)
{
	PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN, .target = path, .mode = JOURNAL_MODE,
		 .gid = f->has_journal_gid ? f->journal_gid : 0, .key = KEY);
}

void journal_run(const struct facts *f, struct plan *p)
{
	const struct facts_place *place = facts_place(f, JOURNAL_DIR);
	const char *target = place_path(f, p, JOURNAL_DIR), *source;

	if (f->config.persistent_logging == CONFIG_FALSE) {
		volatile_only(f, p);
		return;
	}
	source = durable_dir(f, p);
	if (!source && !f->target_writable) {
		PLAN_ADD(p, .kind = OP_WARN, .key = KEY,
			 .data = "persistentLogging: no data or state partition, and the root is "
				 "read-only");
		return;
	}
	if (source)
		make_dir(f, p, source);
	if (!place || !place->exists || f->target_writable) {
		if (!place_open(f, p, JOURNAL_DIR))
			return;
		make_dir(f, p, target);
	}
	if (source)
		PLAN_ADD(p, .kind = OP_BIND, .on_failure = FAIL_WARN, .source = source,
			 .target = target, .key = KEY);
}
