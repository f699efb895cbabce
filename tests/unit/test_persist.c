/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "lib/persist.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static int from, to;

static void make_trees(void)
{
	put_dir(s.fd, "from");
	put_dir(s.fd, "to");
	put_dir(s.fd, "from/etc");
	put_dir(s.fd, "from/etc/keys");
	put_dir(s.fd, "from/etc/keys/empty");
	put_dir(s.fd, "from/etc/keys/deep");
	put_text(s.fd, "from/etc/keys/rsa", "secret\n", 0600);
	put_text(s.fd, "from/etc/keys/rsa.pub", "public\n", 0644);
	put_text(s.fd, "from/etc/keys/deep/none", "", 0440);
	put_link(s.fd, "from/etc/keys/link", "/etc/passwd");
	assert_int_equal(0, mkfifoat(s.fd, "from/etc/keys/fifo", 0600));
	assert_int_equal(0, fchmodat(s.fd, "from/etc/keys/deep", 02750, 0));
	put_link(s.fd, "from/etc/one", "keys/rsa");
	put_link(s.fd, "from/etc/away", "/../../../../etc/passwd");
	from = openat(s.fd, "from", O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = openat(s.fd, "to", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(from >= 0 && to >= 0);
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, "/dev/shm");
	make_trees();
	fakesys_reset(s.path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fakesys_reset(NULL);
	close(from);
	close(to);
	scratch_remove(&s);
	return 0;
}

static int copy(const char *path, struct reason *r)
{
	return persist_copy(&fakesys, from, path, to, path, r);
}

static bool shell(const char *fmt)
{
	char command[1200];

	(void)snprintf(command, sizeof(command), "cd '%s' && %s", s.path, fmt);
	return system(command) == 0; /* NOLINT: names are our own */
}

/* Names, types, modes, links and contents, without what is left out. */
#define SAME                                                                                     \
	"rm -f from/etc/keys/fifo; test \"$(cd from/etc/keys && find . -printf '%P %M %l\\n' | " \
	"sort)\" = \"$(cd to/etc/keys && find . -printf '%P %M %l\\n' | sort)\" && diff -r "     \
	"--no-dereference from/etc/keys to/etc/keys >/dev/null"
#define NO_TEMPORARY "test -z \"$(find to -name '.*.anteroot')\""

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(0, copy("/etc/keys/rsa", NULL));
	assert_string_equal("secret\n", get_text(s.fd, "to/etc/keys/rsa"));
	assert_int_equal(0600, get_mode(s.fd, "to/etc/keys/rsa"));
	assert_int_equal(0755, get_mode(s.fd, "to/etc/keys"));
	assert_true(fakesys_find("fsync /to/etc/keys/.rsa.anteroot", 0) >= 0);
}

static void test_directory(void **state)
{
	(void)state;
	assert_int_equal(0, copy("/etc/keys", NULL));
	assert_false(is_there(s.fd, "to/etc/keys/fifo"));
	assert_true(shell(SAME));
	assert_true(shell(NO_TEMPORARY));
	assert_int_equal(02750, get_mode(s.fd, "to/etc/keys/deep"));
}

/* All that is in it is durable before it has its name, and then the name is. */
static void test_directory_is_durable(void **state)
{
	int renamed, deep, top;

	(void)state;
	assert_int_equal(0, copy("/etc/keys", NULL));
	renamed = fakesys_find("renameat /to/etc/.keys.anteroot /to/etc/keys", 0);
	deep = fakesys_find("fsync /to/etc/.keys.anteroot/deep", 0);
	top = renamed - 1;
	assert_true(deep >= 0 && top > deep && renamed > top);
	deep = fakesys_find("fsync /to/etc/.keys.anteroot/empty", 0);
	assert_true(deep >= 0 && deep < renamed);
	/* Of the whole, last of all. */
	assert_string_equal("fsync /to/etc/.keys.anteroot",
			    fakesys_line((unsigned int)renamed - 1));
	assert_true(fakesys_find("fsync /to/etc", (unsigned int)renamed) == renamed + 1);
}

/* What has the name wins, whatever it is. */
static void test_what_is_there_stays(void **state)
{
	(void)state;
	put_dir(s.fd, "to/etc");
	put_text(s.fd, "to/etc/keys", "own\n", 0600);
	assert_int_equal(0, copy("/etc/keys", NULL));
	assert_string_equal("own\n", get_text(s.fd, "to/etc/keys"));
	assert_int_equal(0, fakesys_calls());
}

static void test_link_stays_inside(void **state)
{
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(0, copy("/etc/one", NULL));
	assert_string_equal("secret\n", get_text(s.fd, "to/etc/one"));
	assert_int_equal(-ENOENT, copy("/etc/away", &r));
	assert_false(is_there(s.fd, "to/etc/away"));
}

/* Owned by others; only root can give files away. */
static void test_owner(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(0, fchownat(s.fd, "from/etc/keys/rsa", 12, 34, 0));
	assert_int_equal(0, fchownat(s.fd, "from/etc/keys", 56, 78, 0));
	assert_int_equal(0, copy("/etc/keys", NULL));
	assert_int_equal(0, fstatat(s.fd, "to/etc/keys/rsa", &st, 0));
	assert_true(st.st_uid == 12 && st.st_gid == 34);
	assert_int_equal(0, fstatat(s.fd, "to/etc/keys", &st, 0));
	assert_true(st.st_uid == 56 && st.st_gid == 78);
}

static void test_too_much(void **state)
{
	struct reason r = REASON_INIT;
	char text[256];

	(void)state;
	assert_true(shell("truncate -s 8388609 from/etc/large"));
	assert_int_equal(-EFBIG, copy("/etc/large", &r));
	assert_string_equal(
		"unable to copy /etc/large: there is more than 8 MB or 1024 files of it",
		reason_render(&r, text, sizeof(text)));
	assert_true(shell("mkdir from/many && cd from/many && seq 1025 | xargs touch"));
	assert_int_equal(-EFBIG, copy("/many", &r));
	assert_false(is_there(s.fd, "to/many"));
	assert_true(shell("mkdir -p from/deep/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"));
	assert_int_equal(-EFBIG, copy("/deep", &r));
	assert_true(shell(NO_TEMPORARY));
}

static void test_no_file(void **state)
{
	struct reason r = REASON_INIT;

	(void)state;
	assert_int_equal(-EINVAL, copy("/etc/keys/fifo", &r));
	assert_int_equal(-ENOENT, copy("/etc/none", &r));
	assert_string_equal("/etc/none", r.object);
	if (geteuid() != 0)
		return;
	assert_int_equal(0, mknodat(s.fd, "from/etc/keys/null", S_IFCHR | 0666, makedev(1, 3)));
	assert_int_equal(-EINVAL, copy("/etc/keys", &r));
	assert_false(is_there(s.fd, "to/etc/keys"));
}

static void again(void)
{
	fakesys_reset(NULL);
	assert_true(shell("rm -rf to/* to/.[!.]*"));
	fakesys_reset(s.path);
}

/* Each call fails in turn: an error, said, and nothing under the name; but for the sync of the last name. */
static void test_each_call_fails(void **state)
{
	unsigned int calls;
	int fds = fakesys_open_fds();

	(void)state;
	assert_int_equal(0, copy("/etc/keys", NULL));
	calls = fakesys_calls();
	assert_true(calls > 20);
	assert_int_equal(fds, fakesys_open_fds());
	for (unsigned int nth = 1; nth <= calls; nth++) {
		struct reason r = REASON_INIT;

		again();
		fakesys_fail_nth(nth, ENOSPC);
		if (copy("/etc/keys", &r) != -ENOSPC || !r.verb)
			fail_msg("call %u, %s: no error", nth, fakesys_line(nth - 1));
		assert_int_equal(fds, fakesys_open_fds());
		if (is_there(s.fd, "to/etc/keys") && nth < calls)
			fail_msg("call %u, %s: it has the name", nth, fakesys_line(nth - 1));
		if (!shell(NO_TEMPORARY) && strncmp(fakesys_line(nth - 1), "unlinkat", 8) != 0)
			fail_msg("call %u, %s: half of it is left", nth, fakesys_line(nth - 1));
	}
}

/* The power is cut behind each call: nothing or all of it has the name, and the next boot has all. */
static void test_each_cut(void **state)
{
	unsigned int calls;

	(void)state;
	assert_int_equal(0, copy("/etc/keys", NULL));
	calls = fakesys_calls();
	for (unsigned int n = 0; n <= calls; n++) {
		again();
		fakesys_cut_after(n);
		(void)!copy("/etc/keys", NULL);
		if (is_there(s.fd, "to/etc/keys"))
			assert_true(shell(SAME));
		fakesys_reset(s.path);
		assert_int_equal(0, copy("/etc/keys", NULL));
		if (!shell(SAME) || !shell(NO_TEMPORARY))
			fail_msg("cut behind call %u", n);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file),
		TEST(test_directory),
		TEST(test_directory_is_durable),
		TEST(test_what_is_there_stays),
		TEST(test_link_stays_inside),
		TEST(test_owner),
		TEST(test_too_much),
		TEST(test_no_file),
		TEST(test_each_call_fails),
		TEST(test_each_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
