/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/layout.h"

#include <string.h>

#include "lib/json.h"

const struct layout layout_default = {
	.part = {
		[PART_BOOT] = { "boot", { "resin-boot", "balena-boot" }, "/mnt/boot" },
		[PART_ROOT_A] = { "rootA", { "resin-rootA", "balena-rootA" }, NULL },
		[PART_ROOT_B] = { "rootB", { "resin-rootB", "balena-rootB" }, NULL },
		[PART_STATE] = { "state", { "resin-state", "balena-state" }, "/mnt/state" },
		[PART_DATA] = { "data", { "resin-data", "balena-data" }, "/mnt/data" },
		[PART_RECOVERY] = { "recovery", { NULL }, NULL }, /* only an integrator's */
	},
	.state = ABCONF_DEFAULT,
	.grow_data = true,
	.uuid_prefix = "ba1eadef",
	.uuid_roles = (1u << PART_ROLES) - 1,
	.wait_msec = 30000,
	.fsck = FSCK_AUTO,
	.fsck_msec = 120000,
	.hooks_msec = 30000,
	.rescue_delay_msec = 10000,
};

static int wrong(struct reason *r, const char *key, const char *expected)
{
	return reason_setf(r, EBADMSG, "use", key, "expected %s (%s)", expected, LAYOUT_PATH);
}

static int read_labels(struct arena *a, const struct json *list, const char *key,
		       struct layout_part *part, struct reason *r)
{
	const struct json *item;
	size_t n = 0;

	if (json_type(list) != JSON_ARRAY || !json_first(list))
		return wrong(r, key, "a list of labels");
	for (item = json_first(list); item; item = json_next(item)) {
		const char *label = json_string(item);

		/* The last place stays NULL: it ends the list. */
		if (!label || !*label || n == LAYOUT_LABELS_MAX - 1)
			return wrong(r, key, "one to three strings that are not empty");
		part->label[n] = arena_strdup(a, label);
		if (!part->label[n++])
			return -ENOMEM;
	}
	return 0;
}

/* The GPT's form of 36 characters, or that of an msdos table, XXXXXXXX-NN. A part of one is none. */
static bool is_partuuid(const char *text)
{
	static const char gpt[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", dos[] = "xxxxxxxx-xx";
	const char *form = strlen(text) == strlen(dos) ? dos : gpt;

	for (; *form && *text; form++, text++)
		if (*form == '-' ? *text != '-' : !strchr("0123456789abcdefABCDEF", *text))
			return false;
	return !*form && !*text;
}

static int read_partuuid(struct arena *a, const struct json *j, const char *key,
			 struct layout_part *part, struct reason *r)
{
	const char *text = json_string(j);

	if (!text || !is_partuuid(text))
		return wrong(r, key, "a whole PARTUUID, of the GPT or as XXXXXXXX-NN");
	part->label[0] = arena_strdup(a, text);
	return part->label[0] ? 0 : -ENOMEM;
}

/* What the partition is known by: one of three keys. */
static int read_identity(struct arena *a, const struct json *j, struct layout_part *part,
			 struct reason *r)
{
	static const struct {
		const char *key;
		int (*read)(struct arena *a, const struct json *j, const char *key,
			    struct layout_part *part, struct reason *r);
	} ways[] = {
		[LAYOUT_BY_LABEL] = { "labels", read_labels },
		[LAYOUT_BY_PARTLABEL] = { "partlabels", read_labels },
		[LAYOUT_BY_PARTUUID] = { "partuuid", read_partuuid },
	};
	bool said = false;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct json *value = json_get(j, ways[i].key);
		int err;

		if (!value)
			continue;
		if (said)
			return wrong(r, part->name, "one of labels, partlabels and partuuid");
		said = true;
		memset(part->label, 0, sizeof(part->label));
		part->by = (enum layout_by)i;
		err = ways[i].read(a, value, ways[i].key, part, r);
		if (err < 0)
			return err;
	}
	return 0;
}

const char *layout_part_text(struct arena *a, const struct layout_part *part)
{
	static const char *const heads[] = {
		[LAYOUT_BY_LABEL] = "",
		[LAYOUT_BY_PARTLABEL] = "PARTLABEL=",
		[LAYOUT_BY_PARTUUID] = "PARTUUID=",
	};

	return arena_printf(a, "%s%s", heads[part->by], part->label[0] ? part->label[0] : "");
}

static int read_part(struct arena *a, const struct json *j, struct layout_part *part,
		     struct reason *r)
{
	const struct json *point = json_get(j, "mountPoint");
	int err;

	if (json_type(j) != JSON_OBJECT)
		return wrong(r, part->name, "an object");
	err = read_identity(a, j, part, r);
	if (err < 0)
		return err;
	if (!point)
		return 0;
	if (json_type(point) == JSON_NULL) {
		part->mount_point = NULL;
		return 0;
	}
	if (!json_string(point) || json_string(point)[0] != '/')
		return wrong(r, "mountPoint", "an absolute path or null");
	part->mount_point = arena_strdup(a, json_string(point));
	return part->mount_point ? 0 : -ENOMEM;
}

static int read_parts(struct arena *a, const struct json *parts, struct layout *layout,
		      struct reason *r)
{
	const struct json *j;

	if (json_type(parts) != JSON_OBJECT)
		return wrong(r, "partitions", "an object");
	for (j = json_first(parts); j; j = json_next(j)) {
		size_t i = 0;
		int err;

		while (i < PART_ROLES && strcmp(layout->part[i].name, json_name(j)) != 0)
			i++;
		if (i == PART_ROLES)
			return wrong(r, json_name(j),
				     "boot, rootA, rootB, state, data or recovery");
		err = read_part(a, j, &layout->part[i], r);
		if (err < 0)
			return err;
	}
	return 0;
}

static int read_seconds(const struct json *top, const char *key, int64_t min, int64_t *msec,
			struct reason *r)
{
	const struct json *j = json_get(top, key);
	int64_t sec;

	if (!j)
		return 0;
	if (!json_int(j, &sec) || sec < min || sec > 3600)
		return wrong(r, key, min ? "1 to 3600 seconds" : "0 to 3600 seconds");
	*msec = sec * 1000;
	return 0;
}

static int read_storage(const struct json *storage, struct layout *layout, struct reason *r)
{
	const struct json *mode = json_get(storage, "fsck"), *grow = json_get(storage, "growData");
	const char *word = json_string(mode);
	size_t i = 0;

	if (json_type(storage) != JSON_OBJECT)
		return wrong(r, "storage", "an object");
	if (grow && !json_bool(grow, &layout->grow_data))
		return wrong(r, "storage.growData", "true or false");
	while (mode && i < FSCK_UNSAID && (!word || strcmp(word, fsck_mode_words[i]) != 0))
		i++;
	if (i == FSCK_UNSAID)
		return wrong(r, "storage.fsck", "auto, force or skip");
	if (mode)
		layout->fsck = (enum fsck_mode)i;
	return read_seconds(storage, "fsckSeconds", 1, &layout->fsck_msec, r);
}

static int read_top(struct arena *a, const struct json *top, struct layout *layout,
		    struct reason *r)
{
	const struct json *parts = json_get(top, "partitions"), *state = json_get(top, "bootState");
	const struct json *storage = json_get(top, "storage");
	int err = 0;

	if (parts)
		err = read_parts(a, parts, layout, r);
	if (err == 0)
		err = read_seconds(top, "waitSeconds", 0, &layout->wait_msec, r);
	if (err == 0)
		err = read_seconds(top, "rescueSeconds", 0, &layout->rescue_delay_msec, r);
	if (err == 0)
		err = read_seconds(top, "hooksSeconds", 1, &layout->hooks_msec, r);
	if (err == 0 && storage)
		err = read_storage(storage, layout, r);
	if (err == 0)
		err = layout_read_identity(a, top, layout, r);
	if (err == 0 && state)
		err = abconf_read(a, state, &layout->state, r);
	return err;
}

int layout_parse(struct arena *a, const char *text, size_t len, struct layout *ret_layout,
		 struct reason *r)
{
	_cleanup_json_ struct json *top = NULL;
	struct layout layout = layout_default;
	int err;

	*ret_layout = layout_default;
	err = json_parse(text, len, &top, r);
	if (err == 0)
		err = read_top(a, top, &layout, r);
	if (err == 0)
		*ret_layout = layout;
	return err;
}
