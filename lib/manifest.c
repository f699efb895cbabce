/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/manifest.h"

#include <errno.h>
#include <string.h>

#include "lib/digest.h"

#define HEADER	   "anteroot manifest 1\n"
#define SHA1_CHARS (DIGEST_SHA1_HEX - 1)

static int compare(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;
	int r = strcmp(x->path, y->path);

	/* Equal ones in a fixed order, so that the text is the same each time: blocks first. */
	if (r == 0 && x->known && y->known)
		return strcmp(x->known, y->known);
	return r ? r : (x->known != NULL) - (y->known != NULL);
}

static bool grow(struct arena *a, struct manifest *m, size_t capacity)
{
	struct manifest_file *more = arena_alloc(a, capacity * sizeof(*more));

	if (!more)
		return false;
	if (m->n > 0)
		memcpy(more, m->file, m->n * sizeof(*more));
	m->file = more;
	m->capacity = capacity;
	return true;
}

void manifest_reserve(struct arena *a, struct manifest *m, size_t n)
{
	if (m->n + n > m->capacity)
		(void)grow(a, m, m->n + n); /* the arena remembers */
}

void manifest_add(struct arena *a, struct manifest *m, const struct manifest_file *file)
{
	if (m->n == m->capacity && !grow(a, m, m->capacity ? 2 * m->capacity : 32))
		return;
	m->file[m->n++] = *file;
}

/* Two lists of SHA-1s as one, without the second's if the first has it. */
static const char *join(struct arena *a, const char *x, const char *y)
{
	if (!x || !y)
		return x ? x : y;
	return strstr(x, y) ? x : arena_printf(a, "%s %s", x, y);
}

void manifest_sort(struct arena *a, struct manifest *m)
{
	size_t n = 0;

	if (m->n > 1)
		qsort(m->file, m->n, sizeof(*m->file), compare);
	for (size_t i = 0; i < m->n; i++) {
		if (n > 0 && strcmp(m->file[n - 1].path, m->file[i].path) == 0) {
			m->file[n - 1].known = join(a, m->file[n - 1].known, m->file[i].known);
			m->file[n - 1].over = m->file[n - 1].over || m->file[i].over;
		} else {
			m->file[n++] = m->file[i];
		}
	}
	m->n = n;
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *path)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(path, m->file[middle].path);

		if (r == 0)
			return &m->file[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool is_sha1(const char *s, size_t len)
{
	return len > SHA1_CHARS && strspn(s, "0123456789abcdef") == SHA1_CHARS &&
	       s[SHA1_CHARS] == ' ';
}

/* No path of ours has a dot as a component or a control character, and none is the root. */
static bool is_path(const char *path)
{
	if (path[0] != '/' || !path[1])
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	for (const char *p = path; *p; p += 1 + strcspn(p + 1, "/")) {
		size_t len = strcspn(p + 1, "/");

		if (*p != '/' || len == 0 || (len == 1 && p[1] == '.') ||
		    (len == 2 && p[1] == '.' && p[2] == '.'))
			return false;
	}
	return true;
}

/* One line without its newline. */
static bool read_line(struct arena *a, struct manifest *m, const char *line)
{
	struct manifest_file file = { .path = NULL };

	if (strncmp(line, "block ", 6) == 0) {
		file.path = line + 6;
	} else if (strncmp(line, "over ", 5) == 0) {
		file.path = line + 5;
		file.over = true;
	} else if (strncmp(line, "file ", 5) == 0 && is_sha1(line + 5, strlen(line + 5))) {
		file.known = arena_memdup(a, line + 5, SHA1_CHARS);
		file.path = line + 5 + SHA1_CHARS + 1;
	}
	if (!file.path || !is_path(file.path))
		return false;
	manifest_add(a, m, &file);
	return true;
}

int manifest_parse(struct arena *a, const char *text, size_t len, struct manifest *ret,
		   struct reason *r)
{
	struct manifest m = { 0 };
	char *line = arena_memdup(a, text, len);
	size_t number = 1;

	*ret = m;
	if (!line)
		return reason_set(r, ENOMEM, "read", MANIFEST_PATH);
	if (strlen(line) != len || strncmp(line, HEADER, strlen(HEADER)) != 0)
		return reason_setf(r, EBADMSG, "read", MANIFEST_PATH,
				   "line 1: expected \"anteroot manifest 1\"");
	for (line += strlen(HEADER); *line; line++) {
		char *end = strchr(line, '\n');

		number++;
		if (end)
			*end = '\0';
		if (!end || !read_line(a, &m, line))
			return reason_setf(r, EBADMSG, "read", MANIFEST_PATH,
					   "line %zu: expected \"file SHA1 PATH\", \"over PATH\" "
					   "or \"block PATH\"",
					   number);
		line = end;
	}
	manifest_sort(a, &m);
	if (arena_failed(a))
		return reason_set(r, ENOMEM, "read", MANIFEST_PATH);
	*ret = m;
	return 0;
}

/* At least the bytes that the text takes. */
static size_t text_length(const struct manifest *m)
{
	size_t len = strlen(HEADER);

	for (size_t i = 0; i < m->n; i++) {
		size_t known = m->file[i].known ? strlen(m->file[i].known) : 0;
		size_t lines = 2 + known / SHA1_CHARS; /* one for `over`, or for a block */

		len += lines * (strlen("block ") + SHA1_CHARS + 1 + strlen(m->file[i].path) + 1);
	}
	return len;
}

/* "WORD SHA1 PATH", or "WORD PATH". */
static char *append_line(char *at, const char *word, const char *sha1, const char *path)
{
	size_t len = strlen(word);

	memcpy(at, word, len);
	at += len;
	if (sha1) {
		memcpy(at, sha1, SHA1_CHARS);
		at += SHA1_CHARS;
		*at++ = ' ';
	}
	len = strlen(path);
	memcpy(at, path, len);
	at += len;
	*at++ = '\n';
	return at;
}

const char *manifest_text(struct arena *a, const struct manifest *m, size_t *ret_len)
{
	char *text = arena_alloc(a, text_length(m) + 1), *at = text;

	if (!text)
		return NULL;
	memcpy(at, HEADER, strlen(HEADER));
	at += strlen(HEADER);
	for (size_t i = 0; i < m->n; i++) {
		const struct manifest_file *file = &m->file[i];

		for (const char *sha1 = file->known; sha1 && *sha1;
		     sha1 += SHA1_CHARS, sha1 += *sha1 == ' ')
			at = append_line(at, "file ", sha1, file->path);
		if (file->over)
			at = append_line(at, "over ", NULL, file->path);
		if (!file->known && !file->over)
			at = append_line(at, "block ", NULL, file->path);
	}
	*ret_len = (size_t)(at - text);
	return text;
}
