/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Every system call that changes something outside this process, as a table of functions. The real
 * one is sys_real; tests/ has one that records each call and fails the Nth. `make check` holds that
 * no other object refers to these calls.
 *
 * Each function returns 0 (or what it says) or a negative errno, never -1 with errno.
 */

/** How long a program may run. */
struct sys_limits {
	int64_t timeout_msec;	  /* then its process group gets SIGTERM … */
	int64_t grace_msec;	  /* … and so much later SIGKILL */
	void (*tick)(void *data); /* called about once a second while it runs; may be NULL */
	void *data;
};

/** How a program ended. */
struct sys_end {
	int status;	/* exit status, or 128 + signal */
	bool timed_out; /* because of the limit */
};

struct sys {
	/* Files. Paths are relative to dirfd, as in the *at() calls. */
	int (*open)(int dirfd, const char *path, int flags, mode_t mode); /* -> descriptor */
	ssize_t (*write)(int fd, const void *data, size_t len); /* -> bytes, may be short */
	ssize_t (*pwrite)(int fd, const void *data, size_t len,
			  int64_t offset); /* -> bytes, may be short */
	int (*fsync)(int fd);
	int (*fchmod)(int fd, mode_t mode);
	int (*fchown)(int fd, uid_t uid, gid_t gid);
	int (*mkdirat)(int dirfd, const char *path, mode_t mode);
	int (*mknodat)(int dirfd, const char *path, mode_t mode, dev_t dev);
	int (*symlinkat)(const char *content, int dirfd, const char *path);
	int (*linkat)(int olddirfd, const char *oldpath, int newdirfd,
		      const char *newpath); /* a second name; links are not followed */
	int (*renameat)(int olddirfd, const char *oldpath, int newdirfd, const char *newpath);
	int (*unlinkat)(int dirfd, const char *path, int flags);
	void (*sync)(void);

	/* Mounts and roots. */
	int (*mount)(const char *source, const char *target, const char *type, unsigned long flags,
		     const char *data);
	int (*umount)(const char *target, int flags);
	int (*chdir)(const char *path);
	int (*chroot)(const char *path);
	int (*unshare_mounts)(void); /* mounts of our own: nobody else sees what is mounted next */

	/* The machine. */
	int (*clock_set)(int64_t realtime_usec);
	int (*hostname_set)(const char *name);
	int (*module_insert)(int fd, const char *options, int flags); /* finit_module(2) */
	int (*partition_add)(int fd, unsigned int number, uint64_t start_bytes,
			     uint64_t bytes); /* BLKPG_ADD_PARTITION, on the whole disk */
	int (*partition_resize)(int fd, unsigned int number, uint64_t start_bytes,
				uint64_t bytes);     /* BLKPG_RESIZE_PARTITION */
	int (*ext4_resize)(int fd, uint64_t blocks); /* EXT4_IOC_RESIZE_FS, of what is mounted */
	int (*watchdog_set)(int fd, int seconds);    /* WDIOC_SETTIMEOUT -> seconds that it took */
	int (*watchdog_stop)(
		int fd);	/* WDIOS_DISABLECARD; -EBUSY: it cannot be stopped (nowayout) */
	int (*reboot)(int how); /* RB_AUTOBOOT, … of reboot(2) */

	/* Processes. */
	int (*exec)(const char *path, char *const argv[],
		    char *const envp[]);		  /* returns on failure */
	int (*run)(const char *path, char *const argv[]); /* waits; -> exit status, 128 + signal */
	int (*run_limited)(const char *path, char *const argv[], char *const envp[],
			   const struct sys_limits *limits,
			   struct sys_end *ret_end); /* waits, in a process group of its own */
	int (*start)(const char *path, char *const argv[], char *const envp[],
		     int out); /* -> process, in a group of its own; what it prints goes to `out` */
	int (*reap)(int pid, int *ret_status); /* -> 1 ended, with status or 128 + signal; 0 runs */
	int (*kill_group)(int pid, int sig);   /* the process and what it has started */
	int (*sleep_msec)(int64_t msec);       /* at most INT_MAX: 24 days */
};

/** The kernel's own. */
extern const struct sys sys_real;
