/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "init/apply_ops.h"
#include "init/observe_identity.h"
#include "lib/confine.h"

#define ITEMS_MAX 64u /* with the files of patterns */

/* The two trees that are looked at, and what was found. */
struct looking {
	struct boot *b;
	int target, state;
	const char *base; /* of what is stored, in the state partition */
	struct facts_persist *item;
	size_t n;
	bool all; /* none was left out */
};

/* @return S_IFREG, S_IFDIR, 0: nothing has the name, or another type */
static mode_t kind_of(int tree, const char *path)
{
	_cleanup_close_ int fd = path ? confine_open(tree, path, O_PATH) : -1;
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : S_IFIFO;
	return fstat(fd, &st) < 0 ? 0 : st.st_mode & S_IFMT;
}

static void look_at(struct looking *l, const char *path, bool directory)
{
	const mode_t wanted = directory ? S_IFDIR : S_IFREG;
	mode_t stored, there;

	if (!path)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].path, path) == 0)
			return;
	if (l->n == ITEMS_MAX) {
		l->all = false;
		return;
	}
	stored = kind_of(l->state, arena_printf(&l->b->arena, "%s%s", l->base, path));
	there = kind_of(l->target, path);
	l->item[l->n++] = (struct facts_persist){
		.path = path,
		.directory = directory,
		.stored = stored == wanted,
		.there = there == wanted,
		.wrong = (stored && stored != wanted) || (there && there != wanted),
	};
}

/* The files of one directory that a pattern means. */
static void look_for(struct looking *l, int tree, const char *dir, const char *parent,
		     const char *pattern)
{
	_cleanup_closedir_ DIR *list = NULL;
	const struct dirent *de;
	int fd = dir ? confine_open(tree, dir, O_RDONLY | O_DIRECTORY) : -1;

	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list)
		close_fd(&fd);
	while (list && (de = readdir(list))) {
		const char *path;

		if (fnmatch(pattern, de->d_name, FNM_PERIOD) != 0)
			continue;
		path = arena_printf(&l->b->arena, "%s/%s", parent, de->d_name);
		if (path &&
		    kind_of(tree, arena_printf(&l->b->arena, "%s/%s", dir, de->d_name)) == S_IFREG)
			look_at(l, path, false);
	}
}

static void look_at_entry(struct looking *l, const char *entry)
{
	struct arena *a = &l->b->arena;
	const char *name = strrchr(entry, '/') + 1, *parent;

	if (!*name) {
		look_at(l, arena_memdup(a, entry, strlen(entry) - 1), true);
		return;
	}
	if (!strpbrk(name, "*?[")) {
		look_at(l, entry, false);
		return;
	}
	parent = arena_memdup(a, entry, (size_t)(name - 1 - entry));
	if (!parent)
		return;
	look_for(l, l->state, arena_printf(a, "%s%s", l->base, parent), parent, name);
	look_for(l, l->target, *parent ? parent : "/", parent, name);
}

static int by_path(const void *a, const void *b)
{
	const struct facts_persist *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void observe_persist(struct boot *b)
{
	_cleanup_close_ int target = open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct facts *f = &b->facts;
	struct looking l = { .b = b, .target = target, .all = true };
	_cleanup_close_ int state = -1;
	struct reason r = REASON_INIT;
	const char *rest;

	if (f->offline || f->layout.n_persist == 0 || !f->keep_dir || f->persist || target < 0)
		return;
	l.state = state = apply_open_tree(b, f->keep_dir, &rest, &r);
	if (state < 0)
		return;
	l.base = arena_printf(&b->arena, "%s/persist", rest);
	l.item = arena_alloc(&b->arena, ITEMS_MAX * sizeof(*l.item));
	if (!l.base || !l.item)
		return;
	for (size_t i = 0; i < f->layout.n_persist; i++)
		look_at_entry(&l, f->layout.persist[i]);
	/* The order of a directory is nobody's choice. */
	if (l.n > 1)
		qsort(l.item, l.n, sizeof(*l.item), by_path);
	if (!l.all)
		boot_warn(b, "persist", "more than 64 files: the last ones are not kept");
	f->persist = l.item;
	f->n_persist = l.n;
}
