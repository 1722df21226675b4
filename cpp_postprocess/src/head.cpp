#include "head.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace movenet {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float half_to_float(std::uint16_t half) {
    const std::uint32_t magnitude = half & 0x7fffu;
    // Exponent and mantissa in place; multiplying corrects the exponent's bias, of subnormal numbers too.
    const std::uint32_t shifted = magnitude << 13;
    float value;
    std::memcpy(&value, &shifted, sizeof value);
    value *= 0x1p112f;
    value = magnitude > 0x7c00u    ? std::numeric_limits<float>::quiet_NaN()
            : magnitude == 0x7c00u ? std::numeric_limits<float>::infinity()
                                   : value;
    return half & 0x8000u ? -value : value;
}

float meaning(const Plane&, float stored) {
    return stored;
}
float meaning(const Plane&, std::uint16_t stored) {
    return half_to_float(stored);
}
float meaning(const Plane& plane, std::int8_t stored) {
    return plane.scale * static_cast<float>(stored - plane.zero_point);
}

template <class Element>
void read_rows(const Plane& plane, int x, int y, int rows, int columns, float* cells) {
    for (int row = 0; row < rows; ++row) {
        const Element* stored =
            static_cast<const Element*>(plane.data) + (y + row) * plane.row_step + x * plane.column_step;
        for (int column = 0; column < columns; ++column) {
            cells[row * kTileColumns + column] = meaning(plane, stored[column * plane.column_step]);
        }
    }
}

}  // namespace

float Plane::converted(std::ptrdiff_t index) const {
    return type == MOVENET_FLOAT16 ? meaning(*this, static_cast<const std::uint16_t*>(data)[index])
                                   : meaning(*this, static_cast<const std::int8_t*>(data)[index]);
}

void Plane::read_tile(int x, int y, int grid, float* cells) const {
    const int rows = std::min(kTileRows, grid - y), columns = std::min(kTileColumns, grid - x);
    if (rows < kTileRows || columns < kTileColumns) {
        std::fill(cells, cells + kTileRows * kTileColumns, kNan);
    }
    switch (type) {
        case MOVENET_FLOAT16:
            return read_rows<std::uint16_t>(*this, x, y, rows, columns, cells);
        case MOVENET_INT8:
            return read_rows<std::int8_t>(*this, x, y, rows, columns, cells);
        default:
            return read_rows<float>(*this, x, y, rows, columns, cells);
    }
}

}  // namespace movenet
