// libFuzzer on the C interface: arbitrary heads are decoded or refused, and nothing else is read or written.
//
// The input's first bytes are a movenet_heads whose steps and sizes are arbitrary; the pointers are replaced by a block
// of memory that holds the rest of the input. Heads that would lead out of the block are given to the library only
// where it must refuse them: how much memory there is behind a pointer it cannot know.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "movenet/postprocess.h"

namespace {

constexpr std::int64_t kMostCells = 1 << 15;  // of all heatmaps, and of a tensor's extent: larger ones only take longer

struct Input {
    const std::uint8_t* data;
    std::size_t size;

    template <class Value>
    Value take() {
        Value value{};
        const std::size_t taken = size < sizeof value ? size : sizeof value;
        std::memcpy(&value, data, taken);
        data += taken;
        size -= taken;
        return value;
    }
};

std::int64_t element_size(int type) {
    return type == MOVENET_FLOAT32 ? 4 : type == MOVENET_FLOAT16 ? 2 : 1;
}

// A tensor with steps that are near a packed one's, or anything.
movenet_tensor take_tensor(Input& input, int channels, int grid) {
    const auto kind = input.take<std::uint8_t>();
    const auto type = static_cast<movenet_type>(kind & 3);
    movenet_tensor tensor = kind & 4 ? movenet_nhwc(nullptr, MOVENET_FLOAT32, channels, grid)
                                     : movenet_nchw(nullptr, MOVENET_FLOAT32, channels, grid);
    tensor.type = type;
    for (std::int64_t* step : {&tensor.image_step, &tensor.channel_step, &tensor.row_step, &tensor.column_step}) {
        switch (input.take<std::uint8_t>() & 7) {
            case 0:
                *step = input.take<std::int64_t>();
                break;
            case 1:
                *step = input.take<std::int8_t>();
                break;
            case 2:
                *step = *step == INT64_MIN ? 0 : -*step;
                break;
            default:
                break;
        }
    }
    tensor.scale = input.take<float>();
    tensor.zero_point = kind & 8 ? input.take<std::int32_t>() : 3;
    return tensor;
}

// The farthest elements before and behind the first one; false if they are too far for the block.
bool find_extent(const movenet_tensor& tensor, const movenet_heads& heads, int channels, std::int64_t& before,
                 std::int64_t& behind) {
    before = behind = 0;
    const struct {
        std::int64_t step, count;
    } axes[] = {{tensor.image_step, heads.images},
                {tensor.channel_step, channels},
                {tensor.row_step, heads.grid},
                {tensor.column_step, heads.grid}};
    for (const auto& [step, count] : axes) {
        if (count <= 1) {
            continue;
        }
        if (step > kMostCells || step < -kMostCells || count > kMostCells) {
            return false;
        }
        (step < 0 ? before : behind) += (step < 0 ? -step : step) * (count - 1);
    }
    return before <= kMostCells && behind <= kMostCells;
}

void fail_unless(bool truth) {
    if (!truth) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input{data, size};
    movenet_heads heads{};
    const auto shape = input.take<std::uint8_t>();
    heads.images = shape & 1 ? input.take<std::int32_t>() : 1 + (shape >> 6);
    heads.keypoints = shape & 2 ? input.take<std::int32_t>() : 1 + input.take<std::uint8_t>() % 24;
    heads.grid = shape & 4 ? input.take<std::int32_t>() : 1 + input.take<std::uint8_t>() % 36;
    heads.values = shape & 8 ? input.take<std::int32_t>() : shape >> 4 & 3;
    const int pairs = heads.keypoints > INT32_MAX / 2 || heads.keypoints < 0 ? 0 : 2 * heads.keypoints;
    movenet_tensor* const tensors[] = {&heads.heatmap, &heads.center, &heads.reg, &heads.offset};
    const int channels[] = {heads.keypoints, 1, pairs, pairs};
    for (int i = 0; i < 4; ++i) {
        *tensors[i] = take_tensor(input, channels[i], heads.grid);
    }

    // Exactly as long as the tensor, so that AddressSanitizer sees any step beyond it.
    std::vector<std::uint8_t> blocks[4];
    bool readable = true;
    for (int i = 0; i < 4; ++i) {
        movenet_tensor& tensor = *tensors[i];
        std::int64_t before = 0, behind = 0;
        const bool fits = find_extent(tensor, heads, channels[i], before, behind);
        readable = readable && fits;
        const std::int64_t bytes = element_size(tensor.type);
        blocks[i].resize(fits ? (before + 1 + behind) * bytes : 4);
        for (std::size_t byte = 0; byte < blocks[i].size(); ++byte) {
            blocks[i][byte] = input.size ? input.data[byte % input.size] : 0;
        }
        tensor.data = blocks[i].data() + (fits ? before * bytes : 0);
    }
    const std::int64_t floats = readable && heads.images > 0 && heads.images < kMostCells && heads.keypoints > 0
                                    ? std::int64_t{3} * heads.images * heads.keypoints
                                    : 0;
    const double cells = double{1} * heads.images * heads.keypoints * heads.grid * heads.grid;
    const bool room = floats > 0 && floats <= kMostCells && cells <= kMostCells;
    constexpr float untouched = -123.0f;
    std::vector<float> points(room ? floats : 1, untouched);
    if (!readable || !room) {
        // Must be refused; what would be decoded is spoilt beforehand.
        heads.values = 99;
    }
    const movenet_status status = movenet_decode(&heads, points.data());
    fail_unless(movenet_status_message(status) != nullptr);
    for (const float number : points) {
        fail_unless(status == MOVENET_OK ? std::isfinite(number) : number == untouched);
    }
    return 0;
}
