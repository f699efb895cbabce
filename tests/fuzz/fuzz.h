/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/config.h"
#include "lib/json.h"

/*
 * What the fuzzers share. Each is one file with the function that libFuzzer calls; tests/fuzz/replay.c calls it
 * with the inputs of tests/fuzz/corpus. What must hold is said with MUST(): a failure ends the program.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))

#define NEVER(what) fuzz_failed(__FILE__, __LINE__, (what))

_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/** What of an input is not used yet. */
struct input {
	const char *p;
	size_t len;
};

/** Takes a byte off; 0 when there is none. */
unsigned int input_byte(struct input *in);

/** Takes off what comes before the next byte 0xff, which no JSON text has; the last part is all of it. */
struct input input_part(struct input *in);

/** A copy in a block of its own size, so that a sanitizer sees a byte too far. Free it. */
char *input_copy(const struct input *in);

/** The next of the numbers that follow from a seed; from 0 nothing but zeros. */
unsigned int fuzz_random(unsigned int *seed);

/** @return true when a text has no control character; a tab is allowed with `tab`. */
bool is_clean(const char *s, bool tab);

/** @return base64 in the arena, with a line break behind every `columns` characters; 0: in one line. */
char *fuzz_base64(struct arena *a, const void *data, size_t len, size_t columns);

/**
 * Writes a JSON document anew, on one line, and puts something else in the place of some members.
 *
 * @param text the document that `top` was parsed from
 * @param pick tells by the path ("os.sshKeys"; a dot in a name is a `?`) and the number of the member
 * @param replacement JSON
 * @return the text in the arena
 */
struct edit {
	bool (*pick)(const struct edit *e, const char *path, size_t number);
	size_t number;	  /* for pick(): the one wanted */
	const char *path; /* the same */
	const char *replacement;
};
const char *fuzz_edit(struct arena *a, const char *text, const struct json *top,
		      const struct edit *e);

/** @return true when two configurations have the same value in a row. */
bool same_value(const struct config_key *row, const struct config *x, const struct config *y);

/** Parses a text that is JSON. */
void fuzz_parse(struct arena *a, const char *text, struct config *ret);
