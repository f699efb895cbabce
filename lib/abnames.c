/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/abstate.h"

/* The words of the boot state. docs/TERMS.md has what they mean. */

static const char *name_of(const char *const *names, size_t n, unsigned int i)
{
	return i < n && names[i] ? names[i] : "unknown";
}

const char *ab_slot_name(enum ab_slot_id slot)
{
	static const char *const names[] = {
		[AB_A] = "A", [AB_B] = "B", [AB_RECOVERY] = "recovery", [AB_NONE] = "none"
	};

	return name_of(names, ARRAY_SIZE(names), slot);
}

const char *ab_state_name(enum ab_state state)
{
	static const char *const names[] = {
		[AB_EMPTY] = "empty",	[AB_CANDIDATE] = "candidate",
		[AB_TRYING] = "trying", [AB_GOOD] = "good",
		[AB_BAD] = "bad",
	};

	return name_of(names, ARRAY_SIZE(names), state);
}

const char *ab_bad_name(enum ab_bad bad)
{
	static const char *const names[] = {
		[AB_BAD_NONE] = "none",		[AB_BAD_TRIES] = "tries",
		[AB_BAD_ROOT] = "root",		[AB_BAD_MISSING] = "missing",
		[AB_BAD_REJECTED] = "rejected", [AB_BAD_HEALTH] = "health",
		[AB_BAD_UNKNOWN] = "unknown",	[AB_BAD_FSCK] = "fsck",
	};

	return name_of(names, ARRAY_SIZE(names), bad);
}

const char *ab_event_name(enum ab_event event)
{
	static const char *const names[] = {
		[AB_EVENT_NONE] = "none",
		[AB_EVENT_ARM] = "arm",
		[AB_EVENT_ATTEMPT] = "attempt",
		[AB_EVENT_REFUND] = "refund",
		[AB_EVENT_ROLLBACK] = "rollback",
		[AB_EVENT_CONFIRM] = "confirm",
		[AB_EVENT_REJECT] = "reject",
		[AB_EVENT_SWITCH] = "switch",
		[AB_EVENT_SWITCH_OVER] = "switch-over",
		[AB_EVENT_RECOVERY] = "recovery",
		[AB_EVENT_REBUILT] = "rebuilt",
	};

	return name_of(names, ARRAY_SIZE(names), event);
}

static const struct {
	const char *name, *text;
} reasons[] = {
	[AB_REASON_ACTIVE] = { "active", "it is the active slot" },
	[AB_REASON_ATTEMPT] = { "attempt", "it is a candidate, and this attempt is counted" },
	[AB_REASON_ROLLED_BACK] = { "rolled-back", "the candidate is bad: rolled back" },
	[AB_REASON_NOT_DURABLE] = { "not-durable",
				    "a boot of the candidate cannot be counted: not tried" },
	[AB_REASON_OTHER_GOOD] = { "other-good", "the active slot cannot be booted" },
	[AB_REASON_SWITCH_OVER] = { "switch-over", "the active slot was booted too often without "
						   "being confirmed" },
	[AB_REASON_DEGRADED] = { "degraded", "it is not confirmed, and there is no better one" },
	[AB_REASON_RECOVERY] = { "recovery", "no good slot works" },
	[AB_REASON_LAST_RESORT] = { "last-resort",
				    "no good slot can be booted: the best there is" },
	[AB_REASON_LOADER] = { "loader", "root= names it" },
	[AB_REASON_NOTHING] = { "nothing", "no root can be booted" },
};

const char *ab_reason_name(enum ab_reason reason)
{
	return (unsigned int)reason < AB_REASONS ? reasons[reason].name : "unknown";
}

const char *ab_reason_text(enum ab_reason reason)
{
	return (unsigned int)reason < AB_REASONS ? reasons[reason].text : "unknown";
}

const char *ab_refusal_text(enum ab_refusal refusal)
{
	static const char *const texts[] = {
		[AB_OK] = "it is done",
		[AB_NOT_A_SLOT] = "the root that runs is not a slot's",
		[AB_OTHER_BOOT] = "the boot state does not know this boot of that slot",
		[AB_OTHER_TRANSACTION] = "it was armed again since this boot",
		[AB_IS_RUNNING] = "it is the slot that runs",
		[AB_ONLY_GOOD] = "it is the only good slot",
		[AB_RUNNING_UNCONFIRMED] =
			"a candidate waits for its verdict: confirm or reject it",
		[AB_OTHER_NOT_GOOD] = "the other slot is not good",
		[AB_BELOW_FLOOR] = "the version is below the version floor",
		[AB_NEEDS_VERSION] = "there is a version floor, and no version was given",
		[AB_BAD_VERSION] = "expected a version X.Y.Z[-betaN][+revN]",
		[AB_BAD_TRIES_NUMBER] = "expected 1 to 9 tries",
		[AB_NOT_CANDIDATE_BOOT] = "this boot has nothing to give back",
	};

	return name_of(texts, ARRAY_SIZE(texts), refusal);
}
