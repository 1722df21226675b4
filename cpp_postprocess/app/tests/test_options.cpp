// The command line.

#include <doctest/doctest.h>

#include "error.h"
#include "options.h"

using namespace movenet::app;

TEST_CASE("sources") {
    const Options pictures = parse_options({"--image", "a.jpg", "b.jpg", "--times", "--image", "c.jpg"});
    CHECK(pictures.source == SourceKind::kPictures);
    CHECK(pictures.pictures == std::vector<std::string>{"a.jpg", "b.jpg", "c.jpg"});
    CHECK(pictures.times);
    const Options raw = parse_options({"--raw=320x200", "--format", "nv12", "--fps", "12.5", "--frames", "3"});
    CHECK(raw.source == SourceKind::kRaw);
    CHECK(raw.width_px == 320);
    CHECK(raw.height_px == 200);
    CHECK(raw.format == PixelFormat::kNv12);
    CHECK(raw.frames_per_second == 12.5);
    CHECK(raw.max_frames == 3);
    const Options camera = parse_options({"--device", "/dev/video1", "--size", "800x600"});
    CHECK(camera.source == SourceKind::kCamera);
    CHECK(camera.device == "/dev/video1");
    CHECK(camera.width_px == 800);
    CHECK_FALSE(camera.format_given);
}

TEST_CASE("the defaults are the Python demo's network: one thread, half precision stored, single computed") {
    const Options options = parse_options({"--raw", "64x64"});
    CHECK(options.model_folder == "weights/default");
    CHECK(options.format == PixelFormat::kRgb);
    CHECK(options.tracking);
    CHECK(options.smoothing);
    CHECK(options.network.num_threads == 1);
    CHECK(options.network.half_storage);
    CHECK_FALSE(options.network.half_arithmetic);
}

TEST_CASE("the network's options") {
    const Options options = parse_options({"--raw", "64x64", "--model", "m", "--threads", "4", "--powersave", "2",
                                           "--arithmetic", "fp16", "--no-tracking", "--no-smoothing"});
    CHECK(options.model_folder == "m");
    CHECK(options.network.num_threads == 4);
    CHECK(options.network.powersave == 2);
    CHECK(options.network.half_arithmetic);
    CHECK_FALSE(options.tracking);
    CHECK_FALSE(options.smoothing);
    CHECK_FALSE(parse_options({"--raw", "64x64", "--storage", "fp32"}).network.half_storage);
}

TEST_CASE("what makes no sense is refused with what would") {
    const struct {
        std::vector<std::string> arguments;
        const char* message;
    } cases[] = {
        {{}, "give one source"},
        {{"--image", "a.jpg", "--raw", "4x4"}, "give one source"},
        {{"a.jpg"}, "unknown argument 'a.jpg'"},
        {{"--raw", "4x4", "--thread", "2"}, "unknown argument '--thread'"},
        {{"--image"}, "--image needs a value"},
        {{"--image", "--times"}, "--image needs a value"},
        {{"--raw", "640"}, "WIDTHxHEIGHT, e.g. 640x480, not '640'"},
        {{"--raw", "0x480"}, "within 1 .. 16384, not '0'"},
        {{"--raw", "640x"}, "not ''"},
        {{"--raw", "640x480x3"}, "not '480x3'"},
        {{"--raw", "-640x480"}, "not '-640'"},
        {{"--raw", "99999999999999999999x480"}, "within 1 .. 16384"},
        {{"--raw", "641x480", "--format", "yuyv"}, "give even sizes"},
        {{"--raw", "640x480", "--format", "mjpeg"}, "known: rgb, bgr"},
        {{"--raw", "4x4", "--threads", "0"}, "--threads takes a number within 1 .. 256"},
        {{"--raw", "4x4", "--powersave", "3"}, "within 0 .. 2"},
        {{"--raw", "4x4", "--fps", "nan"}, "--fps takes"},
        {{"--raw", "4x4", "--frames", "0"}, "--frames takes"},
        {{"--raw", "4x4", "--arithmetic", "int8"}, "fp16 or fp32"},
        {{"--raw", "4x4", "--arithmetic", "fp16", "--storage", "fp32"}, "needs --storage fp16"},
        {{"--raw", "4x4", "--times=yes"}, "--times takes no value"},
        {{"--image", "a.jpg", "--format", "rgb"}, "belongs to --raw"},
        {{"--raw", "4x4", "--size", "4x4"}, "belongs to --device"},
        {{"--device", "/dev/video0", "--fps", "5"}, "belongs to --raw"},
    };
    for (const auto& [arguments, message] : cases) {
        CAPTURE(message);
        CHECK_THROWS_WITH_AS(parse_options(arguments), doctest::Contains(message), Error);
    }
}

TEST_CASE("the help names every option, and needs nothing else to be right") {
    CHECK(parse_options({"--help", "--nonsense"}).help);
    const std::string help = usage("movenet_app", "(none)");
    for (const char* option :
         {"--image", "--raw", "--device", "--model", "--format", "--size", "--fps", "--frames", "--no-tracking",
          "--no-smoothing", "--threads", "--powersave", "--storage", "--arithmetic", "--times", "--help"}) {
        CHECK(help.find(option) != std::string::npos);
    }
}
