/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/feeder.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/cleanup.h"
#include "lib/clock.h"

#define SLICE_MSEC 1000

void feeder_open(struct feeder *f, const struct sys *sys, int64_t timeout_sec)
{
	*f = (struct feeder){ .sys = sys, .fd = -1, .interval_usec = timeout_sec * 1000000 / 4 };
	if (timeout_sec > 0)
		f->fd = sys->open(AT_FDCWD, FEEDER_DEVICE, O_WRONLY, 0);
	/* Opening it feeds it. */
	f->fed_usec = clock_monotonic_usec();
}

void feeder_tick(void *feeder)
{
	struct feeder *f = feeder;
	int64_t now = clock_monotonic_usec();

	if (f->fd < 0 || now - f->fed_usec < f->interval_usec)
		return;
	(void)f->sys->write(f->fd, "", 1);
	f->fed_usec = now;
}

int feeder_sleep(struct feeder *f, int64_t msec)
{
	int err = 0;

	for (; msec > 0 && err >= 0; msec -= SLICE_MSEC) {
		feeder_tick(f);
		err = f->sys->sleep_msec(msec < SLICE_MSEC ? msec : SLICE_MSEC);
	}
	return err < 0 ? err : 0;
}

bool feeder_stop(struct feeder *f)
{
	if (f->fd < 0)
		return true;
	if (f->sys->watchdog_stop(f->fd) == -EBUSY)
		return false;
	/* A driver that knows no way to stop it but this one. */
	(void)f->sys->write(f->fd, "V", 1);
	feeder_leave(f);
	return true;
}

void feeder_leave(struct feeder *f)
{
	close_fd(&f->fd);
	f->fd = -1;
}
