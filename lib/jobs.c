/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "lib/clock.h"

#define PAUSE_MAX_MSEC 50
#define PIPE_READS     64u /* of READ_BYTES: all that a pipe holds */
#define READ_BYTES     1024
#define WATCHED_MAX    16u /* pipes that wake us; the others are read all the same */

static void end_line(const struct jobs *jobs, struct job *j)
{
	if (j->len == 0)
		return;
	j->line[j->len] = '\0';
	j->len = 0;
	if (j->lines++ < JOBS_LINES_MAX)
		jobs->line(jobs->data, j, j->line);
}

static void take(const struct jobs *jobs, struct job *j, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' || text[i] == '\r' || j->len == JOBS_LINE_MAX)
			end_line(jobs, j);
		if (text[i] != '\n' && text[i] != '\r')
			j->line[j->len++] = text[i];
	}
}

/* What is there now. A program that prints without end is not waited for: once, one buffer's worth. */
static void read_output(const struct jobs *jobs, struct job *j)
{
	char text[READ_BYTES];
	ssize_t n = j->fd < 0 ? -1 : read(j->fd, text, sizeof(text));

	if (n > 0)
		take(jobs, j, text, (size_t)n);
	if (j->fd < 0 || n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close_fd(&j->fd); /* its end */
	j->fd = -1;
}

static void end(const struct jobs *jobs, struct job *j, int err)
{
	for (unsigned int i = 0; i < PIPE_READS && j->fd >= 0; i++)
		read_output(jobs, j);
	end_line(jobs, j);
	close_fd(&j->fd);
	j->fd = -1;
	j->err = err;
	j->usec = clock_monotonic_usec() - j->start_usec;
	j->state = JOB_ENDED;
}

static void start(const struct jobs *jobs, struct job *j)
{
	_cleanup_close_ int out = -1;
	int ends[2];

	j->fd = -1;
	j->start_usec = clock_monotonic_usec();
	j->limit_msec = jobs->timeout_msec;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		end(jobs, j, -errno);
		return;
	}
	j->fd = ends[0];
	out = ends[1];
	/* Only our end does not block: a program would not expect it of what it prints to. */
	(void)fcntl(out, F_SETFL, 0);
	j->pid = jobs->sys->start(j->path, (char *const *)j->argv, jobs->envp, out);
	j->state = JOB_RUNS;
	if (j->pid < 0)
		end(jobs, j, j->pid);
}

static bool may_start(const struct jobs *jobs, const struct job *j)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->job[i].state == JOB_RUNS && j->queue && jobs->job[i].queue &&
		    strcmp(jobs->job[i].queue, j->queue) == 0)
			return false;
	return true;
}

static void look_at(const struct jobs *jobs, struct job *j)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	int64_t spent = (clock_monotonic_usec() - j->start_usec) / 1000;
	int r;

	read_output(jobs, j);
	r = jobs->sys->reap(j->pid, &j->end.status);
	if (r == 0 && spent >= j->limit_msec) {
		j->end.timed_out = true;
		/* One that not even SIGKILL ends waits for a disk that does not answer: left behind. */
		if (j->signals == ARRAY_SIZE(signals))
			r = -ETIMEDOUT;
		else
			(void)jobs->sys->kill_group(j->pid, signals[j->signals++]);
		j->limit_msec = spent + jobs->grace_msec;
	}
	if (r == 0)
		return;
	/* What it left behind would go on beside us. */
	(void)jobs->sys->kill_group(j->pid, SIGKILL);
	end(jobs, j, r < 0 ? r : 0);
}

/* Until a job prints or closes what it prints to, which most do by ending, or a moment has passed. */
static void pause_for(const struct jobs *jobs, int msec)
{
	struct pollfd fds[WATCHED_MAX];
	nfds_t n = 0;

	for (size_t i = 0; i < jobs->n && n < WATCHED_MAX; i++)
		if (jobs->job[i].state == JOB_RUNS && jobs->job[i].fd >= 0)
			fds[n++] = (struct pollfd){ .fd = jobs->job[i].fd, .events = POLLIN };
	(void)poll(fds, n, msec);
}

void jobs_run(struct jobs *jobs)
{
	int msec = 1;
	size_t left;

	do {
		left = 0;
		for (size_t i = 0; i < jobs->n; i++) {
			struct job *j = &jobs->job[i];

			if (j->state == JOB_WAITS && may_start(jobs, j))
				start(jobs, j);
			if (j->state == JOB_RUNS)
				look_at(jobs, j);
			left += j->state != JOB_ENDED;
		}
		if (left > 0)
			pause_for(jobs, msec);
		msec = msec < PAUSE_MAX_MSEC ? msec * 2 : PAUSE_MAX_MSEC;
	} while (left > 0);
}
