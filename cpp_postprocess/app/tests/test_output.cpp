// The lines of JSON, and the table of times.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "../../tests/count_allocations.h"
#include "json_line.h"
#include "stage_times.h"

using namespace movenet::app;
using nlohmann::json;

TEST_CASE("a line has the keys of demo.py --jsonl, and its numbers read back exactly") {
    JsonLine line({"nose", "left_eye"});
    const std::vector<Keypoint> points = {{1.1f, -2.5e-20f, 0.1f}, {3e30f, 1e10f, 0.9f}};
    const std::string text = line.write("a.jpg", 12, points, {0.5, 1.25, 1.0 / 3});
    CHECK(text.find('\n') == text.size() - 1);
    const json values = json::parse(text);
    CHECK(values.size() == 5);
    CHECK(values["source"] == "a.jpg");
    CHECK(values["frame"] == 12);
    CHECK(values["score"].get<float>() == 0.5f);
    REQUIRE(values["keypoints"].size() == 2);
    for (int i : {0, 1}) {
        const json& point = values["keypoints"][i];
        CHECK(point.size() == 4);
        CHECK(point["name"] == (i ? "left_eye" : "nose"));
        CHECK(point["x"].get<float>() == points[i].x);
        CHECK(point["y"].get<float>() == points[i].y);
        CHECK(point["score"].get<float>() == points[i].score);
    }
    CHECK(values["timings"] == json{{"preprocess_ms", 0.5}, {"network_ms", 1.25}, {"decode_ms", 1.0 / 3}});
}

TEST_CASE("numbers that JSON has not become null") {
    JsonLine line({"nose"});
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    const json values = json::parse(line.write("a", 0, {{nan, -infinity, infinity}}, {nan, infinity, 0}));
    CHECK(values["score"].is_null());
    CHECK(values["keypoints"][0]["x"].is_null());
    CHECK(values["keypoints"][0]["y"].is_null());
    CHECK(values["keypoints"][0]["score"].is_null());
    CHECK(values["timings"]["preprocess_ms"].is_null());
    CHECK(values["timings"]["network_ms"].is_null());
}

TEST_CASE("names with quotes, newlines and broken UTF-8 stay JSON in one line") {
    JsonLine line({"a\"b\\c\n"});
    const std::string text = line.write("\xff\x01 \xe4\xb8\xad\n", 0, {{}}, {});
    CHECK(text.find('\n') == text.size() - 1);
    const json values = json::parse(text);
    CHECK(values["source"] == "\xef\xbf\xbd\x01 \xe4\xb8\xad\n");
    CHECK(values["keypoints"][0]["name"] == "a\"b\\c\n");
}

TEST_CASE("lines and times allocate nothing once they are warm") {
    JsonLine line({"nose", "left_eye"});
    StageTimes times({"network", "decode"});
    const std::vector<double> stages_ms = {1, 2};
    const std::string source = "/dev/video0, a name that is not short";
    const std::vector<Keypoint> long_points(2, {-1.2345678e-30f, -1.2345678e-30f, -1.2345678e-30f}), points(2);
    line.write(source, std::int64_t{1} << 60, long_points, {1.0 / 3, 1.0 / 3, 1.0 / 3});
    const std::size_t before = allocation_count();
    for (int i = 0; i < 10; ++i) {
        line.write(source, i, points, {0.1, 0.2, 0.3});
        times.add(stages_ms);
    }
    CHECK(allocation_count() == before);
}

TEST_CASE("mean, median and maximum of each stage") {
    StageTimes times({"network", "decode"});
    CHECK(times.table() == "no frames\n");
    for (const double value : {1.0, 2.0, 9.0}) {
        times.add({value, 10 * value});
    }
    CHECK(times.table() ==
          "stage               mean       p50       max   ms, 3 frames\n"
          "network            4.000     2.000     9.000\n"
          "decode            40.000    20.000    90.000\n");
}

TEST_CASE("the median is of the last frames, mean and maximum of all") {
    StageTimes times({"network"});
    times.add({1000});
    for (std::size_t i = 0; i < 2 * StageTimes::kMedianFrames; ++i) {
        times.add({3});
    }
    CHECK(times.table().find("    3.122     3.000  1000.000") != std::string::npos);
}
