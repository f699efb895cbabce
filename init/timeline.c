/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/timeline.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "lib/file.h"

#define REPORT_PATH	 "/run/anteroot/report.json"
#define REPORT_MAX_BYTES (4u * 1024u * 1024u)
#define USEC_MAX	 (INT64_C(1) << 50) /* 35 years: sums and products with a width fit */
#define NAME_WIDTH_MAX	 20

const char *timeline_msec(char buf[static TIMELINE_TEXT], int64_t usec)
{
	(void)snprintf(buf, TIMELINE_TEXT, "%lld.%lld ms", (long long)((usec + 50) / 1000),
		       (long long)((usec + 50) / 100 % 10));
	return buf;
}

static int bad(struct reason *r, const char *list, size_t i, const char *expected)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "%s[%zu]", list, i);
	return reason_setf(r, EBADMSG, "use", where, "expected %s", expected);
}

static bool read_usec(const struct json *j, const char *name, int64_t *ret)
{
	return json_int(json_get(j, name), ret) && *ret >= 0 && *ret <= USEC_MAX;
}

static int add(struct timeline *tl, const struct json *j, const char *list, size_t i,
	       struct reason *r)
{
	bool module = strcmp(list, "modules") == 0;
	struct timeline_bar bar = { .kind = module ? TIMELINE_MODULE : TIMELINE_STAGE,
				    .name = json_string(json_get(j, "name")),
				    .failed = json_get(j, "error") != NULL };

	if (!bar.name)
		return bad(r, list, i, "a name");
	if (strcmp(bar.name, "handover") == 0 && !module)
		bar.kind = TIMELINE_HANDOVER;
	if (!read_usec(j, module ? "usec" : "duration_usec", &bar.duration_usec))
		return bad(r, list, i, "a duration in microseconds");
	if (json_get(j, "start_usec") && !read_usec(j, "start_usec", &bar.start_usec))
		return bad(r, list, i, "a start in microseconds");
	/* In a report of 0.3.0 a module has none: then it stands behind the one before it. */
	if (!json_get(j, "start_usec") && tl->n > 0)
		bar.start_usec = tl->n_modules ? tl->bar[tl->n - 1].start_usec +
							 tl->bar[tl->n - 1].duration_usec
					       : tl->bar[0].duration_usec;
	(void)!json_int(json_get(j, "rounds"), &bar.rounds);
	if (tl->n == 0)
		tl->bar[tl->n++] =
			(struct timeline_bar){ .name = "kernel", .duration_usec = bar.start_usec };
	if (bar.start_usec + bar.duration_usec > tl->end_usec)
		tl->end_usec = bar.start_usec + bar.duration_usec;
	tl->n_modules += module;
	tl->modules_usec += module ? bar.duration_usec : 0;
	tl->bar[tl->n++] = bar;
	return 0;
}

int timeline_read(struct arena *a, const struct json *report, struct timeline *ret,
		  struct reason *r)
{
	static const char *const lists[] = { "stages", "modules" };

	*ret = (struct timeline){ .bar = arena_alloc(a,
						     (JSON_VALUES_MAX + 1) * sizeof(*ret->bar)) };
	if (!ret->bar)
		return reason_set(r, ENOMEM, "read", "the report");
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		size_t i = 0;

		for (const struct json *j = json_first(json_get(report, lists[k])); j;
		     j = json_next(j)) {
			int err = add(ret, j, lists[k], i++, r);

			if (err < 0)
				return err;
		}
		if (k == 0 && i == 0)
			return reason_setf(r, EBADMSG, "use", "stages",
					   "expected those of a boot; is it a report.json?");
	}
	return 0;
}

static unsigned int scaled(const struct timeline *tl, int64_t usec, unsigned int width)
{
	return tl->end_usec > 0 ? (unsigned int)(usec * width / tl->end_usec) : 0;
}

static void print_bar(const struct timeline *tl, const struct terminal *t,
		      const struct timeline_bar *bar, unsigned int names, unsigned int width)
{
	static const enum ink inks[] = { INK_DIM, INK_BAR, INK_GOOD, INK_WARNING };
	unsigned int before = scaled(tl, bar->start_usec, width), length;
	char text[TIMELINE_TEXT], name[NAME_WIDTH_MAX + 1];

	if (before >= width)
		before = width - 1;
	length = scaled(tl, bar->start_usec + bar->duration_usec, width) - before;
	if (length == 0)
		length = 1;
	(void)snprintf(name, sizeof(name), "%s%s", bar->kind == TIMELINE_MODULE ? "  " : "",
		       bar->name);
	terminal_text(t, INK_PLAIN, name);
	printf("%*s", (int)(names - strlen(name) + 1 + before), "");
	terminal_bar(t, bar->failed ? INK_BAD : inks[bar->kind], length);
	printf("%*s%11s", (int)(width - before - length), "",
	       timeline_msec(text, bar->duration_usec));
	if (bar->rounds > 1)
		printf("  %lld rounds", (long long)bar->rounds);
	printf("%s\n", bar->failed ? "  failed" : "");
}

void timeline_print(const struct timeline *tl, const struct terminal *t, unsigned int width,
		    bool modules)
{
	size_t shown = modules ? tl->n : tl->n - tl->n_modules;
	char text[TIMELINE_TEXT];
	unsigned int names = 8;

	for (size_t i = 0; i < shown; i++) {
		size_t len = strlen(tl->bar[i].name) + 2u * (tl->bar[i].kind == TIMELINE_MODULE);

		if (len > names)
			names = len > NAME_WIDTH_MAX ? NAME_WIDTH_MAX : (unsigned int)len;
	}
	/* Behind the bar a duration and the rounds. */
	width = width > names + 34 ? width - names - 24 : 10;
	for (size_t i = 0; i < shown; i++)
		print_bar(tl, t, &tl->bar[i], names, width);
	printf("%-*s%s\n", (int)(names + 1), "in all", timeline_msec(text, tl->end_usec));
	if (tl->n_modules > 0)
		printf("%-*s%s for %zu modules\n", (int)(names + 1), "of it",
		       timeline_msec(text, tl->modules_usec), tl->n_modules);
}

/* @return 0 or an exit status */
static int read_report(struct arena *a, const char *path, struct json **ret_report,
		       struct timeline *tl)
{
	char message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32], *text;
	const char *file = path ? path : REPORT_PATH;
	struct reason r = REASON_INIT;
	size_t len;
	int err = file_read(a, AT_FDCWD, file, REPORT_MAX_BYTES, &text, &len);

	if (err == -ENOENT && !path) {
		(void)fprintf(stderr,
			      "anteroot: unable to read %s: this boot has left no report: was "
			      "anteroot in its initramfs?\n",
			      file);
		return EXIT_NO;
	}
	if (err < 0)
		(void)reason_set(&r, err, "read", file);
	else
		err = json_parse(text, len, ret_report, &r);
	if (err == 0)
		err = timeline_read(a, *ret_report, tl, &r);
	if (err == 0)
		return 0;
	(void)fprintf(stderr, "anteroot: %s%s%s\n", r.err == EBADMSG ? file : "",
		      r.err == EBADMSG ? ": " : "", reason_render(&r, message, sizeof(message)));
	return err == -ENOMEM ? EXIT_SYSTEM : EXIT_USAGE;
}

int applet_timeline(int argc, char **argv)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_json_ struct json *report = NULL;
	const char *path = NULL, *name;
	bool svg = false;
	struct timeline tl;
	struct terminal t;
	struct options o;
	int status;

	options_open(&o, "timeline", argc, argv);
	while ((name = options_next(&o)))
		if (*name)
			svg = true;
		else if (path)
			return options_usage(&o, "one FILE at a time");
		else
			path = o.value;
	status = o.status ? o.status : read_report(&a, path, &report, &tl);
	if (status != 0)
		return status;
	if (svg) {
		timeline_print_svg(&tl);
		return EXIT_DONE;
	}
	terminal_look(&t);
	timeline_print(&tl, &t, t.width, true);
	return EXIT_DONE;
}
