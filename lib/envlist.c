/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/envlist.h"

#include <errno.h>
#include <string.h>

static bool has_key(const struct env_entry *entry, const char *key)
{
	return entry->key && strcmp(entry->key, key) == 0;
}

const char *env_get(const struct envlist *e, const char *key)
{
	for (size_t i = e->n; i > 0; i--)
		if (has_key(&e->entry[i - 1], key))
			return e->entry[i - 1].value;
	return NULL;
}

static struct env_entry *add(struct envlist *e)
{
	if (e->n == e->capacity) {
		size_t capacity = e->capacity ? 2 * e->capacity : 16;
		struct env_entry *more = arena_alloc(e->arena, capacity * sizeof(*more));

		if (!more)
			return NULL;
		if (e->n > 0)
			memcpy(more, e->entry, e->n * sizeof(*more));
		e->entry = more;
		e->capacity = capacity;
	}
	e->entry[e->n] = (struct env_entry){ 0 };
	return &e->entry[e->n++];
}

static void take_out(struct envlist *e, size_t i)
{
	e->n--;
	memmove(&e->entry[i], &e->entry[i + 1], (e->n - i) * sizeof(*e->entry));
}

void env_unset(struct envlist *e, const char *key)
{
	for (size_t i = e->n; i > 0; i--)
		if (has_key(&e->entry[i - 1], key))
			take_out(e, i - 1);
}

void env_set(struct envlist *e, const char *key, const char *value)
{
	char *copy = arena_strdup(e->arena, value);
	struct env_entry *entry;
	size_t last = e->n;

	for (size_t i = 0; i < e->n; i++)
		if (has_key(&e->entry[i], key))
			last = i;
	for (size_t i = last; i > 0 && last < e->n; i--)
		if (has_key(&e->entry[i - 1], key)) {
			take_out(e, i - 1);
			last--;
		}
	entry = last < e->n ? &e->entry[last] : add(e);
	if (!entry || !copy)
		return;
	if (!entry->key)
		entry->key = arena_strdup(e->arena, key);
	entry->value = copy;
	entry->raw = NULL;
}

void env_order(struct envlist *e, const char *const *keys, size_t n)
{
	size_t front = 0;

	for (size_t k = 0; k < n; k++)
		for (size_t i = front; i < e->n; i++) {
			struct env_entry entry = e->entry[i];

			if (!has_key(&entry, keys[k]))
				continue;
			memmove(&e->entry[front + 1], &e->entry[front],
				(i - front) * sizeof(entry));
			e->entry[front++] = entry;
		}
}

void env_need_early(struct envlist *e, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < e->n; i++)
		for (size_t k = 0; k < n; k++)
			if (has_key(&e->entry[i], keys[k]))
				e->entry[i].early = true;
}

void env_merge(struct envlist *e, const struct envlist *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct env_entry *entry = add(e);

		if (!entry)
			return;
		*entry = from->entry[i];
	}
}

char *env_value(struct arena *a, const char *value, size_t len)
{
	while (len > 0 && memchr(" \t\r", value[len - 1], 3))
		len--;
	return arena_memdup(a, value, len);
}

void env_append(struct envlist *e, const char *raw, size_t raw_len, size_t key_len,
		const char *value)
{
	struct env_entry entry = { .value = value, .raw_len = raw_len };
	struct env_entry *added;

	entry.raw = arena_memdup(e->arena, raw, raw_len);
	/* What a C string cannot name is kept, and nobody's key. */
	if (value && !memchr(raw, '\0', key_len))
		entry.key = arena_memdup(e->arena, raw, key_len);
	if (arena_failed(e->arena))
		return;
	added = add(e);
	if (added)
		*added = entry;
}

static bool put(struct env_image *image, const char *s, size_t len)
{
	if (len > image->room - image->at)
		return false;
	memcpy(image->data + image->at, s, len);
	image->at += len;
	return true;
}

static bool put_value(struct env_image *image, const char *value)
{
	if (!image->escape)
		return put(image, value, strlen(value));
	for (; *value; value++)
		if ((strchr("\\\n", *value) && !put(image, "\\", 1)) || !put(image, value, 1))
			return false;
	return true;
}

static bool put_entry(struct env_image *image, const struct env_entry *entry)
{
	if (entry->raw)
		return put(image, entry->raw, entry->raw_len) && put(image, &image->end, 1);
	return put(image, entry->key, strlen(entry->key)) && put(image, "=", 1) &&
	       put_value(image, entry->value) && put(image, &image->end, 1);
}

/* U-Boot takes a backslash for an escape, the tools that write its environment do not. */
static bool can_be_written(const struct env_image *image, const struct env_entry *entry)
{
	if (entry->raw)
		return true;
	if (!entry->key || entry->key[0] == '\0' || strpbrk(entry->key, "#=\\ \t\r\n"))
		return false;
	return image->escape || !strpbrk(entry->value, "\\\r\n");
}

int env_print(const struct envlist *e, struct env_image *image, const char *name, struct reason *r)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct env_entry *entry = &e->entry[i];

		if (!can_be_written(image, entry))
			return reason_setf(r, EINVAL, "write", name,
					   "%s has a character that this format has not",
					   entry->key ? entry->key : "a key");
		if (!put_entry(image, entry))
			return reason_setf(r, ENOSPC, "write", name,
					   "its keys do not fit into its %zu bytes", image->room);
		if (entry->early && image->at > ENV_SECTOR_BYTES)
			return reason_setf(r, ENOSPC, "write", name,
					   "%s would lie behind its first %u bytes", entry->key,
					   ENV_SECTOR_BYTES);
	}
	return 0;
}
