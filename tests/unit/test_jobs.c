/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jobs.h"
#include "tests/unit/fakesys.h"

#define JOBS_MAX 40

static struct job job[JOBS_MAX];
static const char *argv[JOBS_MAX][4];
static char said[8192];
static int fds;

static void hear(void *data, const struct job *j, const char *text)
{
	size_t len = strlen(said);

	assert_ptr_equal(data, said);
	assert_true(j >= job && j < job + JOBS_MAX);
	(void)snprintf(said + len, sizeof(said) - len, "%d: %s\n", (int)(j - job), text);
}

/* Job i runs a line of a shell. */
static void shell(size_t i, const char *queue, const char *line)
{
	argv[i][0] = "sh";
	argv[i][1] = "-c";
	argv[i][2] = line;
	job[i] = (struct job){ .path = "/bin/sh", .argv = argv[i], .queue = queue };
}

static void run(const struct sys *sys, size_t n, int64_t timeout_msec)
{
	static char path[] = "PATH=/usr/bin:/bin";
	static char *const envp[] = { path, NULL };
	struct jobs jobs = { .sys = sys,
			     .job = job,
			     .n = n,
			     .envp = envp,
			     .timeout_msec = timeout_msec,
			     .grace_msec = 200,
			     .line = hear,
			     .data = said };

	said[0] = '\0';
	jobs_run(&jobs);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(job[i].state, JOB_ENDED);
		assert_int_equal(job[i].fd, -1);
	}
	assert_int_equal(fds, fakesys_open_fds());
}

static void test_output_and_status(void **state)
{
	(void)state;
	shell(0, NULL, "echo one; echo two >&2; printf three; exit 7");
	run(&sys_real, 1, 20000);
	assert_string_equal(said, "0: one\n0: two\n0: three\n");
	assert_int_equal(job[0].end.status, 7);
	assert_int_equal(job[0].lines, 3);
	assert_int_equal(job[0].err, 0);
	assert_false(job[0].end.timed_out);
	shell(0, NULL, "kill -9 $$");
	run(&sys_real, 1, 20000);
	assert_int_equal(job[0].end.status, 128 + 9);
	/* Nothing of ours: no terminal, no environment. */
	shell(0, NULL, "read x || echo \"${HOME-none} $PATH\"");
	run(&sys_real, 1, 20000);
	assert_string_equal(said, "0: none /usr/bin:/bin\n");
}

static void test_long_and_many_lines(void **state)
{
	char line[JOBS_LINE_MAX + 1], expected[2 * JOBS_LINE_MAX];

	(void)state;
	shell(0, NULL, "printf '%0370d\\r\\n\\n' 0");
	run(&sys_real, 1, 20000);
	memset(line, '0', JOBS_LINE_MAX);
	line[JOBS_LINE_MAX] = '\0';
	assert_int_equal(job[0].lines, 3);
	(void)snprintf(expected, sizeof(expected), "0: %s\n", line);
	assert_memory_equal(said, expected, strlen(expected));
	assert_memory_equal(said + strlen(expected), expected, strlen(expected));
	assert_int_equal(strlen(said), 2 * strlen(expected) + strlen("0: \n") + 50);
	/* A pipe that nobody empties in time would stop the program. */
	shell(0, NULL, "i=0; while [ $i -lt 9000 ]; do echo line $i; i=$((i + 1)); done");
	run(&sys_real, 1, 60000);
	assert_int_equal(job[0].lines, 9000);
	assert_int_equal(job[0].end.status, 0);
	assert_null(strstr(said, "line 40\n"));
	assert_non_null(strstr(said, "line 39\n"));
}

static void test_time_limit(void **state)
{
	int64_t start = clock_monotonic_usec();

	(void)state;
	shell(0, NULL, "exec sleep 60");
	shell(1, NULL, "trap '' TERM; echo here; sleep 60 & while :; do wait; done");
	shell(2, NULL, "exit 3");
	run(&sys_real, 3, 500);
	assert_true(job[0].end.timed_out && job[1].end.timed_out && !job[2].end.timed_out);
	assert_int_equal(job[0].end.status, 128 + 15);
	assert_int_equal(job[1].end.status, 128 + 9);
	assert_int_equal(job[2].end.status, 3);
	assert_true(clock_monotonic_usec() - start < 30000000);
	assert_true(job[0].usec >= 500000);
}

/* What it leaves behind in its group ends with it, and holds nothing up. */
static void test_left_behind(void **state)
{
	int64_t start = clock_monotonic_usec();

	(void)state;
	shell(0, NULL, "sleep 60 & echo $!");
	run(&sys_real, 1, 30000);
	assert_true(clock_monotonic_usec() - start < 20000000);
	assert_int_equal(job[0].end.status, 0);
}

static void test_cannot_be_executed(void **state)
{
	(void)state;
	shell(0, NULL, "");
	job[0].path = "/nonexistent/x";
	shell(1, NULL, "");
	job[1].path = "/";
	run(&sys_real, 2, 5000);
	assert_int_equal(job[0].end.status, 127);
	assert_int_equal(job[1].end.status, 126);
}

/* Each marks its time: those of one queue do not overlap, those of several do. */
static void test_queues(void **state)
{
	static const char *const line = "echo start; sleep 0.5; echo end";

	(void)state;
	shell(0, "vda", line);
	shell(1, "vda", line);
	shell(2, "vdb", line);
	shell(3, NULL, line);
	run(&sys_real, 4, 60000);
	assert_true(strstr(said, "0: end") < strstr(said, "1: start"));
	assert_true(strstr(said, "2: start") < strstr(said, "0: end"));
	assert_true(strstr(said, "3: start") < strstr(said, "0: end"));
	shell(0, NULL, line);
	shell(1, NULL, line);
	run(&sys_real, 2, 60000);
	assert_true(strstr(said, "1: start") < strstr(said, "0: end"));
}

static void test_more_than_are_watched(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOBS_MAX; i++)
		shell(i, NULL, "sleep 0.1; echo x");
	run(&sys_real, JOBS_MAX, 60000);
	for (size_t i = 0; i < JOBS_MAX; i++)
		assert_int_equal(job[i].lines, 1);
}

static void test_start_fails(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	fakesys_fail_match("start", EAGAIN);
	shell(0, "q", "x");
	shell(1, "q", "y");
	run(&fakesys, 2, 1000);
	assert_int_equal(job[0].err, -EAGAIN);
	assert_int_equal(job[1].err, -EAGAIN);
	assert_int_equal(fakesys_count("reap"), 0);
}

static void test_wait_fails(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	fakesys_output("said\n");
	fakesys_fail_match("reap", ECHILD);
	shell(0, NULL, "x");
	run(&fakesys, 1, 1000);
	assert_int_equal(job[0].err, -ECHILD);
	assert_string_equal(said, "0: said\n");
}

static int hang(const char *path, char *const args[], char *const envp[], struct sys_end *end)
{
	(void)path, (void)args, (void)envp;
	end->timed_out = true;
	return 0;
}

/* Not even SIGKILL ends it: it is left behind, and the boot goes on. */
static void test_cannot_be_killed(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	fakesys_run_script(hang);
	fakesys_fail_match("kill_group", EPERM);
	shell(0, NULL, "x");
	run(&fakesys, 1, 50);
	assert_int_equal(job[0].err, -ETIMEDOUT);
	assert_true(job[0].end.timed_out);
	assert_true(fakesys_find("kill_group 1000 15", 0) >= 0);
	assert_true(fakesys_find("kill_group 1000 9", 0) > 0);
}

/* Without descriptors nothing is run that could not be heard. */
static void test_no_pipe(void **state)
{
	int taken[4096], n = 0;

	(void)state;
	fakesys_reset(NULL);
	shell(0, NULL, "x");
	while (n < 4096 && (taken[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	if (n < 4096) {
		struct jobs jobs = { .sys = &fakesys, .job = job, .n = 1, .line = hear };
		char *const envp[] = { NULL };

		jobs.envp = envp;
		jobs_run(&jobs);
		assert_int_equal(job[0].err, -EMFILE);
		assert_int_equal(fakesys_calls(), 0);
	}
	while (n > 0)
		assert_int_equal(close(taken[--n]), 0);
}

static int setup(void **state)
{
	(void)state;
	fds = fakesys_open_fds();
	return 0;
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_output_and_status),
		TEST(test_long_and_many_lines),
		TEST(test_time_limit),
		TEST(test_left_behind),
		TEST(test_cannot_be_executed),
		TEST(test_queues),
		TEST(test_more_than_are_watched),
		TEST(test_start_fails),
		TEST(test_wait_fails),
		TEST(test_cannot_be_killed),
		TEST(test_no_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
