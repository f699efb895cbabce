/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/fakesys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define MATCHES_MAX 16u
#define FDS_MAX	    1024
#define NEVER	    (~0u)
#define FIRST_PID   1000
#define STARTED_MAX 64

static struct {
	char base[PATH_MAX]; /* "" = nothing is real */
	char **line;
	unsigned int n_lines, capacity;
	char *log;
	struct {
		char start[128];
		int err;
	} match[MATCHES_MAX];
	unsigned int n_matches;
	unsigned int fail_at; /* index of the call, NEVER */
	int fail_err;
	unsigned int cut_at;
	size_t max_write_bytes;
	int run_status;
	int (*run_script)(const char *path, char *const argv[], char *const envp[],
			  struct sys_end *end);
	char *exec_env[64];   /* of the last exec */
	char exec_state[128]; /* what it has inherited by --deserialize= */
	const char *output;
	int n_started;
	int ended[STARTED_MAX];	  /* status of each process, STILL_RUNS */
	char *pretended[FDS_MAX]; /* names of files that are /dev/null in truth */
} fake = { .fail_at = NEVER, .cut_at = NEVER };

static void *must(void *p)
{
	if (!p) {
		perror("fakesys");
		abort();
	}
	return p;
}

static void forget_env(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fake.exec_env); i++) {
		free(fake.exec_env[i]);
		fake.exec_env[i] = NULL;
	}
}

void fakesys_reset(const char *base)
{
	for (unsigned int i = 0; i < fake.n_lines; i++)
		free(fake.line[i]);
	free(fake.line);
	free(fake.log);
	forget_env();
	for (unsigned int i = 0; i < FDS_MAX; i++)
		free(fake.pretended[i]);
	memset(&fake, 0, sizeof(fake));
	fake.fail_at = fake.cut_at = NEVER;
	if (base)
		must(realpath(base, fake.base));
}

void fakesys_fail_nth(unsigned int nth, int err)
{
	fake.fail_at = fake.n_lines + nth - 1;
	fake.fail_err = err;
}

void fakesys_fail_match(const char *line_start, int err)
{
	if (fake.n_matches == MATCHES_MAX)
		abort();
	snprintf(fake.match[fake.n_matches].start, sizeof(fake.match[0].start), "%s", line_start);
	fake.match[fake.n_matches++].err = err;
}

void fakesys_cut_after(unsigned int n)
{
	fake.cut_at = fake.n_lines + n;
}

void fakesys_short_writes(size_t max_bytes)
{
	fake.max_write_bytes = max_bytes;
}

void fakesys_run_status(int status)
{
	fake.run_status = status;
}

void fakesys_output(const char *text)
{
	fake.output = text;
}

void fakesys_run_script(int (*script)(const char *path, char *const argv[], char *const envp[],
				      struct sys_end *end))
{
	fake.run_script = script;
}

unsigned int fakesys_calls(void)
{
	return fake.n_lines;
}

const char *fakesys_line(unsigned int index)
{
	return index < fake.n_lines ? fake.line[index] : NULL;
}

static bool starts(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

unsigned int fakesys_count(const char *line_start)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < fake.n_lines; i++)
		n += starts(fake.line[i], line_start);
	return n;
}

int fakesys_find(const char *line_start, unsigned int from)
{
	for (unsigned int i = from; i < fake.n_lines; i++)
		if (starts(fake.line[i], line_start))
			return (int)i;
	return -1;
}

const char *fakesys_log(void)
{
	size_t len = 1;
	char *p;

	for (unsigned int i = 0; i < fake.n_lines; i++)
		len += strlen(fake.line[i]) + 1;
	free(fake.log);
	p = fake.log = must(malloc(len));
	*p = '\0';
	for (unsigned int i = 0; i < fake.n_lines; i++)
		p += sprintf(p, "%s\n", fake.line[i]);
	return fake.log;
}

int fakesys_open_fds(void)
{
	_cleanup_closedir_ DIR *dir = must(opendir("/proc/self/fd"));
	int n = -1; /* its own */

	for (const struct dirent *de = readdir(dir); de; de = readdir(dir))
		n += de->d_name[0] != '.';
	return n;
}

/* Logs a call. 0, or the negative errno that it is to return without doing anything. */
static int call(const char *fmt, ...) _printf_(1, 2);
static int call(const char *fmt, ...)
{
	unsigned int index = fake.n_lines;
	va_list ap;

	if (index == fake.capacity) {
		fake.capacity = fake.capacity ? 2 * fake.capacity : 64;
		fake.line = must(realloc(fake.line, fake.capacity * sizeof(*fake.line)));
	}
	va_start(ap, fmt);
	if (vasprintf(&fake.line[index], fmt, ap) < 0)
		abort();
	va_end(ap);
	fake.n_lines++;

	if (index >= fake.cut_at)
		return -EIO;
	if (index == fake.fail_at)
		return -fake.fail_err;
	for (unsigned int i = 0; i < fake.n_matches; i++)
		if (starts(fake.line[index], fake.match[i].start))
			return -fake.match[i].err;
	return 0;
}

/* Where an object is: its full name, and that name as the log shows it. */
struct object {
	char full[2 * PATH_MAX];
	const char *shown;
	bool real; /* below the base */
};

static void object_finish(struct object *o)
{
	size_t len = strlen(fake.base);

	o->shown = o->full;
	o->real = len > 0 && strncmp(o->full, fake.base, len) == 0 &&
		  (o->full[len] == '/' || o->full[len] == '\0');
	if (o->real)
		o->shown = o->full[len] ? o->full + len : "/";
}

static void object_of_fd(struct object *o, int fd)
{
	char link[64];
	ssize_t n;

	if (fd >= 0 && fd < FDS_MAX && fake.pretended[fd]) {
		snprintf(o->full, sizeof(o->full), "%s", fake.pretended[fd]);
		object_finish(o);
		o->real = false;
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, o->full, sizeof(o->full) - 1);
	if (n < 0)
		n = sprintf(o->full, "(bad descriptor)");
	o->full[n] = '\0';
	object_finish(o);
}

/* A link on the way may lead out of the base. */
static bool parent_is_inside(const char *full)
{
	char parent[2 * PATH_MAX], resolved[PATH_MAX];
	size_t len = strlen(fake.base);

	snprintf(parent, sizeof(parent), "%s", full);
	*strrchr(parent, '/') = '\0';
	if (!realpath(parent, resolved))
		return true; /* it does not exist: nothing can happen */
	return strncmp(resolved, fake.base, len) == 0 &&
	       (resolved[len] == '/' || resolved[len] == '\0');
}

static void object_at(struct object *o, int dirfd, const char *path)
{
	struct object dir = { 0 };

	if (path[0] == '/') {
		snprintf(o->full, sizeof(o->full), "%s", path);
	} else if (dirfd == AT_FDCWD) {
		must(getcwd(dir.full, sizeof(dir.full)));
		snprintf(o->full, sizeof(o->full), "%.*s/%s", PATH_MAX, dir.full, path);
	} else {
		object_of_fd(&dir, dirfd);
		snprintf(o->full, sizeof(o->full), "%.*s/%s", PATH_MAX, dir.full, path);
	}
	object_finish(o);
	o->real = o->real && parent_is_inside(o->full);
}

static int fake_open(int dirfd, const char *path, int flags, mode_t mode)
{
	struct object o;
	int r, fd;

	object_at(&o, dirfd, path);
	r = call("open %s %04o", o.shown, (unsigned int)mode);
	if (r < 0)
		return r;
	if (o.real)
		return sys_real.open(dirfd, path, flags, mode);
	fd = sys_real.open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (fd >= 0 && fd < FDS_MAX) {
		free(fake.pretended[fd]);
		fake.pretended[fd] = must(strdup(o.full));
	}
	return fd;
}

/* A name given to a descriptor is forgotten when the descriptor is /dev/null no longer. */
static void object_of_open(struct object *o, int fd)
{
	char link[64], target[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fd >= 0 && fd < FDS_MAX && fake.pretended[fd] &&
	    (readlink(link, target, sizeof(target) - 1) < 0 || strcmp(target, "/dev/null") != 0)) {
		free(fake.pretended[fd]);
		fake.pretended[fd] = NULL;
	}
	object_of_fd(o, fd);
}

static ssize_t fake_write(int fd, const void *data, size_t len)
{
	struct object o;
	int r;

	if (fake.max_write_bytes && len > fake.max_write_bytes)
		len = fake.max_write_bytes;
	object_of_open(&o, fd);
	r = call("write %s %zu", o.shown, len);
	if (r < 0)
		return r;
	return o.real ? sys_real.write(fd, data, len) : (ssize_t)len;
}

static ssize_t fake_pwrite(int fd, const void *data, size_t len, int64_t offset)
{
	struct object o;
	int r;

	if (fake.max_write_bytes && len > fake.max_write_bytes)
		len = fake.max_write_bytes;
	object_of_open(&o, fd);
	r = call("pwrite %s %zu %lld", o.shown, len, (long long)offset);
	if (r < 0)
		return r;
	return o.real ? sys_real.pwrite(fd, data, len, offset) : (ssize_t)len;
}

static int fake_fsync(int fd)
{
	struct object o;
	int r;

	object_of_open(&o, fd);
	r = call("fsync %s", o.shown);
	return r == 0 && o.real ? sys_real.fsync(fd) : r;
}

static int fake_fchmod(int fd, mode_t mode)
{
	struct object o;
	int r;

	object_of_open(&o, fd);
	r = call("fchmod %s %04o", o.shown, (unsigned int)mode);
	return r == 0 && o.real ? sys_real.fchmod(fd, mode) : r;
}

static int fake_fchown(int fd, uid_t uid, gid_t gid)
{
	struct object o;
	int r;

	object_of_open(&o, fd);
	r = call("fchown %s %u:%u", o.shown, (unsigned int)uid, (unsigned int)gid);
	return r == 0 && o.real && geteuid() == 0 ? sys_real.fchown(fd, uid, gid) : r;
}

static int fake_mkdirat(int dirfd, const char *path, mode_t mode)
{
	struct object o;
	int r;

	object_at(&o, dirfd, path);
	r = call("mkdirat %s %04o", o.shown, (unsigned int)mode);
	return r == 0 && o.real ? sys_real.mkdirat(dirfd, path, mode) : r;
}

static int fake_mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)
{
	struct object o;
	int r;

	object_at(&o, dirfd, path);
	r = call("mknodat %s %07o %u:%u", o.shown, (unsigned int)mode, major(dev), minor(dev));
	return r == 0 && o.real && geteuid() == 0 ? sys_real.mknodat(dirfd, path, mode, dev) : r;
}

static int fake_symlinkat(const char *content, int dirfd, const char *path)
{
	struct object o;
	int r;

	object_at(&o, dirfd, path);
	r = call("symlinkat %s %s", content, o.shown);
	return r == 0 && o.real ? sys_real.symlinkat(content, dirfd, path) : r;
}

static int fake_linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)
{
	struct object from, to;
	int r;

	object_at(&from, olddirfd, oldpath);
	object_at(&to, newdirfd, newpath);
	r = call("linkat %s %s", from.shown, to.shown);
	return r == 0 && from.real && to.real
		       ? sys_real.linkat(olddirfd, oldpath, newdirfd, newpath)
		       : r;
}

static int fake_renameat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath)
{
	struct object from, to;
	int r;

	object_at(&from, olddirfd, oldpath);
	object_at(&to, newdirfd, newpath);
	r = call("renameat %s %s", from.shown, to.shown);
	return r == 0 && from.real && to.real
		       ? sys_real.renameat(olddirfd, oldpath, newdirfd, newpath)
		       : r;
}

static int fake_unlinkat(int dirfd, const char *path, int flags)
{
	struct object o;
	int r;

	object_at(&o, dirfd, path);
	r = call("unlinkat %s %d", o.shown, flags);
	return r == 0 && o.real ? sys_real.unlinkat(dirfd, path, flags) : r;
}

static void fake_sync(void)
{
	(void)call("sync");
}

static const char *text(const char *s)
{
	return s ? s : "-";
}

static int fake_mount(const char *source, const char *target, const char *type, unsigned long flags,
		      const char *data)
{
	return call("mount %s %s %s 0x%lx %s", text(source), target, text(type), flags, text(data));
}

static int fake_umount(const char *target, int flags)
{
	return call("umount %s %d", target, flags);
}

static int fake_chdir(const char *path)
{
	return call("chdir %s", path);
}

static int fake_chroot(const char *path)
{
	return call("chroot %s", path);
}

static int fake_unshare_mounts(void)
{
	return call("unshare_mounts");
}

static int fake_clock_set(int64_t realtime_usec)
{
	return call("clock_set %lld", (long long)realtime_usec);
}

static int fake_hostname_set(const char *name)
{
	return call("hostname_set %s", name);
}

static int fake_module_insert(int fd, const char *options, int flags)
{
	struct object o;

	object_of_open(&o, fd);
	return call("module_insert %s %s %d", o.shown, text(options), flags);
}

static int fake_partition_add(int fd, unsigned int number, uint64_t start_bytes, uint64_t bytes)
{
	struct object o;

	object_of_open(&o, fd);
	return call("partition_add %s %u %llu %llu", o.shown, number,
		    (unsigned long long)start_bytes, (unsigned long long)bytes);
}

static int fake_partition_resize(int fd, unsigned int number, uint64_t start_bytes, uint64_t bytes)
{
	struct object o;

	object_of_open(&o, fd);
	return call("partition_resize %s %u %llu %llu", o.shown, number,
		    (unsigned long long)start_bytes, (unsigned long long)bytes);
}

static int fake_ext4_resize(int fd, uint64_t blocks)
{
	struct object o;

	object_of_open(&o, fd);
	return call("ext4_resize %s %llu", o.shown, (unsigned long long)blocks);
}

static int fake_watchdog_set(int fd, int seconds)
{
	struct object o;
	int r;

	object_of_open(&o, fd);
	r = call("watchdog_set %s %d", o.shown, seconds);
	return r < 0 ? r : seconds;
}

static int fake_watchdog_stop(int fd)
{
	struct object o;

	object_of_open(&o, fd);
	return call("watchdog_stop %s", o.shown);
}

static int fake_reboot(int how)
{
	return call("reboot 0x%x", (unsigned int)how);
}

static int call_program(const char *name, const char *path, char *const argv[])
{
	char words[1024] = "";
	size_t len = 0;

	for (unsigned int i = 0; argv[i] && len < sizeof(words); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, " %s", argv[i]);
	return call("%s %s%s", name, path, words);
}

/* From its start, as the program would read it; nothing of a file that exec would close. */
static void inherit_state(const char *argument)
{
	ssize_t n;
	int fd;

	if (sscanf(argument, "--deserialize=%d", &fd) != 1 || fcntl(fd, F_GETFD) != 0)
		return;
	n = read(fd, fake.exec_state, sizeof(fake.exec_state) - 1);
	fake.exec_state[n > 0 ? n : 0] = '\0';
}

const char *fakesys_exec_state(void)
{
	return fake.exec_state;
}

/* Returns 0 where the real one would not return. */
static int fake_exec(const char *path, char *const argv[], char *const envp[])
{
	forget_env();
	fake.exec_state[0] = '\0';
	for (unsigned int i = 0; argv[i]; i++)
		inherit_state(argv[i]);
	for (unsigned int i = 0; envp[i] && i < ARRAY_SIZE(fake.exec_env); i++)
		fake.exec_env[i] = must(strdup(envp[i]));
	return call_program("exec", path, argv);
}

const char *fakesys_exec_env(const char *name)
{
	size_t len = strlen(name);

	for (unsigned int i = 0; i < ARRAY_SIZE(fake.exec_env) && fake.exec_env[i]; i++)
		if (strncmp(fake.exec_env[i], name, len) == 0 && fake.exec_env[i][len] == '=')
			return fake.exec_env[i] + len + 1;
	return NULL;
}

static int fake_run(const char *path, char *const argv[])
{
	int r = call_program("run", path, argv);

	return r < 0 ? r : fake.run_status;
}

static int fake_run_limited(const char *path, char *const argv[], char *const envp[],
			    const struct sys_limits *limits, struct sys_end *ret_end)
{
	char name[64];
	int r;

	snprintf(name, sizeof(name), "run_limited %lld", (long long)limits->timeout_msec);
	r = call_program(name, path, argv);
	if (r < 0)
		return r;
	if (limits->tick)
		limits->tick(limits->data);
	*ret_end = (struct sys_end){ .status = fake.run_status };
	return fake.run_script ? fake.run_script(path, argv, envp, ret_end) : 0;
}

static int fake_start(const char *path, char *const argv[], char *const envp[], int out)
{
	struct sys_end end = { .status = fake.run_status };
	int r = call_program("start", path, argv);

	if (r < 0)
		return r;
	if (fake.n_started == STARTED_MAX)
		abort();
	if (fake.output && out >= 0)
		(void)sys_real.write(out, fake.output, strlen(fake.output));
	if (fake.run_script)
		r = fake.run_script(path, argv, envp, &end);
	fake.ended[fake.n_started] = end.timed_out ? FAKESYS_RUNS : end.status;
	return r < 0 ? r : FIRST_PID + fake.n_started++;
}

static int *of_process(int pid)
{
	if (pid < FIRST_PID || pid >= FIRST_PID + fake.n_started)
		abort();
	return &fake.ended[pid - FIRST_PID];
}

static int fake_reap(int pid, int *ret_status)
{
	int status = *of_process(pid), r;

	if (status == FAKESYS_RUNS)
		return 0;
	r = call("reap %d", pid);
	if (r < 0)
		return r;
	*ret_status = status;
	return 1;
}

/* One that hangs ends by a signal, unless that is made to fail. */
static int fake_kill_group(int pid, int sig)
{
	int *status = of_process(pid), r = call("kill_group %d %d", pid, sig);

	if (r == 0 && *status == FAKESYS_RUNS)
		*status = 128 + sig;
	return r;
}

static int fake_sleep_msec(int64_t msec)
{
	return call("sleep_msec %lld", (long long)msec);
}

const struct sys fakesys = {
	.open = fake_open,
	.write = fake_write,
	.pwrite = fake_pwrite,
	.fsync = fake_fsync,
	.fchmod = fake_fchmod,
	.fchown = fake_fchown,
	.mkdirat = fake_mkdirat,
	.mknodat = fake_mknodat,
	.symlinkat = fake_symlinkat,
	.linkat = fake_linkat,
	.renameat = fake_renameat,
	.unlinkat = fake_unlinkat,
	.sync = fake_sync,
	.mount = fake_mount,
	.umount = fake_umount,
	.chdir = fake_chdir,
	.chroot = fake_chroot,
	.unshare_mounts = fake_unshare_mounts,
	.clock_set = fake_clock_set,
	.hostname_set = fake_hostname_set,
	.module_insert = fake_module_insert,
	.partition_add = fake_partition_add,
	.partition_resize = fake_partition_resize,
	.ext4_resize = fake_ext4_resize,
	.watchdog_set = fake_watchdog_set,
	.watchdog_stop = fake_watchdog_stop,
	.reboot = fake_reboot,
	.exec = fake_exec,
	.run = fake_run,
	.run_limited = fake_run_limited,
	.start = fake_start,
	.reap = fake_reap,
	.kill_group = fake_kill_group,
	.sleep_msec = fake_sleep_msec,
};
