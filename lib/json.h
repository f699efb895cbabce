/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * JSON by cJSON, with its traps closed (RFC 8259; what is refused that cJSON accepts: bytes behind the
 * value, invalid UTF-8, NUL and \u0000, control characters, nesting above 32, a top level that is not
 * an object; lib/jsonscan.h has them all). Of a name that occurs twice in an object only the last is
 * kept, as jq has it. The one file that includes cJSON.h.
 */

struct json; /* a value; owned by its document */

#define JSON_DEPTH_MAX	32
#define JSON_VALUES_MAX 4096

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/**
 * @param text document, `len` bytes
 * @param ret_json top-level object, freed with json_free()
 * @return 0; -EBADMSG with line and column in the reason; -ENOMEM
 */
int json_parse(const char *text, size_t len, struct json **ret_json, struct reason *r)
	_nonnull_(1, 3) _must_check_;
void json_free(struct json *j);
static inline void json_free_ptr(struct json **j)
{
	json_free(*j);
}
#define _cleanup_json_ _cleanup_(json_free_ptr)

enum json_type json_type(const struct json *j) _nonnull_all_;

/** @return "null", "boolean", "number", "string", "array" or "object", for messages. */
const char *json_type_name(enum json_type type);

/** @return member of an object (case counts), NULL when absent or not an object. */
const struct json *json_get(const struct json *object, const char *name) _nonnull_(2);

/** @return string of a JSON_STRING, NULL of anything else or of NULL. */
const char *json_string(const struct json *j);

/** @return true and the value when `j` is a boolean. */
bool json_bool(const struct json *j, bool *ret) _nonnull_(2);

/** @return true and the value when `j` is a whole number of at most 2^53 - 1, either sign: a double
 * holds no others exactly. */
bool json_int(const struct json *j, int64_t *ret) _nonnull_(2);

/** @return first child of an array or object, NULL when there is none or of anything else. */
const struct json *json_first(const struct json *j);

/** @return the child after this one, or NULL. */
const struct json *json_next(const struct json *j) _nonnull_all_;

/** @return name of an object's member, NULL for an array's element. */
const char *json_name(const struct json *j) _nonnull_all_;

/** @return where in the text of json_parse() the value begins, a member at its name, in bytes. */
size_t json_offset(const struct json *j) _nonnull_all_;

/** @return true when an earlier member had the same name and was dropped. */
bool json_overrides(const struct json *j) _nonnull_all_;

/* Building. Every function takes NULL as a parent (an earlier failure) and then does nothing. A failed
 * allocation shows when json_print() of the top object returns NULL. Bytes of a string that are not
 * UTF-8 become U+FFFD: a disk's label may be anything, and the result must stay JSON. */
struct json *json_new_object(void);
struct json *json_add_object(struct json *object, const char *name);
struct json *json_add_array(struct json *object, const char *name);
struct json *json_need_object(struct json *object,
			      const char *name); /* the one there, or a new one */
struct json *json_append_object(struct json *array);
void json_add_string(struct json *object, const char *name, const char *value); /* NULL -> null */
void json_add_int(struct json *object, const char *name, int64_t value);
void json_add_bool(struct json *object, const char *name, bool value);
void json_add_copy(struct json *object, const char *name, const struct json *value, struct arena *a)
	_nonnull_(2, 4); /* of a value of another document; NULL -> null */
void json_append_string(struct json *array, const char *value);

/*
 * A long array. A tree takes a hundred times the memory of its text, so each item is printed, on one line,
 * and freed as it is added.
 */
struct json_list {
	char *text; /* `[` and the items with commas between them; malloc()ed */
	size_t len, capacity;
	bool failed;
};

/** Adds an item, which is freed; NULL is an earlier failure. */
void json_list_add(struct json_list *list, struct json *item) _nonnull_(1);

/** Puts the array into an object, and frees the list. */
void json_add_list(struct json *object, const char *name, struct json_list *list) _nonnull_(2, 3);

/** @return how many values a document has, itself included. */
size_t json_count(const struct json *j) _nonnull_all_;

/** @return indented text that ends in a newline, or NULL when memory was out at any time. */
char *json_print(const struct json *j, struct arena *a) _nonnull_(2);

/** @return the same on one line: for machines. */
char *json_print_line(const struct json *j, struct arena *a) _nonnull_(2);
