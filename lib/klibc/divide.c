/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signed division with remainder, as gcc calls it on i386. klibc has the unsigned one alone, and
 * libgcc's takes its arguments on the stack while all of klibc passes them in registers.
 */
#ifdef __i386__

unsigned long long __udivmoddi4(unsigned long long number, unsigned long long by,
				unsigned long long *ret_rest);
long long __divmoddi4(long long number, long long by, long long *ret_rest);

static unsigned long long magnitude(long long number)
{
	return number < 0 ? -(unsigned long long)number : (unsigned long long)number;
}

long long __divmoddi4(long long number, long long by, long long *ret_rest)
{
	unsigned long long rest;
	unsigned long long quotient = __udivmoddi4(magnitude(number), magnitude(by), &rest);

	*ret_rest = (long long)(number < 0 ? -rest : rest);
	return (long long)((number < 0) != (by < 0) ? -quotient : quotient);
}

#else
typedef int divide_is_for_i386;
#endif
