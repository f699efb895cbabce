/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/sys.h"

/*
 * Programs of the distribution or of the integrator, run beside each other, each with a time limit, their output line
 * by line to whoever asked.
 */

#define JOBS_LINE_MAX  160 /* bytes of a line; a longer one is cut into several */
#define JOBS_LINES_MAX 40u /* of one job that are handed on; the others are counted */

struct job {
	const char *path; /* program; argv[0] may differ */
	const char **argv;
	const char *queue; /* jobs with the same word run one after the other; NULL: beside all */
	/* What came of it. */
	int err; /* negative errno: it could not be started or waited for */
	struct sys_end end;
	int64_t usec;	    /* that it ran */
	unsigned int lines; /* that it printed */
	/* While it runs. */
	enum { JOB_WAITS, JOB_RUNS, JOB_ENDED } state;
	int pid, fd;
	unsigned int signals; /* that it was sent */
	int64_t start_usec, limit_msec;
	size_t len;
	char line[JOBS_LINE_MAX + 1];
};

struct jobs {
	const struct sys *sys;
	struct job *job;
	size_t n;
	char *const *envp;
	int64_t timeout_msec; /* of each job, from its start: then its process group gets SIGTERM … */
	int64_t grace_msec; /* … and so much later SIGKILL */
	void (*line)(void *data, const struct job *job, const char *text); /* without newline */
	void *data;
};

/** Runs all of them to their end, in the order of the list where they share a queue. */
void jobs_run(struct jobs *jobs) _nonnull_all_;
