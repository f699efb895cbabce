/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "init/options.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static int saved; /* standard error, whose place a file has */

static int setup(void **state)
{
	int fd;

	(void)state;
	scratch_make(&s, NULL);
	(void)fflush(NULL);
	fd = openat(s.fd, "err", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	saved = dup(STDERR_FILENO);
	assert_true(fd >= 0 && saved >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	(void)close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)fflush(NULL);
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	scratch_remove(&s);
	return 0;
}

/* The options of `slot` as "NAME=VALUE;…", a word as "=WORD;", "!" for bad usage. */
static const char *read_all(char **argv)
{
	static char text[256];
	struct options o;
	const char *name;
	int argc = 0;

	while (argv[argc])
		argc++;
	text[0] = '\0';
	options_open(&o, "slot", argc, argv);
	while ((name = options_next(&o)))
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s=%s;", name,
			       o.value ? o.value : "");
	if (o.status) {
		assert_int_equal(o.status, EXIT_USAGE);
		assert_null(options_next(&o)); /* and it stays so */
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "!");
	}
	return text;
}

#define READ(...) read_all((char *[]){ (char *)"slot", __VA_ARGS__, NULL })
#define W(text)	  (char *)(text)

static void test_words_and_options_anywhere(void **state)
{
	(void)state;
	assert_string_equal(read_all((char *[]){ W("slot"), NULL }), "");
	assert_string_equal(READ(W("arm"), W("B"), W("--tries"), W("2")), "=arm;=B;--tries=2;");
	assert_string_equal(READ(W("--tries=2"), W("arm"), W("B")), "--tries=2;=arm;=B;");
	assert_string_equal(READ(W("--reason="), W("reject")), "--reason=;=reject;");
	assert_string_equal(READ(W("--reason"), W("--tries")), "--reason=--tries;");
	assert_string_equal(READ(W("--reason"), W("")), "--reason=;");
	assert_string_equal(READ(W(""), W("-")), "=;=-;");
	assert_string_equal(get_text(s.fd, "err"), "");
}

static void test_behind_two_dashes_all_are_words(void **state)
{
	(void)state;
	assert_string_equal(READ(W("arm"), W("--"), W("--tries"), W("--")), "=arm;=--tries;=--;");
	assert_string_equal(READ(W("--")), "");
}

static void assert_said(const char *problem)
{
	char expected[200];

	(void)fflush(NULL);
	(void)snprintf(expected, sizeof(expected), "anteroot: slot: %s\nUsage: anteroot slot arm ",
		       problem);
	assert_int_equal(strncmp(get_text(s.fd, "err"), expected, strlen(expected)), 0);
	assert_non_null(strstr(get_text(s.fd, "err"), "\n`anteroot help slot` tells more.\n"));
}

#define BAD(name, problem, ...)                                  \
	static void test_##name(void **state)                    \
	{                                                        \
		(void)state;                                     \
		assert_non_null(strchr(READ(__VA_ARGS__), '!')); \
		assert_said(problem);                            \
	}

BAD(no_such_option, "there is no option --nonsense", W("arm"), W("--nonsense"))
BAD(mistyped, "there is no option --tires; did you mean --tries?", W("--tires"), W("3"))
BAD(mistyped_with_value, "there is no option --verson; did you mean --version?", W("--verson=3"))
BAD(one_dash, "there is no option -tries; did you mean --tries?", W("-tries"))
BAD(short_one, "there is no option -t", W("-t"), W("3"))
BAD(part_of_one, "there is no option --tri", W("--tri"), W("3"))
BAD(no_value, "--tries needs a value: N", W("arm"), W("--tries"))
BAD(only_dashes, "there is no option ---", W("---"))

static void test_value_that_is_not_taken(void **state)
{
	char *argv[] = { W("status"), W("--json=1"), NULL };
	struct options o;

	(void)state;
	options_open(&o, "status", 2, argv);
	assert_null(options_next(&o));
	assert_int_equal(o.status, EXIT_USAGE);
	(void)fflush(NULL);
	assert_int_equal(strncmp(get_text(s.fd, "err"), "anteroot: status: --json takes no value\n",
				 strlen("anteroot: status: --json takes no value\n")),
			 0);
}

static void test_bad_word(void **state)
{
	char *argv[] = { W("slot"), NULL };
	struct options o;

	(void)state;
	options_open(&o, "slot", 1, argv);
	assert_int_equal(options_bad_word(&o, "confrim"), EXIT_USAGE);
	assert_said("there is no word confrim; did you mean confirm?");
}

/* Options are no words, and what is typed may be as long as it likes. */
static void test_long_word(void **state)
{
	char *argv[] = { W("slot"), NULL }, word[5000];
	struct options o;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	options_open(&o, "slot", 1, argv);
	assert_int_equal(options_bad_word(&o, word), EXIT_USAGE);
	(void)fflush(NULL);
	assert_int_equal(strncmp(get_text(s.fd, "err"), "anteroot: slot: there is no word xxx", 36),
			 0);
	assert_null(strstr(get_text(s.fd, "err"), "did you mean"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_words_and_options_anywhere),
		TEST(test_behind_two_dashes_all_are_words),
		TEST(test_no_such_option),
		TEST(test_mistyped),
		TEST(test_mistyped_with_value),
		TEST(test_one_dash),
		TEST(test_short_one),
		TEST(test_part_of_one),
		TEST(test_no_value),
		TEST(test_only_dashes),
		TEST(test_value_that_is_not_taken),
		TEST(test_bad_word),
		TEST(test_long_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
