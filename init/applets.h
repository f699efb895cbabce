/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "lib/cleanup.h"

/* The applets. Each returns an exit status: */
#define EXIT_DONE   0
#define EXIT_NO	    1 /* the answer is no, or not everything was as it should be */
#define EXIT_USAGE  2 /* bad usage or bad input */
#define EXIT_SYSTEM 3 /* the system failed */

/** An option of an applet ("--tries"), or a word ("arm"). */
struct applet_row {
	const char *name; /* NULL ends the rows */
	const char *form; /* what follows it: "N", "A|B"; "": nothing */
	const char *text;
};

/** One applet, as `help` and `--help` tell of it; manual and completions are held to it (tests/tools/documents). */
struct applet {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the applet's name */
	const char *text;		   /* one line */
	const char *synopsis;	       /* what follows the name, a line for each way to call it */
	const struct applet_row *rows; /* NULL: none */
	const char *status;	       /* the exit statuses */
	const char *example;	       /* one command */
};

/** The table of applets (init/table.c). */
const struct applet *applets_table(size_t *ret_n) _nonnull_all_;

/** @return the applet of that name, or NULL */
const struct applet *applet_find(const char *name) _nonnull_all_;

/** Says that there is no such applet, and which one was meant. @return EXIT_USAGE */
int applet_unknown(const char *name) _nonnull_all_;

/** Prints how an applet is called. */
void applet_usage(const struct applet *applet, FILE *to) _nonnull_all_;

/** Prints all that there is to say of an applet. */
void applet_print_help(const struct applet *applet) _nonnull_all_;

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

/** `timeline [--svg] [FILE]`: the boot as bars over time. */
int applet_timeline(int argc, char **argv);

/** `health [--dry-run]`: the health checks, and the verdict that follows from them. */
int applet_health(int argc, char **argv);

/** `clock show [--json] | save`: the sources of time and what is decided on them; the saved clock. */
int applet_clock(int argc, char **argv);

/** `probe DEVICE [NAME]`: what a block device is for in the running system, for udev. */
int applet_probe(int argc, char **argv);

/** `mkinitramfs …`: becomes the host tool anteroot-mkinitramfs. */
int applet_mkinitramfs(int argc, char **argv);

/** `help [APPLET]`: all applets, or one. */
int applet_help(int argc, char **argv);

/** `version [check V | compare A B]`: this build's version, or what is said of those of a host OS. */
int applet_version(int argc, char **argv);
