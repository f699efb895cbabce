/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates: what is read is read the same again, in any wrapping; and a bundle gets our block and loses
 * it without a change to what is not ours. The input: a byte that says what the rest is.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/certificate.h"
#include "lib/x509.h"
#include "tests/fuzz/fuzz.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

static bool same_certificate(const struct certificate *x, const struct certificate *y)
{
	return x->len == y->len && memcmp(x->pem, y->pem, x->len) == 0 &&
	       x->subject_hash == y->subject_hash;
}

/* One block with lines of 64, and nothing else. */
static void check_pem(const struct certificate *cert)
{
	const char *p = cert->pem + strlen(BEGIN), *end = cert->pem + cert->len - strlen(END);

	MUST(strlen(cert->pem) == cert->len && cert->len > strlen(BEGIN) + strlen(END));
	MUST(strncmp(cert->pem, BEGIN, strlen(BEGIN)) == 0 && strcmp(end, END) == 0);
	while (p < end) {
		size_t len = strcspn(p, "\n");

		MUST(len > 0 && len <= 64 && (len == 64 || p + len + 1 == end));
		MUST(strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789+/=") == len);
		p += len + 1;
	}
	MUST(p == end);
}

/* What was read, put together anew, is read as the same. */
static void check_again(struct arena *a, const struct certificates *certs)
{
	const char *text = "between them\n", *wrong;
	struct certificates again;

	for (size_t i = 0; i < certs->n; i++)
		text = arena_printf(a, "%s\n%snothing\r\n", text, certs->certificate[i].pem);
	MUST(text);
	wrong = certificates_read(a, fuzz_base64(a, text, strlen(text), 76), &again);
	MUST(!wrong && again.n == certs->n);
	for (size_t i = 0; i < certs->n; i++)
		MUST(same_certificate(&certs->certificate[i], &again.certificate[i]));
}

/* Digits, then at most two `=`, with blanks anywhere. */
static bool is_base64(const char *s)
{
	size_t digits = 0, pad = 0;

	for (; *s; s++) {
		if (strchr(" \t\r\n", *s))
			continue;
		if (*s == '=')
			pad++;
		else if (pad > 0)
			return false;
		else
			digits++;
	}
	return pad <= 2 && (digits + pad) % 4 == 0;
}

/* @return true when there are certificates in it */
static bool check_value(struct arena *a, const char *base64, struct certificates *ret)
{
	const char *wrong = certificates_read(a, base64, ret);

	if (wrong) {
		MUST(*wrong && is_clean(wrong, false) && strlen(wrong) < 80);
		return false;
	}
	MUST(is_base64(base64));
	MUST(ret->n >= 1 && ret->n <= CERTIFICATES_MAX);
	for (size_t i = 0; i < ret->n; i++)
		check_pem(&ret->certificate[i]);
	check_again(a, ret);
	return true;
}

/* The value is the input itself. */
static void try_value(struct arena *a, const struct input *in)
{
	struct certificates certs;

	(void)check_value(a, arena_memdup(a, in->p ? in->p : "", in->len), &certs);
}

/* The value is the input's base64. */
static void try_pem(struct arena *a, const struct input *in)
{
	struct certificates certs, wrapped;
	const char *text = fuzz_base64(a, in->p, in->len, 0);
	bool good = check_value(a, text, &certs);

	MUST(check_value(a, fuzz_base64(a, in->p, in->len, 5), &wrapped) == good);
	MUST(!good || wrapped.n == certs.n);
}

/* The input is a certificate in DER: by itself, and as the value it makes. */
static void try_der(struct arena *a, const struct input *in)
{
	_cleanup_free_ char *der = input_copy(in);
	const char *pem = arena_printf(a, BEGIN "%s" END, fuzz_base64(a, in->p, in->len, 64));
	struct certificates certs;
	uint32_t hash = 0;
	int err = x509_subject_hash(a, der, in->len, &hash);

	MUST(pem);
	MUST(check_value(a, fuzz_base64(a, pem, strlen(pem), 0), &certs) == (err == 0));
	if (err < 0)
		return;
	MUST(certs.n == 1 && certs.certificate[0].subject_hash == hash);
	MUST(strcmp(certs.certificate[0].pem, pem) == 0);
}

struct bundle {
	const char *text;
	size_t len;
};

static struct bundle bundle_of(struct arena *a, const struct bundle *b,
			       const struct certificates *certs)
{
	struct bundle made;

	made.text = certificates_bundle(a, b->text, b->len, certs, &made.len);
	MUST(made.text && made.text[made.len] == '\0');
	return made;
}

static void expect_same(const struct bundle *x, const struct bundle *y)
{
	MUST(x->len == y->len && memcmp(x->text, y->text, x->len) == 0);
}

/* What is taken away is taken away in order: the rest is what there was. */
static void check_rest(const struct bundle *whole, const struct bundle *rest)
{
	size_t k = 0;

	for (size_t i = 0; i < whole->len && k < rest->len; i++)
		k += whole->text[i] == rest->text[k];
	MUST(k == rest->len);
}

/* When the end of a bundle is lost, and with it a part of our first certificate, the rest of ours goes. */
static void check_cut(struct arena *a, const struct bundle *others,
		      const struct certificates *certs)
{
	struct bundle with = bundle_of(a, others, certs);
	size_t start = others->len + strlen(BUNDLE_BEGIN), end;

	/* A newline that was missing in front of the block stays. */
	start += others->len > 0 && others->text[others->len - 1] != '\n';
	end = start + certs->certificate[0].len - strlen(END);
	for (with.len = start; with.len <= end; with.len++) {
		struct bundle rest = bundle_of(a, &with, NULL);

		MUST(rest.len == start - strlen(BUNDLE_BEGIN));
		MUST(memcmp(rest.text, others->text, others->len) == 0);
	}
}

/* The input is a bundle. */
static void try_bundle(struct arena *a, const struct input *in)
{
	static const char block[] = BUNDLE_BEGIN BEGIN "MIIB\n" END "# anteroot";
	static const char pem[] = BEGIN "MIIB\n" END, other_pem[] = BEGIN "QUJD\nREVG\n" END;
	const struct certificates one = { .certificate = { { pem, sizeof(pem) - 1, 1 } }, .n = 1 };
	const struct certificates two = { .certificate = { { pem, sizeof(pem) - 1, 1 },
							   { other_pem, sizeof(other_pem) - 1,
							     2 } },
					  .n = 2 };
	_cleanup_free_ char *text = input_copy(in);
	struct bundle whole = { text, in->len }, rest = bundle_of(a, &whole, NULL), again, with;

	check_rest(&whole, &rest);
	if (!memmem(text, in->len, "# anteroot: balenaRootCA ", 25))
		expect_same(&whole, &rest);
	again = bundle_of(a, &rest, NULL);
	expect_same(&again, &rest);
	with = bundle_of(a, &whole, &one);
	MUST(memmem(with.text, with.len, block, sizeof(block) - 1));
	again = bundle_of(a, &with, &one);
	expect_same(&again, &with);
	again = bundle_of(a, &with, NULL);
	expect_same(&again, &rest);
	check_cut(a, &rest, &one);
	/* Other certificates take the place of the first. */
	again = bundle_of(a, &with, &two);
	with = bundle_of(a, &rest, &two);
	expect_same(&again, &with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct arena * a, const struct input *in) = {
		try_value,
		try_pem,
		try_der,
		try_bundle,
	};
	struct input in = { (const char *)data, size };
	unsigned int which = input_byte(&in) % ARRAY_SIZE(tries);
	struct arena a = ARENA_INIT;

	tries[which](&a, &in);
	MUST(!arena_failed(&a));
	arena_free(&a);
	return 0;
}
