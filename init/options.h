/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "init/applets.h"
#include "lib/cleanup.h"

/* The options and words of an applet, by its rows in the table (init/table.c). An option may stand anywhere. */

struct options {
	const struct applet *applet;
	char **argv;
	int argc, at;
	const char *value; /* of the option, or the word, that options_next() has given */
	bool words_only;   /* behind "--" */
	int status;	   /* EXIT_USAGE after bad usage, which has been said; else 0 */
};

/** Starts behind argv[0]. @param applet its name in the table */
void options_open(struct options *o, const char *applet, int argc, char **argv) _nonnull_all_;

/**
 * @return the name of the next option, as it is in the table; "" for a word; NULL at the end, and after bad usage,
 *         which o->status tells.
 */
const char *options_next(struct options *o) _nonnull_all_;

/** Bad usage: says what is wrong when there is something to say, and how it is done. @return EXIT_USAGE */
int options_usage(struct options *o, const char *problem) _nonnull_(1);

/** The same for a word that is none of the applet's; names the one that was meant. @return EXIT_USAGE */
int options_bad_word(struct options *o, const char *word) _nonnull_all_;
