/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "init/slot.h"
#include "lib/breadcrumbs.h"

#define REPORT_MAX_BYTES (4u * 1024u * 1024u)

static void warn(struct status *s, const char *text)
{
	if (text && s->n_warnings < STATUS_WARNINGS_MAX)
		s->warning[s->n_warnings++] = text;
}

static void warn_record(struct status *s)
{
	const struct bootstate *b = s->b;
	const struct abstore_found *f = &b->found;
	char message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];

	if (b->load_err < 0)
		warn(s,
		     arena_strdup(b->a, reason_render(&b->load_reason, message, sizeof(message))));
	warn(s, f->problem);
	if (f->read_only && !f->problem)
		warn(s, "the boot state is of a newer version of anteroot: read, not written");
	if (f->lost)
		warn(s, "both copies of the boot state are damaged: what follows is made up from "
			"what is there");
	else if (f->damaged)
		warn(s, "a copy of the boot state is damaged: the next change repairs it");
	if (f->counted_twice)
		warn(s, "somebody else counts boots too: one of them must stop "
			"(bootState.counter)");
	if (f->record.unknown && !f->lost)
		warn(s, "the boot state was rebuilt from what there is, and nothing is confirmed "
			"since");
}

static void warn_running(struct status *s)
{
	const struct bootstate *b = s->b;
	const char *told = json_string(json_get(b->told, "slot"));

	if (b->run.layout_problem)
		warn(s, arena_printf(b->a, "%s; the default layout holds", b->run.layout_problem));
	if (!b->run.disk)
		warn(s, "the boot disk was not found");
	if (!b->told)
		warn(s, "this boot has left no report: was anteroot in its initramfs?");
	else if (told && b->run.root_slot && strcmp(told, b->run.root_slot) != 0)
		warn(s, arena_printf(b->a, "this boot chose slot %s, and slot %s is mounted", told,
				     b->run.root_slot));
}

static void warn_crumbs(struct status *s)
{
	enum breadcrumb_want want[BREADCRUMBS];
	const struct bootstate *b = s->b;
	_cleanup_close_ int dirfd = -1;
	bool there[BREADCRUMBS];

	if (!b->state_point || b->found.backend == AB_STATELESS || b->found.lost ||
	    b->found.read_only)
		return;
	dirfd = open(b->state_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return;
	breadcrumbs_want(&b->found.record, want);
	breadcrumbs_look(dirfd, there);
	for (enum breadcrumb i = 0; i < BREADCRUMBS; i++)
		if (want[i] != BREADCRUMB_AS_IT_IS && (want[i] == BREADCRUMB_THERE) != there[i])
			warn(s,
			     arena_printf(b->a,
					  "%s is %s: the next change of the boot state puts "
					  "that right",
					  breadcrumb_name(i), there[i] ? "left over" : "missing"));
}

void status_gather(struct status *s, struct bootstate *b)
{
	*s = (struct status){ .b = b };
	if (b->told)
		s->report = bootstate_read_json(b, "report.json", REPORT_MAX_BYTES);
	s->next = bootstate_next(b, &b->found.record, NULL);
	s->next_text = bootstate_next_text(b, &b->found.record);
	warn_running(s);
	warn_record(s);
	warn_crumbs(s);
	for (const struct json *j = json_first(json_get(s->report, "warnings")); j;
	     j = json_next(j))
		warn(s, json_string(json_get(j, "text")));
}

void status_free(struct status *s)
{
	json_free(s->report);
	s->report = NULL;
}

size_t status_count(const struct status *s, struct status_count ret[static STATUS_ACTIONS_MAX])
{
	size_t n = 0, i;

	for (const struct json *j = json_first(json_get(s->report, "delivered")); j;
	     j = json_next(j)) {
		const char *action = json_string(json_get(j, "action"));

		for (i = 0; action && i < n && strcmp(ret[i].action, action) != 0; i++)
			;
		if (!action || i == STATUS_ACTIONS_MAX)
			continue;
		if (i == n)
			ret[n++] = (struct status_count){ .action = action };
		ret[i].n++;
	}
	return n;
}

const struct json *status_next_failed(const struct status *s, const struct json *last)
{
	const struct json *j =
		last ? json_next(last) : json_first(json_get(s->report, "delivered"));

	while (j && !json_string(json_get(j, "error")))
		j = json_next(j);
	return j;
}

int status_exit(const struct status *s)
{
	if (s->b->load_err < 0)
		return EXIT_SYSTEM;
	return s->b->found.backend == AB_STATELESS ? EXIT_NO : EXIT_DONE;
}

static int show(struct bootstate *b, bool as_json)
{
	static struct status s;
	int status;

	status_gather(&s, b);
	status = status_exit(&s);
	if (!as_json)
		status_print(&s);
	else if (status_print_json(&s) < 0)
		status = EXIT_SYSTEM;
	status_free(&s);
	if (arena_failed(b->a)) {
		(void)fprintf(stderr,
			      "anteroot: unable to tell all of the status: out of memory\n");
		status = EXIT_SYSTEM;
	}
	return status;
}

int applet_status(int argc, char **argv)
{
	static struct bootstate b; /* the layout in it is large for a small stack */
	struct reason r = REASON_INIT;
	struct arena a = ARENA_INIT;
	bool as_json = false;
	const char *name;
	struct options o;
	int status;

	options_open(&o, "status", argc, argv);
	while ((name = options_next(&o))) {
		if (!*name)
			return options_bad_word(&o, o.value);
		as_json = true;
	}
	if (o.status)
		return o.status;
	if (bootstate_open(&b, &sys_real, &a, &bootstate_paths_default, BOOTSTATE_READ, &r) < 0)
		status = slot_failed(&r);
	else
		status = show(&b, as_json);
	bootstate_close(&b);
	arena_free(&a);
	return status;
}
