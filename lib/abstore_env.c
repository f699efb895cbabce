/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/abenv.h"
#include "lib/abstore_backend.h"
#include "lib/grubenv.h"
#include "lib/inplace.h"
#include "lib/ubootenv.h"
#include "lib/uenv.h"

/* The backends that share their file with a boot loader: grubenv, uenv, ubootenv. */

enum { MAIN, EXTRA, COUNT, FILES };

struct env_file {
	const char *name;
	bool there;
	struct inplace p;
	char *data; /* of p.size bytes */
	struct envlist list;
};

/* One load or store. */
struct env {
	struct arena arena;
	const struct abstore *s;
	enum ab_backend kind;
	struct abenv_device dev;
	struct env_file file[FILES]; /* ubootenv: the copies are the first two */
	struct ubootenv uboot;
	struct envlist view;
	bool lost; /* what is there is no environment */
};

static const char *const default_names[AB_BACKENDS][FILES] = {
	[AB_GRUBENV] = { "grubenv", NULL, NULL },
	[AB_UENV] = { "resinOS_uEnv.txt", "extra_uEnv.txt", "bootcount.env" },
	[AB_UBOOTENV] = { "uboot.env", NULL, NULL },
};

static void env_end(struct env *e)
{
	for (size_t i = 0; i < FILES; i++)
		if (e->file[i].there)
			inplace_close(&e->file[i].p);
	arena_free(&e->arena);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void env_begin(struct env *e, const struct abstore *s, enum ab_backend kind)
{
	bool own = s->conf->file[0] != NULL;

	*e = (struct env){
		.s = s,
		.kind = kind,
		.dev = { .form = kind == AB_GRUBENV ? ABENV_DECIMAL : ABENV_HEX,
			 .part = { s->partno[AB_A], s->partno[AB_B] },
			 .counter = s->conf->policy.counter,
			 .tries = s->conf->policy.tries },
	};
	for (size_t i = 0; i < FILES; i++)
		e->file[i].name = own ? s->conf->file[i] : default_names[kind][i];
	if (kind == AB_GRUBENV && strcmp(last_name(e->file[MAIN].name), "bootenv") == 0)
		e->dev.form = ABENV_LETTER;
}

/* A place of a raw partition, or a file of the boot partition. */
static int open_place(struct env *e, size_t i, struct reason *r)
{
	const struct abconf *conf = e->s->conf;
	struct env_file *file = &e->file[i];

	if (e->kind == AB_UBOOTENV && conf->partition) {
		file->name = conf->partition;
		if (!e->s->raw)
			return reason_setf(r, ENODEV, "find", conf->partition,
					   "no partition, or more than one, has this PARTLABEL");
		return inplace_open_raw(e->s->raw, conf->offset[i], conf->size, &file->p, r);
	}
	if (e->s->dirfd < 0 || !e->s->device)
		return reason_setf(r, ENODEV, "find", file->name,
				   "the boot partition is not mounted");
	return inplace_open_file(e->s->device, e->s->dirfd, file->name, &file->p, r);
}

static int read_place(struct env *e, size_t i, struct reason *r)
{
	struct env_file *file = &e->file[i];
	int err = open_place(e, i, r);

	if (err < 0)
		return err;
	file->there = true;
	file->data = arena_alloc(&e->arena, file->p.size);
	if (!file->data)
		return reason_set(r, ENOMEM, "read", file->name);
	return inplace_read(&file->p, file->data, r);
}

/* An environment that is none is lost, and written anew; grubenv-corrupt. */
static int parsed(struct env *e, int err)
{
	if (err == -EBADMSG)
		e->lost = true;
	return err == -EBADMSG ? 0 : err;
}

static int read_grubenv(struct env *e, struct reason *r)
{
	struct env_file *file = &e->file[MAIN];
	int err = read_place(e, MAIN, r);

	if (err < 0)
		return err;
	err = grubenv_parse(&e->arena, file->data, file->p.size, file->name, &file->list, r);
	if (err == 0)
		env_merge(&e->view, &file->list);
	return parsed(e, err);
}

/* The user's file and the count may be missing: U-Boot goes on without them too. */
static int read_uenv(struct env *e, struct reason *r)
{
	for (size_t i = 0; i < FILES; i++) {
		struct env_file *file = &e->file[i];
		int err;

		file->list.arena = &e->arena;
		if (!file->name)
			continue;
		err = read_place(e, i, r);
		if (err == -ENOENT && i != MAIN)
			continue;
		if (err == 0)
			err = uenv_parse(&e->arena, file->data, file->p.size, file->name,
					 &file->list, r);
		if (err < 0)
			return err;
		env_merge(&e->view, &file->list);
	}
	return 0;
}

static int read_ubootenv(struct env *e, struct reason *r)
{
	const struct abconf *conf = e->s->conf;
	size_t copies = conf->partition ? conf->n_offsets : (e->file[1].name ? 2 : 1);
	const void *copy[2] = { NULL, NULL };

	for (size_t i = 0; i < copies; i++) {
		int err = read_place(e, i, r);

		if (err < 0)
			return err;
		copy[i] = e->file[i].data;
	}
	if (copies > 1 && e->file[0].p.size != e->file[1].p.size)
		return reason_setf(r, EINVAL, "use", e->file[1].name,
				   "expected %zu bytes, as the other copy has", e->file[0].p.size);
	int err = ubootenv_parse(&e->arena, copy, e->file[0].p.size, e->file[0].name, &e->uboot, r);

	if (err == 0)
		env_merge(&e->view, &e->uboot.list);
	return parsed(e, err);
}

static int env_read(struct env *e, struct reason *r)
{
	int err;

	e->view.arena = &e->arena;
	if (e->kind == AB_GRUBENV)
		err = read_grubenv(e, r);
	else if (e->kind == AB_UENV)
		err = read_uenv(e, r);
	else
		err = read_ubootenv(e, r);
	if (err == 0 && arena_failed(&e->arena))
		err = reason_set(r, ENOMEM, "read", e->file[MAIN].name);
	if (err == 0)
		abenv_fill_parts(&e->view, &e->dev);
	return err;
}

static void tell(struct arena *a, const struct env *e, const struct abenv_report *report,
		 struct abstore_found *ret)
{
	const char *name = e->file[MAIN].name;

	ret->read_only = report->meta_newer;
	ret->damaged = report->torn || (e->uboot.redundant && e->uboot.damaged);
	/* With a file of its own the count may differ because of a cut between the two. */
	ret->counted_twice = report->double_count && e->kind != AB_UENV;
	if (report->torn)
		ret->problem = arena_printf(a, "a write of %s was torn", name);
	else if (report->parts_differ)
		ret->problem = arena_printf(
			a, "%s was written for other partition numbers than the slots have", name);
	else if (report->part_unknown)
		ret->problem = arena_printf(a, "resin_root_part of %s is no slot's", name);
	if (e->uboot.redundant) {
		ret->copy[e->uboot.copy] = "good";
		ret->copy[!e->uboot.copy] = e->uboot.damaged ? "damaged" : "good";
	}
}

static int load(struct arena *a, const struct abstore *s, enum ab_backend kind,
		struct abstore_found *ret, struct reason *r)
{
	struct abenv_report report = { 0 };
	struct env e;
	int err;

	env_begin(&e, s, kind);
	err = env_read(&e, r);
	ret->lost = e.lost;
	if (err == 0 && e.lost) {
		ret->damaged = true;
		ret->problem = arena_printf(a, "%s is no environment: it is written anew",
					    e.file[MAIN].name);
	} else if (err == 0) {
		err = abenv_load(&e.view, &e.dev, e.file[MAIN].name, &ret->record, &report, r);
		tell(a, &e, &report, ret);
		ret->blank = err == -ENODATA; /* the loader's own keys and none of ours */
		err = err == -ENODATA ? 0 : err;
	}
	env_end(&e);
	return err;
}

static int write_file(const struct sys *sys, struct env *e, size_t i, struct reason *r)
{
	struct env_file *file = &e->file[i];
	size_t size = file->p.size;
	char *data = arena_alloc(&e->arena, size);
	int err;

	if (!data)
		return reason_set(r, ENOMEM, "write", file->name);
	if (e->kind == AB_GRUBENV)
		err = grubenv_write(&file->list, data, size, file->name, r);
	else
		err = uenv_write(&file->list, i == COUNT ? '\0' : '\n', data, size, file->name, r);
	return err < 0 ? err : inplace_write(sys, &file->p, data, r);
}

static int write_ubootenv(const struct sys *sys, struct env *e, struct reason *r)
{
	char *data = arena_alloc(&e->arena, e->uboot.size);
	unsigned int copy;
	int err;

	if (!data)
		return reason_set(r, ENOMEM, "write", e->file[MAIN].name);
	err = ubootenv_write(&e->uboot, data, &copy, e->file[MAIN].name, r);
	return err < 0 ? err : inplace_write(sys, &e->file[copy].p, data, r);
}

/* Ours beside balena's keys alone, before any of theirs changes: lib/abenv.h. */
static int adopt(const struct sys *sys, struct env *e, const struct ab_record *old,
		 struct envlist *env, struct envlist *count, struct reason *r)
{
	int err = abenv_adopt(old, &e->dev, env, count, e->file[MAIN].name, r);

	if (err <= 0)
		return err;
	return e->kind == AB_UBOOTENV ? write_ubootenv(sys, e, r) : write_file(sys, e, MAIN, r);
}

static int write_both(const struct sys *sys, struct env *e, bool count_first, struct reason *r)
{
	const size_t order[2] = { count_first ? COUNT : MAIN, count_first ? MAIN : COUNT };
	int err = 0;

	for (size_t i = 0; i < 2 && err == 0; i++) {
		if (order[i] == COUNT && !e->file[COUNT].there && !count_first)
			continue; /* its count is of no transaction that is open */
		if (!e->file[order[i]].there)
			return reason_setf(r, ENOENT, "count in", e->file[COUNT].name,
					   "the file is not there: make it with the image");
		err = write_file(sys, e, order[i], r);
	}
	return err;
}

static int store_read(const struct sys *sys, struct env *e, const struct ab_record *rec,
		      struct reason *r)
{
	struct envlist *env = e->kind == AB_UBOOTENV ? &e->uboot.list : &e->file[MAIN].list;
	struct envlist *count = e->kind == AB_UENV ? &e->file[COUNT].list : env;
	const char *name = e->file[MAIN].name;
	struct abenv_report report;
	struct ab_record old;
	bool known;
	int err;

	env->arena = &e->arena;
	known = !e->lost && abenv_load(&e->view, &e->dev, name, &old, &report, r) == 0;
	err = known ? adopt(sys, e, &old, env, count, r) : 0;
	if (err == 0)
		err = abenv_store(rec, &e->dev, env, count, name, r);
	if (err < 0)
		return err;
	if (e->kind == AB_UBOOTENV)
		return write_ubootenv(sys, e, r);
	if (e->kind == AB_GRUBENV)
		return write_file(sys, e, MAIN, r);
	return write_both(sys, e, known && abenv_count_first(&old, rec), r);
}

static int store(const struct sys *sys, const struct abstore *s, struct abstore_found *found,
		 const struct ab_record *rec, struct reason *r)
{
	struct env e;
	int err;

	env_begin(&e, s, found->backend);
	/* Afresh: the loader, or the owner, may have written to it since. */
	err = env_read(&e, r);
	if (err == 0 && e.lost && e.kind == AB_UBOOTENV) {
		e.uboot.size = e.file[0].p.size;
		e.uboot.redundant = e.file[1].there;
	}
	if (err == 0)
		err = store_read(sys, &e, rec, r);
	env_end(&e);
	return err;
}

static int load_grubenv(struct arena *a, const struct abstore *s, struct abstore_found *ret,
			struct reason *r)
{
	return load(a, s, AB_GRUBENV, ret, r);
}

static int load_uenv(struct arena *a, const struct abstore *s, struct abstore_found *ret,
		     struct reason *r)
{
	return load(a, s, AB_UENV, ret, r);
}

static int load_ubootenv(struct arena *a, const struct abstore *s, struct abstore_found *ret,
			 struct reason *r)
{
	return load(a, s, AB_UBOOTENV, ret, r);
}

const struct abstore_backend abstore_grubenv = { AB_GRUBENV, load_grubenv, store, NULL };
const struct abstore_backend abstore_uenv = { AB_UENV, load_uenv, store, NULL };
const struct abstore_backend abstore_ubootenv = { AB_UBOOTENV, load_ubootenv, store, NULL };
