/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "lib/json.h"
#include "lib/layout.h"

/* What the integrator's file says of a device's identity; docs/IDENTITY.md has the keys. */

static int wrong(struct reason *r, const char *key, const char *expected)
{
	return reason_setf(r, EBADMSG, "use", key, "expected %s (%s)", expected, LAYOUT_PATH);
}

static int read_machine_id(const struct json *j, struct layout *layout, struct reason *r)
{
	static const char *const names[] = {
		[LAYOUT_ID_RANDOM] = "random",
		[LAYOUT_ID_IMAGE] = "image",
		[LAYOUT_ID_NONE] = "none",
	};
	const char *name = json_string(j);

	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0) {
			layout->machine_id = (enum layout_machine_id)i;
			return 0;
		}
	return wrong(r, "machineId", "random, image or none");
}

/* Absolute, below "/", without parts that lead elsewhere or nowhere; a pattern in its last part alone. */
static bool is_persistable(const char *path)
{
	const char *slash;

	if (!path || path[0] != '/' || !path[1] || strlen(path) > 1024)
		return false;
	for (slash = path; slash; slash = strchr(slash + 1, '/')) {
		size_t len = strcspn(slash + 1, "/");
		bool last = !slash[1 + len];

		if ((len == 0 && !last) ||
		    (slash[1] == '.' && (len == 1 || (len == 2 && slash[2] == '.'))) ||
		    (!last && strcspn(slash + 1, "*?[") < len))
			return false;
	}
	return true;
}

static int read_persist(struct arena *a, const struct json *list, struct layout *layout,
			struct reason *r)
{
	static const char expected[] =
		"a list of at most 32 absolute paths, a directory's ending in /, a "
		"pattern in a file's last part alone";
	const struct json *item = json_type(list) == JSON_ARRAY ? json_first(list) : NULL;

	if (json_type(list) != JSON_ARRAY)
		return wrong(r, "persist", expected);
	layout->n_persist = 0;
	layout->persist = arena_alloc(a, LAYOUT_PERSIST_MAX * sizeof(*layout->persist));
	for (; item && layout->persist; item = json_next(item)) {
		const char *path = json_string(item);

		if (!is_persistable(path) || layout->n_persist == LAYOUT_PERSIST_MAX)
			return wrong(r, "persist", expected);
		layout->persist[layout->n_persist] = arena_strdup(a, path);
		if (!layout->persist[layout->n_persist++])
			return -ENOMEM;
	}
	return layout->persist ? 0 : -ENOMEM;
}

/* A short one is also that of file systems which are nobody's copy. */
static bool is_prefix(const char *text)
{
	size_t digits = 0;

	for (; text && *text; text++) {
		if (!strchr("0123456789abcdefABCDEF-", *text))
			return false;
		digits += *text != '-';
	}
	return digits >= 4 && digits <= 32;
}

static int read_roles(const struct json *list, struct layout *layout, struct reason *r)
{
	layout->uuid_roles = 0;
	for (const struct json *item = json_first(list); item; item = json_next(item)) {
		const char *name = json_string(item);
		size_t i = 0;

		while (name && i < PART_ROLES && strcmp(layout->part[i].name, name) != 0)
			i++;
		if (!name || i == PART_ROLES)
			return wrong(r, "roles",
				     "a list of boot, rootA, rootB, state, data, recovery");
		layout->uuid_roles |= 1u << i;
	}
	return 0;
}

static int read_uuids(struct arena *a, const struct json *j, struct layout *layout,
		      struct reason *r)
{
	const struct json *prefix = json_get(j, "prefix"), *roles = json_get(j, "roles");

	if (json_type(j) == JSON_NULL) {
		layout->uuid_prefix = NULL;
		return 0;
	}
	if (json_type(j) != JSON_OBJECT)
		return wrong(r, "uuids", "an object or null");
	if (prefix) {
		if (!is_prefix(json_string(prefix)))
			return wrong(r, "prefix", "4 to 32 hexadecimal digits");
		layout->uuid_prefix = arena_strdup(a, json_string(prefix));
		if (!layout->uuid_prefix)
			return -ENOMEM;
	}
	if (!roles)
		return 0;
	if (json_type(roles) != JSON_ARRAY)
		return wrong(r, "roles", "a list of boot, rootA, rootB, state, data, recovery");
	return read_roles(roles, layout, r);
}

int layout_read_identity(struct arena *a, const struct json *top, struct layout *layout,
			 struct reason *r)
{
	const struct json *id = json_get(top, "machineId"), *persist = json_get(top, "persist"),
			  *uuids = json_get(top, "uuids");
	int err = id ? read_machine_id(id, layout, r) : 0;

	if (err == 0 && persist)
		err = read_persist(a, persist, layout, r);
	return err == 0 && uuids ? read_uuids(a, uuids, layout, r) : err;
}
