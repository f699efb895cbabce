/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * enumerate           every state of the boot state that can be reached, and every property in each of them; then
 *                     the same with machines that have a fault, each of which must be found
 * enumerate --quick   the same, without the larger half of the sets of numbers
 * enumerate --states  one line for each set of numbers
 * enumerate --svg     the picture in docs/state.svg, from what a slot's transitions really are
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/enumerate/model.h"

struct node {
	unsigned char key[WORLD_BYTES];
	uint32_t parent, step;
};

#define NODES_MAX 4000000u
#define HASH_SIZE (1u << 23)

struct enumeration {
	const struct config *config;
	const struct rules *rules;
	struct node *nodes;
	uint32_t *hash; /* number of a node, and one */
	uint32_t len, current;
	unsigned long transitions;
	bool quiet;
	bool failed[PROPERTIES];
	enum property first;
	bool any;
};

static unsigned long all_states, all_transitions;
static unsigned int all_failed[PROPERTIES];

const struct config *config_of(const struct enumeration *e)
{
	return e->config;
}

const struct rules *rules_of(const struct enumeration *e)
{
	return e->rules;
}

static uint32_t step_pack(const struct step *s)
{
	return (uint32_t)s->event | (uint32_t)s->slot << 4 | s->number << 6 |
	       (uint32_t)s->fault << 12 | s->at << 15 | (uint32_t)s->missing << 18 |
	       s->failing << 20 | (uint32_t)s->panics << 23;
}

static struct step step_unpack(uint32_t packed)
{
	return (struct step){
		.event = packed & 15,
		.slot = packed >> 4 & 3,
		.number = packed >> 6 & 63,
		.fault = packed >> 12 & 7,
		.at = packed >> 15 & 7,
		.missing = packed >> 18 & 3,
		.failing = packed >> 20 & 7,
		.panics = packed >> 23 & 1,
	};
}

static void step_print(const struct step *s)
{
	static const char *const events[] = {
		[E_START] = "start",
		[E_BOOT] = "boot",
		[E_POWER_OFF] = "power off",
		[E_ARM] = "arm",
		[E_CONFIRM] = "confirm",
		[E_REJECT] = "reject",
		[E_SWITCH] = "switch",
		[E_ORDERLY] = "orderly",
		[E_DAMAGE] = "both copies damaged",
		[E_FOREIGN] = "foreign",
	};
	static const char *const faults[FAULTS] = {
		[F_READ_ONLY] = "read-only medium",
		[F_REFUSED] = "store refused",
		[F_LANDED] = "store reported as failed",
		[F_BEFORE] = "cut before a store",
		[F_TORN] = "cut in a store",
		[F_AFTER] = "cut behind a store",
	};

	printf("  -> %s", events[s->event]);
	if (s->slot < AB_SLOTS)
		printf(" %s", ab_slot_name(s->slot));
	if (s->event == E_ARM && s->fault != F_TORN)
		printf(", %u tries", s->number);
	if (s->event == E_FOREIGN)
		printf(", way %u", s->number);
	if (s->fault != F_NONE)
		printf(", %s (number %u, outcome %u)", faults[s->fault], s->at, s->number);
	if (s->event == E_BOOT && s->missing != AB_NONE)
		printf(", no partition for %s", ab_slot_name(s->missing));
	for (enum ab_slot_id i = AB_A; i < AB_ROOTS; i++)
		if (s->failing & 1u << i)
			printf(", %s does not mount", ab_slot_name(i));
	if (s->event == E_BOOT && s->fault < F_BEFORE)
		printf(s->panics ? ", panics or hangs" : ", works");
	printf("\n");
}

static void trace(const struct enumeration *e, uint32_t number)
{
	struct step step = step_unpack(e->nodes[number].step);
	struct world w;

	if (number > 0)
		trace(e, e->nodes[number].parent);
	world_unpack(e->nodes[number].key, &w);
	if (number > 0)
		step_print(&step);
	world_print(&w);
}

void broken(struct enumeration *e, enum property p, const char *why, const struct step *step)
{
	if (!e->any)
		e->first = p;
	e->any = true;
	if (e->failed[p])
		return;
	e->failed[p] = true;
	if (e->quiet)
		return;
	printf("  %s: %s\n", e->config->name, why);
	trace(e, e->current);
	if (step->event != E_START)
		step_print(step);
	(void)fflush(stdout);
}

/* @return where the key is, or would be */
static uint32_t *find(struct enumeration *e, const unsigned char *key)
{
	uint64_t a, b;
	uint32_t i;

	memcpy(&a, key, 8);
	memcpy(&b, key + 8, 8);
	a = (a ^ b * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
	i = (uint32_t)((a ^ a >> 29) % HASH_SIZE);
	while (e->hash[i] && memcmp(e->nodes[e->hash[i] - 1].key, key, WORLD_BYTES) != 0)
		i = (i + 1) % HASH_SIZE;
	return &e->hash[i];
}

void emit(struct enumeration *e, const struct world *w, const struct step *step)
{
	unsigned char key[WORLD_BYTES];
	uint32_t *at;

	e->transitions++;
	world_pack(e->config, w, key);
	at = find(e, key);
	if (*at)
		return;
	if (e->len == NODES_MAX) {
		(void)fprintf(stderr, "enumerate: more than %u states\n", NODES_MAX);
		exit(1);
	}
	memcpy(e->nodes[e->len].key, key, WORLD_BYTES);
	e->nodes[e->len].parent = e->current;
	e->nodes[e->len].step = step_pack(step);
	*at = ++e->len;
}

/* To the fixed point; a mutant only until it is found. */
static void run(struct enumeration *e, const struct config *c, const struct rules *rules)
{
	struct world w;

	memset(e->hash, 0, HASH_SIZE * sizeof(*e->hash));
	e->config = c;
	e->rules = rules;
	e->len = e->current = 0;
	e->transitions = 0;
	e->quiet = rules != &the_rules;
	e->any = false;
	memset(e->failed, 0, sizeof(e->failed));
	world_start(c, &w);
	emit(e, &w, &(struct step){ .event = E_START });
	for (; e->current < e->len; e->current++) {
		world_unpack(e->nodes[e->current].key, &w);
		check_state(e, &w);
		each_step(e, &w);
		if (e->any && e->quiet)
			return;
	}
	all_states += e->len;
	all_transitions += e->transitions;
	for (int p = 0; p < PROPERTIES; p++)
		all_failed[p] += e->failed[p];
}

static bool show_states, quick;

static void run_real(struct enumeration *e, struct config *c)
{
	static const char *const media[] = { "two copies", "keys", "keys, two files" };
	const struct ab_policy *p = &c->policy;
	char name[160];

	(void)snprintf(
		name, sizeof(name),
		"%s, counted by the %s, tries=%u refunds=%u good_attempts=%u switches=%u%s%s",
		media[c->medium], p->counter == AB_LOADER ? "loader" : "agent", p->tries,
		p->refunds, p->good_attempts, p->switches, c->recovery ? ", recovery" : "",
		p->raise_floor ? ", floor" : "");
	c->name = name;
	run(e, c, &the_rules);
	if (show_states)
		printf("%8u states %9lu transitions  %s\n", e->len, e->transitions, name);
	(void)fflush(stdout);
	c->name = NULL;
}

static void run_all(struct enumeration *e)
{
	struct config c = { .policy = ab_policy_default };

	for (int recovery = 0; recovery < 2; recovery++) {
		c = (struct config){ .policy = ab_policy_default, .recovery = recovery };
		if (!recovery) /* with it: small numbers, below */
			run_real(e, &c);
		c.policy.counter = AB_LOADER;
		for (c.medium = TEXT; c.medium <= TEXTS; c.medium++)
			run_real(e, &c);
	}
	/* Small numbers: each bound is met in few steps. A candidate's, with those of good slots in between; */
	for (unsigned int n = 0; n < (quick ? 2 : 3) * 3; n++) {
		c = (struct config){ .policy = ab_policy_default };
		c.policy.tries = n % 3 + 1;
		c.policy.refunds = n / 3;
		c.policy.good_attempts = 2;
		c.policy.switches = 1;
		run_real(e, &c);
		c.policy.counter = AB_LOADER;
		for (c.medium = TEXT; c.medium <= TEXTS; c.medium++)
			run_real(e, &c);
	}
	/* then those of good slots. */
	for (unsigned int n = 0; n < 4 * 2 * 2; n++) {
		c = (struct config){ .policy = ab_policy_default, .recovery = n / 8 };
		c.policy.tries = 2;
		c.policy.refunds = 1;
		c.policy.good_attempts = n % 4;
		c.policy.switches = n / 4 % 2 + 1;
		if (n > 4 && n < 12 && n % 4 > 1) /* large, and in between of others */
			continue;
		if (quick && c.recovery && n % 4 > 0)
			continue;
		c.policy.raise_floor = n == 2;
		run_real(e, &c);
	}
	if (quick)
		return;
	/* The agent may count in a loader's keys, too. */
	c = (struct config){ .medium = TEXT, .policy = ab_policy_default };
	c.policy.tries = c.policy.refunds = c.policy.good_attempts = c.policy.switches = 1;
	run_real(e, &c);
}

static int run_mutants(struct enumeration *e)
{
	unsigned int missed = 0;

	for (size_t i = 0; i < mutants_len; i++) {
		struct config c = { .medium = mutants[i].medium, .policy = ab_policy_default };

		c.policy.tries = 2;
		c.policy.refunds = 1;
		c.policy.good_attempts = 3;
		c.policy.raise_floor = true;
		if (c.medium != COPIES)
			c.policy.counter = AB_LOADER;
		run(e, &c, &mutants[i]);
		if (e->any)
			printf("ok enumerate: mutant \"%s\" is found: %s\n", mutants[i].name,
			       property_text[e->first]);
		else
			printf("FAIL enumerate: mutant \"%s\" is not found\n", mutants[i].name);
		missed += !e->any;
	}
	return missed ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct enumeration e;
	int status = 0;

	if (argc == 2 && strcmp(argv[1], "--svg") == 0)
		return machine_svg();
	show_states = argc == 2 && strcmp(argv[1], "--states") == 0;
	quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
	if (argc > 1 && !show_states && !quick) {
		(void)fprintf(stderr, "Usage: enumerate [--quick|--states|--svg]\n");
		return 2;
	}
	e.nodes = malloc(NODES_MAX * sizeof(*e.nodes));
	e.hash = calloc(HASH_SIZE, sizeof(*e.hash));
	if (!e.nodes || !e.hash)
		return 1;
	run_all(&e);
	printf("%lu states, %lu transitions, %lu stores torn at %lu places, %.1f s\n", all_states,
	       all_transitions, media_stores, media_torn, (double)clock() / CLOCKS_PER_SEC);
	for (int p = 0; p < PROPERTIES; p++) {
		printf("%s enumerate: %s\n", all_failed[p] ? "FAIL" : "ok", property_text[p]);
		status |= all_failed[p] > 0;
	}
	status |= run_mutants(&e);
	free(e.nodes);
	free(e.hash);
	return status;
}
