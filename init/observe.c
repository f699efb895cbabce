/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/observe_checks.h"
#include "init/observe_clock.h"
#include "init/observe_config.h"
#include "init/observe_devices.h"
#include "init/observe_grow.h"
#include "init/observe_identity.h"
#include "init/observe_state.h"
#include "init/version.h"
#include "lib/clock.h"
#include "lib/file.h"

#define CMDLINE_MAX_BYTES 65536u

static const char *const api_dirs[API_FS_COUNT] = {
	[API_PROC] = "/proc",
	[API_SYS] = "/sys",
	[API_DEV] = "/dev",
	[API_RUN] = "/run",
};

static void observe_api_mounts(struct facts *f)
{
	struct stat root, dir;

	if (stat("/", &root) < 0)
		return;
	for (size_t i = 0; i < API_FS_COUNT; i++)
		f->api_mounted[i] = stat(api_dirs[i], &dir) == 0 && dir.st_dev != root.st_dev;
}

static bool api_is_mounted(const struct facts *f)
{
	for (size_t i = 0; i < API_FS_COUNT; i++)
		if (!f->api_mounted[i])
			return false;
	return true;
}

static void report_args(struct boot *b, const struct args_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct args_problem *p = &problems->problem[i];
		const char *text;

		if (p->expected)
			text = arena_printf(&b->arena,
					    "kernel command line: %s=%s: expected %s; left out",
					    p->key, p->value ? p->value : "", p->expected);
		else
			text = arena_printf(&b->arena,
					    "kernel command line: %s is not known to anteroot",
					    p->key);
		boot_warn(b, NULL, text);
	}
}

/* The layout first: it holds the limits that the command line may change. */
static void observe_layout(struct boot *b)
{
	struct reason r = REASON_INIT;
	char *text, message[BOOT_ERROR_MAX];
	size_t len;
	int err;

	b->layout_read = true;
	err = file_read(&b->arena, AT_FDCWD, LAYOUT_PATH, LAYOUT_MAX_BYTES, &text, &len);
	if (err == -ENOENT)
		return;
	if (err == 0) {
		b->layout_text = text;
		b->layout_len = len;
		err = layout_parse(&b->arena, text, len, &b->facts.layout, &r);
	} else {
		(void)reason_set(&r, err, "read", LAYOUT_PATH);
	}
	if (err < 0)
		boot_warn(b, NULL,
			  arena_printf(&b->arena, "%s; the default layout holds",
				       reason_render(&r, message, sizeof(message))));
}

static void observe_cmdline(struct boot *b)
{
	struct facts *f = &b->facts;
	struct args_problems problems = { 0 };
	struct cmdline cmdline;
	char *text;
	int err, level;

	f->args.wait_msec = f->layout.wait_msec;
	err = file_read(&b->arena, AT_FDCWD, "/proc/cmdline", CMDLINE_MAX_BYTES, &text, NULL);
	if (err == 0)
		err = cmdline_parse(&b->arena, text, &cmdline);
	if (err < 0) {
		boot_warn(b, NULL, "unable to read /proc/cmdline: its defaults hold");
		return;
	}
	if (args_from_cmdline(&b->arena, &cmdline, &f->args, &problems) < 0)
		return;
	report_args(b, &problems);
	level = f->args.loglevel ? log_level_parse(f->args.loglevel) : LOG_LEVEL_INFO;
	if (level > LOG_LEVEL_INFO && !anteroot_development) {
		level = LOG_LEVEL_INFO;
		boot_warn(b, NULL, "anteroot.log=debug is for development builds: info holds");
	}
	if (level >= 0)
		b->log.level = (enum log_level)level;
}

static void observe_start(struct boot *b)
{
	struct facts *f = &b->facts;

	observe_api_mounts(f);
	if (f->api_mounted[API_DEV] && f->api_mounted[API_PROC])
		log_open(&b->log);
	if (!b->layout_read)
		observe_layout(b);
	if (!b->cmdline_read && f->api_mounted[API_PROC]) {
		b->cmdline_read = true;
		observe_cmdline(b);
		f->deadline_msec = clock_monotonic_usec() / 1000 + f->args.wait_msec;
	}
}

int observe(struct boot *b, enum stage stage)
{
	struct facts *f = &b->facts;
	int err = 0;

	f->modules.n = 0; /* those of the round before are inserted */
	f->realtime_usec = clock_realtime_usec();
	if (stage == STAGE_EARLY)
		observe_start(b);
	if (stage == STAGE_EARLY && api_is_mounted(f))
		observe_clock(b, CLOCK_AT_START);
	/* Not before the plan can load what they ask for: nobody asks twice. */
	if (api_is_mounted(f) && stage <= STAGE_BOOT && !b->clock_only)
		err = observe_devices(b);
	f->now_msec = clock_monotonic_usec() / 1000;
	if (stage == STAGE_BOOT) {
		observe_disks(b);
		observe_checks(b);
		observe_hooks(b);
		observe_loader(b);
		observe_backup(b);
	}
	if (stage == STAGE_ROOT && !f->state.read)
		observe_state(b);
	if (stage == STAGE_ROOT && !f->grow_seen)
		err = observe_grow(b);
	if (stage == STAGE_TARGET) {
		observe_clock(b, CLOCK_AT_TARGET);
		observe_keep_dir(b);
		err = observe_config(b);
		observe_identity(b);
		observe_persist(b);
		if (err == 0)
			err = observe_target(b);
	}
	return arena_failed(&b->arena) ? -ENOMEM : err;
}
