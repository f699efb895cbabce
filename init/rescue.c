/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/rescue.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>

#include "init/version.h"
#include "lib/file.h"

#define SHELL_PATH "/bin/sh"

/* The first time as said; a boot state knows how often nothing could be booted, and the delay grows. */
static int64_t delay_msec(const struct boot *b)
{
	const struct args *args = &b->facts.args;
	int64_t said = args->panic_sec < 0 ? 0 : args->panic_sec * 1000;
	int64_t grown = (int64_t)b->facts.state.decision.delay_sec * 1000;

	if (!args->has_panic || args->panic_sec == 0)
		said = b->facts.layout.rescue_delay_msec;
	return said > grown ? said : grown;
}

static void open_shell(struct boot *b)
{
	char *const argv[] = { (char *)"sh", NULL };
	int status;

	if (!anteroot_development || !b->facts.args.shell || !file_exists(AT_FDCWD, SHELL_PATH))
		return;
	log_line(&b->log, LOG_LEVEL_ERROR, "rescue: opening a shell; `exit` reboots");
	status = b->sys->run(SHELL_PATH, argv);
	log_line(&b->log, LOG_LEVEL_INFO, "rescue: the shell ended with %d", status);
}

/* What is mounted writable must be whole before the machine goes: a failure changes nothing. */
static void let_go(struct boot *b)
{
	const struct facts *f = &b->facts;
	char path[256];

	for (size_t i = 0; i < PART_ROLES; i++) {
		if (!f->mounted[i])
			continue;
		(void)snprintf(path, sizeof(path), "%s/mnt/%s", f->run_dir, f->layout.part[i].name);
		(void)b->sys->umount(path, 0);
	}
	if (f->root_mounted)
		(void)b->sys->umount(f->target_dir, MNT_DETACH);
	b->sys->sync();
}

static void save_report(struct boot *b)
{
	_cleanup_close_ int dirfd = report_open_dir(b);

	if (dirfd >= 0)
		(void)report_save(b, dirfd);
}

static void say(struct boot *b)
{
	log_open(&b->log);
	log_line(&b->log, LOG_LEVEL_ERROR, "rescue: %s", b->error);
	if (b->hint)
		log_line(&b->log, LOG_LEVEL_ERROR, "rescue: what to do: %s", b->hint);
	/* Without /dev/kmsg the console is all there is. */
	if (b->log.kmsg_fd < 0)
		(void)fprintf(stderr, "anteroot: rescue: %s\n", b->error);
	save_report(b);
}

void rescue_leave(struct boot *b)
{
	say(b);
	let_go(b);
}

int rescue(struct boot *b)
{
	int64_t delay = delay_msec(b);

	say(b);
	open_shell(b);
	let_go(b);
	log_line(&b->log, LOG_LEVEL_ERROR, "rescue: rebooting in %lld s",
		 (long long)(delay / 1000));
	(void)b->sys->sleep_msec(delay);
	(void)b->sys->reboot(RB_AUTOBOOT);
	return EXIT_FAILURE;
}
