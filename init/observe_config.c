/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/apply_ops.h"
#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/file.h"

#define CONFIG_NAME    "config.json"
#define LEFTOVERS_MAX  8u
#define FILES_MAX      64u /* connections: more is no configuration of a device */
#define PATH_BYTES_MAX 4096u
#define USEC_PER_SEC   1000000

/* Reads a file of a directory that may be on any file system: confined to it, and nothing but a plain
 * file. @return 0 or a negative errno */
static int read_file(struct arena *a, int dirfd, const char *name, size_t max_bytes, char **ret,
		     size_t *ret_len, int64_t *ret_mtime_usec)
{
	_cleanup_close_ int fd = confine_open_regular(dirfd, name);
	int64_t sec;

	if (fd < 0)
		return fd;
	if (ret_mtime_usec)
		*ret_mtime_usec = clock_of_file(fd, &sec) == 0 ? sec * USEC_PER_SEC : 0;
	return file_read_fd(a, fd, max_bytes, ret, ret_len);
}

static void read_document(struct arena *a, int dirfd, const char *name, size_t max_bytes,
			  struct config_document *ret)
{
	char *text = NULL;

	ret->name = name;
	ret->err = dirfd < 0 ? dirfd
			     : read_file(a, dirfd, name, max_bytes, &text, &ret->len,
					 &ret->mtime_usec);
	ret->text = text;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Lists a directory, by a descriptor of its own: reading it moves the position. */
static DIR *list_dir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		(void)close(fd);
	return dir;
}

static void read_leftovers(struct boot *b, int dirfd, struct config_input *in)
{
	_cleanup_closedir_ DIR *dir = list_dir(dirfd, ".");
	struct config_document *list =
		arena_alloc(&b->arena, LEFTOVERS_MAX * sizeof(struct config_document));
	const struct dirent *entry;

	while (dir && list && in->n_leftovers < LEFTOVERS_MAX && (entry = readdir(dir)))
		if (config_is_leftover(entry->d_name)) {
			const char *name = arena_strdup(&b->arena, entry->d_name);

			if (name)
				read_document(&b->arena, dirfd, name, CONFIG_MAX_BYTES,
					      &list[in->n_leftovers++]);
		}
	in->leftover = list;
}

static bool is_connection(int dirfd, const char *name)
{
	struct stat st;

	return !connection_is_ignored(name) &&
	       (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode));
}

/* Puts a name among the sorted ones; of too many the last ones in this order go, not in that of the directory.
 * @return false: one went */
static bool insert_name(struct facts_files *files, const char *name)
{
	size_t i = files->n;

	if (i == FILES_MAX && strcmp(files->file[--i].name, name) < 0)
		return false;
	for (; i > 0 && strcmp(files->file[i - 1].name, name) > 0; i--)
		files->file[i].name = files->file[i - 1].name;
	files->file[i].name = name;
	if (files->n == FILES_MAX)
		return false;
	files->n++;
	return true;
}

/* The connections in a folder, sorted: the order of a directory is nobody's choice. */
static void read_connections(struct boot *b, int parentfd, const char *folder,
			     struct facts_files *ret)
{
	_cleanup_closedir_ DIR *dir = list_dir(parentfd, folder);
	const struct dirent *entry;
	bool all = true;

	ret->readable = dir || errno == ENOENT;
	errno = 0;
	ret->file = dir ? arena_alloc(&b->arena, FILES_MAX * sizeof(*ret->file)) : NULL;
	while (ret->file && (entry = readdir(dir))) {
		const char *name = is_connection(dirfd(dir), entry->d_name)
					   ? arena_strdup(&b->arena, entry->d_name)
					   : NULL;

		if (name)
			all = insert_name(ret, name) && all;
		errno = 0;
	}
	/* An error in the middle is not the end: what was not seen is not gone. */
	if (errno != 0)
		ret->readable = false;
	if (!all)
		boot_warn(b, "connections",
			  "system-connections: more than 64 files, the last ones are left out");
	for (size_t i = 0; ret->file && i < ret->n; i++) {
		struct boot_file *file = &ret->file[i];
		char *data = NULL;

		file->err = read_file(&b->arena, dirfd(dir), file->name, CONNECTION_MAX_BYTES,
				      &data, &file->len, NULL);
		file->data = data;
	}
}

/* Its content is read when the target can show it: it may be large. */
static void read_splash(struct boot *b, int dirfd)
{
	static const char *const names[] = { "balena-logo.png", "resin-logo.png" };
	struct boot_file *splash = &b->facts.splash;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !splash->name; i++) {
		_cleanup_close_ int target =
			open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		char path[64], *data = NULL;

		(void)snprintf(path, sizeof(path), "splash/%s", names[i]);
		if (!confine_exists(dirfd, path))
			continue;
		splash->name = names[i];
		if (target < 0 || !confine_exists(target, "/usr/share/plymouth/themes"))
			return;
		splash->err = read_file(&b->arena, dirfd, path, SPLASH_MAX_BYTES, &data,
					&splash->len, NULL);
		splash->data = data;
	}
}

/* A link on the state partition leads nowhere else. */
static int open_keep_dir(const struct boot *b)
{
	_cleanup_close_ int tree = -1;
	struct reason r = REASON_INIT;
	const char *rest;

	if (!b->facts.keep_dir)
		return -ENOENT;
	tree = apply_open_tree(b, b->facts.keep_dir, &rest, &r);
	return tree < 0 ? tree : confine_open(tree, rest, O_RDONLY | O_DIRECTORY);
}

static void read_kept(struct boot *b, struct config_input *in)
{
	_cleanup_close_ int dirfd = open_keep_dir(b);

	in->kept.name = CONFIG_NAME " (last known good)";
	in->kept.err = dirfd;
	if (dirfd < 0)
		return;
	read_document(&b->arena, dirfd, CONFIG_NAME, CONFIG_KEPT_MAX_BYTES, &in->kept);
	in->kept.name = CONFIG_NAME " (last known good)";
	read_connections(b, dirfd, "system-connections", &b->facts.kept_connections);
}

void observe_keep_dir(struct boot *b)
{
	struct facts *f = &b->facts;

	if (!f->keep_dir && f->mounted[PART_STATE])
		f->keep_dir = arena_printf(&b->arena, "%s/mnt/%s/anteroot", f->run_dir,
					   f->layout.part[PART_STATE].name);
}

/* Opens the folder that a path's last part is in. */
static int open_dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/'), *dir = ".";

	if (slash == path)
		dir = "/";
	else if (slash)
		dir = arena_memdup(a, path, (size_t)(slash - path));
	return dir ? open_dir(dir) : -ENOMEM;
}

int observe_config_at(struct boot *b, const char *boot_dir, const char *config)
{
	_cleanup_close_ int bootfd = boot_dir ? open_dir(boot_dir) : -ENOENT;
	_cleanup_close_ int ownfd = config ? open_dir_of(&b->arena, config) : -ENOENT;
	const char *slash = config ? strrchr(config, '/') : NULL;
	const char *name = slash ? slash + 1 : config;
	int dirfd = config ? ownfd : bootfd;
	struct config_input in = { 0 };

	read_document(&b->arena, dirfd, name ? name : CONFIG_NAME, CONFIG_MAX_BYTES, &in.file);
	if (dirfd >= 0)
		read_leftovers(b, dirfd, &in);
	if (bootfd >= 0) {
		read_connections(b, bootfd, "system-connections", &b->facts.connections);
		read_splash(b, bootfd);
	}
	read_kept(b, &in);
	if (config_settle(&b->arena, &in, &b->facts.config) < 0)
		return -ENOMEM;
	/* A boot partition that has lost config.json has lost the rest too. */
	if (b->facts.config.state != CONFIG_READ && b->facts.config.state != CONFIG_LEFTOVER &&
	    b->facts.connections.n == 0)
		b->facts.connections.readable = false;
	return 0;
}

int observe_config(struct boot *b)
{
	struct facts *f = &b->facts;
	char path[PATH_BYTES_MAX];

	if (f->config_settled)
		return 0;
	f->config_settled = true;
	(void)snprintf(path, sizeof(path), "%s/mnt/%s", f->run_dir, f->layout.part[PART_BOOT].name);
	return observe_config_at(b, f->mounted[PART_BOOT] ? path : NULL, NULL);
}
