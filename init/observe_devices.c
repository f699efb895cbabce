/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_devices.h"

#include <fcntl.h>
#include <string.h>

#include "lib/efivar.h"
#include "lib/probe.h"
#include "lib/uevent.h"

/* Most modaliases have no module in the image, because their driver is built in or not wanted. One whose
 * module lacks a dependency is a mistake of the image. */
static int want_alias(const char *modalias, void *data)
{
	struct boot *b = data;
	struct reason r = REASON_INIT;
	int n = modules_resolve(b->modules, &b->arena, modalias, &b->facts.modules, &r);

	if (n == -ENOENT)
		boot_unserved_alias(b, modalias);
	if (n == -ENOPKG) {
		boot_missing_module(b, modalias);
		boot_warn_reason(b, NULL, &r, "");
	}
	return n == -ENOMEM ? n : 0;
}

static int want_listed(const char *name, void *data)
{
	struct boot *b = data;
	struct reason r = REASON_INIT;
	int n = modules_resolve(b->modules, &b->arena, name, &b->facts.modules, &r);

	if (n == -ENOENT || n == -ENOPKG) {
		boot_missing_module(b, name);
		boot_warn_reason(b, NULL, &r, ", and the image lists it");
	}
	return n == -ENOMEM ? n : 0;
}

static int on_uevent(const struct uevent *ev, void *data)
{
	struct boot *b = data;

	if (strcmp(ev->subsystem, "block") == 0)
		b->disks_seen = false;
	if (!ev->modalias || strcmp(ev->action, "add") != 0)
		return 0;
	return want_alias(ev->modalias, data);
}

static int scan_sysfs(struct boot *b)
{
	_cleanup_close_ int sysfd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int n = sysfd < 0 ? -errno : modules_coldplug(sysfd, want_alias, b);
	struct reason r = REASON_INIT;

	if (n < 0 && n != -ENOMEM) {
		(void)reason_set(&r, n, "scan", "/sys");
		boot_warn_reason(b, NULL, &r, "; drivers may be missing");
	}
	return n == -ENOMEM ? n : 0;
}

static int load_listed(struct boot *b)
{
	_cleanup_close_ int rootfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int n = rootfd < 0 ? -errno : modules_listed(rootfd, want_listed, b);
	struct reason r = REASON_INIT;

	if (n < 0 && n != -ENOMEM) {
		(void)reason_set(&r, n, "read", "/etc/modules-load.d");
		boot_warn_reason(b, NULL, &r, "; drivers may be missing");
	}
	return n == -ENOMEM ? n : 0;
}

/* The socket before the scan: what comes up in between is in one of them. */
static int first_look(struct boot *b)
{
	struct reason r = REASON_INIT;
	int err;

	b->devices_seen = true;
	b->uevent_fd = uevent_open(&r);
	if (b->uevent_fd < 0) {
		b->uevent_lost = true;
		boot_warn_reason(b, NULL, &r, "; looking for devices in steps instead");
	}
	err = modules_open(&b->modules, NULL, &r);
	if (err < 0 && err != -ENOENT)
		boot_warn_reason(b, NULL, &r, "; going on with what the kernel has built in");
	err = load_listed(b);
	return err < 0 ? err : scan_sysfs(b);
}

int observe_devices(struct boot *b)
{
	bool overflow = false;
	int n;

	if (!b->devices_seen)
		return first_look(b);
	if (b->uevent_fd < 0)
		return scan_sysfs(b);
	n = uevent_drain(b->uevent_fd, on_uevent, b, &overflow);
	if (n == -ENOMEM)
		return n;
	if (!overflow && n >= 0)
		return 0;
	b->disks_seen = false; /* what was dropped may have been a disk */
	return scan_sysfs(b);
}

void observe_loader(struct boot *b)
{
	_cleanup_close_ int sysfd = -1;
	char partuuid[EFIVAR_PARTUUID_MAX];
	int err;

	if (b->loader_read)
		return;
	sysfd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = sysfd < 0 ? -errno : efivar_loader_partuuid(sysfd, partuuid);
	b->facts.loader_hidden = err == -ENODEV;
	/* Until the plan has mounted it. */
	b->loader_read = err != -ENODEV || b->facts.loader_tried;
	if (err == 0)
		b->facts.loader_partuuid = arena_strdup(&b->arena, partuuid);
}

/* Whether a device waits to be probed: its node was not there the last time. */
static bool probe_pending(const struct blockdevs *devs)
{
	for (size_t i = 0; i < devs->n; i++)
		if (!devs->dev[i].probed && devs->dev[i].probe_err == 0)
			return true;
	return false;
}

void observe_disks(struct boot *b)
{
	_cleanup_close_ int sysfd = -1, devfd = -1;
	struct blockdevs *devs = &b->facts.devs, now = b->facts.devs;
	struct reason r = REASON_INIT;

	if (b->disks_seen && !b->uevent_lost && !probe_pending(devs))
		return;
	sysfd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	devfd = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sysfd < 0 || devfd < 0)
		return;
	if (b->disks_stale)
		now.n = 0; /* all of it is probed again */
	if (blockdev_scan(&b->arena, sysfd, &now, &r) < 0) {
		boot_warn_reason(b, NULL, &r, "");
		return;
	}
	*devs = now;
	b->disks_seen = true;
	b->disks_stale = false;
	for (size_t i = 0; i < devs->n; i++)
		if (!devs->dev[i].partno && !facts_disk_complete(&b->facts, &devs->dev[i]))
			(void)probe_disk(&b->arena, devfd, devs, devs->dev[i].name);
}
