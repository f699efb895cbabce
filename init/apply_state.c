/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/apply_ops.h"
#include "init/observe_state.h"

/* What the boot state asks for, and what keeps a candidate from hanging for ever. */

#define PANIC_PATH "/proc/sys/kernel/panic"

void apply_decision(struct boot *b, const struct op *op)
{
	struct facts_state *state = &b->facts.state;

	if (!op->record || !op->decision)
		return;
	state->decided = true;
	state->record = *op->record;
	state->decision = *op->decision;
}

int apply_state(struct boot *b, const struct op *op, struct reason *r)
{
	struct facts_state *state = &b->facts.state;
	struct abstore place;
	int err;

	observe_state_place(b, &place);
	err = abstore_store(b->sys, &place, &state->found, op->record, r);
	close_fd(&place.dirfd);
	if (err == 0)
		log_line(&b->log, LOG_LEVEL_INFO, "boot state: %s", op->data ? op->data : "");
	return err;
}

int apply_panic(struct boot *b, const struct op *op, struct reason *r)
{
	_cleanup_close_ int fd = b->sys->open(AT_FDCWD, PANIC_PATH, O_WRONLY, 0);
	char text[16];
	ssize_t n = fd;

	(void)snprintf(text, sizeof(text), "%d\n", (int)(op->usec / 1000000));
	if (fd >= 0)
		n = b->sys->write(fd, text, strlen(text));
	return n < 0 ? reason_set(r, (int)n, "set", PANIC_PATH) : 0;
}

/* Opening it starts it. It is closed without the word that would stop it: from now on the target must feed it, or
 * the machine starts anew. */
int apply_watchdog(struct boot *b, const struct op *op, struct reason *r)
{
	_cleanup_close_ int fd = b->sys->open(AT_FDCWD, op->target, O_WRONLY, 0);
	int seconds = (int)(op->usec / 1000000);

	if (fd == -ENOENT || fd == -ENODEV) {
		log_line(&b->log, LOG_LEVEL_INFO, "no watchdog %s: a hang would not end",
			 op->target);
		return 0;
	}
	if (fd < 0)
		return reason_set(r, fd, "open", op->target);
	seconds = b->sys->watchdog_set(fd, seconds);
	if (seconds < 0) /* it runs all the same, with a time of its own */
		return reason_set(r, seconds, "set the time of", op->target);
	log_line(&b->log, LOG_LEVEL_INFO, "watchdog: %s, %d s", op->target, seconds);
	return 0;
}

int apply_delay(struct boot *b, const struct op *op, struct reason *r)
{
	int err;

	log_line(&b->log, LOG_LEVEL_WARNING, "waiting %d s, because %s", (int)(op->usec / 1000000),
		 op->data ? op->data : "");
	err = b->sys->sleep_msec(op->usec / 1000);
	b->facts.state.waited_sec += (unsigned int)(op->usec / 1000000);
	return err < 0 ? reason_set(r, err, "wait", "before this boot") : 0;
}
