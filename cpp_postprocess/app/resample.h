// Cuts a square out of a frame and resamples it to the network's input: what movenet.geometry.extract_square does with
// OpenCV, the same numbers without it.

#ifndef MOVENET_APP_RESAMPLE_H
#define MOVENET_APP_RESAMPLE_H

#include <cstdint>
#include <vector>

#include "frame.h"
#include "square.h"

namespace movenet::app {

// Averages pairs of rows and columns as often as the square is twice as large as the input, then bilinear. Works row by
// row: no copy of the frame, and no allocation once the largest square was seen.
class Resampler {
public:
    // The network's input is `size` pixels wide and high. Throws Error if it is not within 1 .. kMaxSidePx.
    explicit Resampler(int size_px);

    // Writes size x size RGB pixels, black where the square reaches outside the frame, and returns the square that was
    // really cut: corners are snapped to pixel borders. Use that one to move points back. Throws Error if the square's
    // side is not within 0 .. 2 * kMaxSidePx.
    Square extract(const Frame& frame, const Square& square, std::uint8_t* rgb);

private:
    struct Tap {
        std::int32_t first, second;  // the source's two columns or rows
        std::int32_t first_weight, second_weight;
    };
    using Row = std::vector<std::uint8_t>;

    void prepare(int num_halvings, int side_px);
    void reserve_rows();
    void read_row(int y, Row& row) const;
    void halved_row(int halvings, int y, Row& row);
    const std::int32_t* stretched_row(int y);

    int size_px_;
    // Of the frame and the square at hand.
    Frame frame_;
    int left_px_ = 0, top_px_ = 0, side_px_ = 0, num_halvings_ = 0;
    int tapped_side_px_ = 0;
    std::vector<Tap> columns_, rows_;
    std::vector<Row> upper_, lower_;  // two rows after n halvings
    std::vector<std::uint16_t> sums_;
    Row source_;
    std::vector<std::int32_t> stretched_[2];
    int stretched_y_[2] = {-1, -1};
};

}  // namespace movenet::app

#endif  // MOVENET_APP_RESAMPLE_H
