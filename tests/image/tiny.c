/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The init of the tiny root: it tells what it finds and powers off.
 *
 * A marker line goes to the kernel log. The report goes to the second serial
 * port, where no kernel message can cut into it, as a row of
 *
 *	item NAME SIZE \n BYTES \n
 *	file PATH MODE UID GID SIZE \n BYTES \n		(mode octal, as in st_mode)
 *	end
 *
 * The word target.hold on the command line keeps it running instead.
 */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef REPORT_PORT
#define REPORT_PORT "/dev/ttyS1"
#endif

enum { MAX_BYTES = 256 * 1024, MAX_DEPTH = 8 };

/* Everything a delivery could have touched. */
static const char *const shown[] = {
	"/slot", "/etc", "/root", "/run", "/var", "/usr/share", "/mnt",
};

static char buffer[MAX_BYTES];
static FILE *report;

static size_t read_file(const char *path)
{
	size_t size = 0;
	ssize_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return 0;
	while (size < sizeof(buffer) &&
	       (count = read(fd, buffer + size, sizeof(buffer) - size)) > 0)
		size += (size_t)count;
	(void)close(fd);
	return size;
}

static void tell_item(const char *name, const char *bytes, size_t size)
{
	(void)fprintf(report, "item %s %zu\n", name, size);
	(void)fwrite(bytes, 1, size, report);
	(void)fputc('\n', report);
}

static void tell_text(const char *name, const char *format, ...)
{
	static char text[4096];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	tell_item(name, text, strlen(text));
}

static void tell_file_item(const char *name, const char *path)
{
	tell_item(name, buffer, read_file(path));
}

/* One entry with what it holds: bytes, or where a link points. */
static void tell_entry(const char *path, const struct stat *st)
{
	size_t size = 0;

	if (S_ISREG(st->st_mode)) {
		size = read_file(path);
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t length = readlink(path, buffer, sizeof(buffer));

		size = length > 0 ? (size_t)length : 0;
	}
	(void)fprintf(report, "file %s %o %u %u %zu\n", path, st->st_mode, st->st_uid, st->st_gid,
		      size);
	(void)fwrite(buffer, 1, size, report);
	(void)fputc('\n', report);
}

static void tell_tree(const char *path, int depth)
{
	struct dirent *entry;
	struct stat st;
	char below[PATH_MAX];
	DIR *dir;

	if (lstat(path, &st) != 0)
		return;
	tell_entry(path, &st);
	if (!S_ISDIR(st.st_mode) || depth == MAX_DEPTH || !(dir = opendir(path)))
		return;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		tell_tree(below, depth + 1);
	}
	(void)closedir(dir);
}

/* The descriptors inherited, each as "NUMBER TARGET"; called before any is opened. */
static void inherited(char *text, size_t size)
{
	size_t used = 0;

	for (int fd = 0; fd < 1024; fd++) {
		char name[64], target[PATH_MAX] = "?";

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		if (readlink(name, target, sizeof(target) - 1) < 0)
			(void)strcpy(target, "?");
		used += (size_t)snprintf(text + used, size - used, "%d %s\n", fd, target);
		if (used >= size)
			return;
	}
}

/* Which of the API mounts were not there: each is then mounted, to tell the rest. */
static void mount_missing(char *missing, size_t size)
{
	static const char *const api[][2] = {
		{ "/proc", "proc" },
		{ "/sys", "sysfs" },
		{ "/dev", "devtmpfs" },
		{ "/run", "tmpfs" },
	};
	struct stat root, st;

	missing[0] = '\0';
	(void)stat("/", &root);
	for (size_t i = 0; i < sizeof(api) / sizeof(api[0]); i++) {
		if (stat(api[i][0], &st) == 0 && st.st_dev != root.st_dev)
			continue;
		(void)strncat(missing, api[i][0], size - strlen(missing) - 1);
		(void)strncat(missing, "\n", size - strlen(missing) - 1);
		(void)mount(api[i][1], api[i][0], api[i][1], 0, NULL);
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

/* The line a person and a stop-watch look for. */
static void mark(int argc, char **argv)
{
	char line[512], slot[64] = "none";
	size_t size = read_file("/slot");
	size_t used;

	if (size > 0)
		(void)snprintf(slot, sizeof(slot), "%.*s", (int)strcspn(buffer, "\n"), buffer);
	used = (size_t)snprintf(line, sizeof(line),
				"ANTEROOT-TARGET pid=%d slot-marker=%s args=", (int)getpid(), slot);
	for (int i = 0; i < argc && used < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? " " : "",
					 argv[i]);
	/* without its end the kernel waits for more of the line */
	if (used < sizeof(line) - 1)
		(void)strcpy(line + used, "\n");
	/* the kernel drops what one open file writes too quickly */
	write_text("/proc/sys/kernel/printk_devkmsg", "on\n");
	write_text("/dev/kmsg", line);
}

static void open_report(void)
{
	struct termios raw;
	int fd = open(REPORT_PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && tcgetattr(fd, &raw) == 0) {
		cfmakeraw(&raw);
		raw.c_cflag |= CLOCAL;
		(void)tcsetattr(fd, TCSANOW, &raw);
	}
	report = fd >= 0 ? fdopen(fd, "w") : fopen("/dev/null", "we");
}

static void tell_all(int argc, char **argv, char **envp)
{
	struct utsname names;
	char name[32], cwd[PATH_MAX];

	(void)uname(&names);
	tell_text("pid", "%d", (int)getpid());
	tell_text("hostname", "%s", names.nodename);
	tell_text("cwd", "%s", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	for (int i = 0; i < argc; i++) {
		(void)snprintf(name, sizeof(name), "argv.%d", i);
		tell_text(name, "%s", argv[i]);
	}
	for (int i = 0; envp[i]; i++) {
		(void)snprintf(name, sizeof(name), "env.%d", i);
		tell_text(name, "%s", envp[i]);
	}
	tell_text("clock", "%lld", (long long)time(NULL));
	tell_file_item("cmdline", "/proc/cmdline");
	tell_file_item("partitions", "/proc/partitions");
	tell_file_item("mounts", "/proc/self/mounts");
	tell_file_item("mountinfo", "/proc/self/mountinfo");
	tell_file_item("modules", "/proc/modules");
	tell_file_item("meminfo", "/proc/meminfo");
	tell_file_item("panic", "/proc/sys/kernel/panic");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		tell_tree(shown[i], 0);
}

/* Whether the kernel's command line asks this slot for `word`, as target.WORD=SLOT. */
static int is_told(const char *word)
{
	char argument[64], slot = '?';
	size_t size = read_file("/slot");

	if (size > 0)
		slot = buffer[0];
	(void)snprintf(argument, sizeof(argument), "target.%s=%c", word, slot);
	size = read_file("/proc/cmdline");
	return memmem(buffer, size, argument, strlen(argument)) != NULL;
}

/* What a bad update does. */
static void misbehave(void)
{
	int fd;

	if (is_told("exit"))
		_exit(1);
	if (is_told("panic")) {
		fd = open("/proc/sysrq-trigger", O_WRONLY);
		(void)!write(fd, "c", 1);
	}
	while (is_told("hang"))
		(void)pause();
}

int main(int argc, char **argv, char **envp)
{
	static char descriptors[4096], missing[256];
	size_t size;
	int hold;

	inherited(descriptors, sizeof(descriptors));
	mount_missing(missing, sizeof(missing));
	mark(argc, argv);
	open_report();
	tell_text("descriptors", "%s", descriptors);
	tell_text("missing", "%s", missing);
	tell_all(argc, argv, envp);
	(void)fprintf(report, "end\n");
	(void)fflush(report);
	(void)tcdrain(fileno(report));

	misbehave();
	size = read_file("/proc/cmdline");
	hold = memmem(buffer, size, "target.hold", strlen("target.hold")) != NULL;
	while (hold)
		(void)pause();
	sync();
	if (getpid() == 1)
		(void)reboot(RB_POWER_OFF);
	return 0;
}
