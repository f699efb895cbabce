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
 * The boot state of a case, [state]: lines
 *
 *	active A|B			booted A|B|this		orderly		unknown
 *	A STATE [confirmed] [tries=N] [attempts=N] [refunds=N] [unconfirmed=N] [bad=N]	(B the same)
 *	loader				the loader counts
 *	recovery			there may be a partition labelled so
 *	read-only, lost, blank, damaged	what was found of the record
 *	switches N, fruitless N, good-attempts N
 *
 * The boot id of this boot is all 1; "booted this" says that the record is of this boot already.
 */

static enum ab_state case_state_of(const char *name)
{
	for (enum ab_state i = AB_EMPTY; i < AB_STATES; i++)
		if (strcmp(ab_state_name(i), name) == 0)
			return i;
	fail_msg("unknown state of a slot: %s", name);
	return AB_EMPTY;
}

static void case_read_slot(struct ab_slot *s, char *words)
{
	char *word = strsep(&words, " ");

	s->state = case_state_of(word);
	while ((word = strsep(&words, " "))) {
		unsigned int n;

		if (strcmp(word, "confirmed") == 0)
			s->confirmed = true;
		else if (sscanf(word, "tries=%u", &n) == 1)
			s->tries = n;
		else if (sscanf(word, "attempts=%u", &n) == 1)
			s->attempts = n;
		else if (sscanf(word, "refunds=%u", &n) == 1)
			s->refunds = n;
		else if (sscanf(word, "unconfirmed=%u", &n) == 1)
			s->unconfirmed = n;
		else if (sscanf(word, "bad=%u", &n) == 1)
			s->bad = n;
		else
			fail_msg("unknown word in [state]: %s", word);
	}
}

static bool case_read_flag(struct facts *f, const char *line)
{
	struct facts_state *s = &f->state;

	if (strcmp(line, "orderly") == 0)
		s->found.record.orderly = true;
	else if (strcmp(line, "unknown") == 0)
		s->found.record.unknown = true;
	else if (strcmp(line, "recovery") == 0)
		f->layout.part[PART_RECOVERY].label[0] = "recovery";
	else if (strcmp(line, "loader") == 0)
		f->layout.state.policy.counter = AB_LOADER;
	else if (strcmp(line, "read-only") == 0)
		s->found.read_only = true;
	else if (strcmp(line, "damaged") == 0)
		s->found.damaged = true;
	else
		return false;
	return true;
}

static void case_read_line(struct facts *f, char *line)
{
	struct ab_record *rec = &f->state.found.record;
	unsigned int n;
	char slot;

	if (case_read_flag(f, line))
		return;
	if (line[1] == ' ' && (*line == 'A' || *line == 'B'))
		case_read_slot(&rec->slot[*line - 'A'], line + 2);
	else if (sscanf(line, "active %c", &slot) == 1)
		rec->active = (enum ab_slot_id)(slot - 'A');
	else if (sscanf(line, "booted %c", &slot) == 1)
		rec->booted = (enum ab_slot_id)(slot - 'A');
	else if (sscanf(line, "switches %u", &n) == 1)
		rec->switches = n;
	else if (sscanf(line, "fruitless %u", &n) == 1)
		rec->fruitless = n;
	else if (sscanf(line, "good-attempts %u", &n) == 1)
		f->layout.state.policy.good_attempts = n;
	else
		fail_msg("unknown line in [state]: %s", line);
}

/* @param text NULL: the case has no boot state */
static void case_read_state(struct facts *f, char *text)
{
	char *line;

	if (!text)
		return;
	f->state.read = true;
	f->state.found.backend = AB_RECORD;
	ab_blank(AB_A, &f->state.found.record);
	memset(f->state.boot_id, 1, sizeof(f->state.boot_id));
	memset(f->state.found.record.boot_id, 2, AB_BOOT_ID_LEN); /* of an earlier boot */
	while ((line = strsep(&text, "\n")))
		if (*line && *line != '#')
			case_read_line(f, line);
	assert_true(ab_valid(&f->state.found.record));
}

/* What apply() records of the operations of the boot state. */
static void case_settle_state(struct facts *f, const struct op *op, bool failed)
{
	if (op->kind == OP_STATE && !failed)
		f->state.found.record = *op->record;
	if (op->kind == OP_STATE && !failed)
		f->state.found.damaged = false;
	if (failed && op->on_failure == FAIL_NOT_DURABLE)
		f->state.failed = true;
	if (op->kind == OP_ROOT && op->record) {
		f->state.decided = true;
		f->state.record = *op->record;
		f->state.decision = *op->decision;
	}
}
