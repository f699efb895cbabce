/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/delivery.h"

static int deliver(const struct scratch *s, const char *path, const char *text, mode_t mode,
		   bool *changed)
{
	const struct deliver_how how = how_to(mode, 0, NULL);
	struct deliver_result result;
	int err = file_as(s, path, text, strlen(text), &how, &result, NULL);

	if (err == 0)
		*changed = result.changed;
	return err;
}

static void test_new_file(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	assert_int_equal(deliver(s, "/etc/hostname", "press-07\n", 0644, &changed), 0);
	assert_true(changed);
	assert_string_equal(get_text(s->fd, "etc/hostname"), "press-07\n");
	assert_int_equal(get_mode(s->fd, "etc/hostname"), 0644);
	assert_false(is_there(s->fd, "etc/.hostname.anteroot"));
	/* Mode before content, content on the disk before the rename, the rename before the end. */
	assert_string_equal(fakesys_log(), "open /etc/.hostname.anteroot 0600\n"
					   "fchmod /etc/.hostname.anteroot 0644\n"
					   "write /etc/.hostname.anteroot 9\n"
					   "fsync /etc/.hostname.anteroot\n"
					   "renameat /etc/.hostname.anteroot /etc/hostname\n"
					   "fsync /etc\n");
}

static void test_unchanged_writes_nothing(void **state)
{
	const struct scratch *s = *state;
	bool changed = true;

	put_text(s->fd, "etc/hostname", "press-07\n", 0644);
	assert_int_equal(deliver(s, "/etc/hostname", "press-07\n", 0644, &changed), 0);
	assert_false(changed);
	assert_int_equal(fakesys_calls(), 0);
}

static void expect_rewritten(const struct scratch *s, const char *text, mode_t mode)
{
	bool changed = false;

	fakesys_reset(s->path);
	assert_int_equal(deliver(s, "/etc/hostname", text, mode, &changed), 0);
	assert_true(changed);
	assert_string_equal(get_text(s->fd, "etc/hostname"), text);
	assert_int_equal(get_mode(s->fd, "etc/hostname"), mode);
	assert_int_equal(fakesys_count("renameat"), 1);
}

static void test_any_difference_is_written(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/hostname", "press-07\n", 0644);
	expect_rewritten(s, "press-08\n", 0644); /* as long */
	expect_rewritten(s, "press-08\n\n", 0644);
	expect_rewritten(s, "press", 0644);
	expect_rewritten(s, "", 0644);
	expect_rewritten(s, "x", 0644);
	expect_rewritten(s, "x", 0600);
	expect_rewritten(s, "x", 0755);
}

static void test_large_content(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0600, 0, NULL);
	static char data[300000];
	struct deliver_result got = { .changed = false };

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31 >> 3);
	fakesys_short_writes(70000);
	assert_int_equal(file_as(s, "/etc/big", data, sizeof(data), &how, &got, NULL), 0);
	assert_true(got.changed);
	assert_int_equal(fakesys_count("write"), 5);
	assert_int_equal(file_as(s, "/etc/big", data, sizeof(data), &how, &got, NULL), 0);
	assert_false(got.changed);
	data[sizeof(data) - 1] ^= 1;
	assert_int_equal(file_as(s, "/etc/big", data, sizeof(data), &how, &got, NULL), 0);
	assert_true(got.changed);
}

static void test_other_owner_is_written(void **state)
{
	const struct scratch *s = *state;
	struct deliver_how how = how_to(0644, 0, NULL);
	struct deliver_result got = { .changed = false };

	put_text(s->fd, "etc/hostname", "a", 0644);
	how.attr.uid = 12345;
	how.attr.gid = 54321;
	assert_int_equal(file_as(s, "/etc/hostname", "a", 1, &how, &got, NULL), 0);
	assert_true(got.changed);
	assert_int_equal(fakesys_find("fchown /etc/.hostname.anteroot 12345:54321", 0), 1);
	/* Owner before mode: chown(2) would take the set-id bits away again. */
	assert_int_equal(fakesys_find("fchmod /etc/.hostname.anteroot 0644", 0), 2);
	for (int i = 0; i < 2; i++) {
		put_text(s->fd, "etc/one-of-two", "a", 0644);
		how = how_to(0644, 0, NULL);
		*(i == 0 ? &how.attr.uid : &how.attr.gid) = 12345;
		got.changed = false;
		assert_int_equal(file_as(s, "/etc/one-of-two", "a", 1, &how, &got, NULL), 0);
		assert_true(got.changed);
		assert_int_equal(unlinkat(s->fd, "etc/one-of-two", 0), 0);
	}
}

static void test_umask_does_not_matter(void **state)
{
	const struct scratch *s = *state;
	mode_t old = umask(0777);
	bool changed;
	int r = deliver(s, "/new/dir/file", "x", 0664, &changed);

	(void)umask(old);
	if (geteuid() != 0) { /* nobody but root gets into a directory of mode 0 */
		assert_true(r <= 0);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(get_mode(s->fd, "new/dir/file"), 0664);
	assert_int_equal(get_mode(s->fd, "new/dir"), 0755);
	assert_int_equal(get_mode(s->fd, "new"), 0755);
}

static bool has_line(const char *line)
{
	for (unsigned int i = 0; i < fakesys_calls(); i++)
		if (strcmp(fakesys_line(i), line) == 0)
			return true;
	return false;
}

static void test_parents_are_made(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	assert_int_equal(deliver(s, "/etc/udev/rules.d/56.rules", "x\n", 0644, &changed), 0);
	assert_true(changed);
	assert_string_equal(get_text(s->fd, "etc/udev/rules.d/56.rules"), "x\n");
	assert_int_equal(get_mode(s->fd, "etc/udev"), 0755);
	assert_int_equal(get_mode(s->fd, "etc/udev/rules.d"), 0755);
	assert_int_equal(fakesys_count("mkdirat"), 2);
	/* Each new directory is on the disk, and its name in the one above. */
	assert_true(has_line("fsync /etc/udev/rules.d"));
	assert_true(has_line("fsync /etc/udev"));
	assert_true(has_line("fsync /etc"));
}

static void test_links_in_parents_stay_inside(void **state)
{
	const struct scratch *s = *state;
	struct scratch outside;
	bool changed = false;

	scratch_make(&outside, NULL);
	put_dir(s->fd, "real");
	put_link(s->fd, "abs", "/real");
	put_link(s->fd, "up", "../../../../real");
	put_link(s->fd, "out", outside.path);
	assert_int_equal(deliver(s, "/abs/one", "1", 0644, &changed), 0);
	assert_int_equal(deliver(s, "/up/two", "2", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, "real/one"), "1");
	assert_string_equal(get_text(s->fd, "real/two"), "2");
	/* That name is not there inside the root: refused, and nothing happens outside. */
	assert_int_equal(deliver(s, "/out/three", "3", 0644, &changed), -ENOTDIR);
	assert_false(is_there(outside.fd, "three"));
	scratch_remove(&outside);
}

static void test_what_is_in_the_way(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	put_dir(s->fd, "etc/dir");
	assert_int_equal(deliver(s, "/etc/dir", "x", 0644, &changed), -EISDIR);
	assert_int_equal(fakesys_calls(), 0);
	put_text(s->fd, "etc/file", "old", 0644);
	assert_int_equal(deliver(s, "/etc/file/below", "x", 0644, &changed), -ENOTDIR);
	assert_string_equal(get_text(s->fd, "etc/file"), "old");
	assert_false(changed); /* untouched by failures */

	/* Links and FIFOs are replaced, not followed. */
	put_link(s->fd, "etc/link", "file");
	assert_int_equal(deliver(s, "/etc/link", "new", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, "etc/file"), "old");
	assert_string_equal(get_text(s->fd, "etc/link"), "new");
	assert_int_equal(mkfifoat(s->fd, "etc/fifo", 0644), 0);
	assert_int_equal(deliver(s, "/etc/fifo", "new", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, "etc/fifo"), "new");
	/* Read as a file it would be as empty as wanted. */
	assert_int_equal(mkfifoat(s->fd, "etc/fifo2", 0600), 0);
	assert_int_equal(fchmodat(s->fd, "etc/fifo2", 0644, 0), 0);
	changed = false;
	assert_int_equal(deliver(s, "/etc/fifo2", "", 0644, &changed), 0);
	assert_true(changed);
	/* A link to the very same content is still no file of ours. */
	put_link(s->fd, "etc/same", "link");
	changed = false;
	assert_int_equal(deliver(s, "/etc/same", "new", 0644, &changed), 0);
	assert_true(changed);
	assert_int_equal(get_mode(s->fd, "etc/same"), 0644);
}

static void test_bad_paths(void **state)
{
	const struct scratch *s = *state;
	char path[PATH_MAX + 300];
	bool changed;

	assert_int_equal(deliver(s, "", "x", 0644, &changed), -EINVAL);
	assert_int_equal(deliver(s, "/", "x", 0644, &changed), -EINVAL);
	assert_int_equal(deliver(s, "/etc/", "x", 0644, &changed), -EINVAL);
	assert_int_equal(deliver(s, "/etc/..", "x", 0644, &changed), -EINVAL);
	assert_int_equal(deliver(s, "/etc/.", "x", 0644, &changed), -EINVAL);
	memset(path, 'a', sizeof(path));
	path[300] = '\0';
	assert_int_equal(deliver(s, path, "x", 0644, &changed), -ENAMETOOLONG);
	memset(path, '/', sizeof(path) - 2);
	path[sizeof(path) - 2] = 'a';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(deliver(s, path, "x", 0644, &changed), -ENAMETOOLONG);
	assert_int_equal(fakesys_calls(), 0);
}

/* The longest name there is leaves no room for the temporary one's dot and suffix. */
static void test_longest_name(void **state)
{
	const struct scratch *s = *state;
	char path[NAME_MAX + 10] = "/etc/";
	bool changed;

	memset(path + 5, 'r', NAME_MAX);
	assert_int_equal(deliver(s, path, "x", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, path + 1), "x");
	assert_non_null(strstr(fakesys_line(0), "r.anteroot 0600"));
}

static void test_leftover_is_removed(void **state)
{
	const struct scratch *s = *state;
	bool changed;

	put_text(s->fd, "etc/.hostname.anteroot", "torn", 0600);
	assert_int_equal(deliver(s, "/etc/hostname", "new", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, "etc/hostname"), "new");
	assert_false(is_there(s->fd, "etc/.hostname.anteroot"));

	/* Also beside a file that is right already, which is not written for that. */
	put_text(s->fd, "etc/.hostname.anteroot", "torn", 0600);
	fakesys_reset(s->path);
	assert_int_equal(deliver(s, "/etc/hostname", "new", 0644, &changed), 0);
	assert_false(changed);
	assert_string_equal(fakesys_log(), "unlinkat /etc/.hostname.anteroot 0\n");
	assert_false(is_there(s->fd, "etc/.hostname.anteroot"));

	/* A link under that name is not followed. */
	put_text(s->fd, "etc/victim", "whole", 0600);
	put_link(s->fd, "etc/.hostname.anteroot", "victim");
	assert_int_equal(deliver(s, "/etc/hostname", "newer", 0644, &changed), 0);
	assert_string_equal(get_text(s->fd, "etc/victim"), "whole");
}

/* What is no file under that name stays, and is told. */
static void test_leftover_that_cannot_go(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0644, 0, NULL);
	struct reason r = REASON_INIT;
	struct deliver_result got = { .changed = true };

	put_dir(s->fd, "etc/.hostname.anteroot");
	assert_int_equal(file_as(s, "/etc/hostname", "x", 1, &how, &got, &r), -EISDIR);
	assert_string_equal(r.verb, "remove the old temporary file of");
	assert_false(is_there(s->fd, "etc/hostname"));
	/* With nothing to write it is in nobody's way. */
	put_text(s->fd, "etc/hostname", "x", 0644);
	assert_int_equal(file_as(s, "/etc/hostname", "x", 1, &how, &got, &r), 0);
	assert_false(got.changed);
}

/* Each call fails once: the old file is whole, no temporary file is left, nothing leaks. */
static void test_each_call_fails(void **state)
{
	static const int errors[] = { ENOSPC, EROFS, EIO };
	const struct scratch *s = *state;
	int before = fakesys_open_fds();
	unsigned int calls;
	bool changed;

	assert_int_equal(deliver(s, "/etc/hostname", "new", 0644, &changed), 0);
	calls = fakesys_calls();
	assert_int_equal(calls, 6);
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
		for (unsigned int nth = 1; nth <= calls; nth++) {
			put_text(s->fd, "etc/hostname", "old", 0644);
			fakesys_reset(s->path);
			fakesys_fail_nth(nth, errors[e]);
			assert_int_equal(deliver(s, "/etc/hostname", "new", 0644, &changed),
					 -errors[e]);
			assert_string_equal(get_text(s->fd, "etc/hostname"),
					    nth < calls ? "old" : "new");
			assert_false(is_there(s->fd, "etc/.hostname.anteroot"));
			assert_int_equal(fakesys_open_fds(), before);
		}
}

/* The power goes after each call: old or new, never torn, and the next boot clears up. */
static void test_power_cut(void **state)
{
	const struct scratch *s = *state;
	bool changed;

	for (unsigned int n = 0; n <= 6; n++) {
		const char *text;

		put_text(s->fd, "etc/hostname", "old", 0644);
		fakesys_reset(s->path);
		fakesys_cut_after(n);
		fakesys_short_writes(2);
		(void)deliver(s, "/etc/hostname", "new", 0644, &changed);
		text = get_text(s->fd, "etc/hostname");
		assert_true(strcmp(text, "old") == 0 || strcmp(text, "new") == 0);

		fakesys_reset(s->path);
		assert_int_equal(deliver(s, "/etc/hostname", "new", 0644, &changed), 0);
		assert_string_equal(get_text(s->fd, "etc/hostname"), "new");
		assert_false(is_there(s->fd, "etc/.hostname.anteroot"));
	}
}

static void test_mount_point(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0644, 0, NULL);
	struct reason r = REASON_INIT;
	char text[400];
	struct deliver_result got;

	fakesys_fail_match("renameat", EBUSY);
	assert_int_equal(file_as(s, "/etc/hostname", "x", 1, &how, &got, &r), -EBUSY);
	assert_string_equal(reason_render(&r, text, sizeof(text)),
			    "unable to replace /etc/hostname: something is mounted on it");
	assert_false(is_there(s->fd, "etc/.hostname.anteroot"));
}

static void test_directory_sync_unsupported(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	fakesys_fail_match("fsync /etc", EINVAL);
	assert_int_equal(deliver(s, "/etc/hostname", "x", 0644, &changed),
			 -EINVAL); /* the file's own */
	fakesys_reset(s->path);
	fakesys_fail_nth(6, EINVAL);
	assert_int_equal(deliver(s, "/etc/hostname", "x", 0644, &changed), 0);
	assert_true(changed);
}

static void test_dir(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(02755, 0, NULL);
	struct deliver_result got = { .changed = false };

	assert_int_equal(dir_as(s, "/var/log/journal", &how, &got, NULL), 0);
	assert_true(got.changed);
	assert_int_equal(fakesys_count("fsync "), 0); /* it is made again where it is lost */
	assert_int_equal(get_mode(s->fd, "var/log/journal"), 02755);
	assert_int_equal(get_mode(s->fd, "var/log"), 0755);
	assert_true(fakesys_find("mkdirat /var/log/journal 0700", 0) > 0);

	fakesys_reset(s->path);
	assert_int_equal(dir_as(s, "/var/log/journal", &how, &got, NULL), 0);
	assert_false(got.changed);
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(dir_as(s, "/var/log/journal/", &how, &got, NULL), 0);
	assert_false(got.changed);

	assert_int_equal(fchmodat(s->fd, "var/log/journal", 0700, 0), 0);
	assert_int_equal(dir_as(s, "/var/log/journal", &how, &got, NULL), 0);
	assert_true(got.changed);
	assert_int_equal(get_mode(s->fd, "var/log/journal"), 02755);
	assert_int_equal(fakesys_count("fchmod"), 1);

	assert_int_equal(fchmodat(s->fd, "var/log/journal", 0700, 0), 0);
	fakesys_fail_match("fchmod", EROFS);
	got.changed = false;
	assert_int_equal(dir_as(s, "/var/log/journal", &how, &got, NULL), -EROFS);
	assert_false(got.changed);
}

static void test_dir_errors(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0755, 0, NULL);
	struct reason r = REASON_INIT;
	struct deliver_result got = { .changed = false };

	put_text(s->fd, "etc/file", "x", 0644);
	assert_int_equal(dir_as(s, "/etc/file", &how, &got, &r), -ENOTDIR);
	assert_string_equal(r.object, "/etc/file");
	put_link(s->fd, "etc/nowhere", "/none/at/all");
	assert_int_equal(dir_as(s, "/etc/nowhere", &how, &got, &r), -ENOTDIR);
	assert_string_equal(r.cause, "a link that leads nowhere is in its place");
	fakesys_fail_match("mkdirat", EROFS);
	assert_int_equal(dir_as(s, "/etc/a/b", &how, &got, &r), -EROFS);
	assert_string_equal(r.object, "/etc/a");
	assert_false(got.changed);

	/* Through a link inside the root is fine. */
	fakesys_reset(s->path);
	put_dir(s->fd, "data");
	put_link(s->fd, "etc/log", "/data");
	assert_int_equal(dir_as(s, "/etc/log/journal", &how, &got, &r), 0);
	assert_true(got.changed);
	assert_true(is_there(s->fd, "data/journal"));
}

static void test_dir_each_call_fails(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(02750, 0, NULL);
	int before = fakesys_open_fds();
	struct deliver_result got = { .changed = false };
	unsigned int calls;

	assert_int_equal(dir_as(s, "/a/b", &how, &got, NULL), 0);
	calls = fakesys_calls();
	for (unsigned int nth = 1; nth <= calls; nth++) {
		(void)unlinkat(s->fd, "a/b", AT_REMOVEDIR);
		(void)unlinkat(s->fd, "a", AT_REMOVEDIR);
		fakesys_reset(s->path);
		fakesys_fail_nth(nth, EIO);
		assert_int_equal(dir_as(s, "/a/b", &how, &got, NULL), -EIO);
		/* Again, as the next boot does. */
		assert_int_equal(dir_as(s, "/a/b", &how, &got, NULL), 0);
		assert_int_equal(get_mode(s->fd, "a/b"), 02750);
		assert_int_equal(fakesys_open_fds(), before);
	}
}

static int drop(const struct scratch *s, const char *path, bool *changed)
{
	const struct deliver_how how = how_to(0, 0, NULL);
	struct deliver_result result;
	int err = remove_as(s, path, &how, &result, NULL);

	if (err == 0)
		*changed = result.changed;
	return err;
}

static void test_remove(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	put_text(s->fd, "etc/a", "x", 0644);
	put_text(s->fd, "etc/.a.anteroot", "torn", 0644);
	assert_int_equal(drop(s, "/etc/a", &changed), 0);
	assert_true(changed);
	assert_false(is_there(s->fd, "etc/a"));
	assert_false(is_there(s->fd, "etc/.a.anteroot"));
	assert_int_equal(fakesys_find("fsync /etc", 0), 2);

	fakesys_reset(s->path);
	assert_int_equal(drop(s, "/etc/a", &changed), 0);
	assert_false(changed);
	assert_int_equal(drop(s, "/no/such/dir/a", &changed), 0);
	put_text(s->fd, "etc/file", "x", 0644);
	assert_int_equal(drop(s, "/etc/file/a", &changed), 0);
	assert_false(changed);
	assert_int_equal(fakesys_calls(), 0);
}

static void test_remove_errors(void **state)
{
	const struct scratch *s = *state;
	bool changed = false;

	put_dir(s->fd, "etc/dir");
	assert_int_equal(drop(s, "/etc/dir", &changed), -EISDIR);
	assert_int_equal(drop(s, "/", &changed), -EINVAL);
	put_text(s->fd, "etc/file", "whole", 0644);
	put_link(s->fd, "etc/link", "file");
	assert_int_equal(drop(s, "/etc/link", &changed), 0);
	assert_true(changed);
	assert_string_equal(get_text(s->fd, "etc/file"), "whole");
	fakesys_fail_match("unlinkat", EROFS);
	assert_int_equal(drop(s, "/etc/file", &changed), -EROFS);
	fakesys_reset(s->path);
	fakesys_fail_match("unlinkat", EBUSY);
	assert_int_equal(drop(s, "/etc/file", &changed), -EBUSY);
	fakesys_reset(s->path);
	fakesys_fail_match("fsync", EIO);
	assert_int_equal(drop(s, "/etc/file", &changed), -EIO);
}

/* The fake itself keeps away from everything outside its base. */
static void test_fake_stays_in_its_base(void **state)
{
	const struct scratch *s = *state;
	struct scratch outside;
	char path[300];
	int fd;

	scratch_make(&outside, NULL);
	put_text(outside.fd, "f", "whole", 0644);
	snprintf(path, sizeof(path), "%s/f", outside.path);
	fd = fakesys.open(AT_FDCWD, path, O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fakesys.write(fd, "x", 1), 1);
	assert_int_equal(fakesys.fchmod(fd, 0), 0);
	close(fd);
	assert_int_equal(fakesys.unlinkat(AT_FDCWD, path, 0), 0);
	put_link(s->fd, "out", outside.path);
	assert_int_equal(fakesys.unlinkat(s->fd, "out/f", 0), 0);
	assert_int_equal(fakesys.mkdirat(s->fd, "../escaped", 0755), 0);
	assert_string_equal(get_text(outside.fd, "f"), "whole");
	assert_int_equal(get_mode(outside.fd, "f"), 0644);
	assert_false(is_there(s->fd, "../escaped"));
	assert_int_equal(fakesys_calls(), 6);
	scratch_remove(&outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVERY(test_new_file),
		DELIVERY(test_unchanged_writes_nothing),
		DELIVERY(test_any_difference_is_written),
		DELIVERY(test_large_content),
		DELIVERY(test_other_owner_is_written),
		DELIVERY(test_umask_does_not_matter),
		DELIVERY(test_parents_are_made),
		DELIVERY(test_links_in_parents_stay_inside),
		DELIVERY(test_what_is_in_the_way),
		DELIVERY(test_bad_paths),
		DELIVERY(test_longest_name),
		DELIVERY(test_leftover_is_removed),
		DELIVERY(test_leftover_that_cannot_go),
		DELIVERY(test_each_call_fails),
		DELIVERY(test_power_cut),
		DELIVERY(test_mount_point),
		DELIVERY(test_directory_sync_unsupported),
		DELIVERY(test_dir),
		DELIVERY(test_dir_errors),
		DELIVERY(test_dir_each_call_fails),
		DELIVERY(test_remove),
		DELIVERY(test_remove_errors),
		DELIVERY(test_fake_stays_in_its_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
