// Frames one after the other, wherever they come from.

#ifndef MOVENET_APP_SOURCES_H
#define MOVENET_APP_SOURCES_H

#include <atomic>
#include <memory>
#include <string>

#include "frame.h"
#include "options.h"

namespace movenet::app {

struct SourcedFrame {
    Frame frame;  // valid until the next one
    std::string name;
    double timestamp_s = 0;
};

class FrameSource {
public:
    virtual ~FrameSource() = default;

    // False at the end, or when stopped. Throws Error if the source fails.
    virtual bool next(SourcedFrame& frame) = 0;
};

// The source that the options name. Reading ends early once `stop` is set. Throws Error if it cannot be opened.
std::unique_ptr<FrameSource> open_source(const Options& options, const std::atomic<bool>& stop);

}  // namespace movenet::app

#endif  // MOVENET_APP_SOURCES_H
