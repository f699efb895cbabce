/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/facts.h"
#include "init/log.h"
#include "init/plan.h"
#include "init/report.h"
#include "lib/arena.h"
#include "lib/modules.h"
#include "lib/reason.h"
#include "lib/sys.h"

#define BOOT_ERROR_MAX 512

/* All that one boot has in its hands. */
struct boot {
	const struct sys *sys;
	const char *old_root; /* "/": what is left behind, and deleted, at the hand-over */
	const char *dev_dir;  /* "/dev": of what the boot state is read from and written to */
	struct arena arena; /* facts, plans and the report: everything lives as long as the boot */
	struct facts facts;
	struct log log;
	struct report report;

	struct modules *modules; /* NULL: the image has none, or not opened yet */
	int uevent_fd;		 /* -1: not open */
	bool uevent_lost;  /* the socket could not be opened: devices are looked for in steps */
	bool devices_seen; /* sysfs was scanned for modaliases */
	bool disks_stale;  /* what was found on them may have changed */
	bool disks_seen;   /* /sys/class/block was scanned, and no event came since */
	bool cmdline_read;
	bool layout_read;
	bool hooks;	 /* hooks.d is ours to run: this is an initramfs */
	bool clock_only; /* `hook early`: devices and their drivers come with the other stages */
	bool hooks_read;
	bool fsck_read;		 /* the programs were looked for */
	bool loader_read;	 /* facts.loader_* will not change any more */
	const char *layout_text; /* the integrator's file as it was read, NULL: there is none */
	size_t layout_len;
	bool no_entropy; /* it was waited for in vain: not again in this boot */
	bool first_boot; /* the target's init is told so */
	unsigned int n_overlays;
	unsigned int n_target_failed; /* deliveries into the target that failed */
	/* The manifest could not be written: what is delivered would never be removed. */
	bool forgetful;
	/* `apply --state DIR`: the folder facts.keep_dir is in; NULL in a boot. */
	const char *keep_tree;

	char error[BOOT_ERROR_MAX]; /* what made the boot fail, rendered */
	const char *hint;	    /* what to do about it, NULL: nothing special */
};

/** Prepares an empty boot with the real paths. @param b uninitialised; boot_close() frees it */
void boot_init(struct boot *b, const struct sys *sys) _nonnull_all_;

/** Frees memory and descriptors. */
void boot_close(struct boot *b) _nonnull_all_;

/**
 * Observes, decides and applies one stage until it is done.
 *
 * @return 0, or a negative errno with b->error and b->hint filled: the boot cannot go on
 */
int boot_stage(struct boot *b, enum stage stage) _nonnull_(1) _must_check_;

/** boot_stage() of the first stage and those after it up to @p last, until one fails. @return as boot_stage() */
int boot_stages(struct boot *b, enum stage last) _nonnull_(1) _must_check_;

/**
 * Fills b->error and returns the errno, for rescue.
 * @param hint what a person can do, or NULL
 */
int boot_fail(struct boot *b, const struct reason *r, const char *hint) _nonnull_(1, 2);

/** Logs and reports a warning, once for each text. @param text lives as long as the boot; NULL: nothing */
void boot_warn(struct boot *b, const char *hook, const char *text) _nonnull_(1);

/** boot_warn() of a reason, and what comes of it: "; going on without". @param consequence may be "" */
void boot_warn_reason(struct boot *b, const char *hook, const struct reason *r,
		      const char *consequence) _nonnull_(1, 3, 4);

/** Remembers a module that the image should have and has not, for the message of a failed boot. */
void boot_missing_module(struct boot *b, const char *name) _nonnull_all_;

/** Remembers a modalias that no module answers to, when it is one of a disk's controller. */
void boot_unserved_alias(struct boot *b, const char *modalias) _nonnull_all_;

/** Applet `init`: the whole boot as PID 1. @return exit status, only when it cannot run at all */
int applet_init(int argc, char **argv);
