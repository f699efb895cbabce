/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/accounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/confine.h"
#include "lib/file.h"

#define ACCOUNTS_MAX_BYTES (1024u * 1024u)
#define FIELDS_MAX	   7u

/* The colon-separated fields of one line; not terminated. */
struct line {
	const char *field[FIELDS_MAX];
	size_t len[FIELDS_MAX];
	size_t n; /* also counts the fields beyond FIELDS_MAX */
};

static void line_split(const char *text, size_t len, struct line *ret)
{
	const char *end = text + len;

	*ret = (struct line){ 0 };
	for (;;) {
		const char *colon = memchr(text, ':', (size_t)(end - text));
		const char *stop = colon ? colon : end;

		if (ret->n < FIELDS_MAX) {
			ret->field[ret->n] = text;
			ret->len[ret->n] = (size_t)(stop - text);
		}
		ret->n++;
		if (!colon)
			return;
		text = colon + 1;
	}
}

/* The id (gid_t)-1 means "leave it" to chown(2) and belongs to nobody. */
static bool parse_id(const char *s, size_t len, uint32_t *ret)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	if (value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool name_is(const struct line *l, const char *name)
{
	size_t len = strlen(name);

	return len > 0 && l->len[0] == len && memcmp(l->field[0], name, len) == 0;
}

static bool home_is_valid(const char *home, size_t len)
{
	if (len == 0 || home[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)home[i] < ' ' || home[i] == 0x7f)
			return false;
	return true;
}

/* Takes the next line of a text; false at its end. */
static bool next_line(const char **text, const char *end, struct line *ret)
{
	const char *start = *text, *newline;

	if (start >= end)
		return false;
	newline = memchr(start, '\n', (size_t)(end - start));
	if (!newline)
		newline = end;
	line_split(start, (size_t)(newline - start), ret);
	*text = newline + 1;
	return true;
}

static int accounts_read(struct arena *a, int rootfd, const char *path, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = confine_open_regular(rootfd, path);

	if (fd < 0)
		return fd;
	return file_read_fd(a, fd, ACCOUNTS_MAX_BYTES, ret, ret_len);
}

int accounts_gid(int rootfd, const char *group, gid_t *ret_gid)
{
	_cleanup_(arena_free) struct arena scratch = ARENA_INIT;
	const char *text;
	struct line l;
	uint32_t gid;
	size_t len;
	char *data;
	int r;

	r = accounts_read(&scratch, rootfd, "/etc/group", &data, &len);
	if (r < 0)
		return r;
	for (text = data; next_line(&text, data + len, &l);)
		if (l.n == 4 && name_is(&l, group) && parse_id(l.field[2], l.len[2], &gid)) {
			*ret_gid = gid;
			return 0;
		}
	return -ENOENT;
}

/* The first line of a user in a passwd file whose ids are ids, and whose home is one when it is asked for. */
static int find_user(struct arena *a, int rootfd, const char *user, bool with_home,
		     struct line *ret, uint32_t *ret_uid, uint32_t *ret_gid)
{
	const char *text;
	size_t len;
	char *data;
	int r;

	r = accounts_read(a, rootfd, "/etc/passwd", &data, &len);
	if (r < 0)
		return r;
	for (text = data; next_line(&text, data + len, ret);)
		if (ret->n == 7 && name_is(ret, user) &&
		    parse_id(ret->field[2], ret->len[2], ret_uid) &&
		    parse_id(ret->field[3], ret->len[3], ret_gid) &&
		    (!with_home || home_is_valid(ret->field[5], ret->len[5])))
			return 0;
	return -ENOENT;
}

int accounts_user(int rootfd, const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	_cleanup_(arena_free) struct arena scratch = ARENA_INIT;
	uint32_t uid, gid;
	struct line l;
	int r = find_user(&scratch, rootfd, user, false, &l, &uid, &gid);

	if (r < 0)
		return r;
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}

int accounts_home(struct arena *a, int rootfd, const char *user, char **ret_home)
{
	_cleanup_(arena_free) struct arena scratch = ARENA_INIT;
	uint32_t uid, gid;
	struct line l;
	int r = find_user(&scratch, rootfd, user, true, &l, &uid, &gid);

	if (r < 0)
		return r;
	*ret_home = arena_memdup(a, l.field[5], l.len[5]);
	return *ret_home ? 0 : -ENOMEM;
}
