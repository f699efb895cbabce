/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * config.json: text in, typed values and verdicts out. Pure. One table of keys (lib/config_keys.c) drives
 * the reading, `anteroot check`, the JSON Schema and the manual. A key that is wrong is reported and has
 * its default, or its previous value when it is what lets people in (CONFIG_ACCESS); it never harms
 * another key. The value null is the same as no key. Of a key that occurs twice the last one holds, as
 * with jq. Keys that are not ours are left alone.
 */

#define CONFIG_MAX_BYTES      (256u * 1024u)
#define CONFIG_KEPT_MAX_BYTES (1024u * 1024u) /* of the last known good configuration */

enum config_tristate { CONFIG_ABSENT, CONFIG_FALSE, CONFIG_TRUE };

struct config_rule {
	const char *name; /* "56": the file is 56.rules */
	const char *text; /* ends in exactly one newline */
	const char *key;  /* "os.udevRules.56", as in the entry */
};

struct config_rules {
	struct config_rule *rule;
	size_t n;
};

struct config_strings {
	const char **item;
	size_t n;
};

struct config_number {
	bool set;
	int64_t value;
};

enum config_kind {
	CONFIG_STRING,	/* const char *: a string */
	CONFIG_BOOL,	/* enum config_tristate: true or false */
	CONFIG_NUMBER,	/* struct config_number: a whole number */
	CONFIG_WORDS,	/* struct config_strings: a string of words with blanks between them */
	CONFIG_LINES,	/* struct config_strings: an array of strings of one line each */
	CONFIG_RULES,	/* struct config_rules: an object of names and texts */
	CONFIG_FOREIGN, /* known, somebody else's, left alone */
};

#define CONFIG_ACCESS \
	0x1u /* who gets in, and over which network: a bad value keeps the previous one */
#define CONFIG_SECRET	 0x2u /* shown nowhere; its readers' files are for root alone */
#define CONFIG_NONE_WORD 0x4u /* the one word "null" means: none, and no default either */
#define CONFIG_UPPER	 0x8u /* letters are made capitals */

/** One row of the table of keys. */
struct config_key {
	const char *path; /* members from the top, joined by dots */
	enum config_kind kind;
	unsigned int flags;
	size_t offset;	  /* of its value in struct config */
	int64_t min, max; /* bytes of a string or word, value of a number */
	size_t items_max; /* words, lines, rules */
	/* Judges a string, word or line; NULL is success, else what is wrong with it. */
	const char *(*problem)(struct arena *a, const char *value);
	const char *expected; /* "a string of …": goes behind "expected" */
	const char *item;     /* the same for one word or line; NULL: as expected */
	const char *owner;    /* CONFIG_FOREIGN and keys we only look at: whose it is */
};

extern const struct config_key config_keys[];
extern const size_t config_keys_len;

/** What was said of one key of a document. */
enum config_verdict {
	VERDICT_ABSENT,	  /* not there, or null */
	VERDICT_ACCEPTED, /* as it should be */
	VERDICT_COERCED, /* taken, though not of the form it should have; `wrong` says what it was */
	VERDICT_REJECTED, /* `wrong` and `expected` say why */
	VERDICT_FOREIGN,  /* known and somebody else's */
	VERDICT_UNKNOWN,  /* `expected` may name a key that is spelled almost like it */
};

/** Where the value in force comes from. */
enum config_source {
	SOURCE_DEFAULT,
	SOURCE_FILE,
	SOURCE_KEPT, /* the last known good configuration */
	SOURCE_EARLIER, /* what an earlier boot made of it: nobody knows the value itself (config.lost) */
};

struct config_entry {
	const char *key; /* "os.udevRules.56", "os.sshKeys[1]"; printable ASCII, cut when long */
	const struct config_key *row; /* NULL: unknown, or an object on the way */
	enum config_verdict verdict;
	enum config_source source;
	bool repeated;	      /* an earlier one of the same name was dropped */
	const char *wrong;    /* "is a number"; never the value itself: it may be a secret */
	const char *expected; /* "a string of …" */
	size_t offset;	      /* in the document */
	size_t line, column;  /* from 1; 0: not in the document */
};

/** Which document holds. */
enum config_state {
	CONFIG_NONE,	 /* there is none that can be read */
	CONFIG_READ,	 /* config.json */
	CONFIG_LEFTOVER, /* what an interrupted replacement of config.json left beside it */
	CONFIG_KEPT,	 /* the last known good one */
};

struct config {
	/* The values. */
	const char *hostname; /* RFC 1123; NULL: absent */
	const char *uuid;     /* letters, digits and `-`; NULL: absent */
	enum config_tristate persistent_logging;
	enum config_tristate development_mode;
	const char *country;		   /* ISO 3166, upper case, or "00" */
	struct config_strings ntp_servers; /* host names and addresses, or the one word "null" */
	struct config_strings dns_servers; /* ADDRESS or ADDRESS#PORT, or the one word "null" */
	const char *root_ca;		   /* base64 of PEM; certificates_read() takes it */
	const char *api_endpoint;	   /* URL */
	enum config_tristate random_mac;
	const char *connectivity_uri;
	struct config_number connectivity_interval; /* seconds */
	const char *connectivity_response;
	struct config_rules udev_rules;
	struct config_strings
		ssh_keys; /* one line each, no newline and no other control character but tab */

	/* How they came about. */
	enum config_state state;
	const char *origin; /* name of the file that holds, NULL: none */
	const char *error;  /* why config.json itself does not hold, rendered; NULL: it does */
	struct config_entry *entry; /* in the order of the document, what is absent behind */
	size_t n_entries;
	/* By row: a CONFIG_ACCESS key is there and no use, and no last known good configuration tells its
	 * previous value. NULL: none. What an earlier boot made of it must stay. */
	const bool *lost;
};

/* In the last known good configuration: the paths of keys whose value was lost when it was written. */
#define CONFIG_LOST_NAME "lost"

/** A file that may hold a configuration, as it was read. */
struct config_document {
	const char *name; /* "config.json" */
	const char *text; /* NULL when err < 0 */
	size_t len;
	int err;	    /* negative errno of reading it; -EFBIG: too large; 0 */
	int64_t mtime_usec; /* realtime, of leftovers */
};

struct config_input {
	struct config_document file;
	const struct config_document *leftover; /* named .config.json.XXXXXXXX.MD5.md5sum */
	size_t n_leftovers;
	struct config_document kept; /* the last known good configuration */
};

/**
 * Settles the configuration: config.json when it can be read and has a key; else the newest leftover whose
 * content has the MD5 of its name (fatrw of balenaOS leaves it when the power is cut) and that is not a day
 * older than the last known good configuration; else that one. Bad keys that are CONFIG_ACCESS take their
 * value from the last known good one; without one they are lost.
 *
 * @param a arena for all of it
 * @param ret_config complete in any case
 * @return 0, also when there is no configuration or keys are wrong; -ENOMEM
 */
int config_settle(struct arena *a, const struct config_input *in,
		  struct config *ret_config) _nonnull_all_ _must_check_;

/**
 * Reads one document alone, as config_settle() does without leftovers and without a kept one.
 *
 * @return 0; -EBADMSG when it is not JSON at all or too large, with line and column in the reason, and
 *         the configuration is empty; -ENOMEM
 */
int config_parse(struct arena *a, const struct config_document *doc, struct config *ret_config,
		 struct reason *r) _nonnull_(1, 2, 3) _must_check_;

/**
 * Writes the values in force as a document of the same form, keys of ours alone, and which were lost: what is
 * kept as the last known good configuration.
 *
 * @return text in the arena, NULL when memory is out
 */
const char *config_text(struct arena *a, const struct config *c, size_t *ret_len) _nonnull_all_;

/** @return true when config.lost has the row of this path. */
bool config_is_lost(const struct config *c, const char *path) _nonnull_all_;

/** @return true when a name is that of a leftover of config.json. */
bool config_is_leftover(const char *name) _nonnull_all_;

enum config_severity { CONFIG_FINE, CONFIG_NOTE, CONFIG_WARNING, CONFIG_ERROR };

/** How bad an entry is, for `anteroot check`: ERROR costs the key, WARNING deserves a look. */
enum config_severity config_severity(const struct config_entry *e) _nonnull_all_;

/** Renders an entry without its key: "is a number, expected true or false". @return text or NULL */
const char *config_entry_text(struct arena *a, const struct config_entry *e) _nonnull_all_;

/** @return "accepted", "rejected", …, "file", "last known good", …, "read", …: for reports. */
const char *config_verdict_name(enum config_verdict verdict);
const char *config_source_name(enum config_source source);
const char *config_state_name(enum config_state state);

/**
 * @return NULL when a host name is one (RFC 1123: at most 64 characters, labels of at most 63 letters,
 *         digits and inner `-`, none of the names of the machine itself: localhost…), else what is
 *         wrong with it
 */
const char *config_hostname_problem(const char *hostname) _nonnull_all_;
