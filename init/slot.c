/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "init/slot.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init/applets.h"

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

static int usage(void)
{
	(void)fprintf(
		stderr,
		"Usage: anteroot slot arm A|B [--tries N] [--version V]\n"
		"       anteroot slot confirm\n"
		"       anteroot slot reject [A|B] [--reason WORD]\n"
		"       anteroot slot switch\n"
		"       anteroot slot orderly\n"
		"  arm      the slot was written anew: boot it next, at most N times without a\n"
		"           verdict\n"
		"  confirm  the running slot is good\n"
		"  reject   the slot (the running one, when none is named) is bad\n"
		"  switch   boot the other slot, which is good, and come back unless confirmed\n"
		"  orderly  this boot ends in good order: its attempt is given back\n"
		"Exit status: 0 done, 1 refused, 2 bad usage, 3 the system failed.\n");
	return EXIT_USAGE;
}

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

/* @return false on bad usage */
static bool read_options(struct request *q, int argc, char **argv)
{
	static const struct option options[] = {
		{ "tries", required_argument, NULL, 't' },
		{ "version", required_argument, NULL, 'v' },
		{ "reason", required_argument, NULL, 'r' },
		{ 0 },
	};
	bool good = true;
	int o;

	/* Options may stand behind words: a round for each, on every C library. */
	for (optind = 1; optind < argc && good; optind++) {
		while (good && (o = getopt_long(argc, argv, "+t:v:r:", options, NULL)) != -1) {
			if (o == 't')
				good = read_tries(q, optarg);
			else if (o == 'r')
				good = read_reason(q, optarg);
			else if (o == 'v')
				q->version = optarg;
			else
				good = false;
		}
		if (good && optind < argc)
			good = read_word(q, argv[optind]);
	}
	return good && q->verb;
}

static const struct verb *find_verb(const struct request *q)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->name, q->verb) != 0)
			continue;
		if ((q->slot != AB_NONE && !(v->takes & TAKES_SLOT)) ||
		    (q->slot == AB_NONE && (v->takes & NEEDS_SLOT)) ||
		    ((q->tries || q->version) && !(v->takes & TAKES_TRIES)) ||
		    (q->reason && !(v->takes & TAKES_REASON)))
			return NULL;
		return v;
	}
	return NULL;
}

int applet_slot(int argc, char **argv)
{
	static struct bootstate b; /* the layout in it is large for a small stack */
	struct request q = { .slot = AB_NONE };
	struct arena a = ARENA_INIT;
	const struct verb *v;
	int status;

	if (!read_options(&q, argc, argv))
		return usage();
	v = find_verb(&q);
	if (!v)
		return usage();
	status = slot_open(&b, &sys_real, &a, &bootstate_paths_default, v->what);
	if (status == 0)
		status = v->run(&b, &q);
	bootstate_close(&b);
	arena_free(&a);
	return status;
}
