// Models are what metadata.json says, or refused before ncnn sees them.

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "error.h"
#include "model_folder.h"
#include "sha256.h"

using namespace movenet::app;
using nlohmann::json;

namespace {

std::string sha256(const std::string& text) {
    return sha256_hex(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

json file_entry(const std::string& content, const char* precision) {
    return {{"sha256", sha256(content)}, {"num_bytes", content.size()}, {"precision", precision}};
}

const std::string kParam = "7767517\n", kBin = "weights";

json metadata() {
    const auto output = [](const char* name, int channels) {
        return json{{"name", name}, {"shape", {channels, 8, 8}}};
    };
    return {{"model", "tiny"},
            {"input_size", 32},
            {"normalisation", "RGB 0..255; scaling inside the network"},
            {"probability", "sigmoid"},
            {"outputs", {output("heatmap", 2), output("center", 1), output("reg", 4), output("offset", 4)}},
            {"files", {{"model.ncnn.param", file_entry(kParam, "text")}, {"model.ncnn.bin", file_entry(kBin, "fp16")}}},
            {"skeleton", {{"keypoints", {{{"name", "nose"}, {"sigma", 0.1}}, {{"name", "tail"}, {"sigma", 0.1}}}}}}};
}

class Folder {
public:
    Folder() {
        char pattern[] = "/tmp/movenet_app_test_XXXXXX";
        path_ = mkdtemp(pattern);
        write("metadata.json", metadata().dump());
        write("model.ncnn.param", kParam);
        write("model.ncnn.bin", kBin);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << content;
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

void check_refused(const Folder& folder, const char* message) {
    CHECK_THROWS_WITH_AS(open_model(folder.path()), doctest::Contains(message), Error);
}

}  // namespace

TEST_CASE("SHA-256 of NIST's examples") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a whole folder is read") {
    const Folder folder;
    const Model model = open_model(folder.path());
    CHECK(model.param_path == folder.path() + "/model.ncnn.param");
    CHECK(model.precision == "fp16");
    CHECK(model.input_size_px == 32);
    CHECK(model.grid == 8);
    CHECK(model.keypoint_names == std::vector<std::string>{"nose", "tail"});
    CHECK(model.output_names == std::vector<std::string>{"heatmap", "center", "reg", "offset"});
}

TEST_CASE("the outputs keep the order in which the network gives them") {
    json values = metadata();
    std::swap(values["outputs"][0], values["outputs"][2]);
    CHECK(parse_metadata(values.dump()).model.output_names ==
          std::vector<std::string>{"reg", "center", "heatmap", "offset"});
}

TEST_CASE("files that are missing, cut, changed or of another network are refused") {
    Folder folder;
    SUBCASE("cut in the middle") {
        folder.write("model.ncnn.bin", kBin.substr(0, 3));
        check_refused(folder, "model.ncnn.bin: 3 bytes, but 7 were exported: copy it again");
    }
    SUBCASE("of another network") {
        folder.write("model.ncnn.param", "7767518\n");
        check_refused(folder, "model.ncnn.param: its SHA-256 is not the one in metadata.json");
    }
    SUBCASE("missing") {
        std::filesystem::remove(folder.path() + "/model.ncnn.bin");
        check_refused(folder, "model.ncnn.bin: cannot be opened: No such file");
    }
    SUBCASE("a folder in a file's place") {
        std::filesystem::remove(folder.path() + "/model.ncnn.bin");
        std::filesystem::create_directory(folder.path() + "/model.ncnn.bin");
        check_refused(folder, "model.ncnn.bin: cannot be read");
    }
    SUBCASE("exported without ncnn") {
        json values = metadata();
        values["files"].erase("model.ncnn.param");
        folder.write("metadata.json", values.dump());
        check_refused(folder, "was exported without 'model.ncnn.param'");
    }
    SUBCASE("no metadata") {
        std::filesystem::remove(folder.path() + "/metadata.json");
        check_refused(folder, "give a folder that `python -m export` wrote");
    }
    SUBCASE("metadata cut in the middle") {
        folder.write("metadata.json", metadata().dump().substr(0, 100));
        check_refused(folder, "metadata.json: not what the export writes");
    }
}

TEST_CASE("metadata that contradicts itself, or says what no network has, is refused") {
    const struct {
        const char* where;
        json value;
        const char* message;
    } cases[] = {
        {"/input_size", 0, "'input_size' is 0"},
        {"/input_size", 1 << 30, "'input_size' is"},
        {"/input_size", "large", "not what the export writes"},
        {"/normalisation", "BGR", "'normalisation' is 'BGR'"},
        {"/outputs/0/shape", {3, 8, 8}, "does not fit 2 keypoints"},
        {"/outputs/0/shape", {2, 8, 9}, "does not fit"},
        {"/outputs/0/shape", {2, 8}, "does not fit"},
        {"/outputs/0/shape", {2, 0, 0}, "'shape' is 0"},
        {"/outputs/0/shape", {2, 1 << 20, 1 << 20}, "'shape' is"},
        {"/outputs/1/shape", {1, 9, 9}, "grids differ"},
        {"/outputs/1/name", "heatmap", "each once; found 'heatmap'"},
        {"/outputs/1/name", "other", "found 'other'"},
        {"/outputs", json::array(), "found only 0"},
        {"/skeleton/keypoints", json::array(), "'skeleton.keypoints' is 0"},
        {"/skeleton/keypoints/1/name", "nose", "unique"},
        {"/files/model.ncnn.bin/num_bytes", "many", "not what the export writes"},
    };
    for (const auto& [where, value, message] : cases) {
        CAPTURE(where);
        json values = metadata();
        values[json::json_pointer(where)] = value;
        CHECK_THROWS_WITH_AS(parse_metadata(values.dump()), doctest::Contains(message), Error);
    }
    for (const char* text : {"", "null", "[]", "{", "{\"outputs\": 3}", "\xff\xfe"}) {
        CHECK_THROWS_AS(parse_metadata(text), Error);
    }
}
