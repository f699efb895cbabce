/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "init/facts.h"

/*
 * Checks of file systems and hooks of a case, [checks]: lines
 *
 *	program PATH			the image has it: …/e2fsck, …/fsck.fat
 *	DEVICE VERDICT			what its check comes to; sound when no line says
 *	pre-mount PATH			an executable of hooks.d; pre-handover the same
 *
 * and a word due=… of a device.
 */

static const char *case_checks; /* lines of the case being played */

static enum fsck_due case_due(const char *word)
{
	static const char *const words[FSCK_DUES] = {
		[FSCK_CLEAN] = "clean",	  [FSCK_FORCED] = "forced", [FSCK_JOURNAL] = "journal",
		[FSCK_TIME] = "time",	  [FSCK_MOUNTS] = "mounts", [FSCK_UNCLEAN] = "unclean",
		[FSCK_ERRORS] = "errors",
	};

	for (size_t i = 0; i < FSCK_DUES; i++)
		if (strcmp(words[i], word) == 0)
			return (enum fsck_due)i;
	fail_msg("unknown word behind due=: %s", word);
	return FSCK_CLEAN;
}

static void case_add_hook(struct facts *f, struct arena *a, enum hook_point point, const char *path)
{
	struct facts_hooks *h = &f->hooks[point];

	if (!h->path)
		h->path = arena_alloc(a, 8 * sizeof(*h->path));
	assert_true(h->n < 8);
	h->path[h->n++] = path;
}

static void case_read_checks(struct facts *f, struct arena *a, const char *text)
{
	char *rest = text ? arena_strdup(a, text) : NULL, *line;

	case_checks = text ? arena_printf(a, "\n%s", text) : "";
	while (rest && (line = strsep(&rest, "\n"))) {
		char *word = strsep(&line, " ");

		if (!line)
			continue;
		if (strcmp(word, "program") == 0)
			f->fsck[strstr(line, "fat") ? FSCK_FAT : FSCK_EXT] = line;
		for (size_t i = 0; i < HOOK_POINTS; i++)
			if (strcmp(word, hook_point_name((enum hook_point)i)) == 0)
				case_add_hook(f, a, (enum hook_point)i, line);
	}
}

static enum fsck_verdict case_verdict(struct arena *a, const char *device)
{
	for (enum fsck_verdict v = FSCK_UNCHECKED; v <= FSCK_DAMAGED; v++)
		if (strstr(case_checks, arena_printf(a, "\n%s %s\n", device, fsck_verdict_name(v))))
			return v;
	return FSCK_SOUND;
}

/* What apply_checks() and apply_check() do. @return true when the operation fails */
static bool case_check(struct facts *f, struct arena *a, const struct op *op, size_t n)
{
	const char *device = op->source + strlen("/dev/");

	for (size_t i = 0; i < n && op[i].kind == OP_CHECK; i++) {
		const char *name = op[i].source + strlen("/dev/");

		if (facts_checked(f, name))
			break;
		assert_true(f->n_checked < FACTS_CHECKED_MAX);
		f->checked[f->n_checked++] = (struct facts_checked){
			.device = name, .why = op[i].data, .verdict = case_verdict(a, name)
		};
	}
	return facts_checked(f, device)->verdict == FSCK_DAMAGED;
}
