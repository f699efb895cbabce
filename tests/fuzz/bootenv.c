/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The loaders' environments. The input: a byte that says which, then the file. What is read, written and read again
 * is the same, the record that is stored is the one that is loaded, and no key of somebody else gets lost.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/abenv.h"
#include "lib/abmeta.h"
#include "lib/digest.h"
#include "lib/grubenv.h"
#include "lib/ubootenv.h"
#include "lib/uenv.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 8192u /* for what an input and our keys need */

static bool is_ours(const char *key)
{
	return strncmp(key, "anteroot_", 9) == 0 || strcmp(key, "resin_root_part") == 0 ||
	       strcmp(key, "upgrade_available") == 0 || strcmp(key, "bootcount") == 0;
}

static void same_list(const struct envlist *x, const struct envlist *y)
{
	MUST(x->n == y->n);
	for (size_t i = 0; i < x->n; i++) {
		const struct env_entry *one = &x->entry[i], *two = &y->entry[i];

		MUST(!one->key == !two->key);
		if (!one->key)
			continue;
		MUST(strcmp(one->key, two->key) == 0 && strcmp(one->value, two->value) == 0);
	}
}

/* Everybody else's keys, in the same order and with the same bytes. */
static void same_others(const struct envlist *x, const struct envlist *y)
{
	size_t k = 0;

	for (size_t i = 0; i < x->n; i++) {
		const struct env_entry *one = &x->entry[i];

		if (!one->key || is_ours(one->key))
			continue;
		while (k < y->n && (!y->entry[k].key || is_ours(y->entry[k].key)))
			k++;
		MUST(k < y->n && y->entry[k].raw_len == one->raw_len);
		MUST(memcmp(y->entry[k++].raw, one->raw, one->raw_len) == 0);
	}
}

enum kind { GRUB, UENV, COUNT, SINGLE, REDUNDANT, KINDS };

/* One of the formats, so that the rest is the same for all. */
struct format {
	enum kind kind;
	struct arena *a;
	struct ubootenv uboot;
	char *file[2];
	size_t size;
};

static int parse(struct format *f, struct envlist *ret)
{
	const void *const copy[2] = { f->file[0], f->kind == REDUNDANT ? f->file[1] : NULL };
	int err;

	if (f->kind == GRUB)
		return grubenv_parse(f->a, f->file[0], f->size, "file", ret, NULL);
	if (f->kind == UENV || f->kind == COUNT)
		return uenv_parse(f->a, f->file[0], f->size, "file", ret, NULL);
	err = ubootenv_parse(f->a, copy, f->size, "file", &f->uboot, NULL);
	*ret = f->uboot.list;
	return err;
}

static int write_file(struct format *f, const struct envlist *e)
{
	char *out = malloc(f->size ? f->size : 1);
	unsigned int where = 0;
	int err;

	MUST(out);
	f->uboot.list = *e;
	if (f->kind == GRUB)
		err = grubenv_write(e, out, f->size, "file", NULL);
	else if (f->kind == UENV || f->kind == COUNT)
		err = uenv_write(e, f->kind == COUNT ? '\0' : '\n', out, f->size, "file", NULL);
	else
		err = ubootenv_write(&f->uboot, out, &where, "file", NULL);
	MUST(where < 2 && (f->kind == REDUNDANT || where == 0));
	if (err == 0)
		memcpy(f->file[where], out, f->size);
	free(out);
	return err;
}

/* Puts the keys into a file that has room for all. */
static void move(struct format *f, const struct envlist *e)
{
	struct format large = *f;
	struct envlist again;

	large.size = ROOM;
	large.file[0] = calloc(1, ROOM);
	large.file[1] = calloc(1, ROOM);
	MUST(large.file[0] && large.file[1]);
	large.uboot.size = ROOM;
	if (write_file(&large, e) == 0) {
		if (f->kind != REDUNDANT)
			MUST(parse(&large, &again) == 0);
		else
			MUST(parse(&large, &again) == 0 && large.uboot.damaged);
		same_list(e, &again);
	} else {
		MUST(f->kind == GRUB); /* 1024 bytes, whatever the file has */
	}
	free(large.file[0]);
	free(large.file[1]);
}

static const struct abenv_device devices[KINDS] = {
	[GRUB] = { .form = ABENV_DECIMAL, .part = { 2, 3 }, .tries = 3 },
	[UENV] = { .form = ABENV_HEX, .part = { 10, 11 }, .tries = 3 },
	[COUNT] = { .form = ABENV_LETTER, .tries = 3 },
	[SINGLE] = { .form = ABENV_HEX, .part = { 2, 3 }, .counter = AB_LOADER, .tries = 3 },
	[REDUNDANT] = { .form = ABENV_HEX, .part = { 2, 3 }, .tries = 1 },
};

static void check_record(const struct ab_record *rec)
{
	enum ab_slot_id candidate = ab_candidate(rec);

	MUST(ab_valid(rec));
	MUST(candidate == AB_NONE || (rec->transaction > 0 && candidate != rec->active));
}

static void store(struct format *f, const struct envlist *e)
{
	const struct abenv_device *dev = &devices[f->kind];
	struct envlist mine = { .arena = f->a }, again;
	char meta[2][ABMETA_SIZE];
	struct abenv_report report;
	struct ab_record rec, after;
	int err = abenv_load(e, dev, "file", &rec, &report, NULL);

	if (err < 0) {
		MUST(err == -ENODATA && report.foreign);
		return;
	}
	check_record(&rec);
	env_merge(&mine, e);
	MUST(abenv_store(&rec, dev, &mine, &mine, "file", NULL) == 0);
	same_others(e, &mine);
	MUST(abenv_load(&mine, dev, "file", &after, &report, NULL) == 0);
	MUST(!report.foreign && !report.torn && !report.stale_count && !report.double_count);
	MUST(!report.meta_lost && !report.part_unknown && !report.parts_differ);
	abmeta_print(&rec, meta[0]);
	abmeta_print(&after, meta[1]);
	MUST(strcmp(meta[0], meta[1]) == 0);
	err = write_file(f, &mine);
	if (err < 0) {
		MUST(err == -ENOSPC);
		return;
	}
	MUST(parse(f, &again) == 0);
	same_list(&mine, &again);
	for (size_t i = 0; i < 4; i++)
		MUST(again.n > i && again.entry[i].key && is_ours(again.entry[i].key));
}

/* Nobody guesses a checksum. */
static void mend(char *copy, size_t size, size_t header)
{
	uint32_t crc;

	if (size <= header)
		return;
	crc = digest_crc32(copy + header, size - header);
	memcpy(copy, &crc, sizeof(crc));
}

static void adopt(struct format *f, const struct envlist *e)
{
	const struct abenv_device *dev = &devices[f->kind];
	struct envlist mine = { .arena = f->a };
	struct abenv_report report;
	struct ab_record rec;

	if (abenv_load(e, dev, "file", &rec, &report, NULL) < 0)
		return;
	env_merge(&mine, e);
	if (abenv_adopt(&rec, dev, &mine, &mine, "file", NULL) == 0) {
		same_list(e, &mine);
		return;
	}
	MUST(report.foreign);
	same_others(e, &mine);
	MUST(abenv_load(&mine, dev, "file", &rec, &report, NULL) == 0 && !report.foreign);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	struct input in = { (const char *)data, size };
	struct format f = { .kind = (enum kind)(input_byte(&in) % KINDS), .a = &a };
	struct envlist e;

	f.size = f.kind == REDUNDANT ? in.len / 2 : in.len;
	if (in.len > ROOM / 2)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		const struct input part = { in.p + (f.kind == REDUNDANT ? i * f.size : 0), f.size };

		f.file[i] = input_copy(&part);
		if (f.kind >= SINGLE && i == 0)
			mend(f.file[i], f.size, f.kind == REDUNDANT ? 5 : 4);
	}
	if (parse(&f, &e) == 0) {
		adopt(&f, &e);
		move(&f, &e);
		store(&f, &e);
	} else {
		MUST(e.n == 0 && f.kind != UENV && f.kind != COUNT);
	}
	free(f.file[0]);
	free(f.file[1]);
	return 0;
}
