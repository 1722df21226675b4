// The square of a frame that fills the network's input, and points moved from one to the other: movenet/geometry.py in
// C++, the same numbers.
//
// Coordinates: `_px` are the frame's pixels, continuous, from its top left corner (pixel i covers [i, i + 1)); `_unit`
// is 0..1 over the square.

#ifndef MOVENET_APP_SQUARE_H
#define MOVENET_APP_SQUARE_H

namespace movenet::app {

struct Square {
    double center_x_px = 0;
    double center_y_px = 0;
    double side_px = 0;

    double left_px() const { return center_x_px - side_px / 2; }
    double top_px() const { return center_y_px - side_px / 2; }

    bool operator==(const Square& other) const {
        return center_x_px == other.center_x_px && center_y_px == other.center_y_px && side_px == other.side_px;
    }
};

struct Keypoint {
    float x = 0, y = 0, score = 0;
};

// The smallest square that holds the whole frame, with the frame in its middle.
Square letterbox_square(int width_px, int height_px);

// The nearest square whose corners lie on pixel borders and whose side is a multiple, at least one, of this.
Square snapped(const Square& square, int multiple_px);

// A point of the square, 0..1, in the frame's pixels.
void move_to_px(const Square& square, Keypoint& point);

}  // namespace movenet::app

#endif  // MOVENET_APP_SQUARE_H
