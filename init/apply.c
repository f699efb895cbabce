/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/apply.h"

#include <string.h>
#include <sys/mount.h>

#include "init/apply_ops.h"
#include "lib/efivar.h"
#include "lib/clock.h"
#include "lib/uevent.h"

/* Without a uevent socket devices are looked for this often. */
#define STEP_MSEC 100

static int wait_for_device(struct boot *b)
{
	int64_t left = b->facts.deadline_msec - b->facts.now_msec;

	if (b->uevent_lost)
		return b->sys->sleep_msec(left < STEP_MSEC ? left : STEP_MSEC);
	return uevent_wait(b->uevent_fd, left);
}

static void settle_root(struct boot *b, const struct op *op)
{
	b->facts.root_device = op->target;
	b->facts.root_slot = op->source;
	b->facts.root_reason = op->data;
	apply_decision(b, op);
	log_line(&b->log, LOG_LEVEL_INFO, "root: %s%s%s, because %s", op->target,
		 op->source ? ", slot " : "", op->source ? op->source : "", op->data);
}

static int mount_part(struct boot *b, const struct op *op, struct reason *r)
{
	int err = apply_mount(b, op, r);

	if (err < 0)
		b->facts.gave_up[op->role] = true;
	else
		b->facts.mounted[op->role] = op->source + strlen("/dev/");
	return err;
}

static int mount_root(struct boot *b, const struct op *op, struct reason *r)
{
	int err = apply_mount(b, op, r);

	b->facts.root_mounted = err == 0;
	return err;
}

static int set_clock(struct boot *b, const struct op *op, struct reason *r)
{
	struct clock_facts *c = &b->facts.clock[op->role];
	int err = b->sys->clock_set(op->usec);

	c->done = true;
	if (err < 0) {
		c->failed = arena_strdup(&b->arena, strerror(-err));
		return reason_set(r, err, "set", "the clock");
	}
	log_line(&b->log, LOG_LEVEL_INFO, "clock: %s", op->data ? op->data : "set");
	return 0;
}

static int fail(struct boot *b, const struct op *op, struct reason *r)
{
	(void)strncpy(b->error, op->data ? op->data : "unable to go on: out of memory",
		      sizeof(b->error) - 1);
	b->hint = op->source;
	apply_decision(b, op);
	r->verb = NULL;
	return -ENOENT;
}

/* The one switch over the kinds of operation. */
static int apply_op(struct boot *b, const struct op *op, struct reason *r)
{
	int err;

	switch (op->kind) {
	case OP_MOUNT:
		if (strcmp(op->target, EFIVAR_DIR) == 0)
			b->facts.loader_tried = true;
		return apply_mount(b, op, r);
	case OP_BIND:
		return apply_bind(b, op, r);
	case OP_MOVE:
		return apply_move(b, op, r);
	case OP_OVERLAY:
		return apply_overlay(b, op, r);
	case OP_FILESYSTEM:
		return apply_filesystem(b, op, r);
	case OP_MODULE:
		return apply_module(b, op->module, r);
	case OP_CLOCK:
		return set_clock(b, op, r);
	case OP_HOSTNAME:
		err = b->sys->hostname_set(op->data);
		return err < 0 ? reason_set(r, err, "set", "the host name") : 0;
	case OP_DIR:
	case OP_FILE:
	case OP_REMOVE:
		return apply_delivery(b, op, r);
	case OP_DISK:
		b->facts.boot_disk = op->target;
		log_line(&b->log, LOG_LEVEL_INFO, "boot disk: %s, because %s", op->target,
			 op->data);
		return 0;
	case OP_ROOT:
		settle_root(b, op);
		return 0;
	case OP_MOUNT_PART:
		return mount_part(b, op, r);
	case OP_MOUNT_ROOT:
		return mount_root(b, op, r);
	case OP_PARTITIONS:
		return apply_partitions(b, op, r);
	case OP_RESTORE:
		return apply_restore(b, op, r);
	case OP_GROW_TABLE:
		return apply_grow_table(b, op, r);
	case OP_GROW_FS:
		return apply_grow_fs(b, op, r);
	case OP_STATE:
		return apply_state(b, op, r);
	case OP_PANIC:
		return apply_panic(b, op, r);
	case OP_WATCHDOG:
		return apply_watchdog(b, op, r);
	case OP_DELAY:
		return apply_delay(b, op, r);
	case OP_UUID:
		return apply_uuid(b, op, r);
	case OP_PERSIST:
		return apply_persist(b, op, r);
	case OP_FIRST_BOOT:
		b->first_boot = true;
		log_line(&b->log, LOG_LEVEL_INFO, "this is the device's first boot");
		return 0;
	case OP_CHECK:
		return apply_check(b, op, r);
	case OP_RUN:
		return apply_run(b, op, r);
	case OP_CHECK_INIT:
		return apply_check_init(b, op, r);
	case OP_WAIT:
		(void)wait_for_device(b); /* whatever woke us, the facts will tell */
		return 0;
	case OP_WARN:
		boot_warn(b, op->hook, op->data);
		return 0;
	case OP_FAIL:
		return fail(b, op, r);
	case OP_SKIP:
		apply_skip(b, op);
		return 0;
	case OP_RETAIN:
	case OP_AGAIN:
	case OP_KINDS:
		break;
	}
	return 0;
}

/* Takes the root out of the running, and off its mount point. */
static void give_up_root(struct boot *b, const char *message, bool check)
{
	struct facts *f = &b->facts;

	log_line(&b->log, LOG_LEVEL_ERROR, "%s%s%s failed: %s", f->root_device,
		 f->root_slot ? ", slot " : "", f->root_slot ? f->root_slot : "", message);
	if (f->n_failed < FACTS_FAILED_MAX) {
		f->failed[f->n_failed].device = f->root_device;
		f->failed[f->n_failed].slot = f->root_slot;
		f->failed[f->n_failed].reason = message;
		f->failed[f->n_failed].check = check;
		f->n_failed++;
	}
	if (f->root_mounted)
		(void)b->sys->umount(f->target_dir, MNT_DETACH);
	f->root_mounted = false;
	f->root_device = f->root_slot = f->root_reason = NULL;
}

static int on_failed(struct boot *b, const struct op *op, const struct reason *r, int err)
{
	char message[BOOT_ERROR_MAX];
	const char *text = arena_strdup(&b->arena, reason_render(r, message, sizeof(message)));

	if (op->kind == OP_FAIL)
		return err; /* its own words are in b->error */
	if (op->kind == OP_CHECK && err == -ERESTART)
		return boot_fail(b, r, "the machine starts anew by itself, and goes on then");
	if (op->on_failure == FAIL_FATAL || !text)
		return boot_fail(b, r, NULL);
	if (op->on_failure == FAIL_OTHER_SLOT) {
		give_up_root(b, text, op->kind == OP_CHECK);
		return APPLY_AGAIN;
	}
	boot_warn(b, op->hook, text);
	if (op->on_failure == FAIL_NOT_DURABLE) {
		b->facts.state.failed = true;
		return APPLY_AGAIN;
	}
	return APPLY_NEXT;
}

static size_t count_deliveries(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->op[i].kind == OP_DIR || plan->op[i].kind == OP_FILE ||
		     plan->op[i].kind == OP_REMOVE || plan->op[i].kind == OP_SKIP;
	return n;
}

int apply(struct boot *b, const struct plan *plan)
{
	report_reserve(&b->report, &b->arena, count_deliveries(plan));
	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->op[i];
		struct reason r = REASON_INIT;
		int err;

		if (b->log.level >= LOG_LEVEL_DEBUG)
			log_line(&b->log, LOG_LEVEL_DEBUG, "%s: %s", op->hook,
				 op_text(&b->arena, op));
		apply_checks(b, op, plan->n - i);
		err = apply_op(b, op, &r);
		if (err < 0) {
			err = on_failed(b, op, &r, err);
			if (err != APPLY_NEXT)
				return err;
		}
		if (op->kind == OP_AGAIN)
			return APPLY_AGAIN;
		if (op->kind == OP_WAIT)
			return APPLY_WAITED;
	}
	return APPLY_NEXT;
}
