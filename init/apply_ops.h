/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/boot.h"

/* What each kind of operation does; apply() is the one caller. All return 0 or a negative errno with the
 * reason filled. */

int apply_mount(struct boot *b, const struct op *op, struct reason *r);
int apply_bind(struct boot *b, const struct op *op, struct reason *r);
int apply_move(struct boot *b, const struct op *op, struct reason *r);
int apply_overlay(struct boot *b, const struct op *op, struct reason *r);
int apply_filesystem(struct boot *b, const struct op *op, struct reason *r);
int apply_module(struct boot *b, const struct module *module, struct reason *r);
int apply_uuid(struct boot *b, const struct op *op, struct reason *r);
int apply_persist(struct boot *b, const struct op *op, struct reason *r);
int apply_check_init(struct boot *b, const struct op *op, struct reason *r);

/**
 * Runs the checks of file systems that a plan has here one after the other, unless they have run: beside each other,
 * those on one rotating disk in turn. What came of each is in facts.checked (init/apply_programs.c).
 *
 * @param op the operation at hand, of any kind, and `n` - 1 behind it
 */
void apply_checks(struct boot *b, const struct op *op, size_t n);

/** OP_CHECK: what its check came to. Only errors that are left, and -ERESTART, are failures; others are warned about. */
int apply_check(struct boot *b, const struct op *op, struct reason *r);

/** OP_RUN, with the environment that docs/HOOKS.md describes. */
int apply_run(struct boot *b, const struct op *op, struct reason *r);

/** OP_DIR, OP_FILE, OP_REMOVE: done and reported (init/apply_delivery.c). */
int apply_delivery(struct boot *b, const struct op *op, struct reason *r);

/* Of the boot state (init/apply_state.c). */
int apply_state(struct boot *b, const struct op *op, struct reason *r);
int apply_panic(struct boot *b, const struct op *op, struct reason *r);
int apply_watchdog(struct boot *b, const struct op *op, struct reason *r);
int apply_delay(struct boot *b, const struct op *op, struct reason *r);

/* Of the partition table and the data partition (init/apply_grow.c). */
int apply_partitions(struct boot *b, const struct op *op, struct reason *r);
int apply_restore(struct boot *b, const struct op *op, struct reason *r);
int apply_grow_table(struct boot *b, const struct op *op, struct reason *r);
int apply_grow_fs(struct boot *b, const struct op *op, struct reason *r);

/** OP_ROOT, OP_FAIL: remembers what was decided, for the report. */
void apply_decision(struct boot *b, const struct op *op);

/** OP_SKIP: reported. */
void apply_skip(struct boot *b, const struct op *op);

/**
 * Opens the tree that a path of a plan belongs to: the target, the state or data partition, the folder
 * given to `anteroot apply --state`, or the initramfs. What is on a disk cannot lead out of it.
 *
 * @param ret_rest the path inside that tree
 * @return descriptor or a negative errno
 */
int apply_open_tree(const struct boot *b, const char *path, const char **ret_rest,
		    struct reason *r);
