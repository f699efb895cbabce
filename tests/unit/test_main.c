/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command line: output, exit status, and what gets to the boot. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

/* main() under another name, in a process of any number, with no way to boot the machine it runs on. */
int tested_main(int argc, char **argv);
int pretended_init(int argc, char **argv);
static pid_t pretended_pid;

#define main	      tested_main
#define applet_init   pretended_init
#define applets_table tested_table
#define applet_find   tested_find
#define getpid()      pretended_pid
#include "init/version.h"
#include "init/table.c" /* NOLINT */
#include "init/main.c"	/* NOLINT */
#undef main
#undef getpid

#include "lib/cmdline.h"

#include "tests/unit/scratch.h"

#define BOOTED 77

static struct scratch s;
static char out[65536], err[65536];
static int init_argc; /* what the boot was given; -1: there was none */
static char **init_argv;

int pretended_init(int argc, char **argv)
{
	init_argc = argc;
	init_argv = argv;
	return BOOTED;
}

/* Runs main() with its output in files, and puts ours back. */
static int run(char **argv)
{
	int argc = 0, status, saved[2], to[2];

	init_argc = -1;
	while (argv[argc])
		argc++;
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		to[i] = openat(s.fd, i ? "err" : "out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			       0600);
		saved[i] = dup(i + 1);
		assert_true(to[i] >= 0 && saved[i] >= 0);
		assert_true(dup2(to[i], i + 1) >= 0);
	}
	status = tested_main(argc, argv);
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(saved[i], i + 1);
		(void)close(saved[i]);
		(void)close(to[i]);
	}
	(void)snprintf(out, sizeof(out), "%s", get_text(s.fd, "out"));
	(void)snprintf(err, sizeof(err), "%s", get_text(s.fd, "err"));
	return status;
}

#define RUN(...) run((char *[]){ __VA_ARGS__, NULL })

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	pretended_pid = 42;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static void assert_version(void)
{
	char first[100];

	(void)snprintf(first, sizeof(first), "anteroot %s\n%s build: ", anteroot_version,
		       anteroot_development ? "development" : "production");
	assert_int_equal(strncmp(out, first, strlen(first)), 0);
	assert_string_equal(err, "");
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(RUN((char *)"anteroot", (char *)"--version"), 0);
	assert_version();
	assert_int_equal(RUN((char *)"/usr/sbin/anteroot", (char *)"version"), 0);
	assert_version();
	assert_int_equal(
		strcmp(strrchr(out, ':'), anteroot_development
						  ? ": rescue shell and verbose console allowed\n"
						  : ": no rescue shell, no verbose console\n"),
		0);
}

/* All applets, and all arguments of the kernel's command line. */
static void test_help(void **state)
{
	static const char *const words[] = { "help", "--help", "-h" };
	const struct args_row *row;
	size_t n;

	(void)state;
	row = args_table(&n);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(RUN((char *)"anteroot", (char *)words[i]), 0);
		assert_int_equal(strncmp(out, "Usage: anteroot APPLET", 22), 0);
		for (size_t k = 0; k < ARRAY_SIZE(applets); k++)
			assert_non_null(strstr(out, applets[k].name));
		for (size_t k = 0; k < n; k++) {
			char start[100];

			(void)snprintf(start, sizeof(start), "\n  %s%s", row[k].key,
				       strncmp(row[k].form, "no value", 8) != 0 ? "="
				       : row[k].form[8]				? "  ("
										: "\n");
			assert_non_null(strstr(out, start));
			assert_non_null(strstr(out, row[k].text));
		}
		assert_string_equal(err, "");
	}
}

/* As rules of balenaOS call it. */
static void test_probe_by_its_other_name(void **state)
{
	(void)state;
	assert_int_equal(RUN((char *)"/usr/lib/udev/resin_update_state_probe"), EXIT_USAGE);
	assert_int_equal(strncmp(err, "Usage: anteroot probe DEVICE", 28), 0);
	assert_int_equal(RUN((char *)"resin_update_state_probe", (char *)"/dev/null",
			     (char *)"resin-boot", (char *)"vda"),
			 EXIT_USAGE);
	assert_string_equal(err, "anteroot: unable to probe /dev/null: expected a block device\n");
	assert_string_equal(out, "");
}

static void test_no_applet(void **state)
{
	(void)state;
	assert_int_equal(RUN((char *)"anteroot"), 2);
	assert_int_equal(strncmp(out, "Usage: ", 7), 0);
}

static void test_unknown_applet(void **state)
{
	static const char *const words[] = { "boot", "", "--init", "xinit-like", "-v" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char expected[200];

		assert_int_equal(RUN((char *)"anteroot", (char *)words[i]), 2);
		(void)snprintf(expected, sizeof(expected),
			       "anteroot: there is no applet %s; `anteroot help` lists them\n",
			       words[i]);
		assert_string_equal(err, expected);
		assert_string_equal(out, "");
		assert_int_equal(init_argc, -1);
	}
}

static void test_mistyped_applet(void **state)
{
	static const char *const words[][2] = { { "statsu", "status" },
						{ "Slot", "slot" },
						{ "initx", "init" },
						{ "timelines", "timeline" } };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(words); i++) {
		const char *typed = words[i / 2][0];
		char expected[200];

		assert_int_equal(i % 2 ? RUN((char *)"anteroot", (char *)typed)
				       : RUN((char *)"anteroot", (char *)"help", (char *)typed),
				 2);
		(void)snprintf(
			expected, sizeof(expected),
			"anteroot: there is no applet %s (did you mean %s?); `anteroot help` "
			"lists them\n",
			typed, words[i / 2][1]);
		assert_string_equal(err, expected);
		assert_int_equal(init_argc, -1);
	}
}

/* How it is called, every row, the exit statuses, an example; and no line is too long for a terminal. */
static void assert_help_of(const struct applet *applet)
{
	char start[100];
	size_t column = 0;

	(void)snprintf(start, sizeof(start), "Usage: anteroot %s", applet->name);
	assert_int_equal(strncmp(out, start, strlen(start)), 0);
	for (const struct applet_row *row = applet->rows; row && row->name; row++) {
		(void)snprintf(start, sizeof(start), "\n  %s%s%s ", row->name,
			       *row->form ? " " : "", row->form);
		assert_non_null(strstr(out, start));
	}
	assert_non_null(strstr(out, "\nExit status: "));
	assert_non_null(strstr(out, applet->example));
	assert_string_equal(err, "");
	for (const char *c = strchr(out, '\n'); *c; c++) {
		column = *c == '\n' ? 0 : column + 1;
		assert_true(column <= 100);
	}
}

static void test_help_of_each_applet(void **state)
{
	size_t n;
	const struct applet *applet = applets_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char *name = (char *)applet[i].name;

		assert_int_equal(RUN((char *)"anteroot", (char *)"help", name), 0);
		assert_help_of(&applet[i]);
		assert_int_equal(RUN((char *)"anteroot", name, (char *)"--help"), 0);
		assert_help_of(&applet[i]);
		assert_int_equal(RUN((char *)"anteroot", name, (char *)"x", (char *)"-h"), 0);
		assert_help_of(&applet[i]);
		assert_int_equal(init_argc, -1);
	}
}

/* Each option and word of the rows is in a line of the synopsis, and each one there has a row. */
static void test_synopsis_and_rows(void **state)
{
	size_t n;
	const struct applet *applet = applets_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char text[300], *word, *left = text;

		for (const struct applet_row *row = applet[i].rows; row && row->name; row++)
			assert_non_null(strstr(applet[i].synopsis, row->name));
		(void)snprintf(text, sizeof(text), "%s", applet[i].synopsis);
		while ((word = strsep(&left, " \n[]{}|"))) {
			const struct applet_row *row = applet[i].rows;

			if (strncmp(word, "--", 2) != 0)
				continue;
			while (row && row->name && strcmp(row->name, word) != 0)
				row++;
			assert_true(row && row->name);
		}
	}
}

static void test_init(void **state)
{
	(void)state;
	assert_int_equal(RUN((char *)"anteroot", (char *)"init", (char *)"single"), BOOTED);
	assert_int_equal(init_argc, 2);
	assert_string_equal(init_argv[0], "init");
	assert_string_equal(init_argv[1], "single");
	assert_null(init_argv[2]);
	/* As /init it is that applet, and what follows is for the target's init. */
	assert_int_equal(RUN((char *)"/init", (char *)"help"), BOOTED);
	assert_int_equal(init_argc, 2);
	assert_string_equal(init_argv[1], "help");
	assert_int_equal(RUN((char *)"/init", (char *)"--help"), BOOTED);
	assert_string_equal(init_argv[1], "--help");
}

/* Process 1 is the boot, whatever rdinit= calls it. */
static void test_process_1_is_the_boot(void **state)
{
	(void)state;
	pretended_pid = 1;
	assert_int_equal(RUN((char *)"/anteroot"), BOOTED);
	assert_int_equal(init_argc, 1);
	assert_int_equal(RUN((char *)"/anteroot", (char *)"--version"), BOOTED);
	assert_int_equal(init_argc, 2);
	assert_string_equal(init_argv[1], "--version");
	assert_int_equal(RUN((char *)"/anteroot", (char *)"init", (char *)"3"), BOOTED);
	assert_int_equal(init_argc, 2);
	assert_string_equal(init_argv[1], "3");
	assert_int_equal(RUN((char *)"/anteroot", (char *)"init", (char *)"--help"), BOOTED);
	assert_string_equal(init_argv[1], "--help");
}

static void test_no_name_at_all(void **state)
{
	(void)state;
	assert_int_equal(run((char *[]){ NULL }), BOOTED);
	assert_int_equal(init_argc, 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_version),
		TEST(test_help),
		TEST(test_no_applet),
		TEST(test_probe_by_its_other_name),
		TEST(test_unknown_applet),
		TEST(test_mistyped_applet),
		TEST(test_help_of_each_applet),
		TEST(test_synopsis_and_rows),
		TEST(test_init),
		TEST(test_process_1_is_the_boot),
		TEST(test_no_name_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
