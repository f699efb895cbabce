/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * config.json: text in, typed values out. Pure. A key that is wrong is reported and absent; it never
 * harms another key. The value null is the same as no key. Keys that we do not know are somebody
 * else's. One table of keys (in config.c) drives it.
 */

#define CONFIG_MAX_BYTES (256u * 1024u)

enum config_tristate { CONFIG_ABSENT, CONFIG_FALSE, CONFIG_TRUE };

struct config_rule {
	const char *name; /* "56": the file is 56.rules */
	const char *text; /* ends in exactly one newline */
};

struct config {
	const char *hostname; /* RFC 1123; NULL: absent */
	const char *uuid;     /* letters, digits and `-`; NULL: absent */
	enum config_tristate persistent_logging;
	struct config_rule *udev_rule;
	size_t n_udev_rules;
	const char **ssh_key; /* one line each, no newline and no other control character but tab */
	size_t n_ssh_keys;
};

/** What is wrong with one key. */
struct config_problem {
	const char *key;      /* "os.udevRules.56"; printable ASCII, cut when long */
	const char *wrong;    /* "is a number"; never the value itself: it may be a secret */
	const char *expected; /* "a string of 1 to 64 letters, …" */
};

struct config_problems {
	struct config_problem *problem;
	size_t n;
};

/**
 * @return NULL when a host name is one (RFC 1123: at most 64 characters, labels of at most 63 letters,
 *         digits and inner `-`, none of the names of the machine itself: localhost…), else what is
 *         wrong with it
 */
const char *config_hostname_problem(const char *hostname) _nonnull_all_;

/**
 * @param a arena for the result
 * @param text content of the file, `len` bytes
 * @param ret_config result, complete: what is wrong or absent has its default
 * @param ret_problems keys that were wrong
 * @return 0 (also when keys are wrong); -EBADMSG when it is not JSON at all or too large, with line
 *         and column in the reason, and *ret_config is the empty configuration; -ENOMEM
 */
int config_parse(struct arena *a, const char *text, size_t len, struct config *ret_config,
		 struct config_problems *ret_problems, struct reason *r)
	_nonnull_(1, 2, 4, 5) _must_check_;
