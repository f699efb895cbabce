/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/nameset.h"

#include <errno.h>
#include <string.h>

#define CAPACITY_FIRST 256u

/* FNV-1a. */
static uint32_t hash_name(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* @return the place of a name, or the free one where it belongs: the table is never full. */
static struct nameset_entry *find(const struct nameset *set, const char *name, uint32_t hash)
{
	size_t i = hash & (set->capacity - 1);

	while (set->slot[i].name &&
	       (set->slot[i].hash != hash || strcmp(set->slot[i].name, name) != 0))
		i = (i + 1) & (set->capacity - 1);
	return &set->slot[i];
}

static int grow(struct arena *a, struct nameset *set)
{
	struct nameset bigger = {
		.n = set->n,
		.capacity = set->capacity ? set->capacity * 2 : CAPACITY_FIRST,
	};

	bigger.slot = arena_alloc(a, bigger.capacity * sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->slot[i].name)
			*find(&bigger, set->slot[i].name, set->slot[i].hash) = set->slot[i];
	*set = bigger;
	return 0;
}

struct nameset_entry *nameset_entry(struct arena *a, struct nameset *set, const char *name)
{
	uint32_t hash = hash_name(name);
	struct nameset_entry *entry;

	if (set->n >= set->capacity / 4 * 3 && grow(a, set) < 0)
		return NULL;
	entry = find(set, name, hash);
	if (entry->name)
		return entry;
	entry->name = arena_strdup(a, name);
	if (!entry->name)
		return NULL;
	entry->hash = hash;
	set->n++;
	return entry;
}
