// The One-Euro filter: a low-pass filter that lets fast movements through.
// Casiez, Roussel, Vogel: 1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems
// (CHI 2012), algorithm 1.

#ifndef MOVENET_APP_ONE_EURO_H
#define MOVENET_APP_ONE_EURO_H

#include <vector>

#include "square.h"

namespace movenet::app {

// The defaults are those of MoveNet's own detector, for coordinates in shares of the frame.
struct OneEuroSettings {
    double min_cutoff_hz = 2.5;    // at rest
    double beta = 300;             // how much the cut-off grows with speed, in Hz per share of the frame and second
    double speed_cutoff_hz = 2.5;  // of the speed's own filter
};

class OneEuroFilter {
public:
    // `seconds` since the last value; must be above 0.
    double apply(double value, double seconds, const OneEuroSettings& settings);

private:
    bool started_ = false;
    double raw_ = 0, smooth_ = 0, smooth_speed_ = 0;
};

// x and y of every keypoint, each on its own; scores stay as they are.
class PoseSmoother {
public:
    explicit PoseSmoother(int num_keypoints, const OneEuroSettings& settings = {});

    // Points in the frame's pixels, smoothed in place. `timestamp_s` may start anywhere; of a frame that is not later
    // than the last one the points stay as they are.
    void smooth(std::vector<Keypoint>& points_px, int width_px, int height_px, double timestamp_s);

    // The next frame is the first one again.
    void restart();

private:
    OneEuroSettings settings_;
    bool started_ = false;
    double last_timestamp_s_ = 0;
    std::vector<OneEuroFilter> x_, y_;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_ONE_EURO_H
