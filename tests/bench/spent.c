/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spent FILE COMMAND...: runs a command and writes its exit status, its processor time in microseconds
 * (with that of all it waited for) and its peak memory in KiB into FILE, one line.
 *
 * A process has the peak of the one it was forked from until it is larger itself: this one is small.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long usec(const struct rusage *used)
{
	return ((long long)used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000 +
	       used->ru_utime.tv_usec + used->ru_stime.tv_usec;
}

static int save(const char *path, int status, const struct rusage *used)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "%d %lld %ld\n",
			   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
			   usec(used), (long)used->ru_maxrss);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, line, (size_t)len) == len ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct rusage used = { 0 };
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		(void)fprintf(stderr, "spent: unable to run %s: %m\n", argv[2]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 2;
	return save(argv[1], status, &used);
}
