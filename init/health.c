/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>

#include "init/feeder.h"
#include "init/health_run.h"
#include "init/options.h"
#include "init/slot.h"
#include "lib/clock.h"
#include "lib/file.h"

const struct health_paths health_paths_default = {
	.bootstate = &bootstate_paths_default,
	.dirs = { "/etc/anteroot/health.d", "/usr/lib/anteroot/health.d" },
	.systemd = "/run/systemd/system",
	.systemctl = { "/usr/bin/systemctl", "/bin/systemctl" },
};

/* What the checks are told, and what the verdict depends on, as it was at the start. A boot that went back has
 * left the breadcrumbs of the update: whatever the checks say, they are put right first. */
static int look(struct health_run *h, const struct sys *sys, struct arena *a,
		const struct health_paths *paths, bool dry_run)
{
	static struct bootstate b; /* the layout in it is large for a small stack */
	struct reason r = REASON_INIT;
	int err = bootstate_open(&b, sys, a, paths->bootstate,
				 dry_run ? BOOTSTATE_READ : BOOTSTATE_CHANGE, &r);

	if (err == 0) {
		const struct ab_slot *s =
			b.who.running < AB_SLOTS ? &b.found.record.slot[b.who.running] : NULL;

		h->sys = sys;
		h->conf = *b.conf;
		h->slot = b.who.running;
		h->candidate = b.candidate && s && s->state == AB_TRYING;
		h->stateless = b.load_err == 0 && b.found.backend == AB_STATELESS;
		h->attempt = s ? s->attempts : 0;
		h->tries = s ? s->tries : 0;
		h->version = s ? arena_strdup(a, s->version) : "";
		h->transaction = b.found.record.transaction;
		if (!dry_run && bootstate_keep_breadcrumbs(&b, &r) < 0)
			(void)slot_failed(&r);
	}
	bootstate_close(&b);
	return err < 0 ? slot_failed(&r) : 0;
}

static int find_checks(struct health_run *h, struct arena *a, const struct health_paths *paths)
{
	struct reason r = REASON_INIT;
	const char *dir;
	int err = health_checks_find(a, paths->dirs, ARRAY_SIZE(paths->dirs), &h->checks, &dir);

	if (err < 0) {
		(void)reason_set(&r, err, "read", dir);
		return slot_failed(&r);
	}
	if (h->checks.too_many)
		(void)fprintf(stderr, "anteroot: more than %u health checks: the rest is not run\n",
			      HEALTH_CHECKS_MAX);
	for (size_t i = 0; i < h->checks.n; i++)
		if (h->checks.check[i].kind == HEALTH_SKIPPED)
			(void)fprintf(stderr, "anteroot: %s is not executable: not run\n",
				      h->checks.check[i].path);
	return 0;
}

static int confirm(struct health_run *h, struct arena *a, const struct health_paths *paths)
{
	static struct bootstate b;
	int status;

	if (h->stateless || h->slot == AB_NONE) {
		printf("nothing to confirm: %s\n",
		       h->stateless ? "there is no boot state" : ab_refusal_text(AB_NOT_A_SLOT));
		return EXIT_DONE;
	}
	status = slot_open(&b, h->sys, a, paths->bootstate, "confirm the running slot");
	if (status == 0)
		status = slot_confirm(&b);
	bootstate_close(&b);
	return status;
}

/* systemd's way ends the services first; without it, and should it fail, at once. */
static void reboot_machine(const struct health_run *h, const struct health_paths *paths)
{
	static const struct sys_limits limits = { .timeout_msec = 30000, .grace_msec = 1000 };
	char *const argv[] = { (char *)"systemctl", (char *)"reboot", NULL };
	struct sys_end end;

	(void)fflush(NULL); /* what was said must be in the journal before it ends */
	for (size_t i = 0; i < ARRAY_SIZE(paths->systemctl); i++)
		if (file_exists(AT_FDCWD, paths->systemd) &&
		    file_exists(AT_FDCWD, paths->systemctl[i]) &&
		    h->sys->run_limited(paths->systemctl[i], argv, environ, &limits, &end) == 0 &&
		    end.status == 0)
			return;
	h->sys->sync();
	(void)h->sys->reboot(RB_AUTOBOOT);
}

/* The other slot must be good: from one bad slot to the next would help nobody. */
static int reject(struct health_run *h, struct arena *a, const struct health_paths *paths)
{
	static struct bootstate b;
	bool leave = false;
	int status;

	if (!h->candidate) {
		(void)fprintf(stderr,
			      "anteroot: health checks failed: %s is not confirmed, and not "
			      "left either\n",
			      h->slot < AB_SLOTS ? "the running slot" : "the running root");
		return EXIT_NO;
	}
	status = slot_open(&b, h->sys, a, paths->bootstate, "reject the running slot");
	if (status == 0) {
		leave = b.found.record.slot[h->slot == AB_A ? AB_B : AB_A].state == AB_GOOD;
		if (leave)
			status = slot_reject(&b, h->slot, AB_BAD_HEALTH, "health checks failed");
	}
	bootstate_close(&b);
	if (!leave && status == 0)
		(void)fprintf(stderr, "anteroot: health checks failed, and the other slot is not "
				      "good: staying here\n");
	/* Refused: it was armed again meanwhile. Not stored: the attempt was, and is used up. */
	if (leave && status != EXIT_NO) {
		printf("rebooting into the other slot\n");
		reboot_machine(h, paths);
	}
	return status == EXIT_SYSTEM ? EXIT_SYSTEM : EXIT_NO;
}

/* A watchdog that cannot be stopped: it must not reset a confirmed system. */
static void feed_on(struct feeder *f)
{
	printf("the watchdog cannot be stopped: feeding it from now on\n");
	(void)fflush(stdout);
	while (feeder_sleep(f, f->interval_usec / 1000 + 1) == 0)
		;
}

int health(const struct sys *sys, struct arena *a, const struct health_paths *paths, bool dry_run)
{
	static struct health_run h; /* large for a small stack */
	struct feeder feeder;
	int status;

	memset(&h, 0, sizeof(h));
	status = look(&h, sys, a, paths, dry_run);
	if (status == 0)
		status = find_checks(&h, a, paths);
	if (status != 0)
		return status;
	feeder_open(&feeder, sys, h.candidate && !dry_run ? h.conf.watchdog_sec : 0);
	h.feeder = &feeder;
	if (dry_run)
		return health_round(&h, a) ? EXIT_DONE : EXIT_NO;
	if (!health_window(&h, a)) {
		status = reject(&h, a, paths);
		feeder_leave(&feeder);
		return status;
	}
	status = confirm(&h, a, paths);
	/* Without a verdict the watchdog goes on: nobody has said that this system is good. */
	if (status != EXIT_DONE)
		feeder_leave(&feeder);
	else if (!feeder_stop(&feeder))
		feed_on(&feeder);
	return status;
}

int applet_health(int argc, char **argv)
{
	struct arena a = ARENA_INIT;
	bool dry_run = false;
	const char *name;
	struct options o;
	int status;

	options_open(&o, "health", argc, argv);
	while ((name = options_next(&o))) {
		if (!*name)
			return options_bad_word(&o, o.value);
		dry_run = true;
	}
	if (o.status)
		return o.status;
	status = health(&sys_real, &a, &health_paths_default, dry_run);
	arena_free(&a);
	return status;
}
