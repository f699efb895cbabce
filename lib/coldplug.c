/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "lib/file.h"
#include "lib/modules.h"

#define MODALIAS_BYTES_MAX 4096u /* of sysfs: one page */
#define LIST_BYTES_MAX	   65536u

/* Buses whose devices have no modalias, and of which there may be thousands. A processor has one, for
 * its features: no disk is found by them, and the booted system reads it again. */
static const char *const mute_buses[] = {
	"clockevents",	"clocksource", "container",    "cpu",	    "edac",
	"event_source", "gpio",	       "machinecheck", "memory",    "memory_tiering",
	"node",		"nvmem",       "pci_express",  "workqueue",
};

static bool is_mute(const char *bus)
{
	for (size_t i = 0; i < ARRAY_SIZE(mute_buses); i++)
		if (strcmp(bus, mute_buses[i]) == 0)
			return true;
	return false;
}

/* ACPI calls "device" what has no hardware ID, and so no modalias. */
static bool is_mute_device(const char *name)
{
	return strncmp(name, "device:", 7) == 0;
}

/* Appends `tail` to `name`; false when it does not fit. */
static bool join(char path[NAME_MAX + 16], const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail) + 1;

	if (n + t > NAME_MAX + 16)
		return false;
	memcpy(path, name, n);
	memcpy(path + n, tail, t);
	return true;
}

/* @return 1 and the modalias, 0 when the device has none (or is gone) */
static int read_modalias(int devices, const char *device, char buf[MODALIAS_BYTES_MAX])
{
	char path[NAME_MAX + 16];
	ssize_t n;

	if (!join(path, device, "/modalias"))
		return 0;
	_cleanup_close_ int fd = openat(devices, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, MODALIAS_BYTES_MAX - 1);
	if (n <= 0)
		return 0;
	if (buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n > 0;
}

static int open_dir(int at, const char *path, DIR **ret_dir)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	*ret_dir = fdopendir(fd);
	if (*ret_dir)
		return 0;
	err = -errno;
	(void)close(fd);
	return err;
}

/* The devices in one directory of sysfs. Sysfs is the kernel's: what vanishes meanwhile is no error. */
static int read_devices(int at, const char *path, modalias_fn fn, void *data, int *count)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char modalias[MODALIAS_BYTES_MAX];
	int r = open_dir(at, path, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_mute_device(entry->d_name) ||
		    !read_modalias(dirfd(dir), entry->d_name, modalias))
			continue;
		++*count;
		r = fn(modalias, data);
	}
	return r;
}

int modules_coldplug(int sysfd, modalias_fn fn, void *data)
{
	_cleanup_closedir_ DIR *buses = NULL;
	char path[NAME_MAX + 16];
	const struct dirent *bus;
	int count = 0;
	int r = open_dir(sysfd, "bus", &buses);

	while (r == 0 && (bus = readdir(buses))) {
		if (bus->d_name[0] != '.' && !is_mute(bus->d_name) &&
		    join(path, bus->d_name, "/devices"))
			r = read_devices(dirfd(buses), path, fn, data, &count);
	}
	/* The mainboard's, by which a few platform drivers are found, is on no bus. */
	if (r == 0)
		r = read_devices(sysfd, "class/dmi", fn, data, &count);
	return r != 0 ? r : count;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	const char **name;
	size_t n, capacity;
};

static int add_name(struct arena *a, struct names *names, const char *name)
{
	if (names->n == names->capacity) {
		size_t more = names->capacity ? names->capacity * 2 : 16;
		const char **grown = arena_alloc(a, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (names->n > 0)
			memcpy(grown, names->name, names->n * sizeof(*grown));
		names->name = grown;
		names->capacity = more;
	}
	names->name[names->n] = arena_strdup(a, name);
	return names->name[names->n++] ? 0 : -ENOMEM;
}

static int list_files(struct arena *a, DIR *dir, struct names *ret)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".conf") != 0)
			continue;
		if (add_name(a, ret, entry->d_name) < 0)
			return -ENOMEM;
	}
	if (ret->n > 1)
		qsort(ret->name, ret->n, sizeof(*ret->name), compare_names);
	return 0;
}

static int hand_out_lines(char *text, module_name_fn fn, void *data, int *count)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t len;
		int r;

		line += strspn(line, " \t\r");
		for (len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]); len--)
			line[len - 1] = '\0';
		if (len == 0 || *line == '#' || *line == ';')
			continue;
		++*count;
		r = fn(line, data);
		if (r != 0)
			return r;
	}
	return 0;
}

int modules_listed(int rootfd, module_name_fn fn, void *data)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_closedir_ DIR *dir = NULL;
	struct names files = { 0 };
	int count = 0;
	int r = open_dir(rootfd, "etc/modules-load.d", &dir);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = list_files(&a, dir, &files);
	for (size_t i = 0; i < files.n && r == 0; i++) {
		char *text;

		r = file_read(&a, dirfd(dir), files.name[i], LIST_BYTES_MAX, &text, NULL);
		if (r == 0)
			r = hand_out_lines(text, fn, data, &count);
	}
	return r != 0 ? r : count;
}
