/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* klibc has no math.h. What cJSON needs, all of it done by the compiler. */
#pragma once

#define NAN	    __builtin_nan("")
#define INFINITY    __builtin_inf()
#define HUGE_VAL    __builtin_huge_val()
#define isnan(x)    __builtin_isnan(x)
#define isinf(x)    __builtin_isinf_sign(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x)  __builtin_signbit(x)
#define fabs(x)	    __builtin_fabs(x)
