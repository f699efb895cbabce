/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "hooks/table.h"

/* Flags and options as systemd sets them up, because systemd takes over what it finds mounted. */
static const struct {
	const char *type;
	const char *target;
	unsigned long flags;
	const char *data;
} api[API_FS_COUNT] = {
	[API_PROC] = { "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	[API_SYS] = { "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	[API_DEV] = { "devtmpfs", "/dev", MS_NOSUID | MS_STRICTATIME, "mode=0755" },
	[API_RUN] = { "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_STRICTATIME, "mode=0755" },
};

bool api_mounts_applies(const struct facts *f)
{
	for (size_t i = 0; i < API_FS_COUNT; i++)
		if (!f->api_mounted[i])
			return true;
	return false;
}

void api_mounts_run(const struct facts *f, struct plan *p)
{
	for (size_t i = 0; i < API_FS_COUNT; i++)
		if (!f->api_mounted[i])
			PLAN_ADD(p, .kind = OP_MOUNT, .on_failure = FAIL_FATAL,
				 .source = api[i].type, .target = api[i].target,
				 .type = api[i].type, .flags = api[i].flags, .data = api[i].data);
	/* The command line, the clock and the devices can be seen only now. */
	PLAN_ADD(p, .kind = OP_AGAIN);
}
