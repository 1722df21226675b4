// The decoder with the instructions that the whole build may use.

#define MOVENET_VECTORS common
#include "decode_heads.h"
