#include "raw_frames.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "error.h"

namespace movenet::app {

ssize_t FileDescriptor::read(std::uint8_t* bytes, std::size_t size) {
    return ::read(descriptor_, bytes, size);
}

RawFrameReader::RawFrameReader(ByteSource& source, const FrameLayout& layout, const std::atomic<bool>& stop)
    : source_(source), layout_(layout), stop_(stop), bytes_(num_bytes(layout)) {}

bool RawFrameReader::next(Frame& frame) {
    std::size_t filled = 0;
    while (filled < bytes_.size()) {
        if (stop_) {
            return false;
        }
        const ssize_t count = source_.read(bytes_.data() + filled, bytes_.size() - filled);
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw Error(std::string("standard input cannot be read: ") + std::strerror(errno));
        }
        if (count == 0) {
            if (filled == 0) {
                return false;
            }
            throw Error("standard input ended inside frame " + std::to_string(num_frames_) + ": it has " +
                        std::to_string(filled) + " of the " + std::to_string(bytes_.size()) + " bytes of a " +
                        format_name(layout_.format) + " frame of " + std::to_string(layout_.width_px) + "x" +
                        std::to_string(layout_.height_px) + " pixels; are size and format those of the stream?");
        }
        filled += static_cast<std::size_t>(count);
    }
    ++num_frames_;
    frame = {layout_, bytes_.data()};
    return true;
}

}  // namespace movenet::app
