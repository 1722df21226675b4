// A camera through Video4Linux2, the kernel's interface: negotiation, and frames read in the driver's own buffers.
// https://docs.kernel.org/userspace-api/media/v4l/capture.c.html shows the calls' order.

#ifndef MOVENET_APP_CAMERA_H
#define MOVENET_APP_CAMERA_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frame.h"
#include "sources.h"

namespace movenet::app {

// The system calls on a video device's file: what they return on failure is -1 or null, with errno set.
class VideoDevice {
public:
    virtual ~VideoDevice() = default;
    virtual int control(unsigned long request, void* argument) = 0;  // ioctl
    virtual int wait(int timeout_ms) = 0;                            // poll for a frame: 0 if there was none
    virtual void* map(std::size_t size, std::int64_t offset) = 0;    // mmap, to read
    virtual void unmap(void* address, std::size_t size) = 0;
};

struct CameraWish {
    std::optional<PixelFormat> format;  // the best one if not given
    int width_px = 640, height_px = 480;
};

class Camera final : public FrameSource {
public:
    // Negotiates a format and starts the stream. `name` is the device's, for messages and frames. Throws Error if it is
    // no camera, is in use, or gives none of our formats.
    Camera(std::unique_ptr<VideoDevice> device, std::string name, const CameraWish& wish,
           const std::atomic<bool>& stop);
    ~Camera() override;
    Camera(const Camera&) = delete;
    Camera& operator=(const Camera&) = delete;

    // The newest frame: those that came while the last one was computed are left out. Throws Error if the camera is
    // gone or gives nothing for kTimeoutMs.
    bool next(SourcedFrame& frame) override;

    const FrameLayout& layout() const { return layout_; }

    static constexpr int kTimeoutMs = 5000;

private:
    struct Buffer {
        void* address;
        std::size_t size;
    };

    void check_capabilities();
    void negotiate(const CameraWish& wish);
    void start();
    void release() noexcept;
    bool wait_for_frame(int timeout_ms);
    std::optional<unsigned> take_buffer(double& timestamp_s);
    void give_back(unsigned index);
    int control(unsigned long request, void* argument);
    [[noreturn]] void fail(const std::string& what) const;

    std::unique_ptr<VideoDevice> device_;
    std::string name_;
    const std::atomic<bool>& stop_;
    FrameLayout layout_;
    std::vector<Buffer> buffers_;
    std::optional<unsigned> held_;  // the buffer that the caller reads
    bool streaming_ = false;
};

// The device's file. Throws Error if it cannot be opened.
std::unique_ptr<VideoDevice> open_video_device(const std::string& path);

// The camera that the options name. Throws Error, also where there is no Video4Linux2.
std::unique_ptr<FrameSource> open_camera(const Options& options, const std::atomic<bool>& stop);

}  // namespace movenet::app

#endif  // MOVENET_APP_CAMERA_H
