/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BLOCK_BYTES 8192u
#define ARENA_ALIGN	  16u /* enough for every object; klibc's stddef.h has no max_align_t */

struct arena_block {
	struct arena_block *older;
	size_t size; /* of data[] */
	size_t used;
	char data[] __attribute__((aligned(ARENA_ALIGN)));
};

static void *block_take(struct arena_block *b, size_t size)
{
	void *p = b->data + b->used;

	b->used += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->last;
	size_t want;

	if (size > SIZE_MAX / 2) {
		a->failed = true;
		return NULL;
	}
	size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

	if (!b || b->size - b->used < size) {
		want = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
		b = calloc(1, sizeof(*b) + want);
		if (!b) {
			a->failed = true;
			return NULL;
		}
		b->older = a->last;
		b->size = want;
		a->last = b;
	}
	a->used_bytes += size;
	return block_take(b, size);
}

char *arena_memdup(struct arena *a, const void *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (p)
		memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_memdup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len >= 0)
		p = arena_alloc(a, (size_t)len + 1);
	if (!p) {
		a->failed = true;
		return NULL;
	}
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}

void arena_free(struct arena *a)
{
	struct arena_block *b = a->last;

	while (b) {
		struct arena_block *older = b->older;

		free(b);
		b = older;
	}
	*a = ARENA_INIT;
}
