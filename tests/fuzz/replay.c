/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * replay FILE|FOLDER…: gives the files, one by one, to the fuzzer it is linked with, and prints their names
 * first: of a crash the last one is the cause. So the corpus is a regression test that needs no clang.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX_BYTES (8u * 1024u * 1024u)

static size_t replayed;

static int replay_file(const char *path)
{
	struct arena a = ARENA_INIT;
	size_t len = 0;
	char *data = NULL;
	int err = file_read(&a, AT_FDCWD, path, INPUT_MAX_BYTES, &data, &len);

	if (err < 0) {
		(void)fprintf(stderr, "replay: unable to read %s: %s\n", path, strerror(-err));
		arena_free(&a);
		return 1;
	}
	printf("%s\n", path);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)data, len);
	replayed++;
	arena_free(&a);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_visible, alphasort), status = 0;

	if (n < 0) {
		(void)fprintf(stderr, "replay: unable to read %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char *name = NULL;

		MUST(asprintf(&name, "%s/%s", path, entries[i]->d_name) > 0);
		status |= replay_file(name);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

		status |= folder ? replay_folder(argv[i]) : replay_file(argv[i]);
	}
	printf("%zu inputs\n", replayed);
	return status || replayed == 0;
}
