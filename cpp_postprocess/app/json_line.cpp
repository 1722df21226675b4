#include "json_line.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace movenet::app {

namespace {

// std::to_chars: the shortest digits that read back as the same number, whatever the locale.
template <class Number>
void append_number(std::string& line, Number number) {
    if constexpr (std::is_floating_point_v<Number>) {
        if (!std::isfinite(number)) {
            line += "null";
            return;
        }
    }
    char digits[32];
    const auto result = std::to_chars(std::begin(digits), std::end(digits), number);
    line.append(digits, result.ptr);
}

}  // namespace

std::string quoted(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

JsonLine::JsonLine(const std::vector<std::string>& keypoint_names) {
    for (const std::string& name : keypoint_names) {
        keypoint_starts_.push_back("{\"name\": " + quoted(name) + ", \"x\": ");
    }
}

const std::string& JsonLine::write(const std::string& source, std::int64_t frame_number,
                                   const std::vector<Keypoint>& points, const Timings& timings) {
    if (source != source_ || quoted_source_.empty()) {
        source_ = source;
        quoted_source_ = quoted(source);
    }
    float sum = 0;
    for (const Keypoint& point : points) {
        sum += point.score;
    }
    line_.clear();
    line_ += "{\"source\": ";
    line_ += quoted_source_;
    line_ += ", \"frame\": ";
    append_number(line_, frame_number);
    line_ += ", \"score\": ";
    append_number(line_, sum / static_cast<float>(points.size()));
    line_ += ", \"keypoints\": [";
    for (std::size_t i = 0; i < points.size(); ++i) {
        line_ += i ? ", " : "";
        line_ += keypoint_starts_[i];
        append_number(line_, points[i].x);
        line_ += ", \"y\": ";
        append_number(line_, points[i].y);
        line_ += ", \"score\": ";
        append_number(line_, points[i].score);
        line_ += "}";
    }
    line_ += "], \"timings\": {\"preprocess_ms\": ";
    append_number(line_, timings.preprocess_ms);
    line_ += ", \"network_ms\": ";
    append_number(line_, timings.network_ms);
    line_ += ", \"decode_ms\": ";
    append_number(line_, timings.decode_ms);
    line_ += "}}\n";
    return line_;
}

}  // namespace movenet::app
