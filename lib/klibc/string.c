/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GNU's and POSIX's string functions that klibc lacks. */
#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *mempcpy(void *to, const void *from, size_t size)
{
	return (char *)memcpy(to, from, size) + size;
}

char *stpcpy(char *to, const char *from)
{
	size_t length = strlen(from);

	return (char *)memcpy(to, from, length + 1) + length;
}

char *strchrnul(const char *text, int byte)
{
	while (*text && *text != (char)byte)
		text++;
	return (char *)(uintptr_t)text;
}

char *strcasestr(const char *text, const char *wanted)
{
	size_t length = strlen(wanted);

	for (; *text || !length; text++)
		if (strncasecmp(text, wanted, length) == 0)
			return (char *)(uintptr_t)text;
	return NULL;
}

void explicit_bzero(void *data, size_t size)
{
	memset(data, 0, size);
	/* The compiler may not know that nobody reads it again. */
	__asm__ volatile("" : : "r"(data) : "memory");
}

char *basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (char *)(uintptr_t)(slash ? slash + 1 : path);
}

char *dirname(char *path)
{
	size_t length = path ? strlen(path) : 0;

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length > 0 && path[length - 1] != '/')
		length--;
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length == 0)
		return (char *)(uintptr_t) ".";
	path[length] = '\0';
	return path;
}

void *reallocarray(void *array, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(array, total);
}
