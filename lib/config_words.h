/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/config.h"

/*
 * What is said of the keys of config.json to people: tests/tools/describe writes docs/CONFIG.md's table,
 * docs/config.schema.json and the manual page from it. Nothing in the program calls this, so the linker
 * leaves the words out.
 */

struct config_words {
	const char *path; /* as in struct config_key */
	const char *
		pattern; /* regular expression for the JSON Schema, of a string or item; NULL: none */
	const char *hook;     /* the step that delivers it; NULL: it is only read */
	const char *text;     /* what it does */
	const char *fallback; /* without it, or with a bad value */
	const char *example;  /* JSON value */
	const char *output;   /* where it goes in the target */
	const char *reader;   /* who reads it there */
};

extern const size_t config_words_len;

/**
 * @param path path of a key
 * @return its words, or NULL: it is CONFIG_FOREIGN, or no key
 */
const struct config_words *config_words(const char *path) _nonnull_all_;
