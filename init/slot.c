/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init/options.h"

/* `anteroot slot`: the words of the command line. */

struct request {
	const char *verb;
	enum ab_slot_id slot; /* AB_NONE: not said */
	unsigned int tries;   /* 0: not said */
	const char *version, *reason;
};

enum takes { TAKES_SLOT = 1, NEEDS_SLOT = 2, TAKES_TRIES = 4, TAKES_REASON = 8 };

static int arm(struct bootstate *b, const struct request *q)
{
	return slot_arm(b, q->slot, q->tries, q->version);
}

static int confirm(struct bootstate *b, const struct request *q)
{
	(void)q;
	return slot_confirm(b);
}

static int reject(struct bootstate *b, const struct request *q)
{
	bool health = q->reason && strcmp(q->reason, "health") == 0;

	return slot_reject(b, q->slot == AB_NONE ? b->who.running : q->slot,
			   health ? AB_BAD_HEALTH : AB_BAD_REJECTED, q->reason);
}

static int switch_over(struct bootstate *b, const struct request *q)
{
	(void)q;
	return slot_switch(b);
}

static int orderly(struct bootstate *b, const struct request *q)
{
	(void)q;
	return slot_orderly(b);
}

static const struct verb {
	const char *name;
	const char *what; /* "unable to …" */
	unsigned int takes;
	int (*run)(struct bootstate *b, const struct request *q);
} verbs[] = {
	{ "arm", "arm a slot", TAKES_SLOT | NEEDS_SLOT | TAKES_TRIES, arm },
	{ "confirm", "confirm the running slot", 0, confirm },
	{ "reject", "reject a slot", TAKES_SLOT | TAKES_REASON, reject },
	{ "switch", "switch to the other slot", 0, switch_over },
	{ "orderly", "write down an orderly end of this boot", 0, orderly },
};

static bool read_word(struct request *q, const char *word)
{
	if (!q->verb) {
		q->verb = word;
		return true;
	}
	if (q->slot != AB_NONE || (strcmp(word, "A") != 0 && strcmp(word, "B") != 0))
		return false;
	q->slot = *word == 'A' ? AB_A : AB_B;
	return true;
}

static bool read_tries(struct request *q, const char *text)
{
	if (text[0] < '1' || text[0] > '9' || text[1])
		return false;
	q->tries = (unsigned int)(text[0] - '0');
	return true;
}

/* A word of the log: no line may be forged with it. */
static bool read_reason(struct request *q, const char *text)
{
	q->reason = text;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return strlen(q->reason) <= 100;
}

/* @return what is wrong with an option or a word; NULL: nothing */
static const char *read_one(struct request *q, const char *name, const char *value)
{
	if (strcmp(name, "--tries") == 0)
		return read_tries(q, value) ? NULL : "--tries: expected a number from 1 to 9";
	if (strcmp(name, "--reason") == 0)
		return read_reason(q, value) ? NULL
					     : "--reason: expected at most 100 characters, of one "
					       "line";
	if (*name)
		q->version = value;
	else if (!read_word(q, value))
		return "expected slot A or B, once";
	return NULL;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* @return the same for all of it together */
static const char *misfit(const struct request *q, const struct verb *v)
{
	if (q->slot == AB_NONE && (v->takes & NEEDS_SLOT))
		return "expected slot A or B";
	if ((q->slot != AB_NONE && !(v->takes & TAKES_SLOT)) ||
	    ((q->tries || q->version) && !(v->takes & TAKES_TRIES)) ||
	    (q->reason && !(v->takes & TAKES_REASON)))
		return "that does not go with this word";
	return NULL;
}

/* @return NULL after bad usage, which has been said */
static const struct verb *read_request(struct request *q, struct options *o)
{
	const char *name, *problem = NULL;
	const struct verb *v = NULL;

	while (!problem && (name = options_next(o)))
		problem = read_one(q, name, o->value);
	if (o->status)
		return NULL;
	if (!problem && q->verb) {
		v = find_verb(q->verb);
		if (!v) {
			(void)options_bad_word(o, q->verb);
			return NULL;
		}
		problem = misfit(q, v);
	}
	if (!problem && v)
		return v;
	(void)options_usage(o, problem);
	return NULL;
}

int applet_slot(int argc, char **argv)
{
	static struct bootstate b; /* the layout in it is large for a small stack */
	struct request q = { .slot = AB_NONE };
	struct arena a = ARENA_INIT;
	const struct verb *v;
	struct options o;
	int status;

	options_open(&o, "slot", argc, argv);
	v = read_request(&q, &o);
	if (!v)
		return o.status;
	status = slot_open(&b, &sys_real, &a, &bootstate_paths_default, v->what);
	if (status == 0)
		status = v->run(&b, &q);
	bootstate_close(&b);
	arena_free(&a);
	return status;
}
