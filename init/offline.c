/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/apply.h"
#include "init/decide.h"
#include "init/observe_config.h"
#include "init/options.h"
#include "init/report_config.h"

/*
 * `anteroot plan` and `apply`: what the TARGET stage of a boot does, into a root that somebody has mounted or
 * unpacked. The same facts, the same hooks, the same operations; nothing outside of the root (and of the
 * folder given with --state) is touched: no mount, no host name, no clock.
 */

struct offline {
	const char *applet;
	const char *root, *config, *boot_dir, *state;
	bool json;
};

/* @return 0, or an exit status */
static int read_options(struct offline *o, int argc, char **argv)
{
	const struct {
		const char *name, **value;
	} takes[] = {
		{ "--root", &o->root },
		{ "--config", &o->config },
		{ "--boot", &o->boot_dir },
		{ "--state", &o->state },
	};
	struct options given;
	const char *name;

	options_open(&given, o->applet, argc, argv);
	while ((name = options_next(&given))) {
		if (!*name) {
			(void)options_bad_word(&given, given.value);
			return EXIT_USAGE;
		}
		o->json |= strcmp(name, "--json") == 0;
		for (size_t i = 0; i < ARRAY_SIZE(takes); i++)
			if (strcmp(name, takes[i].name) == 0)
				*takes[i].value = given.value;
	}
	if (given.status)
		return given.status;
	if (o->root && (o->config || o->boot_dir))
		return 0;
	(void)options_usage(&given,
			    o->root ? "--config or --boot is missing" : "--root is missing");
	return EXIT_USAGE;
}

/* A folder's path as the plan has it: no slash at its end, and never "/" alone. NULL: it is none. */
static const char *folder(struct arena *a, const char *path)
{
	char *copy = arena_strdup(a, path);
	struct stat st;
	size_t len;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		(void)fprintf(stderr, "anteroot: unable to use %s: expected a folder\n", path);
		return NULL;
	}
	for (len = copy ? strlen(copy) : 0; len > 0 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	return copy && !*copy ? "/." : copy;
}

static int prepare(struct boot *b, const struct offline *o)
{
	struct facts *f = &b->facts;

	f->offline = true;
	f->target_dir = folder(&b->arena, o->root);
	if (!f->target_dir || (o->boot_dir && !folder(&b->arena, o->boot_dir)))
		return EXIT_USAGE;
	f->runtime_dir = arena_printf(&b->arena, "%s/run", f->target_dir);
	f->run_dir = arena_printf(&b->arena, "%s/run/anteroot", f->target_dir);
	if (o->state) {
		b->keep_tree = folder(&b->arena, o->state);
		if (!b->keep_tree)
			return EXIT_USAGE;
		f->keep_dir = arena_printf(&b->arena, "%s/anteroot", b->keep_tree);
	}
	if (arena_failed(&b->arena) || observe_config_at(b, o->boot_dir, o->config) < 0 ||
	    observe_target(b) < 0)
		return EXIT_SYSTEM;
	return 0;
}

/* A promise, kept here whatever the hooks come to plan: files, and nothing of the machine. */
static bool only_files(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		switch (plan->op[i].kind) {
		case OP_DIR:
		case OP_FILE:
		case OP_REMOVE:
		case OP_RETAIN:
		case OP_SKIP:
		case OP_WARN:
			break;
		default:
			(void)fprintf(stderr, "anteroot: unable to apply a plan with %s in it\n",
				      op_name(plan->op[i].kind));
			return false;
		}
	return true;
}

static void show_plan(struct boot *b, const struct plan *plan, struct json *top)
{
	struct json *list = json_add_array(top, "plan");

	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->op[i];
		const char *text = op_text(&b->arena, op);
		struct json *item;

		if (!top) {
			printf("%s: %s\n", op->hook, text ? text : "");
			continue;
		}
		item = json_append_object(list);
		json_add_string(item, "hook", op->hook);
		json_add_string(item, "operation", op_name(op->kind));
		if (op->key)
			json_add_string(item, "key", op->key);
		if (op->target)
			json_add_string(item, "path", op->target);
		json_add_string(item, "text", text);
	}
}

static void show_deliveries(const struct boot *b)
{
	for (size_t i = 0; i < b->report.n_deliveries; i++) {
		const struct report_delivery *d = &b->report.delivery[i];

		printf("%-10s %s%s%s%s%s\n", action_name(d->action), d->path ? d->path : d->key,
		       d->error ? ": " : "", d->error ? d->error : "",
		       d->kept ? ", what was there is kept as " : "", d->kept ? d->kept : "");
	}
}

static bool is_flawed(const struct boot *b)
{
	const struct config *c = &b->facts.config;

	for (size_t i = 0; i < c->n_entries; i++)
		if (config_severity(&c->entry[i]) == CONFIG_ERROR)
			return true;
	return c->error || b->report.n_warnings > 0;
}

static int run(struct boot *b, const struct offline *o, bool apply_it, struct json *top)
{
	struct plan plan = PLAN_INIT(&b->arena);
	int status = prepare(b, o);

	if (status != 0)
		return status;
	decide(STAGE_TARGET, &b->facts, &plan);
	if (arena_failed(&b->arena) || !only_files(&plan))
		return EXIT_SYSTEM;
	if (apply_it && apply(b, &plan) < 0)
		return EXIT_SYSTEM;
	if (!apply_it)
		show_plan(b, &plan, top);
	else if (!top)
		show_deliveries(b);
	for (size_t i = 0; i < b->report.n_warnings; i++)
		(void)fprintf(stderr, "anteroot: %s\n", b->report.warning[i].text);
	if (top) {
		report_config(top, b);
		report_warnings(top, b);
	}
	if (b->report.n_failed > 0)
		return EXIT_SYSTEM;
	if (b->facts.config.state == CONFIG_NONE)
		return EXIT_USAGE;
	return is_flawed(b) ? EXIT_NO : EXIT_DONE;
}

static int offline(int argc, char **argv, const char *applet, bool apply_it)
{
	static struct boot boot; /* as in init: too large for a small stack */
	struct offline o = { .applet = applet };
	_cleanup_json_ struct json *top = NULL;
	int status = read_options(&o, argc, argv);

	if (status != 0)
		return status;
	boot_init(&boot, &sys_real);
	top = o.json ? json_new_object() : NULL;
	status = run(&boot, &o, apply_it, top);
	if (top) {
		const char *text = json_print(top, &boot.arena);

		(void)fputs(text ? text : "", stdout); /* klibc's printf() ends at 32 KiB */
		status = text ? status : EXIT_SYSTEM;
	}
	if (arena_failed(&boot.arena)) {
		(void)fprintf(stderr, "anteroot: unable to %s: out of memory\n", o.applet);
		status = EXIT_SYSTEM;
	}
	boot_close(&boot);
	return status;
}

int applet_plan(int argc, char **argv)
{
	return offline(argc, argv, "plan", false);
}

int applet_apply(int argc, char **argv)
{
	return offline(argc, argv, "apply", true);
}
