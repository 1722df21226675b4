// A frame in, a pose out: crop, network, decode, smoothing, and the square of the next frame.

#ifndef MOVENET_APP_PIPELINE_H
#define MOVENET_APP_PIPELINE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "frame.h"
#include "json_line.h"
#include "model_folder.h"
#include "movenet/postprocess.h"
#include "one_euro.h"
#include "resample.h"
#include "tracking.h"

namespace movenet::app {

// The heads of an input of size x size RGB pixels, valid until the next call.
using RunNetwork = std::function<const movenet_heads&(const std::uint8_t* rgb)>;

class Pipeline {
public:
    struct Result {
        std::vector<Keypoint> points_px;
        Timings timings;
        double tracking_ms = 0;  // smoothing and the next square
    };

    Pipeline(const Model& model, RunNetwork network, bool tracking, bool smoothing);

    // The pose in the next frame of a sequence, whose frames have one size; valid until the next call. Allocates
    // nothing of its own after the first frames.
    const Result& process(const Frame& frame, double timestamp_s);

    // The pose in a picture that belongs to no sequence; with tracking it is searched for, and then looked at where the
    // person was found, if anywhere. The times are of all these looks. Not with smoothing.
    const Result& process_picture(const Frame& frame);

private:
    RunNetwork network_;
    Resampler resampler_;
    bool tracking_;
    SquareTracker squares_;
    std::optional<PoseSmoother> smoother_;
    std::vector<std::uint8_t> input_;
    Result result_;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_PIPELINE_H
