// Frames from a pipe, however it cuts them.

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "error.h"
#include "raw_frames.h"

using namespace movenet::app;

namespace {

// Gives bytes 0, 1, 2, ... in portions, then the end.
class Portions final : public ByteSource {
public:
    Portions(std::size_t size, std::function<ssize_t(int call)> portion) : left_(size), portion_(std::move(portion)) {}

    ssize_t read(std::uint8_t* bytes, std::size_t size) override {
        const ssize_t portion = portion_(calls_++);
        if (portion < 0) {
            errno = static_cast<int>(-portion);
            return -1;
        }
        const std::size_t count = std::min({size, left_, static_cast<std::size_t>(portion)});
        for (std::size_t i = 0; i < count; ++i) {
            bytes[i] = next_++;
        }
        left_ -= count;
        return static_cast<ssize_t>(count);
    }

private:
    std::size_t left_;
    std::function<ssize_t(int)> portion_;
    int calls_ = 0;
    std::uint8_t next_ = 0;
};

const FrameLayout kLayout = packed_layout(PixelFormat::kRgb, 2, 2);  // 12 bytes
const std::atomic<bool> kGoOn{false};

}  // namespace

TEST_CASE("frames arrive whole, whatever the pipe's portions") {
    for (const ssize_t portion : {1, 5, 12, 13, 1000}) {
        Portions source(36, [&](int) { return portion; });
        RawFrameReader reader(source, kLayout, kGoOn);
        Frame frame;
        for (int number = 0; number < 3; ++number) {
            REQUIRE(reader.next(frame));
            CHECK(frame.layout.width_px == 2);
            for (int i = 0; i < 12; ++i) {
                CHECK(frame.data[i] == 12 * number + i);
            }
        }
        CHECK_FALSE(reader.next(frame));
        CHECK_FALSE(reader.next(frame));
    }
}

TEST_CASE("an interrupted read goes on") {
    Portions source(12, [](int call) -> ssize_t { return call % 2 ? 5 : -EINTR; });
    RawFrameReader reader(source, kLayout, kGoOn);
    Frame frame;
    REQUIRE(reader.next(frame));
    CHECK(frame.data[11] == 11);
}

TEST_CASE("a signal that says stop ends the reading, also inside a frame") {
    std::atomic<bool> stop{false};
    Portions source(12, [&](int call) -> ssize_t {
        stop = call == 1;
        return call == 1 ? -EINTR : 5;
    });
    RawFrameReader reader(source, kLayout, stop);
    Frame frame;
    CHECK_FALSE(reader.next(frame));
}

TEST_CASE("a stream that ends inside a frame is an error that says where, and what to check") {
    Portions source(12 + 7, [](int) { return 4; });
    RawFrameReader reader(source, kLayout, kGoOn);
    Frame frame;
    REQUIRE(reader.next(frame));
    CHECK_THROWS_WITH_AS(reader.next(frame),
                         "standard input ended inside frame 1: it has 7 of the 12 bytes of a rgb frame of 2x2 pixels; "
                         "are size and format those of the stream?",
                         Error);
}

TEST_CASE("a stream that cannot be read is an error") {
    Portions source(12, [](int) { return -EIO; });
    RawFrameReader reader(source, kLayout, kGoOn);
    Frame frame;
    CHECK_THROWS_WITH_AS(reader.next(frame), doctest::Contains("Input/output error"), Error);
}
