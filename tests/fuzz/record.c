/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Both copies of a record (lib/abrecord.h) and what is decided on them: whatever is there, a record that is valid
 * comes out, a slot that is there is booted, and nothing is counted twice.
 */

#include <string.h>

#include "lib/abrecord.h"
#include "lib/digest.h"
#include "tests/fuzz/fuzz.h"

/* A CRC that fits, or no input at random would ever get behind it. */
static void mend(unsigned char *copy)
{
	uint32_t crc = digest_crc32(copy, ABRECORD_BYTES - 4);

	for (size_t i = 0; i < 4; i++)
		copy[ABRECORD_BYTES - 4 + i] = (unsigned char)(crc >> (8 * i));
}

static bool same_bytes(const struct ab_record *a, const struct ab_record *b)
{
	unsigned char x[ABRECORD_BYTES], y[ABRECORD_BYTES];

	abrecord_encode(a, x);
	abrecord_encode(b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

/* What is good can be decoded again, to the same. */
static void round_trip(const struct ab_record *rec)
{
	unsigned char bytes[ABRECORD_BYTES];
	struct ab_record again;

	MUST(ab_valid(rec));
	abrecord_encode(rec, bytes);
	MUST(abrecord_decode(bytes, &again) == ABRECORD_GOOD);
	MUST(same_bytes(rec, &again));
}

static void decide(const struct ab_record *rec, unsigned int what)
{
	struct ab_policy policy = ab_policy_default;
	struct ab_record next, after;
	struct ab_seen seen = {
		.boot_id = { 1 },
		.present = { what & 1, what & 2, what & 4 },
		.failed = { what & 8, what & 16, false },
		.durable = what & 32,
		.named = what & 64 ? AB_B : AB_NONE,
	};
	struct ab_decision first, second;

	policy.counter = what & 128 ? AB_LOADER : AB_AGENT;
	first = ab_decide(rec, &seen, &policy, &next);
	round_trip(&next);
	MUST(first.slot == AB_NONE || seen.present[first.slot]);
	MUST(first.slot == AB_NONE || !seen.failed[first.slot]);
	MUST(!first.candidate || policy.counter == AB_LOADER || seen.durable || !first.must_store);
	MUST(policy.counter == AB_AGENT || (!first.must_store && !first.may_store));
	if (policy.counter == AB_LOADER)
		return;
	second = ab_decide(&next, &seen, &policy, &after);
	MUST(second.slot == first.slot);
	MUST(same_bytes(&next, &after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char copies[ABRECORD_COPIES][ABRECORD_BYTES] = { 0 };
	const unsigned char *const copy[ABRECORD_COPIES] = { copies[0], copies[1] };
	struct input in = { (const char *)data, size };
	unsigned int flags = input_byte(&in), what = input_byte(&in);
	struct abrecord_pair pair;

	memcpy(copies, in.p, in.len < sizeof(copies) ? in.len : sizeof(copies));
	for (size_t i = 0; i < ABRECORD_COPIES; i++)
		if (flags & (1u << i))
			mend(copies[i]);
	abrecord_choose(copy, &pair);
	round_trip(&pair.record);
	MUST(pair.current < 0 || pair.health[pair.current] == ABRECORD_GOOD);
	MUST(pair.current < 0 || pair.spare == !pair.current);
	decide(&pair.record, what);
	return 0;
}
