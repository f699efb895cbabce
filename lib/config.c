/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config_read.h"
#include "lib/digest.h"
#include "lib/jsonscan.h"

#define LEFTOVER_PREFIX ".config.json."
#define LEFTOVER_SUFFIX ".md5sum"
#define LEFTOVER_RANDOM 8u  /* hexadecimal digits */
#define MD5_DIGITS	32u /* the same */
#define OBJECT_MAX	64u
/* A FAT file system knows neither time zone nor summer time. */
#define LEFTOVER_SLACK_USEC (INT64_C(26) * 3600 * 1000000)

static bool all_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	return true;
}

/* The MD5 in the name of a leftover, NULL when it is none: .config.json.XXXXXXXX.MD5.md5sum */
static const char *leftover_md5(const char *name)
{
	const char *random, *md5;

	if (strncmp(name, LEFTOVER_PREFIX, strlen(LEFTOVER_PREFIX)) != 0 ||
	    strlen(name) != strlen(LEFTOVER_PREFIX) + LEFTOVER_RANDOM + 1 + MD5_DIGITS +
				    strlen(LEFTOVER_SUFFIX))
		return NULL;
	random = name + strlen(LEFTOVER_PREFIX);
	md5 = random + LEFTOVER_RANDOM + 1;
	if (!all_hex(random, LEFTOVER_RANDOM) || random[LEFTOVER_RANDOM] != '.' ||
	    !all_hex(md5, MD5_DIGITS) || strcmp(md5 + MD5_DIGITS, LEFTOVER_SUFFIX) != 0)
		return NULL;
	return md5;
}

bool config_is_leftover(const char *name)
{
	return leftover_md5(name) != NULL;
}

static bool is_whole(const struct config_document *doc)
{
	const char *md5 = leftover_md5(doc->name);
	char hex[DIGEST_MD5_HEX];

	if (!md5 || doc->err < 0)
		return false;
	digest_md5(doc->text, doc->len, hex);
	for (size_t i = 0; i < MD5_DIGITS; i++)
		if (hex[i] != (md5[i] >= 'A' && md5[i] <= 'F' ? md5[i] + 'a' - 'A' : md5[i]))
			return false;
	return true;
}

static int parse(const struct config_document *doc, size_t max_bytes, struct json **ret,
		 struct reason *r)
{
	char object[OBJECT_MAX];
	int err;

	if (doc->err == -EFBIG || (doc->err == 0 && doc->len > max_bytes))
		return reason_setf(r, EFBIG, "read", doc->name, "it has more than %zu bytes",
				   max_bytes);
	if (doc->err < 0)
		return reason_set(r, doc->err, "read", doc->name);
	err = json_parse(doc->text, doc->len, ret, r);
	if (err < 0 && r) {
		(void)snprintf(object, sizeof(object), "%s", doc->name);
		(void)snprintf(r->object, sizeof(r->object), "%s", object);
	}
	return err;
}

static bool newer(const struct config_document *a, const struct config_document *b)
{
	return a->mtime_usec != b->mtime_usec ? a->mtime_usec > b->mtime_usec
					      : strcmp(a->name, b->name) > 0;
}

/* The newest leftover that is whole and older than `before`, NULL: none. */
static const struct config_document *next_leftover(const struct config_input *in,
						   const struct config_document *before)
{
	const struct config_document *best = NULL;

	for (size_t i = 0; i < in->n_leftovers; i++) {
		const struct config_document *d = &in->leftover[i];

		if ((!before || newer(before, d)) && (!best || newer(d, best)) && is_whole(d))
			best = d;
	}
	return best;
}

/* parse(), of a document that says something: an object without any key is what software leaves that
 * wipes what it cannot read. */
static int parse_some(const struct config_document *doc, size_t max_bytes, struct json **ret,
		      struct reason *r)
{
	int err = parse(doc, max_bytes, ret, r);

	if (err < 0 || json_first(*ret))
		return err;
	json_free(*ret);
	*ret = NULL;
	return reason_setf(r, ENODATA, "use", doc->name, "there is no key in it");
}

/* A leftover that is older than what was accepted since is no interrupted replacement any more. */
static bool is_stale(const struct config_input *in, const struct config_document *leftover)
{
	return in->kept.err == 0 &&
	       leftover->mtime_usec + LEFTOVER_SLACK_USEC < in->kept.mtime_usec;
}

/* What holds in place of config.json, parsed. */
static const struct config_document *acquire_other(const struct config_input *in, struct config *c,
						   struct json **ret_top)
{
	c->state = CONFIG_LEFTOVER;
	for (const struct config_document *d = next_leftover(in, NULL); d; d = next_leftover(in, d))
		if (!is_stale(in, d) && parse_some(d, CONFIG_MAX_BYTES, ret_top, NULL) == 0)
			return d;
	c->state = CONFIG_KEPT;
	if (parse_some(&in->kept, CONFIG_KEPT_MAX_BYTES, ret_top, NULL) == 0)
		return &in->kept;
	c->state = CONFIG_NONE;
	return NULL;
}

/* The document that holds, parsed. */
static const struct config_document *acquire(struct arena *a, const struct config_input *in,
					     struct config *c, struct json **ret_top)
{
	char message[REASON_OBJECT_MAX + REASON_CAUSE_MAX + 32];
	struct reason r = REASON_INIT;
	const struct config_document *other;
	int err;

	c->state = CONFIG_READ;
	err = parse_some(&in->file, CONFIG_MAX_BYTES, ret_top, &r);
	if (err == 0)
		return &in->file;
	other = acquire_other(in, c, ret_top);
	if (!other && err == -ENODATA && parse(&in->file, CONFIG_MAX_BYTES, ret_top, NULL) == 0) {
		c->state = CONFIG_READ; /* an image of nobody yet */
		return &in->file;
	}
	c->error = arena_strdup(a, reason_render(&r, message, sizeof(message)));
	return other;
}

static struct config_entry *find_entry(struct config *c, const struct config_key *row)
{
	for (size_t i = 0; i < c->n_entries; i++)
		if (c->entry[i].row == row && strcmp(c->entry[i].key, row->path) == 0)
			return &c->entry[i];
	return NULL;
}

static bool wants_kept(const struct config_reading *rd, size_t row)
{
	return rd->bad[row] && (config_keys[row].flags & CONFIG_ACCESS);
}

/* What became of the value of a row. */
enum previous {
	PREVIOUS_NONE, /* nothing was asked for, or the key was absent before too */
	PREVIOUS_KEPT, /* taken from the last known good configuration */
	PREVIOUS_LOST, /* wanted, and nobody knows it: what an earlier boot made of it is all there is */
};

static bool is_listed(const struct json *list, const char *path)
{
	for (const struct json *j = json_first(list); j; j = json_next(j))
		if (json_string(j) && strcmp(json_string(j), path) == 0)
			return true;
	return false;
}

/* Values from the last known good configuration for the keys that must not be lost to a typing error. */
static void keep_values(struct config_reading *rd, const struct config_document *kept_doc,
			enum previous *previous)
{
	_cleanup_json_ struct json *top = NULL;
	struct config kept = { 0 };
	struct config_reading kept_rd = { .a = rd->a, .config = &kept, .kept = true };
	size_t wanted = 0;

	for (size_t i = 0; i < config_keys_len; i++)
		wanted += wants_kept(rd, i);
	if (wanted == 0)
		return;
	if (kept_doc && parse(kept_doc, CONFIG_KEPT_MAX_BYTES, &top, NULL) == 0 && top)
		config_read(&kept_rd, top);
	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];

		if (!wants_kept(rd, i))
			continue;
		if (!kept_rd.seen || !kept_rd.bad || kept_rd.bad[i] ||
		    is_listed(json_get(top, CONFIG_LOST_NAME), row->path)) {
			previous[i] = PREVIOUS_LOST;
		} else if (kept_rd.seen[i]) {
			memcpy((char *)rd->config + row->offset, (const char *)&kept + row->offset,
			       config_value_size(row));
			previous[i] = PREVIOUS_KEPT;
		}
	}
}

/* An entry for each key of ours that the document does not have. */
static void add_absent(struct config_reading *rd, const enum previous *previous)
{
	static const enum config_source sources[] = {
		[PREVIOUS_NONE] = SOURCE_DEFAULT,
		[PREVIOUS_KEPT] = SOURCE_KEPT,
		[PREVIOUS_LOST] = SOURCE_EARLIER,
	};

	for (size_t i = 0; i < config_keys_len; i++) {
		const struct config_key *row = &config_keys[i];
		const enum config_source source = sources[previous[i]];
		struct config_entry *e = rd->bad[i] ? find_entry(rd->config, row) : NULL;

		if (e)
			e->source = source;
		else if (!rd->seen[i] && row->kind != CONFIG_FOREIGN)
			(void)config_entry_add(
				rd,
				&(struct config_entry){ .key = row->path,
							.row = row,
							.verdict = VERDICT_ABSENT,
							.source = source,
							.offset = SIZE_MAX - config_keys_len + i });
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Sorts the entries as they stand in the document, and says where: one pass over the text. */
static void place_entries(struct config *c, const struct config_document *doc)
{
	struct jsonscan_position p = { 1, 1 };
	size_t at = 0;

	if (c->n_entries > 1)
		qsort(c->entry, c->n_entries, sizeof(*c->entry), compare_entries);
	for (size_t i = 0; i < c->n_entries; i++) {
		struct config_entry *e = &c->entry[i];

		if (c->state == CONFIG_KEPT && e->source == SOURCE_FILE)
			e->source = SOURCE_KEPT;
		if (!e->line || c->state == CONFIG_KEPT) {
			e->line = 0; /* nobody has that file before him */
			continue;
		}
		p = jsonscan_position(doc->text, p, at, e->offset);
		at = e->offset;
		e->line = p.line;
		e->column = p.column;
	}
}

static int settle(struct arena *a, const struct config_document *doc, const struct json *top,
		  const struct config_document *kept, struct config *c)
{
	struct config_reading rd = { .a = a, .config = c, .kept = c->state == CONFIG_KEPT };
	enum previous *previous = arena_alloc(a, config_keys_len * sizeof(*previous));

	c->origin = doc->name;
	/* As many entries as there can be, in one piece: doubling would leave the halves behind. */
	rd.capacity = json_count(top) + config_keys_len;
	c->entry = arena_alloc(a, rd.capacity * sizeof(*c->entry));
	if (c->entry)
		config_read(&rd, top);
	if (!previous || !rd.seen || !rd.bad || arena_failed(a))
		return -ENOMEM;
	keep_values(&rd, kept, previous);
	for (size_t i = 0; i < config_keys_len && rd.kept; i++)
		if (is_listed(json_get(top, CONFIG_LOST_NAME), config_keys[i].path))
			previous[i] = PREVIOUS_LOST;
	add_absent(&rd, previous);
	for (size_t i = 0; i < config_keys_len; i++)
		rd.bad[i] = previous[i] == PREVIOUS_LOST;
	c->lost = rd.bad;
	if (!arena_failed(a)) /* else an entry may be without its key */
		place_entries(c, doc);
	return arena_failed(a) ? -ENOMEM : 0;
}

bool config_is_lost(const struct config *c, const char *path)
{
	for (size_t i = 0; i < config_keys_len && c->lost; i++)
		if (c->lost[i] && strcmp(config_keys[i].path, path) == 0)
			return true;
	return false;
}

int config_settle(struct arena *a, const struct config_input *in, struct config *ret_config)
{
	_cleanup_json_ struct json *top = NULL;
	const struct config_document *doc;

	*ret_config = (struct config){ 0 };
	doc = acquire(a, in, ret_config, &top);
	if (arena_failed(a))
		return -ENOMEM;
	return doc && top ? settle(a, doc, top, doc == &in->kept ? NULL : &in->kept, ret_config)
			  : 0;
}

int config_parse(struct arena *a, const struct config_document *doc, struct config *ret_config,
		 struct reason *r)
{
	_cleanup_json_ struct json *top = NULL;
	int err;

	*ret_config = (struct config){ 0 };
	err = parse(doc, CONFIG_MAX_BYTES, &top, r);
	if (err < 0 || !top)
		return err;
	ret_config->state = CONFIG_READ;
	err = settle(a, doc, top, NULL, ret_config);
	return err < 0 ? reason_set(r, err, "parse", doc->name) : 0;
}
