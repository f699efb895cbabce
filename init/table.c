/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "init/applets.h"
#include "init/boot.h"

/*
 * What can be called: `anteroot help` and `--help` print it, options are read by it, and manual and completions are
 * held to it.
 */

#define JSON_ROW                             \
	{                                    \
		"--json", "", "for machines" \
	}
#define ROWS(...) ((const struct applet_row[]){ __VA_ARGS__, { 0 } })

#define OFFLINE_SYNOPSIS "--root DIR {--config FILE | --boot DIR} [--state DIR] [--json]"
#define OFFLINE_STATUS                                                                        \
	"0 done; 1 done, but something was wrong with the configuration; 2 bad usage, or no " \
	"configuration that can be read; 3 something could not be written"

static const struct applet_row offline_rows[] = {
	{ "--root", "DIR", "the root that gets the configuration" },
	{ "--config", "FILE", "config.json" },
	{ "--boot", "DIR",
	  "what the boot partition holds: config.json unless --config names another, "
	  "system-connections/, splash/" },
	{ "--state", "DIR", "where the last known good configuration is kept and looked for" },
	JSON_ROW,
	{ 0 },
};

static const struct applet applets[] = {
	{ "init", applet_init, "boot the machine, as process 1 of an initramfs", "[ARGUMENT ...]",
	  ROWS({ "ARGUMENT", "", "for the target's init" }),
	  "2 when it is not process 1; else it does not return", "anteroot init single" },
	{ "hook", applet_hook, "the stages of a boot, from another initramfs",
	  "early\ntarget --root DIR [--reboot]",
	  ROWS({ "early", "", "set the clock, before anything is written" },
	       { "target", "", "decide on a root, mount it, deliver the configuration into it" },
	       { "--root", "DIR", "where it is mounted; whoever calls this makes the switch" },
	       { "--reboot", "", "on failure wait and reboot, in the place of returning" }),
	  "0 done; 2 bad usage; 3 failed, and said so in the kernel's log",
	  "anteroot hook target --root /sysroot --reboot" },
	{ "check", applet_check, "what is wrong with a config.json, line by line", "FILE [--json]",
	  ROWS({ "FILE", "", "a config.json" }, JSON_ROW),
	  "0 nothing wrong; 1 something is; 2 bad usage, or FILE cannot be read",
	  "anteroot check config.json" },
	{ "plan", applet_plan, "what apply would do", OFFLINE_SYNOPSIS, offline_rows,
	  OFFLINE_STATUS, "anteroot plan --root /mnt/image --config config.json" },
	{ "apply", applet_apply, "deliver a configuration into a root that is not being booted",
	  OFFLINE_SYNOPSIS, offline_rows, OFFLINE_STATUS,
	  "anteroot apply --root /mnt/image --config config.json" },
	{ "status", applet_status, "slots, what runs and why, what was delivered", "[--json]",
	  ROWS(JSON_ROW),
	  "0 there is a boot state; 1 there is none; 2 bad usage; 3 it cannot be read",
	  "anteroot status --json | jq -r .running.slot" },
	{ "timeline", applet_timeline, "where the time of this boot went", "[--svg] [FILE]",
	  ROWS({ "--svg", "", "a picture" },
	       { "FILE", "", "a report.json; else the one of this boot" }),
	  "0 done; 1 this boot has left no report; 2 bad usage, or FILE is no report; 3 the "
	  "system failed",
	  "anteroot timeline --svg >boot.svg" },
	{ "slot", applet_slot, "a step of the boot state",
	  "arm A|B [--tries N] [--version V]\nconfirm\nreject [A|B] [--reason WORD]\nswitch\n"
	  "orderly",
	  ROWS({ "arm", "A|B",
		 "the slot was written anew: boot it next, at most N times without a verdict" },
	       { "confirm", "", "the running slot is good" },
	       { "reject", "[A|B]", "the slot (the running one, when none is named) is bad" },
	       { "switch", "",
		 "boot the other slot, which is good, and come back unless confirmed" },
	       { "orderly", "", "this boot ends in good order: its attempt is given back" },
	       { "--tries", "N", "attempts, 1 to 9; else the integrator's number, or 3" },
	       { "--version", "V", "of what was written to the slot" },
	       { "--reason", "WORD", "for the log; `health` is what failed checks say" }),
	  "0 done; 1 refused; 2 bad usage; 3 the system failed",
	  "anteroot slot arm B --version 2.0.1" },
	{ "health", applet_health, "run the health checks, then confirm or reject", "[--dry-run]",
	  ROWS({ "--dry-run", "", "run the checks once, without a verdict" }),
	  "0 passed, and the running slot is confirmed; 1 failed, or not confirmed; 2 bad usage; "
	  "3 the system failed",
	  "anteroot health --dry-run" },
	{ "clock", applet_clock, "what is known of the time, saved for a boot without RTC",
	  "show [--json]\nsave",
	  ROWS({ "show", "",
		 "the sources of time, what they say, and what this boot made of them" },
	       { "save", "", "keep the time on the state partition" }, JSON_ROW),
	  "0 done; 1 not saved, and why; 2 bad usage; 3 the system failed", "anteroot clock show" },
	{ "probe", applet_probe, "for udev: which part of the running system a device is",
	  "DEVICE [NAME]",
	  ROWS({ "DEVICE", "", "a block device" },
	       { "NAME", "", "its label, for one that has no part in it" }),
	  "0 it is said; 1 DEVICE is not a part of the boot disk's layout; 2 it is no block "
	  "device; 3 the system cannot be looked at",
	  "anteroot probe /dev/mmcblk0p2" },
	{ "mkinitramfs", applet_mkinitramfs, "write an initramfs (anteroot-mkinitramfs)",
	  "[ARGUMENT ...]", ROWS({ "ARGUMENT", "", "as anteroot-mkinitramfs(8) takes them" }),
	  "0 done; 1 failed; 2 bad usage; 3 anteroot-mkinitramfs cannot be found or executed",
	  "anteroot mkinitramfs --kernel 6.1.0-57-amd64 --module ext4 -o initramfs.img" },
	{ "help", applet_help, "this text, or what there is to say of one applet", "[APPLET]", NULL,
	  "0 done; 2 there is no such applet", "anteroot help slot" },
	{ "version", applet_version, "this build's, and versions of host OSes",
	  "\ncheck V\ncompare A B",
	  ROWS({ "check", "V", "whether V is a version of a host OS" },
	       { "compare", "A B", "prints <, = or >" }),
	  "0 done; 1 V is no version; 2 bad usage, or what is compared is no version",
	  "anteroot version compare 2.0.0 2.0.0+rev1" },
};

const struct applet *applets_table(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(applets);
	return applets;
}

const struct applet *applet_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		if (strcmp(applets[i].name, name) == 0)
			return &applets[i];
	return NULL;
}
