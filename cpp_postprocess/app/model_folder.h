// A model folder as `python -m export` writes it: metadata.json, and the files that it names with size and SHA-256.

#ifndef MOVENET_APP_MODEL_FOLDER_H
#define MOVENET_APP_MODEL_FOLDER_H

#include <string>
#include <vector>

namespace movenet::app {

// What the application needs to know of a model.
struct Model {
    std::string param_path, bin_path;  // ncnn's two files, checked to be the exported ones
    std::string precision;             // of the weights, e.g. fp16
    int input_size_px = 0;
    int grid = 0;                             // cells along a side of the heads
    std::vector<std::string> keypoint_names;  // in channel order
    std::vector<std::string> output_names;    // of the heads, in the network's order: ncnn's blobs out0, out1, ...
};

// Throws Error if the folder is none, was exported without ncnn, or a file is not the one that was exported.
Model open_model(const std::string& folder);

// metadata.json alone, without the paths. Throws Error if it is not what the export writes.
struct ModelFile {
    std::string name, sha256, precision;
    unsigned long long num_bytes = 0;
};
struct Metadata {
    Model model;
    std::vector<ModelFile> files;
};
Metadata parse_metadata(const std::string& json_text);

// The whole content. Throws Error if it cannot be read, or is longer than this.
std::vector<unsigned char> read_file(const std::string& path, unsigned long long max_bytes);

}  // namespace movenet::app

#endif  // MOVENET_APP_MODEL_FOLDER_H
