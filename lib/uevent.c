/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/uevent.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#define UEVENT_GROUP_KERNEL 1u
#define UEVENT_BYTES_MAX    8192u /* the kernel: 2048 of variables behind a path */

/* A burst of coldplug is a few hundred messages of some 1.5 KiB of kernel memory each. */
#define UEVENT_QUEUE_BYTES (8 << 20)

int uevent_open(struct reason *r)
{
	static const char object[] = "the kernel's uevent socket";
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP_KERNEL };
	_cleanup_close_ int fd = -1;
	int queue = UEVENT_QUEUE_BYTES, on = 1;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return reason_set(r, errno, "open", object);
	/* Without the right to it the default size must do: an overflow is noticed and made good. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return reason_set(r, errno, "configure", object);
	if (bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)) < 0)
		return reason_set(r, errno, "bind", object);
	return steal_fd(&fd);
}

static const struct {
	const char *key;
	size_t len;
	size_t offset; /* of the field of struct uevent */
} uevent_fields[] = {
	{ "ACTION=", 7, offsetof(struct uevent, action) },
	{ "SUBSYSTEM=", 10, offsetof(struct uevent, subsystem) },
	{ "DEVNAME=", 8, offsetof(struct uevent, devname) },
	{ "MODALIAS=", 9, offsetof(struct uevent, modalias) },
};

static void take_field(struct uevent *ev, const char *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(uevent_fields); i++) {
		if (strncmp(field, uevent_fields[i].key, uevent_fields[i].len) != 0)
			continue;
		*(const char **)(void *)((char *)ev + uevent_fields[i].offset) =
			field + uevent_fields[i].len;
		return;
	}
}

int uevent_parse(const char *msg, size_t len, struct uevent *ret_event)
{
	struct uevent ev = { .subsystem = "" };
	const char *end = msg + len, *at;

	if (len == 0 || end[-1] != '\0')
		return -EBADMSG;
	/* libudev's messages start with "libudev" and a NUL: no `@`. */
	at = strchr(msg, '@');
	if (!at || at == msg || at[1] != '/')
		return -EBADMSG;
	ev.devpath = at + 1;
	for (const char *field = at + strlen(at) + 1; field < end; field += strlen(field) + 1)
		take_field(&ev, field);
	if (!ev.action || strlen(ev.action) != (size_t)(at - msg) ||
	    strncmp(ev.action, msg, (size_t)(at - msg)) != 0)
		return -EBADMSG;
	*ret_event = ev;
	return 0;
}

/* Anyone with CAP_NET_ADMIN may send to the socket, but the kernel alone has port 0. */
static bool is_from_kernel(struct msghdr *msg, const struct sockaddr_nl *from)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(msg);
	struct ucred cred;

	if (from->nl_family != AF_NETLINK || from->nl_pid != 0)
		return false;
	if (!control || control->cmsg_level != SOL_SOCKET ||
	    control->cmsg_type != SCM_CREDENTIALS || control->cmsg_len < CMSG_LEN(sizeof(cred)))
		return false;
	memcpy(&cred, CMSG_DATA((struct cmsghdr *)control), sizeof(cred));
	return cred.uid == 0;
}

/* Receives one message: 1 and the event, 0 when it is not one for us, or a negative errno. */
static int receive_one(int fd, char *buf, size_t size, struct uevent *ret_event)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if ((msg.msg_flags & MSG_TRUNC) || !is_from_kernel(&msg, &from))
		return 0;
	return uevent_parse(buf, (size_t)n, ret_event) == 0;
}

int uevent_drain(int fd, uevent_fn fn, void *data, bool *ret_overflow)
{
	char buf[UEVENT_BYTES_MAX];
	int taken = 0;

	for (;;) {
		struct uevent ev;
		int r = receive_one(fd, buf, sizeof(buf), &ev);

		if (r == -EAGAIN || r == -EWOULDBLOCK)
			return taken;
		if (r == -EINTR || r == 0)
			continue;
		if (r == -ENOBUFS) {
			*ret_overflow = true;
			continue;
		}
		if (r < 0)
			return r;
		taken++;
		r = fn(&ev, data);
		if (r != 0)
			return r;
	}
}

static int64_t monotonic_msec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int uevent_wait(int fd, int64_t timeout_msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t deadline = 0, left = timeout_msec;

	for (;;) {
		int n;

		if (left < 0)
			left = 0;
		if (left > INT_MAX)
			left = INT_MAX;
		if (left > 0 && deadline == 0)
			deadline = monotonic_msec() + left;
		n = poll(&p, 1, (int)left);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
		if (deadline != 0)
			left = deadline - monotonic_msec();
	}
}
