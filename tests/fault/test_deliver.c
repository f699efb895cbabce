/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A file of somebody else is in a delivery's place. Every system call fails in turn, and the power goes
 * after every one: what was there has a name at every moment, and a boot without trouble ends the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/delivery.h"

#define KEPT ".conf.anteroot-kept"

enum former { FILE_OF_THEIRS, LINK, FIFO, FORMERS };

/* What is done to it. */
struct act {
	int (*run)(const struct scratch *s);
	bool removes;
};

static struct deliver_result result;

static int write_it(const struct scratch *s)
{
	const struct deliver_how how = how_to(0644, DELIVER_KEEP | DELIVER_ONE_FS, NULL);

	return file_as(s, "/etc/conf", "ours, longer", 12, &how, &result, NULL);
}

static int remove_it(const struct scratch *s)
{
	const struct deliver_how how = how_to(0, DELIVER_KEEP, NULL);

	return remove_as(s, "/etc/conf", &how, &result, NULL);
}

static const struct act acts[] = { { write_it, false }, { remove_it, true } };

static void put_former(const struct scratch *s, enum former former)
{
	fakesys_reset(NULL);
	(void)unlinkat(s->fd, "etc/conf", 0);
	(void)unlinkat(s->fd, "etc/" KEPT, 0);
	if (former == FILE_OF_THEIRS)
		put_text(s->fd, "etc/conf", "theirs", 0600);
	else if (former == LINK)
		put_link(s->fd, "etc/conf", "theirs");
	else
		assert_int_equal(mkfifoat(s->fd, "etc/conf", 0600), 0);
	put_text(s->fd, "etc/.conf.anteroot", "torn", 0600);
	fakesys_reset(s->path);
	fakesys_short_writes(5);
}

static bool is_former(const struct scratch *s, const char *path, enum former former)
{
	struct stat st;
	char text[16] = "";

	if (fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (former == FIFO)
		return S_ISFIFO(st.st_mode);
	if (former == FILE_OF_THEIRS)
		return S_ISREG(st.st_mode) && strcmp(get_text(s->fd, path), "theirs") == 0;
	return readlinkat(s->fd, path, text, sizeof(text)) == 6 && memcmp(text, "theirs", 6) == 0;
}

static bool is_ours(const struct scratch *s)
{
	struct stat st;

	return fstatat(s->fd, "etc/conf", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       strcmp(get_text(s->fd, "etc/conf"), "ours, longer") == 0;
}

static unsigned int count_names(const struct scratch *s)
{
	DIR *dir = fdopendir(openat(s->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unsigned int n = 0;

	assert_non_null(dir);
	for (const struct dirent *de = readdir(dir); de; de = readdir(dir))
		n += strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
	closedir(dir);
	return n;
}

/* At any moment. */
static void assert_nothing_lost(const struct scratch *s, const struct act *act, enum former former)
{
	if (!is_former(s, "etc/conf", former) && !is_former(s, "etc/" KEPT, former))
		fail_msg("what was there has no name; log:\n%s", fakesys_log());
	if (!act->removes && !is_former(s, "etc/conf", former) && !is_ours(s))
		fail_msg("the name is missing or torn; log:\n%s", fakesys_log());
}

/* The next boot, without trouble. */
static void assert_ends_well(const struct scratch *s, const struct act *act, enum former former)
{
	fakesys_reset(s->path);
	assert_int_equal(act->run(s), 0);
	assert_true(act->removes ? !is_there(s->fd, "etc/conf") : is_ours(s));
	assert_true(is_former(s, "etc/" KEPT, former));
	assert_int_equal(count_names(s), act->removes ? 1 : 2);
	/* And the one after that has nothing to do. */
	fakesys_reset(s->path);
	assert_int_equal(act->run(s), 0);
	assert_false(result.changed);
	assert_int_equal(fakesys_calls(), 0);
}

static unsigned int calls_of(const struct scratch *s, const struct act *act, enum former former)
{
	unsigned int calls;

	put_former(s, former);
	assert_int_equal(act->run(s), 0);
	assert_string_equal(result.kept, KEPT);
	calls = fakesys_calls();
	assert_true(calls >= 3);
	return calls;
}

static void fail_each(const struct scratch *s, const struct act *act, enum former former, int err)
{
	unsigned int calls = calls_of(s, act, former);
	int fds = fakesys_open_fds();

	for (unsigned int nth = 1; nth <= calls; nth++) {
		const char *line;
		int got;

		put_former(s, former);
		fakesys_fail_nth(nth, err);
		got = act->run(s);
		line = fakesys_line(nth - 1);
		/* Nobody minds a leftover beside a file that goes, and what cannot be linked is renamed. */
		if (got != -err && !(act->removes && strncmp(line, "unlinkat /etc/.", 15) == 0) &&
		    !(err == EPERM && strncmp(line, "linkat ", 7) == 0))
			fail_msg("call %u, \"%s\": %d", nth, line, got);
		assert_int_equal(fakesys_open_fds(), fds);
		assert_nothing_lost(s, act, former);
		if (nth > 1)
			assert_false(is_there(s->fd, "etc/.conf.anteroot"));
		assert_ends_well(s, act, former);
	}
}

static void test_each_call_fails(void **state)
{
	static const int errors[] = { EIO, ENOSPC, EROFS, EPERM };

	for (size_t a = 0; a < ARRAY_SIZE(acts); a++)
		for (enum former former = 0; former < FORMERS; former++)
			for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
				fail_each(*state, &acts[a], former, errors[e]);
}

/* Twice in a row, at any two places. */
static void test_power_cuts(void **state)
{
	const struct scratch *s = *state;

	for (size_t a = 0; a < ARRAY_SIZE(acts); a++)
		for (enum former former = 0; former < FORMERS; former++) {
			unsigned int calls = calls_of(s, &acts[a], former);

			for (unsigned int n = 0; n < calls * calls; n++) {
				put_former(s, former);
				fakesys_cut_after(n % calls);
				(void)acts[a].run(s);
				assert_nothing_lost(s, &acts[a], former);
				fakesys_reset(s->path);
				fakesys_cut_after(n / calls);
				(void)acts[a].run(s);
				assert_nothing_lost(s, &acts[a], former);
				assert_ends_well(s, &acts[a], former);
			}
		}
}

/* Their file comes back between two boots, as a tool that restores it does: it is kept once. */
static void test_restored_each_boot(void **state)
{
	const struct scratch *s = *state;

	put_former(s, FILE_OF_THEIRS);
	for (int i = 0; i < 12; i++) {
		(void)unlinkat(s->fd, "etc/conf", 0);
		put_text(s->fd, "etc/conf", "theirs", 0600);
		fakesys_reset(s->path);
		fakesys_cut_after((unsigned int)i);
		(void)write_it(s);
		assert_nothing_lost(s, &acts[0], FILE_OF_THEIRS);
		assert_ends_well(s, &acts[0], FILE_OF_THEIRS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_call_fails, delivery_setup_in_memory,
						delivery_teardown),
		cmocka_unit_test_setup_teardown(test_power_cuts, delivery_setup_in_memory,
						delivery_teardown),
		cmocka_unit_test_setup_teardown(test_restored_each_boot, delivery_setup_in_memory,
						delivery_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
