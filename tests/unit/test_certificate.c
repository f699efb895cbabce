/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/certificate.h"
#include "tests/unit/intercept.h"
#include "tests/unit/pem.h"

static const char *read_text(struct arena *a, const char *text, struct certificates *ret)
{
	_cleanup_free_ char *value = base64(text, strlen(text), 0);

	return certificates_read(a, value, ret);
}

static void expect_wrong(const char *text, const char *want)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	struct certificates c = { .n = 77 };
	const char *wrong = read_text(&a, text, &c);

	if (!wrong || strcmp(wrong, want) != 0)
		fail_msg("%s: %s", text, wrong ? wrong : "is taken");
	assert_int_equal(c.n, 77);
	assert_false(arena_failed(&a));
}

static void test_one(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_free_ char *pem = read_pem("openssl-req");
	struct certificates c;

	(void)state;
	assert_null(read_text(&a, pem, &c));
	assert_int_equal(c.n, 1);
	assert_int_equal(c.certificate[0].len, strlen(pem));
	assert_string_equal(c.certificate[0].pem, pem);
	assert_int_equal(c.certificate[0].subject_hash, 0xa9ccfb15);
}

/* What is between the blocks goes; the blocks come out as every tool writes them. */
static void test_many_with_text_between(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_free_ char *one = read_pem("utf8");
	_cleanup_free_ char *two = read_pem("blanks");
	_cleanup_free_ char *three = read_pem("long");
	_cleanup_free_ char *text = NULL;
	struct certificates c;

	(void)state;
	assert_true(asprintf(&text,
			     "Subject: one\n%s\n# anteroot: balenaRootCA ends\n%s"
			     "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n"
			     "-----END EC PRIVATE KEY-----\n"
			     "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n%sthe end",
			     one, two, three) > 0);
	assert_null(read_text(&a, text, &c));
	assert_int_equal(c.n, 3);
	assert_string_equal(c.certificate[0].pem, one);
	assert_string_equal(c.certificate[1].pem, two);
	assert_string_equal(c.certificate[2].pem, three);
}

/* Other line lengths, CRLF, blanks at line ends, no newline at the end: the same block comes out. */
static void test_forms_of_a_block(void **state)
{
	static const struct {
		size_t columns;
		const char *end_of_line;
	} forms[] = { { 64, "\r\n" }, { 76, "\n" }, { 4, "\n" }, { 1, "\n" }, { 0, " \t\n" } };
	size_t len;
	_cleanup_free_ unsigned char *der = read_certificate("t61", &len);
	_cleanup_free_ char *want = read_pem("t61");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		_cleanup_(arena_free) struct arena a = ARENA_INIT;
		_cleanup_free_ char *body = base64(der, len, forms[i].columns);
		_cleanup_free_ char *text = NULL;
		struct certificates c;

		assert_true(asprintf(&text,
				     "-----BEGIN CERTIFICATE-----%s%s%s-----END CERTIFICATE-----",
				     forms[i].end_of_line, body, forms[i].end_of_line) > 0);
		assert_null(read_text(&a, text, &c));
		assert_int_equal(c.n, 1);
		assert_string_equal(c.certificate[0].pem, want);
	}
}

/* The outer base64: white space anywhere, padding where it belongs and nothing else. */
static void test_forms_of_the_value(void **state)
{
	static const char *const bad[] = { "",	       " \n",	"=",	    "A",	   "AA",
					   "AAA",      "AA=",	"A==",	    "AA=A",	   "AAAA=",
					   "AAAA====", "AA===", "AA==AA==", "AB==",	   "AAB=",
					   "AA-_",     "AA.A",	"AAAA\f",   "AAA\xc3\xa9", "=AAA",
					   "A=AA" };
	_cleanup_free_ char *pem = read_pem("ia5");
	_cleanup_(arena_free) struct arena b = ARENA_INIT;
	struct certificates c = { .n = 77 };

	(void)state;
	for (size_t more = 0; more < 3; more++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_free_ char *value = NULL;
		_cleanup_(arena_free) struct arena a = ARENA_INIT;

		assert_true(asprintf(&text, "%s%.*s", pem, (int)more, "xx") > 0);
		value = base64(text, strlen(text), more * 7 + 4);
		assert_null(certificates_read(&a, value, &c));
		assert_int_equal(c.n, 1);
		assert_string_equal(c.certificate[0].pem, pem);
	}
	c.n = 77;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *wrong = certificates_read(&b, bad[i], &c);

		if (!wrong || strcmp(wrong, i < 2 ? "has no certificate" : "is not base64") != 0)
			fail_msg("%s: %s", bad[i], wrong ? wrong : "is taken");
	}
	assert_int_equal(c.n, 77);
}

static void test_refused(void **state)
{
	static const char other_kind[] = "has a BEGIN or END line that is no plain certificate's";
	static const char no_x509[] = "has a block that is no X.509 certificate";

	(void)state;
	expect_wrong("hello\n", "has no certificate");
	expect_wrong("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
		     "-----END CERTIFICATE REQUEST-----\n",
		     "has no certificate");
	expect_wrong("-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n"
		     "-----END TRUSTED CERTIFICATE-----\n",
		     other_kind);
	expect_wrong("-----BEGIN X509 CERTIFICATE-----\n", other_kind);
	expect_wrong(" -----BEGIN CERTIFICATE-----\n", other_kind);
	expect_wrong("\xef\xbb\xbf-----BEGIN CERTIFICATE-----\n", other_kind);
	expect_wrong("-----END CERTIFICATE-----\n", other_kind);
	expect_wrong("-----BEGIN CERTIFICATE-----", "has a certificate without its END line");
	expect_wrong("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE----\n",
		     "has a certificate without its END line");
	expect_wrong("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", no_x509);
	expect_wrong("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", no_x509);
	expect_wrong("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", no_x509);
	expect_wrong("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n"
		     "-----END CERTIFICATE-----\n",
		     no_x509);
	expect_wrong("-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\nAAAA\n"
		     "-----END CERTIFICATE-----\n",
		     no_x509);
}

/* One bad block and none is taken: half a list would be a list nobody gave. */
static void test_good_and_bad(void **state)
{
	_cleanup_free_ char *pem = read_pem("bmp");
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_true(asprintf(&text,
			     "%s-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
			     pem) > 0);
	expect_wrong(text, "has a block that is no X.509 certificate");
}

static void test_limit(void **state)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	_cleanup_free_ char *pem = read_pem("empty");
	size_t len = strlen(pem);
	_cleanup_free_ char *text = calloc(CERTIFICATES_MAX + 1, len + 1);
	struct certificates c;

	(void)state;
	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		memcpy(text + i * len, pem, len);
	assert_null(read_text(&a, text, &c));
	assert_int_equal(c.n, CERTIFICATES_MAX);
	memcpy(text + CERTIFICATES_MAX * len, pem, len);
	expect_wrong(text, "has more than 16 certificates");
}

/* Every prefix of a value and every changed character of it: an answer, and no byte read too far. */
static void test_every_prefix_and_character(void **state)
{
	_cleanup_free_ char *pem = read_pem("empty");
	_cleanup_free_ char *value = base64(pem, strlen(pem), 0);
	size_t whole = strlen(value);

	(void)state;
	for (size_t len = 0; len < whole; len++) {
		_cleanup_(arena_free) struct arena a = ARENA_INIT;
		_cleanup_free_ char *copy = calloc(1, len + 1);
		struct certificates c = { .n = 77 };

		/* The last character is the newline behind the END line. */
		memcpy(copy, value, len);
		assert_non_null(certificates_read(&a, copy, &c));
		assert_int_equal(c.n, 77);
	}
	for (size_t at = 0; at < whole; at++) {
		static const char others[] = "Az09+/=\n-";
		char was = value[at];

		for (size_t i = 0; others[i]; i++) {
			_cleanup_(arena_free) struct arena a = ARENA_INIT;
			struct certificates c = { 0 };
			const char *wrong;

			value[at] = others[i];
			wrong = certificates_read(&a, value, &c);
			assert_true(wrong ? c.n == 0 : c.n == 1);
		}
		value[at] = was;
	}
}

/* Memory that runs out at any size is said, and nothing is filled. */
static void test_without_memory(void **state)
{
	_cleanup_free_ char *pem = read_pem("long");
	_cleanup_free_ char *value = base64(pem, strlen(pem), 0);
	_cleanup_(arena_free) struct arena big = ARENA_INIT;
	struct certificates c = { .n = 77 };
	size_t len = 77;
	const char *r;

	(void)state;
	for (size_t from = 1; from < 20000; from += 500) {
		_cleanup_(arena_free) struct arena a = ARENA_INIT;

		intercept.refuse_from = from;
		intercept.refuse_to = SIZE_MAX;
		r = certificates_read(&a, value, &c);
		intercept.refuse_from = intercept.refuse_to = 0;
		assert_int_equal(!r, !arena_failed(&a));
		if (r) {
			assert_string_equal(r, "needs more memory than there is");
			assert_int_equal(c.n, 77);
		} else {
			assert_int_equal(c.n, 1);
			c.n = 77;
		}
	}
	intercept.refuse_from = 1;
	intercept.refuse_to = SIZE_MAX;
	r = certificates_bundle(&big, "", 0, NULL, &len);
	intercept.refuse_from = intercept.refuse_to = 0;
	assert_null(r);
	assert_int_equal(len, 77);
}

static const struct certificates none;

static struct certificates made_up(const char *pem)
{
	struct certificates c = { .n = 1 };

	c.certificate[0].pem = pem;
	c.certificate[0].len = strlen(pem);
	return c;
}

#define PEM(body) "-----BEGIN CERTIFICATE-----\n" body "\n-----END CERTIFICATE-----\n"
#define OURS	  PEM("OURS")
#define OLD	  PEM("OLD0") PEM("OLD1")
#define OTHERS	  "# Some CA\n" PEM("AAAA") "\n" PEM("BBBB")
#define BLOCK(p)  BUNDLE_BEGIN p BUNDLE_END
#define OPEN_END  "# anteroot: balenaRootCA ends"

static void expect_bundle(const char *bundle, const struct certificates *certs, const char *want)
{
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	size_t len = strlen(bundle), got_len = 0;
	_cleanup_free_ char *copy = malloc(len ? len : 1);
	const char *got;

	memcpy(copy, bundle, len);
	got = certificates_bundle(&a, copy, len, certs, &got_len);
	assert_non_null(got);
	assert_string_equal(got, want);
	assert_int_equal(got_len, strlen(want));
}

static void test_bundle(void **state)
{
	const struct certificates ours = made_up(OURS);

	(void)state;
	expect_bundle("", &ours, BLOCK(OURS));
	expect_bundle(BLOCK(OURS), NULL, "");
	expect_bundle(OTHERS, &ours, OTHERS BLOCK(OURS));
	expect_bundle(OTHERS BLOCK(OURS), &ours, OTHERS BLOCK(OURS));
	expect_bundle(OTHERS BLOCK(OLD), &ours, OTHERS BLOCK(OURS));
	expect_bundle(OTHERS BLOCK(OURS), NULL, OTHERS);
	expect_bundle(OTHERS BLOCK(OURS), &none, OTHERS);
	expect_bundle(OTHERS, NULL, OTHERS);
	expect_bundle("", NULL, "");
	/* Somebody has appended behind us, or made two of one. */
	expect_bundle(OTHERS BLOCK(OLD) PEM("CCCC"), &ours, OTHERS PEM("CCCC") BLOCK(OURS));
	expect_bundle(BLOCK(OLD) OTHERS BLOCK(OURS) PEM("CCCC") BLOCK(""), NULL,
		      OTHERS PEM("CCCC"));
	/* Lines that only look like ours. */
	expect_bundle("# anteroot: balenaRootCA begins \n" OTHERS " " BUNDLE_END, NULL,
		      "# anteroot: balenaRootCA begins \n" OTHERS " " BUNDLE_END);
}

static void test_bundle_without_last_newline(void **state)
{
	const struct certificates ours = made_up(OURS);

	(void)state;
	expect_bundle("x", &ours, "x\n" BUNDLE_BEGIN OURS OPEN_END);
	expect_bundle("x\n" BUNDLE_BEGIN OURS OPEN_END, &ours, "x\n" BUNDLE_BEGIN OURS OPEN_END);
	expect_bundle("x\n" BUNDLE_BEGIN OURS OPEN_END, NULL, "x");
	expect_bundle(BUNDLE_BEGIN OURS OPEN_END, NULL, "");
	/* Somebody has given it a last newline since: that one stays. */
	expect_bundle("x\n" BLOCK(OURS), NULL, "x\n");
	/* What is appended to a line without an end breaks that line, with us as without. */
	expect_bundle("x\n" BUNDLE_BEGIN OURS OPEN_END PEM("CCCC"), NULL,
		      "x\n" OURS OPEN_END PEM("CCCC"));
}

/* One of the two lines is gone: certificates of others stay whatever happens. */
static void test_torn_block(void **state)
{
	const struct certificates ours = made_up(OURS);

	(void)state;
	expect_bundle(OTHERS BUNDLE_BEGIN OLD PEM("CCCC"), &ours,
		      OTHERS OLD PEM("CCCC") BLOCK(OURS));
	expect_bundle(OTHERS BUNDLE_BEGIN OLD PEM("CCCC") BLOCK(OURS), NULL,
		      OTHERS OLD PEM("CCCC"));
	expect_bundle(OTHERS BUNDLE_END PEM("CCCC"), &ours, OTHERS PEM("CCCC") BLOCK(OURS));
	expect_bundle("x\n" OPEN_END, NULL, "x\n");
	expect_bundle("x\n# anteroot: balenaRootCA begins", NULL, "x\n");
	/* Cut short inside our first certificate: OpenSSL would refuse the whole bundle. */
	expect_bundle(OTHERS BUNDLE_BEGIN "-----BEGIN CERTIFICATE-----\nMII", &ours,
		      OTHERS BLOCK(OURS));
	expect_bundle(OTHERS BUNDLE_BEGIN "-----BEGIN CERTIFICATE-----\nMII", NULL, OTHERS);
	expect_bundle(OTHERS BUNDLE_BEGIN, &ours, OTHERS BLOCK(OURS));
}

/* Bundles at random of whole lines and pieces: the laws hold. */
static void test_laws(void **state)
{
	static const char *const pieces[] = {
		BUNDLE_BEGIN, BUNDLE_END,  OPEN_END,
		OURS,	      PEM("AAAA"), "# hello\n",
		"\n",	      "x",	   "-----BEGIN CERTIFICATE-----\nMII",
		"\r\n"
	};
	const struct certificates ours = made_up(OURS);
	unsigned int random = 1;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		_cleanup_(arena_free) struct arena a = ARENA_INIT;
		char text[1024] = "";
		const char *with, *again, *without, *back;
		size_t len, with_len, again_len, without_len, back_len;
		bool marked = false;

		for (size_t n = (random >> 16) % 9; n > 0; n--) {
			random = random * 1103515245u + 12345u;
			strcat(text, pieces[(random >> 16) % ARRAY_SIZE(pieces)]);
		}
		random = random * 1103515245u + 12345u;
		len = strlen(text);
		marked = strstr(text, "# anteroot") != NULL;
		with = certificates_bundle(&a, text, len, &ours, &with_len);
		again = certificates_bundle(&a, with, with_len, &ours, &again_len);
		without = certificates_bundle(&a, text, len, NULL, &without_len);
		back = certificates_bundle(&a, with, with_len, NULL, &back_len);
		assert_string_equal(again, with);
		assert_string_equal(back, without);
		assert_int_equal(again_len, with_len);
		assert_int_equal(back_len, without_len);
		if (!marked)
			assert_string_equal(without, text);
	}
}

/* A bundle may have any bytes; they stay. */
static void test_any_bytes(void **state)
{
	static const char bytes[] = "a\0b\n\0\xff\n" BUNDLE_BEGIN "\0" BUNDLE_END "\0";
	_cleanup_(arena_free) struct arena a = ARENA_INIT;
	const char *got;
	size_t len;

	(void)state;
	/* The NUL is in front of the END line: that is no line of ours, and the block is torn. */
	got = certificates_bundle(&a, bytes, sizeof(bytes) - 1, NULL, &len);
	assert_int_equal(len, 7);
	assert_memory_equal(got, "a\0b\n\0\xff\n", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_many_with_text_between),
		cmocka_unit_test(test_forms_of_a_block),
		cmocka_unit_test(test_forms_of_the_value),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_good_and_bad),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_every_prefix_and_character),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_bundle_without_last_newline),
		cmocka_unit_test(test_torn_block),
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
