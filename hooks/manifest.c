/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"
#include "lib/deliver_flags.h"
#include "lib/digest.h"

/*
 * The end of a delivery: what we wrote on an earlier boot and no step wants now goes, and the image's own file
 * comes back. On a writable root the power may go at any moment, so the manifest knows a file before the
 * file is there, and forgets one after it is gone: one version is written in front of everything, one behind.
 * A read-only root that was written to before (by its builder, or when it was writable) is corrected in
 * overlays, and its manifest stays.
 */

static const char *in_target(const struct facts *f, const struct op *op)
{
	return op->target + strlen(f->target_dir);
}

/* What the manifest says of an operation's file; false: it is none of ours. */
static bool line_of(const struct facts *f, struct plan *p, const struct op *op,
		    struct manifest_file *ret)
{
	char sha1[DIGEST_SHA1_HEX];

	if (op->kind == OP_RETAIN) {
		const struct manifest_file *file = manifest_find(&f->manifest, in_target(f, op));

		*ret = file ? *file : (struct manifest_file){ 0 };
		return file;
	}
	if (op->kind != OP_FILE)
		return false;
	*ret = (struct manifest_file){ .path = in_target(f, op),
				       .over = (op->guard & DELIVER_ORIG) != 0 };
	if (op->guard & PLACE_BLOCK)
		return f->config.root_ca; /* else it only takes our block away */
	if (!(op->guard & DELIVER_KEEP))
		return false;
	digest_sha1(op->data, op->len, sha1);
	ret->known = arena_strdup(p->arena, sha1);
	return true;
}

/* What the plan writes, alone and together with what was written before. */
static void collect(const struct facts *f, struct plan *p, struct manifest *after,
		    struct manifest *between)
{
	manifest_reserve(p->arena, after, p->n + f->manifest.n);
	manifest_reserve(p->arena, between, p->n + f->manifest.n);
	for (size_t i = 0; i < p->n; i++) {
		struct manifest_file file;

		if (!line_of(f, p, &p->op[i], &file))
			continue;
		manifest_add(p->arena, after, &file);
		manifest_add(p->arena, between, &file);
	}
	for (size_t i = 0; i < f->manifest.n; i++) {
		manifest_add(p->arena, between, &f->manifest.file[i]);
		/* Without a configuration nothing is known to be unwanted. */
		if (f->config.state == CONFIG_NONE)
			manifest_add(p->arena, after, &f->manifest.file[i]);
	}
	manifest_sort(p->arena, after);
	manifest_sort(p->arena, between);
}

/* A step has planned to remove it itself. */
static bool is_removed(const struct plan *p, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (p->op[i].kind == OP_REMOVE && strcmp(p->op[i].target, path) == 0)
			return true;
	return false;
}

/* On a read-only root in an overlay over the file's directory, if that is one that steps write to. For /etc
 * itself, where only the host name is, that would be too much: a stale name does no harm. */
static bool can_remove(const struct facts *f, struct plan *p, const char *path)
{
	const char *dir;

	if (f->target_writable)
		return true;
	dir = arena_memdup(p->arena, path, (size_t)(strrchr(path, '/') - path));
	if (!dir || strcmp(dir, "/etc") == 0 || !facts_place(f, dir))
		return false;
	return place_open(f, p, dir);
}

static void remove_unwanted(const struct facts *f, struct plan *p, const struct manifest *after)
{
	const size_t n = p->n;

	for (size_t i = 0; i < f->manifest.n; i++) {
		const struct manifest_file *file = &f->manifest.file[i];
		const char *path = place_path(f, p, file->path);

		if (file->known && path && !manifest_find(after, file->path) &&
		    !is_removed(p, n, path) && can_remove(f, p, file->path))
			PLAN_ADD(p, .kind = OP_REMOVE, .on_failure = FAIL_WARN, .target = path,
				 .guard = file->over ? DELIVER_ORIG : 0, .known = file->known);
	}
}

static void write_manifests(const struct facts *f, struct plan *p, const struct manifest *after,
			    const struct manifest *between)
{
	struct op write = { .kind = OP_FILE,
			    .on_failure = FAIL_WARN,
			    .target = place_path(f, p, MANIFEST_PATH),
			    .mode = 0600 };
	size_t len;
	const char *text = manifest_text(p->arena, after, &len);

	write.data = manifest_text(p->arena, between, &write.len);
	if (!text || !write.data)
		return;
	if (write.len > MANIFEST_MAX_BYTES) {
		/* It could not be read again: the one that is there stays, and knows what it knows. */
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "there are too many files for the manifest: those of this boot "
				 "will not be removed");
		return;
	}
	write.remembers = true;
	plan_add_first(p, &write);
	if (write.len == len && memcmp(write.data, text, len) == 0)
		return;
	remove_unwanted(f, p, after);
	write.data = text;
	write.len = len;
	write.remembers = false;
	write.clean = true;
	(void)plan_add(p, &write);
}

void manifest_run(const struct facts *f, struct plan *p)
{
	struct manifest after = { 0 }, between = { 0 };

	collect(f, p, &after, &between);
	if (between.n == 0)
		return;
	if (f->target_writable)
		write_manifests(f, p, &after, &between);
	else if (f->config.state != CONFIG_NONE)
		remove_unwanted(f, p, &after);
}
