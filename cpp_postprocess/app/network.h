// The network on ncnn: RGB pixels in, the decoder's heads out.

#ifndef MOVENET_APP_NETWORK_H
#define MOVENET_APP_NETWORK_H

#include <net.h>

#include <cstdint>

#include "model_folder.h"
#include "movenet/postprocess.h"
#include "options.h"

namespace movenet::app {

class Network {
public:
    // Loads the model and runs it once. Throws Error if ncnn cannot, or if it is another network than its metadata
    // says.
    Network(const Model& model, const NetworkOptions& options);

    // The heads of one input of size x size RGB pixels, in ncnn's memory; valid until the next call. Throws Error if
    // ncnn fails.
    const movenet_heads& run(const std::uint8_t* rgb);

private:
    void load(const Model& model);
    movenet_tensor extract(ncnn::Extractor& extractor, std::size_t output);

    Model model_;
    ncnn::PoolAllocator blob_memory_, workspace_memory_;  // kept from frame to frame
    ncnn::Net net_;
    ncnn::Mat input_;
    ncnn::Mat outputs_[4];
    movenet_heads heads_ = {};
};

}  // namespace movenet::app

#endif  // MOVENET_APP_NETWORK_H
