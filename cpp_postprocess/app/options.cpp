#include "options.h"

#include <charconv>
#include <functional>

#include "error.h"

namespace movenet::app {

namespace {

constexpr int kMaxThreads = 256;
constexpr double kMaxFramesPerSecond = 1000;

template <class Number>
Number parse_number(const std::string& option, const std::string& text, Number least, Number most) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number >= least && number <= most)) {
        const auto plain = [](Number bound) { return std::to_string(static_cast<long long>(bound)); };
        throw Error(option + " takes a number within " + plain(least) + " .. " + plain(most) + ", not '" + text + "'");
    }
    return number;
}

void parse_size(const std::string& option, const std::string& text, Options& options) {
    const std::size_t cross = text.find('x');
    if (cross == std::string::npos) {
        throw Error(option + " takes WIDTHxHEIGHT, e.g. 640x480, not '" + text + "'");
    }
    options.width_px = parse_number(option, text.substr(0, cross), 1, kMaxSidePx);
    options.height_px = parse_number(option, text.substr(cross + 1), 1, kMaxSidePx);
}

bool parse_half(const std::string& option, const std::string& text) {
    if (text != "fp16" && text != "fp32") {
        throw Error(option + " takes fp16 or fp32, not '" + text + "'");
    }
    return text == "fp16";
}

// The arguments, one after the other; `--option=value` is two of them.
class Arguments {
public:
    explicit Arguments(const std::vector<std::string>& arguments) : arguments_(arguments) {}

    // False behind the last one.
    bool next() {
        if (has_value_) {
            throw Error(name_ + " takes no value");
        }
        if (position_ == arguments_.size()) {
            return false;
        }
        name_ = arguments_[position_++];
        const std::size_t equals = name_.rfind("--", 0) == 0 ? name_.find('=') : std::string::npos;
        has_value_ = equals != std::string::npos;
        if (has_value_) {
            value_ = name_.substr(equals + 1);
            name_.resize(equals);
        }
        return true;
    }

    const std::string& name() const { return name_; }

    std::string value() {
        if (has_value_) {
            has_value_ = false;
            return value_;
        }
        if (!at_value()) {
            throw Error(name_ + " needs a value; see --help");
        }
        return arguments_[position_++];
    }

    bool at_value() const { return position_ < arguments_.size() && arguments_[position_].rfind("--", 0) != 0; }

private:
    const std::vector<std::string>& arguments_;
    std::size_t position_ = 0;
    std::string name_, value_;
    bool has_value_ = false;
};

void check(const Options& options, int num_sources, bool size_given, bool fps_given) {
    if (num_sources != 1) {
        throw Error("give one source: --image FILE..., --raw WIDTHxHEIGHT or --device /dev/videoN; see --help");
    }
    if (options.format_given && options.source == SourceKind::kPictures) {
        throw Error("--format belongs to --raw and --device");
    }
    if (size_given && options.source != SourceKind::kCamera) {
        throw Error("--size belongs to --device");
    }
    if (fps_given && options.source != SourceKind::kRaw) {
        throw Error("--fps belongs to --raw: a camera's frames have timestamps");
    }
    if (options.network.half_arithmetic && !options.network.half_storage) {
        throw Error("--arithmetic fp16 needs --storage fp16: ncnn computes on what it stores");
    }
    if (options.source == SourceKind::kRaw) {
        packed_layout(options.format, options.width_px, options.height_px);
    }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
    Options options;
    int num_sources = 0;
    bool size_given = false, fps_given = false;
    Arguments rest(arguments);
    while (rest.next()) {
        const std::string& name = rest.name();
        if (name == "--help" || name == "-h") {
            options.help = true;
            return options;
        } else if (name == "--model") {
            options.model_folder = rest.value();
        } else if (name == "--image") {
            num_sources += options.pictures.empty() ? 1 : 0;
            options.source = SourceKind::kPictures;
            options.pictures.push_back(rest.value());
            while (rest.at_value()) {
                options.pictures.push_back(rest.value());
            }
        } else if (name == "--raw") {
            ++num_sources;
            options.source = SourceKind::kRaw;
            parse_size(name, rest.value(), options);
        } else if (name == "--device") {
            ++num_sources;
            options.source = SourceKind::kCamera;
            options.device = rest.value();
        } else if (name == "--size") {
            size_given = true;
            parse_size(name, rest.value(), options);
        } else if (name == "--format") {
            options.format = parse_format(rest.value());
            options.format_given = true;
        } else if (name == "--fps") {
            fps_given = true;
            options.frames_per_second = parse_number(name, rest.value(), 1.0, kMaxFramesPerSecond);
        } else if (name == "--frames") {
            options.max_frames = parse_number(name, rest.value(), std::int64_t{1}, std::int64_t{1} << 53);
        } else if (name == "--threads") {
            options.network.num_threads = parse_number(name, rest.value(), 1, kMaxThreads);
        } else if (name == "--powersave") {
            options.network.powersave = parse_number(name, rest.value(), 0, 2);
        } else if (name == "--storage") {
            options.network.half_storage = parse_half(name, rest.value());
        } else if (name == "--arithmetic") {
            options.network.half_arithmetic = parse_half(name, rest.value());
        } else if (name == "--no-tracking") {
            options.tracking = false;
        } else if (name == "--no-smoothing") {
            options.smoothing = false;
        } else if (name == "--times") {
            options.times = true;
        } else {
            throw Error("unknown argument '" + name + "'; see --help");
        }
    }
    check(options, num_sources, size_given, fps_given);
    return options;
}

std::string usage(const std::string& program, const std::string& still_images) {
    return "usage: " + program + R"( SOURCE [options]

Finds one person's pose in each frame and prints it: a line of JSON a frame, with the keys of `demo.py --jsonl`.

The source, one of:
  --image FILE...          pictures )" +
           still_images + R"(
  --raw WIDTHxHEIGHT       frames without a header on standard input, e.g. from ffmpeg
  --device /dev/videoN     a camera that gives )" +
           R"(YUYV, NV12 or RGB24 through Video4Linux2

Options:
  --model FOLDER           as `python -m export --formats ncnn` wrote it; default: weights/default
  --format NAME            pixels of --raw: )" +
           format_names() + R"(; default: rgb. Of --device: take only this one
  --size WIDTHxHEIGHT      wished for from --device; the camera has the last word; default: 640x480
  --fps NUMBER             frames a second of --raw, for the smoothing; default: 30
  --frames NUMBER          end after so many frames; default: all
  --no-tracking            look at whole frames only; else a person is searched for, in a part of each of the first
                           frames, and followed: a frame is looked at where they were in the last one; a picture gets
                           all these looks itself
  --no-smoothing           points as they are found, without the One-Euro filter
  --threads NUMBER         of the network; default: 1
  --powersave 0|1|2        run on all CPUs (0, the default), the little ones (1) or the big ones (2)
  --storage fp16|fp32      weights and activations in memory, where the CPU can; default: fp16
  --arithmetic fp32|fp16   sums; fp16 is faster on ARMv8.2 and costs two digits; default: fp32
  --times                  a table of each stage's milliseconds on standard error at the end
  --help                   this text

Pictures are each on their own: smoothing is for --raw and --device.
Exit status: 0 at the end of the source or after Ctrl-C, 2 after an error, with a line that says what to do.
)";
}

}  // namespace movenet::app
