// The square of the next frame, and the smoothing. Both are compared with a plain transcription on sequences in
// tests/app/test_app_logic.py; here are the cases that one can follow by hand.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "one_euro.h"
#include "tracking.h"

using namespace movenet::app;

namespace {

const TorsoChannels kTorso{0, 1, 2, 3};

// Shoulders and hips, and one more point.
std::vector<Keypoint> person(float score, Keypoint further = {}) {
    return {{290, 100, score}, {350, 100, score}, {300, 200, score}, {340, 200, score}, further};
}

bool is_whole(const Square& square) {
    return square.center_x_px == 320 && square.center_y_px == 240 && square.side_px == 640;
}

}  // namespace

TEST_CASE("the square lies around the hips' middle, wide enough for the torso") {
    const Square square = next_square(person(0.9f), kTorso, 640, 480);
    CHECK(square.center_x_px == 320);
    CHECK(square.center_y_px == 200);
    CHECK(square.side_px == doctest::Approx(2 * 1.9 * 100));
}

TEST_CASE("a sure point widens it, an unsure one does not") {
    CHECK(next_square(person(0.9f, {320, 400, 0.2f}), kTorso, 640, 480).side_px == doctest::Approx(2 * 1.2 * 200));
    CHECK(next_square(person(0.9f, {320, 400, 0.19f}), kTorso, 640, 480).side_px == doctest::Approx(2 * 1.9 * 100));
}

TEST_CASE("one hip and one shoulder are enough; without either it is the whole frame") {
    std::vector<Keypoint> points = person(0.1f);
    CHECK(is_whole(next_square(points, kTorso, 640, 480)));
    points[0].score = 0.21f;
    CHECK(is_whole(next_square(points, kTorso, 640, 480)));
    points[3].score = 0.21f;
    CHECK_FALSE(is_whole(next_square(points, kTorso, 640, 480)));
    points[0].score = 0.2f;
    CHECK(is_whole(next_square(points, kTorso, 640, 480)));
}

TEST_CASE("no wider than the frame's long side, and no farther than its farthest border") {
    // Hips at the left border and a hand at the right one: the square would be twice as wide as the frame.
    const std::vector<Keypoint> wide = {
        {0, 100, 0.9f}, {0, 100, 0.9f}, {0, 200, 0.9f}, {0, 200, 0.9f}, {600, 200, 0.9f}};
    CHECK(is_whole(next_square(wide, kTorso, 640, 480)));
    CHECK(next_square(person(0.9f, {320, 480, 0.9f}), kTorso, 640, 480).side_px == 640);
    // In a corner: the farthest border is 90 away.
    std::vector<Keypoint> points = {{10, 60, 0.9f}, {20, 60, 0.9f}, {10, 10, 0.9f}, {10, 10, 0.9f}};
    CHECK(next_square(points, kTorso, 200, 100).side_px == doctest::Approx(2 * 1.9 * 50));
    CHECK(next_square(points, kTorso, 100, 60).side_px == 100);
}

TEST_CASE("numbers that are none never lead to a square that is none") {
    const auto check = [](const std::vector<Keypoint>& points) {
        const Square square = next_square(points, kTorso, 640, 480);
        CHECK(std::isfinite(square.center_x_px));
        CHECK(std::isfinite(square.center_y_px));
        CHECK(square.side_px >= 0);
        CHECK(square.side_px <= 640);
    };
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
        for (std::size_t channel = 0; channel < 4; ++channel) {
            for (float Keypoint::* number : {&Keypoint::x, &Keypoint::y, &Keypoint::score}) {
                std::vector<Keypoint> points = person(0.9f);
                points[channel].*number = bad;
                check(points);
                points[channel].*number = -bad;
                check(points);
            }
        }
        check(std::vector<Keypoint>(5, {bad, bad, 0.9f}));
        check(std::vector<Keypoint>(5, {-bad, bad, bad}));
    }
}

TEST_CASE("the torso is found by name, wherever it stands") {
    const auto torso = find_torso({"right_hip", "nose", "left_shoulder", "left_hip", "right_shoulder"});
    REQUIRE(torso);
    CHECK(torso->right_hip == 0);
    CHECK(torso->left_shoulder == 2);
    CHECK(torso->left_hip == 3);
    CHECK(torso->right_shoulder == 4);
    CHECK_FALSE(find_torso({"nose", "left_shoulder", "right_shoulder", "left_hip"}));
    CHECK_FALSE(find_torso({}));
}

TEST_CASE("One-Euro: the first value stays, a resting one too, and a jump is followed by the filter's own weight") {
    const OneEuroSettings settings;
    OneEuroFilter filter;
    const double seconds = 1.0 / 30;
    CHECK(filter.apply(0.25, seconds, settings) == 0.25);
    CHECK(filter.apply(0.25, seconds, settings) == doctest::Approx(0.25));
    // The article's algorithm by hand: alpha(f) = 1 / (1 + 1 / (2 pi f te)).
    const auto alpha = [&](double hz) { return 1 / (1 + 1 / (2 * 3.14159265358979323846 * hz * seconds)); };
    const double speed = alpha(2.5) * (0.1 / seconds);
    CHECK(filter.apply(0.35, seconds, settings) ==
          doctest::Approx(0.25 + 0.1 * alpha(2.5 + 300 * speed)).epsilon(1e-12));
}

TEST_CASE("a frame that is not later than the last one is left alone") {
    PoseSmoother smoother(1);
    std::vector<Keypoint> points = {{10, 20, 0.5f}};
    smoother.smooth(points, 100, 100, 7.0);
    for (const double timestamp : {7.0, 6.0, std::numeric_limits<double>::quiet_NaN()}) {
        points = {{90, 80, 0.5f}};
        smoother.smooth(points, 100, 100, timestamp);
        CHECK(points[0].x == 90);
        CHECK(points[0].y == 80);
    }
    smoother.smooth(points, 100, 100, 7.1);
    CHECK(points[0].x < 90);
    CHECK(points[0].x > 10);
    CHECK(points[0].score == 0.5f);
}
