/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "init/terminal.h"
#include "lib/cmdline.h"
#include "lib/nearmiss.h"

/* `anteroot help`, and how an applet is called. */

#define COLUMN 17 /* of a row's text */

void applet_usage(const struct applet *applet, FILE *to)
{
	const char *way = applet->synopsis;

	for (size_t len; way; way = way[len] ? way + len + 1 : NULL) {
		len = strcspn(way, "\n");
		(void)fprintf(to, "%s anteroot %s%s%.*s\n",
			      way == applet->synopsis ? "Usage:" : "      ", applet->name,
			      len ? " " : "", (int)len, way);
	}
}

/* A name, or a name and its form, and in the next column what it is. */
static void print_row(const struct terminal *t, const char *name, const char *form,
		      const char *text)
{
	int n;

	printf("  ");
	terminal_text(t, INK_HEAD, name);
	n = 2 + (int)strlen(name) + printf("%s%s", *form ? " " : "", form);
	/* One blank at least. */
	if (n < COLUMN)
		printf("%*s", COLUMN - n, "");
	else
		printf("\n%*s", COLUMN, "");
	terminal_paragraph(t, INK_PLAIN, COLUMN, text);
}

void applet_print_help(const struct applet *applet)
{
	struct terminal t;

	terminal_look(&t);
	t.shown = true; /* lines of a width that can be read, wherever they go */
	applet_usage(applet, stdout);
	printf("\n%s: ", applet->name);
	terminal_paragraph(&t, INK_PLAIN, (unsigned int)strlen(applet->name) + 2, applet->text);
	for (const struct applet_row *row = applet->rows; row && row->name; row++) {
		if (row == applet->rows)
			(void)putchar('\n');
		print_row(&t, row->name, row->form, row->text);
	}
	printf("\nExit status: ");
	terminal_paragraph(&t, INK_PLAIN, 13, applet->status);
	printf("\nExample:\n  %s\n", applet->example);
}

static void print_arguments(const struct terminal *t)
{
	size_t n;
	const struct args_row *row = args_table(&n);

	printf("\nArguments of the kernel that `init` understands:\n");
	for (size_t i = 0; i < n; i++) {
		printf("  ");
		terminal_text(t, INK_HEAD, row[i].key);
		if (strncmp(row[i].form, "no value", 8) != 0)
			printf("=%s", row[i].form);
		else if (row[i].form[8])
			printf("  (%s)", row[i].form);
		printf("\n      ");
		terminal_paragraph(t, INK_PLAIN, 6, row[i].text);
	}
}

int applet_unknown(const char *name)
{
	size_t n;
	const struct applet *applet = applets_table(&n), *meant = NULL;

	for (size_t i = 0; i < n && !meant; i++)
		if (near_miss(name, applet[i].name))
			meant = &applet[i];
	(void)fprintf(stderr, "anteroot: there is no applet %s%s%s%s; `anteroot help` lists them\n",
		      name, meant ? " (did you mean " : "", meant ? meant->name : "",
		      meant ? "?)" : "");
	return EXIT_USAGE;
}

int applet_help(int argc, char **argv)
{
	size_t n;
	const struct applet *applet = applets_table(&n);
	struct terminal t;

	if (argc > 1 && !applet_find(argv[1]))
		return applet_unknown(argv[1]);
	if (argc > 1) {
		applet_print_help(applet_find(argv[1]));
		return EXIT_DONE;
	}
	terminal_look(&t);
	printf("Usage: anteroot APPLET [ARGUMENT ...]\n\nApplets:\n");
	for (size_t i = 0; i < n; i++)
		print_row(&t, applet[i].name, "", applet[i].text);
	printf("`anteroot help APPLET` tells the rest of one.\n");
	print_arguments(&t);
	return EXIT_DONE;
}
