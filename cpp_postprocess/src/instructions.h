// Which vector instructions there are: those that the whole build may use, and whether AVX is chosen at run time.

#ifndef MOVENET_SRC_INSTRUCTIONS_H
#define MOVENET_SRC_INSTRUCTIONS_H

#if defined(MOVENET_NO_VECTORS)  // for tests of the plain loops
#elif defined(__AVX__)
#define MOVENET_AVX
#elif defined(__SSE2__) || defined(_M_X64)
#define MOVENET_SSE2
#if defined(__GNUC__) && !defined(MOVENET_NO_AVX)  // MOVENET_NO_AVX: for tests of SSE2
#define MOVENET_AVX_AT_RUN_TIME
#endif
#elif defined(__aarch64__)
#define MOVENET_NEON  // 64-bit ARM only: before it, NEON flushes subnormal numbers and has no square root
#endif

#endif  // MOVENET_SRC_INSTRUCTIONS_H
