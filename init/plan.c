/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/plan.h"

#include <string.h>
#include <sys/mount.h>

/* What op_text() prints of an operation. */
enum {
	SHOW_SOURCE = 1,
	SHOW_TARGET = 2,
	SHOW_TYPE = 4,
	SHOW_FLAGS = 8,
	SHOW_DATA = 16,
	SHOW_MODE = 32,
	SHOW_USEC = 64
};

static const struct op_row {
	const char *name;
	unsigned int show;
} rows[OP_KINDS] = {
	[OP_MOUNT] = { "mount", SHOW_SOURCE | SHOW_TARGET | SHOW_TYPE | SHOW_FLAGS | SHOW_DATA },
	[OP_BIND] = { "bind", SHOW_SOURCE | SHOW_TARGET },
	[OP_MOVE] = { "move", SHOW_SOURCE | SHOW_TARGET },
	[OP_OVERLAY] = { "overlay", SHOW_TARGET },
	[OP_FILESYSTEM] = { "filesystem", SHOW_TYPE },
	[OP_MODULE] = { "module", 0 },
	[OP_CLOCK] = { "clock", SHOW_USEC | SHOW_DATA },
	[OP_HOSTNAME] = { "hostname", SHOW_DATA },
	[OP_DIR] = { "dir", SHOW_TARGET | SHOW_MODE },
	[OP_FILE] = { "file", SHOW_TARGET | SHOW_MODE },
	[OP_REMOVE] = { "remove", SHOW_TARGET },
	[OP_RETAIN] = { "retain", SHOW_TARGET },
	[OP_SKIP] = { "skip", SHOW_DATA },
	[OP_DISK] = { "disk", SHOW_TARGET | SHOW_DATA },
	[OP_ROOT] = { "root", SHOW_SOURCE | SHOW_TARGET | SHOW_DATA },
	[OP_MOUNT_PART] = { "mount-part",
			    SHOW_SOURCE | SHOW_TARGET | SHOW_TYPE | SHOW_FLAGS | SHOW_DATA },
	[OP_MOUNT_ROOT] = { "mount-root",
			    SHOW_SOURCE | SHOW_TARGET | SHOW_TYPE | SHOW_FLAGS | SHOW_DATA },
	[OP_PARTITIONS] = { "partitions", SHOW_SOURCE },
	[OP_RESTORE] = { "restore", SHOW_SOURCE },
	[OP_GROW_TABLE] = { "grow-table", SHOW_SOURCE | SHOW_TARGET | SHOW_DATA },
	[OP_GROW_FS] = { "grow-fs", SHOW_SOURCE | SHOW_TARGET | SHOW_USEC },
	[OP_STATE] = { "state", SHOW_DATA },
	[OP_PANIC] = { "panic", SHOW_USEC },
	[OP_WATCHDOG] = { "watchdog", SHOW_TARGET | SHOW_USEC },
	[OP_DELAY] = { "delay", SHOW_USEC | SHOW_DATA },
	[OP_UUID] = { "uuid", SHOW_SOURCE | SHOW_TYPE | SHOW_DATA },
	[OP_PERSIST] = { "persist", SHOW_SOURCE | SHOW_TARGET | SHOW_DATA },
	[OP_FIRST_BOOT] = { "first-boot", 0 },
	[OP_CHECK] = { "check", SHOW_SOURCE | SHOW_TARGET | SHOW_TYPE | SHOW_DATA },
	[OP_RUN] = { "run", SHOW_TARGET },
	[OP_CHECK_INIT] = { "check-init", SHOW_TARGET | SHOW_DATA },
	[OP_AGAIN] = { "again", 0 },
	[OP_WAIT] = { "wait", SHOW_DATA },
	[OP_WARN] = { "warn", SHOW_DATA },
	[OP_FAIL] = { "fail", SHOW_DATA },
};

static const struct {
	unsigned long flag;
	const char *name;
} mount_flags[] = {
	{ MS_RDONLY, "ro" },	 { MS_NOSUID, "nosuid" },	    { MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" }, { MS_STRICTATIME, "strictatime" },
};

const char *op_name(enum op_kind kind)
{
	return rows[kind].name;
}

const char *on_failure_name(enum on_failure f)
{
	static const char *const names[] = {
		[FAIL_WARN] = "warn",
		[FAIL_OTHER_SLOT] = "other-slot",
		[FAIL_NOT_DURABLE] = "not-durable",
		[FAIL_FATAL] = "fatal",
	};

	return names[f];
}

static bool grow(struct plan *p, size_t capacity)
{
	struct op *grown = arena_alloc(p->arena, capacity * sizeof(*grown));

	if (!grown)
		return false;
	if (p->n)
		memcpy(grown, p->op, p->n * sizeof(*grown));
	p->op = grown;
	p->capacity = capacity;
	return true;
}

void plan_reserve(struct plan *p, size_t n)
{
	if (p->n + n > p->capacity)
		(void)grow(p, p->n + n); /* the arena remembers */
}

struct op *plan_add(struct plan *p, const struct op *op)
{
	static struct op dummy;
	struct op *o;

	if (p->n == p->capacity && !grow(p, p->capacity ? p->capacity * 2 : 16))
		return &dummy;
	o = &p->op[p->n++];
	*o = *op;
	o->hook = p->hook;
	return o;
}

void plan_directory(struct plan *p, const char *path, mode_t mode)
{
	if (path && !plan_find(p, OP_DIR, path))
		PLAN_ADD(p, .kind = OP_DIR, .on_failure = FAIL_WARN, .target = path, .mode = mode);
}

void plan_add_first(struct plan *p, const struct op *op)
{
	const struct op *last = plan_add(p, op);
	struct op first = *last;

	if (arena_failed(p->arena))
		return;
	memmove(p->op + 1, p->op, (p->n - 1) * sizeof(*p->op));
	p->op[0] = first;
}

const struct op *plan_find(const struct plan *p, enum op_kind kind, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->op[i].kind == kind && p->op[i].target &&
		    strcmp(p->op[i].target, target) == 0)
			return &p->op[i];
	return NULL;
}

const struct op *plan_find_kind(const struct plan *p, enum op_kind kind)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->op[i].kind == kind)
			return &p->op[i];
	return NULL;
}

void plan_filesystem(struct plan *p, const char *type)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->op[i].kind == OP_FILESYSTEM && strcmp(p->op[i].type, type) == 0)
			return;
	PLAN_ADD(p, .kind = OP_FILESYSTEM, .on_failure = FAIL_WARN, .type = type);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static bool is_under_another(const struct plan *p, const struct op *overlay)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->op[i].kind == OP_OVERLAY && is_below(overlay->target, p->op[i].target))
			return true;
	return false;
}

static bool makes_overlay(const struct op *op)
{
	return op->kind == OP_OVERLAY ||
	       (op->kind == OP_FILESYSTEM && strcmp(op->type, "overlay") == 0);
}

void plan_overlays_first(struct plan *p)
{
	struct op *sorted;
	size_t n = 0;

	if (!plan_find_kind(p, OP_OVERLAY))
		return;
	sorted = arena_alloc(p->arena, p->n * sizeof(*sorted));
	if (!sorted)
		return; /* the arena remembers, and the plan is not applied */
	for (size_t i = 0; i < p->n; i++)
		if (makes_overlay(&p->op[i]) &&
		    (p->op[i].kind != OP_OVERLAY || !is_under_another(p, &p->op[i])))
			sorted[n++] = p->op[i];
	for (size_t i = 0; i < p->n; i++)
		if (!makes_overlay(&p->op[i]))
			sorted[n++] = p->op[i];
	p->op = sorted;
	p->capacity = p->n;
	p->n = n;
}

static const char *flags_text(struct arena *a, unsigned long flags)
{
	const char *text = flags & MS_RDONLY ? "" : "rw";

	for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
		if (flags & mount_flags[i].flag)
			text = arena_printf(a, "%s%s%s", text ? text : "", text && *text ? "," : "",
					    mount_flags[i].name);
	return text ? text : "";
}

static const char *word(struct arena *a, const char *line, unsigned int show, const char *w)
{
	return show && w && line ? arena_printf(a, "%s %s", line, w) : line;
}

static const char *mode_text(struct arena *a, const char *line, const struct op *op)
{
	line = arena_printf(a, "%s %04o %u:%u", line ? line : "", (unsigned int)op->mode,
			    (unsigned int)op->uid, (unsigned int)op->gid);
	if (op->kind == OP_FILE)
		line = arena_printf(a, "%s %zu bytes", line ? line : "", op->len);
	return line;
}

const char *op_text(struct arena *a, const struct op *op)
{
	unsigned int show = rows[op->kind].show;
	const char *line = rows[op->kind].name;

	line = word(a, line, show & SHOW_SOURCE, op->source);
	line = word(a, line, show & SHOW_TARGET, op->target);
	line = word(a, line, show & SHOW_TYPE, op->type ? op->type : "-");
	if (show & SHOW_FLAGS)
		line = word(a, line, 1, flags_text(a, op->flags));
	if (show & SHOW_MODE)
		line = mode_text(a, line, op);
	if (op->kind == OP_MODULE && line)
		line = arena_printf(a, "%s %s%s%s", line, op->module->name,
				    *op->module->options ? " " : "", op->module->options);
	if ((show & SHOW_USEC) && line)
		line = arena_printf(a, "%s %lld", line, (long long)op->usec);
	return word(a, line, show & SHOW_DATA, op->data && *op->data ? op->data : NULL);
}
