/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hooks/keep.h"
#include "hooks/parts.h"
#include "hooks/place.h"
#include "hooks/table.h"

#include <string.h>

/*
 * The device's machine-id (docs/IDENTITY.md). What is stored on the state partition holds; the image's own is every
 * clone's, and holds only where nothing better can.
 */

#define MARK "first-boot"

bool machine_id_applies(const struct facts *f)
{
	return !f->offline && f->layout.machine_id != LAYOUT_ID_NONE && !f->args.machine_id;
}

static bool is_id(const struct machineid *id)
{
	return id->form >= MACHINEID_UPPER;
}

static bool was_damaged(const struct facts_identity *id)
{
	return id->stored.form == MACHINEID_DAMAGED || id->stored.form == MACHINEID_EMPTY ||
	       id->stored.form == MACHINEID_UNINITIALIZED;
}

static const struct machineid *choose(const struct facts *f)
{
	const struct facts_identity *id = &f->identity;

	if (is_id(&id->stored))
		return &id->stored;
	if (is_id(&id->balena))
		return &id->balena;
	/* A writable root has the copy that an earlier boot wrote, or is all there is to keep it. */
	if (is_id(&id->image) && ((f->target_writable && (was_damaged(id) || !keep_is_open(f))) ||
				  (f->layout.machine_id == LAYOUT_ID_IMAGE && f->keep_dir)))
		return &id->image;
	return &id->fresh;
}

static void warn(const struct facts *f, struct plan *p, const struct machineid *chosen)
{
	const struct facts_identity *id = &f->identity;
	const char *text = NULL;

	if (was_damaged(id))
		text = chosen == &id->image ? "the stored machine-id is damaged: the root's own "
					      "copy takes its place"
		       : chosen == &id->fresh
			       ? "the stored machine-id is damaged: this device gets a new one"
			       : "the stored machine-id is damaged: balenaOS' copy takes its place";
	else if (id->stored.form == MACHINEID_UPPER)
		text = "the stored machine-id has capital letters: it is written anew without them";
	else if (!f->keep_dir)
		text = f->target_writable
			       ? "no state partition: the machine-id is this root's own"
			       : "no state partition: the machine-id is new at each boot";
	else if (!keep_is_open(f) && !is_id(&id->stored))
		text = f->target_writable ? "the state partition cannot be written to: the "
					    "machine-id is this root's own"
					  : "the state partition cannot be written to: the "
					    "machine-id is new at each boot";
	if (text)
		PLAN_ADD(p, .kind = OP_WARN, .data = text);
	if (chosen == &id->fresh && id->weak)
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "the kernel had no entropy for the new machine-id: others may "
				 "guess it");
}

/* The target tells when its first boot is over: until then each boot is the first one, as with systemd alone. */
static void wait_for_end(const struct facts *f, struct plan *p)
{
	const char *unit =
		arena_printf(p->arena,
			     "[Unit]\nDescription=End of the first boot\nDefaultDependencies=no\n"
			     "Wants=first-boot-complete.target\nAfter=first-boot-complete.target\n"
			     "Conflicts=shutdown.target\nBefore=shutdown.target\n"
			     "[Service]\nType=oneshot\nExecStart=/bin/rm -f %s/anteroot/" MARK "\n",
			     part_dir_in_target(f, p, PART_STATE));

	place_runtime(f, p, "/systemd/system/anteroot-first-boot.service", unit, NULL);
	place_runtime(f, p, "/systemd/system/sysinit.target.d/anteroot.conf",
		      "[Unit]\nWants=anteroot-first-boot.service\n", NULL);
}

/* As systemd has it: a root whose file is missing, or says so, wants a first boot; but a device has one only. */
static void first_boot(const struct facts *f, struct plan *p, const struct machineid *chosen)
{
	const struct facts_identity *id = &f->identity;
	bool begins = chosen == &id->fresh && id->stored.form == MACHINEID_MISSING &&
		      (id->image.form == MACHINEID_MISSING ||
		       id->image.form == MACHINEID_UNINITIALIZED) &&
		      (keep_is_open(f) || f->target_writable);

	if (!begins && !id->unfinished)
		return;
	if (begins)
		keep_file(f, p, NULL, MARK, "1\n", 2);
	if (keep_is_open(f))
		wait_for_end(f, p);
	PLAN_ADD(p, .kind = OP_FIRST_BOOT);
}

static void add_file(struct plan *p, const char *path, const char *text)
{
	PLAN_ADD(p, .kind = OP_FILE, .on_failure = FAIL_WARN, .target = path, .data = text,
		 .len = strlen(text), .mode = 0444);
}

/* A read-only root gets a copy in /run bound over the file: systemd-machine-id-commit.service, which runs when the
 * root becomes writable later, takes nothing but a tmpfs for transient. */
static void put(const struct facts *f, struct plan *p, const char *text)
{
	const struct facts_place *place = facts_place(f, MACHINEID_PATH);
	const char *path = place_path(f, p, MACHINEID_PATH);
	const char *made = arena_printf(p->arena, "%s/files/machine-id", f->run_dir);
	const char *etc = place_path(f, p, "/etc");
	bool bind = !f->target_writable && place && place->exists && !place->directory &&
		    !(etc && plan_find(p, OP_OVERLAY, etc));

	if (bind) {
		add_file(p, made, text);
		PLAN_ADD(p, .kind = OP_BIND, .on_failure = FAIL_WARN, .source = made,
			 .target = path);
	} else if (place_open(f, p, "/etc")) {
		add_file(p, path, text);
	}
}

void machine_id_run(const struct facts *f, struct plan *p)
{
	const struct machineid *chosen = choose(f);
	const char *text = is_id(chosen) ? arena_printf(p->arena, "%s\n", chosen->text) : NULL;

	if (!text) {
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "unable to make a machine-id: no random numbers");
		return;
	}
	warn(f, p, chosen);
	first_boot(f, p, chosen);
	keep_file_mode(f, p, NULL, "machine-id", text, strlen(text), 0444);
	put(f, p, text);
}
