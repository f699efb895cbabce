/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/breadcrumbs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static const char *const names[BREADCRUMBS] = {
	[BREADCRUMB_HEALTH] = "rollback-health-breadcrumb",
	[BREADCRUMB_ALTBOOT] = "rollback-altboot-breadcrumb",
	[BREADCRUMB_HEALTH_TRIGGERED] = "rollback-health-triggered",
	[BREADCRUMB_ALTBOOT_TRIGGERED] = "rollback-altboot-triggered",
	[BREADCRUMB_HEALTH_FAILED] = "rollback-health-failed",
};

const char *breadcrumb_name(enum breadcrumb crumb)
{
	return (unsigned int)crumb < BREADCRUMBS ? names[crumb] : "unknown";
}

/* How the last update ended: the newest transition that says so. NULL: none of those that are kept. */
static const struct ab_transition *last_verdict(const struct ab_record *rec)
{
	for (size_t i = 0; i < AB_TRANSITIONS; i++) {
		const struct ab_transition *t = &rec->transition[i];

		switch (t->event) {
		case AB_EVENT_CONFIRM:
		case AB_EVENT_ROLLBACK:
			return t;
		case AB_EVENT_REJECT:
			/* Said of a slot that is about to be overwritten, too: no rollback. */
			if (t->bad == AB_BAD_HEALTH)
				return t;
			break;
		default:
			break;
		}
	}
	return NULL;
}

void breadcrumbs_want(const struct ab_record *rec, enum breadcrumb_want ret[static BREADCRUMBS])
{
	bool armed = ab_candidate(rec) != AB_NONE;
	const struct ab_transition *t = last_verdict(rec);
	enum breadcrumb_want triggered = armed || t ? BREADCRUMB_GONE : BREADCRUMB_AS_IT_IS;

	ret[BREADCRUMB_HEALTH] = ret[BREADCRUMB_ALTBOOT] =
		armed ? BREADCRUMB_THERE : BREADCRUMB_GONE;
	ret[BREADCRUMB_HEALTH_TRIGGERED] = ret[BREADCRUMB_ALTBOOT_TRIGGERED] = triggered;
	ret[BREADCRUMB_HEALTH_FAILED] = armed ? BREADCRUMB_GONE : BREADCRUMB_AS_IT_IS;
	if (armed || !t)
		return;
	if (t->event == AB_EVENT_REJECT)
		ret[BREADCRUMB_HEALTH_TRIGGERED] = BREADCRUMB_THERE;
	else if (t->event == AB_EVENT_ROLLBACK)
		ret[BREADCRUMB_ALTBOOT_TRIGGERED] = BREADCRUMB_THERE;
}

void breadcrumbs_look(int dirfd, bool ret[static BREADCRUMBS])
{
	for (enum breadcrumb i = 0; i < BREADCRUMBS; i++) {
		struct stat st;

		ret[i] = fstatat(dirfd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
	}
}

static int make(const struct sys *sys, int dirfd, const char *name)
{
	_cleanup_close_ int fd =
		sys->open(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);

	if (fd < 0)
		return fd == -EEXIST ? 0 : fd;
	return sys->fsync(fd);
}

static void note(int *first, struct reason *r, int err, const char *verb, const char *name)
{
	if (err < 0 && *first == 0)
		*first = reason_set(r, err, verb, name);
}

int breadcrumbs_keep(const struct sys *sys, int dirfd, const struct ab_record *rec,
		     struct reason *r)
{
	enum breadcrumb_want want[BREADCRUMBS];
	bool there[BREADCRUMBS], changed = false;
	int first = 0;

	breadcrumbs_want(rec, want);
	breadcrumbs_look(dirfd, there);
	/* What is made first: a cut leaves too many, and never a rollback that nobody can see. */
	for (enum breadcrumb i = 0; i < BREADCRUMBS; i++)
		if (want[i] == BREADCRUMB_THERE && !there[i]) {
			note(&first, r, make(sys, dirfd, names[i]), "make", names[i]);
			changed = true;
		}
	for (enum breadcrumb i = 0; i < BREADCRUMBS; i++)
		if (want[i] == BREADCRUMB_GONE && there[i]) {
			note(&first, r, sys->unlinkat(dirfd, names[i], 0), "remove", names[i]);
			changed = true;
		}
	if (changed)
		note(&first, r, sys->fsync(dirfd), "sync", "the state partition");
	return first;
}
