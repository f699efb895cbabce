/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abconf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/abrecord.h"
#include "lib/json.h"
#include "lib/layout.h"
#include "lib/osversion.h"

static const char *const backend_names[] = {
	[AB_AUTO] = "auto", [AB_RECORD] = "record",	[AB_GRUBENV] = "grubenv",
	[AB_UENV] = "uenv", [AB_UBOOTENV] = "ubootenv", [AB_STATELESS] = "none",
};

const struct abconf abconf_default = ABCONF_DEFAULT;

const char *ab_backend_name(enum ab_backend backend)
{
	return (unsigned int)backend < AB_BACKENDS ? backend_names[backend] : "unknown";
}

struct reading {
	struct arena *a;
	const struct json *j; /* the value of the key */
	const char *where;    /* whose key it is */
	struct abconf *conf;
	struct reason *r;
};

static int wrong(const struct reading *rd, const char *key, const char *expected)
{
	char object[64];

	(void)snprintf(object, sizeof(object), "%s.%s", rd->where, key);
	return reason_setf(rd->r, EBADMSG, "use", object, "expected %s (%s)", expected,
			   LAYOUT_PATH);
}

/* The numbers: where each goes, and its bounds. */
static const struct number {
	const char *key, *expected;
	size_t offset;
	bool wide; /* an int64_t, else an unsigned int */
	int64_t min, max;
} numbers[] = {
#define UINT(key, field, min, max, expected)                                   \
	{                                                                      \
		key, expected, offsetof(struct abconf, field), false, min, max \
	}
#define WIDE(key, field, min, max, expected)                                  \
	{                                                                     \
		key, expected, offsetof(struct abconf, field), true, min, max \
	}
	UINT("tries", policy.tries, 1, AB_TRIES_MAX, "1 to 9"),
	UINT("refunds", policy.refunds, 0, AB_TRIES_MAX, "0 to 9"),
	UINT("goodAttempts", policy.good_attempts, 0, AB_COUNT_MAX, "0 (never) to 255 boots"),
	UINT("switches", policy.switches, 0, AB_COUNT_MAX, "0 to 255"),
	UINT("delaySeconds", policy.delay_sec, 0, 3600, "0 to 3600 seconds"),
	UINT("delayMaxSeconds", policy.delay_max_sec, 0, 86400, "0 to 86400 seconds"),
	WIDE("panicSeconds", panic_sec, 1, 3600, "1 to 3600 seconds"),
	WIDE("watchdogSeconds", watchdog_sec, 0, 3600, "0 (not armed) to 3600 seconds"),
	WIDE("seconds", health_sec, 1, 86400, "1 to 86400 seconds"),
	WIDE("windowSeconds", health_window_sec, 0, 86400, "0 (once) to 86400 seconds"),
	WIDE("pauseSeconds", health_pause_sec, 1, 3600, "1 to 3600 seconds"),
#undef UINT
#undef WIDE
};

/* The last three rows are of "health". */
#define HEALTH_NUMBERS 3u

static int read_number(const struct reading *rd, const struct number *row)
{
	char *field = (char *)rd->conf + row->offset;
	int64_t n;

	if (!json_int(rd->j, &n) || n < row->min || n > row->max)
		return wrong(rd, row->key, row->expected);
	if (row->wide)
		memcpy(field, &n, sizeof(n));
	else
		memcpy(field, &(unsigned int){ (unsigned int)n }, sizeof(unsigned int));
	return 0;
}

static int read_numbers(const struct reading *rd, const char *key, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (strcmp(numbers[i].key, key) == 0)
			return read_number(rd, &numbers[i]);
	return wrong(rd, key, "a key of docs/STATE.md");
}

static int read_backend(const struct reading *rd)
{
	const char *name = json_string(rd->j);

	for (enum ab_backend i = AB_STATELESS; name && i < AB_BACKENDS; i++)
		if (strcmp(backend_names[i], name) == 0) {
			rd->conf->backend = i;
			return 0;
		}
	return wrong(rd, "backend", "record, grubenv, uenv, ubootenv, auto or none");
}

static int read_counter(const struct reading *rd)
{
	const char *name = json_string(rd->j);

	if (!name || (strcmp(name, "agent") != 0 && strcmp(name, "loader") != 0))
		return wrong(rd, "counter", "agent or loader");
	rd->conf->policy.counter = *name == 'a' ? AB_AGENT : AB_LOADER;
	return 0;
}

static int copy_string(const struct reading *rd, const char *text, const char **ret)
{
	*ret = arena_strdup(rd->a, text);
	return *ret ? 0 : -ENOMEM;
}

/* A name below the boot partition's top: the initramfs follows no link there. */
static bool is_plain_path(const char *path)
{
	return path && *path && *path != '/' && !strstr(path, "..");
}

/* The first of a list, NULL of an object too: its members would have an order of their own. */
static const struct json *first_of_list(const struct json *j)
{
	return json_type(j) == JSON_ARRAY ? json_first(j) : NULL;
}

static int read_files(const struct reading *rd)
{
	const struct json *item = first_of_list(rd->j);
	size_t n = 0;
	int err = item ? 0 : wrong(rd, "files", "a list of names");

	for (; item && err == 0; item = json_next(item), n++) {
		if (n == ABCONF_FILES_MAX || !is_plain_path(json_string(item)))
			return wrong(rd, "files", "one to three names on the boot partition");
		err = copy_string(rd, json_string(item), &rd->conf->file[n]);
	}
	return err;
}

static int read_partition(const struct reading *rd)
{
	const char *name = json_string(rd->j);

	if (!name || !*name)
		return wrong(rd, "partition", "a PARTLABEL");
	return copy_string(rd, name, &rd->conf->partition);
}

static int read_offsets(const struct reading *rd)
{
	const struct json *item = first_of_list(rd->j);
	unsigned int n = 0;

	for (; item; item = json_next(item), n++) {
		int64_t at;

		if (n == ARRAY_SIZE(rd->conf->offset) || !json_int(item, &at) || at < 0 || at % 512)
			return wrong(rd, "offsets", "one or two multiples of 512");
		rd->conf->offset[n] = (uint64_t)at;
	}
	if (n == 0)
		return wrong(rd, "offsets", "one or two multiples of 512");
	rd->conf->n_offsets = n;
	return 0;
}

static int read_size(const struct reading *rd)
{
	int64_t n;

	if (!json_int(rd->j, &n) || n < 512 || n > 65536 || n % 512)
		return wrong(rd, "size", "a multiple of 512, up to 65536 bytes");
	rd->conf->size = (uint64_t)n;
	return 0;
}

static int read_floor(const struct reading *rd)
{
	const char *text = json_string(rd->j);
	struct osversion version;

	if (!text || strlen(text) >= AB_VERSION_MAX || osversion_parse(text, &version) < 0)
		return wrong(rd, "versionFloor", "a version X.Y.Z[-betaN][+revN]");
	memset(rd->conf->policy.floor, 0, AB_VERSION_MAX);
	memcpy(rd->conf->policy.floor, text, strlen(text));
	return 0;
}

static int read_raise_floor(const struct reading *rd)
{
	return json_bool(rd->j, &rd->conf->policy.raise_floor)
		       ? 0
		       : wrong(rd, "raiseFloor", "true or false");
}

static int read_health(const struct reading *rd)
{
	int err = json_type(rd->j) == JSON_OBJECT ? 0 : wrong(rd, "health", "an object");

	for (const struct json *j = json_first(rd->j); j && err == 0; j = json_next(j)) {
		const struct reading inner = { rd->a, j, "bootState.health", rd->conf, rd->r };

		err = read_numbers(&inner, json_name(j), ARRAY_SIZE(numbers) - HEALTH_NUMBERS,
				   ARRAY_SIZE(numbers));
	}
	return err;
}

static int read_key(const struct reading *rd)
{
	static const struct {
		const char *key;
		int (*read)(const struct reading *rd);
	} keys[] = {
		{ "backend", read_backend },	{ "counter", read_counter },
		{ "files", read_files },	{ "partition", read_partition },
		{ "offsets", read_offsets },	{ "size", read_size },
		{ "versionFloor", read_floor }, { "raiseFloor", read_raise_floor },
		{ "health", read_health },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].key, json_name(rd->j)) == 0)
			return keys[i].read(rd);
	return read_numbers(rd, json_name(rd->j), 0, ARRAY_SIZE(numbers) - HEALTH_NUMBERS);
}

/* Two copies in one place are one: a cut would cost both. */
static bool copies_overlap(const struct abconf *conf)
{
	uint64_t size = conf->backend == AB_UBOOTENV ? conf->size : ABRECORD_BYTES;
	uint64_t a = conf->offset[0], b = conf->offset[1];

	return conf->partition && conf->n_offsets > 1 && (a < b ? b - a : a - b) < size;
}

int abconf_read(struct arena *a, const struct json *j, struct abconf *ret, struct reason *r)
{
	struct abconf conf = *ret;

	if (json_type(j) != JSON_OBJECT)
		return reason_setf(r, EBADMSG, "use", "bootState", "expected an object (%s)",
				   LAYOUT_PATH);
	for (const struct json *item = json_first(j); item; item = json_next(item)) {
		const struct reading rd = { a, item, "bootState", &conf, r };
		int err = read_key(&rd);

		if (err < 0)
			return err;
	}
	if (conf.policy.counter == AB_LOADER &&
	    (conf.backend == AB_RECORD || conf.backend == AB_AUTO))
		return reason_setf(r, EBADMSG, "use", "bootState.counter",
				   "expected the backend grubenv, uenv or ubootenv with loader: no "
				   "loader counts in a record (%s)",
				   LAYOUT_PATH);
	if (copies_overlap(&conf))
		return reason_setf(r, EBADMSG, "use", "bootState.offsets",
				   "expected copies that do not overlap (%s)", LAYOUT_PATH);
	*ret = conf;
	return 0;
}
