/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Floating point in text: strtod() and the two formats cJSON prints with. klibc has neither. Both
 * work on exact integers of any size, so the result is the correctly rounded one, which is what
 * glibc gives too. No floating point instruction is used.
 *
 * Longer than our files are: reading and writing need the same integers, and nothing else does.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More digits than any point half way between two doubles has (767): the rest is "a bit more". */
#define DIGITS_MAX 800

/* Room for 10^1127, the largest divisor that 800 digits just above zero lead to, times 2^54. */
#define WORDS 128

struct big {
	int count;
	uint32_t word[WORDS];
};

static void big_set(struct big *big, uint64_t value)
{
	big->count = 0;
	for (; value; value >>= 32)
		big->word[big->count++] = (uint32_t)value;
}

/* big = big * factor + more */
static void big_scale(struct big *big, uint32_t factor, uint32_t more)
{
	uint64_t carry = more;

	for (int i = 0; i < big->count; i++) {
		carry += (uint64_t)big->word[i] * factor;
		big->word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		big->word[big->count++] = (uint32_t)carry;
}

static void big_scale_ten(struct big *big, int power)
{
	for (; power >= 9; power -= 9)
		big_scale(big, 1000000000, 0);
	for (; power > 0; power--)
		big_scale(big, 10, 0);
}

static void big_shift(struct big *big, int bits)
{
	int words = bits / 32;

	if (big->count == 0)
		return;
	big_scale(big, UINT32_C(1) << (bits % 32), 0);
	memmove(big->word + words, big->word, (size_t)big->count * sizeof(big->word[0]));
	memset(big->word, 0, (size_t)words * sizeof(big->word[0]));
	big->count += words;
}

static int big_compare(const struct big *a, const struct big *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (int i = a->count - 1; i >= 0; i--)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	return 0;
}

/* big -= less, which is not the larger one. */
static void big_subtract(struct big *big, const struct big *less)
{
	int64_t borrow = 0;

	for (int i = 0; i < big->count; i++) {
		borrow += big->word[i];
		borrow -= i < less->count ? less->word[i] : 0;
		big->word[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (big->count > 0 && big->word[big->count - 1] == 0)
		big->count--;
}

static int big_bits(const struct big *big)
{
	if (big->count == 0)
		return 0;
	return big->count * 32 - __builtin_clz(big->word[big->count - 1]);
}

static double from_bits(uint64_t bits, bool negative)
{
	double value;

	bits |= (uint64_t)negative << 63;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Whether rounding to the nearest goes up, when twice the rest is left over of whole. */
static bool rounds_up(const struct big *twice_rest, const struct big *whole, bool odd)
{
	int order = big_compare(twice_rest, whole);

	return order > 0 || (order == 0 && odd);
}

/* The bits of the double nearest to num / den, which is between 10^-330 and 10^310. */
static uint64_t nearest_double(struct big *num, struct big *den)
{
	/* 2^exponent <= num / den < 2^(exponent + 1), or one less. */
	int exponent = big_bits(num) - big_bits(den);
	struct big shifted = exponent < 0 ? *num : *den;

	big_shift(&shifted, abs(exponent));
	if (big_compare(exponent < 0 ? &shifted : num, exponent < 0 ? den : &shifted) < 0)
		exponent--;

	/* The weight of the last bit: 53 of them, fewer below 2^-1022. */
	int unit = exponent - 52 < -1074 ? -1074 : exponent - 52;

	big_shift(unit < 0 ? num : den, abs(unit));
	big_shift(den, 53);

	uint64_t quotient = 0;

	for (int bit = 53; bit >= 0; bit--) {
		quotient <<= 1;
		if (big_compare(num, den) >= 0) {
			big_subtract(num, den);
			quotient |= 1;
		}
		big_scale(num, 2, 0);
	}
	if (num->count > 0 && quotient < (UINT64_C(1) << 52))
		errno = ERANGE;
	if (rounds_up(num, den, quotient & 1))
		quotient++;
	if (quotient < (UINT64_C(1) << 52))
		return quotient;
	if (quotient == (UINT64_C(1) << 53)) {
		quotient >>= 1;
		unit++;
	}
	if (unit + 1075 >= 2047) {
		errno = ERANGE;
		return UINT64_C(2047) << 52;
	}
	return ((uint64_t)(unit + 1075) << 52) | (quotient & ((UINT64_C(1) << 52) - 1));
}

/* The significant digits of a decimal number: value = digits * 10^exponent. */
struct decimal {
	struct big digits;
	int count;
	int exponent;
};

/* Returns the end of the digits, or NULL when there is none. */
static const char *read_digits(const char *text, struct decimal *ret)
{
	bool any = false, point = false, more = false;

	for (;; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)*text))
			break;
		any = true;
		if (point)
			ret->exponent--;
		if (ret->count == DIGITS_MAX) {
			more = more || *text != '0';
			ret->exponent++;
		} else if (ret->count > 0 || *text != '0') {
			big_scale(&ret->digits, 10, (uint32_t)(*text - '0'));
			ret->count++;
		}
	}
	if (more) {
		big_scale(&ret->digits, 10, 1);
		ret->count++;
		ret->exponent--;
	}
	return any ? text : NULL;
}

static const char *read_exponent(const char *text, int *exponent)
{
	const char *p = text;
	bool negative = false;
	int value = 0;

	if (*p != 'e' && *p != 'E')
		return text;
	p++;
	if (*p == '+' || *p == '-')
		negative = *p++ == '-';
	if (!isdigit((unsigned char)*p))
		return text;
	for (; isdigit((unsigned char)*p); p++)
		if (value < INT_MAX / 4 / 10)
			value = value * 10 + (*p - '0');
	*exponent += negative ? -value : value;
	return p;
}

double strtod(const char *text, char **ret_end)
{
	const char *p = text;
	struct decimal decimal = { 0 };
	bool negative = false;

	if (ret_end)
		*ret_end = (char *)(uintptr_t)text;
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '+' || *p == '-')
		negative = *p++ == '-';
	p = read_digits(p, &decimal);
	if (!p)
		return 0;
	p = read_exponent(p, &decimal.exponent);
	if (ret_end)
		*ret_end = (char *)(uintptr_t)p;

	/* 10^(magnitude - 1) <= value < 10^magnitude */
	int magnitude = decimal.count + decimal.exponent;

	if (decimal.count == 0)
		return from_bits(0, negative);
	if (magnitude > 310 || magnitude < -330) {
		errno = ERANGE;
		return from_bits(magnitude > 0 ? UINT64_C(2047) << 52 : 0, negative);
	}

	struct big den;

	big_set(&den, 1);
	if (decimal.exponent < 0)
		big_scale_ten(&den, -decimal.exponent);
	else
		big_scale_ten(&decimal.digits, decimal.exponent);
	return from_bits(nearest_double(&decimal.digits, &den), negative);
}

/*
 * The first count digits of mantissa * 2^exponent, rounded; returns the power of ten of the first.
 */
static int first_digits(uint64_t mantissa, int exponent, int count, char *ret_digits)
{
	struct big num, den;
	/* log10(2) is a little more than 1233 / 4096: a power too low is put right below. */
	int power = ((63 - __builtin_clzll(mantissa) + exponent) * 1233) >> 12;

	big_set(&num, mantissa);
	big_set(&den, 1);
	big_shift(exponent < 0 ? &den : &num, abs(exponent));
	big_scale_ten(power < 0 ? &num : &den, abs(power));
	for (; big_compare(&num, &den) < 0; power--)
		big_scale(&num, 10, 0);
	for (struct big next = den;; power++) {
		big_scale(&next, 10, 0);
		if (big_compare(&num, &next) < 0)
			break;
		den = next;
	}

	for (int i = 0; i < count; i++) {
		if (i > 0)
			big_scale(&num, 10, 0);
		for (ret_digits[i] = '0'; big_compare(&num, &den) >= 0; ret_digits[i]++)
			big_subtract(&num, &den);
	}
	big_scale(&num, 2, 0);
	if (!rounds_up(&num, &den, ret_digits[count - 1] & 1))
		return power;

	int last = count - 1;

	while (last >= 0 && ret_digits[last] == '9')
		ret_digits[last--] = '0';
	if (last >= 0) {
		ret_digits[last]++;
		return power;
	}
	ret_digits[0] = '1';
	return power + 1;
}

/* Digits with the point after the first `before` of them; before <= 0 means leading zeros. */
static char *put_digits(char *out, const char *digits, int count, int before)
{
	int i = 0;

	if (before <= 0)
		*out++ = '0';
	for (; i < before; i++)
		*out++ = i < count ? digits[i] : '0';
	if (i < count)
		*out++ = '.';
	for (; before < 0; before++)
		*out++ = '0';
	for (; i < count; i++)
		*out++ = digits[i];
	return out;
}

/* printf's %.PRECISIONg; precision is at most 17, the buffer at least 26 bytes. */
static int format_g(char *buffer, int precision, double value)
{
	uint64_t bits;
	char digits[17];
	char *out = buffer;

	memcpy(&bits, &value, sizeof(bits));
	if (bits >> 63)
		*out++ = '-';

	int field = (int)(bits >> 52 & 2047);
	uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);

	if (field == 2047)
		return (int)(stpcpy(out, mantissa ? "nan" : "inf") - buffer);
	if (field == 0 && mantissa == 0)
		return (int)(stpcpy(out, "0") - buffer);
	if (field > 0)
		mantissa |= UINT64_C(1) << 52;
	else
		field = 1;

	int power = first_digits(mantissa, field - 1075, precision, digits);
	int count = precision;

	while (count > 1 && digits[count - 1] == '0')
		count--;
	if (power < -4 || power >= precision) {
		out = put_digits(out, digits, count, 1);
		out += sprintf(out, "e%c%02d", power < 0 ? '-' : '+', abs(power));
	} else {
		out = put_digits(out, digits, count, power + 1);
	}
	*out = '\0';
	return (int)(out - buffer);
}

/* A format that is one %g alone, "%1.15g": its precision, else 0. */
static int lone_g(const char *format)
{
	char *end;

	if (*format++ != '%')
		return 0;
	while (isdigit((unsigned char)*format))
		format++;
	if (*format++ != '.')
		return 0;

	long precision = strtol(format, &end, 10);

	return strcmp(end, "g") == 0 && precision >= 1 && precision <= 17 ? (int)precision : 0;
}

int number_sprintf(char *buffer, const char *format, ...)
{
	int precision = lone_g(format);
	va_list args;
	int length;

	va_start(args, format);
	if (precision)
		length = format_g(buffer, precision, va_arg(args, double));
	else
		length = vsprintf(buffer, format, args);
	va_end(args);
	return length;
}

int number_sscanf(const char *text, const char *format, ...)
{
	va_list args;
	int found;

	va_start(args, format);
	if (strcmp(format, "%lg") == 0) {
		char *end;
		double value = strtod(text, &end);

		found = end != text;
		if (found)
			*va_arg(args, double *) = value;
	} else {
		found = vsscanf(text, format, args);
	}
	va_end(args);
	return found;
}
