/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines, formatted writes to a descriptor, and err.h. */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char name[] = "anteroot";
char *program_invocation_name = name;
char *program_invocation_short_name = name;

/* %m as the text of errno, which holds no percent sign. A format too long for that keeps its %m. */
int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
	char expanded[512];
	size_t used = 0;

	if (!strstr(format, "%m"))
		return klibc_vsnprintf_plain(buffer, size, format, args);
	for (const char *p = format; *p; p++) {
		const char *part = p;
		size_t length = 1;

		if (p[0] == '%' && p[1] == 'm') {
			part = strerror(errno);
			length = strlen(part);
			p++;
		} else if (p[0] == '%' && p[1] == '%') {
			length = 2;
			p++;
		}
		if (used + length >= sizeof(expanded))
			return klibc_vsnprintf_plain(buffer, size, format, args);
		memcpy(expanded + used, part, length);
		used += length;
	}
	expanded[used] = '\0';
	return klibc_vsnprintf_plain(buffer, size, expanded, args);
}

int vdprintf(int fd, const char *format, va_list args)
{
	char *text;
	int length = vasprintf(&text, format, args);

	if (length < 0)
		return -1;

	for (int done = 0; done < length;) {
		ssize_t n = write(fd, text + done, (size_t)(length - done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			length = -1;
			break;
		}
		done += (int)n;
	}

	int saved = errno;

	free(text);
	errno = saved;
	return length;
}

int dprintf(int fd, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vdprintf(fd, format, args);
	va_end(args);
	return length;
}

ssize_t getdelim(char **line, size_t *size, int delimiter, FILE *file)
{
	size_t used = 0;
	int c;

	if (!*line)
		*size = 0;
	do {
		c = fgetc(file);
		if (c == EOF && (used == 0 || ferror(file)))
			return -1;
		if (used + 2 > *size) {
			size_t wanted = *size ? *size * 2 : 128;
			char *larger = realloc(*line, wanted);

			if (!larger)
				return -1;
			*line = larger;
			*size = wanted;
		}
		if (c != EOF)
			(*line)[used++] = (char)c;
	} while (c != EOF && c != delimiter);
	(*line)[used] = '\0';
	return (ssize_t)used;
}

ssize_t getline(char **line, size_t *size, FILE *file)
{
	return getdelim(line, size, '\n', file);
}

int vfscanf(FILE *file, const char *format, va_list args)
{
	char line[512];

	return fgets(line, sizeof(line), file) ? vsscanf(line, format, args) : EOF;
}

int fscanf(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int found = vfscanf(file, format, args);
	va_end(args);
	return found;
}

static void complain(int error, const char *format, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (format)
		vfprintf(stderr, format, args);
	if (error >= 0)
		fprintf(stderr, "%s%s", format ? ": " : "", strerror(error));
	fputs("\n", stderr);
}

void warn(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	complain(error, format, args);
	va_end(args);
}

void warnx(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(-1, format, args);
	va_end(args);
}

void err(int status, const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	complain(error, format, args);
	va_end(args);
	exit(status);
}

void errx(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(-1, format, args);
	va_end(args);
	exit(status);
}
