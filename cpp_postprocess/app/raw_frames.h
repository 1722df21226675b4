// Raw frames one after the other from a pipe: no header, so size and format are the user's word.

#ifndef MOVENET_APP_RAW_FRAMES_H
#define MOVENET_APP_RAW_FRAMES_H

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "frame.h"

namespace movenet::app {

// What read(2) does: bytes read, 0 at the end, or -1 with errno set.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    virtual ssize_t read(std::uint8_t* bytes, std::size_t size) = 0;
};

// A file descriptor, which stays open.
class FileDescriptor final : public ByteSource {
public:
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    ssize_t read(std::uint8_t* bytes, std::size_t size) override;

private:
    int descriptor_;
};

class RawFrameReader {
public:
    // Reading ends early once `stop` is set (by a signal's handler).
    RawFrameReader(ByteSource& source, const FrameLayout& layout, const std::atomic<bool>& stop);

    // The next frame, in a buffer that the call after it writes again. False at the end of the stream or when stopped.
    // Throws Error if the stream ends inside a frame, or cannot be read.
    bool next(Frame& frame);

private:
    ByteSource& source_;
    FrameLayout layout_;
    const std::atomic<bool>& stop_;
    std::vector<std::uint8_t> bytes_;
    std::int64_t num_frames_ = 0;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_RAW_FRAMES_H
