// One frame's pose as a line of JSON: the keys of `demo.py --jsonl`.

#ifndef MOVENET_APP_JSON_LINE_H
#define MOVENET_APP_JSON_LINE_H

#include <cstdint>
#include <string>
#include <vector>

#include "square.h"

namespace movenet::app {

// Of one frame, in milliseconds.
struct Timings {
    double preprocess_ms = 0, network_ms = 0, decode_ms = 0;
};

class JsonLine {
public:
    explicit JsonLine(const std::vector<std::string>& keypoint_names);

    // The line, with its newline; valid until the next call. Numbers that JSON has not (NaN, infinities) become null.
    // Allocates only while lines get longer.
    const std::string& write(const std::string& source, std::int64_t frame_number, const std::vector<Keypoint>& points,
                             const Timings& timings);

private:
    std::vector<std::string> keypoint_starts_;  // '{"name": "nose", "x": '
    std::string source_, quoted_source_;
    std::string line_;
};

// A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD.
std::string quoted(const std::string& text);

}  // namespace movenet::app

#endif  // MOVENET_APP_JSON_LINE_H
