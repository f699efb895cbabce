/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/observe_devices.h"
#include "init/decide.h"
#include "init/version.h"
#include "lib/accounts.h"
#include "lib/clock.h"
#include "lib/confine.h"
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
	if (err == 0)
		err = layout_parse(&b->arena, text, len, &b->facts.layout, &r);
	else
		(void)reason_set(&r, err, "read", LAYOUT_PATH);
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

static void observe_config(struct boot *b)
{
	struct facts *f = &b->facts;
	char path[256], message[BOOT_ERROR_MAX], *text;
	struct reason r = REASON_INIT;
	size_t len;
	int err;

	if (f->config_state != CONFIG_NOT_READ || !f->mounted[PART_BOOT])
		return;
	(void)snprintf(path, sizeof(path), "%s/mnt/%s/config.json", f->run_dir,
		       f->layout.part[PART_BOOT].name);
	err = file_read(&b->arena, AT_FDCWD, path, CONFIG_MAX_BYTES, &text, &len);
	if (err == 0)
		err = config_parse(&b->arena, text, len, &f->config, &f->config_problems, &r);
	else if (err == -EFBIG)
		(void)reason_setf(&r, err, "read", "config.json", "it has more than %u bytes",
				  CONFIG_MAX_BYTES);
	else
		(void)reason_set(&r, err, "read", "config.json");
	f->config_state = err == 0 ? CONFIG_READ : err == -ENOENT ? CONFIG_MISSING : CONFIG_BAD;
	if (f->config_state == CONFIG_BAD)
		f->config_error =
			arena_strdup(&b->arena, reason_render(&r, message, sizeof(message)));
}

/* The deepest directory on the way to `path` that exists: cut the path until one does. */
static const char *deepest(struct arena *a, int rootfd, const char *path)
{
	char *cut = arena_strdup(a, path);

	while (cut && cut[1]) {
		_cleanup_close_ int fd = confine_open(rootfd, cut, O_PATH | O_DIRECTORY);

		if (fd >= 0)
			return cut;
		*strrchr(cut, '/') = '\0';
		if (!*cut)
			break;
	}
	return "/";
}

static int observe_places(struct boot *b, int rootfd)
{
	struct facts *f = &b->facts;
	const char **paths;
	int n = decide_places(f, &b->arena, &paths);

	if (n < 0)
		return n;
	f->place = arena_alloc(&b->arena, (size_t)n * sizeof(*f->place));
	if (!f->place)
		return -ENOMEM;
	f->n_places = (size_t)n;
	for (int i = 0; i < n; i++) {
		_cleanup_close_ int fd = confine_open(rootfd, paths[i], O_PATH);
		struct stat st;

		f->place[i].path = paths[i];
		f->place[i].exists = fd >= 0;
		f->place[i].directory = fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
		f->place[i].deepest = deepest(&b->arena, rootfd, paths[i]);
	}
	return 0;
}

static int observe_target(struct boot *b)
{
	_cleanup_close_ int rootfd = open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct facts *f = &b->facts;
	char *home;

	if (rootfd < 0)
		return 0; /* the operations on it will say so */
	f->target_writable = faccessat(AT_FDCWD, f->target_dir, W_OK, 0) == 0;
	f->has_journal_gid = accounts_gid(rootfd, "systemd-journal", &f->journal_gid) == 0;
	f->root_home = accounts_home(&b->arena, rootfd, "root", &home) == 0 ? home : NULL;
	return observe_places(b, rootfd);
}

int observe(struct boot *b, enum stage stage)
{
	struct facts *f = &b->facts;
	int err = 0;

	f->modules.n = 0; /* those of the round before are inserted */
	f->realtime_usec = clock_realtime_usec();
	if (stage == STAGE_EARLY)
		observe_start(b);
	/* Not before the plan can load what they ask for: nobody asks twice. */
	if (api_is_mounted(f) && stage <= STAGE_BOOT)
		err = observe_devices(b);
	f->now_msec = clock_monotonic_usec() / 1000;
	if (stage == STAGE_BOOT) {
		observe_disks(b);
		observe_config(b);
	} else if (stage == STAGE_TARGET && err == 0) {
		err = observe_target(b);
	}
	return arena_failed(&b->arena) ? -ENOMEM : err;
}
