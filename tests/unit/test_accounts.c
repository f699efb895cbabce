/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/accounts.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

#define UNTOUCHED 777u

static int setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	scratch_make(s, NULL);
	put_dir(s->fd, "etc");
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static void expect_gid(const struct scratch *s, const char *group, int r, gid_t want)
{
	gid_t gid = UNTOUCHED;

	assert_int_equal(accounts_gid(s->fd, group, &gid), r);
	assert_int_equal(gid, r == 0 ? want : UNTOUCHED);
}

static void expect_home(const struct scratch *s, const char *user, const char *want)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	char *home = NULL;

	assert_int_equal(accounts_home(&a, s->fd, user, &home), want ? 0 : -ENOENT);
	if (want)
		assert_string_equal(home, want);
	else
		assert_null(home);
}

static void test_group(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/group",
		 "root:x:0:\nsystemd-journal:x:101:a,b\nbig:x:4294967294:\nlast:x:9:", 0644);
	expect_gid(s, "root", 0, 0);
	expect_gid(s, "systemd-journal", 0, 101);
	expect_gid(s, "big", 0, 4294967294u);
	expect_gid(s, "last", 0, 9); /* no newline at the end */
	expect_gid(s, "systemd-journa", -ENOENT, 0);
	expect_gid(s, "systemd-journal2", -ENOENT, 0);
	expect_gid(s, "x", -ENOENT, 0);
	expect_gid(s, "", -ENOENT, 0);
}

static void test_malformed_groups(void **state)
{
	static const char text[] =
		"g\n:x:1:\ng:x\ng:x:\ng:x:12\ng:x::\ng:x:-1:\ng:x:+1:\ng:x: 1:\ng:x:1x:\n"
		"g:x:0x1:\ng:x:4294967295:\ng:x:99999999999999999999:\ng:x:1:a:b\n"
		"g\0:x:2:\n\n#g:x:3:\ng:x:42:\ng:x:43:\n";
	const struct scratch *s = *state;

	put_bytes(s->fd, "etc/group", text, sizeof(text) - 1, 0644);
	expect_gid(s, "g", 0, 42); /* the first that is whole */
	put_text(s->fd, "etc/group", "", 0644);
	expect_gid(s, "g", -ENOENT, 0);
	put_text(s->fd, "etc/group", ":::\n:x:1:\n", 0644);
	expect_gid(s, "", -ENOENT, 0);
}

static void test_home(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/passwd",
		 "root:x:0:0:root:/home/root:/bin/sh\npi:x:1000:1000:Pi,,,:/home/"
		 "pi:\nempty:x:1:1:::/bin/sh\n"
		 "rel:x:2:2::home/rel:/bin/sh\nctl:x:3:3::/home/\033x:/bin/sh\n",
		 0644);
	expect_home(s, "root", "/home/root");
	expect_home(s, "pi", "/home/pi");
	expect_home(s, "empty", NULL);
	expect_home(s, "rel", NULL);
	expect_home(s, "ctl", NULL);
	expect_home(s, "nobody", NULL);
	expect_home(s, "", NULL);
}

static void test_malformed_users(void **state)
{
	const struct scratch *s = *state;

	put_text(s->fd, "etc/passwd",
		 "root\nroot:x\nroot:x:0:0:r:/a\nroot:x:a:0:r:/b:/bin/sh\nroot:x:0::r:/c:/bin/sh\n"
		 "root:x:0:0:r:/d:/bin/sh:extra\nroot:x:0:0:r:/right:/bin/sh\nroot:x:0:0:r:/late:/"
		 "bin/sh\n",
		 0644);
	expect_home(s, "root", "/right");
}

static void test_files(void **state)
{
	const struct scratch *s = *state;
	int before = fakesys_open_fds();
	gid_t gid = UNTOUCHED;
	char *big;

	assert_int_equal(accounts_gid(s->fd, "root", &gid), -ENOENT);
	/* A link is followed inside the root only: the machine's own file has a group root. */
	put_link(s->fd, "etc/group", "/etc/groups");
	assert_int_equal(accounts_gid(s->fd, "root", &gid), -ENOENT);
	put_text(s->fd, "etc/groups", "root:x:5:\n", 0644);
	expect_gid(s, "root", 0, 5);
	assert_int_equal(unlinkat(s->fd, "etc/group", 0), 0);
	assert_int_equal(mkfifoat(s->fd, "etc/group", 0644), 0);
	assert_int_equal(accounts_gid(s->fd, "root", &gid), -EINVAL);
	assert_int_equal(unlinkat(s->fd, "etc/group", 0), 0);
	put_dir(s->fd, "etc/group");
	assert_int_equal(accounts_gid(s->fd, "root", &gid), -EISDIR);
	assert_int_equal(unlinkat(s->fd, "etc/group", AT_REMOVEDIR), 0);

	big = malloc((1 << 20) + 1);
	memset(big, '\n', (1 << 20) + 1);
	memcpy(big, "root:x:0:\n", 10);
	put_bytes(s->fd, "etc/group", big, 1 << 20, 0644);
	expect_gid(s, "root", 0, 0);
	put_bytes(s->fd, "etc/group", big, (1 << 20) + 1, 0644);
	assert_int_equal(accounts_gid(s->fd, "root", &gid), -EFBIG);
	free(big);
	assert_int_equal(gid, UNTOUCHED);
	assert_int_equal(fakesys_open_fds(), before);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_user(void **state)
{
	const struct scratch *s = *state;
	uid_t uid = UNTOUCHED;
	gid_t gid = UNTOUCHED;

	assert_int_equal(accounts_user(s->fd, "_chrony", &uid, &gid), -ENOENT);
	put_text(s->fd, "etc/passwd",
		 "_chrony:x:bad:7::/:/x\n_chrony:x:101:102:Chrony daemon,,,:nowhere:/bin/false\n",
		 0644);
	assert_int_equal(accounts_user(s->fd, "chrony", &uid, &gid), -ENOENT);
	assert_int_equal(uid, UNTOUCHED);
	assert_int_equal(accounts_user(s->fd, "_chrony", &uid, &gid), 0);
	assert_int_equal(uid, 101);
	assert_int_equal(gid, 102);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_group), CASE(test_malformed_groups),
		CASE(test_home),  CASE(test_malformed_users),
		CASE(test_files), CASE(test_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
