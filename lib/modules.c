/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libkmod.h>

#include "lib/file.h"
#include "lib/nameset.h"

#define PROC_MODULES_BYTES_MAX (1u << 20)
#define CPU_MODALIAS	       "/sys/devices/system/cpu/modalias"
#define MODULE_BYTES_MAX       (1u << 20)
#define CPU_BYTES_MAX	       4096u /* of sysfs: one page */

/* Marks of a module's name. */
#define VISITED 1u /* its dependencies were looked at, or are being looked at */
#define LISTED	2u /* appended to a list, or loaded */
#define SEEN	1u /* mark of an alias: its result is known */

struct modules {
	struct kmod_ctx *ctx;
	struct arena arena;	       /* of the sets */
	struct nameset aliases, names; /* the result of a name is that of its dependencies */
	char complaint[256];	       /* the last error that libkmod logged */
	const char *cpu; /* modalias of the processor; NULL: not asked yet, "": unknown */
};

/* One call of modules_resolve(). */
struct resolving {
	struct modules *m;
	struct arena *a;
	struct module_list *list;
	const char *alias;
	const char *wanted; /* copy of alias, made when the first module needs it */
	char missing[sizeof(((struct modules *)NULL)->complaint)]; /* why dependencies failed */
};

static struct nameset_entry *module_entry(struct modules *m, const struct kmod_module *mod)
{
	return nameset_entry(&m->arena, &m->names, kmod_module_get_name(mod));
}

/* libkmod tells why it fails by its log only. */
static void keep_complaint(void *data, int priority, const char *file, int line, const char *fn,
			   const char *format, va_list args) _printf_(6, 0);
static void keep_complaint(void *data, int priority, const char *file, int line, const char *fn,
			   const char *format, va_list args)
{
	struct modules *m = data;

	(void)priority;
	(void)file;
	(void)line;
	(void)fn;
	(void)vsnprintf(m->complaint, sizeof(m->complaint), format, args);
}

/* What the kernel has already, from the lines "NAME SIZE …". Nothing is lost when it cannot be read:
 * inserting a module twice is a success. */
static int know_loaded(struct modules *m)
{
	_cleanup_(arena_free) struct arena scratch = ARENA_INIT;
	char *text, *line, *rest;

	if (file_read(&scratch, AT_FDCWD, "/proc/modules", PROC_MODULES_BYTES_MAX, &text, NULL) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		struct nameset_entry *entry;

		line[strcspn(line, " ")] = '\0';
		if (!*line)
			continue;
		entry = nameset_entry(&m->arena, &m->names, line);
		if (!entry)
			return -ENOMEM;
		entry->marks = VISITED | LISTED;
	}
	return 0;
}

void modules_close(struct modules *m)
{
	if (!m)
		return;
	(void)kmod_unref(m->ctx);
	arena_free(&m->arena);
	free(m);
}

static void close_modules(struct modules **m)
{
	modules_close(*m);
}

int modules_open_with(struct modules **ret_modules, const char *dir, const char *const *config,
		      struct reason *r)
{
	_cleanup_(close_modules) struct modules *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return reason_set(r, ENOMEM, "open", "the kernel's modules");
	m->ctx = kmod_new(dir, config);
	if (!m->ctx)
		return reason_set(r, ENOMEM, "open", "the kernel's modules");
	kmod_set_log_fn(m->ctx, keep_complaint, m);
	/* With the indexes mapped a look-up makes no system call. */
	err = kmod_load_resources(m->ctx);
	if (err < 0)
		return reason_setf(r, err, "read", kmod_get_dirname(m->ctx), "modules.*.bin: %s",
				   strerror(-err));
	if (!dir && know_loaded(m) < 0)
		return reason_set(r, ENOMEM, "read", "/proc/modules");
	*ret_modules = m;
	m = NULL;
	return 0;
}

int modules_open(struct modules **ret_modules, const char *dir, struct reason *r)
{
	return modules_open_with(ret_modules, dir, NULL, r);
}

static int append(struct resolving *rv, struct kmod_module *mod, const char *path)
{
	struct module_list *list = rv->list;
	const char *options = kmod_module_get_options(mod);

	if (list->n == list->capacity) {
		size_t more = list->capacity ? list->capacity * 2 : 32;
		struct module *grown = arena_alloc(rv->a, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (list->n > 0)
			memcpy(grown, list->module, list->n * sizeof(*grown));
		list->module = grown;
		list->capacity = more;
	}
	if (!rv->wanted)
		rv->wanted = arena_strdup(rv->a, rv->alias);
	list->module[list->n] = (struct module){
		.name = arena_strdup(rv->a, kmod_module_get_name(mod)),
		.path = arena_strdup(rv->a, path),
		.options = arena_strdup(rv->a, options ? options : ""),
		.wanted = rv->wanted,
	};
	if (arena_failed(rv->a))
		return -ENOMEM;
	list->n++;
	return 0;
}

/* `install NAME /bin/true` or false is how administrators forbid a module. Other install commands
 * cannot run here, and the module itself is what they end in. */
static bool is_forbidden(const struct kmod_module *mod)
{
	const char *command = kmod_module_get_install_commands(mod), *base;
	size_t len;

	if (!command)
		return false;
	len = strcspn(command, " \t;");
	for (base = command + len; base > command && base[-1] != '/'; base--)
		;
	len -= (size_t)(base - command);
	return (len == 4 && strncmp(base, "true", 4) == 0) ||
	       (len == 5 && strncmp(base, "false", 5) == 0);
}

static const char *cpu_modalias(struct modules *m)
{
	char *text;

	if (!m->cpu) {
		m->cpu = "";
		if (file_read(&m->arena, AT_FDCWD, CPU_MODALIAS, CPU_BYTES_MAX, &text, NULL) == 0) {
			text[strcspn(text, "\n")] = '\0';
			m->cpu = text;
		}
	}
	return m->cpu;
}

/* Whether a module has aliases for processors and none for this one: it would take its time to load
 * and then say ENODEV. Its .modinfo is text, so no ELF has to be taken apart for it; what is compressed
 * or too large just counts as fit. */
static bool is_for_another_cpu(struct modules *m, const struct kmod_module *mod)
{
	static const char key[] = "alias=cpu:";
	_cleanup_(arena_free) struct arena scratch = ARENA_INIT;
	const char *cpu = cpu_modalias(m), *path = kmod_module_get_path(mod);
	char *data, *p;
	bool any = false;
	size_t len;

	if (!*cpu || !path ||
	    file_read(&scratch, AT_FDCWD, path, MODULE_BYTES_MAX, &data, &len) < 0)
		return false;
	for (p = data; (p = memmem(p, len - (size_t)(p - data), key, sizeof(key) - 1)); p++) {
		any = true;
		if (fnmatch(p + strlen("alias="), cpu, 0) == 0)
			return false;
	}
	return any;
}

static int resolve_module(struct resolving *rv, struct kmod_module *mod);

/* What is only wished for may fail; memory may not. Of several, such as all that do crc32c, some may be
 * for other processors. */
static int resolve_wishes(struct resolving *rv, const struct kmod_list *wishes)
{
	bool several = wishes && kmod_list_next(wishes, wishes);
	const struct kmod_list *l;
	int r = 0;

	for (l = wishes; l; l = kmod_list_next(wishes, l)) {
		struct kmod_module *mod = kmod_module_get_module(l);

		if (r != -ENOMEM && !(several && is_for_another_cpu(rv->m, mod)))
			r = resolve_module(rv, mod);
		(void)kmod_module_unref(mod);
	}
	return r == -ENOMEM ? r : 0;
}

/* Appends a module, whose dependencies are in the list, between its softdeps. */
static int list_module(struct resolving *rv, struct kmod_module *mod)
{
	struct nameset_entry *entry = module_entry(rv->m, mod);
	struct kmod_list *pre = NULL, *post = NULL;
	const char *path;
	int r;

	if (!entry)
		return -ENOMEM;
	if (entry->marks & LISTED)
		return 0;
	path = kmod_module_get_path(mod);
	/* A module without a path is built in. */
	if (!path || is_forbidden(mod))
		return 0;
	(void)kmod_module_get_softdeps(mod, &pre, &post);
	r = resolve_wishes(rv, pre);
	/* A softdep may need the module itself, and has then brought it. The table may have moved. */
	entry = r == 0 ? module_entry(rv->m, mod) : NULL;
	if (entry && !(entry->marks & LISTED)) {
		entry->marks |= LISTED;
		r = append(rv, mod, path);
	}
	if (r == 0)
		r = resolve_wishes(rv, post);
	(void)kmod_module_unref_list(pre);
	(void)kmod_module_unref_list(post);
	return r;
}

/* libkmod has no dependencies for us either when there are none or when the file of one is missing. */
static int list_dependencies(struct resolving *rv, struct kmod_module *mod)
{
	struct kmod_list *deps, *l;
	int r = 0;

	rv->m->complaint[0] = '\0';
	deps = kmod_module_get_dependencies(mod);
	if (!deps && rv->m->complaint[0]) {
		memcpy(rv->missing, rv->m->complaint, sizeof(rv->missing));
		return -ENOPKG;
	}
	for (l = deps; l; l = kmod_list_next(deps, l)) {
		struct kmod_module *dep = kmod_module_get_module(l);

		if (r == 0)
			r = list_module(rv, dep);
		(void)kmod_module_unref(dep);
	}
	(void)kmod_module_unref_list(deps);
	return r;
}

/* As libkmod's own order: dependencies (all of them, a line of modules.dep is transitive), then the
 * module, each between its softdeps. */
static int resolve_module(struct resolving *rv, struct kmod_module *mod)
{
	struct nameset_entry *entry = module_entry(rv->m, mod);
	int r;

	if (!entry)
		return -ENOMEM;
	if (entry->marks & VISITED)
		return entry->result;
	entry->marks |= VISITED;
	r = list_dependencies(rv, mod);
	if (r == 0)
		r = list_module(rv, mod);
	entry = module_entry(rv->m, mod);
	if (entry)
		entry->result = r;
	return r;
}

static int resolve_alias(struct resolving *rv)
{
	struct kmod_list *found = NULL, *wanted = NULL, *l;
	int r = kmod_module_new_from_lookup(rv->m->ctx, rv->alias, &found);

	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	if (!found)
		return -ENOENT;
	/* By its own name too, as systemd-modules-load has it: who blacklists a driver means it. */
	r = kmod_module_apply_filter(rv->m->ctx, KMOD_FILTER_BLACKLIST, found, &wanted);
	for (l = wanted; l; l = kmod_list_next(wanted, l)) {
		struct kmod_module *mod = kmod_module_get_module(l);
		int err = resolve_module(rv, mod);

		(void)kmod_module_unref(mod);
		if (r == 0 || err == -ENOMEM)
			r = err;
	}
	(void)kmod_module_unref_list(found);
	(void)kmod_module_unref_list(wanted);
	return r;
}

static int explain(const struct resolving *rv, int err, struct reason *r)
{
	const char *verb = "find a module for", *alias = rv->alias, *path, *end;

	if (err == -ENOENT)
		return reason_setf(r, err, verb, alias, "the image has none");
	if (err != -ENOPKG)
		return reason_set(r, err, verb, alias);
	path = strstr(rv->missing, "path=");
	if (!path)
		return reason_setf(r, err, verb, alias, "a dependency is missing");
	path += 5;
	end = strstr(path, " error=");
	return reason_setf(r, err, verb, alias, "its dependency %.*s is missing",
			   (int)(end ? (size_t)(end - path) : strlen(path)), path);
}

int modules_resolve(struct modules *m, struct arena *a, const char *alias, struct module_list *list,
		    struct reason *r)
{
	struct resolving rv = { .m = m, .a = a, .list = list, .alias = alias };
	size_t before = list->n;
	struct nameset_entry *entry;

	if (!m)
		return reason_setf(r, ENOENT, "find a module for", alias, "the image has none");
	entry = nameset_entry(&m->arena, &m->aliases, alias);
	if (!entry)
		return reason_set(r, ENOMEM, "find a module for", alias);
	if (!(entry->marks & SEEN)) {
		entry->marks |= SEEN;
		entry->result = resolve_alias(&rv);
	}
	if (entry->result < 0)
		return explain(&rv, entry->result, r);
	return (int)(list->n - before);
}
