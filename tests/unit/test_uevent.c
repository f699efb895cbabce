/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "lib/cleanup.h"
#include "lib/uevent.h"

/* A literal's bytes with its NUL. */
#define MESSAGE(text) text, sizeof(text)

#define ADD_VDA2                                                                               \
	"add@/devices/pci0000:00/vda/vda2\0ACTION=add\0DEVPATH=/devices/pci0000:00/vda/vda2\0" \
	"SUBSYSTEM=block\0MAJOR=254\0DEVNAME=vda2\0SEQNUM=7"

static void test_parse(void **state)
{
	struct uevent ev;

	(void)state;
	assert_int_equal(uevent_parse(MESSAGE(ADD_VDA2), &ev), 0);
	assert_string_equal(ev.action, "add");
	assert_string_equal(ev.devpath, "/devices/pci0000:00/vda/vda2");
	assert_string_equal(ev.subsystem, "block");
	assert_string_equal(ev.devname, "vda2");
	assert_null(ev.modalias);

	assert_int_equal(
		uevent_parse(MESSAGE("bind@/devices/x\0ACTION=bind\0MODALIAS=virtio:d2v1\0"), &ev),
		0);
	assert_string_equal(ev.action, "bind");
	assert_string_equal(ev.modalias, "virtio:d2v1");
	assert_string_equal(ev.subsystem, "");
	assert_null(ev.devname);
}

static const struct {
	const char *msg;
	size_t len;
} not_uevents[] = {
	{ "", 0 },
	{ MESSAGE("") },
	{ MESSAGE("add") },
	{ MESSAGE("add@/devices/x") },
	{ MESSAGE("@/devices/x\0ACTION=") },
	{ MESSAGE("add@devices/x\0ACTION=add") },
	{ MESSAGE("add@\0ACTION=add") },
	{ MESSAGE("add@/devices/x\0ACTION=remove") },
	{ MESSAGE("add@/devices/x\0ACTION=ad") },
	{ MESSAGE("add@/devices/x\0ACTION=adds") },
	{ MESSAGE("libudev\0\xfe\xed\xca\xfe\0\0\0(\0\0\0(ACTION=add\0DEVPATH=/devices/x@/") },
	{ "add@/devices/x\0ACTION=add", 25 }, /* its last NUL is cut off */
};

static void test_what_is_no_uevent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(not_uevents); i++) {
		struct uevent ev = { .action = "untouched" };

		assert_int_equal(uevent_parse(not_uevents[i].msg, not_uevents[i].len, &ev),
				 -EBADMSG);
		assert_string_equal(ev.action, "untouched");
	}
}

/* Every cut of a message is refused or read within its bytes; the sanitizer looks on. */
static void test_every_cut(void **state)
{
	static const char text[] = ADD_VDA2;

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len++) {
		char *copy = malloc(len ? len : 1);
		struct uevent ev;
		int r;

		memcpy(copy, text, len);
		r = uevent_parse(copy, len, &ev);
		assert_true(r == -EBADMSG || (len > 0 && copy[len - 1] == '\0'));
		if (r == 0)
			assert_string_equal(ev.action, "add");
		free(copy);
	}
}

struct seen {
	int n, stop_at;
	bool ours;
};

static int count_event(const struct uevent *ev, void *data)
{
	struct seen *seen = data;

	seen->ours |= strcmp(ev->devpath, "/devices/forged") == 0;
	seen->n++;
	return seen->n == seen->stop_at ? -ECANCELED : 0;
}

static int open_or_skip(void)
{
	struct reason r = REASON_INIT;
	int fd = uevent_open(&r);

	if (fd < 0) {
		print_message("no uevent socket here: %s\n", strerror(-fd));
		skip();
	}
	return fd;
}

static void test_nothing_waits(void **state)
{
	int fd = open_or_skip();
	struct seen seen = { 0 };
	bool overflow = false;

	(void)state;
	/* The machine's own events, if there are any, go first. */
	assert_true(uevent_drain(fd, count_event, &seen, &overflow) >= 0);
	assert_int_equal(uevent_wait(fd, 0), 0);
	assert_int_equal(uevent_wait(fd, -5), 0);
	close(fd);
	assert_int_equal(uevent_drain(fd, count_event, &seen, &overflow), -EBADF);
}

static void test_another_sender_is_ignored(void **state)
{
	static const char forged[] = "add@/devices/forged\0ACTION=add";
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(to);
	struct seen seen = { 0 };
	bool overflow = false;
	int fd = open_or_skip(), sender;

	(void)state;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	to.nl_groups = 0;
	sender = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	assert_true(sender >= 0);
	if (sendto(sender, forged, sizeof(forged), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		skip();
	assert_int_equal(uevent_wait(fd, 1000), 1);
	assert_true(uevent_drain(fd, count_event, &seen, &overflow) >= 0);
	assert_false(seen.ours);
	assert_int_equal(uevent_wait(fd, 0), 0);
	close(sender);
	close(fd);
}

/* The kernel sends an event for a device when its file `uevent` is written to. */
static void ask_kernel_for(const char *action)
{
	FILE *f = fopen("/sys/class/mem/null/uevent", "w");

	if (!f || fputs(action, f) < 0 || fclose(f) != 0)
		skip();
}

static void test_the_kernel_is_heard(void **state)
{
	struct seen seen = { 0 }, stopped = { .stop_at = 1 };
	bool overflow = false;
	int fd = open_or_skip();

	(void)state;
	ask_kernel_for("change");
	ask_kernel_for("change");
	if (uevent_wait(fd, 1000) != 1)
		skip(); /* a container's network namespace hears nothing */
	assert_true(uevent_drain(fd, count_event, &seen, &overflow) >= 2);
	assert_int_equal(seen.n, 2);
	ask_kernel_for("change");
	ask_kernel_for("change");
	assert_int_equal(uevent_wait(fd, 1000), 1);
	assert_int_equal(uevent_drain(fd, count_event, &stopped, &overflow), -ECANCELED);
	assert_int_equal(stopped.n, 1);
	assert_false(overflow);
	close(fd);
}

static void test_overflow_is_told(void **state)
{
	struct seen seen = { 0 };
	int fd = open_or_skip(), small = 1;
	bool overflow = false;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 50; i++)
		ask_kernel_for("change");
	if (uevent_wait(fd, 1000) != 1)
		skip();
	assert_true(uevent_drain(fd, count_event, &seen, &overflow) < 50);
	assert_true(overflow);
	close(fd);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void test_a_signal_does_not_cut_the_wait_short(void **state)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	const struct itimerval soon = { .it_value.tv_usec = 20000 };
	struct timespec before, after;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(uevent_wait(pipes[0], 120), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
			    (after.tv_nsec - before.tv_nsec) / 1000000 >=
		    119);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(uevent_wait(pipes[0], INT64_MAX), 1);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_what_is_no_uevent),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_nothing_waits),
		cmocka_unit_test(test_another_sender_is_ignored),
		cmocka_unit_test(test_the_kernel_is_heard),
		cmocka_unit_test(test_overflow_is_told),
		cmocka_unit_test(test_a_signal_does_not_cut_the_wait_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
