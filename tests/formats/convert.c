/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * convert KIND FILE… [KEY=VALUE]…: reads a boot loader's environment, and when there is something to set writes it to
 * the same files; then prints its keys as "KEY VALUE", the value in hexadecimal digits. KIND: grubenv, uenv, or
 * ubootenv1 and ubootenv2 with as many files. tests/tools/formats compares that with GRUB's and U-Boot's own tools.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grubenv.h"
#include "lib/ubootenv.h"
#include "lib/uenv.h"

static struct arena a;
static struct reason r;

struct file {
	const char *name;
	char *data;
	size_t size;
};

static int read_file(const char *name, struct file *ret)
{
	FILE *f = fopen(name, "rb");

	if (!f)
		return -errno;
	*ret = (struct file){ .name = name, .data = malloc(GRUBENV_MAX_BYTES) };
	if (ret->data)
		ret->size = fread(ret->data, 1, GRUBENV_MAX_BYTES, f);
	return fclose(f) == 0 && ret->data ? 0 : -EIO;
}

static int write_file(const struct file *file, const char *data)
{
	FILE *f = fopen(file->name, "wb");

	if (!f)
		return -errno;
	return fwrite(data, 1, file->size, f) == file->size && fclose(f) == 0 ? 0 : -EIO;
}

static void set_all(struct envlist *e, char **pair, int n)
{
	for (int i = 0; i < n; i++) {
		char *equals = strchr(pair[i], '=');

		if (!equals)
			continue;
		*equals = '\0';
		env_set(e, pair[i], equals + 1);
	}
}

static void print_all(const struct envlist *e)
{
	for (size_t i = 0; i < e->n; i++) {
		if (!e->entry[i].key)
			continue;
		printf("%s ", e->entry[i].key);
		for (const char *p = e->entry[i].value; *p; p++)
			printf("%02x", (unsigned char)*p);
		putchar('\n');
	}
}

static int uboot(struct file file[2], int copies, char **pair, int n)
{
	const void *const copy[2] = { file[0].data, copies == 2 ? file[1].data : NULL };
	_cleanup_free_ char *out = malloc(file[0].size);
	struct ubootenv env;
	unsigned int where;
	int err = ubootenv_parse(&a, copy, file[0].size, file[0].name, &env, &r);

	if (err < 0)
		return err;
	set_all(&env.list, pair, n);
	if (n > 0)
		err = ubootenv_write(&env, out, &where, file[0].name, &r);
	if (n > 0 && err == 0)
		err = write_file(&file[where], out);
	print_all(&env.list);
	return err;
}

static int text(const char *kind, const struct file *file, char **pair, int n)
{
	bool grub = strcmp(kind, "grubenv") == 0;
	_cleanup_free_ char *out = malloc(file->size);
	struct envlist e = { .n = 0 };
	int err =
		(grub ? grubenv_parse : uenv_parse)(&a, file->data, file->size, file->name, &e, &r);

	if (err < 0)
		return err;
	set_all(&e, pair, n);
	if (n > 0)
		err = grub ? grubenv_write(&e, out, file->size, file->name, &r)
			   : uenv_write(&e, '\n', out, file->size, file->name, &r);
	if (n > 0 && err == 0)
		err = write_file(file, out);
	print_all(&e);
	return err;
}

int main(int argc, char **argv)
{
	struct file file[2] = { { .data = NULL } };
	char said[400];
	int copies, err = 0;

	if (argc < 3)
		return 2;
	copies = strcmp(argv[1], "ubootenv2") == 0 ? 2 : 1;
	for (int i = 0; i < copies && err == 0; i++)
		err = read_file(argv[2 + i], &file[i]);
	if (err == 0)
		err = strncmp(argv[1], "ubootenv", 8) == 0
			      ? uboot(file, copies, argv + 2 + copies, argc - 2 - copies)
			      : text(argv[1], file, argv + 3, argc - 3);
	if (err < 0)
		(void)fprintf(stderr, "%s\n", reason_render(&r, said, sizeof(said)));
	free(file[0].data);
	free(file[1].data);
	arena_free(&a);
	return err < 0;
}
