/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "init/status.h"
#include "init/version.h"
#include "lib/clocktext.h"

/* `anteroot status` for people. */

#define HEAD "%-12s "

static void print_running(const struct status *s)
{
	const struct bootstate *b = s->b;
	const struct running *run = &b->run;
	const char *reason = json_string(json_get(b->told, "reason"));

	printf(HEAD, "running");
	if (!run->root)
		printf("the root is not known");
	else if (run->root_slot)
		printf("slot %s, /dev/%s", run->root_slot, run->root->name);
	else
		printf("/dev/%s, which is no slot", run->root->name);
	if (run->mount_point)
		printf(", mounted at %s", run->mount_point);
	printf("%s\n", b->candidate ? ", a candidate's attempt" : "");
	if (reason)
		printf(HEAD "%s\n", "this boot", reason);
	printf(HEAD "%s\n", "next boot", s->next_text ? s->next_text : "unknown");
}

static void print_record(const struct status *s)
{
	const struct bootstate *b = s->b;
	const struct abstore_found *f = &b->found;
	const char *reset = json_string(json_get(b->told, "reset_cause"));

	printf(HEAD, "boot state");
	if (f->backend == AB_STATELESS) {
		printf("none\n");
		return;
	}
	printf("%s, the %s counts, transaction %u", ab_backend_name(f->backend),
	       b->conf->policy.counter == AB_LOADER ? "loader" : "agent",
	       (unsigned int)f->record.transaction);
	if (f->blank)
		printf(", nothing stored yet");
	else if (f->copy[0])
		printf(", %s %s%s%s", f->copy[1] ? "copies" : "copy", f->copy[0],
		       f->copy[1] ? ", " : "", f->copy[1] ? f->copy[1] : "");
	printf("\n");
	if (*f->record.floor || *b->conf->policy.floor)
		printf(HEAD "%s\n", "floor",
		       *f->record.floor ? f->record.floor : b->conf->policy.floor);
	if (reset)
		printf(HEAD "%s\n", "last reset", reset);
}

static const char *count(char buf[static 16], bool shown, unsigned int n)
{
	(void)snprintf(buf, 16, shown ? "%u" : "-", n);
	return buf;
}

static void print_slot(const struct status *s, enum ab_slot_id slot)
{
	const struct ab_slot *one = &s->b->found.record.slot[slot];
	bool candidate = one->state == AB_CANDIDATE || one->state == AB_TRYING;
	char state[32], attempts[16], refunds[16], unconfirmed[16];

	(void)snprintf(state, sizeof(state), one->state == AB_BAD ? "%s (%s)" : "%s",
		       ab_state_name(one->state), ab_bad_name(one->bad));
	if (candidate)
		(void)snprintf(attempts, sizeof(attempts), "%u of %u", one->attempts, one->tries);
	else
		(void)count(attempts, one->bad == AB_BAD_TRIES, one->attempts);
	printf("%s%s     %-16s  %8s  %7s  %11s  %s%s\n", ab_slot_name(slot),
	       s->b->who.running == slot ? "*" : " ", state, attempts,
	       count(refunds, candidate, one->refunds),
	       count(unconfirmed, one->state == AB_GOOD, one->unconfirmed),
	       *one->version ? one->version : "-",
	       s->b->run.slot[slot] ? "" : "  (no such partition)");
}

/* UTC; a clock that was before this program was built had never been set. */
static const char *time_text(char buf[static CLOCK_TEXT], int64_t sec)
{
	(void)clock_text(sec < anteroot_build_epoch_sec ? -1 : sec, buf);
	if (buf[1])
		buf[10] = ' ', buf[19] = '\0';
	return buf;
}

static void print_transitions(const struct ab_record *rec)
{
	char when[CLOCK_TEXT];

	if (rec->transition[0].event == AB_EVENT_NONE)
		return;
	printf("\ntime (UTC)           event        slot      why        transaction\n");
	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		const struct ab_transition *t = &rec->transition[i];

		if (t->event != AB_EVENT_NONE)
			printf("%-19s  %-11s  %-8s  %-9s  %11u\n", time_text(when, t->realtime_sec),
			       ab_event_name(t->event),
			       t->slot < AB_ROOTS ? ab_slot_name(t->slot) : "-",
			       t->bad ? ab_bad_name(t->bad) : "-", (unsigned int)t->transaction);
	}
}

static void print_boot(const struct status *s)
{
	const struct json *clones = json_get(json_get(s->report, "seen"), "clones");

	for (const struct json *j = json_first(json_get(s->b->told, "failed")); j;
	     j = json_next(j)) {
		const char *device = json_string(json_get(j, "device"));
		const char *slot = json_string(json_get(j, "slot"));
		const char *reason = json_string(json_get(j, "reason"));

		printf(HEAD "%s%s/dev/%s: %s\n", "failed root", slot ? slot : "", slot ? ", " : "",
		       device ? device : "-", reason ? reason : "unknown");
	}
	for (const struct json *j = json_first(clones); j; j = json_next(j))
		printf(HEAD "/dev/%s has the labels of the boot disk, and was not used\n", "clone",
		       json_string(j) ? json_string(j) : "-");
}

static void print_delivered(const struct status *s)
{
	struct status_count counts[STATUS_ACTIONS_MAX];
	size_t n = status_count(s, counts);

	if (n == 0)
		return;
	printf(HEAD, "delivered");
	for (size_t i = 0; i < n; i++)
		printf("%s%u %s", i ? ", " : "", counts[i].n, counts[i].action);
	printf("\n");
	for (const struct json *j = NULL; (j = status_next_failed(s, j));) {
		const char *path = json_string(json_get(j, "path"));

		printf("  %s: %s\n", path ? path : "-", json_string(json_get(j, "error")));
	}
}

void status_print(struct status *s)
{
	print_running(s);
	print_record(s);
	if (s->b->found.backend != AB_STATELESS) {
		printf("\nslot   state             attempts  refunds  unconfirmed  version\n");
		print_slot(s, AB_A);
		print_slot(s, AB_B);
		print_transitions(&s->b->found.record);
	}
	printf("\n");
	print_boot(s);
	print_delivered(s);
	for (size_t i = 0; i < s->n_warnings; i++)
		printf(HEAD "%s\n", "warning", s->warning[i]);
}
