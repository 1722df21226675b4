#include "sources.h"

#include <unistd.h>

#include "camera.h"
#include "error.h"
#include "image_file.h"
#include "raw_frames.h"

namespace movenet::app {

namespace {

// As the demo does: one that cannot be read is an error if it is the only one, and left out with a warning if not.
class PictureSource final : public FrameSource {
public:
    explicit PictureSource(std::vector<std::string> paths) : paths_(std::move(paths)) {}

    bool next(SourcedFrame& sourced) override {
        while (position_ < paths_.size()) {
            const std::string& path = paths_[position_++];
            try {
                picture_ = read_picture(path);
            } catch (const Error& error) {
                if (position_ == paths_.size() && num_read_ == 0) {
                    throw;
                }
                std::fprintf(stderr, "warning: left out: %s\n", error.what());
                continue;
            }
            sourced.frame = picture_.frame();
            sourced.name = path.substr(path.find_last_of('/') + 1);
            sourced.timestamp_s = num_read_++;
            return true;
        }
        return false;
    }

private:
    std::vector<std::string> paths_;
    std::size_t position_ = 0;
    int num_read_ = 0;
    Picture picture_;
};

class RawSource final : public FrameSource {
public:
    RawSource(const FrameLayout& layout, double frames_per_second, const std::atomic<bool>& stop)
        : input_(STDIN_FILENO), reader_(input_, layout, stop), frames_per_second_(frames_per_second) {
        if (isatty(STDIN_FILENO)) {
            throw Error(
                "--raw reads frames from standard input, but that is a terminal: pipe them in, e.g. from ffmpeg");
        }
    }

    bool next(SourcedFrame& sourced) override {
        sourced.name = "stdin";
        sourced.timestamp_s = static_cast<double>(num_read_++) / frames_per_second_;
        return reader_.next(sourced.frame);
    }

private:
    FileDescriptor input_;
    RawFrameReader reader_;
    double frames_per_second_;
    std::int64_t num_read_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> open_source(const Options& options, const std::atomic<bool>& stop) {
    switch (options.source) {
        case SourceKind::kPictures:
            return std::make_unique<PictureSource>(options.pictures);
        case SourceKind::kRaw:
            return std::make_unique<RawSource>(packed_layout(options.format, options.width_px, options.height_px),
                                               options.frames_per_second, stop);
        case SourceKind::kCamera:
            return open_camera(options, stop);
    }
    throw Error("no source");
}

}  // namespace movenet::app
