/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/clockview.h"

#include <fcntl.h>
#include <sys/file.h>

#include "init/bootstate_mounts.h"
#include "init/version.h"
#include "lib/clocktext.h"
#include "lib/confine.h"
#include "lib/deliver.h"
#include "lib/file.h"
#include "lib/mountinfo.h"
#include "lib/role.h"

#define REPORT_MAX_BYTES (4u * 1024u * 1024u)
#define MARK		 "/clock" /* in the run directory: what was saved in this boot */

/* What the initramfs had is gone with it; its report has the times. */
static void read_boot(struct clock_view *v, int run_dir)
{
	const struct json *last;
	int64_t sec;
	char *text;
	size_t len;

	v->booted_sec = -1;
	if (run_dir < 0)
		return;
	if (file_read(v->a, run_dir, "report.json", REPORT_MAX_BYTES, &text, &len) == 0 &&
	    json_parse(text, len, &v->report, NULL) < 0)
		v->report = NULL;
	v->boot = json_get(v->report, "clock");
	last = json_get(v->boot, "target");
	if (!last)
		last = json_get(v->boot, "start");
	if (json_int(json_get(last, "anchor_sec"), &sec))
		clock_add(&v->facts, CLOCK_ANCHOR, "boot", NULL)->sec = sec;
	if (!json_get(last, "failed") && json_int(json_get(last, "floor_sec"), &sec))
		v->booted_sec = sec;
	if (clock_read(run_dir, MARK, &sec) == 0 && sec > v->booted_sec)
		v->booted_sec = sec;
}

static void find_state(struct clock_view *v)
{
	static struct running run; /* the layout in it is large for a small stack */
	const struct running_paths *paths = &v->paths->running;
	const struct blockdev *dev;
	char *text;

	v->state = -1;
	if (running_find(v->a, paths, &run, NULL) < 0 || !run.disk)
		return;
	dev = role_find(&run.layout, &run.devs, run.disk, PART_STATE, NULL);
	if (!dev ||
	    file_read(v->a, AT_FDCWD, paths->mountinfo, MOUNTINFO_MAX_BYTES, &text, NULL) < 0)
		return;
	v->state_point = bootstate_find_point(v->a, text, dev, &v->read_only);
	if (v->state_point)
		v->state = open(v->state_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void clock_open(struct clock_view *v, const struct sys *sys, struct arena *a,
		const struct clock_paths *paths)
{
	_cleanup_close_ int root = open(paths->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int run_dir =
		open(paths->running.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct clock_places places = {
		.sys = paths->running.sys, .image = -1, .target = root, .running = true
	};

	*v = (struct clock_view){ .a = a, .sys = sys, .paths = paths };
	clock_add(&v->facts, CLOCK_ANCHOR, "build", NULL)->sec = anteroot_build_epoch_sec;
	read_boot(v, run_dir);
	find_state(v);
	places.state = v->state;
	clock_sources(a, &places, &v->facts);
	clock_decide(&v->facts, &v->decision);
}

void clock_close(struct clock_view *v)
{
	close_fd(&v->state);
	v->state = -1;
	json_free(v->report);
	v->report = NULL;
}

const char *clock_refusal(struct clock_view *v)
{
	static const struct {
		const char *relation, *so;
	} texts[] = {
		[CLOCK_TOO_EARLY] = { "before", ", when this was built: it was never set" },
		[CLOCK_TOO_LATE] = { "later than", ": no boot would believe it" },
		[CLOCK_UNSEEN] = { "before what is saved,", ", and this boot did not have that" },
	};
	const struct clock_decision *d = &v->decision;
	char now[CLOCK_TEXT], other[CLOCK_TEXT];
	enum clock_refusal refusal;
	int64_t saved = -1;

	if (v->state < 0)
		return "the state partition is not mounted";
	if (v->read_only)
		return arena_printf(v->a, "%s is mounted read-only", v->state_point);
	(void)!clock_read(v->state, CLOCK_SAVED_PATH, &saved);
	refusal = clock_may_save(d, v->facts.now_sec, saved, v->booted_sec);
	if (refusal == CLOCK_SAVE)
		return NULL;
	(void)clock_text(refusal == CLOCK_TOO_EARLY  ? d->anchor_sec
			 : refusal == CLOCK_TOO_LATE ? d->limit_sec
						     : saved,
			 other);
	return arena_printf(v->a, "it is %s, %s %s%s", clock_text(v->facts.now_sec, now),
			    texts[refusal].relation, other, texts[refusal].so);
}

int clock_save(struct clock_view *v, struct reason *r)
{
	static const struct deliver_how how = { .attr.mode = 0700 };
	_cleanup_close_ int run_dir =
		open(v->paths->running.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct deliver_result result;
	int err = deliver_dir(v->sys, v->state, CLOCK_SAVED_DIR, &how, &result, r);
	_cleanup_close_ int lock =
		err < 0 ? -1 : confine_open(v->state, CLOCK_SAVED_DIR, O_RDONLY | O_DIRECTORY);

	if (err < 0)
		return err;
	/* The timer and the shutdown at the same moment: one after the other. */
	(void)flock(lock, LOCK_EX);
	err = clock_write(v->sys, v->state, CLOCK_SAVED_PATH, v->facts.now_sec, r);
	/* What is gone with this boot, and only helps: without it a clock that is set back is not saved. */
	if (err == 0 && run_dir >= 0)
		(void)!clock_write(v->sys, run_dir, MARK, v->facts.now_sec, NULL);
	return err;
}
