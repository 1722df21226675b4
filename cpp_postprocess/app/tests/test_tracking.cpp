// The square of the next frame, and the smoothing. Both are compared with movenet.tracking on sequences in
// tests/application/test_steps.py; here are the cases that one can follow by hand.

#include <doctest/doctest.h>

#include <limits>

#include "one_euro.h"
#include "tracking.h"

using namespace movenet::app;

namespace {

// The corners of a box of 100 x 200 pixels around (320, 240), and further points.
std::vector<Keypoint> person(float score, const std::vector<Keypoint>& further = {}) {
    std::vector<Keypoint> points = {{270, 140, score}, {370, 340, score}};
    points.insert(points.end(), further.begin(), further.end());
    return points;
}

Square square_of(const std::vector<Keypoint>& points) {
    return next_square(points, 640, 480);
}

bool is_whole(const Square& square) {
    return square == Square{320, 240, 640};
}

}  // namespace

TEST_CASE("the square lies around the points' box, with a margin") {
    const Square square = square_of(person(0.9f));
    CHECK(square.center_x_px == 320);
    CHECK(square.center_y_px == 240);
    CHECK(square.side_px == doctest::Approx(1.4 * 200));
}

TEST_CASE("a point that may be theirs widens it, an unlikely one does not") {
    CHECK(square_of(person(0.9f, {{320, 440, 0.1f}})).side_px == doctest::Approx(1.4 * 300));
    CHECK(square_of(person(0.9f, {{320, 440, 0.09f}})).side_px == doctest::Approx(1.4 * 200));
}

TEST_CASE("a quarter of the points is enough; with fewer sure ones it is the whole frame") {
    CHECK(is_whole(square_of(person(0.24f))));
    CHECK_FALSE(is_whole(square_of(person(0.25f))));
    CHECK_FALSE(is_whole(square_of(person(0.9f, std::vector<Keypoint>(6)))));
    CHECK(is_whole(square_of(person(0.9f, std::vector<Keypoint>(7)))));
    CHECK(is_whole(square_of({})));
}

TEST_CASE("who is too large, too small or outside is not followed") {
    CHECK_FALSE(is_whole(square_of({{100, 240, 1}, {557, 240, 1}})));
    CHECK(is_whole(square_of({{100, 240, 1}, {558, 240, 1}})));
    CHECK_FALSE(is_whole(square_of({{100, 240, 1}, {146, 240, 1}})));
    CHECK(is_whole(square_of({{100, 240, 1}, {145, 240, 1}})));
    CHECK_FALSE(is_whole(square_of({{-100, 240, 1}, {100, 240, 1}})));
    CHECK(is_whole(square_of({{-101, 240, 1}, {100, 240, 1}})));
    CHECK(is_whole(square_of({{320, 400, 1}, {320, 561, 1}})));
}

TEST_CASE("numbers that are none never lead to a square that is none") {
    const auto check = [](const std::vector<Keypoint>& points) {
        const Square square = square_of(points);
        CHECK(square.center_x_px >= 0);
        CHECK(square.center_x_px <= 640);
        CHECK(square.center_y_px >= 0);
        CHECK(square.center_y_px <= 480);
        CHECK(square.side_px >= 64);
        CHECK(square.side_px <= 640);
    };
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
        for (std::size_t channel = 0; channel < 3; ++channel) {
            for (float Keypoint::* number : {&Keypoint::x, &Keypoint::y, &Keypoint::score}) {
                std::vector<Keypoint> points = person(0.9f, {{320, 240, 0.9f}});
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
