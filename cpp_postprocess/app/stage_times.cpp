#include "stage_times.h"

#include <algorithm>
#include <cstdio>

namespace movenet::app {

StageTimes::StageTimes(std::vector<std::string> names) {
    for (std::string& name : names) {
        stages_.push_back({std::move(name), 0, 0, std::vector<float>(kMedianFrames)});
    }
}

void StageTimes::add(const std::vector<double>& stages_ms) {
    const std::size_t slot = static_cast<std::size_t>(num_frames_) % kMedianFrames;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        stages_[i].sum_ms += stages_ms[i];
        stages_[i].max_ms = std::max(stages_[i].max_ms, stages_ms[i]);
        stages_[i].last_ms[slot] = static_cast<float>(stages_ms[i]);
    }
    ++num_frames_;
}

std::string StageTimes::table() const {
    if (num_frames_ == 0) {
        return "no frames\n";
    }
    const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(num_frames_), kMedianFrames);
    char line[96];
    std::snprintf(line, sizeof line, "%-14s %9s %9s %9s   ms, %lld frames\n", "stage", "mean", "p50", "max",
                  static_cast<long long>(num_frames_));
    std::string table = line;
    for (const Stage& stage : stages_) {
        std::vector<float> sorted(stage.last_ms.begin(), stage.last_ms.begin() + static_cast<std::ptrdiff_t>(count));
        std::sort(sorted.begin(), sorted.end());
        const double median_ms = (double{sorted[(count - 1) / 2]} + sorted[count / 2]) / 2;
        std::snprintf(line, sizeof line, "%-14s %9.3f %9.3f %9.3f\n", stage.name.c_str(),
                      stage.sum_ms / static_cast<double>(num_frames_), median_ms, stage.max_ms);
        table += line;
    }
    return table;
}

}  // namespace movenet::app
