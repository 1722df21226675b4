#include "square.h"

#include <algorithm>
#include <cmath>

namespace movenet::app {

Square letterbox_square(int width_px, int height_px) {
    return {width_px / 2.0, height_px / 2.0, static_cast<double>(std::max(width_px, height_px))};
}

Square snapped(const Square& square, int multiple_px) {
    // nearbyint rounds halves to even, as Python's round does.
    const double side = multiple_px * std::max(1.0, std::nearbyint(square.side_px / multiple_px));
    const double left = std::nearbyint(square.center_x_px - side / 2);
    const double top = std::nearbyint(square.center_y_px - side / 2);
    return {left + side / 2, top + side / 2, side};
}

void move_to_px(const Square& square, Keypoint& point) {
    // The product in float32, the sum in float64: NumPy's order for float32 points and a float64 corner.
    const auto side = static_cast<float>(square.side_px);
    point.x = static_cast<float>(double{point.x * side} + square.left_px());
    point.y = static_cast<float>(double{point.y * side} + square.top_px());
}

}  // namespace movenet::app
