#include "network.h"

#include <cpu.h>

#include <string>
#include <vector>

#include "error.h"

namespace movenet::app {

namespace {

constexpr char kInputBlob[] = "in0";
constexpr int kChannels = 3;

}  // namespace

Network::Network(const Model& model, const NetworkOptions& options) : model_(model) {
    // Before anything else: ncnn counts the CPUs that are left.
    if (ncnn::set_cpu_powersave(options.powersave) != 0) {
        throw Error("the CPUs cannot be chosen by --powersave " + std::to_string(options.powersave) +
                    " on this system: leave it out");
    }
    ncnn::Option& ncnn_options = net_.opt;
    ncnn_options.num_threads = options.num_threads;
    ncnn_options.use_vulkan_compute = false;
    ncnn_options.use_fp16_packed = ncnn_options.use_fp16_storage = options.half_storage;
    // On by default in ncnn, where the CPU can: costs two digits.
    ncnn_options.use_fp16_arithmetic = options.half_arithmetic;
    ncnn_options.use_bf16_storage = false;
    ncnn_options.blob_allocator = &blob_memory_;
    ncnn_options.workspace_allocator = &workspace_memory_;
    load(model);

    const int side = model.input_size_px;
    input_.create(side, side, kChannels);
    heads_.images = 1;
    heads_.keypoints = static_cast<std::int32_t>(model.keypoint_names.size());
    heads_.grid = model.grid;
    heads_.values = MOVENET_PROBABILITIES;
    run(std::vector<std::uint8_t>(std::size_t{kChannels} * side * side).data());
}

void Network::load(const Model& model) {
    if (net_.load_param(model.param_path.c_str()) != 0) {
        throw Error(model.param_path + ": ncnn cannot read it; was this program built with all layers of the model?");
    }
    if (net_.load_model(model.bin_path.c_str()) != 0) {
        throw Error(model.bin_path + ": ncnn cannot read it; does it belong to " + model.param_path + "?");
    }
}

const movenet_heads& Network::run(const std::uint8_t* rgb) {
    const int num_pixels = model_.input_size_px * model_.input_size_px;
    for (int channel = 0; channel < kChannels; ++channel) {
        float* plane = input_.channel(channel);
        const std::uint8_t* pixel = rgb + channel;
        for (int i = 0; i < num_pixels; ++i, pixel += kChannels) {
            plane[i] = *pixel;
        }
    }
    ncnn::Extractor extractor = net_.create_extractor();
    if (extractor.input(kInputBlob, input_) != 0) {
        throw Error(model_.param_path + ": has no input '" + kInputBlob + "': not a network of `python -m export`");
    }
    for (std::size_t i = 0; i < model_.output_names.size(); ++i) {
        const std::string& name = model_.output_names[i];
        (name == "heatmap"  ? heads_.heatmap
         : name == "center" ? heads_.center
         : name == "reg"    ? heads_.reg
                            : heads_.offset) = extract(extractor, i);
    }
    return heads_;
}

movenet_tensor Network::extract(ncnn::Extractor& extractor, std::size_t output) {
    // pnnx names the outputs in the order in which the network gives them; the metadata says what that order is.
    const std::string blob = "out" + std::to_string(output);
    ncnn::Mat& mat = outputs_[output];
    if (extractor.extract(blob.c_str(), mat) != 0) {
        throw Error(model_.param_path + ": the output '" + blob + "' cannot be computed: not a network of " +
                    "`python -m export`, or too little memory");
    }
    const std::string& name = model_.output_names[output];
    const auto keypoints = static_cast<int>(model_.keypoint_names.size());
    const int channels = name == "heatmap" ? keypoints : name == "center" ? 1 : 2 * keypoints;
    const bool fits = mat.dims == 3 && mat.w == model_.grid && mat.h == model_.grid && mat.c == channels &&
                      mat.elempack == 1 && mat.elemsize == sizeof(float);
    if (!fits) {
        throw Error(model_.param_path + ": the output '" + blob + "' (" + name + ") has " + std::to_string(mat.c) +
                    " channels of " + std::to_string(mat.w) + "x" + std::to_string(mat.h) + ", the metadata says " +
                    std::to_string(channels) + " of " + std::to_string(model_.grid) + "x" +
                    std::to_string(model_.grid) + ": another network's param file?");
    }
    movenet_tensor tensor = movenet_nchw(mat.data, MOVENET_FLOAT32, channels, model_.grid);
    tensor.channel_step = static_cast<std::int64_t>(mat.cstep);
    return tensor;
}

}  // namespace movenet::app
