// How long each stage of the frames took: mean, median and maximum.

#ifndef MOVENET_APP_STAGE_TIMES_H
#define MOVENET_APP_STAGE_TIMES_H

#include <cstdint>
#include <string>
#include <vector>

namespace movenet::app {

class StageTimes {
public:
    explicit StageTimes(std::vector<std::string> names);

    // The times of one frame, by stage. Allocates nothing.
    void add(const std::vector<double>& stages_ms);

    std::int64_t num_frames() const { return num_frames_; }

    // A table with a line a stage. Mean and maximum are of all frames, the median of the last kMedianFrames.
    std::string table() const;

    static constexpr std::size_t kMedianFrames = 4096;

private:
    struct Stage {
        std::string name;
        double sum_ms = 0, max_ms = 0;
        std::vector<float> last_ms;  // a ring
    };
    std::vector<Stage> stages_;
    std::int64_t num_frames_ = 0;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_STAGE_TIMES_H
