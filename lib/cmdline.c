/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/cmdline.h"

#include <errno.h>
#include <string.h>

/* The kernel's isspace() is Latin-1's: it takes the no-break space too. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

static char *skip_space(char *p)
{
	while (*p && is_space(*p))
		p++;
	return p;
}

/*
 * Cuts the argument that starts at `p` out of the text and returns where the next one may start. A
 * quote anywhere only protects white space; quotes are removed where they enclose the whole argument
 * or the whole value. An `=` in the first place belongs to the key.
 */
static char *take_arg(char *p, struct cmdline_arg *arg)
{
	bool enclosed = *p == '"', quote = enclosed;
	char *start = enclosed ? p + 1 : p;
	char *equals = NULL, *end, *next;

	for (end = start; *end && (quote || !is_space(*end)); end++) {
		if (*end == '=' && !equals && end > start)
			equals = end;
		if (*end == '"')
			quote = !quote;
	}
	next = *end ? end + 1 : end;
	*end = '\0';

	arg->key = start;
	arg->value = NULL;
	if (equals) {
		char *value = equals + 1;

		*equals = '\0';
		if (*value == '"') {
			value++;
			if (end[-1] == '"')
				end[-1] = '\0';
		}
		arg->value = value;
	}
	if (enclosed && end > start && end[-1] == '"')
		end[-1] = '\0';
	return next;
}

int cmdline_parse(struct arena *a, const char *text, struct cmdline *ret_cmdline)
{
	size_t len = strlen(text);
	/* Two characters at least go into an argument, its separator included. */
	struct cmdline_arg *args = arena_alloc(a, (len / 2 + 1) * sizeof(*args));
	char *p = arena_memdup(a, text, len);
	size_t n = 0;

	if (!args || !p)
		return -ENOMEM;
	for (p = skip_space(p); *p; p = skip_space(p)) {
		p = take_arg(p, &args[n]);
		if (!args[n].value && strcmp(args[n].key, "--") == 0)
			break;
		n++;
	}
	ret_cmdline->arg = args;
	ret_cmdline->n_args = n;
	return 0;
}

bool cmdline_key_equal(const char *a, const char *b)
{
	for (;; a++, b++) {
		char x = *a == '-' ? '_' : *a;
		char y = *b == '-' ? '_' : *b;

		if (x != y)
			return false;
		if (!x)
			return true;
	}
}
