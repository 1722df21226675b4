#include "camera.h"

#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "error.h"
#include "stopwatch.h"

namespace movenet::app {

namespace {

constexpr unsigned kNumBuffers = 4;    // one is read, the others fill
constexpr int kMaxBadFrames = 100;     // damaged ones in a row
constexpr unsigned kMaxFormats = 256;  // that a driver lists

// In order of preference: the fewest bytes that every camera has first.
constexpr struct {
    std::uint32_t fourcc;
    PixelFormat format;
} kFormats[] = {{V4L2_PIX_FMT_YUYV, PixelFormat::kYuyv},
                {V4L2_PIX_FMT_NV12, PixelFormat::kNv12},
                {V4L2_PIX_FMT_YUV420, PixelFormat::kI420},
                {V4L2_PIX_FMT_RGB24, PixelFormat::kRgb},
                {V4L2_PIX_FMT_BGR24, PixelFormat::kBgr}};

std::string fourcc_text(std::uint32_t fourcc) {
    std::string text;
    for (int shift = 0; shift < 32; shift += 8) {
        const auto letter = static_cast<char>(fourcc >> shift & 0x7f);
        text += letter >= ' ' && letter <= '~' ? letter : '?';
    }
    return text;
}

}  // namespace

Camera::Camera(std::unique_ptr<VideoDevice> device, std::string name, const CameraWish& wish,
               const std::atomic<bool>& stop)
    : device_(std::move(device)), name_(std::move(name)), stop_(stop) {
    try {
        check_capabilities();
        negotiate(wish);
        start();
    } catch (...) {
        release();
        throw;
    }
}

Camera::~Camera() {
    release();
}

void Camera::check_capabilities() {
    v4l2_capability capability = {};
    if (control(VIDIOC_QUERYCAP, &capability) != 0) {
        fail("not a video device");
    }
    const std::uint32_t can =
        capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps : capability.capabilities;
    if (!(can & V4L2_CAP_VIDEO_CAPTURE)) {
        throw Error(name_ + (can & V4L2_CAP_VIDEO_CAPTURE_MPLANE
                                 ? ": gives frames in several planes only, which this program does not read: pipe them "
                                   "in with --raw, e.g. from rpicam-vid"
                                 : ": gives no pictures: cameras often have several device files, try the next one"));
    }
    if (!(can & V4L2_CAP_STREAMING)) {
        throw Error(name_ + ": cannot stream into memory, which this program needs");
    }
}

void Camera::negotiate(const CameraWish& wish) {
    std::vector<std::uint32_t> offered;
    std::string offer;
    for (unsigned index = 0; index < kMaxFormats; ++index) {
        v4l2_fmtdesc description = {};
        description.index = index;
        description.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        if (control(VIDIOC_ENUM_FMT, &description) != 0) {
            break;
        }
        offered.push_back(description.pixelformat);
        offer += (offer.empty() ? "" : ", ") + fourcc_text(description.pixelformat);
    }
    for (const auto& [fourcc, format] : kFormats) {
        if ((wish.format && *wish.format != format) ||
            std::find(offered.begin(), offered.end(), fourcc) == offered.end()) {
            continue;
        }
        v4l2_format chosen = {};
        chosen.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        chosen.fmt.pix.width = static_cast<std::uint32_t>(wish.width_px);
        chosen.fmt.pix.height = static_cast<std::uint32_t>(wish.height_px);
        chosen.fmt.pix.pixelformat = fourcc;
        chosen.fmt.pix.field = V4L2_FIELD_ANY;
        if (control(VIDIOC_S_FMT, &chosen) != 0) {
            fail(errno == EBUSY ? "in use by another program" : "takes no format");
        }
        const v4l2_pix_format& pixels = chosen.fmt.pix;
        if (pixels.pixelformat != fourcc) {
            continue;  // it changed its mind
        }
        if (pixels.width > kMaxSidePx || pixels.height > kMaxSidePx) {
            throw Error(name_ + ": gives frames that are too large");
        }
        const auto width = static_cast<int>(pixels.width), height = static_cast<int>(pixels.height);
        try {
            layout_ = pixels.bytesperline == 0 ? packed_layout(format, width, height)
                                               : strided_layout(format, width, height, pixels.bytesperline);
        } catch (const Error& error) {
            throw Error(name_ + ": " + error.what());
        }
        return;
    }
    throw Error(name_ + ": offers " + (offer.empty() ? "no formats" : offer) + ", of which this program reads none" +
                (wish.format ? std::string(" as ") + format_name(*wish.format) : "") +
                ": it needs YUYV, NV12, YU12, RGB3 or BGR3; or pipe frames in with --raw, e.g. from ffmpeg");
}

void Camera::start() {
    v4l2_requestbuffers request = {};
    request.count = kNumBuffers;
    request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    request.memory = V4L2_MEMORY_MMAP;
    if (control(VIDIOC_REQBUFS, &request) != 0) {
        fail(errno == EBUSY ? "in use by another program" : "gives no buffers");
    }
    if (request.count < 2) {
        throw Error(name_ + ": has memory for " + std::to_string(request.count) +
                    " buffers, but at least 2 are needed");
    }
    for (unsigned index = 0; index < request.count; ++index) {
        v4l2_buffer buffer = {};
        buffer.index = index;
        buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        buffer.memory = V4L2_MEMORY_MMAP;
        if (control(VIDIOC_QUERYBUF, &buffer) != 0) {
            fail("a buffer cannot be looked up");
        }
        if (buffer.length < num_bytes(layout_)) {
            throw Error(name_ + ": its buffers of " + std::to_string(buffer.length) + " bytes are too small for the " +
                        std::to_string(num_bytes(layout_)) + " of a frame");
        }
        void* address = device_->map(buffer.length, buffer.m.offset);
        if (!address) {
            fail("a buffer cannot be mapped");
        }
        buffers_.push_back({address, buffer.length});
        give_back(index);
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (control(VIDIOC_STREAMON, &type) != 0) {
        fail(errno == ENOSPC ? "the USB bus has no bandwidth left for it" : "does not start");
    }
    streaming_ = true;
}

void Camera::release() noexcept {
    if (streaming_) {
        int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        device_->control(VIDIOC_STREAMOFF, &type);
        streaming_ = false;
    }
    for (const Buffer& buffer : buffers_) {
        device_->unmap(buffer.address, buffer.size);
    }
    buffers_.clear();
}

bool Camera::next(SourcedFrame& sourced) {
    if (held_) {
        give_back(*held_);
        held_.reset();
    }
    for (int bad = 0; bad < kMaxBadFrames && !held_; ++bad) {
        if (!wait_for_frame(kTimeoutMs)) {
            return false;
        }
        held_ = take_buffer(sourced.timestamp_s);
    }
    if (!held_) {
        throw Error(name_ + ": gave " + std::to_string(kMaxBadFrames) +
                    " damaged frames in a row: is the cable good, and the USB bus not overloaded?");
    }
    // Whatever is newer and there already; not more than there are buffers, or a fast camera would never let us go.
    for (std::size_t i = 1; i < buffers_.size() && device_->wait(0) > 0; ++i) {
        const std::optional<unsigned> newer = take_buffer(sourced.timestamp_s);
        if (!newer) {
            break;
        }
        give_back(*held_);
        held_ = newer;
    }
    sourced.frame = {layout_, static_cast<const std::uint8_t*>(buffers_[*held_].address)};
    sourced.name = name_;
    return true;
}

// False when stopped.
bool Camera::wait_for_frame(int timeout_ms) {
    Stopwatch stopwatch;
    double left_ms = timeout_ms;
    while (!stop_) {
        const int ready = device_->wait(std::max(1, static_cast<int>(left_ms)));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            fail("cannot be waited for");
        }
        left_ms -= stopwatch.lap_ms();
        if (ready == 0 || left_ms <= 0) {
            throw Error(name_ + ": no frame for " + std::to_string(timeout_ms / 1000) +
                        " s: is it plugged in well, and not used by another program?");
        }
    }
    return false;
}

// The oldest full buffer; none if it is damaged, or not there after all.
std::optional<unsigned> Camera::take_buffer(double& timestamp_s) {
    v4l2_buffer buffer = {};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    if (control(VIDIOC_DQBUF, &buffer) != 0) {
        if (errno == EAGAIN || errno == EIO) {
            return std::nullopt;
        }
        fail(errno == ENODEV ? "was unplugged" : "gives no frame");
    }
    if (buffer.index >= buffers_.size()) {
        throw Error(name_ + ": its driver gave buffer " + std::to_string(buffer.index) + " of " +
                    std::to_string(buffers_.size()));
    }
    if (buffer.flags & V4L2_BUF_FLAG_ERROR || buffer.bytesused < num_bytes(layout_)) {
        give_back(buffer.index);
        return std::nullopt;
    }
    timestamp_s = static_cast<double>(buffer.timestamp.tv_sec) + 1e-6 * static_cast<double>(buffer.timestamp.tv_usec);
    return buffer.index;
}

void Camera::give_back(unsigned index) {
    v4l2_buffer buffer = {};
    buffer.index = index;
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    if (control(VIDIOC_QBUF, &buffer) != 0) {
        fail(errno == ENODEV ? "was unplugged" : "does not take a buffer back");
    }
}

int Camera::control(unsigned long request, void* argument) {
    int status = 0;
    do {
        status = device_->control(request, argument);
    } while (status != 0 && errno == EINTR);
    return status;
}

void Camera::fail(const std::string& what) const {
    throw Error(name_ + ": " + what + ": " + std::strerror(errno));
}

}  // namespace movenet::app
