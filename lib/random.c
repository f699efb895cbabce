/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/random.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>

static int get(void *buf, size_t len)
{
	ssize_t n = getrandom(buf, len, GRND_NONBLOCK);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EAGAIN;
}

/* /dev/random can be read from when the kernel is ready. */
static void wait_ready(int wait_msec)
{
	struct pollfd pfd = { .fd = open("/dev/random", O_RDONLY | O_CLOEXEC), .events = POLLIN };
	_cleanup_close_ int fd = pfd.fd;

	if (fd >= 0)
		(void)poll(&pfd, 1, wait_msec);
}

int random_fill(void *buf, size_t len, int wait_msec, bool *ret_weak)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;
	int err = get(buf, len);

	if (err == 0)
		return 0;
	/* Reading it makes the kernel gather entropy from the processor's jitter, where it can (>= 5.18). */
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, len);
	if (n < 0)
		return -errno;
	if (err == -EAGAIN && wait_msec > 0)
		wait_ready(wait_msec);
	if (get(buf, len) == 0)
		return 0;
	n = read(fd, buf, len);
	if (n < 0)
		return -errno;
	if ((size_t)n != len)
		return -EIO;
	*ret_weak = true;
	return 0;
}
