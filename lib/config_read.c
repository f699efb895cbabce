/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/config_read.h"

#include <stdio.h>
#include <string.h>

#include "lib/nearmiss.h"

#define PATH_SHOWN_MAX	160u
#define SUGGESTIONS_MAX 16u /* each costs a look at all keys */

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return strncmp(path, above, len) == 0 && path[len] == '.';
}

/* The row of a path; without one *ret_inner tells whether rows lie below it. */
static const struct config_key *find_row(const char *path, bool *ret_inner)
{
	*ret_inner = false;
	for (size_t i = 0; i < config_keys_len; i++) {
		if (strcmp(config_keys[i].path, path) == 0)
			return &config_keys[i];
		*ret_inner = *ret_inner || is_below(config_keys[i].path, path);
	}
	return NULL;
}

/* The known key, or object on the way to one, that a key is spelled almost like. */
static const char *suggestion(struct config_reading *rd, const char *key)
{
	if (rd->suggestions++ >= SUGGESTIONS_MAX)
		return NULL;
	for (size_t i = 0; i < config_keys_len; i++) {
		const char *path = config_keys[i].path;

		for (size_t len = strcspn(path, ".");; len += 1 + strcspn(path + len + 1, ".")) {
			const char *known = arena_memdup(rd->a, path, len);

			if (known && near_miss(key, known))
				return known;
			if (!path[len])
				break;
		}
	}
	return NULL;
}

static void unknown(struct config_reading *rd, const char *prefix, const struct json *j)
{
	const char *key = config_shown(rd, prefix, json_name(j));

	SAY(rd, NULL, key, j, .verdict = VERDICT_UNKNOWN, .wrong = "is not known",
	    .expected = key ? suggestion(rd, key) : NULL);
}

/* Something that is no object where one must be: told once, however many keys lie below it. */
static void block(struct config_reading *rd, const char *path, const struct json *j)
{
	for (size_t i = 0; i < config_keys_len; i++)
		if (is_below(config_keys[i].path, path))
			rd->bad[i] = true;
	SAY(rd, NULL, arena_strdup(rd->a, path), j, .verdict = VERDICT_REJECTED,
	    .wrong = config_wrong_type(j), .expected = "an object");
}

/* As deep as the table's longest path. */
static void visit(struct config_reading *rd, const struct json *object, const char *prefix)
{
	char path[PATH_SHOWN_MAX];

	for (const struct json *j = json_first(object); j; j = json_next(j)) {
		const char *name = json_name(j);
		int len = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", name);
		const struct config_key *row = NULL;
		bool inner = false;

		if (rd->kept && !*prefix && strcmp(name, CONFIG_LOST_NAME) == 0)
			continue;

		/* A dot in a name is no way down. */
		if (len > 0 && (size_t)len < sizeof(path) && !strchr(name, '.'))
			row = find_row(path, &inner);
		if (!row && !inner)
			unknown(rd, prefix, j);
		else if (json_type(j) == JSON_NULL)
			continue; /* as if it were not there */
		else if (row) {
			rd->seen[row - config_keys] = true;
			config_read_value(rd, row, j);
		} else if (json_type(j) == JSON_OBJECT)
			visit(rd, j, path);
		else
			block(rd, path, j);
	}
}

void config_read(struct config_reading *rd, const struct json *top)
{
	rd->seen = arena_alloc(rd->a, config_keys_len * sizeof(*rd->seen));
	rd->bad = arena_alloc(rd->a, config_keys_len * sizeof(*rd->bad));
	if (rd->seen && rd->bad)
		visit(rd, top, "");
}
