/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Tests that need mounts run in a child with mounts of its own: what happens there, this machine and the
 * parent, which removes the scratch directory, do not see. Include cmocka.h first.
 */

#define NAMESPACE_SKIP 77

/* In the child nothing of cmocka's may be used: it would go on with the other tests there. */
#define EXPECT(condition)                                                                \
	do {                                                                             \
		if (!(condition)) {                                                      \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				      #condition);                                       \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

/**
 * Runs a function in a private mount namespace; the test is skipped where that cannot be had. Descriptors
 * that are open still lead to the parent's mounts: the function opens its own.
 */
static inline void in_namespace(void (*fn)(const void *), const void *data)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(NAMESPACE_SKIP);
		fn(data);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NAMESPACE_SKIP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}
