/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/certificate.h"

#include <stdbool.h>
#include <string.h>

#include "lib/x509.h"

#define END	    "-----END "
#define LABEL	    "CERTIFICATE-----"
#define BEGIN_LINE  "-----BEGIN " LABEL
#define END_LINE    END LABEL
#define PEM_COLUMNS 64u

/* Text that is not terminated. */
struct text {
	char *p;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place: what is written never overtakes what is read. */
static bool base64_decode(struct text *t)
{
	size_t digits = 0, pad = 0, n = 0;
	unsigned int value = 0, bits = 0;

	for (size_t i = 0; i < t->len; i++) {
		int digit = base64_value(t->p[i]);

		if (is_blank(t->p[i]))
			continue;
		if (t->p[i] == '=') {
			pad++;
			continue;
		}
		if (digit < 0 || pad > 0)
			return false;
		digits++;
		value = (value << 6 | (unsigned int)digit) & 0xfff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			t->p[n++] = (char)(value >> bits);
		}
	}
	t->len = n;
	/* A unit has four, and bits that belong to no byte are zero: one text for one value. */
	return pad <= 2 && (digits + pad) % 4 == 0 && (value & ((1u << bits) - 1)) == 0;
}

static char *base64_encode(const struct text *t, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)t->p;
	size_t column = 0;

	for (size_t i = 0; i < t->len; i += 3) {
		size_t n = t->len - i < 3 ? t->len - i : 3;
		unsigned int value = (unsigned int)p[i] << 16;

		value |= n > 1 ? (unsigned int)p[i + 1] << 8 : 0;
		value |= n > 2 ? p[i + 2] : 0u;
		*out++ = digits[value >> 18];
		*out++ = digits[value >> 12 & 0x3f];
		*out++ = n > 1 ? digits[value >> 6 & 0x3f] : '=';
		*out++ = n > 2 ? digits[value & 0x3f] : '=';
		column += 4;
		if (column == PEM_COLUMNS || i + n == t->len) {
			*out++ = '\n';
			column = 0;
		}
	}
	return out;
}

/* Takes a line off, without its end and the blanks before that; false when there is none. */
static bool take_line(struct text *t, struct text *ret)
{
	char *newline;

	if (t->len == 0)
		return false;
	newline = memchr(t->p, '\n', t->len);
	*ret = (struct text){ t->p, newline ? (size_t)(newline - t->p) : t->len };
	t->p += ret->len + (newline ? 1 : 0);
	t->len -= ret->len + (newline ? 1 : 0);
	while (ret->len > 0 && is_blank(ret->p[ret->len - 1]))
		ret->len--;
	return true;
}

static bool text_is(const struct text *t, const char *s)
{
	return t->len == strlen(s) && memcmp(t->p, s, t->len) == 0;
}

static bool ends_with(const struct text *t, const char *s)
{
	size_t len = strlen(s);

	return t->len >= len && memcmp(t->p + t->len - len, s, len) == 0;
}

/* From the DER, so that nothing else of the input gets into a bundle. */
static bool write_pem(struct arena *a, const struct text *der, struct certificate *ret)
{
	size_t digits = (der->len + 2) / 3 * 4;
	char *pem = arena_alloc(a, sizeof(BEGIN_LINE) + sizeof(END_LINE) + digits +
					   digits / PEM_COLUMNS + 2);
	char *p = pem;

	if (!pem)
		return false;
	p = base64_encode(der, stpcpy(p, BEGIN_LINE "\n"));
	p = stpcpy(p, END_LINE "\n");
	ret->pem = pem;
	ret->len = (size_t)(p - pem);
	return true;
}

/* Reads what is behind a BEGIN line, and its END line. */
static const char *read_block(struct arena *a, struct text *t, struct certificate *ret)
{
	struct text block = { t->p, 0 }, line;

	do {
		if (!take_line(t, &line))
			return "has a certificate without its END line";
		block.len = (size_t)(line.p - block.p);
	} while (!text_is(&line, END_LINE));
	if (!base64_decode(&block) ||
	    (x509_subject_hash(a, block.p, block.len, &ret->subject_hash) < 0 && !arena_failed(a)))
		return "has a block that is no X.509 certificate";
	if (arena_failed(a) || !write_pem(a, &block, ret))
		return "needs more memory than there is";
	return NULL;
}

const char *certificates_read(struct arena *a, const char *base64, struct certificates *ret)
{
	struct certificates found = { 0 };
	struct text text, line;
	const char *wrong;

	text = (struct text){ arena_strdup(a, base64), strlen(base64) };
	if (!text.p)
		return "needs more memory than there is";
	if (!base64_decode(&text))
		return "is not base64";
	while (take_line(&text, &line)) {
		if (!ends_with(&line, LABEL))
			continue;
		/* Dropped, a certificate would be missing that somebody meant to be there. */
		if (!text_is(&line, BEGIN_LINE))
			return "has a BEGIN or END line that is no plain certificate's";
		if (found.n == CERTIFICATES_MAX)
			return "has more than 16 certificates";
		wrong = read_block(a, &text, &found.certificate[found.n]);
		if (wrong)
			return wrong;
		found.n++;
	}
	if (found.n == 0)
		return "has no certificate";
	*ret = found;
	return NULL;
}

/* Bytes of the line at `p` with its newline. */
static size_t line_bytes(const char *p, size_t len)
{
	const char *newline = memchr(p, '\n', len);

	return newline ? (size_t)(newline - p) + 1 : len;
}

/* Whether a line is one of our two. At the end of the text it may lack the newline. */
static bool is_mark(const char *line, size_t len, const char *mark)
{
	size_t want = strlen(mark);

	if (len > 0 && line[len - 1] != '\n')
		want--;
	return len == want && memcmp(line, mark, len) == 0;
}

/*
 * Where to go on behind the BUNDLE_BEGIN line that ends at `at`. Without a BUNDLE_END of its own nobody
 * knows where our certificates end, so only that line goes. But a text that ends before our first
 * certificate does was cut short: OpenSSL refuses a bundle with such a rest in it.
 */
static size_t behind_block(const char *bundle, size_t len, size_t at)
{
	bool whole = false;

	for (size_t n, pos = at; pos < len; pos += n) {
		n = line_bytes(bundle + pos, len - pos);
		if (is_mark(bundle + pos, n, BUNDLE_END))
			return pos + n;
		if (is_mark(bundle + pos, n, BUNDLE_BEGIN))
			return at;
		whole = whole || (n > strlen(END) && memcmp(bundle + pos, END, strlen(END)) == 0);
	}
	return whole ? at : len;
}

/* Whether a text ends in BUNDLE_END without its newline: see certificates_bundle(). */
static bool ends_open(const char *bundle, size_t len)
{
	size_t n = strlen(BUNDLE_END);

	return len >= n && memcmp(bundle + len - n, "\n" BUNDLE_END, n) == 0;
}

/* Copies what is not ours; `out` has room for `len` bytes. */
static size_t copy_others(const char *bundle, size_t len, char *out)
{
	size_t copied = 0, pos = 0;

	while (pos < len) {
		size_t n = line_bytes(bundle + pos, len - pos);
		const char *line = bundle + pos;

		pos += n;
		if (is_mark(line, n, BUNDLE_END))
			continue;
		if (!is_mark(line, n, BUNDLE_BEGIN)) {
			memcpy(out + copied, line, n);
			copied += n;
			continue;
		}
		pos = behind_block(bundle, len, pos);
		if (pos == len && ends_open(bundle, len) && copied > 0)
			copied--;
	}
	return copied;
}

const char *certificates_bundle(struct arena *a, const char *bundle, size_t len,
				const struct certificates *certs, size_t *ret_len)
{
	size_t n = certs ? certs->n : 0, size = len + sizeof(BUNDLE_BEGIN) + sizeof(BUNDLE_END) + 1;
	bool open;
	char *out, *p;

	for (size_t i = 0; i < n; i++)
		size += certs->certificate[i].len;
	out = arena_alloc(a, size);
	if (!out)
		return NULL;
	p = out + copy_others(bundle, len, out);
	if (n > 0) {
		/* Where the last newline is missing the block gets it and goes without its own: taken
		 * away again, it leaves the text as it was. */
		open = p > out && p[-1] != '\n';
		if (open)
			*p++ = '\n';
		p = stpcpy(p, BUNDLE_BEGIN);
		for (size_t i = 0; i < n; i++) {
			memcpy(p, certs->certificate[i].pem, certs->certificate[i].len);
			p += certs->certificate[i].len;
		}
		p = stpcpy(p, BUNDLE_END);
		if (open)
			p--;
	}
	*p = '\0';
	*ret_len = (size_t)(p - out);
	return out;
}
