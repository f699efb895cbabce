/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The image has a file in a delivery's place. Every system call fails in turn, and the power goes after every
 * one, with hard links and without: the image's file has a name at every moment, once ours is there it waits
 * under one name, and when ours is gone it has its place and nothing of ours is beside it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "tests/unit/delivery.h"

#define NAME  "etc/conf"
#define ORIG  "etc/.conf.anteroot-orig"
#define KEPT  "etc/.conf.anteroot-kept"
#define OURS  "ours, longer"
#define OLDER "ours, older"

struct scene {
	const char *text;  /* what is in the place */
	const char *image; /* the image's file */
	bool delivered;	   /* it waits already */
	bool linked;	   /* one inode with what is in the place */
	bool all_taken;	   /* the kept names */
	bool removes;
};

static const struct scene scenes[] = {
	{ .text = "image's", .image = "image's" },
	{ .text = OURS, .image = OURS },
	{ .text = OLDER, .image = "image's", .delivered = true },
	{ .text = "theirs", .image = "image's", .delivered = true },
	{ .text = "theirs", .image = "image's", .delivered = true, .all_taken = true },
	{ .text = "image's", .image = "image's", .delivered = true, .linked = true },
	{ .text = OLDER, .image = "image's", .delivered = true, .removes = true },
	{ .text = NULL, .image = "image's", .delivered = true, .removes = true },
	{ .text = OLDER,
	  .image = "image's",
	  .delivered = true,
	  .all_taken = true,
	  .removes = true },
	{ .text = "image's",
	  .image = "image's",
	  .delivered = true,
	  .linked = true,
	  .removes = true },
};

static struct deliver_result result;
static bool no_links;

static void start_calls(const struct scratch *s)
{
	fakesys_reset(s->path);
	fakesys_short_writes(7);
	if (no_links)
		fakesys_fail_match("linkat", EOPNOTSUPP);
}

static int run(const struct scratch *s, bool removes)
{
	const unsigned int flags = DELIVER_ORIG | DELIVER_ONE_FS | (removes ? 0 : DELIVER_KEEP);
	char ours[DIGEST_SHA1_HEX], known[2 * DIGEST_SHA1_HEX];
	struct deliver_how how;

	digest_sha1(OLDER, strlen(OLDER), known);
	digest_sha1(OURS, strlen(OURS), ours);
	known[DIGEST_SHA1_HEX - 1] = ' ';
	memcpy(known + DIGEST_SHA1_HEX, ours, sizeof(ours));
	how = how_to(0644, flags, known);
	if (removes)
		return remove_as(s, "/" NAME, &how, &result, NULL);
	return file_as(s, "/" NAME, OURS, strlen(OURS), &how, &result, NULL);
}

static void clear(const struct scratch *s)
{
	DIR *dir = fdopendir(openat(s->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	assert_non_null(dir);
	for (const struct dirent *de = readdir(dir); de; de = readdir(dir))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			assert_int_equal(unlinkat(dirfd(dir), de->d_name, 0), 0);
	closedir(dir);
}

static void put_scene(const struct scratch *s, const struct scene *scene)
{
	clear(s);
	if (scene->text)
		put_text(s->fd, NAME, scene->text, 0644);
	if (scene->linked)
		assert_int_equal(linkat(s->fd, NAME, s->fd, ORIG, 0), 0);
	else if (scene->delivered)
		put_text(s->fd, ORIG, scene->image, 0600);
	for (int i = 0; i < 10 && scene->all_taken; i++) {
		char name[64], text[16];

		(void)snprintf(name, sizeof(name), KEPT "%.0d", i);
		(void)snprintf(text, sizeof(text), "text%d", i);
		put_text(s->fd, name, text, 0600);
	}
	put_text(s->fd, "etc/.conf.anteroot", "torn", 0600);
	start_calls(s);
}

/* Names in /etc with this content, or of ours: those that start with a dot. */
static unsigned int count(const struct scratch *s, const char *text)
{
	DIR *dir = fdopendir(openat(s->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned int n = 0;

	assert_non_null(dir);
	for (const struct dirent *de = readdir(dir); de; de = readdir(dir)) {
		char path[300];

		(void)snprintf(path, sizeof(path), "etc/%s", de->d_name);
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		n += text ? strcmp(get_text(s->fd, path), text) == 0 : de->d_name[0] == '.';
	}
	closedir(dir);
	return n;
}

static bool has(const struct scratch *s, const char *path, const char *text)
{
	return is_there(s->fd, path) && strcmp(get_text(s->fd, path), text) == 0;
}

static bool is_theirs(const struct scene *scene)
{
	return scene->text && strcmp(scene->text, "theirs") == 0;
}

/* At any moment. */
static void assert_nothing_lost(const struct scratch *s, const struct scene *scene)
{
	bool may_miss = !scene->text || (!scene->removes && no_links);

	if (!has(s, NAME, scene->image) && !has(s, ORIG, scene->image))
		fail_msg("the image's file has no name; log:\n%s", fakesys_log());
	if (is_theirs(scene) && count(s, "theirs") == 0)
		fail_msg("somebody's file has no name; log:\n%s", fakesys_log());
	if (!may_miss && !is_there(s->fd, NAME))
		fail_msg("the name is missing; log:\n%s", fakesys_log());
	if (is_there(s->fd, NAME) && !has(s, NAME, scene->image) && !has(s, NAME, OURS) &&
	    !(scene->text && has(s, NAME, scene->text)))
		fail_msg("the file is torn; log:\n%s", fakesys_log());
	for (int i = 0; i < 9 && scene->all_taken; i++) {
		char name[64], text[16];

		(void)snprintf(name, sizeof(name), KEPT "%.0d", i);
		(void)snprintf(text, sizeof(text), "text%d", i);
		if (!has(s, name, text))
			fail_msg("%s has lost its content; log:\n%s", name, fakesys_log());
	}
}

/* What is kept stays for good. */
static unsigned int n_kept(const struct scene *scene)
{
	if (scene->all_taken)
		return 10;
	return is_theirs(scene);
}

static void assert_back(const struct scratch *s, const struct scene *scene)
{
	assert_true(has(s, NAME, scene->image));
	assert_int_equal(count(s, scene->image), 1);
	assert_int_equal(count(s, NULL), n_kept(scene));
	if (is_theirs(scene))
		assert_true(has(s, scene->all_taken ? KEPT "9" : KEPT, "theirs"));
}

/* The next boot, without trouble; then one that has nothing to do; then ours goes. */
static void assert_ends_well(const struct scratch *s, const struct scene *scene)
{
	start_calls(s);
	assert_int_equal(run(s, scene->removes), 0);
	if (!scene->removes) {
		assert_true(has(s, NAME, OURS));
		assert_true(has(s, ORIG, scene->image));
		assert_int_equal(count(s, scene->image), strcmp(scene->image, OURS) == 0 ? 2 : 1);
		assert_int_equal(count(s, NULL), 1 + n_kept(scene));
		start_calls(s);
		assert_int_equal(run(s, false), 0);
		assert_false(result.changed);
		assert_int_equal(fakesys_calls(), 0);
		assert_int_equal(run(s, true), 0);
		assert_true(result.restored);
	}
	assert_back(s, scene);
}

static unsigned int calls_of(const struct scratch *s, const struct scene *scene)
{
	put_scene(s, scene);
	assert_int_equal(run(s, scene->removes), 0);
	assert_int_equal(result.restored, scene->removes);
	assert_true(result.kept[0] ? is_theirs(scene) : !is_theirs(scene));
	return fakesys_calls();
}

static bool is_link(const char *line)
{
	return strncmp(line, "linkat ", 7) == 0 ||
	       strcmp(line, "renameat /etc/.conf.anteroot /" KEPT "9") == 0;
}

static void fail_each(const struct scratch *s, const struct scene *scene, int err)
{
	unsigned int calls = calls_of(s, scene);
	int fds = fakesys_open_fds();

	assert_true(calls >= 3);
	for (unsigned int nth = 1; nth <= calls; nth++) {
		int got;

		put_scene(s, scene);
		fakesys_fail_nth(nth, err);
		got = run(s, scene->removes);
		if (got != -err) {
			const char *line = fakesys_line(nth - 1);

			/* Nobody minds a leftover beside a file that goes; what cannot be linked is renamed. */
			if (!(err == EPERM && is_link(line)) &&
			    !(scene->removes && strncmp(line, "unlinkat /etc/.", 15) == 0))
				fail_msg("call %u, \"%s\": %d", nth, line, got);
			assert_int_equal(got, 0);
		}
		assert_int_equal(fakesys_open_fds(), fds);
		assert_nothing_lost(s, scene);
		if (nth > 1)
			assert_false(is_there(s->fd, "etc/.conf.anteroot"));
		/* An error is no power cut: what was in the place has not gone with it. */
		if (got < 0 && !scene->removes)
			assert_true(is_there(s->fd, NAME));
		assert_ends_well(s, scene);
	}
}

static void with_and_without_links(const struct scratch *s,
				   void (*each)(const struct scratch *s, const struct scene *scene))
{
	for (size_t i = 0; i < 2 * ARRAY_SIZE(scenes); i++) {
		no_links = i % 2;
		each(s, &scenes[i / 2]);
	}
}

static void fail_all(const struct scratch *s, const struct scene *scene)
{
	static const int errors[] = { EIO, ENOSPC, EROFS, EPERM };

	for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
		fail_each(s, scene, errors[e]);
}

static void test_each_call_fails(void **state)
{
	with_and_without_links(*state, fail_all);
}

/* Twice in a row, at any two places. */
static void cut_all(const struct scratch *s, const struct scene *scene)
{
	unsigned int calls = calls_of(s, scene);

	for (unsigned int n = 0; n < calls * calls; n++) {
		put_scene(s, scene);
		fakesys_cut_after(n % calls);
		(void)run(s, scene->removes);
		assert_nothing_lost(s, scene);
		start_calls(s);
		fakesys_cut_after(n / calls);
		(void)run(s, scene->removes);
		assert_nothing_lost(s, scene);
		assert_ends_well(s, scene);
	}
}

static void test_power_cuts(void **state)
{
	with_and_without_links(*state, cut_all);
}

/* A delivery is cut short, and by the next boot the owner does not want the file any more; and the other way
 * round. */
static void cut_and_change(const struct scratch *s, const struct scene *scene)
{
	struct scene other = *scene;
	unsigned int calls = calls_of(s, scene);

	/* Once it has one name nothing tells it from ours: that is the manifest's to know. */
	if (strcmp(scene->image, OURS) == 0)
		return;
	other.removes = !scene->removes;
	for (unsigned int n = 1; n < calls; n++) {
		put_scene(s, scene);
		fakesys_cut_after(n);
		(void)run(s, scene->removes);
		start_calls(s);
		assert_int_equal(run(s, other.removes), 0);
		/* Theirs is in the place yet. */
		if (result.left && is_theirs(scene)) {
			assert_nothing_lost(s, scene);
			continue;
		}
		assert_nothing_lost(s, scene);
		assert_ends_well(s, &other);
	}
}

static void test_power_cut_and_change(void **state)
{
	with_and_without_links(*state, cut_and_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_call_fails, delivery_setup_in_memory,
						delivery_teardown),
		cmocka_unit_test_setup_teardown(test_power_cuts, delivery_setup_in_memory,
						delivery_teardown),
		cmocka_unit_test_setup_teardown(test_power_cut_and_change, delivery_setup_in_memory,
						delivery_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
