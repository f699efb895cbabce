/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/health_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static enum health_kind look(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, 0) < 0)
		return HEALTH_SKIPPED; /* a link to nowhere */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return HEALTH_MASKED;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? HEALTH_RUN : HEALTH_SKIPPED;
}

/* Where a name is, or would be. */
static size_t place_of(const struct health_checks *list, const char *name)
{
	size_t i = 0;

	while (i < list->n && strcmp(list->check[i].name, name) < 0)
		i++;
	return i;
}

static int add(struct arena *a, struct health_checks *list, const char *dir, int dirfd,
	       const char *name)
{
	size_t at = place_of(list, name);
	struct health_check *c = &list->check[at];

	if (at < list->n && strcmp(c->name, name) == 0)
		return 0; /* an earlier directory has it */
	if (list->n == HEALTH_CHECKS_MAX) {
		list->too_many = true;
		return 0;
	}
	memmove(c + 1, c, (list->n - at) * sizeof(*c));
	list->n++;
	*c = (struct health_check){ .name = arena_strdup(a, name),
				    .path = arena_printf(a, "%s/%s", dir, name),
				    .kind = look(dirfd, name) };
	return c->name && c->path ? 0 : -ENOMEM;
}

static int find_in(struct arena *a, const char *dir, struct health_checks *list)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	_cleanup_closedir_ DIR *d = NULL;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	d = fdopendir(fd);
	if (!d) {
		err = -errno;
		close_fd(&fd);
		return err;
	}
	for (const struct dirent *de; err == 0 && (errno = 0, de = readdir(d));)
		if (de->d_name[0] != '.')
			err = add(a, list, dir, fd, de->d_name);
	return err < 0 ? err : -errno;
}

int health_checks_find(struct arena *a, const char *const dirs[], size_t n_dirs,
		       struct health_checks *ret, const char **ret_dir)
{
	ret->n = 0;
	ret->too_many = false;
	for (size_t i = 0; i < n_dirs; i++) {
		int err = find_in(a, dirs[i], ret);

		*ret_dir = dirs[i];
		if (err < 0)
			return err;
	}
	return 0;
}
