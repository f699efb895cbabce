/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/der.h"

bool der_take(struct der *in, struct der_element *ret)
{
	size_t header = 2, len;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return false;
	len = in->p[1];
	if (len & 0x80) {
		size_t n = len & 0x7f;

		if (n == 0 || n > 4 || in->len - 2 < n || in->p[2] == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | in->p[2 + i];
		if (len < 0x80)
			return false;
		header += n;
	}
	if (in->len - header < len)
		return false;
	ret->tag = in->p[0];
	ret->content = (struct der){ in->p + header, len };
	ret->whole = (struct der){ in->p, header + len };
	in->p += header + len;
	in->len -= header + len;
	return true;
}

bool der_take_tag(struct der *in, unsigned char tag, struct der_element *ret)
{
	return in->len > 0 && in->p[0] == tag && der_take(in, ret);
}

bool der_fields(struct der in, const struct der_field *fields, size_t n, struct der *ret_content)
{
	struct der_element e;

	for (size_t i = 0; i < n; i++) {
		const struct der_field *f = &fields[i];

		if (f->optional && (in.len == 0 || in.p[0] != f->tag))
			continue;
		if (!der_take_tag(&in, f->tag, &e) || (f->check && !f->check(e.content)))
			return false;
		if (ret_content)
			ret_content[i] = e.content;
	}
	return in.len == 0;
}

bool der_is_boolean(struct der s)
{
	return s.len == 1;
}

bool der_is_integer(struct der s)
{
	if (s.len == 0)
		return false;
	/* The first nine bits are not all the same: that would be a longer form than needed. */
	return s.len == 1 ||
	       !((s.p[0] == 0 && s.p[1] < 0x80) || (s.p[0] == 0xff && s.p[1] >= 0x80));
}

bool der_is_oid(struct der s)
{
	if (s.len == 0 || s.p[s.len - 1] >= 0x80)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == 0x80 && (i == 0 || s.p[i - 1] < 0x80))
			return false;
	return true;
}

bool der_is_bits(struct der s)
{
	if (s.len == 0 || s.p[0] > 7 || (s.len == 1 && s.p[0] > 0))
		return false;
	return (s.p[s.len - 1] & ((1u << s.p[0]) - 1)) == 0;
}
