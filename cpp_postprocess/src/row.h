// Row: eight floats side by side, in vector registers where the processor has them.
//
// Every operation is IEEE float32's own. Besides arithmetic, sqrt, abs and min there are:
//
//     max(a, b)              b where a is NaN
//     Row::fill(v)           v, v, ..., v
//     Row::count_from(v)     v, v + 1, ..., v + 7
//     row.where_finite(b)    this, but NaN where b is not finite
//     row.reaches(b)         whether a number is as high as b's, or one of the two is NaN
//     row.at_least(b)        bit i: whether number i is as high as b's
//     row.equals(v)          bit i: whether number i equals v
//     row.highest()          the highest number, if none is NaN
//     row.bits()             the bits of every number, read as an integer and made a float
//
// One source for several instruction sets: who includes it says in which namespace (MOVENET_VECTORS), so that code for
// different processors stands side by side in one library.

#ifndef MOVENET_SRC_ROW_H
#define MOVENET_SRC_ROW_H

#include "instructions.h"

#if defined(MOVENET_AVX)
#include "row_avx.h"
#elif defined(MOVENET_SSE2)
#include "row_sse2.h"
#elif defined(MOVENET_NEON)
#include "row_neon.h"
#else
#include "row_plain.h"
#endif

#endif  // MOVENET_SRC_ROW_H
