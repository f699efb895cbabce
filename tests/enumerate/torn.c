/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "tests/enumerate/model.h"

/* A store of keys: torn at each byte, and with two files in either order. */

struct leaving {
	const struct config *c;
	struct left *ret;
	size_t len;
	const char *bad;
};

static void pack(const struct config *c, const struct left *left,
		 unsigned char ret[static WORLD_BYTES])
{
	struct world w = { .disk = left->disk,
			   .rec = left->rec,
			   .running = AB_RECOVERY, /* some: a boot_id is kept */
			   .stale = left->stale,
			   .stale_same = left->stale_same,
			   .loose = left->loose };

	world_pack(c, &w, ret);
}

static void left_by(struct leaving *l, const struct image *image)
{
	unsigned char bytes[WORLD_BYTES], known[WORLD_BYTES];
	struct left left;
	struct keys k;

	keys_read(image, &k);
	keys_load(l->c, &k, &left);
	media_torn++;
	if (left.disk == DISK_LOST)
		l->bad = "a torn write loses all keys";
	if (left.disk == DISK_RECORD && !ab_valid(&left.rec))
		l->bad = "a torn write is read as no record";
	pack(l->c, &left, bytes);
	for (size_t i = 0; i < l->len; i++) {
		pack(l->c, &l->ret[i], known);
		if (memcmp(known, bytes, sizeof(bytes)) == 0 &&
		    l->ret[i].rec.transaction == left.rec.transaction)
			return;
	}
	if (l->len < LEFT_MAX)
		l->ret[l->len++] = left;
	else
		l->bad = "a torn write leaves more than the model has room for";
}

size_t keys_torn(const struct config *c, const struct image *old, const struct image *next,
		 struct left ret[static LEFT_MAX], const char **ret_bad)
{
	struct leaving l = { .c = c, .ret = ret };

	media_stores++;
	for (size_t b = 0; b < KEYS_BLOCKS; b++) {
		/* The other file is as before, or written already. */
		for (int written = 0; written < 2; written++) {
			struct image torn = *old;

			if (written)
				memcpy(torn.block[!b], next->block[!b], sizeof(torn.block[!b]));
			for (size_t i = 0; i <= KEYS_SIZE; i++) {
				if (i < KEYS_SIZE && torn.block[b][i] == next->block[b][i])
					continue;
				left_by(&l, &torn);
				torn.block[b][i] = next->block[b][i];
			}
			if (c->medium != TEXTS)
				break;
		}
	}
	*ret_bad = l.bad;
	return l.len;
}

/* balenaOS' keys alone: ours are written behind them first, while theirs do not move. */
static void adopt(const struct image *old, const struct keys *next, struct image *ret)
{
	struct image all;
	size_t len = strcspn(old->block[0], "#"), n;
	struct config c = { .medium = TEXT };
	struct keys own = *next;

	own.part = AB_NONE;
	own.count[0] = '\0';
	keys_print(&c, &own, &all);
	n = strcspn(all.block[0], "#");
	*ret = *old;
	memcpy(ret->block[0] + len, all.block[0], n);
}

size_t keys_cut(const struct config *c, const struct world *w, const struct ab_record *next,
		struct left ret[static LEFT_MAX], const char **ret_bad)
{
	struct image old, adopted, new;
	struct keys old_keys, new_keys;
	size_t len;

	keys_of_world(w, &old_keys);
	keys_of(DISK_RECORD, next, &new_keys);
	keys_print(c, &old_keys, &old);
	keys_print(c, &new_keys, &new);
	*ret_bad = NULL;
	if (w->disk == DISK_LOST) /* nothing to lose: what is there is damaged anyway */
		return 0;
	if (w->disk != DISK_FOREIGN)
		return keys_torn(c, &old, &new, ret, ret_bad);
	/* What the adopting write leaves is one of the two it lies between. */
	adopt(&old, &new_keys, &adopted);
	len = keys_torn(c, &old, &adopted, ret, ret_bad);
	if (*ret_bad)
		return len;
	{
		struct left more[LEFT_MAX];
		size_t n = keys_torn(c, &adopted, &new, more, ret_bad);

		for (size_t i = 0; i < n && len < LEFT_MAX; i++)
			ret[len++] = more[i];
	}
	return len;
}
