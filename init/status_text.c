/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "init/status.h"
#include "init/terminal.h"
#include "init/timeline.h"
#include "init/version.h"
#include "lib/clocktext.h"

/*
 * `anteroot status` for people: the same lines and tables wherever they go. On a terminal they are coloured and fit its
 * width, what was delivered is listed, and the stages are bars over time.
 */

#define HEAD	    "%-12s "
#define HEAD_COLUMN 13
#define TABLE_WIDTH 78 /* of the tables with all their columns */

static struct terminal term;

static void head(const char *name)
{
	char text[16];

	(void)snprintf(text, sizeof(text), HEAD, name);
	terminal_text(&term, INK_HEAD, text);
}

static void line(enum ink ink, const char *name, const char *text)
{
	head(name);
	terminal_paragraph(&term, ink, HEAD_COLUMN, text ? text : "");
}

static bool is_narrow(void)
{
	return term.width < TABLE_WIDTH;
}

static void print_running(const struct status *s)
{
	const struct bootstate *b = s->b;
	const struct running *run = &b->run;
	const char *reason = json_string(json_get(b->told, "reason"));

	const char *where = "the root is not known";

	if (run->root && run->root_slot)
		where = arena_printf(b->a, "slot %s, /dev/%s", run->root_slot, run->root->name);
	else if (run->root)
		where = arena_printf(b->a, "/dev/%s, which is no slot", run->root->name);
	if (where)
		line(INK_PLAIN, "running",
		     arena_printf(b->a, "%s%s%s%s", where, run->mount_point ? ", mounted at " : "",
				  run->mount_point ? run->mount_point : "",
				  b->candidate ? ", a candidate's attempt" : ""));
	if (reason)
		line(INK_PLAIN, "this boot", reason);
	line(INK_PLAIN, "next boot", s->next_text ? s->next_text : "unknown");
}

static void print_record(const struct status *s)
{
	const struct bootstate *b = s->b;
	const struct abstore_found *f = &b->found;
	const char *reset = json_string(json_get(b->told, "reset_cause"));

	if (f->backend == AB_STATELESS) {
		line(INK_PLAIN, "boot state", "none");
		return;
	}
	line(INK_PLAIN, "boot state",
	     arena_printf(
		     b->a, "%s, the %s counts, transaction %u%s%s%s%s", ab_backend_name(f->backend),
		     b->conf->policy.counter == AB_LOADER ? "loader" : "agent",
		     (unsigned int)f->record.transaction,
		     f->blank	  ? ", nothing stored yet"
		     : f->copy[1] ? ", copies "
		     : f->copy[0] ? ", copy "
				  : "",
		     !f->blank && f->copy[0] ? f->copy[0] : "", !f->blank && f->copy[1] ? ", " : "",
		     !f->blank && f->copy[1] ? f->copy[1] : ""));
	if (*f->record.floor || *b->conf->policy.floor)
		line(INK_PLAIN, "floor",
		     *f->record.floor ? f->record.floor : b->conf->policy.floor);
	if (reset)
		line(INK_PLAIN, "last reset", reset);
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
	printf("%s%s     ", ab_slot_name(slot), s->b->who.running == slot ? "*" : " ");
	terminal_text(&term,
		      candidate		      ? INK_WARNING
		      : one->state == AB_GOOD ? INK_GOOD
		      : one->state == AB_BAD  ? INK_BAD
					      : INK_DIM,
		      state);
	printf("%*s  %8s  ", 16 - (int)strlen(state), "", attempts);
	if (!is_narrow())
		printf("%7s  %11s  ", count(refunds, candidate, one->refunds),
		       count(unconfirmed, one->state == AB_GOOD, one->unconfirmed));
	printf("%s%s\n", *one->version ? one->version : "-",
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
	(void)putchar('\n');
	terminal_text(
		&term, INK_HEAD,
		is_narrow() ? "time (UTC)           event        slot"
			    : "time (UTC)           event        slot      why        transaction");
	(void)putchar('\n');
	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		const struct ab_transition *t = &rec->transition[i];

		if (t->event == AB_EVENT_NONE)
			continue;
		printf("%-19s  %-11s  ", time_text(when, t->realtime_sec), ab_event_name(t->event));
		printf(is_narrow() ? "%s\n" : "%-8s  ",
		       t->slot < AB_ROOTS ? ab_slot_name(t->slot) : "-");
		if (!is_narrow())
			printf("%-9s  %11u\n", t->bad ? ab_bad_name(t->bad) : "-",
			       (unsigned int)t->transaction);
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

		line(INK_BAD, "failed root",
		     arena_printf(s->b->a, "%s%s/dev/%s: %s", slot ? slot : "", slot ? ", " : "",
				  device ? device : "-", reason ? reason : "unknown"));
	}
	for (const struct json *j = json_first(clones); j; j = json_next(j))
		line(INK_WARNING, "clone",
		     arena_printf(s->b->a,
				  "/dev/%s has the labels of the boot disk, and was not used",
				  json_string(j) ? json_string(j) : "-"));
}

/* On a terminal each that is not as it was; else, as before, those that failed. */
static void print_delivery(const struct json *j)
{
	const char *path = json_string(json_get(j, "path")), *key = json_string(json_get(j, "key"));
	const char *action = json_string(json_get(j, "action"));
	const char *error = json_string(json_get(j, "error"));

	path = path ? path : key ? key : "-";
	if (!action || (!error && (!term.shown || strcmp(action, "unchanged") == 0)))
		return;
	printf("  ");
	if (!error) {
		printf("%-10s ", action);
		terminal_paragraph(&term, INK_PLAIN, HEAD_COLUMN, path);
		return;
	}
	terminal_text(&term, INK_BAD, path);
	printf(": ");
	terminal_paragraph(&term, INK_PLAIN, (unsigned int)strlen(path) + 4, error);
}

static void print_delivered(const struct status *s)
{
	struct status_count counts[STATUS_ACTIONS_MAX];
	size_t n = status_count(s, counts);
	const char *text = "";

	if (n == 0)
		return;
	for (size_t i = 0; i < n && text; i++)
		text = arena_printf(s->b->a, "%s%s%u %s", text, i ? ", " : "", counts[i].n,
				    counts[i].action);
	line(INK_PLAIN, "delivered", text);
	for (const struct json *j = json_first(json_get(s->report, "delivered")); j;
	     j = json_next(j))
		print_delivery(j);
}

/* A report that has none is no fault of the boot state's. */
static void print_timeline(const struct status *s)
{
	char text[TIMELINE_TEXT];
	struct timeline tl;

	if (!s->report || timeline_read(s->b->a, s->report, &tl, NULL) < 0)
		return;
	line(INK_PLAIN, "boot took", timeline_msec(text, tl.end_usec - tl.bar[0].duration_usec));
	if (term.shown)
		timeline_print(&tl, &term, term.width, false);
}

void status_print(struct status *s)
{
	terminal_look(&term);
	print_running(s);
	print_record(s);
	if (s->b->found.backend != AB_STATELESS) {
		(void)putchar('\n');
		terminal_text(&term, INK_HEAD,
			      is_narrow() ? "slot   state             attempts  version"
					  : "slot   state             attempts  refunds  "
					    "unconfirmed  version");
		(void)putchar('\n');
		print_slot(s, AB_A);
		print_slot(s, AB_B);
		print_transitions(&s->b->found.record);
	}
	printf("\n");
	print_boot(s);
	print_delivered(s);
	for (size_t i = 0; i < s->n_warnings; i++)
		line(INK_WARNING, "warning", s->warning[i]);
	print_timeline(s);
}
