/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "init/observe_state.h"
#include "tests/unit/devices.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/intercept.h"
#include "tests/unit/scratch.h"

/* A boot whose boot state is on a raw partition. Include cmocka.h first. */

#define DISK_ID "aaaaaaaa-0000-4000-8000-000000000001"

/* proc/, sys/ and dev/ of the initramfs, run/ is run_dir; dev/vda4 is the raw partition. */
static struct scratch s;
static struct boot b; /* too large for the stack */
static struct facts_state *state;
static struct blockdev devices[5];
static int fds;

static inline void start(void)
{
	static const struct blockdev rows[] = {
		DISK_ROW("vda", 4),
		PART_ROW("vda", 1, "vfat", "resin-boot"),
		PART_ROW("vda", 2, "ext4", "resin-rootA"),
		PART_ROW("vda", 3, "ext4", "resin-rootB"),
		PART_ROW("vda", 4, "x", NULL),
	};

	boot_init(&b, &fakesys);
	memcpy(devices, rows, sizeof(devices));
	devices[0].table_uuid = DISK_ID;
	devices[4].partlabel = "state";
	b.dev_dir = arena_printf(&b.arena, "%s/dev", s.path);
	b.facts.run_dir = arena_printf(&b.arena, "%s/run", s.path);
	b.facts.devs.dev = devices;
	b.facts.devs.n = ARRAY_SIZE(devices);
	b.facts.boot_disk = "vda";
	b.facts.layout.state.backend = AB_RECORD;
	b.facts.layout.state.partition = "state";
	state = &b.facts.state;
}

static inline int state_setup(void **unused)
{
	static const char *const dirs[] = { "dev",
					    "run",
					    "run/mnt",
					    "proc",
					    "proc/sys",
					    "proc/sys/kernel",
					    "proc/sys/kernel/random",
					    "sys",
					    "sys/class",
					    "sys/class/watchdog",
					    "sys/class/watchdog/watchdog0" };
	static const char zero[8192];

	(void)unused;
	scratch_make(&s, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		put_dir(s.fd, dirs[i]);
	put_bytes(s.fd, "dev/vda4", zero, sizeof(zero), 0600);
	fakesys_reset(s.path);
	start();
	other_root(s.path);
	fds = fakesys_open_fds();
	return 0;
}

static inline int state_teardown(void **unused)
{
	(void)unused;
	intercept_reset();
	assert_int_equal(fakesys_open_fds(), fds);
	boot_close(&b);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

/* A new boot of the same device. */
static inline void again(void)
{
	boot_close(&b);
	start();
	observe_state(&b);
}

/* The only warning. */
static inline void assert_warning(const char *text)
{
	assert_int_equal(b.report.n_warnings, 1);
	assert_string_equal(b.report.warning[0].hook, "state");
	if (!strstr(b.report.warning[0].text, text))
		fail_msg("\"%s\" does not say \"%s\"", b.report.warning[0].text, text);
}
