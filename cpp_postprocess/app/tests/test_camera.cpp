// The conversation with Video4Linux2, held with a device that a test makes up.

#include <doctest/doctest.h>
#include <linux/videodev2.h>

#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "camera.h"
#include "error.h"

using namespace movenet::app;

namespace {

// What the device does, and what was done with it.
struct Device {
    std::uint32_t capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    std::vector<std::uint32_t> formats = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUYV};
    std::function<void(v4l2_pix_format&)> adjust = [](v4l2_pix_format&) {};  // what S_FMT makes of the wish
    unsigned max_buffers = 8;
    std::uint32_t buffer_bytes = 1 << 20;
    std::map<unsigned long, int> errors;  // by request: what it fails with
    std::deque<int> waits;                // what poll answers, -errno for errors; then 0
    struct Full {
        std::uint32_t index, bytesused = 1 << 20, flags = 0;
        int error = 0;
    };
    std::deque<Full> full;  // what DQBUF answers

    v4l2_pix_format chosen = {};
    std::set<void*> mapped;
    std::vector<std::uint32_t> queued;  // in order
    bool streaming = false;
    std::vector<std::vector<std::uint8_t>> memory;
    int interruptions = 0;  // how often each request answers EINTR first
};

class FakeDevice final : public VideoDevice {
public:
    explicit FakeDevice(Device& device) : device_(device) {}

    int control(unsigned long request, void* argument) override {
        if (interrupted_[request]++ < device_.interruptions) {
            return failed(EINTR);
        }
        interrupted_[request] = 0;
        const auto error = device_.errors.find(request);
        if (error != device_.errors.end()) {
            return failed(error->second);
        }
        switch (request) {
            case VIDIOC_QUERYCAP:
                static_cast<v4l2_capability*>(argument)->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE;
                static_cast<v4l2_capability*>(argument)->device_caps = device_.capabilities;
                return 0;
            case VIDIOC_ENUM_FMT: {
                auto& description = *static_cast<v4l2_fmtdesc*>(argument);
                if (description.index >= device_.formats.size()) {
                    return failed(EINVAL);
                }
                description.pixelformat = device_.formats[description.index];
                return 0;
            }
            case VIDIOC_S_FMT: {
                auto& pixels = static_cast<v4l2_format*>(argument)->fmt.pix;
                device_.adjust(pixels);
                device_.chosen = pixels;
                return 0;
            }
            case VIDIOC_REQBUFS: {
                auto& count = static_cast<v4l2_requestbuffers*>(argument)->count;
                count = std::min(count, device_.max_buffers);
                device_.memory.assign(count, std::vector<std::uint8_t>(device_.buffer_bytes));
                return 0;
            }
            case VIDIOC_QUERYBUF: {
                auto& buffer = *static_cast<v4l2_buffer*>(argument);
                buffer.length = device_.buffer_bytes;
                buffer.m.offset = buffer.index;
                return 0;
            }
            case VIDIOC_QBUF:
                device_.queued.push_back(static_cast<v4l2_buffer*>(argument)->index);
                return 0;
            case VIDIOC_DQBUF:
                return dequeue(*static_cast<v4l2_buffer*>(argument));
            case VIDIOC_STREAMON:
            case VIDIOC_STREAMOFF:
                device_.streaming = request == VIDIOC_STREAMON;
                return 0;
            default:
                return failed(ENOTTY);
        }
    }

    int wait(int) override {
        if (device_.waits.empty()) {
            return 0;
        }
        const int answer = device_.waits.front();
        device_.waits.pop_front();
        return answer < 0 ? failed(-answer) : answer;
    }

    void* map(std::size_t, std::int64_t offset) override {
        void* address = device_.memory[static_cast<std::size_t>(offset)].data();
        device_.mapped.insert(address);
        return address;
    }

    void unmap(void* address, std::size_t) override { device_.mapped.erase(address); }

private:
    static int failed(int error) {
        errno = error;
        return -1;
    }

    int dequeue(v4l2_buffer& buffer) {
        if (device_.full.empty()) {
            return failed(EAGAIN);
        }
        const Device::Full full = device_.full.front();
        device_.full.pop_front();
        if (full.error) {
            return failed(full.error);
        }
        buffer.index = full.index;
        buffer.bytesused = full.bytesused;
        buffer.flags = full.flags;
        buffer.timestamp.tv_sec = 5;
        buffer.timestamp.tv_usec = 250000;
        return 0;
    }

    Device& device_;
    std::map<unsigned long, int> interrupted_;
};

std::atomic<bool> stop{false};

std::unique_ptr<Camera> open(Device& device, const CameraWish& wish = {}) {
    stop = false;
    return std::make_unique<Camera>(std::make_unique<FakeDevice>(device), "/dev/video7", wish, stop);
}

void check_refused(Device& device, const char* message, const CameraWish& wish = {}) {
    CHECK_THROWS_WITH_AS(open(device, wish), doctest::Contains(message), Error);
    CHECK(device.mapped.empty());
    CHECK_FALSE(device.streaming);
}

}  // namespace

TEST_CASE("the preferred one of the offered formats is taken, in the size that the driver chose") {
    Device device;
    device.adjust = [](v4l2_pix_format& pixels) {
        CHECK(pixels.width == 640);
        CHECK(pixels.height == 480);
        pixels.width = 320;
        pixels.height = 240;
        pixels.bytesperline = 768;
    };
    const auto camera = open(device);
    CHECK(device.chosen.pixelformat == V4L2_PIX_FMT_YUYV);
    CHECK(camera->layout().format == PixelFormat::kYuyv);
    CHECK(camera->layout().width_px == 320);
    CHECK(camera->layout().height_px == 240);
    CHECK(camera->layout().stride == 768);
    CHECK(device.queued == std::vector<std::uint32_t>{0, 1, 2, 3});
    CHECK(device.streaming);
}

TEST_CASE("a wished format is taken instead, and one that the driver turns down is passed over") {
    Device device;
    CameraWish wish;
    wish.format = PixelFormat::kNv12;
    CHECK(open(device, wish)->layout().format == PixelFormat::kNv12);
    device.adjust = [](v4l2_pix_format& pixels) {
        if (pixels.pixelformat == V4L2_PIX_FMT_YUYV) {
            pixels.pixelformat = V4L2_PIX_FMT_MJPEG;
        }
    };
    CHECK(open(device)->layout().format == PixelFormat::kNv12);
}

TEST_CASE("what is no camera, or none for us, is refused with a reason") {
    Device device;
    SUBCASE("no video device") {
        device.errors[VIDIOC_QUERYCAP] = ENOTTY;
        check_refused(device, "/dev/video7: not a video device");
    }
    SUBCASE("the metadata node of a camera") {
        device.capabilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
        check_refused(device, "gives no pictures");
    }
    SUBCASE("several planes") {
        device.capabilities = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
        check_refused(device, "--raw");
    }
    SUBCASE("read only by read()") {
        device.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_READWRITE;
        check_refused(device, "cannot stream");
    }
    SUBCASE("only compressed pictures") {
        device.formats = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_H264};
        check_refused(device, "offers MJPG, H264, of which this program reads none");
    }
    SUBCASE("not the wished format") {
        CameraWish wish;
        wish.format = PixelFormat::kBgr;
        check_refused(device, "reads none as bgr", wish);
    }
    SUBCASE("in use") {
        device.errors[VIDIOC_S_FMT] = EBUSY;
        check_refused(device, "in use by another program");
    }
    SUBCASE("no memory") {
        device.max_buffers = 1;
        check_refused(device, "memory for 1 buffers");
    }
    SUBCASE("buffers smaller than a frame") {
        device.buffer_bytes = 640 * 480 * 2 - 1;
        check_refused(device, "too small");
    }
    SUBCASE("frames of no size") {
        device.adjust = [](v4l2_pix_format& pixels) { pixels.width = 0; };
        check_refused(device, "0x480");
    }
    SUBCASE("frames of endless size") {
        device.adjust = [](v4l2_pix_format& pixels) { pixels.width = pixels.height = 0xffffffff; };
        check_refused(device, "too large");
    }
    SUBCASE("rows that overlap") {
        device.adjust = [](v4l2_pix_format& pixels) { pixels.bytesperline = 100; };
        check_refused(device, "rows of 100 bytes");
    }
    SUBCASE("no bandwidth") {
        device.errors[VIDIOC_STREAMON] = ENOSPC;
        check_refused(device, "bandwidth");
    }
}

TEST_CASE("a frame is read in the driver's buffer, which goes back with the next call") {
    Device device;
    const auto camera = open(device);
    device.queued.clear();
    device.waits = {1, 0, 1, 0};
    device.full = {{2}, {3}};
    SourcedFrame frame;
    REQUIRE(camera->next(frame));
    CHECK(frame.frame.data == device.memory[2].data());
    CHECK(frame.name == "/dev/video7");
    CHECK(frame.timestamp_s == 5.25);
    CHECK(device.queued.empty());
    REQUIRE(camera->next(frame));
    CHECK(frame.frame.data == device.memory[3].data());
    CHECK(device.queued == std::vector<std::uint32_t>{2});
}

TEST_CASE("of several full buffers the newest is taken, and the others go back") {
    Device device;
    const auto camera = open(device);
    device.queued.clear();
    device.waits = {1, 1, 1, 0};
    device.full = {{0}, {1}, {2}};
    SourcedFrame frame;
    REQUIRE(camera->next(frame));
    CHECK(frame.frame.data == device.memory[2].data());
    CHECK(device.queued == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("damaged frames, empty polls and interruptions are passed over") {
    Device device;
    device.interruptions = 2;
    const auto camera = open(device);
    device.waits = {-EINTR, 1, 1, 1, 1, 0};
    device.full = {{0, 1 << 20, V4L2_BUF_FLAG_ERROR}, {1, 10}, {0, 0, 0, EIO}, {2}};
    SourcedFrame frame;
    REQUIRE(camera->next(frame));
    CHECK(frame.frame.data == device.memory[2].data());
}

TEST_CASE("a camera that fails under way is an error, and everything is given back") {
    Device device;
    auto camera = open(device);
    SourcedFrame frame;
    SUBCASE("nothing comes") {
        CHECK_THROWS_WITH_AS(camera->next(frame), doctest::Contains("no frame for 5 s"), Error);
    }
    SUBCASE("unplugged") {
        device.waits = {1};
        device.full = {{0, 0, 0, ENODEV}};
        CHECK_THROWS_WITH_AS(camera->next(frame), doctest::Contains("was unplugged"), Error);
    }
    SUBCASE("only damaged frames") {
        device.waits.assign(200, 1);
        device.full.assign(200, {1, 10});
        CHECK_THROWS_WITH_AS(camera->next(frame), doctest::Contains("damaged frames"), Error);
    }
    SUBCASE("a driver that makes buffers up") {
        device.waits = {1};
        device.full = {{77}};
        CHECK_THROWS_WITH_AS(camera->next(frame), doctest::Contains("buffer 77 of 4"), Error);
    }
    SUBCASE("stopped by a signal") {
        device.waits = {-EINTR};
        stop = true;
        CHECK_FALSE(camera->next(frame));
    }
    camera.reset();
    CHECK_FALSE(device.streaming);
    CHECK(device.mapped.empty());
}

TEST_CASE("a file that is no device is refused") {
    CHECK_THROWS_WITH_AS(open_video_device("/dev/no-such-camera"), doctest::Contains("No such file"), Error);
    CHECK_THROWS_WITH_AS(open_video_device("/tmp"), doctest::Contains("/tmp: "), Error);
    // A device, but none that knows video: refused by the first request.
    CHECK_THROWS_WITH_AS(Camera(open_video_device("/dev/null"), "/dev/null", {}, stop),
                         doctest::Contains("not a video device"), Error);
}
