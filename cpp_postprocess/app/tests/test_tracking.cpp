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

std::optional<Square> square_of(const std::vector<Keypoint>& points) {
    return next_square(points, 640, 480);
}

const Square kWhole{320, 240, 640};

}  // namespace

TEST_CASE("the square lies around the points' box, with a margin") {
    const Square square = square_of(person(0.9f)).value();
    CHECK(square.center_x_px == 320);
    CHECK(square.center_y_px == 240);
    CHECK(square.side_px == doctest::Approx(1.4 * 200));
}

TEST_CASE("a point that may be theirs widens it, an unlikely one does not") {
    CHECK(square_of(person(0.9f, {{320, 440, 0.1f}})).value().side_px == doctest::Approx(1.4 * 300));
    CHECK(square_of(person(0.9f, {{320, 440, 0.09f}})).value().side_px == doctest::Approx(1.4 * 200));
}

TEST_CASE("a quarter of the points is enough; with fewer sure ones nobody is there") {
    CHECK_FALSE(square_of(person(0.24f)));
    CHECK(square_of(person(0.25f)));
    CHECK(square_of(person(0.9f, std::vector<Keypoint>(6))));
    CHECK_FALSE(square_of(person(0.9f, std::vector<Keypoint>(7))));
    CHECK_FALSE(square_of({}));
}

TEST_CASE("who is too small or outside is not followed, and who is large in the whole frame") {
    CHECK_FALSE(square_of({{100, 240, 1}, {557, 240, 1}}).value() == kWhole);
    CHECK(square_of({{100, 240, 1}, {558, 240, 1}}).value() == kWhole);
    CHECK(square_of({{100, 240, 1}, {146, 240, 1}}));
    CHECK_FALSE(square_of({{100, 240, 1}, {145, 240, 1}}));
    CHECK(square_of({{-100, 240, 1}, {100, 240, 1}}));
    CHECK_FALSE(square_of({{-101, 240, 1}, {100, 240, 1}}));
    CHECK_FALSE(square_of({{320, 400, 1}, {320, 561, 1}}));
}

TEST_CASE("a search looks at the whole frame and at half-sized squares along its long side") {
    const auto wide = search_squares(640, 480), high = search_squares(300, 400);
    CHECK(wide[0] == kWhole);
    CHECK(wide[1] == Square{320, 240, 320});
    CHECK(wide[2] == Square{160, 240, 320});
    CHECK(wide[3] == Square{480, 240, 320});
    CHECK(high[0] == Square{150, 200, 400});
    CHECK(high[1] == Square{150, 200, 200});
    CHECK(high[2] == Square{150, 100, 200});
    CHECK(high[3] == Square{150, 300, 200});
}

TEST_CASE("the best look of a search is followed, until nobody is there") {
    SquareTracker squares;
    for (std::size_t look = 0; look < kSearchLooks; ++look) {
        CHECK_FALSE(squares.following());
        CHECK(squares.square(640, 480) == search_squares(640, 480)[look]);
        std::vector<Keypoint> points = person(look == 2 ? 0.7f : 0.5f);
        if (look == 1) {
            // As sure as can be, but a quarter as large: worth 0.5.
            points = {{300, 215, 0.999f}, {340, 265, 0.999f}};
        }
        squares.update(points, 640, 480);
        CHECK(points[0].score == (look < 2 ? 0.5f : 0.7f));
    }
    CHECK(squares.following());
    CHECK(squares.square(640, 480) == square_of(person(0.7f)).value());
    std::vector<Keypoint> points = person(0.2f);
    squares.update(points, 640, 480);
    CHECK(points[0].score == 0.2f);
    CHECK_FALSE(squares.following());
    CHECK(squares.square(640, 480) == kWhole);
}

TEST_CASE("after a search that has found nobody comes another, which knows nothing of it") {
    SquareTracker squares;
    for (int look = 0; look < 8; ++look) {
        std::vector<Keypoint> points = person(look < 4 ? 0.2f : 0.1f);
        squares.update(points, 640, 480);
        CHECK(points[0].score == (look < 4 ? 0.2f : 0.1f));
        CHECK_FALSE(squares.following());
    }
}

TEST_CASE("numbers that are none never lead to a square that is none") {
    const auto check = [](const std::vector<Keypoint>& points) {
        SquareTracker squares;
        for (std::size_t look = 0; look < kSearchLooks + 2; ++look) {
            const Square square = squares.square(640, 480);
            CHECK(square.center_x_px >= 0);
            CHECK(square.center_x_px <= 640);
            CHECK(square.center_y_px >= 0);
            CHECK(square.center_y_px <= 480);
            CHECK(square.side_px >= 64);
            CHECK(square.side_px <= 640);
            std::vector<Keypoint> found = points;
            squares.update(found, 640, 480);
        }
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
    smoother.restart();
    points = {{40, 40, 0.5f}};
    smoother.smooth(points, 100, 100, 7.0);
    CHECK(points[0].x == 40);
}
