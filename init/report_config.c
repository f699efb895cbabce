/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/report_config.h"

#include <string.h>

const char *action_name(enum report_action action)
{
	static const char *const names[] = {
		[ACTION_WRITTEN] = "written", [ACTION_UNCHANGED] = "unchanged",
		[ACTION_REMOVED] = "removed", [ACTION_RESTORED] = "restored",
		[ACTION_LEFT] = "left",	      [ACTION_SKIPPED] = "skipped",
		[ACTION_FAILED] = "failed",
	};

	return names[action];
}

static void add_delivery(struct json *item, const struct report_delivery *d)
{
	json_add_string(item, "path", d->path);
	json_add_string(item, "action", action_name(d->action));
	if (d->kept)
		json_add_string(item, "kept", d->kept);
	if (d->error)
		json_add_string(item, "error", d->error);
}

static void add_delivered(struct json *j, const struct report *r)
{
	struct json_list list = { 0 };

	for (size_t i = 0; i < r->n_deliveries; i++) {
		struct json *item = json_new_object();

		json_add_string(item, "hook", r->delivery[i].hook);
		if (r->delivery[i].key)
			json_add_string(item, "key", r->delivery[i].key);
		add_delivery(item, &r->delivery[i]);
		json_list_add(&list, item);
	}
	json_add_list(j, "delivered", &list);
}

/* The deliveries that are for a key, sorted by it, so that a thousand keys find theirs. */
struct for_key {
	const char *key;
	const struct report_delivery *delivery;
};

struct index {
	struct for_key *row;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct for_key *x = a, *y = b;
	int r = strcmp(x->key, y->key);

	/* Those of one key in the order they were made. */
	return r ? r : (x->delivery > y->delivery) - (x->delivery < y->delivery);
}

static struct index make_index(struct boot *b)
{
	const struct report *r = &b->report;
	struct index x = { arena_alloc(&b->arena, r->n_deliveries * sizeof(*x.row)), 0 };

	for (size_t i = 0; i < r->n_deliveries && x.row; i++)
		if (r->delivery[i].key)
			x.row[x.n++] = (struct for_key){ r->delivery[i].key, &r->delivery[i] };
	if (x.n > 1)
		qsort(x.row, x.n, sizeof(*x.row), compare);
	return x;
}

/* The first delivery for a key that begins with these bytes, or where it would be. */
static size_t lower_bound(const struct index *x, const char *key, size_t len)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(x->row[middle].key, key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_for(const struct index *x, size_t i, const char *key, size_t len)
{
	return i < x->n && strncmp(x->row[i].key, key, len) == 0 && !x->row[i].key[len];
}

/* A key's deliveries: its own, else those of what it is a part of. */
static void add_key_deliveries(struct json *item, const struct index *x, const char *key)
{
	for (size_t len = strlen(key); len > 0; len--) {
		struct json *list;
		size_t i;

		if (key[len] && key[len] != '.' && key[len] != '[')
			continue;
		i = lower_bound(x, key, len);
		if (!is_for(x, i, key, len))
			continue;
		list = json_add_array(item, "delivered");
		for (; is_for(x, i, key, len); i++)
			add_delivery(json_append_object(list), x->row[i].delivery);
		return;
	}
}

static void add_key(struct json *item, struct arena *a, const struct config_entry *e)
{
	json_add_string(item, "key", e->key);
	json_add_string(item, "verdict", config_verdict_name(e->verdict));
	if (e->verdict != VERDICT_FOREIGN && e->verdict != VERDICT_UNKNOWN)
		json_add_string(item, "source", config_source_name(e->source));
	if (e->line) {
		json_add_int(item, "line", (int64_t)e->line);
		json_add_int(item, "column", (int64_t)e->column);
	}
	if (config_severity(e) > CONFIG_FINE)
		json_add_string(item, "error", config_entry_text(a, e));
}

void report_config(struct json *j, struct boot *b)
{
	const struct config *c = &b->facts.config;
	struct json *config = json_add_object(j, "config");
	struct json_list keys = { 0 };
	const struct index index = make_index(b);

	json_add_string(config, "state", config_state_name(c->state));
	json_add_string(config, "origin", c->origin);
	json_add_string(config, "error", c->error);
	for (size_t i = 0; i < c->n_entries; i++) {
		struct json *item = json_new_object();

		add_key(item, &b->arena, &c->entry[i]);
		if (item)
			add_key_deliveries(item, &index, c->entry[i].key);
		json_list_add(&keys, item);
	}
	json_add_list(config, "keys", &keys);
	add_delivered(j, &b->report);
}

void report_warnings(struct json *j, const struct boot *b)
{
	struct json *list = json_add_array(j, "warnings");

	for (size_t i = 0; i < b->report.n_warnings; i++) {
		struct json *item = json_append_object(list);

		json_add_string(item, "hook", b->report.warning[i].hook);
		json_add_string(item, "text", b->report.warning[i].text);
	}
}
