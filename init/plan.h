/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/abstate.h"
#include "lib/arena.h"
#include "lib/grow.h"
#include "lib/modules.h"

/*
 * A plan: the operations that hooks ask for, in order. Hooks append, apply() executes, `anteroot plan`
 * and the tests print. The set of operations is small and closed: apply() is one switch over it.
 *
 * Paths are those of the initramfs; what lies below facts.target_dir is looked up confined to it.
 */

enum op_kind {
	OP_MOUNT, /* mount `source` on `target`, `type`, `flags` (MS_*), `data`; makes the directory */
	OP_BIND,    /* bind `source` on `target`, which exists */
	OP_MOVE,    /* move the mount at `source` to the directory `target` */
	OP_OVERLAY, /* tmpfs overlay over just the directory `target`; what is in it stays visible */
	OP_FILESYSTEM, /* load what mounting `type` needs */
	OP_MODULE,     /* insert `module` */
	OP_CLOCK, /* set the clock to `usec` (realtime): `data` says why, `role` is enum clock_when */
	OP_HOSTNAME,   /* set the kernel's host name to `data` */
	OP_DIR,	       /* directory `target` with mode, uid, gid */
	OP_FILE,       /* file `target` with content `data`, `len`, mode, uid, gid */
	OP_REMOVE,     /* no file `target` */
	OP_RETAIN,     /* what we wrote to `target` on an earlier boot stays as it is */
	OP_SKIP,       /* nothing is done for `key`: `data` says why, for the report */
	OP_DISK,       /* settle the boot disk `target`; `data` says why */
	OP_ROOT,       /* settle the root: device `target`, slot `source` or NULL, why `data` */
	OP_MOUNT_PART, /* as OP_MOUNT, for the partition of role `role` */
	OP_MOUNT_ROOT, /* as OP_MOUNT, for the root that was settled; `type` may be a list a,b,c */
	OP_PARTITIONS, /* the kernel learns the partitions of the disk `source` from `backup` */
	OP_RESTORE,    /* the primary GPT of the disk `source` is written anew from `backup` */
	OP_GROW_TABLE, /* partition `target` of the disk `source` gets its size in `grow` */
	OP_GROW_FS, /* the ext4 on `source`, mounted at `target`, grows to `grow`; at most `usec` long */
	OP_STATE,    /* make `record` durable: the boot state; `data` is what it says */
	OP_PANIC,    /* a panic of the kernel reboots after `usec` */
	OP_WATCHDOG, /* arm the hardware watchdog `target` for `usec` */
	OP_DELAY,    /* wait for `usec`, because `data` */
	OP_UUID, /* give the file system of role `role`, on `source`, of `type`, another UUID than `data` */
	OP_PERSIST, /* bind `source`, of the state partition, over `target`; first copy it, to the one
			* that `data` names ("state", "target"), NULL: no copy */
	OP_FIRST_BOOT, /* tell the target's init that this is the device's first boot */
	OP_CHECK, /* check the file system `type` on `source` with the program `target`, because `data`;
			* those that follow each other in a plan run beside each other */
	OP_RUN, /* run `target`, an executable of the integrator's, at `data` (enum hook_point `role`) */
	OP_CHECK_INIT, /* the program `data` of the root at `target` can be executed */
	OP_AGAIN,      /* observe and decide this stage again, now */
	OP_WAIT,       /* the same when a device appears, at the latest at the deadline */
	OP_WARN,       /* report `data` */
	OP_FAIL,       /* end the boot: `data` says what failed, `source` what to do */
	OP_KINDS
};

/** What a failure of an operation means. */
enum on_failure {
	FAIL_WARN,	  /* report it and go on */
	FAIL_OTHER_SLOT,  /* this root is not usable: decide again without it */
	FAIL_NOT_DURABLE, /* the boot state cannot be stored: decide again, counting nothing */
	FAIL_FATAL,	  /* rescue */
};

struct op {
	enum op_kind kind;
	enum on_failure on_failure;
	const char *hook; /* name of the hook it came from */
	const char *source;
	const char *target;
	const char *type;
	const char *data;
	size_t len; /* of data, OP_FILE */
	unsigned long flags;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned int guard; /* DELIVER_* of lib/deliver.h: OP_DIR, OP_FILE, OP_REMOVE */
	const char *known;  /* OP_FILE, OP_REMOVE: SHA-1s of what we wrote there before */
	bool clean;	    /* only when every delivery into the target before it went well */
	bool remembers;	    /* the manifest: what is guarded by DELIVER_KEEP waits for it */
	bool access;	    /* but for this: without it nobody gets in */
	const char *key;    /* of config.json, that this is for; NULL: none */
	int role;	    /* enum part_role, OP_MOUNT_PART; enum clock_when, OP_CLOCK */
	int64_t usec;
	const struct module *module;
	const struct ptable_backup *backup; /* OP_PARTITIONS, OP_RESTORE */
	const struct grow *grow;	    /* OP_GROW_TABLE, OP_GROW_FS */
	const struct ab_record
		*record; /* OP_STATE; OP_ROOT: the state as decided, NULL: there is none */
	const struct ab_decision *decision; /* OP_ROOT, OP_FAIL: with record */
};

struct plan {
	struct arena *arena; /* of operations and their strings */
	struct op *op;
	size_t n, capacity;
	const char *hook; /* of the operations being appended */
};

#define PLAN_INIT(a) ((struct plan){ .arena = (a) })

/**
 * Appends an operation; its hook is filled in. Its strings must live as long as the plan: literals,
 * facts, or made with the plan's arena.
 *
 * @return the operation in the plan, valid until the next one is appended. When memory is out it is
 *         a dummy, and arena_failed() of the plan's arena is true.
 */
struct op *plan_add(struct plan *p, const struct op *op) _nonnull_all_;

/** Makes room for `n` more operations in one piece: growing step by step leaves the smaller ones behind. */
void plan_reserve(struct plan *p, size_t n) _nonnull_all_;

/** plan_add() written as `PLAN_ADD(p, .kind = OP_…, …)`. */
#define PLAN_ADD(p, ...) plan_add((p), &(struct op){ __VA_ARGS__ })

/** Appends OP_FILESYSTEM unless the plan has it for this type already. A failure is a warning: the
 * mount that needs it will say what comes of it. */
void plan_filesystem(struct plan *p, const char *type) _nonnull_all_;

/** Appends OP_DIR for root's directory `path`, with FAIL_WARN, unless the plan has it already. NULL: nothing. */
void plan_directory(struct plan *p, const char *path, mode_t mode) _nonnull_(1);

/**
 * Puts an operation at the front, before those that are there.
 */
void plan_add_first(struct plan *p, const struct op *op) _nonnull_all_;

/**
 * Moves the overlays, and the loading of their file system, before everything else, and drops those
 * below another one. An overlay shows its lower directory without what is mounted below: made after a
 * deeper overlay or a bind it would hide the files delivered there.
 */
void plan_overlays_first(struct plan *p) _nonnull_all_;

/** @return the first operation of this kind with this target, or NULL. */
const struct op *plan_find(const struct plan *p, enum op_kind kind,
			   const char *target) _nonnull_all_;

/** @return the first operation of this kind, or NULL. */
const struct op *plan_find_kind(const struct plan *p, enum op_kind kind) _nonnull_all_;

/** @return "mount", "file", …, as the plan prints it. */
const char *op_name(enum op_kind kind);

/** @return "warn", "other-slot", "not-durable" or "fatal". */
const char *on_failure_name(enum on_failure f);

/**
 * Prints one operation on one line, without newline: `file /etc/hostname 0644 0:0 8 bytes`. Contents
 * are never printed: they can be secret.
 *
 * @return text in the arena, or NULL when memory is out
 */
const char *op_text(struct arena *a, const struct op *op) _nonnull_all_;
