/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lib/deliver.c: files of somebody else are kept aside, or left. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/sysmacros.h>

#include "lib/digest.h"
#include "tests/unit/delivery.h"
#include "tests/unit/intercept.h"

#define PATH "/etc/ca.crt"
#define KEPT "etc/.ca.crt.anteroot-kept"

static struct deliver_result got;
static struct reason reason;
static char message[400];

/* Delivers over what is there, keeping it. */
static int keep(const struct scratch *s, const char *text, const char *known)
{
	const struct deliver_how how = how_to(0644, DELIVER_KEEP, known);

	return file_as(s, PATH, text, strlen(text), &how, &got, &reason);
}

static const char *said(void)
{
	return reason_render(&reason, message, sizeof(message));
}

static const char *sha1(const char *text)
{
	static char hex[DIGEST_SHA1_HEX];

	digest_sha1(text, strlen(text), hex);
	return hex;
}

/* Names in /etc that start so. */
static unsigned int count_names(const struct scratch *s, const char *start)
{
	int fd = openat(s->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	unsigned int n = 0;

	assert_non_null(dir);
	for (const struct dirent *de = readdir(dir); de; de = readdir(dir))
		n += strncmp(de->d_name, start, strlen(start)) == 0;
	closedir(dir);
	return n;
}

/* The second name is there before the first one changes hands. */
static void test_order(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/ca.crt", "theirs", 0600);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_true(got.changed);
	assert_false(got.left);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	assert_string_equal(fakesys_log(), "linkat /etc/ca.crt /etc/.ca.crt.anteroot-kept\n"
					   "open /etc/.ca.crt.anteroot 0600\n"
					   "fchmod /etc/.ca.crt.anteroot 0644\n"
					   "write /etc/.ca.crt.anteroot 4\n"
					   "fsync /etc/.ca.crt.anteroot\n"
					   "renameat /etc/.ca.crt.anteroot /etc/ca.crt\n"
					   "fsync /etc\n");
	assert_string_equal(get_text(s->fd, "etc/ca.crt"), "ours");
	assert_string_equal(get_text(s->fd, KEPT), "theirs");
	assert_int_equal(get_mode(s->fd, KEPT), 0600);

	fakesys_reset(s->path);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_false(got.changed);
	assert_string_equal(got.kept, "");
	assert_int_equal(fakesys_calls(), 0);
}

static void test_nothing_to_keep(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_true(got.changed);
	/* Only owner or mode differ: no content is lost. */
	assert_int_equal(fchmodat(s->fd, "etc/ca.crt", 0600, 0), 0);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_true(got.changed);
	assert_int_equal(get_mode(s->fd, "etc/ca.crt"), 0644);
	/* Without the flag nothing is kept, as ever. */
	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	{
		const struct deliver_how how = how_to(0644, 0, NULL);

		assert_int_equal(file_as(s, PATH, "ours", 4, &how, &got, NULL), 0);
	}
	assert_true(got.changed);
	assert_string_equal(got.kept, "");
	assert_int_equal(fakesys_count("linkat"), 0);
	assert_int_equal(count_names(s, ".ca"), 0);
}

static void expect_known(const struct scratch *s, const char *known, bool is)
{
	put_text(s->fd, "etc/ca.crt", "earlier", 0644);
	assert_int_equal(keep(s, "ours", known), 0);
	assert_true(got.changed);
	assert_string_equal(got.kept, is ? "" : ".ca.crt.anteroot-kept");
	assert_true(is_there(s->fd, KEPT) != is);
	(void)unlinkat(s->fd, KEPT, 0);
}

static void test_known(void **state)
{
	const struct scratch *s = *state;
	char hex[DIGEST_SHA1_HEX], other[DIGEST_SHA1_HEX], words[200];

	snprintf(hex, sizeof(hex), "%s", sha1("earlier"));
	assert_string_equal(hex, "f12e996adf405952c9666956e73952681bc053d8");
	snprintf(other, sizeof(other), "%s", sha1("other"));
	expect_known(s, hex, true);
	snprintf(words, sizeof(words), "%s %s", other, hex);
	expect_known(s, words, true);
	snprintf(words, sizeof(words), "%s %s", hex, other);
	expect_known(s, words, true);
	expect_known(s, other, false);
	expect_known(s, "", false);
	expect_known(s, NULL, false);
	/* Lists that somebody has damaged are not misread. */
	snprintf(words, sizeof(words), "%.39s", hex);
	expect_known(s, words, false);
	snprintf(words, sizeof(words), "%sa", hex);
	expect_known(s, words, false);
	snprintf(words, sizeof(words), "  %s  %s ", other, hex);
	expect_known(s, words, true);
	expect_known(s, "   ", false);
}

/* Nobody holds it in memory. */
static void test_known_of_a_large_file(void **state)
{
	const struct scratch *s = *state;
	static char data[(4 << 20) + 1];
	char hex[DIGEST_SHA1_HEX];

	memset(data, 'x', sizeof(data));
	digest_sha1(data, sizeof(data), hex);
	put_bytes(s->fd, "etc/ca.crt", data, sizeof(data), 0644);
	refuse_memory(4096, SIZE_MAX);
	assert_int_equal(keep(s, "ours", hex), 0);
	intercept_reset();
	assert_true(got.changed);
	assert_string_equal(got.kept, "");
	/* One byte is missing. */
	put_bytes(s->fd, "etc/ca.crt", data, sizeof(data) - 1, 0644);
	assert_int_equal(keep(s, "ours", hex), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	assert_int_equal(unlinkat(s->fd, KEPT, 0), 0);
	put_bytes(s->fd, "etc/ca.crt", data, sizeof(data), 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	/* As large, and it is kept already. */
	fakesys_reset(s->path);
	put_bytes(s->fd, "etc/ca.crt", data, sizeof(data), 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	assert_int_equal(fakesys_count("linkat"), 0);
	/* The last byte differs. */
	data[sizeof(data) - 1] = 'y';
	put_bytes(s->fd, "etc/ca.crt", data, sizeof(data), 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept1");
}

/* What cannot be read is not known, and not the same as anything: it is kept. */
static void test_unreadable(void **state)
{
	const struct scratch *s = *state;
	char hex[DIGEST_SHA1_HEX];
	int fds = fakesys_open_fds();

	snprintf(hex, sizeof(hex), "%s", sha1("theirs"));
	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	fail_open("ca.crt", 1, EIO);
	assert_int_equal(keep(s, "ours", hex), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	fail_open(".ca.crt.anteroot-kept", 1, EACCES);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept1");
	/* One inode under both names needs no reading. */
	assert_int_equal(linkat(s->fd, KEPT, s->fd, "etc/again", 0), 0);
	assert_int_equal(renameat(s->fd, "etc/again", s->fd, "etc/ca.crt"), 0);
	fail_open(".ca.crt.anteroot-kept", 1, EIO);
	assert_int_equal(keep(s, "ours", NULL), 0);
	intercept_reset();
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	assert_int_equal(fakesys_open_fds(), fds);
}

static void test_kept_once(void **state)
{
	const struct scratch *s = *state;

	for (int i = 0; i < 3; i++) {
		put_text(s->fd, "etc/ca.crt", "theirs", 0644);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
		assert_string_equal(get_text(s->fd, "etc/ca.crt"), "ours");
	}
	assert_int_equal(fakesys_count("linkat"), 1);
	assert_int_equal(count_names(s, ".ca"), 1);
	assert_string_equal(get_text(s->fd, KEPT), "theirs");
}

static void test_names_that_are_taken(void **state)
{
	const struct scratch *s = *state;
	char name[64], text[8];

	/* By things that are not to be opened, or followed, or entered. */
	assert_int_equal(mkfifoat(s->fd, KEPT, 0644), 0);
	put_dir(s->fd, KEPT "1");
	put_text(s->fd, "etc/same", "theirs", 0644);
	put_link(s->fd, KEPT "2", "same");
	for (unsigned int i = 3; i <= 9; i++) {
		put_text(s->fd, "etc/ca.crt", i == 3 ? "theirs" : text, 0644);
		assert_int_equal(keep(s, "ours", NULL), 0);
		snprintf(name, sizeof(name), ".ca.crt.anteroot-kept%u", i);
		assert_string_equal(got.kept, name);
		snprintf(name, sizeof(name), KEPT "%u", i);
		assert_string_equal(get_text(s->fd, name), i == 3 ? "theirs" : text);
		snprintf(text, sizeof(text), "text%u", i);
	}
	/* All ten are: the last one gives way, whenever there is something new. */
	for (unsigned int i = 11; i < 14; i++) {
		snprintf(text, sizeof(text), "text%u", i);
		put_text(s->fd, "etc/ca.crt", text, 0644);
		fakesys_reset(s->path);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept9");
		assert_string_equal(get_text(s->fd, KEPT "9"), text);
		assert_string_equal(get_text(s->fd, "etc/ca.crt"), "ours");
		assert_string_equal(get_text(s->fd, KEPT "8"), "text7");
		assert_string_equal(fakesys_line(0), "linkat /etc/ca.crt /etc/.ca.crt.anteroot");
		assert_string_equal(fakesys_line(1), "renameat /etc/.ca.crt.anteroot "
						     "/etc/.ca.crt.anteroot-kept9");
		fakesys_reset(s->path);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_int_equal(fakesys_calls(), 0);
	}
	assert_int_equal(count_names(s, ".ca"), 10);
	/* One of the ten has the content. */
	put_text(s->fd, "etc/ca.crt", "text5", 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept6");
	/* One is removed: its name is free, but only for what is kept nowhere. */
	assert_int_equal(unlinkat(s->fd, KEPT "4", 0), 0);
	put_text(s->fd, "etc/ca.crt", "text5", 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept6");
	put_text(s->fd, "etc/ca.crt", "the eleventh", 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept4");
}

static void expect_kept_as(const struct scratch *s, mode_t type)
{
	assert_int_equal(type_of(s, "etc/ca.crt"), type);
	(void)unlinkat(s->fd, KEPT, 0);
	assert_int_equal(keep(s, "ours", sha1("ours")), 0);
	assert_true(got.changed);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
	assert_int_equal(type_of(s, KEPT), type);
	assert_int_equal(type_of(s, "etc/ca.crt"), S_IFREG);
	assert_int_equal(count_names(s, ".ca"), 1);
	assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
}

/* None of these is opened or followed. A link counts as itself, also when it leads to a known file. */
static void test_all_kinds(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/target", "ours", 0644);
	put_link(s->fd, "etc/ca.crt", "target");
	expect_kept_as(s, S_IFLNK);
	put_link(s->fd, "etc/ca.crt", "nowhere");
	expect_kept_as(s, S_IFLNK);
	put_link(s->fd, "etc/ca.crt", "ca.crt");
	expect_kept_as(s, S_IFLNK);
	assert_int_equal(mkfifoat(s->fd, "etc/ca.crt", 0644), 0);
	expect_kept_as(s, S_IFIFO);
	assert_int_equal(mknodat(s->fd, "etc/ca.crt", S_IFSOCK | 0600, 0), 0);
	expect_kept_as(s, S_IFSOCK);
	if (geteuid() == 0 && mknodat(s->fd, "etc/ca.crt", S_IFCHR | 0600, makedev(1, 3)) == 0)
		expect_kept_as(s, S_IFCHR);
	assert_string_equal(get_text(s->fd, "etc/target"), "ours");
}

/* What is not a file is kept once, too. */
static void test_all_kinds_once(void **state)
{
	const struct scratch *s = *state;

	for (int i = 0; i < 2; i++) {
		put_link(s->fd, "etc/ca.crt", "one");
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
		assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	}
	for (int i = 0; i < 2; i++) {
		put_link(s->fd, "etc/ca.crt", "other");
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept1");
		assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mkfifoat(s->fd, "etc/ca.crt", 0644), 0);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept2");
		assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	}
	for (unsigned int i = 0; i < 4 && geteuid() == 0; i++) {
		const char *names[] = { ".ca.crt.anteroot-kept3", ".ca.crt.anteroot-kept4" };

		if (mknodat(s->fd, "etc/ca.crt", S_IFCHR | 0600, makedev(1, 3 + i / 2)) < 0)
			break;
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, names[i / 2]);
		assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	}
}

/* Rule names can fill a name: what is cut off may be all that tells two of them apart. */
static void test_longest_names(void **state)
{
	const struct deliver_how how = how_to(0644, DELIVER_KEEP, NULL);
	const struct scratch *s = *state;
	char path[NAME_MAX + 10] = "/etc/", kept[NAME_MAX + 10];

	memset(path + 5, 'r', NAME_MAX);
	for (unsigned int i = 0; i < 3; i++) {
		const char *ends[] = { "-kept", "-kept1", "-kept2" };
		const char text[] = { "abc"[i], '\0' };
		size_t len;

		path[5 + NAME_MAX - 1] = text[0];
		put_text(s->fd, path + 1, text, 0644);
		assert_int_equal(file_as(s, path, "ours", 4, &how, &got, NULL), 0);
		len = strlen(got.kept);
		assert_true(len <= NAME_MAX && len >= NAME_MAX - 1);
		assert_string_equal(got.kept + len - strlen(ends[i]), ends[i]);
		snprintf(kept, sizeof(kept), "etc/%s", got.kept);
		assert_string_equal(get_text(s->fd, kept), text);
		assert_string_equal(get_text(s->fd, path + 1), "ours");
	}
	assert_int_equal(count_names(s, ".r"), 3);
}

static void test_no_hard_links(void **state)
{
	static const int errors[] = { EPERM, EOPNOTSUPP, EMLINK };
	const struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		put_text(s->fd, "etc/ca.crt", "theirs", 0644);
		fakesys_reset(s->path);
		fakesys_fail_match("linkat", errors[i]);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
		/* What is new is whole before the name is free. */
		assert_string_equal(fakesys_log(),
				    "linkat /etc/ca.crt /etc/.ca.crt.anteroot-kept\n"
				    "open /etc/.ca.crt.anteroot 0600\n"
				    "fchmod /etc/.ca.crt.anteroot 0644\n"
				    "write /etc/.ca.crt.anteroot 4\n"
				    "fsync /etc/.ca.crt.anteroot\n"
				    "renameat /etc/ca.crt /etc/.ca.crt.anteroot-kept\n"
				    "renameat /etc/.ca.crt.anteroot /etc/ca.crt\n"
				    "fsync /etc\n");
		assert_string_equal(get_text(s->fd, KEPT), "theirs");
		assert_string_equal(get_text(s->fd, "etc/ca.crt"), "ours");
		assert_int_equal(unlinkat(s->fd, KEPT, 0), 0);
	}
	assert_int_equal(count_names(s, ".ca"), 0);
}

/* The rename of the new one fails: what was there has its name again. */
static void test_no_hard_links_and_no_rename(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	fakesys_fail_match("linkat", EPERM);
	fakesys_fail_match("renameat /etc/.ca.crt.anteroot /etc/ca.crt", EIO);
	assert_int_equal(keep(s, "ours", NULL), -EIO);
	assert_string_equal(get_text(s->fd, "etc/ca.crt"), "theirs");
	assert_int_equal(count_names(s, ".ca"), 0);
	/* An immutable file can be neither linked nor renamed. */
	fakesys_reset(s->path);
	fakesys_fail_match("linkat", EPERM);
	fakesys_fail_match("renameat", EPERM);
	assert_int_equal(keep(s, "ours", NULL), -EPERM);
	assert_string_equal(said(), "unable to keep aside /etc/ca.crt: it is immutable");
	assert_string_equal(get_text(s->fd, "etc/ca.crt"), "theirs");
	assert_int_equal(count_names(s, ".ca"), 0);
	/* Other errors are no reason to take the name away. */
	fakesys_reset(s->path);
	fakesys_fail_match("linkat", ENOSPC);
	assert_int_equal(keep(s, "ours", NULL), -ENOSPC);
	assert_int_equal(fakesys_calls(), 1);
}

/* Nor are there names left. */
static void test_no_hard_links_and_no_names(void **state)
{
	const struct scratch *s = *state;
	char text[8];

	for (unsigned int i = 0; i < 12; i++) {
		snprintf(text, sizeof(text), "text%u", i);
		put_text(s->fd, "etc/ca.crt", text, 0644);
		fakesys_reset(s->path);
		fakesys_fail_match("linkat", EPERM);
		assert_int_equal(keep(s, "ours", NULL), 0);
		assert_string_equal(get_text(s->fd, "etc/ca.crt"), "ours");
	}
	assert_int_equal(count_names(s, ".ca"), 10);
	assert_string_equal(get_text(s->fd, KEPT "8"), "text8");
	assert_string_equal(get_text(s->fd, KEPT "9"), "text11");
}

static int drop(const struct scratch *s, unsigned int flags, const char *known)
{
	const struct deliver_how how = how_to(0, flags, known);

	fakesys_reset(s->path);
	return remove_as(s, PATH, &how, &got, &reason);
}

static void test_remove_known(void **state)
{
	static const unsigned int flags[] = { 0, DELIVER_KEEP };
	const struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		put_text(s->fd, "etc/ca.crt", "ours", 0644);
		assert_int_equal(drop(s, flags[i], sha1("ours")), 0);
		assert_true(got.changed);
		assert_false(got.left);
		assert_string_equal(got.kept, "");
		assert_false(is_there(s->fd, "etc/ca.crt"));
		assert_string_equal(fakesys_log(), "unlinkat /etc/ca.crt 0\nfsync /etc\n");
	}
	assert_int_equal(count_names(s, ".ca"), 0);
}

static void test_remove_leaves_what_is_not_known(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left);
	assert_false(got.changed);
	assert_string_equal(got.kept, "");
	assert_int_equal(fakesys_calls(), 0);
	assert_string_equal(get_text(s->fd, "etc/ca.crt"), "theirs");
	/* A list of nothing: nothing there can be ours. */
	assert_int_equal(drop(s, 0, ""), 0);
	assert_true(got.left);
	/* No list: it goes, whoever's it is. */
	assert_int_equal(drop(s, 0, NULL), 0);
	assert_true(got.changed);
	assert_false(got.left);
	assert_false(is_there(s->fd, "etc/ca.crt"));
	/* Nothing there is nothing left. */
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_false(got.left || got.changed);

	put_text(s->fd, "etc/file", "ours", 0644);
	put_link(s->fd, "etc/ca.crt", "file");
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left);
	assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	assert_int_equal(mkfifoat(s->fd, "etc/ca.crt", 0644), 0);
	assert_int_equal(drop(s, 0, sha1("")), 0);
	assert_true(got.left);
}

static void test_remove_keeps(void **state)
{
	const struct scratch *s = *state;

	for (int i = 0; i < 2; i++) {
		put_text(s->fd, "etc/ca.crt", "theirs", 0640);
		assert_int_equal(drop(s, DELIVER_KEEP, i ? NULL : sha1("ours")), 0);
		assert_true(got.changed);
		assert_false(got.left);
		assert_string_equal(got.kept, ".ca.crt.anteroot-kept");
		assert_false(is_there(s->fd, "etc/ca.crt"));
		assert_string_equal(get_text(s->fd, KEPT), "theirs");
		/* The second time it is kept already. */
		assert_string_equal(fakesys_log(),
				    i ? "unlinkat /etc/ca.crt 0\nfsync /etc\n"
				      : "renameat /etc/ca.crt /etc/.ca.crt.anteroot-kept\n"
					"fsync /etc\n");
	}
	put_text(s->fd, "etc/ca.crt", "others'", 0640);
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept1");
	assert_string_equal(get_text(s->fd, KEPT "1"), "others'");
	/* One inode under both names: a rename of the one to the other would do nothing. */
	assert_int_equal(linkat(s->fd, KEPT, s->fd, "etc/ca.crt", 0), 0);
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), 0);
	assert_false(is_there(s->fd, "etc/ca.crt"));
	assert_string_equal(get_text(s->fd, KEPT), "theirs");

	put_link(s->fd, "etc/ca.crt", "/etc/shadow");
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), 0);
	assert_int_equal(type_of(s, KEPT "2"), S_IFLNK);
}

/* Whoever writes his keys at every boot is locked out at every boot. */
static void test_remove_never_runs_out(void **state)
{
	const struct scratch *s = *state;
	char text[8];

	for (unsigned int i = 0; i < 13; i++) {
		snprintf(text, sizeof(text), "text%u", i);
		put_text(s->fd, "etc/ca.crt", text, 0644);
		assert_int_equal(drop(s, DELIVER_KEEP, sha1("ours")), 0);
		assert_false(is_there(s->fd, "etc/ca.crt"));
		if (i >= 9) {
			assert_string_equal(got.kept, ".ca.crt.anteroot-kept9");
			assert_string_equal(get_text(s->fd, KEPT "9"), text);
		}
	}
	assert_int_equal(count_names(s, ".ca"), 10);
	assert_string_equal(get_text(s->fd, KEPT), "text0");
	assert_string_equal(get_text(s->fd, KEPT "8"), "text8");
	/* A directory cannot give way: the one before it does. */
	assert_int_equal(unlinkat(s->fd, KEPT "9", 0), 0);
	put_dir(s->fd, KEPT "9");
	put_text(s->fd, "etc/ca.crt", "one", 0644);
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept8");
	put_text(s->fd, "etc/ca.crt", "two", 0644);
	assert_int_equal(keep(s, "ours", NULL), 0);
	assert_string_equal(get_text(s->fd, KEPT "8"), "two");
	/* A name that is free comes first. */
	assert_int_equal(unlinkat(s->fd, KEPT "4", 0), 0);
	put_text(s->fd, "etc/ca.crt", "three", 0644);
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), 0);
	assert_string_equal(got.kept, ".ca.crt.anteroot-kept4");
}

static void test_remove_cannot_keep(void **state)
{
	const struct scratch *s = *state;
	char name[64];

	put_dir(s->fd, KEPT);
	for (unsigned int i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), KEPT "%u", i);
		put_dir(s->fd, name);
	}
	put_text(s->fd, "etc/ca.crt", "theirs", 0644);
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), -EEXIST);
	assert_string_equal(said(), "unable to keep aside /etc/ca.crt: "
				    "all its names are taken by directories");
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(keep(s, "ours", NULL), -EEXIST);
	assert_int_equal(fakesys_calls(), 0);
	assert_string_equal(get_text(s->fd, "etc/ca.crt"), "theirs");
	assert_int_equal(unlinkat(s->fd, "etc/ca.crt", 0), 0);
	put_dir(s->fd, "etc/ca.crt");
	assert_int_equal(drop(s, DELIVER_KEEP, NULL), -EISDIR);
	assert_int_equal(drop(s, 0, ""), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVERY(test_order),
		DELIVERY(test_nothing_to_keep),
		DELIVERY(test_known),
		DELIVERY(test_known_of_a_large_file),
		DELIVERY(test_unreadable),
		DELIVERY(test_kept_once),
		DELIVERY(test_names_that_are_taken),
		DELIVERY(test_all_kinds),
		DELIVERY(test_all_kinds_once),
		DELIVERY(test_longest_names),
		DELIVERY(test_no_hard_links),
		DELIVERY(test_no_hard_links_and_no_rename),
		DELIVERY(test_no_hard_links_and_no_names),
		DELIVERY(test_remove_known),
		DELIVERY(test_remove_leaves_what_is_not_known),
		DELIVERY(test_remove_keeps),
		DELIVERY(test_remove_never_runs_out),
		DELIVERY(test_remove_cannot_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
