/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/options.h"

#include <stdio.h>
#include <string.h>

#include "lib/nearmiss.h"

#define NAME_MAX_BYTES 64

void options_open(struct options *o, const char *applet, int argc, char **argv)
{
	*o = (struct options){ .applet = applet_find(applet), .argv = argv, .argc = argc, .at = 1 };
}

int options_usage(struct options *o, const char *problem)
{
	if (problem)
		(void)fprintf(stderr, "anteroot: %s: %s\n", o->applet->name, problem);
	applet_usage(o->applet, stderr);
	(void)fprintf(stderr, "`anteroot help %s` tells more.\n", o->applet->name);
	o->status = EXIT_USAGE;
	return o->status;
}

/* @return the row whose name looks like what was typed; NULL: none */
static const struct applet_row *meant(const struct options *o, const char *typed, bool option)
{
	typed += strspn(typed, "-");
	for (const struct applet_row *row = o->applet->rows; row && row->name; row++) {
		const char *name = row->name + strspn(row->name, "-");

		if ((*row->name == '-') == option && near_miss(typed, name))
			return row;
	}
	return NULL;
}

static int unknown(struct options *o, const char *what, const char *typed, size_t len, bool option)
{
	char name[NAME_MAX_BYTES], text[2 * NAME_MAX_BYTES + 64];
	const struct applet_row *row;

	(void)snprintf(name, sizeof(name), "%.*s", (int)len, typed);
	row = meant(o, name, option);
	(void)snprintf(text, sizeof(text), "there is no %s %s%s%s%s", what, name,
		       row ? "; did you mean " : "", row ? row->name : "", row ? "?" : "");
	return options_usage(o, text);
}

int options_bad_word(struct options *o, const char *word)
{
	return unknown(o, "word", word, strlen(word), false);
}

static const char *option(struct options *o, const char *arg)
{
	size_t len = strcspn(arg, "=");
	char text[2 * NAME_MAX_BYTES];

	for (const struct applet_row *row = o->applet->rows; row && row->name; row++) {
		if (*row->name != '-' || strlen(row->name) != len ||
		    strncmp(row->name, arg, len) != 0)
			continue;
		o->value = arg[len] ? arg + len + 1 : NULL;
		if (*row->form && !o->value && o->at < o->argc)
			o->value = o->argv[o->at++];
		if (!*row->form == !o->value)
			return row->name;
		(void)snprintf(text, sizeof(text), "%s %s%s", row->name,
			       o->value ? "takes no value" : "needs a value: ", row->form);
		(void)options_usage(o, text);
		return NULL;
	}
	(void)unknown(o, "option", arg, len, true);
	return NULL;
}

const char *options_next(struct options *o)
{
	const char *arg;

	if (o->status == 0 && o->at < o->argc && !o->words_only &&
	    strcmp(o->argv[o->at], "--") == 0) {
		o->words_only = true;
		o->at++;
	}
	if (o->status != 0 || o->at >= o->argc)
		return NULL;
	arg = o->argv[o->at++];
	if (!o->words_only && arg[0] == '-' && arg[1])
		return option(o, arg);
	o->value = arg;
	return "";
}
