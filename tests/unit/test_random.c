/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>

#include "lib/random.h"

/* They take the C library's place: a kernel that is not ready before so many calls. */
static int not_ready, calls, polled_msec, err_of_call;

ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	assert_int_equal(GRND_NONBLOCK, flags); /* it never waits in there */
	calls++;
	if (not_ready-- > 0) {
		errno = err_of_call;
		return -1;
	}
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

int poll(struct pollfd *fds, nfds_t n, int msec)
{
	assert_int_equal(1, n);
	assert_true(fds->fd >= 0 && fds->events == POLLIN);
	polled_msec = msec;
	return 0;
}

static bool fill(int until, int err, unsigned char *buf)
{
	bool weak = false;

	not_ready = until;
	err_of_call = err;
	calls = 0;
	polled_msec = -1;
	memset(buf, 0, 16);
	assert_int_equal(0, random_fill(buf, 16, 1234, &weak));
	return weak;
}

static bool all(const unsigned char *buf, unsigned char byte)
{
	for (size_t i = 0; i < 16; i++)
		if (buf[i] != byte)
			return false;
	return true;
}

static void test_ready(void **state)
{
	unsigned char buf[16];

	(void)state;
	assert_false(fill(0, EAGAIN, buf));
	assert_true(all(buf, 0x5a));
	assert_int_equal(1, calls);
	assert_int_equal(-1, polled_msec); /* nothing was waited for */
}

static void test_ready_after_a_while(void **state)
{
	unsigned char buf[16];

	(void)state;
	assert_false(fill(1, EAGAIN, buf));
	assert_true(all(buf, 0x5a));
	assert_int_equal(1234, polled_msec);
}

/* What there is by then; and it is said. */
static void test_never_ready(void **state)
{
	unsigned char buf[16];

	(void)state;
	assert_true(fill(9, EAGAIN, buf));
	assert_false(all(buf, 0));
	assert_false(all(buf, 0x5a));
	assert_int_equal(1234, polled_msec);
}

/* An old kernel, or a filter: there is nothing to wait for. */
static void test_no_such_call(void **state)
{
	unsigned char buf[16];

	(void)state;
	assert_true(fill(9, ENOSYS, buf));
	assert_false(all(buf, 0));
	assert_int_equal(-1, polled_msec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_after_a_while),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_no_such_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
