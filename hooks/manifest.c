/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hooks/place.h"
#include "hooks/table.h"
#include "lib/deliver_flags.h"
#include "lib/digest.h"

/*
 * The end of a delivery into a writable root: what we wrote on an earlier boot and no step wants now is
 * removed. The power may go at any moment, so the manifest knows a file before the file is there, and
 * forgets one after it is gone: one version is written in front of everything, one behind.
 */

bool manifest_applies(const struct facts *f)
{
	/* Without a configuration nothing is known to be unwanted. */
	return f->target_writable && f->config.state != CONFIG_NONE;
}

static const char *in_target(const struct facts *f, const struct op *op)
{
	return op->target + strlen(f->target_dir);
}

/* What the manifest says of an operation's file: true when it is one of ours, and the SHA-1s. */
static bool line_of(const struct facts *f, struct plan *p, const struct op *op,
		    const char **ret_known)
{
	char sha1[DIGEST_SHA1_HEX];

	*ret_known = NULL;
	if (op->kind == OP_RETAIN) {
		const struct manifest_file *file = manifest_find(&f->manifest, in_target(f, op));

		*ret_known = file ? file->known : NULL;
		return file;
	}
	if (op->kind != OP_FILE)
		return false;
	if (op->guard & PLACE_BLOCK)
		return f->config.root_ca; /* else it only takes our block away */
	if (!(op->guard & DELIVER_KEEP))
		return false;
	digest_sha1(op->data, op->len, sha1);
	*ret_known = arena_strdup(p->arena, sha1);
	return true;
}

/* What the plan writes, alone and together with what was written before. */
static void collect(const struct facts *f, struct plan *p, struct manifest *after,
		    struct manifest *between)
{
	manifest_reserve(p->arena, after, p->n);
	manifest_reserve(p->arena, between, p->n + f->manifest.n);
	for (size_t i = 0; i < p->n; i++) {
		const char *known;

		if (!line_of(f, p, &p->op[i], &known))
			continue;
		manifest_add(p->arena, after, in_target(f, &p->op[i]), known);
		manifest_add(p->arena, between, in_target(f, &p->op[i]), known);
	}
	for (size_t i = 0; i < f->manifest.n; i++)
		manifest_add(p->arena, between, f->manifest.file[i].path,
			     f->manifest.file[i].known);
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

static void remove_unwanted(const struct facts *f, struct plan *p, const struct manifest *after)
{
	const size_t n = p->n;

	for (size_t i = 0; i < f->manifest.n; i++) {
		const struct manifest_file *file = &f->manifest.file[i];
		const char *path = place_path(f, p, file->path);

		if (file->known && path && !manifest_find(after, file->path) &&
		    !is_removed(p, n, path))
			PLAN_ADD(p, .kind = OP_REMOVE, .on_failure = FAIL_WARN, .target = path,
				 .known = file->known);
	}
}

void manifest_run(const struct facts *f, struct plan *p)
{
	struct manifest after = { 0 }, between = { 0 };
	struct op write = { .kind = OP_FILE,
			    .on_failure = FAIL_WARN,
			    .target = place_path(f, p, MANIFEST_PATH),
			    .mode = 0600 };
	const char *text;
	size_t len;

	collect(f, p, &after, &between);
	if (between.n == 0)
		return;
	text = manifest_text(p->arena, &after, &len);
	write.data = manifest_text(p->arena, &between, &write.len);
	if (!text || !write.data)
		return;
	if (write.len > MANIFEST_MAX_BYTES) {
		/* It could not be read again: the one that is there stays, and knows what it knows. */
		PLAN_ADD(p, .kind = OP_WARN,
			 .data = "there are too many files for the manifest: those of this boot "
				 "will "
				 "not be removed");
		return;
	}
	plan_add_first(p, &write);
	if (write.len == len && memcmp(write.data, text, len) == 0)
		return;
	remove_unwanted(f, p, &after);
	write.data = text;
	write.len = len;
	write.clean = true;
	(void)plan_add(p, &write);
}
