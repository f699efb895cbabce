/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"

/* What people read: its width, and colour where there is one. */

#define TERMINAL_WIDTH	   80 /* where nobody says how wide it is */
#define TERMINAL_WIDTH_MIN 40
#define TERMINAL_WIDTH_MAX 400

/* How a text is meant; each is a colour. */
enum ink { INK_PLAIN, INK_HEAD, INK_GOOD, INK_WARNING, INK_BAD, INK_DIM, INK_BAR };

struct terminal {
	bool shown;  /* stdout is one: texts are broken into lines of its width */
	bool colour; /* … that shows colours, which NO_COLOR and TERM=dumb forbid */
	bool blocks; /* … and block characters: the locale is one of UTF-8 */
	unsigned int width;
};

/** Looks at stdout and the environment. */
void terminal_look(struct terminal *t) _nonnull_all_;

/** Begins and ends an ink; nothing without colour. */
void terminal_ink(const struct terminal *t, enum ink ink) _nonnull_all_;

/** Prints a text in an ink; control characters, which might be anything to a terminal, as `?`. */
void terminal_text(const struct terminal *t, enum ink ink, const char *text) _nonnull_all_;

/**
 * Prints a text at `column`, where the cursor is, and ends its line. A terminal's width breaks it between words, and
 * what follows begins at the same column.
 */
void terminal_paragraph(const struct terminal *t, enum ink ink, unsigned int column,
			const char *text) _nonnull_all_;

/** Prints `length` characters of a bar. */
void terminal_bar(const struct terminal *t, enum ink ink, unsigned int length) _nonnull_all_;
