/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "init/applets.h"
#include "init/slot.h"

#define MESSAGE_MAX (REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32)

int slot_failed(const struct reason *r)
{
	char message[MESSAGE_MAX];

	(void)fprintf(stderr, "anteroot: %s\n", reason_render(r, message, sizeof(message)));
	return r->err == EROFS ? EXIT_NO : EXIT_SYSTEM;
}

static int refuse(const char *what, const char *why)
{
	(void)fprintf(stderr, "anteroot: unable to %s: %s\n", what, why);
	return EXIT_NO;
}

int slot_open(struct bootstate *b, const struct sys *sys, struct arena *a,
	      const struct bootstate_paths *paths, const char *what)
{
	struct reason r = REASON_INIT;
	char message[MESSAGE_MAX];

	if (bootstate_open(b, sys, a, paths, BOOTSTATE_CHANGE, &r) < 0) {
		(void)fprintf(stderr, "anteroot: unable to %s: %s\n", what,
			      reason_render(&r, message, sizeof(message)));
		return EXIT_SYSTEM;
	}
	if (b->run.layout_problem)
		(void)fprintf(stderr, "anteroot: %s; the default layout holds\n",
			      b->run.layout_problem);
	/* Of two files one is gone: a running system can make it again. */
	if (b->found.read_only && b->found.problem && bootstate_create(b, NULL) == 0 &&
	    !b->found.read_only)
		(void)fprintf(stderr,
			      "anteroot: a copy of the boot state was missing: made again\n");
	return 0;
}

/* Whether there is a boot state that may be written. @return 0 or an exit status */
static int check_usable(const struct bootstate *b, const char *what)
{
	if (b->load_err < 0)
		return slot_failed(&b->load_reason);
	if (b->found.backend == AB_STATELESS)
		return refuse(what, "there is no boot state");
	if (b->found.read_only)
		return refuse(what, b->found.problem ? b->found.problem
						     : "the boot state is of a newer version of "
						       "anteroot, and is not written");
	return 0;
}

static bool is_stored(const struct bootstate *b, const struct ab_record *next)
{
	unsigned char have[ABRECORD_BYTES], want[ABRECORD_BYTES];
	const struct abstore_found *f = &b->found;

	abrecord_encode(&f->record, have);
	abrecord_encode(next, want);
	return !f->blank && !f->lost && !f->damaged && !f->counted_twice &&
	       memcmp(have, want, sizeof(want)) == 0;
}

static void warn_crumbs(const struct reason *crumbs)
{
	char message[MESSAGE_MAX];

	if (crumbs->verb)
		(void)fprintf(stderr, "anteroot: %s; tried again by the next health or orderly\n",
			      reason_render(crumbs, message, sizeof(message)));
}

/* What a step came to. */
static int finish(struct bootstate *b, enum ab_refusal refusal, const struct ab_record *next,
		  const char *what, const char *done)
{
	struct reason r = REASON_INIT, crumbs = REASON_INIT;
	const char *text;

	if (refusal != AB_OK)
		return refuse(what, ab_refusal_text(refusal));
	if (is_stored(b, next)) /* said again: nothing is written, and no flash worn */
		(void)!bootstate_keep_breadcrumbs(b, &crumbs);
	else if (bootstate_store(b, next, &crumbs, &r) < 0)
		return slot_failed(&r);
	warn_crumbs(&crumbs);
	text = bootstate_next_text(b, &b->found.record);
	printf("%s; next boot: %s\n", done, text ? text : "unknown: out of memory");
	return EXIT_DONE;
}

int slot_confirm(struct bootstate *b)
{
	static const char what[] = "confirm the running slot";
	struct ab_record next;
	enum ab_refusal refusal;
	char done[64];
	int status = check_usable(b, what);

	if (status != 0)
		return status;
	refusal = ab_confirm(&b->found.record, &b->conf->policy, &b->who, &next);
	(void)snprintf(done, sizeof(done), "slot %s is confirmed", ab_slot_name(b->who.running));
	return finish(b, refusal, &next, what, done);
}

int slot_reject(struct bootstate *b, enum ab_slot_id slot, enum ab_bad bad, const char *why)
{
	struct ab_record next;
	char what[64], done[200];
	int status;

	(void)snprintf(what, sizeof(what), "reject %s%s",
		       slot < AB_SLOTS ? "slot " : "the running slot",
		       slot < AB_SLOTS ? ab_slot_name(slot) : "");
	status = check_usable(b, what);
	if (status != 0)
		return status;
	(void)snprintf(done, sizeof(done), "slot %s is rejected%s%s%s", ab_slot_name(slot),
		       why ? " (" : "", why ? why : "", why ? ")" : "");
	return finish(b, ab_reject(&b->found.record, &b->who, slot, bad, &next), &next, what, done);
}

/* A device that was built without a record gets one when it is first needed. */
static int make_record(struct bootstate *b, const char *what)
{
	struct reason r = REASON_INIT;

	if (b->found.backend != AB_STATELESS ||
	    (b->conf->backend != AB_AUTO && b->conf->backend != AB_RECORD) ||
	    (b->load_err < 0 && b->load_err != -ENOENT))
		return 0;
	if (b->who.running >= AB_SLOTS)
		return refuse(what, ab_refusal_text(AB_NOT_A_SLOT));
	return bootstate_create(b, &r) < 0 ? slot_failed(&r) : 0;
}

int slot_arm(struct bootstate *b, enum ab_slot_id slot, unsigned int tries, const char *version)
{
	struct ab_record next;
	char what[64], done[64];
	enum ab_refusal refusal;
	int status;

	(void)snprintf(what, sizeof(what), "arm slot %s", ab_slot_name(slot));
	/* No boot may be sent to what is not there. */
	if (slot < AB_SLOTS && !b->run.slot[slot])
		return refuse(what, "the boot disk has no partition for it, or more than one");
	if (slot == b->who.running)
		return refuse(what, ab_refusal_text(AB_IS_RUNNING));
	status = make_record(b, what);
	if (status == 0)
		status = check_usable(b, what);
	if (status != 0)
		return status;
	refusal = ab_arm(&b->found.record, &b->conf->policy, &b->who, slot, tries, version, &next);
	(void)snprintf(done, sizeof(done), "slot %s is armed", ab_slot_name(slot));
	return finish(b, refusal, &next, what, done);
}

int slot_switch(struct bootstate *b)
{
	static const char what[] = "switch to the other slot";
	struct ab_record next;
	enum ab_refusal refusal;
	int status = check_usable(b, what);

	if (status != 0)
		return status;
	refusal = ab_switch(&b->found.record, &b->conf->policy, &b->who, &next);
	return finish(b, refusal, &next, what, "the other slot is armed as it is");
}

int slot_orderly(struct bootstate *b)
{
	static const char what[] = "write down an orderly end of this boot";
	struct reason crumbs = REASON_INIT;
	struct ab_record next;
	enum ab_refusal refusal;
	int status;

	if (b->load_err == 0 && b->found.backend == AB_STATELESS) {
		printf("nothing to write down: there is no boot state\n");
		return EXIT_DONE;
	}
	status = check_usable(b, what);
	if (status != 0)
		return status;
	refusal = ab_orderly(&b->found.record, &b->conf->policy, &b->who, &next);
	if (refusal != AB_NOT_CANDIDATE_BOOT && refusal != AB_NOT_A_SLOT)
		return finish(b, refusal, &next, what, "an orderly end is written down");
	(void)!bootstate_keep_breadcrumbs(b, &crumbs);
	warn_crumbs(&crumbs);
	printf("nothing to write down: %s\n", ab_refusal_text(refusal));
	return EXIT_DONE;
}
