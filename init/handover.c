/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/handover.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/discard.h"
#include "lib/file.h"
#include "lib/initcheck.h"

#define CMDLINE_MAX_BYTES 65536u
#define INIT_ARGS_MAX	  64 /* the kernel itself passes no more than 32 (MAX_INIT_ARGS) */

/* What moves into the target. Read by both loops below; the order is that of the moves. */
static const struct {
	const char *dir;
	const char *why;
} moves[] = {
	{ "/dev", "the target's init has its console there" },
	{ "/proc", "it reads the command line from it" },
	{ "/sys", "udevd starts with what the kernel shows in it" },
	{ "/run", "it carries our report, and the mounts that the target has no place for" },
};

/* The target must be another file system than ours: we are about to delete ours. */
static int check_target(const struct boot *b, int targetfd, struct reason *r)
{
	struct stat root, target;

	if (stat(b->old_root, &root) < 0)
		return reason_set(r, errno, "look at", b->old_root);
	if (fstat(targetfd, &target) < 0)
		return reason_set(r, errno, "look at", b->facts.target_dir);
	if (root.st_dev == target.st_dev)
		return reason_setf(r, EXDEV, "switch to", b->facts.target_dir,
				   "no root is mounted there");
	return initcheck(targetfd, b->facts.args.init, r);
}

static int move_mounts(struct boot *b, int targetfd, struct reason *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		_cleanup_close_ int fd = confine_open(targetfd, moves[i].dir, O_PATH | O_DIRECTORY);
		char path[256];
		int err;

		if (fd < 0) {
			/* A target without the directory manages without what would be in it. */
			log_line(&b->log, LOG_LEVEL_WARNING, "the target has no %s: left behind",
				 moves[i].dir);
			(void)b->sys->umount(moves[i].dir, MNT_DETACH);
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s%s", b->facts.target_dir, moves[i].dir);
		err = b->sys->mount(moves[i].dir, path, NULL, MS_MOVE, NULL);
		if (err < 0)
			return reason_set(r, err, "move into the target", moves[i].dir);
	}
	return 0;
}

static int switch_root(struct boot *b, struct reason *r)
{
	int err = b->sys->chdir(b->facts.target_dir);

	if (err < 0)
		return reason_set(r, err, "enter", b->facts.target_dir);
	/* The mount over "/" is what /proc/1/root and every later process sees as the root. */
	err = b->sys->mount(".", "/", NULL, MS_MOVE, NULL);
	if (err < 0)
		return reason_set(r, err, "move to /", b->facts.target_dir);
	err = b->sys->chroot(".");
	if (err < 0)
		return reason_set(r, err, "chroot to", b->facts.target_dir);
	err = b->sys->chdir("/");
	return err < 0 ? reason_set(r, err, "enter", "the new /") : 0;
}

static void add_stage(struct boot *b, int64_t start_usec)
{
	const struct report_stage s = {
		.name = "handover",
		.start_usec = start_usec,
		.duration_usec = clock_monotonic_usec() - start_usec,
		.rounds = 1,
	};

	report_add_stage(&b->report, &s);
}

/* From here on the target is "/": only exec can fail in a way that matters. */
static void leave(struct boot *b, int oldfd, int rundir, int64_t start_usec)
{
	struct reason r = REASON_INIT;
	char message[BOOT_ERROR_MAX];

	if (discard_tree(b->sys, oldfd, &r) < 0)
		log_line(&b->log, LOG_LEVEL_WARNING, "%s; its memory stays taken",
			 reason_render(&r, message, sizeof(message)));
	add_stage(b, start_usec);
	log_line(&b->log, LOG_LEVEL_INFO, "handing over to %s", b->facts.args.init);
	if (report_save(b, rundir) < 0)
		log_line(&b->log, LOG_LEVEL_WARNING, "unable to write the report, ignoring");
}

/*
 * systemd knows a first boot by a machine-id that is missing. Ours is there, so it is told as its manual has it
 * (systemd.condition-first-boot=, systemd >= 246), in the command line that it reads by this variable instead of
 * /proc/cmdline. It gives its own environment to nobody. What the kernel's command line says of it comes later, and
 * holds. Without memory, or /proc, it is an ordinary boot.
 */
static char *const *first_boot_env(struct boot *b, char *const envp[])
{
	struct arena *a = &b->arena;
	char *line, **more;
	size_t n = 0;

	while (envp[n])
		n++;
	more = arena_alloc(a, (n + 2) * sizeof(*more));
	if (!more || file_read(a, AT_FDCWD, "/proc/cmdline", CMDLINE_MAX_BYTES, &line, NULL) < 0)
		return envp;
	line[strcspn(line, "\n")] = '\0';
	memcpy(more, envp, n * sizeof(*more));
	more[n] = arena_printf(a, "SYSTEMD_PROC_CMDLINE=systemd.condition-first-boot=1 %s", line);
	return more;
}

/* By the name of the file that the path leads to: /sbin/init is a link, by way of others. */
static bool is_systemd(int targetfd, const char *init)
{
	static const char name[] = { '/', 's', 'y', 's', 't', 'e', 'm', 'd' };
	_cleanup_close_ int fd = confine_open(targetfd, init, O_PATH);
	char link[32], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlinkat(AT_FDCWD, link, path, sizeof(path));
	return n >= (ssize_t)sizeof(name) &&
	       memcmp(path + n - sizeof(name), name, sizeof(name)) == 0;
}

/*
 * systemd-analyze(1) tells the initramfs' share of a boot when systemd is told when it began, in the way that systemd
 * switches roots itself, between any two versions of it: a file of lines that is inherited, ended by an empty one.
 *
 * @return the file, or -1: another init, which would not know the arguments, or no file; then nothing is told
 */
static int initrd_start(struct boot *b, int targetfd, int rundir)
{
	int64_t start = b->report.stage[0].start_usec;
	int64_t real = clock_realtime_usec() - clock_monotonic_usec() + start;
	char text[80];
	int len = snprintf(text, sizeof(text), "initrd-timestamp=%lld %lld\n\n", (long long)real,
			   (long long)start);
	int fd;

	if (!is_systemd(targetfd, b->facts.args.init))
		return -1;
	fd = b->sys->open(rundir, ".", O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0 && b->sys->pwrite(fd, text, (size_t)len, 0) == len &&
	    fcntl(fd, F_SETFD, 0) == 0)
		return fd;
	close_fd(&fd);
	return -1;
}

static int exec_init(struct boot *b, int state, char *const args[], char *const envp[],
		     struct reason *r)
{
	char *argv[INIT_ARGS_MAX + 4] = { (char *)b->facts.args.init };
	char inherited[32];
	size_t n = 1;
	int err;

	if (state >= 0) {
		(void)snprintf(inherited, sizeof(inherited), "--deserialize=%d", state);
		argv[n++] = (char *)"--switched-root";
		argv[n++] = inherited;
	}
	for (size_t i = 0; i < INIT_ARGS_MAX && args[i]; i++)
		argv[n++] = args[i];
	err = b->sys->exec(b->facts.args.init, argv,
			   b->first_boot ? first_boot_env(b, envp) : envp);
	return reason_set(r, err, "execute", b->facts.args.init);
}

int handover(struct boot *b, char *const args[], char *const envp[])
{
	static const char hint[] =
		"the initramfs has done its work and could not leave; see the messages above";
	int64_t start = clock_monotonic_usec();
	_cleanup_close_ int oldfd = open(b->old_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int targetfd = open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int rundir = report_open_dir(b);
	_cleanup_close_ int state = -1;
	struct reason r = REASON_INIT;
	int err;

	if (oldfd < 0 || targetfd < 0) {
		(void)reason_set(&r, errno, "open", oldfd < 0 ? b->old_root : b->facts.target_dir);
		return boot_fail(b, &r, hint);
	}
	err = check_target(b, targetfd, &r);
	if (err == 0)
		err = move_mounts(b, targetfd, &r);
	if (err == 0)
		err = switch_root(b, &r);
	if (err < 0)
		return boot_fail(b, &r, hint);
	leave(b, oldfd, rundir, start);
	state = initrd_start(b, targetfd, rundir);
	(void)exec_init(b, state, args, envp, &r);
	return boot_fail(b, &r, hint);
}
