/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every gap of klibc that lib/klibc closes, on klibc itself. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/klibc/check.h"

static char path[64] = "/tmp/anteroot-klibc-XXXXXX";

static void test_syscall(void)
{
	check(syscall(__NR_getpid) == getpid(), "syscall without arguments");

	errno = 0;
	check(syscall(100000) == -1 && errno == ENOSYS, "syscall the kernel does not have: ENOSYS");

	/* All six arguments arrive: a mapping of one page of a file at an offset. */
	int fd = open(path, O_RDWR);
#ifdef __NR_mmap2
	long map = syscall(__NR_mmap2, 0L, 4096L, 1L, 2L, (long)fd, 1L);
#else
	long map = syscall(__NR_mmap, 0L, 4096L, 1L, 2L, (long)fd, 4096L);
#endif
	const char *mapped = (const char *)map;

	check(map != -1 && memcmp(mapped, "second page", 11) == 0, "syscall with six arguments");
	close(fd);
}

static void test_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	long fd = syscall(SYS_openat2, (long)dir, "..", &how, sizeof(how));
	struct stat outer, inner;

	/* Before Linux 5.6, and under qemu's user emulation. */
	if (fd < 0 && errno == ENOSYS) {
		check(true, "openat2 is not there: ENOSYS");
		close(dir);
		return;
	}

	check(fd >= 0 && fstat(dir, &outer) == 0 && fstat((int)fd, &inner) == 0 &&
		      outer.st_ino == inner.st_ino && outer.st_dev == inner.st_dev,
	      "openat2 RESOLVE_IN_ROOT");
	close((int)fd);
	how.resolve = RESOLVE_NO_SYMLINKS;
	errno = 0;
	check(syscall(SYS_openat2, (long)dir, "../proc/self/exe", &how, sizeof(how)) == -1 &&
		      errno == ELOOP,
	      "openat2 RESOLVE_NO_SYMLINKS");
	close(dir);
}

/* A name below a directory, the mode of a new file, and one of 3 GiB: klibc for arm has no openat() of its own. */
static void test_openat(void)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), fd;
	const char *name = basename(path);
	struct stat st;

	check(unlinkat(dir, name, 0) == 0 && openat(dir, name, O_RDONLY) == -1 && errno == ENOENT,
	      "openat of no file");
	umask(0);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL, 0640);
	check(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640, "openat with a mode");
	check(ftruncate(fd, (off_t)3 << 30) == 0 && close(fd) == 0 &&
		      (fd = openat(dir, name, O_RDONLY)) >= 0 &&
		      lseek(fd, 0, SEEK_END) == (off_t)3 << 30,
	      "openat of a large file");
	close(fd);
	close(dir);
}

static void test_files(void)
{
	struct statx extended;
	struct stat st;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1700000000 } };
	struct statfs fs;
	int fd = open(path, O_RDWR);

	check(statx(AT_FDCWD, path, 0, STATX_SIZE | STATX_MODE, &extended) == 0 &&
		      extended.stx_size == 4096 + 11 && S_ISREG(extended.stx_mode),
	      "statx");
	check(futimens(fd, times) == 0 && fstat(fd, &st) == 0 && st.st_mtime == 1700000000,
	      "futimens");
	check(sizeof(st.st_size) == 8, "file sizes have 64 bits");
	check(syncfs(fd) == 0, "syncfs");
	check(fstatfs(fd, &fs) == 0 && fs.f_bsize > 0, "fstatfs");
	check(faccessat(AT_FDCWD, path, R_OK, 0) == 0, "faccessat");
	check(fchownat(AT_FDCWD, path, getuid(), getgid(), AT_SYMLINK_NOFOLLOW) == 0, "fchownat");
	close(fd);

	DIR *dir = opendir("/proc/self");
	ino_t first = readdir(dir)->d_ino;

	while (readdir(dir))
		;
	rewinddir(dir);

	struct dirent *again = readdir(dir);

	check(again && again->d_ino == first, "rewinddir");
	closedir(dir);

	char *cwd = get_current_dir_name();

	check(cwd && cwd[0] == '/', "get_current_dir_name");
	free(cwd);

	char bad[] = "no-pattern";

	check(mkstemp(bad) == -1 && errno == EINVAL, "mkstemp without XXXXXX");
}

static void test_ioctl(void)
{
	unsigned long long bytes = 0;
	int waiting = -1, fds[2];

	check(pipe(fds) == 0 && write(fds[1], "four", 4) == 4 &&
		      ioctl(fds[0], FIONREAD, &waiting) == 0 && waiting == 4,
	      "ioctl with a pointer");
	check(ioctl(fds[0], BLKGETSIZE64, &bytes) == -1 && errno == ENOTTY, "ioctl above INT_MAX");
	check(ioctl(fds[0], FIOCLEX) == 0, "ioctl without an argument");
	close(fds[0]);
	close(fds[1]);
}

static void test_clock(void)
{
	struct timespec a, b;
	struct timespec64 long_time;

	check(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && clock_gettime(CLOCK_MONOTONIC, &b) == 0 &&
		      (b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec)),
	      "clock_gettime CLOCK_MONOTONIC");
	check(clock_gettime(CLOCK_REALTIME, &a) == 0 &&
		      llabs((long long)a.tv_sec - time(NULL)) <= 1,
	      "clock_gettime CLOCK_REALTIME");
	check(clock_gettime64(CLOCK_REALTIME, &long_time) == 0 && sizeof(long_time.tv_sec) == 8 &&
		      llabs(long_time.tv_sec - a.tv_sec) <= 1,
	      "clock_gettime64");
	check(clock_gettime(1000, &a) == -1 && errno == EINVAL, "clock_gettime of no clock");

	/* Not the machine's own clock: a time that no kernel takes. */
	struct timespec bad = { .tv_sec = 1, .tv_nsec = -1 };

	check(clock_settime(CLOCK_REALTIME, &bad) == -1 && (errno == EINVAL || errno == EPERM),
	      "clock_settime");
}

static bool same_day(long long seconds, int year, int month, int day, int weekday, int yearday)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day &&
	       tm.tm_wday == weekday && tm.tm_yday == yearday && timegm(&tm) == t;
}

static void test_calendar(void)
{
	check(same_day(0, 1970, 1, 1, 4, 0), "gmtime 1970-01-01");
	check(same_day(-1, 1969, 12, 31, 3, 364), "gmtime before 1970");
	check(same_day(951782400, 2000, 2, 29, 2, 59), "gmtime 2000-02-29");
	check(same_day(1709251199, 2024, 2, 29, 4, 59), "gmtime 2024-02-29 23:59:59");
	check(same_day(1735689599, 2024, 12, 31, 2, 365), "gmtime 2024-12-31");
	if (sizeof(time_t) == 8) {
		check(same_day(2147483648LL, 2038, 1, 19, 2, 18),
		      "gmtime 2038-01-19, one second too many");
		check(same_day(4107542400LL, 2100, 3, 1, 1, 59), "gmtime 2100-03-01, no leap day");
		check(same_day(253402300800LL, 10000, 1, 1, 6, 0), "gmtime 10000-01-01");
	}

	bool all = true;
	time_t t = (time_t)-2147483647;

	/* Every day of 136 years, at an odd hour. */
	for (int i = 0; i < 49700; i++, t += 86400) {
		struct tm tm;

		if (timegm(gmtime_r(&t, &tm)) != t)
			all = false;
	}
	check(all, "gmtime and timegm are each other's inverse");
}

static void test_strings(void)
{
	char buffer[32], dir[] = "/usr/lib//x/", plain[] = "x", root[] = "/x";

	check(mempcpy(buffer, "abc", 3) == buffer + 3, "mempcpy");
	check(stpcpy(buffer, "hello") == buffer + 5 && strcmp(buffer, "hello") == 0, "stpcpy");
	check(*strchrnul("abc", 'b') == 'b' && *strchrnul("abc", 'x') == '\0', "strchrnul");
	check(strcmp(strcasestr("Some TEXT", "text"), "TEXT") == 0 && !strcasestr("a", "b"),
	      "strcasestr");
	check(strnlen("abcdef", 3) == 3, "strnlen");
	check(memmem("abcabd", 6, "abd", 3) != NULL && !memmem("abc", 3, "x", 1), "memmem");
	check(strcmp(basename("/usr/bin/x"), "x") == 0 && strcmp(basename("a/"), "") == 0,
	      "basename");
	check(strcmp(dirname(dir), "/usr/lib") == 0 && strcmp(dirname(plain), ".") == 0 &&
		      strcmp(dirname(root), "/") == 0,
	      "dirname");
	explicit_bzero(buffer, sizeof(buffer));
	check(buffer[0] == 0 && buffer[4] == 0, "explicit_bzero");
	errno = 0;
	check(!reallocarray(NULL, SIZE_MAX / 2, 3) && errno == ENOMEM, "reallocarray overflow");
	check(strcmp(strdupa("stack"), "stack") == 0, "strdupa");
	check(strcmp(program_invocation_short_name, "anteroot") == 0,
	      "program_invocation_short_name");
}

static int format(char *buffer, size_t size, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	int length = vsnprintf(buffer, size, text, args);
	va_end(args);
	return length;
}

static void test_format(void)
{
	char text[64];

	errno = ENOENT;
	check(format(text, sizeof(text), "%s: %m, %%m %d", "x", 7) == 34 &&
		      strcmp(text, "x: No such file or directory, %m 7") == 0,
	      "vsnprintf with %m");
	check(format(text, 4, "%d", 123456) == 6 && strcmp(text, "123") == 0, "vsnprintf cuts");
}

static void test_stdio(void)
{
	char *line = NULL, *text;
	size_t size = 0;
	int fd = open(path, O_RDWR | O_TRUNC);

	check(dprintf(fd, "%s %d\n%0*d", "first", 1, 300, 7) == 308, "dprintf");
	lseek(fd, 0, SEEK_SET);

	FILE *file = fdopen(fd, "r");

	check(getline(&line, &size, file) == 8 && strcmp(line, "first 1\n") == 0, "getline");
	check(getline(&line, &size, file) == 300 && line[299] == '7' && size > 300,
	      "getline long, no end");
	check(getline(&line, &size, file) == -1, "getline at the end");
	rewind(file);

	int number = 0;
	char word[8];

	check(fscanf(file, "%7s %d", word, &number) == 2 && number == 1, "fscanf");
	free(line);
	fclose(file);
	check(asprintf(&text, "%s-%llx-%zu", "a", 0x123456789abcULL, (size_t)5) == 16 &&
		      strcmp(text, "a-123456789abc-5") == 0,
	      "asprintf");
	free(text);
}

static void test_err(void)
{
	int fds[2], status = 0;
	char text[64] = "";

	if (pipe(fds) < 0)
		return;
	fflush(stdout);

	pid_t child = fork();

	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		errno = ENOENT;
		err(7, "unable to %s", "try");
	}
	check(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		      WEXITSTATUS(status) == 7 && read(fds[0], text, sizeof(text) - 1) > 0 &&
		      strcmp(text, "anteroot: unable to try: No such file or directory\n") == 0,
	      "err");
	close(fds[0]);
	close(fds[1]);
}

static void test_numbers(void)
{
	char *end;

	check(strtod("1.5e3x", &end) == 1500 && *end == 'x', "strtod");
	check(strtod("0.1", NULL) == 0.1 && strtod("x", &end) == 0 && *end == 'x',
	      "strtod of no number");
	errno = 0;
	check(isinf(strtod("1e999", NULL)) && errno == ERANGE, "strtod beyond the largest: ERANGE");
	errno = 0;
	check(strtod("1e-999", NULL) == 0 && errno == ERANGE, "strtod below the smallest: ERANGE");
	check(isnan(NAN) && !isnan(1.0) && fabs(-2.0) == 2.0, "math.h");
}

/* The compiler may use aligned SSE stores on the stack; klibc's start must have aligned it. */
static void test_stack(void)
{
	struct {
		double values[4];
	} __attribute__((aligned(16))) aligned = { { 1, 2, 3, 4 } };

	check((uintptr_t)&aligned % 16 == 0, "the stack is aligned");
}

static void test_kernel_interfaces(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct timespec soon = { .tv_nsec = 1000000 };
	int size = 1 << 20, on = 1;
	unsigned char random[16];

	check(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 &&
		      setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0,
	      "netlink socket");
	check(ppoll(&pollfd, 1, &soon, NULL) >= 0, "ppoll");
	close(fd);
	check(getrandom(random, sizeof(random), GRND_NONBLOCK) == sizeof(random), "getrandom");
	/* Commands and names that the kernel refuses: nothing happens to the machine. */
	check(reboot(0x12345678) == -1 && (errno == EINVAL || errno == EPERM), "reboot");
	check(sethostname("", 1000) == -1 && (errno == EINVAL || errno == EPERM), "sethostname");
	check(mount("none", "/nonexistent", "tmpfs",
		    MS_NOSUID | MS_RELATIME | MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE |
			    MS_STRICTATIME | MS_LAZYTIME | MS_SILENT,
		    NULL) == -1 &&
		      umount2("/nonexistent", MNT_DETACH | UMOUNT_NOFOLLOW) == -1,
	      "mount flags");
}

int main(void)
{
	int fd = mkstemp(path);

	check(fd >= 0 && lseek(fd, 4096, SEEK_SET) == 4096 && write(fd, "second page", 11) == 11,
	      "mkstemp");
	close(fd);
	test_syscall();
	test_openat2();
	test_files();
	test_ioctl();
	test_clock();
	test_calendar();
	test_strings();
	test_format();
	test_stdio();
	test_err();
	test_numbers();
	test_openat();
	test_stack();
	test_kernel_interfaces();
	unlink(path);
	return failures > 0;
}
