/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/plan.h"

/** @return true when the target has a program or file of this path, which is in a hook's `places`. */
bool target_has(const struct facts *f, const char *path);

/** @return true when a list of servers is the one word "null": none, and no default either. */
bool servers_none(const struct config_strings *servers);

/** @return a text with a line for each server, `before` and `after` it; NULL when memory is out. */
const char *servers_text(struct plan *p, const struct config_strings *servers, const char *before,
			 const char *after);

/**
 * @param render makes the form that the reader wants of a server; NULL: as it is
 * @return the servers with a blank between them, NULL when memory is out
 */
const char *servers_words(struct plan *p, const struct config_strings *servers,
			  const char *(*render)(struct plan *p, const char *server));
