/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/boot.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/apply.h"
#include "init/decide.h"
#include "init/observe.h"
#include "init/version.h"
#include "lib/clock.h"

/* A device that comes and goes without end must not take the processor from the one that we wait for:
 * from this round on a stage pauses before it looks again. */
#define ROUNDS_AT_FULL_SPEED 64u
#define ROUND_PAUSE_MSEC     50
/* Rounds that load modules are bounded by the modules there are; this is against a mistake of ours. */
#define ROUNDS_MAX 4096u

void boot_init(struct boot *b, const struct sys *sys)
{
	memset(b, 0, sizeof(*b));
	b->sys = sys;
	b->old_root = "/";
	b->dev_dir = "/dev";
	b->uevent_fd = -1;
	b->facts.layout = layout_default;
	b->facts.run_dir = "/run/anteroot";
	b->facts.target_dir = "/sysroot";
	b->facts.runtime_dir = "/run";
	b->facts.build_usec = anteroot_build_epoch_sec * 1000000;
	b->facts.args = args_default;
	log_init(&b->log, sys);
}

void boot_close(struct boot *b)
{
	close_fd(&b->uevent_fd);
	b->uevent_fd = -1;
	modules_close(b->modules);
	b->modules = NULL;
	log_close(&b->log);
	arena_free(&b->arena);
}

int boot_fail(struct boot *b, const struct reason *r, const char *hint)
{
	(void)reason_render(r, b->error, sizeof(b->error));
	b->hint = hint;
	return r->err ? -r->err : -EIO;
}

void boot_warn(struct boot *b, const char *hook, const char *text)
{
	const struct report_warning w = { .hook = hook, .text = text };

	if (!text) /* there was no memory to say it */
		return;
	for (size_t i = 0; i < b->report.n_warnings; i++)
		if (strcmp(b->report.warning[i].text, text) == 0)
			return;
	log_line(&b->log, LOG_LEVEL_WARNING, "%s%s%s", hook ? hook : "", hook ? ": " : "", text);
	report_add_warning(&b->report, &b->arena, &w);
}

void boot_warn_reason(struct boot *b, const char *hook, const struct reason *r,
		      const char *consequence)
{
	char message[BOOT_ERROR_MAX];

	boot_warn(b, hook,
		  arena_printf(&b->arena, "%s%s", reason_render(r, message, sizeof(message)),
			       consequence));
}

static void add_name(struct arena *a, const char ***list, size_t *n, const char *name)
{
	const char **more, *copy;

	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i], name) == 0)
			return;
	more = arena_alloc(a, (*n + 1) * sizeof(*more));
	copy = arena_strdup(a, name);
	if (!more || !copy)
		return;
	for (size_t i = 0; i < *n; i++)
		more[i] = (*list)[i];
	more[(*n)++] = copy;
	*list = more;
}

void boot_missing_module(struct boot *b, const char *name)
{
	add_name(&b->arena, &b->facts.missing, &b->facts.n_missing, name);
}

/* PCI class 01 is mass storage, 0805 an SD host, 0c03 USB's own controllers; virtio device 2 is a block
 * device, 8 SCSI; USB interface class 08 is mass storage. */
void boot_unserved_alias(struct boot *b, const char *modalias)
{
	static const struct {
		const char *start, *part;
	} storage[] = {
		{ "pci:", "bc01" },
		{ "pci:", "bc08sc05" },
		{ "pci:", "bc0Csc03" },
		{ "virtio:d00000002", "" },
		{ "virtio:d00000008", "" },
		{ "usb:", "ic08" },
		{ "nvme:", "" },
		{ "scsi:t-0x00", "" },
		{ "mmc:", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(storage); i++)
		if (strncmp(modalias, storage[i].start, strlen(storage[i].start)) == 0 &&
		    strstr(modalias, storage[i].part)) {
			add_name(&b->arena, &b->facts.unserved, &b->facts.n_unserved, modalias);
			return;
		}
}

static int out_of_memory(struct boot *b)
{
	struct reason r = REASON_INIT;

	(void)reason_set(&r, ENOMEM, "boot", "with the memory there is");
	return boot_fail(b, &r, "give the machine more memory, or the initramfs fewer modules");
}

static int run_round(struct boot *b, enum stage stage)
{
	struct plan plan = PLAN_INIT(&b->arena);

	if (observe(b, stage) < 0)
		return out_of_memory(b);
	decide(stage, &b->facts, &plan);
	if (arena_failed(&b->arena))
		return out_of_memory(b);
	return apply(b, &plan);
}

/* The root is mounted and its init is there: nothing in the owner's files keeps it from being booted, not even
 * their size. */
static int go_on_without(struct boot *b)
{
	log_line(&b->log, LOG_LEVEL_ERROR,
		 "the configuration is not delivered, or not all of it: %s", b->error);
	b->arena.failed = false;
	boot_warn(b, NULL, arena_strdup(&b->arena, b->error));
	b->arena.failed = false;
	b->error[0] = '\0';
	b->hint = NULL;
	return 0;
}

int boot_stage(struct boot *b, enum stage stage)
{
	struct report_stage s = { .name = stage_name(stage), .start_usec = clock_monotonic_usec() };
	struct reason r = REASON_INIT;
	unsigned int busy = 0; /* rounds since the last wait, which the deadline bounds */
	int result;

	do {
		if (s.rounds >= ROUNDS_AT_FULL_SPEED)
			(void)b->sys->sleep_msec(ROUND_PAUSE_MSEC);
		result = run_round(b, stage);
		s.rounds++;
		busy = result == APPLY_WAITED ? 0 : busy + 1;
	} while (result > APPLY_NEXT && busy < ROUNDS_MAX);
	if (result > APPLY_NEXT) {
		(void)reason_setf(&r, ELOOP, "finish", s.name, "no end after %u rounds", s.rounds);
		result = boot_fail(b, &r, NULL);
	}
	if (result < 0 && stage == STAGE_TARGET)
		result = go_on_without(b);
	s.duration_usec = clock_monotonic_usec() - s.start_usec;
	report_add_stage(&b->report, &s);
	return result < 0 ? result : 0;
}

int boot_stages(struct boot *b, enum stage last)
{
	int err = 0;

	for (enum stage stage = STAGE_EARLY; stage <= last && err == 0; stage++)
		err = boot_stage(b, stage);
	return err;
}
