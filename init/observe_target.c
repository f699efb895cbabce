/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/observe_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "init/decide.h"
#include "lib/accounts.h"
#include "lib/confine.h"
#include "lib/file.h"

#define BUNDLE_PATH	 "/etc/ssl/certs/ca-certificates.crt"
#define BUNDLE_MAX_BYTES (2u * 1024u * 1024u)
#define CONF_MAX_BYTES	 65536u
#define CHRONY_DIR	 "/run/chrony" /* what balenaOS' chrony.conf has */

/* A path that a file of the target names, as plans and the manifest have it: without slashes and dots that
 * nobody needs. NULL: none that goes down only. */
static const char *plain_path(struct arena *a, const char *path)
{
	const char *plain = "";

	while (plain && *(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return NULL;
		if (len != 1 || path[0] != '.')
			plain = arena_printf(a, "%s/%.*s", plain, (int)len, path);
		path += len;
	}
	return plain && !*plain ? "/" : plain;
}

static bool has_control(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return true;
	return false;
}

/* The deepest directory on the way to `path` that exists: cut the path until one does. */
static const char *deepest(struct arena *a, int rootfd, const char *path)
{
	char *cut = arena_strdup(a, path);

	while (cut && cut[1]) {
		_cleanup_close_ int fd = confine_open(rootfd, cut, O_PATH | O_DIRECTORY);

		if (fd >= 0)
			return cut;
		*strrchr(cut, '/') = '\0';
		if (!*cut)
			break;
	}
	return "/";
}

static void observe_place(struct arena *a, int rootfd, struct facts_place *place)
{
	_cleanup_close_ int fd = confine_open(rootfd, place->path, O_PATH);
	_cleanup_close_ int self = confine_open(rootfd, place->path, O_PATH | O_NOFOLLOW);
	struct stat st;

	place->link = self >= 0 && fstat(self, &st) == 0 && S_ISLNK(st.st_mode);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		place->exists = true;
		place->directory = S_ISDIR(st.st_mode);
		place->mode = st.st_mode & 07777;
		place->uid = st.st_uid;
		place->gid = st.st_gid;
	}
	place->deepest = place->directory ? place->path : deepest(a, rootfd, place->path);
}

static int observe_places(struct boot *b, int rootfd)
{
	struct facts *f = &b->facts;
	const char **paths;
	int n = decide_places(f, &b->arena, &paths);

	if (n < 0)
		return n;
	f->place = arena_alloc(&b->arena, (size_t)n * sizeof(*f->place));
	if (!f->place)
		return -ENOMEM;
	f->n_places = (size_t)n;
	for (int i = 0; i < n; i++) {
		f->place[i].path = paths[i];
		observe_place(&b->arena, rootfd, &f->place[i]);
	}
	return 0;
}

static int read_target(struct arena *a, int rootfd, const char *path, size_t max_bytes, char **ret,
		       size_t *ret_len)
{
	_cleanup_close_ int fd = confine_open_regular(rootfd, path);

	return fd < 0 ? fd : file_read_fd(a, fd, max_bytes, ret, ret_len);
}

static void observe_manifest(struct boot *b, int rootfd)
{
	struct reason r = REASON_INIT;
	char *text, message[BOOT_ERROR_MAX];
	size_t len;
	int err = read_target(&b->arena, rootfd, MANIFEST_PATH, MANIFEST_MAX_BYTES, &text, &len);

	if (err == -ENOENT)
		return;
	if (err == 0)
		err = manifest_parse(&b->arena, text, len, &b->facts.manifest, &r);
	else
		(void)reason_set(&r, err, "read", MANIFEST_PATH);
	if (err < 0)
		boot_warn(b, "manifest",
			  arena_printf(&b->arena, "%s; files of earlier boots stay",
				       reason_render(&r, message, sizeof(message))));
}

/* The directory that chronyd reads sources from: of those in chrony.conf the first below /run, where
 * nothing outlives the boot, else the first. */
static const char *sourcedir_of(struct arena *a, const char *conf)
{
	static const char word[] = "sourcedir";
	const char *first = NULL;

	for (const char *line = conf; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = line + strspn(line, " \t"), *path;

		if (strncmp(p, word, strlen(word)) != 0)
			continue;
		p += strlen(word);
		path = p + strspn(p, " \t");
		if (path == p || *path != '/')
			continue;
		path = arena_memdup(a, path, strcspn(path, " \t\r\n"));
		path = path && !has_control(path) ? plain_path(a, path) : NULL;
		if (!path || !path[1])
			continue;
		if (strncmp(path, "/run/", 5) == 0)
			return path;
		first = first ? first : path;
	}
	return first;
}

static void observe_chrony(struct boot *b, int rootfd)
{
	static const char *const names[] = { "/etc/chrony/chrony.conf", "/etc/chrony.conf" };
	struct facts_target *t = &b->facts.target;
	char *text;

	if (b->facts.config.ntp_servers.n == 0)
		return;
	/* Debian's name for it, and everybody else's. */
	if (accounts_user(rootfd, "_chrony", &t->chrony_uid, &t->chrony_gid) < 0 &&
	    accounts_user(rootfd, "chrony", &t->chrony_uid, &t->chrony_gid) < 0)
		t->chrony_uid = t->chrony_gid = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (read_target(&b->arena, rootfd, names[i], CONF_MAX_BYTES, &text, NULL) == 0) {
			b->facts.target.chrony_dir = sourcedir_of(&b->arena, text);
			return;
		}
	b->facts.target.chrony_dir = CHRONY_DIR;
}

/* Whether HASH.N can be ours: it is free, holds this very certificate, or we wrote it. */
static bool is_free(struct boot *b, int rootfd, const char *path, const struct certificate *cert)
{
	char *text;
	size_t len;
	int err = read_target(&b->arena, rootfd, path, CONF_MAX_BYTES, &text, &len);

	if (err == -ENOENT)
		return true;
	if (err == 0 && len == cert->len && memcmp(text, cert->pem, len) == 0)
		return true;
	return manifest_find(&b->facts.manifest, path) != NULL;
}

static void number_certificates(struct boot *b, int rootfd, const struct certificates *certs)
{
	for (size_t i = 0; i < certs->n; i++) {
		unsigned char first = 0;

		/* One of ours with the same name is in front of it. */
		for (size_t k = 0; k < i; k++)
			if (certs->certificate[k].subject_hash ==
				    certs->certificate[i].subject_hash &&
			    b->facts.target.ca_number[k] != CA_NO_NUMBER)
				first = b->facts.target.ca_number[k] + 1;
		b->facts.target.ca_number[i] = CA_NO_NUMBER;
		for (unsigned char n = first; n < CA_NO_NUMBER; n++) {
			char path[64];

			(void)snprintf(path, sizeof(path), "/etc/ssl/certs/%08x.%u",
				       certs->certificate[i].subject_hash, n);
			if (!is_free(b, rootfd, path, &certs->certificate[i]))
				continue;
			b->facts.target.ca_number[i] = n;
			break;
		}
	}
}

/* A bundle that is a link belongs to somebody's own arrangement: it is not touched. */
static bool is_link(int rootfd, const char *path)
{
	_cleanup_close_ int fd = confine_open(rootfd, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static void observe_trust(struct boot *b, int rootfd)
{
	struct facts *f = &b->facts;
	struct certificates certs;
	char *text;
	size_t len;

	f->target.bundle_ours = manifest_find(&f->manifest, BUNDLE_PATH) != NULL;
	if (!f->config.root_ca && !f->target.bundle_ours)
		return;
	if (f->config.root_ca && !certificates_read(&b->arena, f->config.root_ca, &certs))
		number_certificates(b, rootfd, &certs);
	if (is_link(rootfd, BUNDLE_PATH) ||
	    read_target(&b->arena, rootfd, BUNDLE_PATH, BUNDLE_MAX_BYTES, &text, &len) < 0)
		return;
	f->target.bundle = text;
	f->target.bundle_len = len;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which of the files that steps are about to write for the first time the image has already. What was decided
 * for that alone is forgotten: it is as large as the plan that follows. */
static int observe_found(struct boot *b, int rootfd)
{
	struct arena scratch = ARENA_INIT;
	struct facts *f = &b->facts;
	const char **paths;
	int n = decide_files(f, &scratch, &paths);

	f->found = n > 0 ? arena_alloc(&b->arena, (size_t)n * sizeof(*f->found)) : NULL;
	for (int i = 0; f->found && i < n; i++) {
		_cleanup_close_ int fd = confine_open(rootfd, paths[i], O_PATH | O_NOFOLLOW);

		if (fd >= 0)
			f->found[f->n_found++] = arena_strdup(&b->arena, paths[i]);
	}
	arena_free(&scratch);
	if (n < 0 || arena_failed(&b->arena))
		return -ENOMEM;
	if (f->found && f->n_found > 1)
		qsort(f->found, f->n_found, sizeof(const char *), compare_paths);
	return 0;
}

int observe_target(struct boot *b)
{
	_cleanup_close_ int rootfd = open(b->facts.target_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct facts *f = &b->facts;
	char *home;

	if (rootfd < 0)
		return 0; /* the operations on it will say so */
	f->target_writable = f->offline || faccessat(AT_FDCWD, f->target_dir, W_OK, 0) == 0;
	f->has_journal_gid = accounts_gid(rootfd, "systemd-journal", &f->journal_gid) == 0;
	f->root_home = accounts_home(&b->arena, rootfd, "root", &home) == 0
			       ? plain_path(&b->arena, home)
			       : NULL;
	observe_manifest(b, rootfd);
	observe_chrony(b, rootfd);
	observe_trust(b, rootfd);
	if (observe_places(b, rootfd) < 0)
		return -ENOMEM;
	return f->target_writable ? observe_found(b, rootfd) : 0;
}
