/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"

/*
 * What the clock is set to: a pure function of what the sources say (docs/CLOCK.md). All times are seconds since
 * 1970 UTC.
 */

/** 15 years of 365.25 days, as systemd has it: a clock further ahead than that is mad, not late. */
#define CLOCK_WINDOW_SEC (15 * INT64_C(31557600))
/** The kernel takes no time behind this (TIME_SETTOD_SEC_MAX: April 2232). */
#define CLOCK_LATEST_SEC     INT64_C(8277292036)
#define CLOCK_CANDIDATES_MAX 20

/** How far a source is trusted. */
enum clock_kind {
	CLOCK_ANCHOR, /* of this build and its image: no clock of the device can have moved it */
	CLOCK_SAVED, /* written on the device, or may have been: counts up to the anchor + 15 years */
	CLOCK_RTC,   /* hardware: counts from the floor to the floor + 15 years */
};

/** What became of a candidate. */
enum clock_verdict {
	CLOCK_ABSENT,  /* there is no such source, or it has lost its time */
	CLOCK_INVALID, /* there is one, and it says nothing that is a time */
	CLOCK_BELOW,   /* earlier than the floor: it changes nothing */
	CLOCK_BEYOND,  /* later than its limit: ignored */
	CLOCK_FLOOR,   /* the latest that counts: the clock is not before it */
	CLOCK_COUNTS,  /* the RTC, inside the window */
};

struct clock_candidate {
	enum clock_kind kind;
	const char *source; /* "build", "timestamp", "rtc", … */
	const char *in;	    /* "image", "root", "state": which tree `path` is in; NULL: none */
	const char *path;   /* where it was looked for; NULL: in no file */
	int64_t sec;
	bool absent;
	const char *problem; /* why it is no time, or absent: for people; NULL: it is one */
};

/** What was seen. */
struct clock_facts {
	bool seen; /* all of the following is known */
	struct clock_candidate candidate[CLOCK_CANDIDATES_MAX];
	size_t n;
	int64_t now_sec;
	int64_t uptime_sec; /* the kernel refuses a time before it */
	bool local;	    /* the RTC holds local time: `sec` of it is that in UTC … */
	bool ahead;	  /* … and the system clock too, until the target's init has warped it */
	const char *zone; /* the target's zone, a tzfile(5); NULL: UTC */
	size_t zone_len;
	bool done;	    /* what was decided on this was carried out … */
	const char *failed; /* … in vain, because */
};

/** @return local time of the target at a time of UTC; that itself when there is no zone */
int64_t clock_to_local(const struct clock_facts *f, int64_t utc_sec) _nonnull_all_;

/** @return UTC at a local time of the target */
int64_t clock_to_utc(const struct clock_facts *f, int64_t local_sec) _nonnull_all_;

enum clock_action {
	CLOCK_KEEP,
	CLOCK_FORWARD,
	CLOCK_BACK, /* it was later than the ceiling */
};

struct clock_decision {
	int64_t anchor_sec; /* the latest anchor */
	int64_t limit_sec; /* nothing later counts of what is saved, or is saved: anchor + 15 years */
	int64_t floor_sec;
	int64_t ceiling_sec; /* floor + 15 years */
	enum clock_action action;
	int64_t set_sec; /* unless kept */
	const struct clock_candidate
		*from; /* of the facts: the RTC that counts, else the floor; NULL: none */
	enum clock_verdict verdict[CLOCK_CANDIDATES_MAX];
};

/** Decides. `from` points into `f`. */
void clock_decide(const struct clock_facts *f, struct clock_decision *d) _nonnull_all_;

/** @return "absent", "invalid", "below", "beyond", "floor", "counts" */
const char *clock_verdict_name(enum clock_verdict verdict);

/** @return "keep", "forward", "back" */
const char *clock_action_name(enum clock_action action);

/** Whether a time may be saved. */
enum clock_refusal {
	CLOCK_SAVE,	 /* it may */
	CLOCK_TOO_EARLY, /* before the build and the images: it was never set */
	CLOCK_TOO_LATE,	 /* behind the limit: it would be ignored, and must not be believed */
	CLOCK_UNSEEN, /* before what is saved, and this boot did not have that: it would be lost */
};

/**
 * Judges the clock. One that was moved
 * back on purpose, by a time server or a person, is saved; one that never had the saved time is not.
 *
 * @param now_sec the clock
 * @param saved_sec what is saved; negative: nothing
 * @param booted_sec what this boot made sure of; negative: not known
 */
enum clock_refusal clock_may_save(const struct clock_decision *d, int64_t now_sec,
				  int64_t saved_sec, int64_t booted_sec) _nonnull_all_;
