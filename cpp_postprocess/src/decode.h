// The decoder, once for each instruction set. The heads are checked already.

#ifndef MOVENET_SRC_DECODE_H
#define MOVENET_SRC_DECODE_H

#include "instructions.h"
#include "movenet/postprocess.h"

namespace movenet {

// With the instructions that the whole build may use.
namespace common {
void decode(const movenet_heads& heads, float* points);
}

#if defined(MOVENET_AVX_AT_RUN_TIME)
// For processors with AVX.
namespace avx {
void decode(const movenet_heads& heads, float* points);
}
#endif

}  // namespace movenet

#endif  // MOVENET_SRC_DECODE_H
