/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/decide.h"

#include <string.h>

#include "hooks/table.h"
#include "lib/deliver_flags.h"

static bool plan_ended(const struct plan *plan)
{
	return plan_find_kind(plan, OP_AGAIN) || plan_find_kind(plan, OP_WAIT) ||
	       plan_find_kind(plan, OP_FAIL);
}

void decide(enum stage stage, const struct facts *facts, struct plan *plan)
{
	for (size_t i = 0; i < hook_table_len && !plan_ended(plan); i++) {
		const struct hook *hook = &hook_table[i];

		if (hook->stage != stage || (hook->applies && !hook->applies(facts)))
			continue;
		plan->hook = hook->name;
		hook->run(facts, plan);
	}
	plan_overlays_first(plan);
}

int decide_files(const struct facts *facts, struct arena *a, const char ***ret_paths)
{
	struct plan plan = PLAN_INIT(a);
	const size_t base = strlen(facts->target_dir);
	int n = 0;

	decide(STAGE_TARGET, facts, &plan);
	*ret_paths = arena_alloc(a, plan.n * sizeof(**ret_paths));
	for (size_t i = 0; i < plan.n && *ret_paths && !arena_failed(a); i++)
		if (plan.op[i].kind == OP_FILE && (plan.op[i].guard & DELIVER_KEEP) &&
		    !manifest_find(&facts->manifest, plan.op[i].target + base))
			(*ret_paths)[n++] = plan.op[i].target + base;
	return arena_failed(a) ? -ENOMEM : n;
}

static const char *expand_home(const struct facts *f, struct arena *a, const char *path)
{
	static const char home[] = "~root";
	const char *below;

	if (strncmp(path, home, strlen(home)) != 0)
		return path;
	below = path + strlen(home);
	/* Nothing is put in front of what lies below "/". */
	if (f->root_home && *below && strcmp(f->root_home, "/") == 0)
		return below;
	return f->root_home ? arena_printf(a, "%s%s", f->root_home, below) : NULL;
}

static int add_path(const char **paths, int n, const char *path)
{
	for (int i = 0; i < n; i++)
		if (path && strcmp(paths[i], path) == 0)
			return n;
	if (path)
		paths[n++] = path;
	return n;
}

static const char *dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_memdup(a, path, (size_t)(slash - path));
}

int decide_places(const struct facts *facts, struct arena *a, const char ***ret_paths)
{
	size_t max = hook_table_len * HOOK_PLACES_MAX + PART_ROLES + 1 + facts->n_persist;
	const char **paths = arena_alloc(a, max * sizeof(*paths));
	int n = 0;

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < hook_table_len; i++)
		for (size_t k = 0; k < HOOK_PLACES_MAX && hook_table[i].places[k]; k++)
			n = add_path(paths, n, expand_home(facts, a, hook_table[i].places[k]));
	for (size_t i = 0; i < PART_ROLES; i++)
		n = add_path(paths, n, facts->layout.part[i].mount_point);
	for (size_t i = 0; i < facts->n_persist; i++)
		n = add_path(paths, n, dir_of(a, facts->persist[i].path));
	n = add_path(paths, n, facts->target.chrony_dir);
	*ret_paths = paths;
	return arena_failed(a) ? -ENOMEM : n;
}
