/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cleanup.h"

/* Reading DER (X.690): definite lengths in their shortest form, and no tag above 30. Pure; copies nothing. */

#define DER_BOOLEAN   0x01
#define DER_INTEGER   0x02
#define DER_BITS      0x03
#define DER_OCTETS    0x04
#define DER_NULL      0x05
#define DER_OID	      0x06
#define DER_UTF8      0x0c
#define DER_NUMERIC   0x12
#define DER_PRINTABLE 0x13
#define DER_T61	      0x14
#define DER_IA5	      0x16
#define DER_UTC_TIME  0x17
#define DER_TIME      0x18
#define DER_UNIVERSAL 0x1c
#define DER_BMP	      0x1e
#define DER_SEQUENCE  0x30
#define DER_SET	      0x31

struct der {
	const unsigned char *p;
	size_t len;
};

struct der_element {
	unsigned char tag;
	struct der content;
	struct der whole; /* with its header */
};

/**
 * Takes the next element off `in`.
 *
 * @return false when there is none or it is not DER; then `in` stays as it was
 */
bool der_take(struct der *in, struct der_element *ret) _nonnull_all_;

/** The same, and false when the tag is another. */
bool der_take_tag(struct der *in, unsigned char tag, struct der_element *ret) _nonnull_all_;

/** One part of a sequence. */
struct der_field {
	unsigned char tag;
	bool optional;
	bool (*check)(struct der content); /* NULL: anything */
};

/**
 * @param in content of a sequence
 * @param ret_content content of each of the `n` fields, untouched where an optional one is left out;
 *        may be NULL
 * @return true when it has these fields in this order and nothing else
 */
bool der_fields(struct der in, const struct der_field *fields, size_t n, struct der *ret_content)
	_nonnull_(2);

/* Whether a content is one that DER allows for its type. */
bool der_is_boolean(struct der content);
bool der_is_integer(struct der content);
bool der_is_oid(struct der content);
bool der_is_bits(struct der content);
