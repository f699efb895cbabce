/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/*
 * The boot state of a device with two roots, and every step it can take. Pure: no I/O, no clock, no globals, no
 * memory of its own; total: any record and any observation has an answer. The agent in the initramfs, the command
 * line, the tests' enumerator and the picture in docs/STATE.md all use these functions. docs/STATE.md has the ten
 * rules that they keep.
 */

enum ab_slot_id {
	AB_A,
	AB_B,
	AB_SLOTS,
	AB_RECOVERY = AB_SLOTS, /* a third root, never updated and never counted */
	AB_ROOTS,
	AB_NONE = AB_ROOTS,
};

enum ab_state {
	AB_EMPTY,     /* nothing is known of it: never booted while there is something better */
	AB_CANDIDATE, /* armed, not booted yet */
	AB_TRYING,    /* booted at least once, no verdict */
	AB_GOOD,      /* confirmed, or what the device came with */
	AB_BAD,	      /* booted only when nothing else can be */
	AB_STATES
};

/** Why a slot is AB_BAD. */
enum ab_bad {
	AB_BAD_NONE,
	AB_BAD_TRIES,	 /* its attempts are used up */
	AB_BAD_ROOT,	 /* its root did not mount, or has no init */
	AB_BAD_MISSING,	 /* there is no partition for it, or more than one */
	AB_BAD_REJECTED, /* somebody said so */
	AB_BAD_HEALTH,	 /* its health checks failed */
	AB_BAD_UNKNOWN,	 /* the record was lost while it was a candidate */
	AB_BAD_FSCK,	 /* the check of its root left errors */
	AB_BADS
};

/** What a transition was. */
enum ab_event {
	AB_EVENT_NONE,
	AB_EVENT_ARM,
	AB_EVENT_ATTEMPT,     /* a candidate's boot was counted */
	AB_EVENT_REFUND,      /* an orderly reboot was given back */
	AB_EVENT_ROLLBACK,    /* a candidate became bad by itself, as `bad` says */
	AB_EVENT_CONFIRM,     /* a candidate became good */
	AB_EVENT_REJECT,      /* a slot became bad, because somebody said so */
	AB_EVENT_SWITCH,      /* armed again without an update: `slot switch` */
	AB_EVENT_SWITCH_OVER, /* a good slot was left for the other good one */
	AB_EVENT_RECOVERY,    /* the recovery slot was booted */
	AB_EVENT_REBUILT,     /* both copies of the record were damaged */
	AB_EVENTS
};

/** Why a slot is booted in this boot. */
enum ab_reason {
	AB_REASON_ACTIVE,      /* it is the active slot */
	AB_REASON_ATTEMPT,     /* it is a candidate with attempts left */
	AB_REASON_ROLLED_BACK, /* the candidate became bad in this boot */
	AB_REASON_NOT_DURABLE, /* there is a candidate, and its boot cannot be counted */
	AB_REASON_OTHER_GOOD,  /* the active slot cannot be booted now */
	AB_REASON_SWITCH_OVER, /* the active slot was booted too often without being confirmed */
	AB_REASON_DEGRADED,    /* the same, and there is nothing to go over to */
	AB_REASON_RECOVERY,    /* no good slot can be booted, or it keeps failing */
	AB_REASON_LAST_RESORT, /* nothing that is good can be booted, and there is no recovery slot */
	AB_REASON_LOADER,      /* the loader chose it */
	AB_REASON_NOTHING,     /* slot is AB_NONE: rescue */
	AB_REASONS
};

enum ab_counter {
	AB_AGENT,  /* anteroot counts, in the initramfs */
	AB_LOADER, /* the boot loader counts; anteroot follows */
};

#define AB_VERSION_MAX 32   /* with the NUL */
#define AB_TRIES_MAX   9u   /* one digit for the loaders' scripts; the most refunds too */
#define AB_COUNT_MAX   255u /* unconfirmed, switches and fruitless stop there */
#define AB_TRANSITIONS 8
#define AB_BOOT_ID_LEN 16
#define AB_DISK_MAX    40 /* a PTUUID, with the NUL */

struct ab_slot {
	enum ab_state state;
	enum ab_bad bad;    /* AB_BAD only */
	unsigned int tries; /* candidate: attempts allowed, 1 to AB_TRIES_MAX */
	unsigned int
		attempts; /* candidate, and bad by AB_BAD_TRIES: counted boots of its transaction */
	unsigned int
		refunds; /* orderly reboots that were given back; good: since it was confirmed */
	unsigned int unconfirmed; /* good: boots in a row that nobody confirmed, saturating */
	bool confirmed; /* good: confirmed at least once, so that boots without it mean something */
	char version[AB_VERSION_MAX]; /* of the OS in it, "" when nobody said */
};

struct ab_transition {
	enum ab_event event;
	enum ab_slot_id slot;
	enum ab_bad bad;
	uint32_t transaction;
	int64_t realtime_sec; /* of the clock then; decides nothing */
};

struct ab_record {
	uint32_t generation; /* of the copy it was read from; store() counts it up */
	uint32_t
		transaction; /* of the last arming, never 0 after it; a candidate belongs to this one */
	enum ab_slot_id
		active; /* AB_A or AB_B: booted while there is no candidate, gone back to after one */
	struct ab_slot slot[AB_SLOTS];
	unsigned int switches; /* switch-overs since a slot was last confirmed */
	unsigned int
		fruitless; /* boots that had nothing good to boot since a slot was confirmed, saturating */
	bool unknown; /* rebuilt from evidence, nothing confirmed since */
	/* The last boot that was written down. */
	unsigned char boot_id[AB_BOOT_ID_LEN]; /* zero: none */
	enum ab_slot_id booted;
	bool orderly;		    /* it ended in an orderly reboot */
	char floor[AB_VERSION_MAX]; /* no version below is armed, "": none */
	char disk[AB_DISK_MAX];	    /* PTUUID of the disk it belongs to, "" when it has none */
	struct ab_transition transition[AB_TRANSITIONS]; /* newest first */
};

/** Numbers from the integrator's file. */
struct ab_policy {
	enum ab_counter counter;
	unsigned int tries;   /* when arming says nothing: 1 to AB_TRIES_MAX, default 3 */
	unsigned int refunds; /* orderly reboots given back in a transaction, 0 to 9, default 3 */
	unsigned int
		good_attempts; /* unconfirmed boots of a good slot before it is left, 0: never; default 5 */
	unsigned int switches; /* switch-overs until a slot is confirmed, default 2 */
	unsigned int delay_sec,
		delay_max_sec; /* when nothing good can be booted: doubles from the first to the second */
	bool raise_floor;	    /* confirming raises the floor to the slot's version */
	char floor[AB_VERSION_MAX]; /* the integrator's own floor, "": none */
};

#define AB_POLICY_DEFAULT                                                                         \
	{                                                                                         \
		.counter = AB_AGENT, .tries = 3, .refunds = 3, .good_attempts = 5, .switches = 2, \
		.delay_sec = 10, .delay_max_sec = 300                                             \
	}
extern const struct ab_policy ab_policy_default;

/** What a boot sees. */
struct ab_seen {
	unsigned char
		boot_id[AB_BOOT_ID_LEN]; /* /proc/sys/kernel/random/boot_id; zero: not known */
	bool present[AB_ROOTS]; /* there is exactly one partition for it on the boot disk */
	bool failed[AB_ROOTS];	/* tried in this boot: it did not mount, or has no init */
	bool unsound[AB_ROOTS]; /* … because the check of its file system left errors */
	bool durable;		/* the record can be stored, as far as anybody knows */
	enum ab_slot_id
		named; /* the slot that root= names, AB_NONE: none. AB_LOADER: the loader's choice;
				   * AB_AGENT: booted when it is good, its candidate not */
	int64_t realtime_sec; /* for the transitions; decides nothing */
};

struct ab_decision {
	enum ab_slot_id slot;
	enum ab_reason reason;
	bool candidate;	 /* an attempt: panic and watchdog must end in a reboot */
	bool must_store; /* the new record must be durable before the slot is mounted */
	bool may_store; /* the new record differs and should be stored; a failure costs a warning */
	unsigned int delay_sec; /* to wait before this boot goes on */
};

/**
 * What a boot does. Asked again in the same boot, with a root that has failed since or a record that could not be
 * stored, it counts nothing twice. With AB_LOADER it never counts an attempt and never asks for a store.
 *
 * @param rec record as loaded (or as a decision of this boot left it, once stored)
 * @param ret_next the record to store
 */
struct ab_decision ab_decide(const struct ab_record *rec, const struct ab_seen *seen,
			     const struct ab_policy *policy,
			     struct ab_record *ret_next) _nonnull_all_;

/** Who asks, in a running system. */
struct ab_asker {
	enum ab_slot_id running; /* by the device that is mounted as root; AB_NONE: not a slot's */
	unsigned char boot_id[AB_BOOT_ID_LEN];	    /* of this boot */
	unsigned char told_boot_id[AB_BOOT_ID_LEN]; /* as /run/anteroot/state.json has it */
	uint32_t transaction;			    /* as /run/anteroot/state.json has it */
	int64_t realtime_sec;
};

/** Why a step is refused. AB_OK is 0. */
enum ab_refusal {
	AB_OK,
	AB_NOT_A_SLOT,		/* the running root is not a slot's */
	AB_OTHER_BOOT,		/* the record, or what /run says, is of another boot */
	AB_OTHER_TRANSACTION,	/* armed again since this boot */
	AB_IS_RUNNING,		/* a slot cannot be armed from itself */
	AB_ONLY_GOOD,		/* it would leave no good slot */
	AB_RUNNING_UNCONFIRMED, /* the running candidate has no verdict yet */
	AB_OTHER_NOT_GOOD,	/* there is no good slot to switch to */
	AB_BELOW_FLOOR,		/* the version is below the floor */
	AB_NEEDS_VERSION,	/* there is a floor, and no version was given */
	AB_BAD_VERSION,		/* not X.Y.Z[-betaN][+revN], or longer than AB_VERSION_MAX - 1 */
	AB_BAD_TRIES_NUMBER,	/* not 1 to AB_TRIES_MAX */
	AB_NOT_CANDIDATE_BOOT, /* orderly: nothing to give back, or this boot is not the record's; harmless */
	AB_REFUSALS
};

/** Arms the inactive slot: candidate with `tries` attempts (0: the policy's), in a new transaction. */
enum ab_refusal ab_arm(const struct ab_record *rec, const struct ab_policy *policy,
		       const struct ab_asker *who, enum ab_slot_id slot, unsigned int tries,
		       const char *version, struct ab_record *ret_next) _nonnull_(1, 2, 3, 7);

/** The running slot is good. */
enum ab_refusal ab_confirm(const struct ab_record *rec, const struct ab_policy *policy,
			   const struct ab_asker *who, struct ab_record *ret_next) _nonnull_all_;

/** A slot is bad, because of `bad`: a candidate, or a good slot while the other is good too. */
enum ab_refusal ab_reject(const struct ab_record *rec, const struct ab_asker *who,
			  enum ab_slot_id slot, enum ab_bad bad,
			  struct ab_record *ret_next) _nonnull_all_;

/** Arms the other slot, which is good, as it is: boots it next, and comes back unless it is confirmed. */
enum ab_refusal ab_switch(const struct ab_record *rec, const struct ab_policy *policy,
			  const struct ab_asker *who, struct ab_record *ret_next) _nonnull_all_;

/**
 * This boot ends in good order. AB_AGENT: remembered, the next boot gives the attempt back. AB_LOADER: given back
 * now, because the loader counts before anybody else can. Once a boot.
 */
enum ab_refusal ab_orderly(const struct ab_record *rec, const struct ab_policy *policy,
			   const struct ab_asker *who, struct ab_record *ret_next) _nonnull_all_;

/** A device that has never stored a record: one slot is good and active, nothing is known of the other. */
void ab_blank(enum ab_slot_id active, struct ab_record *ret_rec) _nonnull_all_;

/** What is left when both copies of a record are damaged. */
struct ab_evidence {
	bool present[AB_SLOTS];
	enum ab_slot_id named; /* by root=, or by a loader's own environment; AB_NONE: by nobody */
	bool armed;	       /* that environment says that `named` is a candidate */
	int64_t realtime_sec;
};

/**
 * Both slots that are there count as good, once each, and are left when nobody confirms them; nobody gets fresh
 * attempts. A candidate by the evidence is AB_BAD_UNKNOWN.
 */
void ab_rebuild(const struct ab_evidence *evidence, struct ab_record *ret_rec) _nonnull_all_;

/** @return the slot that is a candidate (armed or being tried), else AB_NONE. */
enum ab_slot_id ab_candidate(const struct ab_record *rec) _nonnull_all_;

/** @return the other one of A and B; A for what is neither. */
static inline enum ab_slot_id ab_other(enum ab_slot_id slot)
{
	return slot == AB_A ? AB_B : AB_A;
}

/** @return true when a slot is armed or being tried. */
static inline bool ab_is_candidate(const struct ab_slot *s)
{
	return s->state == AB_CANDIDATE || s->state == AB_TRYING;
}

/** @return true when every field is within its bounds and at most one slot is a candidate. */
bool ab_valid(const struct ab_record *rec) _nonnull_all_;

/** Adds a transition in front; the oldest goes. */
void ab_note(struct ab_record *rec, enum ab_event event, enum ab_slot_id slot,
	     int64_t realtime_sec) _nonnull_all_;

/* Names, as JSON and messages have them: "A", "B", "recovery", "none"; "empty", "candidate", …; */
const char *ab_slot_name(enum ab_slot_id slot);
const char *ab_state_name(enum ab_state state);
const char *ab_bad_name(enum ab_bad bad);
const char *ab_event_name(enum ab_event event);
/** A sentence for people: "it is a candidate with attempts left". */
const char *ab_reason_text(enum ab_reason reason);
/** One word for machines: "attempt". */
const char *ab_reason_name(enum ab_reason reason);
/** A cause for `unable to VERB OBJECT: cause`. */
const char *ab_refusal_text(enum ab_refusal refusal);
