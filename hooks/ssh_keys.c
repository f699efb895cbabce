/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"
#include "lib/deliver_flags.h"

#define KEYS_FILE    "authorized_keys_local"
#define KEY	     "os.sshKeys"
#define OTHERS_WRITE 0022u

/* Without a configuration nothing is known about the keys: what is there stays. */
bool ssh_keys_applies(const struct facts *f)
{
	return f->config.state != CONFIG_NONE;
}

static const char *join_keys(const struct facts *f, struct plan *p)
{
	const struct config_strings *keys = &f->config.ssh_keys;
	size_t len = 0, at = 0;
	char *text;

	for (size_t i = 0; i < keys->n; i++)
		len += strlen(keys->item[i]) + 1;
	text = arena_alloc(p->arena, len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < keys->n; i++) {
		size_t n = strlen(keys->item[i]);

		memcpy(text + at, keys->item[i], n);
		at += n;
		text[at++] = '\n';
	}
	return text;
}

/* Whoever owns the directory, or the place that a link leads to, could put keys there too. */
static bool is_trusted(const struct facts *f, struct plan *p, const char *dir)
{
	const struct facts_place *place = facts_place(f, dir);
	const char *wrong = NULL;

	if (place && place->link)
		wrong = "is a link";
	else if (place && place->exists && place->uid != 0)
		wrong = "does not belong to root";
	else if (place && place->exists && !place->directory)
		wrong = "is no directory";
	if (wrong)
		PLAN_ADD(p, .kind = OP_WARN, .key = KEY,
			 .data = arena_printf(p->arena, "os.sshKeys: %s %s: no keys are delivered",
					      dir, wrong));
	return !wrong;
}

/* sshd takes no keys from a home that others can write to (StrictModes). */
static void mend_home(const struct facts *f, struct plan *p)
{
	const struct facts_place *home = facts_place(f, f->root_home);

	if (!home || !home->directory || !(home->mode & OTHERS_WRITE) ||
	    !place_open(f, p, f->root_home))
		return;
	PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN,
		 .target = place_path(f, p, f->root_home), .mode = home->mode & ~OTHERS_WRITE,
		 .uid = home->uid, .gid = home->gid, .key = KEY);
}

/* Somebody's own file goes too, or he would keep the access that was taken from him; on a writable root it
 * is put aside, not lost. */
static void remove_keys(const struct facts *f, struct plan *p, const char *dir)
{
	const char *path = arena_printf(p->arena, "%s/" KEYS_FILE, dir);
	const struct facts_place *place = path ? facts_place(f, path) : NULL;

	if (!path || (!f->target_writable && (!place || !place->exists || !place_open(f, p, dir))))
		return;
	PLAN_ADD(p, .kind = OP_REMOVE, .on_failure = FAIL_WARN,
		 .guard = f->target_writable ? DELIVER_KEEP : 0, .target = place_path(f, p, path),
		 .known = f->target_writable ? place_known(f, p, dir, KEYS_FILE) : NULL,
		 .key = KEY);
}

void ssh_keys_run(const struct facts *f, struct plan *p)
{
	const char *dir, *text;

	if (!f->root_home) {
		if (f->config.ssh_keys.n > 0)
			PLAN_ADD(p, .kind = OP_WARN, .key = KEY,
				 .data = "os.sshKeys: the target's passwd has no home of root: no "
					 "keys "
					 "are delivered");
		return;
	}
	dir = arena_printf(p->arena, "%s/.ssh", strcmp(f->root_home, "/") ? f->root_home : "");
	if (!dir)
		return;
	if (f->config.ssh_keys.n == 0 && !config_is_lost(&f->config, KEY)) {
		remove_keys(f, p, dir);
		return;
	}
	if (f->config.ssh_keys.n == 0 || !is_trusted(f, p, dir)) {
		place_retain(f, p, dir, KEYS_FILE);
		return;
	}
	text = join_keys(f, p);
	if (!text || !place_open(f, p, dir))
		return;
	mend_home(f, p);
	PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN, .target = place_path(f, p, dir),
		 .mode = 0700, .guard = DELIVER_OWN_DIR, .key = KEY);
	place_file(f, p,
		   &(struct place_file){ .dir = dir,
					 .name = KEYS_FILE,
					 .data = text,
					 .len = strlen(text),
					 .mode = 0600,
					 .guard = DELIVER_OWN_DIR | PLACE_ACCESS,
					 .key = KEY });
}
