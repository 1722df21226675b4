// The command: frames in, a line of JSON a frame out.

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "error.h"
#include "image_file.h"
#include "json_line.h"
#include "model_folder.h"
#include "network.h"
#include "options.h"
#include "pipeline.h"
#include "sources.h"
#include "stage_times.h"
#include "stopwatch.h"

namespace movenet::app {

namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal's handler writes it");

void catch_signals() {
    // Without SA_RESTART: a read that waits for a frame ends. A second signal ends the program at once.
    struct sigaction action = {};
    action.sa_handler = [](int) { stop = true; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    // A reader that leaves early (`| head`) is an end like any other.
    std::signal(SIGPIPE, SIG_IGN);
}

// False if nobody reads any more.
bool write_line(const std::string& line) {
    if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0) {
        return true;
    }
    if (errno == EPIPE || stop) {
        return false;
    }
    throw Error(std::string("standard output cannot be written: ") + std::strerror(errno));
}

void run(const Options& options) {
    const Model model = open_model(options.model_folder);
    Network network(model, options.network);
    const bool sequence = options.source != SourceKind::kPictures;
    Pipeline pipeline(
        model, [&](const std::uint8_t* rgb) -> const movenet_heads& { return network.run(rgb); }, options.tracking,
        sequence&& options.smoothing);
    JsonLine json_line(model.keypoint_names);
    StageTimes times({"read", "preprocess", "network", "decode", "tracking", "output", "all but read"});
    std::vector<double> stages_ms(7);

    const std::unique_ptr<FrameSource> source = open_source(options, stop);
    SourcedFrame sourced;
    const auto print_times = [&] {
        if (options.times) {
            std::fputs(times.table().c_str(), stderr);
        }
    };
    try {
        Stopwatch stopwatch;
        for (std::int64_t number = 0; !stop && (options.max_frames == 0 || number < options.max_frames); ++number) {
            stopwatch.lap_ms();
            if (!source->next(sourced)) {
                break;
            }
            const double read_ms = stopwatch.lap_ms();
            const Pipeline::Result& result = sequence ? pipeline.process(sourced.frame, sourced.timestamp_s)
                                                      : pipeline.process_picture(sourced.frame);
            const double processed_ms = stopwatch.lap_ms();
            if (!write_line(json_line.write(sourced.name, number, result.points_px, result.timings))) {
                break;
            }
            const double output_ms = stopwatch.lap_ms();
            const Timings& timings = result.timings;
            stages_ms = {read_ms,   timings.preprocess_ms,   timings.network_ms, timings.decode_ms, result.tracking_ms,
                         output_ms, processed_ms + output_ms};
            times.add(stages_ms);
        }
    } catch (...) {
        print_times();
        throw;
    }
    print_times();
}

}  // namespace

}  // namespace movenet::app

int main(int argc, char** argv) {
    using namespace movenet::app;
    const std::string program = argc > 0 ? argv[0] : "movenet_app";
    try {
        const Options options = parse_options({argv + (argc > 0 ? 1 : 0), argv + argc});
        if (options.help) {
            std::fputs(usage(program, still_image_support()).c_str(), stdout);
            return 0;
        }
        catch_signals();
        run(options);
        return 0;
    } catch (const Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
    } catch (const std::bad_alloc&) {
        std::fputs("error: not enough memory for frames of this size\n", stderr);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: unexpected: %s\n", error.what());
    }
    return 2;
}
