/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The applets beside `init`. Each returns an exit status: */
#define EXIT_DONE   0
#define EXIT_NO	    1 /* the answer is no, or not everything was as it should be */
#define EXIT_USAGE  2 /* bad usage or bad input */
#define EXIT_SYSTEM 3 /* the system failed */

/** `hook early | target --root DIR [--reboot]`: the stages of a boot, beside another init of an initramfs. */
int applet_hook(int argc, char **argv);

/** `check FILE [--json]`: every problem of a config.json, with line, column and key. */
int applet_check(int argc, char **argv);

/** `plan --root DIR --config FILE …`: what apply would do. */
int applet_plan(int argc, char **argv);

/** `apply --root DIR --config FILE …`: delivers a configuration into a root that is not being booted. */
int applet_apply(int argc, char **argv);

/** `slot arm|confirm|reject|switch|orderly …`: a step of the boot state. */
int applet_slot(int argc, char **argv);

/** `status [--json]`: slots, what runs and why, what was delivered. */
int applet_status(int argc, char **argv);

/** `health [--dry-run]`: the health checks, and the verdict that follows from them. */
int applet_health(int argc, char **argv);

/** `clock show [--json] | save`: the sources of time and what is decided on them; the saved clock. */
int applet_clock(int argc, char **argv);

/** `probe DEVICE [NAME]`: what a block device is for in the running system, for udev. */
int applet_probe(int argc, char **argv);

/** `version [check V | compare A B]`: this build's version, or what is said of those of a host OS. */
int applet_version(int argc, char **argv);
