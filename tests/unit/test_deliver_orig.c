/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lib/deliver.c: the image's file waits until ours goes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/digest.h"
#include "tests/unit/delivery.h"

#define PATH "/etc/logo"
#define NAME "etc/logo"
#define ORIG "etc/.logo.anteroot-orig"
#define KEPT "etc/.logo.anteroot-kept"

static struct deliver_result got;
static struct reason reason;

static int put(const struct scratch *s, const char *text, const char *known)
{
	const struct deliver_how how = how_to(0644, DELIVER_KEEP | DELIVER_ORIG, known);

	fakesys_reset(s->path);
	return file_as(s, PATH, text, strlen(text), &how, &got, &reason);
}

static int drop(const struct scratch *s, unsigned int flags, const char *known)
{
	const struct deliver_how how = how_to(0, flags | DELIVER_ORIG, known);

	fakesys_reset(s->path);
	return remove_as(s, PATH, &how, &got, &reason);
}

static const char *sha1(const char *text)
{
	static char hex[DIGEST_SHA1_HEX];

	digest_sha1(text, strlen(text), hex);
	return hex;
}

/* Our names in /etc. */
static unsigned int count_ours(const struct scratch *s)
{
	DIR *dir = fdopendir(openat(s->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned int n = 0;

	assert_non_null(dir);
	for (const struct dirent *de = readdir(dir); de; de = readdir(dir))
		n += strstr(de->d_name, ".anteroot") != NULL;
	closedir(dir);
	return n;
}

static void test_there_and_back(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, NAME, "image's", 0600);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_true(got.changed);
	assert_false(got.restored);
	assert_string_equal(got.kept, "");
	assert_string_equal(fakesys_log(), "linkat /etc/logo /etc/.logo.anteroot-orig\n"
					   "open /etc/.logo.anteroot 0600\n"
					   "fchmod /etc/.logo.anteroot 0644\n"
					   "write /etc/.logo.anteroot 4\n"
					   "fsync /etc/.logo.anteroot\n"
					   "renameat /etc/.logo.anteroot /etc/logo\n"
					   "fsync /etc\n");
	assert_string_equal(get_text(s->fd, NAME), "ours");
	assert_string_equal(get_text(s->fd, ORIG), "image's");
	assert_int_equal(count_ours(s), 1);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_false(got.changed);
	assert_int_equal(fakesys_calls(), 0);
	/* Second content: ours is not kept, and no image's. */
	assert_int_equal(put(s, "newer", sha1("ours")), 0);
	assert_true(got.changed);
	assert_string_equal(got.kept, "");
	assert_string_equal(get_text(s->fd, ORIG), "image's");
	assert_int_equal(count_ours(s), 1);

	assert_int_equal(drop(s, 0, sha1("newer")), 0);
	assert_true(got.changed && got.restored && !got.left);
	assert_string_equal(fakesys_log(), "renameat /etc/.logo.anteroot-orig /etc/logo\n"
					   "fsync /etc\n");
	assert_string_equal(get_text(s->fd, NAME), "image's");
	assert_int_equal(get_mode(s->fd, NAME), 0600);
	assert_int_equal(count_ours(s), 0);
	/* Now it is nobody's that we know. */
	assert_int_equal(drop(s, 0, sha1("newer")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_int_equal(fakesys_calls(), 0);
}

/* The owner wants just what the image has: nobody could tell later whose it is. */
static void test_as_wanted(void **state)
{
	static const unsigned int modes[] = { 0644, 0600 };
	const struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		put_text(s->fd, NAME, "same", modes[i]);
		assert_int_equal(put(s, "same", sha1("same")), 0);
		assert_true(got.changed == (i == 1));
		assert_string_equal(got.kept, "");
		if (i == 0)
			assert_string_equal(fakesys_log(),
					    "linkat /etc/logo /etc/.logo.anteroot-orig\n"
					    "fsync /etc\n");
		assert_int_equal(get_mode(s->fd, ORIG), modes[i]);
		assert_int_equal(put(s, "same", sha1("same")), 0);
		assert_false(got.changed);
		assert_int_equal(fakesys_calls(), 0);
		assert_int_equal(drop(s, 0, sha1("same")), 0);
		assert_true(got.changed && got.restored && !got.left);
		if (i == 0)
			assert_string_equal(fakesys_log(), "unlinkat /etc/.logo.anteroot-orig 0\n"
							   "fsync /etc\n");
		assert_string_equal(get_text(s->fd, NAME), "same");
		assert_int_equal(get_mode(s->fd, NAME), modes[i]);
		assert_int_equal(count_ours(s), 0);
	}
	/* Later something else is wanted: one inode needs no kept name. */
	assert_int_equal(put(s, "same", NULL), 0);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_string_equal(got.kept, "");
	assert_string_equal(get_text(s->fd, ORIG), "same");
	assert_int_equal(count_ours(s), 1);
}

static void test_sync_of_the_link_fails(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0644, DELIVER_ORIG, NULL);

	put_text(s->fd, NAME, "same", 0644);
	fakesys_fail_match("fsync /etc", EIO);
	assert_int_equal(file_as(s, PATH, "same", 4, &how, &got, &reason), -EIO);
	assert_string_equal(reason.verb, "sync the directory of");
	assert_string_equal(get_text(s->fd, NAME), "same");
}

static void test_nothing_was_there(void **state)
{
	const struct scratch *s = *state;

	assert_int_equal(put(s, "ours", NULL), 0);
	assert_int_equal(count_ours(s), 0);
	/* Then the flag is not true, and what is there counts as the image's, come back already. */
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_string_equal(get_text(s->fd, NAME), "ours");
	assert_int_equal(fakesys_calls(), 0);
	/* Nor the directory. */
	{
		const struct deliver_how how = how_to(0, DELIVER_ORIG, NULL);

		assert_int_equal(remove_as(s, "/none/logo", &how, &got, NULL), 0);
	}
	assert_false(got.changed || got.restored);
}

/* Ours was removed by somebody, or a power cut came between two renames. */
static void test_only_the_images(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, ORIG, "image's", 0644);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.changed && got.restored);
	assert_string_equal(get_text(s->fd, NAME), "image's");
	assert_int_equal(count_ours(s), 0);
	/* Or ours is wanted again. */
	assert_int_equal(renameat(s->fd, NAME, s->fd, ORIG), 0);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_string_equal(get_text(s->fd, NAME), "ours");
	assert_string_equal(get_text(s->fd, ORIG), "image's");
	/* Without the flag nobody looks. */
	{
		const struct deliver_how how = how_to(0, 0, NULL);

		assert_int_equal(remove_as(s, PATH, &how, &got, NULL), 0);
	}
	assert_false(got.restored);
	assert_false(is_there(s->fd, NAME));
	assert_true(is_there(s->fd, ORIG));
}

static void test_somebody_elses(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, NAME, "image's", 0644);
	assert_int_equal(put(s, "ours", NULL), 0);
	put_text(s->fd, NAME, "theirs", 0644);
	assert_int_equal(put(s, "ours", sha1("ours")), 0);
	assert_string_equal(got.kept, ".logo.anteroot-kept");
	assert_string_equal(get_text(s->fd, KEPT), "theirs");
	assert_string_equal(get_text(s->fd, ORIG), "image's");
	/* Theirs stays, and the image's waits. */
	put_text(s->fd, NAME, "theirs", 0644);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_int_equal(fakesys_calls(), 0);
	assert_string_equal(get_text(s->fd, ORIG), "image's");
	assert_int_equal(drop(s, DELIVER_KEEP, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	/* No list: nothing is known. */
	assert_int_equal(drop(s, 0, NULL), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_int_equal(fakesys_calls(), 0);
	/* Without the image's file under its name, what is there is the image's. */
	assert_int_equal(unlinkat(s->fd, ORIG, 0), 0);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	put_text(s->fd, NAME, "others'", 0644);
	assert_int_equal(drop(s, DELIVER_KEEP, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_int_equal(drop(s, 0, NULL), 0);
	assert_true(got.left);
	assert_string_equal(get_text(s->fd, NAME), "others'");
}

/* The power went between the restore and whoever should have remembered it: the image's file, which has our
 * content, is not taken away by the next call. */
static void test_restored_twice(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, NAME, "ours", 0644);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.restored);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left && !got.changed);
	assert_string_equal(get_text(s->fd, NAME), "ours");
	assert_int_equal(count_ours(s), 0);
}

/* A tool writes the image's content into the place at every boot. */
static void test_written_again(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, NAME, "image's", 0600);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(put(s, "ours", NULL), 0);
		assert_string_equal(got.kept, "");
		assert_int_equal(count_ours(s), 1);
		put_text(s->fd, NAME, "image's", 0644);
	}
	assert_int_equal(drop(s, DELIVER_KEEP, sha1("ours")), 0);
	assert_true(got.restored && !got.left);
	assert_string_equal(got.kept, "");
	assert_int_equal(get_mode(s->fd, NAME), 0600);
	assert_int_equal(count_ours(s), 0);
}

static void expect_kind(const struct scratch *s, mode_t type)
{
	assert_int_equal(put(s, "ours", sha1("")), 0);
	assert_string_equal(got.kept, "");
	assert_int_equal(type_of(s, NAME), S_IFREG);
	assert_int_equal(type_of(s, ORIG), type);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_int_equal(fakesys_calls(), 0);
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.restored);
	assert_int_equal(type_of(s, NAME), type);
	assert_int_equal(count_ours(s), 0);
	assert_int_equal(unlinkat(s->fd, NAME, 0), 0);
}

/* None of these is opened or followed. */
static void test_all_kinds(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/target", "ours", 0644);
	put_link(s->fd, NAME, "target");
	expect_kind(s, S_IFLNK);
	put_link(s->fd, NAME, "nowhere");
	expect_kind(s, S_IFLNK);
	assert_int_equal(mkfifoat(s->fd, NAME, 0644), 0);
	expect_kind(s, S_IFIFO);
	assert_int_equal(mknodat(s->fd, NAME, S_IFSOCK | 0600, 0), 0);
	expect_kind(s, S_IFSOCK);
	assert_string_equal(get_text(s->fd, "etc/target"), "ours");
	put_dir(s->fd, NAME);
	assert_int_equal(put(s, "ours", NULL), -EISDIR);
	assert_int_equal(drop(s, 0, NULL), -EISDIR);
	put_text(s->fd, ORIG, "image's", 0644);
	assert_int_equal(drop(s, 0, NULL), -EISDIR);
	assert_int_equal(fakesys_calls(), 0);
}

/* Somebody has taken the image's name. */
static void test_the_name_is_taken(void **state)
{
	const struct scratch *s = *state;

	put_dir(s->fd, ORIG);
	put_text(s->fd, NAME, "image's", 0644);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".logo.anteroot-kept");
	assert_string_equal(get_text(s->fd, KEPT), "image's");
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.left && !got.changed && !got.restored);
	assert_int_equal(type_of(s, ORIG), S_IFDIR);
	assert_int_equal(unlinkat(s->fd, NAME, 0), 0);
	assert_int_equal(unlinkat(s->fd, ORIG, AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(s->fd, KEPT, 0), 0);

	/* A link is a file like others: it is moved, not followed. */
	put_text(s->fd, "etc/victim", "whole", 0600);
	put_link(s->fd, ORIG, "victim");
	put_text(s->fd, NAME, "whole", 0644);
	assert_int_equal(put(s, "ours", NULL), 0);
	assert_string_equal(got.kept, ".logo.anteroot-kept");
	assert_int_equal(drop(s, 0, sha1("ours")), 0);
	assert_true(got.restored);
	assert_int_equal(type_of(s, NAME), S_IFLNK);
	assert_string_equal(get_text(s->fd, "etc/victim"), "whole");
}

static void test_longest_names(void **state)
{
	const struct deliver_how how = how_to(0644, DELIVER_KEEP | DELIVER_ORIG, NULL);
	const struct scratch *s = *state;
	char path[NAME_MAX + 10] = "/etc/", orig[NAME_MAX + 10] = "etc/.";

	for (size_t len = NAME_MAX - 16; len <= NAME_MAX; len++) {
		size_t cut = len < NAME_MAX - 15 ? len : NAME_MAX - 15;

		memset(path + 5, 'r', len);
		path[5 + len] = '\0';
		memset(orig + 5, 'r', cut);
		strcpy(orig + 5 + cut, ".anteroot-orig");
		put_text(s->fd, path + 1, "image's", 0644);
		assert_int_equal(file_as(s, path, "ours", 4, &how, &got, NULL), 0);
		assert_string_equal(got.kept, "");
		assert_string_equal(get_text(s->fd, orig), "image's");
		assert_string_equal(get_text(s->fd, path + 1), "ours");
		{
			const struct deliver_how gone = how_to(0, DELIVER_ORIG, sha1("ours"));

			assert_int_equal(remove_as(s, path, &gone, &got, NULL), 0);
		}
		assert_true(got.restored);
		assert_string_equal(get_text(s->fd, path + 1), "image's");
		assert_int_equal(count_ours(s), 0);
	}
}

/* Nothing can have two names. */
static void test_no_hard_links(void **state)
{
	static const int errors[] = { EPERM, EOPNOTSUPP, EMLINK };
	const struct deliver_how how = how_to(0644, DELIVER_ORIG, NULL);
	const struct scratch *s = *state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(errors); i++) {
		const char *image = i % 2 ? "ours" : "image's";

		put_text(s->fd, NAME, image, 0644);
		fakesys_reset(s->path);
		fakesys_fail_match("linkat", errors[i / 2]);
		assert_int_equal(file_as(s, PATH, "ours", 4, &how, &got, NULL), 0);
		assert_true(got.changed == (i % 2 == 0));
		assert_string_equal(get_text(s->fd, NAME), "ours");
		assert_string_equal(get_text(s->fd, ORIG), image);
		assert_int_equal(count_ours(s), 1);
		fakesys_reset(s->path);
		assert_int_equal(file_as(s, PATH, "ours", 4, &how, &got, NULL), 0);
		assert_int_equal(fakesys_calls(), 0);
		assert_int_equal(drop(s, 0, sha1("ours")), 0);
		assert_true(got.restored);
		assert_string_equal(get_text(s->fd, NAME), image);
		assert_int_equal(count_ours(s), 0);
	}
}

/* Something is mounted on the image's name. */
static void test_cannot_restore(void **state)
{
	const struct scratch *s = *state;
	const struct deliver_how how = how_to(0, DELIVER_ORIG, sha1("ours"));

	put_text(s->fd, NAME, "image's", 0644);
	assert_int_equal(put(s, "ours", NULL), 0);
	fakesys_reset(s->path);
	fakesys_fail_match("renameat", EBUSY);
	assert_int_equal(remove_as(s, PATH, &how, &got, &reason), -EBUSY);
	assert_string_equal(reason.verb, "restore");
	assert_string_equal(get_text(s->fd, NAME), "ours");
	assert_string_equal(get_text(s->fd, ORIG), "image's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVERY(test_there_and_back),	       DELIVERY(test_as_wanted),
		DELIVERY(test_sync_of_the_link_fails), DELIVERY(test_nothing_was_there),
		DELIVERY(test_only_the_images),	       DELIVERY(test_somebody_elses),
		DELIVERY(test_written_again),	       DELIVERY(test_all_kinds),
		DELIVERY(test_restored_twice),	       DELIVERY(test_the_name_is_taken),
		DELIVERY(test_longest_names),	       DELIVERY(test_no_hard_links),
		DELIVERY(test_cannot_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
