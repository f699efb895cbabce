/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lib/abrecord.h"
#include "lib/abstate.h"

/*
 * The device as the enumerator sees it: what lies on the medium, what runs, and what really happened (the ghosts,
 * which the machine cannot see and which properties are told by). docs/STATE.md, "Proof", has what is shown.
 */

enum disk {
	DISK_RECORD,
	DISK_BLANK,   /* nothing was ever stored */
	DISK_LOST,    /* there was a record, and it cannot be read */
	DISK_FOREIGN, /* keys of balenaOS alone; `rec` is what they say */
	DISKS
};

/** Where the record lives. */
enum medium {
	COPIES, /* backend `record`: two copies of a sector */
	TEXT,	/* keys of a loader in one sector: grubenv, ubootenv */
	TEXTS,	/* the count in a file of its own: uenv */
};

struct world {
	enum disk disk;
	struct ab_record rec;
	enum ab_slot_id running; /* AB_NONE: the power is off */
	bool told_same;		 /* /run has the transaction that the record has */
	/* Ghosts. That counts tell the truth needs none: each step is held to what it may add or take. */
	enum ab_slot_id fresh;	  /* new content that was never confirmed */
	enum ab_slot_id promised; /* the last confirm that was acknowledged was for this one */
	/* With keys: a count that nobody reads, because nothing is armed or it is of another transaction. */
	unsigned int stale;
	bool stale_same; /* it is of this transaction */
	bool loose;	 /* the other slot is armed, by a seal that does not hold */
};

struct config {
	const char *name;
	enum medium medium;
	bool recovery;
	struct ab_policy policy;
};

/** What a mutant replaces. */
struct rules {
	const char *name;
	enum medium medium; /* where it shows */
	struct ab_decision (*decide)(const struct ab_record *, const struct ab_seen *,
				     const struct ab_policy *, struct ab_record *);
	enum ab_refusal (*arm)(const struct ab_record *, const struct ab_policy *,
			       const struct ab_asker *, enum ab_slot_id, unsigned int, const char *,
			       struct ab_record *);
	enum ab_refusal (*confirm)(const struct ab_record *, const struct ab_policy *,
				   const struct ab_asker *, struct ab_record *);
	enum ab_refusal (*reject)(const struct ab_record *, const struct ab_asker *,
				  enum ab_slot_id, enum ab_bad, struct ab_record *);
	enum ab_refusal (*orderly)(const struct ab_record *, const struct ab_policy *,
				   const struct ab_asker *, struct ab_record *);
	void (*rebuild)(const struct ab_evidence *, struct ab_record *);
	void (*choose)(const unsigned char *const *, struct abrecord_pair *);
	bool writes_current;  /* the copy that counts, not the spare one */
	bool goes_ahead;      /* tries the candidate although the count was not stored */
	bool arms_in_two;     /* switches the root, then protects it */
	bool confirms_in_two; /* acknowledges, then stores */
	bool no_seal;	      /* the loader does not look at the seal */
	bool no_count_for;    /* the loader does not ask which transaction a count is of */
	bool no_limit;	      /* the loader does not stop at the tries */
	bool no_read_back;    /* the loader does not look whether the count was saved */
	bool loader_stale;    /* the loader looks at the count when nothing is armed, too */
};

extern const struct rules the_rules;
extern const struct rules mutants[];
extern const size_t mutants_len;

/** What must hold; texts in properties.c. */
enum property {
	P_REACHABLE,
	P_COUNTED,
	P_ATTEMPTS,
	P_STALE,
	P_IDEMPOTENT,
	P_BOUNDED,
	P_EXIT,
	P_CONFIRM,
	P_FOLLOWS,
	P_ATOMIC,
	P_TORN,
	P_REFUND,
	P_GIVEN_UP,
	P_LOST,
	P_FLOOR,
	P_CLOCK,
	P_VALID,
	PROPERTIES
};

extern const char *const property_text[PROPERTIES];

/* --- world.c --- */

#define WORLD_BYTES   16
#define RECORD_BYTES  10
#define TXN	      0xffu /* canonical; the next one, 0x100, differs in three digits */
#define TOLD_OTHER    7u
#define MODEL_VERSION "2.0.0"

extern const unsigned char this_boot[AB_BOOT_ID_LEN], other_boot[AB_BOOT_ID_LEN];

void record_pack(const struct ab_record *rec, unsigned char ret[static RECORD_BYTES]);
void record_unpack(const unsigned char bytes[static RECORD_BYTES], struct ab_record *ret);
/** Makes finite and relative what is neither, and packs. */
void world_pack(const struct config *c, const struct world *w,
		unsigned char ret[static WORLD_BYTES]);
void world_unpack(const unsigned char bytes[static WORLD_BYTES], struct world *ret);
void world_print(const struct world *w);
void world_start(const struct config *c, struct world *ret);

/* --- media.c, keys.c: bytes --- */

struct left {
	enum disk disk;
	struct ab_record rec;
	unsigned int stale;
	bool stale_same, loose;
};
#define LEFT_MAX 40

/**
 * What a cut in a store can leave besides the old and the new.
 *
 * @param ret_bad what is wrong, NULL: nothing
 */
size_t media_cut(const struct config *c, const struct rules *rules, const struct world *w,
		 const struct ab_record *next, struct left ret[static LEFT_MAX],
		 const char **ret_bad);
extern unsigned long media_stores, media_torn;

struct keys {
	bool own; /* anteroot_good is there */
	enum ab_slot_id good, part;
	char txn[12], tries[4], seal[40], available[4], count[4], count_for[12], meta[48];
};

#define KEYS_BLOCKS 2
#define KEYS_SIZE   512
struct image {
	char block[KEYS_BLOCKS][KEYS_SIZE + 1]; /* padded with '#' as GRUB does */
};

/** What is written for a record, and what lies there of a world. */
void keys_of(enum disk disk, const struct ab_record *rec, struct keys *ret);
void keys_of_world(const struct world *w, struct keys *ret);
void keys_print(const struct config *c, const struct keys *k, struct image *ret);
void keys_read(const struct image *image, struct keys *ret);
/** As lib/abenv.c does it: the record that the keys say. */
void keys_load(const struct config *c, const struct keys *k, struct left *ret);
/** What a cut in the writing of `next` over `old` can leave: torn anywhere, and in either order. */
size_t keys_torn(const struct config *c, const struct image *old, const struct image *next,
		 struct left ret[static LEFT_MAX], const char **ret_bad);
size_t keys_cut(const struct config *c, const struct world *w, const struct ab_record *next,
		struct left ret[static LEFT_MAX], const char **ret_bad);
/** The loader's rule in docs/STATE.md. @return the slot; *ret_count: what to save first, -1: nothing */
enum ab_slot_id keys_loader(const struct config *c, const struct rules *rules, const struct keys *k,
			    int *ret_count);

/* --- steps.c, boot.c --- */

enum event {
	E_START,
	E_BOOT,
	E_POWER_OFF,
	E_ARM,
	E_CONFIRM,
	E_REJECT,
	E_SWITCH,
	E_ORDERLY,
	E_DAMAGE,
	E_FOREIGN,
};

enum fault {
	F_NONE,
	F_READ_ONLY, /* known beforehand */
	F_REFUSED,   /* the store fails, and nothing was written */
	F_LANDED,    /* the store fails, and all was written */
	F_BEFORE,    /* the power goes before the store */
	F_TORN,	     /* in it */
	F_AFTER,     /* behind it */
	FAULTS
};

struct step {
	enum event event;
	enum ab_slot_id slot; /* arm, reject */
	unsigned int number;  /* arm: tries; foreign: which; torn: what was left */
	enum fault fault;
	unsigned int at; /* fault: of the how many-eth store */
	enum ab_slot_id missing;
	unsigned int failing; /* bits: roots that do not mount */
	bool panics;
};

struct enumeration;
/** A successor. */
void emit(struct enumeration *e, const struct world *w, const struct step *step);
/** A property does not hold in the step that is being made. */
void broken(struct enumeration *e, enum property p, const char *why, const struct step *step);
const struct config *config_of(const struct enumeration *e);
const struct rules *rules_of(const struct enumeration *e);

/** The record as the initramfs (running AB_NONE) or the running system loads it. */
void load(const struct enumeration *e, const struct world *w, const bool present[AB_ROOTS],
	  struct ab_record *ret);
void each_boot(struct enumeration *e, const struct world *w);
void each_step(struct enumeration *e, const struct world *w);
struct ab_asker asker_of(const struct world *w, const struct ab_record *rec);

/** One boot in which everything works but what is said. @return the slot, and the world with it running */
enum ab_slot_id plain_boot(const struct enumeration *e, struct world *w, bool durable,
			   enum ab_reason *ret_reason);
void stored(const struct config *c, struct world *w, const struct ab_record *next);
void leave(struct world *w, const struct left *left);

/** Properties of a state, with what follows from it when nothing else fails. */
void check_state(struct enumeration *e, const struct world *w);

int machine_svg(void);
