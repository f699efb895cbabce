/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jsonscan.h"

/*
 * Longer than our files are: what cJSON needs to be safe with (its recursion, its doubles, its names in
 * any case) is known in this one file, and no other includes it.
 *
 * struct json is a cJSON under another name: it is never defined, only cast.
 */

#define TYPE_MASK     0xff
#define INT_EXACT_MAX 9007199254740991.0 /* 2^53 - 1 */
#define BUILD_FAILED  (-1)		 /* in `valueint` of an object or array that we build */
#define OVERRIDES     0x10000		 /* in `type`, above the bits that cJSON has a use for */

/* What json_parse() reads has its offset in `valueint`: cJSON puts the number there that it also has in
 * `valuedouble`, and nothing reads it. */

/* A member of an object and its place among the others. */
struct member {
	cJSON *item;
	size_t index;
};

static const cJSON *as_cjson(const struct json *j)
{
	return (const cJSON *)j;
}

static const struct json *as_json(const cJSON *c)
{
	return (const struct json *)c;
}

static int member_compare(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = strcmp(x->item->string, y->item->string);

	if (r == 0)
		r = x->index < y->index ? -1 : x->index > y->index;
	return r;
}

static size_t count_children(const cJSON *c)
{
	size_t n = 0;

	for (const cJSON *child = c->child; child; child = child->next)
		n++;
	return n;
}

/* Takes away each member whose name comes again, by sorting: an object may have thousands. */
static int drop_overridden(cJSON *object)
{
	_cleanup_free_ struct member *members = NULL;
	size_t count = count_children(object), n = 0;

	if (count < 2)
		return 0;
	members = calloc(count, sizeof(*members));
	if (!members)
		return -ENOMEM;
	for (cJSON *child = object->child; child; child = child->next, n++)
		members[n] = (struct member){ .item = child, .index = n };
	qsort(members, n, sizeof(*members), member_compare);
	for (size_t i = 0; i + 1 < n; i++)
		if (strcmp(members[i].item->string, members[i + 1].item->string) == 0) {
			cJSON_Delete(cJSON_DetachItemViaPointer(object, members[i].item));
			members[i + 1].item->type |= OVERRIDES;
		}
	return 0;
}

/* Recurses as deep as the document, which the scan has bounded. */
static int drop_all_overridden(cJSON *c)
{
	int r = cJSON_IsObject(c) ? drop_overridden(c) : 0;

	for (cJSON *child = c->child; child && r == 0; child = child->next)
		if (child->child)
			r = drop_all_overridden(child);
	return r;
}

/* Hands out the offsets, in the order of the text, as deep as the document. */
static void set_offsets(cJSON *c, const uint32_t **next)
{
	c->valueint = (int)*(*next)++;
	for (cJSON *child = c->child; child; child = child->next)
		set_offsets(child, next);
}

static void free_offsets(struct jsonscan_offsets *o)
{
	free(o->offset);
}

int json_parse(const char *text, size_t len, struct json **ret_json, struct reason *r)
{
	_cleanup_(free_offsets) struct jsonscan_offsets offsets = { 0 };
	struct jsonscan_error error;
	const uint32_t *next;
	cJSON *c;
	int err;

	err = jsonscan(text, len, &offsets, &error);
	if (err == -ENOMEM)
		return reason_set(r, ENOMEM, "parse", "JSON");
	if (err < 0)
		return reason_setf(r, EBADMSG, "parse", "JSON", "line %zu, column %zu: %s",
				   error.line, error.column, error.text);
	/* What passed the scan fails for want of memory only. */
	c = cJSON_ParseWithLengthOpts(text, len, NULL, 0);
	next = offsets.offset;
	if (c)
		set_offsets(c, &next);
	if (!c || drop_all_overridden(c) < 0) {
		cJSON_Delete(c);
		return reason_set(r, ENOMEM, "parse", "JSON");
	}
	*ret_json = (struct json *)c;
	return 0;
}

void json_free(struct json *j)
{
	cJSON_Delete((cJSON *)j);
}

enum json_type json_type(const struct json *j)
{
	switch (as_cjson(j)->type & TYPE_MASK) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Raw: /* what json_add_int() makes */
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	  [JSON_BOOL] = "boolean", [JSON_NUMBER] = "number",
		[JSON_STRING] = "string", [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object",
	};

	return names[type];
}

const struct json *json_get(const struct json *object, const char *name)
{
	if (!object || !cJSON_IsObject(as_cjson(object)))
		return NULL;
	return as_json(cJSON_GetObjectItemCaseSensitive(as_cjson(object), name));
}

const char *json_string(const struct json *j)
{
	return cJSON_IsString(as_cjson(j)) ? as_cjson(j)->valuestring : NULL;
}

bool json_bool(const struct json *j, bool *ret)
{
	if (!cJSON_IsBool(as_cjson(j)))
		return false;
	*ret = cJSON_IsTrue(as_cjson(j));
	return true;
}

bool json_int(const struct json *j, int64_t *ret)
{
	double value;

	if (!cJSON_IsNumber(as_cjson(j)))
		return false;
	value = as_cjson(j)->valuedouble;
	if (!(value >= -INT_EXACT_MAX && value <= INT_EXACT_MAX) || (double)(int64_t)value != value)
		return false;
	*ret = (int64_t)value;
	return true;
}

const struct json *json_first(const struct json *j)
{
	return j ? as_json(as_cjson(j)->child) : NULL;
}

const struct json *json_next(const struct json *j)
{
	return as_json(as_cjson(j)->next);
}

const char *json_name(const struct json *j)
{
	return as_cjson(j)->string;
}

size_t json_offset(const struct json *j)
{
	return (size_t)as_cjson(j)->valueint;
}

bool json_overrides(const struct json *j)
{
	return as_cjson(j)->type & OVERRIDES;
}

struct json *json_new_object(void)
{
	return (struct json *)cJSON_CreateObject();
}

/* Hands an item to its parent, or notes in the parent that it could not be. */
static struct json *add(struct json *parent, const char *name, cJSON *item)
{
	cJSON *p = (cJSON *)parent;

	if (item && (name ? cJSON_AddItemToObject(p, name, item) : cJSON_AddItemToArray(p, item)))
		return (struct json *)item;
	cJSON_Delete(item);
	p->valueint = BUILD_FAILED;
	return NULL;
}

struct json *json_add_object(struct json *object, const char *name)
{
	return object ? add(object, name, cJSON_CreateObject()) : NULL;
}

struct json *json_need_object(struct json *object, const char *name)
{
	cJSON *there = object ? cJSON_GetObjectItemCaseSensitive((cJSON *)object, name) : NULL;

	return there ? (struct json *)there : json_add_object(object, name);
}

struct json *json_add_array(struct json *object, const char *name)
{
	return object ? add(object, name, cJSON_CreateArray()) : NULL;
}

struct json *json_append_object(struct json *array)
{
	return array ? add(array, NULL, cJSON_CreateObject()) : NULL;
}

static cJSON *create_string(const char *value)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	size_t len = strlen(value), out = 0;
	_cleanup_free_ char *clean = malloc(len * strlen(replacement) + 1);

	if (!clean)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(value + i, len - i);
		const char *from = n ? value + i : replacement;
		size_t bytes = n ? n : strlen(replacement);

		memcpy(clean + out, from, bytes);
		out += bytes;
		i += n ? n : 1;
	}
	clean[out] = '\0';
	return cJSON_CreateString(clean);
}

void json_add_string(struct json *object, const char *name, const char *value)
{
	if (object)
		(void)add(object, name, value ? create_string(value) : cJSON_CreateNull());
}

void json_add_copy(struct json *object, const char *name, const struct json *value, struct arena *a)
{
	char *text = value ? json_print_line(value, a) : arena_strdup(a, "null\n");

	if (text)
		text[strlen(text) - 1] = '\0';
	if (object)
		(void)add(object, name, text ? cJSON_CreateRaw(text) : NULL);
}

void json_append_string(struct json *array, const char *value)
{
	if (array)
		(void)add(array, NULL, value ? create_string(value) : cJSON_CreateNull());
}

/* As text: a double loses digits, and klibc prints none. */
void json_add_int(struct json *object, const char *name, int64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)value);
	if (object)
		(void)add(object, name, cJSON_CreateRaw(digits));
}

void json_add_bool(struct json *object, const char *name, bool value)
{
	if (object)
		(void)add(object, name, cJSON_CreateBool(value));
}

/* Recurses as deep as our own code has built. */
static bool build_failed(const cJSON *c)
{
	if (c->valueint == BUILD_FAILED && (cJSON_IsObject(c) || cJSON_IsArray(c)))
		return true;
	for (const cJSON *child = c->child; child; child = child->next)
		if (build_failed(child))
			return true;
	return false;
}

/* Room for so many more bytes and the end, `]` and a NUL. */
static bool list_reserve(struct json_list *list, size_t more)
{
	size_t capacity = list->capacity ? list->capacity : 1024;
	char *text;

	while (capacity < list->len + more + 1)
		capacity *= 2;
	if (capacity == list->capacity)
		return true;
	text = realloc(list->text, capacity);
	if (!text)
		return false;
	list->text = text;
	list->capacity = capacity;
	return true;
}

void json_list_add(struct json_list *list, struct json *item)
{
	_cleanup_json_ struct json *owned = item;
	char *printed = owned && !build_failed(as_cjson(owned))
				? cJSON_PrintUnformatted(as_cjson(owned))
				: NULL;
	size_t len = printed ? strlen(printed) : 0;

	if (!printed || !list_reserve(list, len + 3)) {
		list->failed = true;
	} else {
		list->text[list->len] = list->len ? ',' : '[';
		list->text[list->len + 1] = '\n';
		memcpy(list->text + list->len + 2, printed, len);
		list->len += len + 2;
	}
	cJSON_free(printed);
}

void json_add_list(struct json *object, const char *name, struct json_list *list)
{
	cJSON *raw = NULL;

	if (!list->failed && list->text) {
		memcpy(list->text + list->len, "]", 2);
		raw = cJSON_CreateRaw(list->text);
	} else if (!list->failed) {
		raw = cJSON_CreateArray();
	}
	free(list->text);
	*list = (struct json_list){ 0 };
	if (object)
		(void)add(object, name, raw);
	else
		cJSON_Delete(raw);
}

size_t json_count(const struct json *j)
{
	size_t n = 1;

	for (const struct json *child = json_first(j); child; child = json_next(child))
		n += json_count(child);
	return n;
}

static char *print(const struct json *j, struct arena *a, cJSON_bool indented)
{
	char *printed, *copy;

	if (!j || build_failed(as_cjson(j)))
		return NULL;
	printed = indented ? cJSON_Print(as_cjson(j)) : cJSON_PrintUnformatted(as_cjson(j));
	if (!printed)
		return NULL;
	copy = arena_printf(a, "%s\n", printed);
	cJSON_free(printed);
	return copy;
}

char *json_print(const struct json *j, struct arena *a)
{
	return print(j, a, 1);
}

char *json_print_line(const struct json *j, struct arena *a)
{
	return print(j, a, 0);
}
