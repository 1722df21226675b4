// The system calls behind VideoDevice.

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "camera.h"
#include "error.h"

namespace movenet::app {

namespace {

class VideoFile final : public VideoDevice {
public:
    explicit VideoFile(int descriptor) : descriptor_(descriptor) {}
    ~VideoFile() override { ::close(descriptor_); }
    VideoFile(const VideoFile&) = delete;
    VideoFile& operator=(const VideoFile&) = delete;

    int control(unsigned long request, void* argument) override { return ::ioctl(descriptor_, request, argument); }

    int wait(int timeout_ms) override {
        pollfd descriptor = {descriptor_, POLLIN, 0};
        return ::poll(&descriptor, 1, timeout_ms);
    }

    void* map(std::size_t size, std::int64_t offset) override {
        void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor_, static_cast<off_t>(offset));
        return address == MAP_FAILED ? nullptr : address;
    }

    void unmap(void* address, std::size_t size) override { ::munmap(address, size); }

private:
    int descriptor_;
};

}  // namespace

std::unique_ptr<VideoDevice> open_video_device(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        throw Error(path + ": cannot be opened: " + std::strerror(errno) +
                    (errno == EACCES ? "; is this user in the group 'video'?" : ""));
    }
    auto device = std::make_unique<VideoFile>(descriptor);
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISCHR(status.st_mode)) {
        throw Error(path + ": not a video device; cameras are /dev/video0, /dev/video1, ...");
    }
    return device;
}

std::unique_ptr<FrameSource> open_camera(const Options& options, const std::atomic<bool>& stop) {
    CameraWish wish;
    wish.width_px = options.width_px;
    wish.height_px = options.height_px;
    if (options.format_given) {
        wish.format = options.format;
    }
    return std::make_unique<Camera>(open_video_device(options.device), options.device, wish, stop);
}

}  // namespace movenet::app
