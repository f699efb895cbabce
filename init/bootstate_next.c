/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "init/bootstate.h"
#include "lib/role.h"

/* What the next boot will do: the initramfs' own decision, made ahead of it. */

struct ab_decision bootstate_next(const struct bootstate *b, const struct ab_record *rec,
				  struct ab_record *ret_next)
{
	struct ab_seen seen = { .durable = !b->found.read_only,
				.named = AB_NONE,
				.realtime_sec = b->who.realtime_sec };
	enum ab_slot_id c = ab_candidate(rec);
	struct ab_record next;

	memset(seen.boot_id, 0xff, sizeof(seen.boot_id)); /* no boot's: a new one */
	for (enum ab_slot_id i = AB_A; i < AB_SLOTS; i++)
		seen.present[i] = b->run.slot[i] != NULL;
	seen.present[AB_RECOVERY] = b->run.disk && role_find(&b->run.layout, &b->run.devs,
							     b->run.disk, PART_RECOVERY, NULL);
	/* A loader that counts goes back to the good slot when the attempts are used up. */
	if (b->conf->policy.counter == AB_LOADER)
		seen.named = c != AB_NONE && rec->slot[c].attempts < rec->slot[c].tries
				     ? c
				     : rec->active;
	return ab_decide(rec, &seen, &b->conf->policy, ret_next ? ret_next : &next);
}

const char *bootstate_next_text(struct bootstate *b, const struct ab_record *rec)
{
	struct ab_record next;
	struct ab_decision d = bootstate_next(b, rec, &next);
	const char *text = ab_reason_text(d.reason);
	unsigned int attempt;

	if (b->found.backend == AB_STATELESS)
		return "slot A, or B when A cannot be booted: there is no boot state";
	if (d.slot >= AB_SLOTS)
		return arena_printf(b->a, "%s: %s",
				    d.slot == AB_RECOVERY ? "the recovery slot" : "no slot", text);
	if (!d.candidate)
		return arena_printf(b->a, "slot %s: %s", ab_slot_name(d.slot), text);
	attempt = next.slot[d.slot].attempts + (b->conf->policy.counter == AB_LOADER);
	return arena_printf(b->a, "slot %s, attempt %u of %u: it is a candidate",
			    ab_slot_name(d.slot), attempt, next.slot[d.slot].tries);
}
