/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/sys.h"

/*
 * A struct sys for tests. Every call becomes one line of a log. Calls on files below the base directory
 * really happen (fchown() and mknodat() only as root); all others are pretended: mounts, roots, the
 * clock, the host name, modules, reboot, exec, run, sleep, and files elsewhere, so that no test can harm
 * the machine it runs on.
 *
 * Lines, with names below the base shown as if it were "/":
 *
 *	open /etc/hostname 0600		write /etc/hostname 9		fsync /etc/hostname
 *	partition_add /dev/vda 5 START BYTES				ext4_resize /mnt BLOCKS
 *	partition_resize /dev/vda 5 START BYTES
 *	pwrite /record 512 4096		watchdog_set /dev/watchdog 30
 *	fchmod /etc/hostname 0644	fchown /etc/hostname 0:0	mkdirat /etc 0755
 *	mknodat /dev/null 0020666 1:3	symlinkat TARGET /link		renameat /a /b
 *	linkat /a /b			unlinkat /a 0			chdir PATH
 *	sync
 *	mount SOURCE TARGET TYPE 0xFLAGS DATA (- for NULL)		umount TARGET FLAGS
 *	chroot PATH			clock_set USEC			hostname_set NAME
 *	module_insert FILE OPTIONS FLAGS				reboot 0xHOW
 *	unshare_mounts			watchdog_stop /dev/watchdog
 *	run_limited TIMEOUT_MSEC PATH ARGV0 ARGV1...
 *	start PATH ARGV0 ARGV1...	reap PID			kill_group PID SIGNAL
 *	exec PATH ARGV0 ARGV1...	run PATH ARGV0 ARGV1...		sleep_msec MSEC
 */
extern const struct sys fakesys;

/**
 * Starts anew: empty log, nothing fails.
 *
 * @param base existing directory below which files are real, or NULL: none are
 */
void fakesys_reset(const char *base);

/** Makes the Nth call from now fail once; `nth` counts from 1. It does nothing but return -err. */
void fakesys_fail_nth(unsigned int nth, int err);

/** Makes every call fail whose line begins with this: "mount", "mount /dev/vda2 ", "write". At most 16. */
void fakesys_fail_match(const char *line_start, int err);

/** Cuts the power: the next `n` calls work, all after them do nothing and return -EIO. */
void fakesys_cut_after(unsigned int n);

/** Makes each write() take at most so many bytes; 0: no limit. */
void fakesys_short_writes(size_t max_bytes);

/** Sets what run(), run_limited() and reap() give when they do not fail; 0 at first. */
void fakesys_run_status(int status);

/** Status of a process of start() that runs until it is killed: a script sets end->timed_out for one. */
#define FAKESYS_RUNS (-1)

/** What a program that start() starts prints; NULL: nothing. Processes are numbered from 1000 on. */
void fakesys_output(const char *text);

/** Has run_limited(), and start() (with `end` for reap()), ask this function, which finds that status in `end`; NULL: none. @return as run_limited() */
void fakesys_run_script(int (*script)(const char *path, char *const argv[], char *const envp[],
				      struct sys_end *end));

/** @return number of calls since the reset, failed and cut ones included. */
unsigned int fakesys_calls(void);

/** @return number of calls whose line begins with this. */
unsigned int fakesys_count(const char *line_start);

/** @return line of a call, counted from 0, NULL behind the last. Valid until the next reset. */
const char *fakesys_line(unsigned int index);

/** @return index of the first call at or after `from` whose line begins with this, or -1. */
int fakesys_find(const char *line_start, unsigned int from);

/** @return all lines, each with a newline. Valid until the next call of it or of reset. */
const char *fakesys_log(void);

/** @return number of this process's open descriptors: equal before and after when nothing leaks. */
int fakesys_open_fds(void);

/** @return what the last exec was given as this variable of its environment, NULL: it was not. */
const char *fakesys_exec_env(const char *name);

/** @return what the file holds that the last exec has inherited by an argument --deserialize=FD; "": none. */
const char *fakesys_exec_state(void);
