/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is printed; that a real terminal has its width and colour is in tests/apply/test_status.py. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>

#include "init/terminal.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static int saved; /* standard output, whose place a file has */

static int setup(void **state)
{
	int fd;

	(void)state;
	scratch_make(&s, NULL);
	(void)fflush(NULL);
	fd = openat(s.fd, "out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	saved = dup(STDOUT_FILENO);
	assert_true(fd >= 0 && saved >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	(void)close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)fflush(NULL);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	scratch_remove(&s);
	return 0;
}

static const char *printed(void)
{
	(void)fflush(NULL);
	return get_text(s.fd, "out");
}

static const struct terminal narrow = { .shown = true, .width = 20 };
static const struct terminal coloured = {
	.shown = true, .colour = true, .blocks = true, .width = 20
};
static const struct terminal none = { .width = 20 };

static void test_not_a_terminal(void **state)
{
	struct terminal t;

	(void)state;
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	terminal_look(&t);
	assert_false(t.shown || t.colour || t.blocks);
	assert_int_equal(t.width, TERMINAL_WIDTH);
}

static void test_lines_of_a_width(void **state)
{
	(void)state;
	printf("head ");
	terminal_paragraph(&narrow, INK_GOOD, 5, "one two three four five-is-longer-than-all six");
	assert_string_equal(printed(), "head one two three\n     four\n     "
				       "five-is-longer-than-all\n     six\n");
}

static void test_exactly_the_width(void **state)
{
	(void)state;
	terminal_paragraph(&narrow, INK_PLAIN, 0, "1234567890 123456789");
	terminal_paragraph(&narrow, INK_PLAIN, 0, "1234567890 1234567890");
	assert_string_equal(printed(), "1234567890 123456789\n1234567890\n1234567890\n");
}

static void test_one_line_elsewhere(void **state)
{
	(void)state;
	terminal_paragraph(&none, INK_BAD, 5, "one  two three four five-is-longer-than-all ");
	assert_string_equal(printed(), "one  two three four five-is-longer-than-all \n");
}

static void test_empty(void **state)
{
	(void)state;
	terminal_paragraph(&narrow, INK_PLAIN, 5, "");
	terminal_bar(&narrow, INK_BAR, 0);
	assert_string_equal(printed(), "\n");
}

static void test_colour(void **state)
{
	(void)state;
	terminal_text(&coloured, INK_BAD, "a");
	terminal_text(&coloured, INK_PLAIN, "b");
	terminal_bar(&coloured, INK_BAR, 2);
	terminal_text(&narrow, INK_BAD, "c");
	terminal_bar(&narrow, INK_BAR, 2);
	assert_string_equal(printed(),
			    "\033[31ma\033[0mb\033[34m\xe2\x96\x88\xe2\x96\x88\033[0mc##");
}

/* What comes from a disk must not speak to the terminal. UTF-8 may stay. */
static void test_control_characters(void **state)
{
	(void)state;
	terminal_text(&narrow, INK_PLAIN,
		      "a\033[2J\n\x7f\xc3\xa9\xc2\x9b"
		      "2J\xc2\xb5");
	terminal_paragraph(&none, INK_PLAIN, 0, "\tb\r\033");
	assert_string_equal(printed(), "a?[2J??\xc3\xa9?2J\xc2\xb5?b??\n");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_not_a_terminal),
		TEST(test_lines_of_a_width),
		TEST(test_exactly_the_width),
		TEST(test_one_line_elsewhere),
		TEST(test_empty),
		TEST(test_colour),
		TEST(test_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
