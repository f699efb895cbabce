/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/osversion.h"

#include <errno.h>
#include <string.h>

/* A number at *p, which moves behind it. */
static bool read_number(const char **p, struct osversion_number *ret)
{
	ret->digits = *p;
	ret->len = strspn(*p, "0123456789");
	*p += ret->len;
	return ret->len > 0 && (ret->len == 1 || ret->digits[0] != '0');
}

static bool read_word(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

int osversion_parse(const char *text, struct osversion *ret)
{
	const char *p = text;

	*ret = (struct osversion){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(ret->part); i++)
		if ((i > 0 && !read_word(&p, ".")) || !read_number(&p, &ret->part[i]))
			return -EINVAL;
	ret->has_beta = read_word(&p, "-beta");
	if (ret->has_beta && !read_number(&p, &ret->beta))
		return -EINVAL;
	ret->has_rev = read_word(&p, "+rev");
	if (ret->has_rev && !read_number(&p, &ret->rev))
		return -EINVAL;
	return *p ? -EINVAL : 0;
}

static int compare_numbers(const struct osversion_number *a, const struct osversion_number *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->digits, b->digits, a->len) : 0;
}

int osversion_compare(const struct osversion *a, const struct osversion *b)
{
	static const struct osversion_number zero = { "0", 1 };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(a->part) && r == 0; i++)
		r = compare_numbers(&a->part[i], &b->part[i]);
	if (r == 0 && a->has_beta != b->has_beta)
		r = a->has_beta ? -1 : 1; /* the beta comes before what it is a beta of */
	if (r == 0)
		r = compare_numbers(&a->beta, &b->beta);
	if (r == 0)
		r = compare_numbers(a->has_rev ? &a->rev : &zero, b->has_rev ? &b->rev : &zero);
	return r;
}

int osversion_compare_text(const char *a, const char *b, int *ret)
{
	struct osversion x, y;

	if (osversion_parse(a, &x) < 0 || osversion_parse(b, &y) < 0)
		return -EINVAL;
	*ret = osversion_compare(&x, &y);
	return 0;
}
