/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/nearmiss.h"

#include <string.h>

#define LENGTH_MAX 64
#define WRONG_MAX  2

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned int distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][LENGTH_MAX + 1]; /* this one, the one before, the one before that */

	for (size_t k = 0; k <= b_len; k++)
		rows[0][k] = (unsigned int)k;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int *now = rows[i % 3], *last = rows[(i + 2) % 3],
			     *older = rows[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t k = 1; k <= b_len; k++) {
			bool same = lower(a[i - 1]) == lower(b[k - 1]);

			now[k] = min3(last[k] + 1, now[k - 1] + 1, last[k - 1] + !same);
			if (i > 1 && k > 1 && lower(a[i - 1]) == lower(b[k - 2]) &&
			    lower(a[i - 2]) == lower(b[k - 1]) && older[k - 2] + 1 < now[k])
				now[k] = older[k - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

bool near_miss(const char *typed, const char *meant)
{
	size_t a = strlen(typed), b = strlen(meant);
	size_t apart = a > b ? a - b : b - a, wrong;

	if (a > LENGTH_MAX || b > LENGTH_MAX || apart > WRONG_MAX)
		return false;
	wrong = distance(typed, a, meant, b);
	return wrong <= WRONG_MAX && 3 * wrong <= b;
}
