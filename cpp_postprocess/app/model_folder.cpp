#include "model_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "error.h"
#include "frame.h"
#include "movenet/postprocess.h"
#include "sha256.h"

namespace movenet::app {

namespace {

using Json = nlohmann::json;

constexpr char kMetadataFile[] = "metadata.json";
constexpr char kParamFile[] = "model.ncnn.param";
constexpr char kBinFile[] = "model.ncnn.bin";
constexpr char kNormalisation[] = "RGB 0..255; scaling inside the network";
constexpr unsigned long long kMaxMetadataBytes = 16 << 20;
constexpr unsigned long long kMaxModelBytes = 1 << 30;

void check_number(const char* what, long long number, long long most) {
    if (number < 1 || number > most) {
        throw Error("'" + std::string(what) + "' is " + std::to_string(number) + ", not within 1 .. " +
                    std::to_string(most));
    }
}

void read_outputs(const Json& outputs, Model& model) {
    const auto num_keypoints = static_cast<long long>(model.keypoint_names.size());
    for (const Json& output : outputs) {
        const auto name = output.at("name").get<std::string>();
        const auto shape = output.at("shape").get<std::vector<long long>>();
        const long long channels = name == "heatmap"                   ? num_keypoints
                                   : name == "center"                  ? 1
                                   : name == "reg" || name == "offset" ? 2 * num_keypoints
                                                                       : 0;
        if (channels == 0 || std::count(model.output_names.begin(), model.output_names.end(), name)) {
            throw Error("'outputs' must be heatmap, center, reg and offset, each once; found '" + name + "'");
        }
        if (shape.size() != 3 || shape[0] != channels || shape[1] != shape[2]) {
            throw Error("the shape of output '" + name + "' does not fit " + std::to_string(num_keypoints) +
                        " keypoints: expected [" + std::to_string(channels) + ", cells, cells]");
        }
        check_number("shape", shape[1], MOVENET_MAX_GRID);
        if (model.grid != 0 && model.grid != shape[1]) {
            throw Error("the outputs' grids differ in size");
        }
        model.grid = static_cast<int>(shape[1]);
        model.output_names.push_back(name);
    }
    if (model.output_names.size() != 4) {
        throw Error("'outputs' must be heatmap, center, reg and offset; found only " +
                    std::to_string(model.output_names.size()));
    }
}

Metadata read_metadata(const Json& values) {
    Metadata metadata;
    Model& model = metadata.model;
    const auto normalisation = values.at("normalisation").get<std::string>();
    if (normalisation != kNormalisation) {
        throw Error("'normalisation' is '" + normalisation + "', but this program feeds '" + kNormalisation + "'");
    }
    const auto input_size = values.at("input_size").get<long long>();
    check_number("input_size", input_size, kMaxSidePx);
    model.input_size_px = static_cast<int>(input_size);
    for (const Json& keypoint : values.at("skeleton").at("keypoints")) {
        model.keypoint_names.push_back(keypoint.at("name").get<std::string>());
    }
    check_number("skeleton.keypoints", static_cast<long long>(model.keypoint_names.size()), MOVENET_MAX_KEYPOINTS);
    if (std::set<std::string>(model.keypoint_names.begin(), model.keypoint_names.end()).size() !=
        model.keypoint_names.size()) {
        throw Error("the skeleton's keypoint names must be unique");
    }
    read_outputs(values.at("outputs"), model);
    for (const auto& [name, file] : values.at("files").items()) {
        metadata.files.push_back({name, file.at("sha256").get<std::string>(), file.at("precision").get<std::string>(),
                                  file.at("num_bytes").get<unsigned long long>()});
    }
    return metadata;
}

// The file's description, after its content was found to be what it says.
const ModelFile& checked_file(const Metadata& metadata, const std::string& folder, const std::string& name) {
    const auto file = std::find_if(metadata.files.begin(), metadata.files.end(),
                                   [&](const ModelFile& candidate) { return candidate.name == name; });
    if (file == metadata.files.end()) {
        throw Error(folder + ": was exported without '" + name + "': export it with --formats ncnn");
    }
    const std::string path = folder + "/" + name;
    const std::vector<unsigned char> content = read_file(path, kMaxModelBytes);
    if (content.size() != file->num_bytes) {
        throw Error(path + ": " + std::to_string(content.size()) + " bytes, but " + std::to_string(file->num_bytes) +
                    " were exported: copy it again");
    }
    if (sha256_hex(content.data(), content.size()) != file->sha256) {
        throw Error(path + ": its SHA-256 is not the one in " + kMetadataFile + ": not the file that was exported");
    }
    return *file;
}

}  // namespace

std::vector<unsigned char> read_file(const std::string& path, unsigned long long max_bytes) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) {
        throw Error(path + ": cannot be opened: " + std::strerror(errno));
    }
    std::vector<unsigned char> content;
    unsigned char chunk[1 << 16];
    while (const std::size_t count = std::fread(chunk, 1, sizeof chunk, file.get())) {
        content.insert(content.end(), chunk, chunk + count);
        if (content.size() > max_bytes) {
            throw Error(path + ": longer than " + std::to_string(max_bytes) + " bytes");
        }
    }
    if (std::ferror(file.get())) {
        throw Error(path + ": cannot be read: " + std::strerror(errno));
    }
    return content;
}

Metadata parse_metadata(const std::string& json_text) {
    try {
        return read_metadata(Json::parse(json_text));
    } catch (const Json::exception& error) {
        throw Error(std::string("not what the export writes: ") + error.what());
    }
}

Model open_model(const std::string& folder) {
    const std::string path = folder + "/" + kMetadataFile;
    Metadata metadata;
    try {
        const auto text = read_file(path, kMaxMetadataBytes);
        metadata = parse_metadata(std::string(text.begin(), text.end()));
    } catch (const Error& error) {
        const std::string message = error.what();
        throw Error((message.rfind(path, 0) == 0 ? message : path + ": " + message) +
                    "; give a folder that `python -m export` wrote");
    }
    checked_file(metadata, folder, kParamFile);
    metadata.model.precision = checked_file(metadata, folder, kBinFile).precision;
    metadata.model.param_path = folder + "/" + kParamFile;
    metadata.model.bin_path = folder + "/" + kBinFile;
    return metadata.model;
}

}  // namespace movenet::app
