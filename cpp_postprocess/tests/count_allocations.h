// How often this program has called operator new so far.

#ifndef MOVENET_TESTS_COUNT_ALLOCATIONS_H
#define MOVENET_TESTS_COUNT_ALLOCATIONS_H

#include <cstddef>

std::size_t allocation_count();

#endif  // MOVENET_TESTS_COUNT_ALLOCATIONS_H
