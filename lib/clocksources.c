/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/clocksources.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/clocktext.h"
#include "lib/confine.h"
#include "lib/deliver.h"
#include "lib/file.h"
#include "lib/zone.h"

#define LINE_MAX_BYTES	    64
#define ADJTIME_MAX_BYTES   4096
#define LOCALTIME_MAX_BYTES 65536

enum tree { TREE_IMAGE, TREE_TARGET, TREE_STATE, TREES };

/*
 * The files, in the order they are reported. What is in the initramfs was put there when it was made. In the target
 * /etc/timestamp is written anew at each shutdown by some distributions' scripts (save-rtc.sh of Yocto's
 * initscripts), and people touch clock-epoch from a timer: they are saved clocks as well as build times.
 * balenaOS keeps the writable parts of its root in root-overlay of the state partition.
 */
static const struct row {
	enum tree tree;
	enum clock_kind kind;
	const char *source, *path;
	const char *form; /* of its text; NULL: its time of modification */
} rows[] = {
#define TIMESYNC "/var/lib/systemd/timesync/clock"
#define FAKE1	 "/etc/fake-hwclock.data"
#define FAKE2	 "/etc/fake-hwclock/fake-hwclock.data"
#define OVERLAY	 "/root-overlay"
	{ TREE_IMAGE, CLOCK_ANCHOR, "image-timestamp", "/etc/timestamp", CLOCK_FORM_DIGITS },
	{ TREE_IMAGE, CLOCK_ANCHOR, "image-epoch", "/usr/lib/clock-epoch", NULL },
	{ TREE_TARGET, CLOCK_SAVED, "timestamp", "/etc/timestamp", CLOCK_FORM_DIGITS },
	{ TREE_TARGET, CLOCK_SAVED, "epoch", "/usr/lib/clock-epoch", NULL },
	{ TREE_TARGET, CLOCK_SAVED, "timesyncd", TIMESYNC, NULL },
	{ TREE_TARGET, CLOCK_SAVED, "fake-hwclock", FAKE1, CLOCK_FORM_PLAIN },
	{ TREE_TARGET, CLOCK_SAVED, "fake-hwclock", FAKE2, CLOCK_FORM_PLAIN },
	{ TREE_STATE, CLOCK_SAVED, "saved", CLOCK_SAVED_PATH, CLOCK_FORM_PLAIN },
	{ TREE_STATE, CLOCK_SAVED, "timesyncd", TIMESYNC, NULL },
	{ TREE_STATE, CLOCK_SAVED, "fake-hwclock", FAKE1, CLOCK_FORM_PLAIN },
	{ TREE_STATE, CLOCK_SAVED, "fake-hwclock", FAKE2, CLOCK_FORM_PLAIN },
	{ TREE_STATE, CLOCK_SAVED, "timesyncd", OVERLAY TIMESYNC, NULL },
	{ TREE_STATE, CLOCK_SAVED, "fake-hwclock", OVERLAY FAKE1, CLOCK_FORM_PLAIN },
	{ TREE_STATE, CLOCK_SAVED, "fake-hwclock", OVERLAY FAKE2, CLOCK_FORM_PLAIN },
};

struct clock_candidate *clock_add(struct clock_facts *f, enum clock_kind kind, const char *source,
				  const char *path)
{
	static struct clock_candidate dummy;
	struct clock_candidate *c = f->n < CLOCK_CANDIDATES_MAX ? &f->candidate[f->n++] : &dummy;

	*c = (struct clock_candidate){ .kind = kind, .source = source, .path = path };
	return c;
}

static int read_text(int fd, const char *form, int64_t *ret_sec)
{
	char text[LINE_MAX_BYTES + 1];
	ssize_t n = read(fd, text, LINE_MAX_BYTES);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strlen(text) == (size_t)n && clock_parse(text, form, ret_sec) ? 0 : -EBADMSG;
}

static int read_file(int tree, const char *path, const char *form, int64_t *ret_sec)
{
	_cleanup_close_ int fd = confine_open_regular(tree, path);

	if (fd < 0)
		return fd;
	if (form)
		return read_text(fd, form, ret_sec);
	return clock_of_file(fd, ret_sec);
}

static void set_problem(struct arena *a, struct clock_candidate *c, int err, const char *form)
{
	c->absent = err == -ENOENT || err == -ENOTDIR;
	if (err == -EBADMSG)
		c->problem = arena_printf(a, "expected %s, UTC", form);
	else if (err < 0)
		c->problem = arena_strdup(a, strerror(-err));
	else if (c->sec < 0 || c->sec > CLOCK_LATEST_SEC)
		c->problem = "no time that the kernel takes";
	if (err < 0 && !c->problem)
		c->problem = "out of memory";
}

/* As "/sys/class/rtc" has them: the one that the kernel takes its own time from, else the first. */
static bool find_rtc(int class, char name[static NAME_MAX + 1])
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = openat(class, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;

	memcpy(name, "rtc0", 5);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		(void)close(fd);
	while (dir && (e = readdir(dir))) {
		char path[NAME_MAX + 16], line[4];

		(void)snprintf(path, sizeof(path), "%s/hctosys", e->d_name);
		if (e->d_name[0] == '.' || file_read_line(class, path, line, sizeof(line)) < 0 ||
		    strcmp(line, "1") != 0)
			continue;
		(void)snprintf(name, NAME_MAX + 1, "%s", e->d_name);
		return true;
	}
	return file_exists(class, name);
}

/* Line 3 of adjtime(5), and the zone. */
static void read_zone(struct arena *a, int tree, struct clock_facts *f)
{
	_cleanup_close_ int adjtime = confine_open_regular(tree, "/etc/adjtime");
	_cleanup_close_ int zone = confine_open_regular(tree, "/etc/localtime");
	char *text;

	if (adjtime < 0 || file_read_fd(a, adjtime, ADJTIME_MAX_BYTES, &text, NULL) < 0)
		return;
	for (int line = 1; line < 3; line++)
		text += strcspn(text, "\n") + (strchr(text, '\n') != NULL);
	f->local = strncmp(text, "LOCAL", 5) == 0 && strchr("\r\n", text[5]);
	if (f->local && zone >= 0 &&
	    file_read_fd(a, zone, LOCALTIME_MAX_BYTES, &text, &f->zone_len) == 0)
		f->zone = text;
}

/*
 * since_epoch and not RTC_RD_TIME of /dev/rtcN: the same function of the driver, with the same EINVAL when the power
 * was lost, in 64 bits on every machine, and also while another program has the device open.
 */
static void ask_rtc(struct arena *a, const struct clock_places *p, struct clock_facts *f)
{
	char *dir = arena_printf(a, "%s/class/rtc", p->sys), name[NAME_MAX + 1], line[24],
	     path[NAME_MAX + 16];
	_cleanup_close_ int class = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct clock_candidate *c = clock_add(f, CLOCK_RTC, "rtc", NULL);
	char *end = line;
	int err;

	c->absent = true;
	c->problem = "there is none";
	if (class < 0 || !find_rtc(class, name))
		return;
	c->path = arena_printf(a, "%s/%s", dir, name);
	(void)snprintf(path, sizeof(path), "%s/since_epoch", name);
	err = file_read_line(class, path, line, sizeof(line));
	if (err == 0) {
		c->sec = strtoll(line, &end, 10);
		err = end == line || *end ? -EIO : 0;
	}
	c->problem = NULL;
	set_problem(a, c, err, NULL);
	if (err == -EINVAL) {
		c->absent = true;
		c->problem = "it has lost its time";
	}
	c->sec = clock_to_utc(f, c->sec);
}

void clock_sources(struct arena *a, const struct clock_places *p, struct clock_facts *f)
{
	static const char *const names[] = { "image", "root", "state" };
	const int trees[TREES] = { p->image, p->target, p->state };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct clock_candidate *c;

		if (trees[row->tree] < 0)
			continue;
		c = clock_add(f, row->kind, row->source, row->path);
		c->in = names[row->tree];
		set_problem(a, c, read_file(trees[row->tree], row->path, row->form, &c->sec),
			    row->form);
	}
	if (p->target >= 0)
		read_zone(a, p->target, f);
	ask_rtc(a, p, f);
	f->ahead = f->local && !p->running;
	f->now_sec = clock_realtime_usec() / 1000000;
	if (f->ahead)
		f->now_sec = clock_to_utc(f, f->now_sec);
	f->uptime_sec = clock_monotonic_usec() / 1000000;
	f->seen = true;
}

int clock_read(int tree, const char *path, int64_t *ret_sec)
{
	return read_file(tree, path, CLOCK_FORM_PLAIN, ret_sec);
}

int clock_write(const struct sys *sys, int tree, const char *path, int64_t sec, struct reason *r)
{
	static const struct deliver_how how = { .attr.mode = 0644 };
	struct deliver_result result;
	char text[CLOCK_TEXT];

	(void)clock_text(sec, text);
	text[10] = ' ';
	text[19] = '\n';
	return deliver_file(sys, tree, path, text, 20, &how, &result, r);
}
