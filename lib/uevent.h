/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/reason.h"

/*
 * The kernel's uevents (netlink NETLINK_KOBJECT_UEVENT, group 1). Open the socket before sysfs is
 * scanned: what appears in between is then not lost. Only messages from the kernel (nl_pid 0,
 * SCM_CREDENTIALS uid 0) count.
 */

struct uevent {
	const char *action;    /* "add", "remove", "change", … */
	const char *devpath;   /* below /sys, "/devices/…" */
	const char *subsystem; /* "block", or "" */
	const char *devname;   /* "vda2", or NULL */
	const char *modalias;  /* or NULL */
};

/** @return descriptor of the socket (non-blocking, close-on-exec), or a negative errno. */
int uevent_open(struct reason *r) _must_check_;

/** What uevent_drain() hands each event to (valid during the call); non-zero stops and is returned. */
typedef int (*uevent_fn)(const struct uevent *ev, void *data);

/**
 * Takes one message apart.
 *
 * @param msg message as received, "ACTION@DEVPATH\0ACTION=…\0KEY=VALUE\0…"; the event points into it
 * @param len of msg in bytes, its last NUL included
 * @return 0, or -EBADMSG when it is not a kernel uevent: no NUL at its end, no header, ACTION= absent
 *         or another than the header's; libudev's own format has no header
 */
int uevent_parse(const char *msg, size_t len, struct uevent *ret_event) _nonnull_all_;

/**
 * Receives all that waits, without blocking.
 *
 * @param fd of uevent_open()
 * @param fn called for each event
 * @param ret_overflow set to true, never to false, when the kernel dropped messages (ENOBUFS): scan
 *        sysfs again
 * @return number of events taken, or a negative errno
 */
int uevent_drain(int fd, uevent_fn fn, void *data, bool *ret_overflow) _nonnull_(2, 4);

/**
 * Waits for the next message.
 *
 * @param timeout_msec longest wait; negative counts as 0
 * @return 1 when there is one, 0 when time is up, or a negative errno
 */
int uevent_wait(int fd, int64_t timeout_msec);
