/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "init/apply_ops.h"
#include "init/observe_checks.h"
#include "init/version.h"
#include "lib/clock.h"
#include "lib/jobs.h"

/* Programs that are not ours: checks of file systems, and the integrator's hooks. */

#define GRACE_MSEC 5000 /* from SIGTERM to SIGKILL: e2fsck writes what it has in hand */
#define PATH_TEXT  "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
#define ENV_MAX	   20

static const char *device_of(const struct op *op)
{
	return op->source + strlen("/dev/");
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static void log_output(void *data, const struct job *job, const char *text)
{
	struct boot *b = data;

	log_line(&b->log, LOG_LEVEL_INFO, "%s: %s", base_name(job->path), text);
}

static void run(struct boot *b, struct job *job, size_t n, const char *const *envp,
		int64_t limit_usec)
{
	struct jobs jobs = {
		.sys = b->sys,
		.job = job,
		.n = n,
		.envp = (char *const *)envp,
		.timeout_msec = limit_usec / 1000,
		.grace_msec = GRACE_MSEC,
		.line = log_output,
		.data = b,
	};

	jobs_run(&jobs);
	for (size_t i = 0; i < n; i++)
		if (job[i].lines > JOBS_LINES_MAX)
			log_line(&b->log, LOG_LEVEL_INFO, "%s: and %u lines more",
				 base_name(job[i].path), job[i].lines - JOBS_LINES_MAX);
}

/* Why a program did not do what it was run for. @return NULL: it ended with status 0 */
static const char *fault(struct arena *a, const struct job *job, int64_t limit_usec)
{
	int status = job->end.status;

	if (job->end.timed_out)
		return arena_printf(a, "stopped at its limit of %lld s",
				    (long long)(limit_usec / 1000000));
	if (job->err < 0)
		return strerror(-job->err);
	if (status > 128 && status <= 128 + 64)
		return arena_printf(a, "ended by signal %d", status - 128);
	if (status == 126 || status == 127)
		return "it cannot be executed, or a library of it is missing";
	return status ? arena_printf(a, "exit status %d", status) : NULL;
}

/* A reboot helps when the next boot does not ask for it again. */
static bool is_still_due(struct boot *b, const char *device)
{
	struct blockdev *dev = (struct blockdev *)blockdev_by_name(&b->facts.devs, device);

	if (!dev || facts_fsck_mode(&b->facts) == FSCK_FORCE)
		return true;
	dev->due_known = false;
	observe_checks(b);
	return dev->due != FSCK_CLEAN;
}

static void note(struct boot *b, const struct op *op, const struct job *job)
{
	struct facts *f = &b->facts;
	const char *text = fault(&b->arena, job, op->usec);
	struct facts_checked *c = &f->checked[f->n_checked];

	if (f->n_checked == FACTS_CHECKED_MAX)
		return;
	*c = (struct facts_checked){ .device = device_of(op),
				     .program = op->target,
				     .why = op->data,
				     .status = -1,
				     .usec = job->usec };
	f->n_checked++;
	if (job->err == 0 && !job->end.timed_out) {
		c->status = job->end.status;
		c->verdict = fsck_verdict(fsck_kind_of(op->type), c->status);
	}
	if (c->verdict == FSCK_REBOOT && is_still_due(b, c->device)) {
		c->verdict = FSCK_CORRECTED;
		boot_warn(b, op->hook,
			  arena_printf(&b->arena,
				       "%s asks for a reboot after %s, which would end here again: "
				       "going on",
				       base_name(op->target), c->device));
	}
	if (c->verdict != FSCK_SOUND && c->verdict != FSCK_CORRECTED)
		c->error = text;
	log_line(&b->log, LOG_LEVEL_INFO, "%s: %s after %lld ms", c->device,
		 fsck_verdict_name(c->verdict), (long long)(c->usec / 1000));
}

static const char *queue_of(const struct facts *f, const char *device)
{
	const struct blockdev *dev = blockdev_by_name(&f->devs, device);
	const struct blockdev *disk = dev ? blockdev_by_name(&f->devs, dev->disk) : NULL;

	return disk && disk->rotating ? disk->name : NULL;
}

void apply_checks(struct boot *b, const struct op *op, size_t n)
{
	static const char *const envp[] = { PATH_TEXT, NULL };
	const struct facts *f = &b->facts;
	struct job *job;
	size_t jobs = 0;

	while (jobs < n && op[jobs].kind == OP_CHECK && !facts_checked(f, device_of(&op[jobs])))
		jobs++;
	if (jobs == 0)
		return;
	job = arena_alloc(&b->arena, jobs * sizeof(*job));
	if (!job)
		return;
	for (size_t i = 0; i < jobs; i++) {
		const char **argv = arena_alloc(&b->arena, FSCK_ARGS_MAX * sizeof(*argv));

		if (!argv)
			return;
		fsck_arguments(fsck_kind_of(op[i].type), facts_fsck_mode(f), f->args.fsck_repair,
			       base_name(op[i].target), op[i].source, argv);
		job[i] = (struct job){ .path = op[i].target,
				       .argv = argv,
				       .queue = queue_of(f, device_of(&op[i])) };
		log_line(&b->log, LOG_LEVEL_INFO, "%s: to be checked, because %s",
			 device_of(&op[i]), op[i].data);
	}
	run(b, job, jobs, envp, op->usec);
	for (size_t i = 0; i < jobs; i++)
		note(b, &op[i], &job[i]);
}

int apply_check(struct boot *b, const struct op *op, struct reason *r)
{
	const struct facts_checked *c = facts_checked(&b->facts, device_of(op));
	const char *program = base_name(op->target);

	if (c && c->verdict == FSCK_DAMAGED)
		return reason_setf(r, EUCLEAN, "check", op->source, "%s left errors (%s)", program,
				   c->error ? c->error : "");
	if (c && c->verdict == FSCK_REBOOT)
		return reason_setf(r, ERESTART, "go on with", op->source,
				   "%s has corrected it and asks for a reboot", program);
	if (!c || c->verdict == FSCK_UNCHECKED) {
		(void)reason_setf(r, EIO, "check", op->source, "%s: %s", program,
				  c && c->error ? c->error : "out of memory");
		boot_warn_reason(b, op->hook, r, "; mounted as it is");
	}
	return 0;
}

static const char *mounted_at(struct boot *b, enum part_role role)
{
	const struct facts *f = &b->facts;
	const struct layout_part *part = &f->layout.part[role];
	const struct facts_place *place =
		part->mount_point ? facts_place(f, part->mount_point) : NULL;

	if (!f->mounted[role])
		return "";
	if (place && place->directory)
		return arena_printf(&b->arena, "%s%s", f->target_dir, part->mount_point);
	return arena_printf(&b->arena, "%s/mnt/%s", f->run_dir, part->name);
}

static const char *device_path(struct boot *b, const char *name)
{
	return name ? arena_printf(&b->arena, "/dev/%s", name) : "";
}

/* All of it is there at each point; what is not known yet is empty. */
static void environment(struct boot *b, const struct op *op, const char *ret[static ENV_MAX])
{
	const struct facts *f = &b->facts;
	const struct {
		const char *name, *value;
	} ours[] = {
		{ "HOOK", op->data },
		{ "VERSION", anteroot_version },
		{ "RUN", f->run_dir },
		{ "BOOT_DISK", device_path(b, f->boot_disk) },
		{ "BOOT", mounted_at(b, PART_BOOT) },
		{ "STATE", mounted_at(b, PART_STATE) },
		{ "DATA", mounted_at(b, PART_DATA) },
		{ "ROOT", device_path(b, f->root_device) },
		{ "SLOT", f->root_slot ? f->root_slot : "" },
		{ "CANDIDATE", f->state.decided && f->state.decision.candidate ? "1" : "0" },
		{ "TARGET", f->root_mounted ? f->target_dir : "" },
	};
	size_t n = 0;

	ret[n++] = PATH_TEXT;
	ret[n++] = "HOME=/";
	ret[n++] = "TERM=linux";
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		ret[n] = arena_printf(&b->arena, "ANTEROOT_%s=%s", ours[i].name,
				      ours[i].value ? ours[i].value : "");
		n += ret[n] != NULL;
	}
	ret[n] = NULL;
}

int apply_run(struct boot *b, const struct op *op, struct reason *r)
{
	struct facts_hooks *h = &b->facts.hooks[op->role];
	const char *argv[] = { op->target, NULL }, *envp[ENV_MAX], *text;
	struct job job = { .path = op->target, .argv = argv };

	h->n_run++;
	environment(b, op, envp);
	run(b, &job, 1, envp, op->usec);
	b->facts.deadline_msec += job.usec / 1000; /* what it took, devices have too */
	/* It may have made a file system where there was none. */
	if (op->role == HOOK_PRE_MOUNT && h->n_run == h->n) {
		b->disks_stale = true;
		b->disks_seen = false;
	}
	text = fault(&b->arena, &job, op->usec);
	log_line(&b->log, LOG_LEVEL_INFO, "%s: %s after %lld ms", op->target, text ? text : "done",
		 (long long)(job.usec / 1000));
	return text ? reason_setf(r, EIO, "run", op->target, "%s", text) : 0;
}
