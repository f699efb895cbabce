/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/fsck.h"

/*
 * The kernel's command line, split as the kernel splits it (lib/cmdline.c next_arg() and
 * kernel/params.c of Linux): white space separates, "…" keeps it together, a value may be quoted on
 * its own (`a="b c"`) or with its key (`"a=b c"`), `-` and `_` in a key are the same, `--` ends the
 * kernel's part.
 */

struct cmdline_arg {
	const char *key;   /* as written, without quotes */
	const char *value; /* NULL when there is no `=` */
};

struct cmdline {
	struct cmdline_arg *arg;
	size_t n_args; /* up to and without `--` */
};

/**
 * @param a arena for the result
 * @param text content of /proc/cmdline
 * @param ret_cmdline result
 * @return 0 or -ENOMEM
 */
int cmdline_parse(struct arena *a, const char *text, struct cmdline *ret_cmdline) _nonnull_all_;

/** @return true when two keys are the same to the kernel (`-` equals `_`, case counts). */
bool cmdline_key_equal(const char *a, const char *b) _nonnull_all_;

/** What the kernel's arguments mean to us. args_default has those that are absent. */
struct args {
	const char *root;	/* root=, NULL when absent or empty */
	const char *rootfstype; /* rootfstype=, NULL: as probed */
	const char *rootflags;	/* rootflags=, NULL: none */
	const char *init;	/* init=, default "/sbin/init" */
	const char *
		disk; /* anteroot.disk=: boot disk by device, PTUUID=… or a partition's PARTUUID=…, NULL: found */
	const char *
		loader; /* anteroot.loader=: PARTUUID of what the boot loader was started from, NULL */
	const char *loglevel;	/* anteroot.log=: error, warning, info, debug; NULL: info */
	const char *machine_id; /* systemd.machine_id=: systemd takes it itself; NULL: absent */
	enum fsck_mode
		fsck; /* fsck.mode=, fastboot, forcefsck; FSCK_UNSAID: as the layout has it */
	enum fsck_repair fsck_repair; /* fsck.repair=, default FSCK_PREEN */
	bool rw;		      /* the last of ro and rw; default ro, as the kernel's */
	bool quiet;		      /* quiet */
	bool shell;	   /* anteroot.shell: a development build may open a shell in rescue */
	bool has_panic;	   /* panic= was given */
	int64_t panic_sec; /* panic=, negative: at once; default 10 */
	int64_t wait_msec; /* how long to wait for devices; anteroot.wait=SECONDS, default 30 s;
				   * rootwait makes it at least 180 s, rootwait=N and rootdelay=N
				   * at least N s */
};

struct args_reading;

/** What holds before the command line is read. */
extern const struct args args_default;

/** One row of the table of arguments, from which the manual is written. */
struct args_row {
	const char *key;  /* "root" */
	const char *form; /* "DEVICE|UUID=…|LABEL=…|PARTUUID=…|PARTLABEL=…|MAJOR:MINOR" */
	const char *text; /* one sentence for people */
	bool (*set)(struct args_reading *rd, const char *value); /* of args.c; false: a bad value */
};

/** @return the table of arguments understood, *ret_n rows. */
const struct args_row *args_table(size_t *ret_n) _nonnull_all_;

/** What is wrong with one argument. */
struct args_problem {
	const char *key;
	const char *value;
	const char *expected; /* NULL: an `anteroot.` argument that nobody knows */
};

struct args_problems {
	struct args_problem *problem;
	size_t n;
};

/**
 * Reads the arguments that matter to us. The last of several wins, as in the kernel. A bad value is
 * reported and leaves the default.
 *
 * @param a arena
 * @param cmdline parsed command line
 * @param ret_args holds the defaults on entry; gets the result, complete even when there are problems
 * @param ret_problems what was wrong
 * @return 0 or -ENOMEM
 */
int args_from_cmdline(struct arena *a, const struct cmdline *cmdline, struct args *ret_args,
		      struct args_problems *ret_problems) _nonnull_all_;

/** How root= names a device. */
enum tag_kind {
	TAG_NONE,
	TAG_DEVICE, /* "/dev/vda2": value is the kernel name "vda2" (or "mapper/x") */
	TAG_DEVNO,  /* "254:2" or hexadecimal "fe02" */
	TAG_LABEL,
	TAG_UUID,
	TAG_FIRST_UUID, /* by the UUID that the image had: lib/fsuuid.h */
	TAG_PARTLABEL,
	TAG_PARTUUID,
};

struct tag {
	enum tag_kind kind;
	const char *value;
	unsigned int major, minor; /* of TAG_DEVNO */
};

/**
 * Understands a device specification: the forms of root=, quotes around the value of a tag, and
 * /dev/disk/by-{label,uuid,partlabel,partuuid}/X (with udev's \xNN escapes) as the tag they stand for.
 *
 * @return 0; -EINVAL when it is none of the forms or empty behind its `=`, when it is another link of
 *         udev's below /dev/disk (nobody makes them here), or the kernel's PARTUUID=…/PARTNROFF=…;
 *         -ENOMEM
 */
int tag_parse(struct arena *a, const char *spec, struct tag *ret_tag) _nonnull_all_;
