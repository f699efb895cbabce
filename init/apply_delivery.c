/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/apply_ops.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/deliver.h"

#define DELIVER_FLAGS (DELIVER_ONE_FS | DELIVER_OWN_DIR | DELIVER_KEEP | DELIVER_ORIG)

/* True, and the rest of the path, when `path` is `dir` or below it. */
static bool below(const char *path, const char *dir, const char **ret_rest)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return false;
	*ret_rest = path[len] ? path + len : "/";
	return true;
}

int apply_open_tree(const struct boot *b, const char *path, const char **ret_rest, struct reason *r)
{
	static const enum part_role roles[] = { PART_STATE, PART_DATA };
	const struct facts *f = &b->facts;
	const char *tree = "/";
	char dir[256];
	int fd;

	*ret_rest = path;
	if (below(path, f->target_dir, ret_rest))
		tree = f->target_dir;
	else if (b->keep_tree && below(path, b->keep_tree, ret_rest))
		tree = b->keep_tree;
	for (size_t i = 0; i < ARRAY_SIZE(roles) && *ret_rest == path; i++) {
		(void)snprintf(dir, sizeof(dir), "%s/mnt/%s", f->run_dir,
			       f->layout.part[roles[i]].name);
		if (below(path, dir, ret_rest))
			tree = dir;
	}
	fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? reason_set(r, errno, "open", tree) : fd;
}

/* The path as the target, or whoever looks at the partition, has it. */
static const char *reported_path(const struct boot *b, const char *path)
{
	const char *rest;

	return below(path, b->facts.target_dir, &rest) ? rest : path;
}

static enum report_action action_of(const struct op *op, const struct deliver_result *result)
{
	if (result->left)
		return ACTION_LEFT;
	if (!result->changed)
		return ACTION_UNCHANGED;
	if (op->kind == OP_REMOVE)
		return result->restored ? ACTION_RESTORED : ACTION_REMOVED;
	return ACTION_WRITTEN;
}

static int deliver(struct boot *b, const struct op *op, struct deliver_result *result,
		   struct reason *r)
{
	const struct deliver_how how = {
		.attr = { .mode = op->mode, .uid = op->uid, .gid = op->gid },
		.flags = (op->guard & DELIVER_FLAGS) | (b->facts.offline ? DELIVER_ONE_FS : 0),
		.known = op->known,
	};
	_cleanup_close_ int tree = -1;
	const char *rest;

	tree = apply_open_tree(b, op->target, &rest, r);
	if (tree < 0)
		return tree;
	if (op->kind == OP_REMOVE)
		return deliver_remove(b->sys, tree, rest, &how, result, r);
	if (op->kind == OP_DIR)
		return deliver_dir(b->sys, tree, rest, &how, result, r);
	return deliver_file(b->sys, tree, rest, op->data, op->len, &how, result, r);
}

static const char *kept_path(struct boot *b, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return *name ? arena_printf(&b->arena, "%.*s/%s", (int)(slash - path), path, name) : NULL;
}

int apply_delivery(struct boot *b, const struct op *op, struct reason *r)
{
	struct report_delivery d = { .hook = op->hook, .key = op->key };
	struct deliver_result result = { 0 };
	char message[BOOT_ERROR_MAX];
	int err;

	if (op->clean && b->n_target_failed > 0)
		return 0;
	if (b->forgetful && op->kind == OP_FILE && (op->guard & DELIVER_KEEP) && !op->access)
		err = reason_setf(
			r, ENOTRECOVERABLE, "write", op->target,
			"the manifest could not be written, so it would never be removed");
	else
		err = deliver(b, op, &result, r);
	d.path = reported_path(b, op->target);
	d.action = action_of(op, &result);
	d.kept = kept_path(b, d.path, result.kept);
	if (err < 0) {
		d.action = ACTION_FAILED;
		b->forgetful = b->forgetful || op->remembers;
		b->n_target_failed += d.path != op->target;
		d.error = arena_strdup(&b->arena, reason_render(r, message, sizeof(message)));
	} else if (d.kept) {
		log_line(&b->log, LOG_LEVEL_INFO, "%s: what somebody had in %s is kept as %s",
			 op->hook, d.path, d.kept);
	}
	report_add_delivery(&b->report, &b->arena, &d);
	return err;
}

void apply_skip(struct boot *b, const struct op *op)
{
	const struct report_delivery d = {
		.hook = op->hook, .key = op->key, .action = ACTION_SKIPPED, .error = op->data
	};

	log_line(&b->log, LOG_LEVEL_INFO, "%s: %s: %s", op->hook, op->key, op->data);
	report_add_delivery(&b->report, &b->arena, &d);
}
