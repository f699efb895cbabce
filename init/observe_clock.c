/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_clock.h"

#include <fcntl.h>

#include "lib/clocksources.h"

static int open_tree(const char *path)
{
	return path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

void observe_clock(struct boot *b, enum clock_when when)
{
	struct facts *f = &b->facts;
	struct clock_facts *c = &f->clock[when];
	bool late = when == CLOCK_AT_TARGET;
	const char *state = late && f->mounted[PART_STATE]
				    ? arena_printf(&b->arena, "%s/mnt/%s", f->run_dir,
						   f->layout.part[PART_STATE].name)
				    : NULL;
	_cleanup_close_ int image_fd = open_tree("/");
	_cleanup_close_ int target_fd = open_tree(late && f->root_mounted ? f->target_dir : NULL);
	_cleanup_close_ int state_fd = open_tree(state);
	const struct clock_places places = {
		.sys = "/sys", .image = image_fd, .target = target_fd, .state = state_fd
	};

	if (c->seen)
		return;
	clock_add(c, CLOCK_ANCHOR, "build", NULL)->sec = f->build_usec / 1000000;
	clock_sources(&b->arena, &places, c);
}
