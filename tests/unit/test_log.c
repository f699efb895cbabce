/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "init/log.h"
#include "tests/unit/fakesys.h"
#include "tests/unit/scratch.h"

static struct scratch s;
static struct log l;	/* too large for the stack */
static char sent[4096]; /* what /dev/kmsg got, a line each */
static struct sys recording;

/* fakesys tells how much is written; this keeps what. */
static ssize_t record_write(int fd, const void *data, size_t len)
{
	ssize_t n = fakesys.write(fd, data, len);

	if (fd == l.kmsg_fd && n > 0 && strlen(sent) + len + 2 < sizeof(sent))
		(void)sprintf(sent + strlen(sent), "%.*s\n", (int)len, (const char *)data);
	return n;
}

static int setup(void **state)
{
	(void)state;
	scratch_make(&s, NULL);
	fakesys_reset(s.path);
	recording = fakesys;
	recording.write = record_write;
	sent[0] = '\0';
	memset(&l, 0xff, sizeof(l));
	log_init(&l, &recording);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_close(&l);
	fakesys_reset(NULL);
	scratch_remove(&s);
	return 0;
}

/* The lines kept without their times, which are different at every run: "<N> message". */
static const char *kept(void)
{
	static char out[sizeof(l.text) + 1];
	char *to = out;

	for (size_t i = 0; i < l.len;) {
		const char *line = l.text + i, *space = strchr(line, ' ');
		size_t len = strcspn(line, "\n") + 1;

		assert_int_equal(line[0], '<');
		assert_true(space && strspn(line + 3, "0123456789.") == (size_t)(space - line - 3));
		to += sprintf(to, "%.3s%.*s", line, (int)(len - (size_t)(space - line)), space);
		i += len;
	}
	*to = '\0';
	return out;
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(log_level_parse("error"), LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("warning"), LOG_LEVEL_WARNING);
	assert_int_equal(log_level_parse("info"), LOG_LEVEL_INFO);
	assert_int_equal(log_level_parse("debug"), LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("Debug"), -EINVAL);
	assert_int_equal(log_level_parse(""), -EINVAL);
}

static void test_levels(void **state)
{
	(void)state;
	assert_int_equal(l.level, LOG_LEVEL_INFO);
	log_line(&l, LOG_LEVEL_INFO, "one %d", 1);
	log_line(&l, LOG_LEVEL_DEBUG, "dropped");
	l.level = LOG_LEVEL_ERROR;
	log_line(&l, LOG_LEVEL_WARNING, "dropped");
	log_line(&l, LOG_LEVEL_ERROR, "two");
	l.level = LOG_LEVEL_DEBUG;
	log_line(&l, LOG_LEVEL_DEBUG, "three");
	assert_string_equal(kept(), "<6> one 1\n<3> two\n<7> three\n");
}

/* Before /dev/kmsg is there lines wait; then each is one record, in order and once. */
static void test_waiting_lines_follow(void **state)
{
	(void)state;
	log_line(&l, LOG_LEVEL_INFO, "one with  spaces");
	log_line(&l, LOG_LEVEL_ERROR, "two");
	assert_int_equal(fakesys_calls(), 0);
	log_open(&l);
	assert_true(l.kmsg_fd >= 0);
	assert_int_equal(fakesys_count("open /dev/kmsg"), 1);
	log_line(&l, LOG_LEVEL_INFO, "three");
	log_open(&l); /* nothing: it is open */
	assert_int_equal(fakesys_count("open /dev/kmsg"), 1);
	assert_string_equal(
		sent, "<6>anteroot: one with  spaces\n<3>anteroot: two\n<6>anteroot: three\n");
	log_close(&l);
	assert_int_equal(l.kmsg_fd, -1);
	log_line(&l, LOG_LEVEL_INFO, "four");
	sent[0] = '\0';
	log_open(&l);
	assert_string_equal(sent, "<6>anteroot: four\n");
}

static void test_no_kmsg(void **state)
{
	(void)state;
	fakesys_fail_match("open /dev/kmsg", ENOENT);
	log_line(&l, LOG_LEVEL_INFO, "one");
	log_open(&l);
	assert_true(l.kmsg_fd < 0);
	log_line(&l, LOG_LEVEL_INFO, "two");
	assert_int_equal(fakesys_count("write"), 0);
	assert_string_equal(kept(), "<6> one\n<6> two\n");
}

/* The kernel drops all but ten lines in five seconds, unless it is told not to. */
static void test_rate_limit_is_lifted_first(void **state)
{
	(void)state;
	log_line(&l, LOG_LEVEL_INFO, "one");
	log_open(&l);
	assert_string_equal(fakesys_log(),
			    "open /dev/kmsg 0000\nopen /proc/sys/kernel/printk_devkmsg 0000\n"
			    "write /proc/sys/kernel/printk_devkmsg 3\nwrite /dev/kmsg 16\n");
}

static void test_rate_limit_cannot_be_lifted(void **state)
{
	int fds = fakesys_open_fds();

	(void)state;
	fakesys_fail_match("open /proc/sys", ENOENT);
	log_line(&l, LOG_LEVEL_INFO, "one");
	log_open(&l);
	assert_string_equal(sent, "<6>anteroot: one\n");
	log_close(&l);
	assert_int_equal(fakesys_open_fds(), fds);
}

/* A name from a disk must not forge a line, nor a level. */
static void test_control_characters(void **state)
{
	(void)state;
	log_line(&l, LOG_LEVEL_INFO, "label %s", "a\n<0>b\x1b[2J\t\x7f\xc3\xa4");
	assert_string_equal(kept(), "<6> label a?<0>b?[2J?\x7f\xc3\xa4\n");
}

static void test_long_line_is_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_line(&l, LOG_LEVEL_INFO, "%s", text);
	log_open(&l);
	log_line(&l, LOG_LEVEL_INFO, "%s", text);
	assert_true(strlen(sent) > 900 && strlen(sent) < 1100);
	/* The same both ways: as it waited and as it was sent at once. */
	assert_memory_equal(sent, strchr(sent, '\n') + 1, strcspn(sent, "\n"));
}

/* When the buffer is full, later lines still get to the kernel; what is kept are whole lines. */
static void test_full_buffer(void **state)
{
	unsigned int before;

	(void)state;
	log_open(&l);
	for (unsigned int i = 0; !l.full; i++) {
		assert_true(i < 10000);
		log_line(&l, LOG_LEVEL_INFO, "line %u of many that fill what there is", i);
	}
	assert_true(l.len < sizeof(l.text));
	assert_true(l.len > sizeof(l.text) - 100);
	assert_int_equal(l.text[l.len - 1], '\n');
	before = fakesys_count("write /dev/kmsg");
	sent[0] = '\0';
	log_line(&l, LOG_LEVEL_INFO, "x");
	assert_int_equal(fakesys_count("write /dev/kmsg"), before + 1);
	assert_string_equal(sent, "<6>anteroot: x\n");
	assert_int_equal(l.text[l.len - 1], '\n');
	assert_int_equal(log_save(&l, s.fd), 0);
}

static void test_save(void **state)
{
	(void)state;
	log_line(&l, LOG_LEVEL_INFO, "one");
	log_line(&l, LOG_LEVEL_ERROR, "two");
	put_text(s.fd, "boot.log",
		 "an older and much longer one that has to go, all of it, to the last letter\n",
		 0600);
	fakesys_short_writes(5);
	assert_int_equal(log_save(&l, s.fd), 0);
	assert_int_equal(strlen(get_text(s.fd, "boot.log")), l.len);
	assert_memory_equal(get_text(s.fd, "boot.log"), l.text, l.len);
	assert_int_equal(fakesys_count("open /boot.log 0640"), 1);
}

static void test_save_fails(void **state)
{
	int fds = fakesys_open_fds();

	(void)state;
	log_line(&l, LOG_LEVEL_INFO, "one");
	fakesys_fail_match("open /boot.log", EROFS);
	assert_int_equal(log_save(&l, s.fd), -EROFS);
	fakesys_reset(s.path);
	fakesys_fail_match("write /boot.log", ENOSPC);
	assert_int_equal(log_save(&l, s.fd), -ENOSPC);
	assert_int_equal(fakesys_open_fds(), fds);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_words),
		TEST(test_levels),
		TEST(test_waiting_lines_follow),
		TEST(test_no_kmsg),
		TEST(test_rate_limit_is_lifted_first),
		TEST(test_rate_limit_cannot_be_lifted),
		TEST(test_control_characters),
		TEST(test_long_line_is_cut),
		TEST(test_full_buffer),
		TEST(test_save),
		TEST(test_save_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
