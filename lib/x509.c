/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/x509.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/der.h"
#include "lib/digest.h"
#include "lib/jsonscan.h"

/* Nobody has so many attributes in one part of a name; each is compared with those before it. */
#define RDN_ATTRIBUTES_MAX 64u

static bool is_version(struct der s)
{
	static const struct der_field version[] = { { DER_INTEGER, false, der_is_integer } };

	return der_fields(s, version, ARRAY_SIZE(version), NULL);
}

/* The parameters are anything; these are the kinds that algorithms of certificates have. */
static bool is_algorithm(struct der s)
{
	struct der_element e;

	if (!der_take_tag(&s, DER_OID, &e) || !der_is_oid(e.content))
		return false;
	if (s.len == 0)
		return true;
	if (!der_take(&s, &e) || s.len > 0)
		return false;
	return (e.tag == DER_NULL && e.content.len == 0) ||
	       (e.tag == DER_OID && der_is_oid(e.content)) || e.tag == DER_SEQUENCE;
}

static bool is_validity(struct der s)
{
	struct der_element e;

	for (int i = 0; i < 2; i++)
		if (!der_take(&s, &e) || (e.tag != DER_UTC_TIME && e.tag != DER_TIME))
			return false;
	return s.len == 0;
}

static bool is_public_key(struct der s)
{
	static const struct der_field key[] = {
		{ DER_SEQUENCE, false, is_algorithm },
		{ DER_BITS, false, der_is_bits },
	};

	return der_fields(s, key, ARRAY_SIZE(key), NULL);
}

static bool is_extensions(struct der s)
{
	static const struct der_field extension[] = {
		{ DER_OID, false, der_is_oid },
		{ DER_BOOLEAN, true, der_is_boolean },
		{ DER_OCTETS, false, NULL },
	};
	struct der_element e;

	if (!der_take_tag(&s, DER_SEQUENCE, &e) || s.len > 0)
		return false;
	for (s = e.content; s.len > 0;)
		if (!der_take_tag(&s, DER_SEQUENCE, &e) ||
		    !der_fields(e.content, extension, ARRAY_SIZE(extension), NULL))
			return false;
	return true;
}

/* TBSCertificate. The names are looked at when they are brought into canonical form. */
enum { TBS_ISSUER = 3, TBS_SUBJECT = 5 };
static const struct der_field tbs_certificate[] = {
	{ 0xa0, true, is_version },
	{ DER_INTEGER, false, der_is_integer },
	{ DER_SEQUENCE, false, is_algorithm },
	[TBS_ISSUER] = { DER_SEQUENCE, false, NULL },
	{ DER_SEQUENCE, false, is_validity },
	[TBS_SUBJECT] = { DER_SEQUENCE, false, NULL },
	{ DER_SEQUENCE, false, is_public_key },
	{ 0x81, true, der_is_bits },
	{ 0x82, true, der_is_bits },
	{ 0xa3, true, is_extensions },
};

static bool certificate_names(struct der der, struct der *ret_issuer, struct der *ret_subject)
{
	static const struct der_field certificate[] = {
		{ DER_SEQUENCE, false, NULL },
		{ DER_SEQUENCE, false, is_algorithm },
		{ DER_BITS, false, der_is_bits },
	};
	struct der parts[ARRAY_SIZE(certificate)];
	struct der tbs[ARRAY_SIZE(tbs_certificate)];
	struct der_element e;

	if (!der_take_tag(&der, DER_SEQUENCE, &e) || der.len > 0 ||
	    !der_fields(e.content, certificate, ARRAY_SIZE(certificate), parts) ||
	    !der_fields(parts[0], tbs_certificate, ARRAY_SIZE(tbs_certificate), tbs))
		return false;
	*ret_issuer = tbs[TBS_ISSUER];
	*ret_subject = tbs[TBS_SUBJECT];
	return true;
}

/* Where the canonical form grows. */
struct canon {
	unsigned char *p;
	size_t len, size;
};

static bool canon_add(struct canon *c, const void *data, size_t len)
{
	if (c->size - c->len < len)
		return false;
	memcpy(c->p + c->len, data, len);
	c->len += len;
	return true;
}

/* Makes what begins at `start` the content of an element. */
static bool canon_wrap(struct canon *c, size_t start, unsigned char tag)
{
	unsigned char header[6] = { tag };
	size_t len = c->len - start, n = 0;

	while (n < 4 && len >> (8 * n))
		n++;
	if (len < 0x80) {
		header[1] = (unsigned char)len;
		n = 0;
	} else {
		header[1] = (unsigned char)(0x80 | n);
		for (size_t i = 0; i < n; i++)
			header[2 + i] = (unsigned char)(len >> (8 * (n - 1 - i)));
	}
	if (c->size - c->len < 2 + n)
		return false;
	memmove(c->p + start + 2 + n, c->p + start, len);
	memcpy(c->p + start, header, 2 + n);
	c->len += 2 + n;
	return true;
}

/* A character as UTF-8; not half of a surrogate pair, and none above Unicode's last. */
static bool canon_add_char(struct canon *c, uint32_t ch)
{
	unsigned char s[4] = { (unsigned char)ch };
	size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;

	if ((ch >= 0xd800 && ch <= 0xdfff) || ch > 0x10ffff)
		return false;
	if (n > 1) {
		for (size_t i = n - 1; i > 0; i--, ch >>= 6)
			s[i] = (unsigned char)(0x80 | (ch & 0x3f));
		s[0] = (unsigned char)((0xf0 << (4 - n)) | ch);
	}
	return canon_add(c, s, n);
}

/* Takes a character of a string: `width` bytes, most significant first, or UTF-8 when that is 0. */
static bool take_char(struct der *in, size_t width, uint32_t *ret)
{
	size_t n = width ? width : utf8_length((const char *)in->p, in->len);

	if (n == 0 || in->len < n)
		return false;
	*ret = in->p[0];
	if (!width && n > 1)
		*ret &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		*ret = width ? *ret << 8 | in->p[i] : *ret << 6 | (in->p[i] & 0x3f);
	in->p += n;
	in->len -= n;
	return true;
}

/* ASCII letters become small, white space at the ends goes, inside one blank stands for it. */
static bool canon_add_text(struct canon *c, struct der text, size_t width)
{
	size_t start = c->len;
	bool blank = false;
	uint32_t ch;

	while (text.len > 0) {
		if (!take_char(&text, width, &ch))
			return false;
		if (ch == ' ' || (ch >= '\t' && ch <= '\r')) {
			blank = c->len > start;
			continue;
		}
		if (ch >= 'A' && ch <= 'Z')
			ch += 'a' - 'A';
		if ((blank && !canon_add_char(c, ' ')) || !canon_add_char(c, ch))
			return false;
		blank = false;
	}
	return canon_wrap(c, start, DER_UTF8);
}

/* Of the other types OpenSSL takes these three, as they are (ASN1_PRINTABLE, less what nobody uses). */
static bool canon_add_value(struct canon *c, const struct der_element *value)
{
	switch (value->tag) {
	case DER_UTF8:
		return canon_add_text(c, value->content, 0);
	case DER_PRINTABLE:
	case DER_T61: /* as if it were Latin-1 */
	case DER_IA5:
		return canon_add_text(c, value->content, 1);
	case DER_BMP:
		return canon_add_text(c, value->content, 2);
	case DER_UNIVERSAL:
		return canon_add_text(c, value->content, 4);
	case DER_BITS:
		return der_is_bits(value->content) &&
		       canon_add(c, value->whole.p, value->whole.len);
	case DER_NUMERIC:
	case DER_SEQUENCE:
		return canon_add(c, value->whole.p, value->whole.len);
	default:
		return false;
	}
}

static bool canon_add_attribute(struct canon *c, struct der in)
{
	struct der_element type, value;
	size_t start = c->len;

	return der_take_tag(&in, DER_OID, &type) && der_is_oid(type.content) &&
	       der_take(&in, &value) && in.len == 0 && canon_add(c, type.whole.p, type.whole.len) &&
	       canon_add_value(c, &value) && canon_wrap(c, start, DER_SEQUENCE);
}

static void reverse(unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		unsigned char swap = p[i];

		p[i] = p[len - 1 - i];
		p[len - 1 - i] = swap;
	}
}

static bool sorts_before(struct der a, struct der b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return order < 0 || (order == 0 && a.len < b.len);
}

/* DER sorts a set's elements by their bytes: moves the one at `last`, the newest, to its place among
 * those from `first` on. */
static void canon_sort_in(struct canon *c, size_t first, size_t last)
{
	struct der newest = { c->p + last, c->len - last };
	struct der older = { c->p + first, last - first };
	struct der_element e;

	while (older.len > 0 && der_take(&older, &e)) {
		unsigned char *at = c->p + (e.whole.p - c->p);
		size_t skipped = last - (size_t)(at - c->p);

		if (!sorts_before(newest, e.whole))
			continue;
		reverse(at, skipped);
		reverse(at + skipped, newest.len);
		reverse(at, skipped + newest.len);
		return;
	}
}

/* RDNSequence: its sets one behind the other, without the header of the whole. */
static bool canon_add_name(struct canon *c, struct der name)
{
	struct der_element set, attribute;

	while (name.len > 0) {
		size_t first = c->len, n = 0;

		if (!der_take_tag(&name, DER_SET, &set) || set.content.len == 0)
			return false;
		while (set.content.len > 0) {
			size_t last = c->len;

			if (n++ == RDN_ATTRIBUTES_MAX ||
			    !der_take_tag(&set.content, DER_SEQUENCE, &attribute) ||
			    !canon_add_attribute(c, attribute.content))
				return false;
			canon_sort_in(c, first, last);
		}
		if (!canon_wrap(c, first, DER_SET))
			return false;
	}
	return true;
}

int x509_subject_hash(struct arena *a, const void *der, size_t len, uint32_t *ret_hash)
{
	unsigned char sha1[DIGEST_SHA1_LEN];
	struct der issuer, subject;
	struct canon c = { 0 };

	if (!certificate_names((struct der){ der, len }, &issuer, &subject))
		return -EBADMSG;
	/* No header and no text more than doubles: Latin-1 does when every character has its high bit. */
	c.size = 2 * (issuer.len > subject.len ? issuer.len : subject.len);
	c.p = arena_alloc(a, c.size);
	if (!c.p)
		return -ENOMEM;
	if (!canon_add_name(&c, issuer))
		return -EBADMSG;
	c.len = 0;
	if (!canon_add_name(&c, subject))
		return -EBADMSG;
	digest_sha1_raw(c.p, c.len, sha1);
	*ret_hash = (uint32_t)sha1[3] << 24 | (uint32_t)sha1[2] << 16 | (uint32_t)sha1[1] << 8 |
		    sha1[0];
	return 0;
}
