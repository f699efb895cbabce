/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

#define LINE_MAX_BYTES 512 /* the kernel takes up to about 1 KiB in one write */

static const struct {
	const char *word;
	enum log_level level;
} levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

int log_level_parse(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i].word, word) == 0)
			return (int)levels[i].level;
	return -EINVAL;
}

void log_init(struct log *l, const struct sys *sys)
{
	l->sys = sys;
	l->level = LOG_LEVEL_INFO;
	l->kmsg_fd = -1;
	l->sent_bytes = l->len = 0;
	l->full = false;
}

/* One write is one record of the kernel's log. */
static void send_line(struct log *l, int level, const char *message)
{
	char record[LINE_MAX_BYTES];
	int len = snprintf(record, sizeof(record), "<%d>anteroot: %s", level, message);

	if (len > 0)
		(void)l->sys->write(l->kmsg_fd, record, strnlen(record, sizeof(record)));
}

/* Sends the lines of l->text that came before /dev/kmsg was there. */
static void send_waiting(struct log *l)
{
	while (l->sent_bytes < l->len) {
		const char *line = l->text + l->sent_bytes;
		const char *end = memchr(line, '\n', l->len - l->sent_bytes);
		const char *space = end ? memchr(line, ' ', (size_t)(end - line)) : NULL;
		char message[LINE_MAX_BYTES];

		if (!space)
			return;
		(void)snprintf(message, sizeof(message), "%.*s", (int)(end - space - 1), space + 1);
		send_line(l, line[1] - '0', message);
		l->sent_bytes = (size_t)(end + 1 - l->text);
	}
}

/* The kernel takes ten lines in five seconds from one writer, unless it is told that it may take all. */
static void lift_rate_limit(struct log *l)
{
	int fd = l->sys->open(AT_FDCWD, "/proc/sys/kernel/printk_devkmsg", O_WRONLY, 0);

	if (fd < 0)
		return;
	(void)l->sys->write(fd, "on\n", 3);
	(void)close(fd);
}

void log_open(struct log *l)
{
	if (l->kmsg_fd >= 0)
		return;
	l->kmsg_fd = l->sys->open(AT_FDCWD, "/dev/kmsg", O_WRONLY | O_NOCTTY, 0);
	if (l->kmsg_fd < 0)
		return;
	lift_rate_limit(l);
	send_waiting(l);
}

static void keep_line(struct log *l, enum log_level level, const char *message)
{
	int64_t now = clock_monotonic_usec();
	size_t room = sizeof(l->text) - l->len;
	int len;

	if (l->full)
		return;
	len = snprintf(l->text + l->len, room, "<%d>%lld.%06lld %s\n", (int)level,
		       (long long)(now / 1000000), (long long)(now % 1000000), message);
	if (len < 0 || (size_t)len >= room)
		l->full = true; /* a line is kept whole or not at all */
	else
		l->len += (size_t)len;
}

void log_line(struct log *l, enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES - 16]; /* room for the level and our name */
	va_list ap;

	if (level > l->level)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	/* A newline in a name from a disk must not forge a line. */
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	keep_line(l, level, message);
	if (l->kmsg_fd >= 0) {
		send_line(l, (int)level, message);
		l->sent_bytes = l->len;
	}
}

int log_save(struct log *l, int dirfd)
{
	_cleanup_close_ int fd =
		l->sys->open(dirfd, "boot.log", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	size_t at = 0;

	if (fd < 0)
		return fd;
	while (at < l->len) {
		ssize_t n = l->sys->write(fd, l->text + at, l->len - at);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		at += (size_t)n;
	}
	return 0;
}

void log_close(struct log *l)
{
	if (l->kmsg_fd >= 0)
		(void)close(l->kmsg_fd);
	l->kmsg_fd = -1;
}
