// The decoder for processors with AVX, in a library that runs without it, too. Only what stands between the pragmas is
// compiled for AVX: standard headers come first, for their functions are shared with the rest of the program.

#include "decode.h"

#if defined(MOVENET_AVX_AT_RUN_TIME)

#include <immintrin.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

#include "head.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#undef MOVENET_SSE2
#define MOVENET_AVX
#define MOVENET_VECTORS avx
#include "decode_heads.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
