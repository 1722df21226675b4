// libFuzzer on whatever the application reads from outside: raw frames and the squares cut out of them, a camera's
// answers, metadata.json, the command line, and where photographs say that they lie. Each is used or refused by Error.

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<linux/videodev2.h>)
#include <linux/videodev2.h>

#include "camera.h"
#define MOVENET_FUZZ_CAMERA
#endif

#include "error.h"
#include "exif.h"
#include "json_line.h"
#include "model_folder.h"
#include "one_euro.h"
#include "options.h"
#include "raw_frames.h"
#include "resample.h"
#include "tracking.h"

using namespace movenet::app;

namespace {

// Larger ones only take longer.
constexpr std::size_t kMostFrameBytes = 1 << 16;
constexpr int kMostSidePx = 512;
constexpr int kMostFrames = 4;
constexpr std::uint8_t kUntouched = 0xa5;

struct Input {
    const std::uint8_t* data;
    std::size_t size;

    template <class Value>
    Value take() {
        Value value{};
        const std::size_t taken = std::min(size, sizeof value);
        std::memcpy(&value, data, taken);
        data += taken;
        size -= taken;
        return value;
    }

    std::string take_rest() {
        std::string rest(data, data + size);
        size = 0;
        return rest;
    }
};

void fail_unless(bool truth) {
    if (!truth) {
        std::abort();
    }
}

const std::atomic<bool> kGoOn{false};

// A pipe that cuts its bytes anywhere, is interrupted now and then, and fails sometimes.
class Pipe final : public ByteSource {
public:
    explicit Pipe(Input& input) : input_(input), portions_(input.take<std::uint32_t>()) {}

    ssize_t read(std::uint8_t* bytes, std::size_t size) override {
        portions_ = portions_ * 1664525 + 1013904223;
        const std::uint32_t kind = portions_ >> 28;
        if (kind == 0) {
            errno = portions_ >> 16 & 63 ? EINTR : EIO;
            return -1;
        }
        const std::size_t count = std::min({size, input_.size, std::size_t{kind} * kind * kind});
        std::memcpy(bytes, input_.data, count);
        input_.data += count;
        input_.size -= count;
        return static_cast<ssize_t>(count);
    }

private:
    Input& input_;
    std::uint32_t portions_;
};

// A size that is usual, or anything.
int take_side(Input& input) {
    const auto kind = input.take<std::uint8_t>();
    return kind < 250 ? 1 + kind : input.take<std::int32_t>();
}

void cut_square(Resampler& resampler, int size_px, const Frame& frame, const Square& square) {
    std::vector<std::uint8_t> rgb(std::size_t{3} * size_px * size_px, kUntouched);
    const Square cut = resampler.extract(frame, square, rgb.data());
    fail_unless(cut.side_px >= 1 && cut.side_px <= 4 * kMaxSidePx);
}

void fuzz_frames(Input& input) {
    const auto format = static_cast<PixelFormat>(input.take<std::uint8_t>() % 5);
    const int width = take_side(input), height = take_side(input);
    const auto longer = input.take<std::uint8_t>();
    FrameLayout layout = packed_layout(format, width, height);
    if (longer & 1) {
        layout = strided_layout(format, width, height, layout.stride + longer);
    }
    if (num_bytes(layout) > kMostFrameBytes || std::max(width, height) > kMostSidePx) {
        return;
    }
    const int size_px = 1 + input.take<std::uint8_t>() % 64;
    Resampler resampler(size_px);
    std::vector<Square> squares = {letterbox_square(width, height)};
    const int num_squares = input.take<std::uint8_t>() & 3;
    for (int i = 0; i < num_squares; ++i) {
        const bool anything = input.take<std::uint8_t>() & 1;
        Square square{input.take<double>(), input.take<double>(), input.take<double>()};
        if (!anything) {
            square = {std::fmod(square.center_x_px, 300), std::fmod(square.center_y_px, 300),
                      std::abs(std::fmod(square.side_px, 600))};
        }
        if (!(square.side_px > kMostSidePx && square.side_px <= 2 * kMaxSidePx)) {
            squares.push_back(square);
        }
    }
    Pipe pipe(input);
    RawFrameReader reader(pipe, layout, kGoOn);
    Frame frame;
    for (int i = 0; i < kMostFrames && reader.next(frame); ++i) {
        for (const Square& square : squares) {
            // From a block that is exactly as long as the frame, so that AddressSanitizer sees any byte beyond it.
            const std::vector<std::uint8_t> copy(frame.data, frame.data + num_bytes(layout));
            try {
                cut_square(resampler, size_px, {layout, copy.data()}, square);
            } catch (const Error&) {
                fail_unless(!(square.side_px >= 0 && square.side_px <= 2 * kMaxSidePx));
            }
        }
    }
}

void fuzz_tracking(Input& input) {
    const int width = 2 + input.take<std::uint8_t>(), height = 2 + input.take<std::uint8_t>();
    std::vector<Keypoint> points(5);
    PoseSmoother smoother(static_cast<int>(points.size()));
    SquareTracker squares;
    const std::vector<std::uint8_t> pixels(std::size_t{3} * width * height, 7);
    Resampler resampler(8);
    JsonLine line({"a", "b", "c", "d", "e"});
    for (int frame = 0; frame < 8 && input.size > 0; ++frame) {
        for (Keypoint& point : points) {
            point = {input.take<float>(), input.take<float>(), input.take<float>()};
        }
        smoother.smooth(points, width, height, input.take<double>());
        squares.update(points, width, height);
        const Square square = squares.square(width, height);
        fail_unless(std::isfinite(square.center_x_px) && std::isfinite(square.center_y_px) && square.side_px >= 0 &&
                    square.side_px <= std::max(width, height));
        cut_square(resampler, 8, {packed_layout(PixelFormat::kRgb, width, height), pixels.data()}, square);
        const std::string& text = line.write("x", frame, points, {});
        fail_unless(text.find("nan") == std::string::npos && text.find("inf") == std::string::npos);
    }
}

#ifdef MOVENET_FUZZ_CAMERA

// A driver that answers anything. What it says of its buffers' sizes is true, or they could not be mapped.
class Driver final : public VideoDevice {
public:
    explicit Driver(Input& input) : input_(input) {}

    int control(unsigned long request, void* argument) override {
        const auto luck = input_.take<std::uint8_t>();
        if (luck % 16 == 15 || input_.size == 0) {
            constexpr int kErrors[] = {EINTR, EAGAIN, EIO, EINVAL, EBUSY, ENODEV, ENOSPC};
            errno = input_.size == 0 ? EINVAL : kErrors[luck / 16 % 7];
            return -1;
        }
        switch (request) {
            case VIDIOC_QUERYCAP: {
                auto& capability = *static_cast<v4l2_capability*>(argument);
                capability.capabilities =
                    luck ? V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING : input_.take<std::uint32_t>();
                capability.device_caps = input_.take<std::uint32_t>();
                return 0;
            }
            case VIDIOC_ENUM_FMT: {
                constexpr std::uint32_t kKnown[] = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420,
                                                    V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24};
                static_cast<v4l2_fmtdesc*>(argument)->pixelformat =
                    luck < 200 ? kKnown[luck % 5] : input_.take<std::uint32_t>();
                return 0;
            }
            case VIDIOC_S_FMT: {
                auto& pixels = static_cast<v4l2_format*>(argument)->fmt.pix;
                pixels.width = luck & 1 ? input_.take<std::uint8_t>() : input_.take<std::uint32_t>();
                pixels.height = luck & 2 ? input_.take<std::uint8_t>() : input_.take<std::uint32_t>();
                pixels.bytesperline = luck & 4 ? 0 : input_.take<std::uint16_t>();
                if (luck & 32) {
                    pixels.pixelformat = input_.take<std::uint32_t>();
                }
                return 0;
            }
            case VIDIOC_REQBUFS: {
                auto& count = static_cast<v4l2_requestbuffers*>(argument)->count;
                count = luck % 8;
                return 0;
            }
            case VIDIOC_QUERYBUF: {
                auto& buffer = *static_cast<v4l2_buffer*>(argument);
                buffer.length = luck & 1 ? 1 << 16 : input_.take<std::uint16_t>();
                buffer.m.offset = 0;
                return 0;
            }
            case VIDIOC_DQBUF: {
                auto& buffer = *static_cast<v4l2_buffer*>(argument);
                buffer.index = luck & 64 ? input_.take<std::uint32_t>() : luck & 3;
                buffer.bytesused = luck & 4 ? input_.take<std::uint32_t>() : 1 << 16;
                buffer.flags = luck & 8 ? input_.take<std::uint32_t>() : 0;
                return 0;
            }
            default:
                return 0;
        }
    }

    int wait(int) override {
        const auto luck = input_.take<std::uint8_t>();
        errno = luck & 1 ? EINTR : EBADF;
        return luck % 8 == 7 ? -1 : luck > 3;
    }

    void* map(std::size_t size, std::int64_t) override {
        if (input_.take<std::uint8_t>() == 255) {
            errno = ENOMEM;
            return nullptr;
        }
        ++mapped_;
        return new std::uint8_t[size]();
    }

    void unmap(void* address, std::size_t) override {
        --mapped_;
        delete[] static_cast<std::uint8_t*>(address);
    }

    ~Driver() override { fail_unless(mapped_ == 0); }

private:
    Input& input_;
    int mapped_ = 0;
};

void fuzz_camera(Input& input) {
    CameraWish wish;
    if (const auto format = input.take<std::uint8_t>(); format < 5) {
        wish.format = static_cast<PixelFormat>(format);
    }
    Camera camera(std::make_unique<Driver>(input), "camera", wish, kGoOn);
    SourcedFrame sourced;
    Resampler resampler(9);
    const FrameLayout& layout = camera.layout();
    const bool small = std::max(layout.width_px, layout.height_px) <= kMostSidePx;
    for (int i = 0; i < 4 * kMostFrames && small && camera.next(sourced); ++i) {
        cut_square(resampler, 9, sourced.frame, letterbox_square(layout.width_px, layout.height_px));
    }
}

#endif  // MOVENET_FUZZ_CAMERA

void fuzz_metadata(Input& input) {
    const Metadata metadata = parse_metadata(input.take_rest());
    const Model& model = metadata.model;
    fail_unless(model.input_size_px >= 1 && model.input_size_px <= kMaxSidePx && model.grid >= 1 &&
                model.output_names.size() == 4 && !model.keypoint_names.empty());
    JsonLine(model.keypoint_names).write("x", 0, std::vector<Keypoint>(model.keypoint_names.size()), {});
}

void fuzz_options(Input& input) {
    std::vector<std::string> arguments;
    std::string rest = input.take_rest();
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
        arguments.push_back(rest.substr(0, end));
    }
    arguments.push_back(rest);
    const Options options = parse_options(arguments);
    if (!options.help && options.source == SourceKind::kRaw) {
        fail_unless(num_bytes(packed_layout(options.format, options.width_px, options.height_px)) > 0);
    }
}

void fuzz_exif(Input& input) {
    const int width = 1 + input.take<std::uint8_t>() % 8, height = 1 + input.take<std::uint8_t>() % 8;
    const int orientation = exif_orientation(input.data, input.size);
    fail_unless(orientation >= 1 && orientation <= 8);
    Picture picture{packed_layout(PixelFormat::kRgb, width, height), {}};
    picture.rgb.resize(num_bytes(picture.layout));
    const Picture turned = upright(picture, orientation);
    fail_unless(turned.rgb.size() == num_bytes(turned.layout) && turned.rgb.size() == picture.rgb.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input{data, size};
    constexpr void (*kTargets[])(Input&) = {
        fuzz_frames, fuzz_tracking, fuzz_metadata, fuzz_options, fuzz_exif,
#ifdef MOVENET_FUZZ_CAMERA
        fuzz_camera,
#endif
    };
    try {
        kTargets[input.take<std::uint8_t>() % std::size(kTargets)](input);
    } catch (const Error&) {
        // Refused with a reason.
    }
    return 0;
}
