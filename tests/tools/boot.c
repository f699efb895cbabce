/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * boot: what the initramfs does to the boot state, without a boot: for tests of the applets of a running system.
 * Decides by the record and counts, as a boot does, then prints SLOT TRANSACTION CANDIDATE REASON BACKEND.
 */

#include <stdio.h>
#include <string.h>

#include "init/bootstate.h"

static int fail(const struct reason *r)
{
	char message[512];

	(void)fprintf(stderr, "boot: %s\n", reason_render(r, message, sizeof(message)));
	return 1;
}

static int decide(struct bootstate *b)
{
	struct ab_seen seen = { .durable = true, .named = AB_NONE, .present = { true, true } };
	struct reason r = REASON_INIT;
	struct ab_decision d;
	struct ab_record next;

	memcpy(seen.boot_id, b->who.boot_id, sizeof(seen.boot_id));
	if (b->conf->policy.counter == AB_LOADER)
		seen.named = bootstate_next(b, &b->found.record, &next).slot;
	d = ab_decide(&b->found.record, &seen, &b->conf->policy, &next);
	if (b->found.backend != AB_STATELESS && (d.must_store || d.may_store) &&
	    abstore_store(b->sys, &b->store, &b->found, &next, &r) < 0)
		return fail(&r);
	printf("%s %u %d %s %s\n", ab_slot_name(d.slot), (unsigned int)next.transaction,
	       d.candidate, ab_reason_name(d.reason), ab_backend_name(b->found.backend));
	return 0;
}

int main(void)
{
	static struct bootstate b;
	struct reason r = REASON_INIT;
	struct arena a = ARENA_INIT;
	int status;

	status = bootstate_open(&b, &sys_real, &a, &bootstate_paths_default, BOOTSTATE_CHANGE, &r) <
				 0
			 ? fail(&r)
			 : decide(&b);
	bootstate_close(&b);
	arena_free(&a);
	return status;
}
