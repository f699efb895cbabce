/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/osversion.h"

#include <errno.h>
#include <string.h>

static bool take(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool take_number(const char **p, struct osversion_number *ret)
{
	size_t len = strspn(*p, "0123456789");

	if (len == 0 || (len > 1 && **p == '0'))
		return false;
	*ret = (struct osversion_number){ .text = *p, .len = len };
	*p += len;
	return true;
}

int osversion_parse(const char *text, struct osversion *ret)
{
	struct osversion v = { 0 };
	const char *p = text;

	for (size_t i = 0; i < ARRAY_SIZE(v.number); i++)
		if ((i > 0 && !take(&p, ".")) || !take_number(&p, &v.number[i]))
			return -EINVAL;
	if (take(&p, "-beta") && !take_number(&p, &v.beta))
		return -EINVAL;
	if (take(&p, "+rev") && !take_number(&p, &v.rev))
		return -EINVAL;
	if (*p)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* Without leading zeros the longer number is the greater one: no number is too long. */
static int compare_numbers(const struct osversion_number *a, const struct osversion_number *b)
{
	int r;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	r = strncmp(a->text, b->text, a->len);
	return (r > 0) - (r < 0);
}

/* @param absent how a version without the number stands to one with it */
static int compare_suffixes(const struct osversion_number *a, const struct osversion_number *b,
			    int absent)
{
	if (a->text && b->text)
		return compare_numbers(a, b);
	if (!a->text && !b->text)
		return 0;
	return a->text ? -absent : absent;
}

int osversion_compare(const struct osversion *a, const struct osversion *b)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(a->number) && r == 0; i++)
		r = compare_numbers(&a->number[i], &b->number[i]);
	if (r == 0)
		r = compare_suffixes(&a->beta, &b->beta, 1);
	if (r == 0)
		r = compare_suffixes(&a->rev, &b->rev, -1);
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
