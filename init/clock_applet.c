/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "init/applets.h"
#include "init/clockview.h"
#include "init/options.h"
#include "init/report_clock.h"
#include "lib/clocktext.h"
#include "lib/mountinfo.h"

/* `anteroot clock`: the words of the command line, and what they show. */

static const struct clock_paths paths_default = {
	.running = { .sys = "/sys",
		     .dev = "/dev",
		     .mountinfo = MOUNTINFO_PATH,
		     .run_dir = "/run/anteroot",
		     .layout = LAYOUT_PATH },
	.root = "/",
};

#define HEAD "%-14s"

static const char *text_of(const struct json *j, const char *name)
{
	const char *text = json_string(json_get(j, name));

	return text ? text : "-";
}

static void show_boot(const struct clock_view *v)
{
	for (const struct json *j = json_first(v->boot); j; j = json_next(j)) {
		if (!json_get(j, "action"))
			continue;
		printf(HEAD "%s ", json_name(j), text_of(j, "now"));
		if (json_get(j, "set"))
			printf("%s to %s ", text_of(j, "action"), text_of(j, "set"));
		else
			printf("kept ");
		printf("(floor %s, %s%s%s)\n", text_of(j, "floor"), text_of(j, "by"),
		       json_get(j, "failed") ? "; failed: " : "",
		       json_get(j, "failed") ? text_of(j, "failed") : "");
	}
}

static void show_text(struct clock_view *v)
{
	const struct clock_facts *f = &v->facts;
	const char *why = clock_refusal(v);
	char text[CLOCK_TEXT];

	printf(HEAD "%s\n", "clock", clock_text(f->now_sec, text));
	printf(HEAD "%s", "window", clock_text(v->decision.floor_sec, text));
	printf(" to %s\n", clock_text(v->decision.ceiling_sec, text));
	printf(HEAD "%s%s\n", "save", why ? "no: " : "yes, to ", why ? why : v->state_point);
	show_boot(v);
	printf("\n");
	for (size_t i = 0; i < f->n; i++) {
		const struct clock_candidate *c = &f->candidate[i];

		if (c->absent && c->kind != CLOCK_RTC)
			continue;
		printf(HEAD "%-21s %-8s %s%s%s%s%s%s\n", c->source,
		       c->problem ? "-" : clock_text(c->sec, text),
		       clock_verdict_name(v->decision.verdict[i]), c->in ? c->in : "",
		       c->in ? ":" : "", c->path ? c->path : "", c->problem ? ": " : "",
		       c->problem ? c->problem : "",
		       c->kind == CLOCK_RTC && f->local ? ", local time" : "");
	}
}

static int show_json(struct clock_view *v)
{
	_cleanup_json_ struct json *top = json_new_object();
	struct json *save = json_add_object(top, "save");
	const char *why = clock_refusal(v), *text;

	clock_json(top, &v->facts, &v->decision);
	json_add_bool(save, "possible", why == NULL);
	json_add_string(save, "why", why);
	json_add_string(save, "state", v->state_point);
	json_add_copy(top, "boot", v->boot, v->a);
	text = json_print(top, v->a);
	(void)fputs(text ? text : "", stdout);
	return text ? EXIT_DONE : EXIT_SYSTEM;
}

static int save(struct clock_view *v)
{
	const char *why = clock_refusal(v);
	char text[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];
	struct reason r = REASON_INIT;

	if (why) {
		(void)fprintf(stderr, "anteroot: unable to save the clock: %s\n", why);
		return EXIT_NO;
	}
	if (clock_save(v, &r) < 0) {
		(void)fprintf(stderr, "anteroot: unable to save the clock: %s\n",
			      reason_render(&r, text, sizeof(text)));
		return EXIT_SYSTEM;
	}
	printf("%s is saved in %s%s\n", clock_text(v->facts.now_sec, text), v->state_point,
	       CLOCK_SAVED_PATH);
	return EXIT_DONE;
}

int applet_clock(int argc, char **argv)
{
	static struct clock_view v;
	struct arena a = ARENA_INIT;
	const char *verb = NULL, *name;
	bool as_json = false, show;
	int status = EXIT_DONE;
	struct options o;

	options_open(&o, "clock", argc, argv);
	while ((name = options_next(&o)))
		if (*name)
			as_json = true;
		else if (verb)
			return options_usage(&o, "one word is enough");
		else
			verb = o.value;
	if (o.status)
		return o.status;
	show = verb && strcmp(verb, "show") == 0;
	if (verb && !show && strcmp(verb, "save") != 0)
		return options_bad_word(&o, verb);
	if (!verb || (as_json && !show))
		return options_usage(&o, as_json ? "--json goes with `show`" : NULL);
	clock_open(&v, &sys_real, &a, &paths_default);
	if (!show)
		status = save(&v);
	else if (as_json)
		status = show_json(&v);
	else
		show_text(&v);
	if (arena_failed(&a)) {
		(void)fprintf(stderr, "anteroot: out of memory\n");
		status = EXIT_SYSTEM;
	}
	clock_close(&v);
	arena_free(&a);
	return status;
}
