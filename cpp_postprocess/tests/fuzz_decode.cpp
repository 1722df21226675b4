// libFuzzer on the C interface: arbitrary heads are decoded as a plain pass over every cell decodes them, or refused,
// and nothing else is read or written.
//
// The input's first bytes are a movenet_heads whose steps and sizes are arbitrary; the pointers are replaced by a block
// of memory that holds the rest of the input. Heads that would lead out of the block are only checked, beside a frame
// that the library refuses: how much memory there is behind a pointer it cannot know.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "maps.h"
#include "movenet/postprocess.h"
#include "plain_decode.h"

namespace {

constexpr std::int64_t kMostCells = 1 << 13;  // of all heatmaps, and of a tensor's extent: larger ones only take longer

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

// Fills a block with the rest of the input's bytes, over and over.
void fill_with_bits(std::vector<std::uint8_t>& block, const Input& input) {
    for (std::size_t i = 0; i < block.size() && input.size > 0; ++i) {
        block[i] = input.data[i % input.size];
    }
}

// The same with a float for each byte, as a network gives them: likelihoods, or shifts in quarters of a cell.
void fill_with_floats(std::vector<std::uint8_t>& block, const Input& input, bool shifts) {
    for (std::size_t i = 0; i < block.size() / sizeof(float) && input.size > 0; ++i) {
        const std::uint8_t byte = input.data[i % input.size];
        const float number = shifts ? static_cast<float>(byte - 128) / 4.0f : static_cast<float>(byte) / 255.0f;
        std::memcpy(&block[i * sizeof number], &number, sizeof number);
    }
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

float number_at(const movenet_tensor& tensor, std::int64_t index) {
    switch (tensor.type) {
        case MOVENET_FLOAT32:
            return static_cast<const float*>(tensor.data)[index];
        case MOVENET_FLOAT16:
            return half_meaning(static_cast<const std::uint16_t*>(tensor.data)[index]);
        default:
            return tensor.scale *
                   static_cast<float>(static_cast<const std::int8_t*>(tensor.data)[index] - tensor.zero_point);
    }
}

// One image's numbers of a tensor, packed.
std::vector<float> packed(const movenet_tensor& tensor, int image, int channels, int grid) {
    std::vector<float> numbers;
    for (int cell = 0; cell < channels * grid * grid; ++cell) {
        const std::int64_t index = place(tensor, cell / (grid * grid), cell / grid % grid, cell % grid);
        numbers.push_back(number_at(tensor, image * tensor.image_step + index));
    }
    return numbers;
}

// The points of heads that the library takes, by the plain pass.
std::vector<float> plain_points(const movenet_heads& heads) {
    std::vector<float> points;
    for (int image = 0; image < heads.images; ++image) {
        Maps maps(heads.keypoints, heads.grid);
        maps.heatmap = packed(heads.heatmap, image, heads.keypoints, heads.grid);
        maps.center = packed(heads.center, image, 1, heads.grid);
        maps.reg = packed(heads.reg, image, 2 * heads.keypoints, heads.grid);
        maps.offset = packed(heads.offset, image, 2 * heads.keypoints, heads.grid);
        const std::vector<float> found = plain_decode(maps, static_cast<movenet_values>(heads.values));
        points.insert(points.end(), found.begin(), found.end());
    }
    return points;
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
    heads.images = shape & 1 ? input.take<std::int32_t>() : 1 + (shape >> 7);
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
        if (tensor.type == MOVENET_FLOAT32 && shape & 64) {
            fill_with_floats(blocks[i], input, i >= 2);
        } else {
            fill_with_bits(blocks[i], input);
        }
        tensor.data = blocks[i].data() + (fits ? before * bytes : 0);
    }
    const double cells = double{1} * heads.images * heads.keypoints * heads.grid * heads.grid;
    readable = readable && heads.images > 0 && heads.keypoints > 0 && heads.grid > 0 && cells <= kMostCells;
    constexpr float untouched = -123.0f;
    std::vector<float> points(readable ? std::size_t{3} * heads.images * heads.keypoints : 1, untouched);
    const std::vector<float> nothing_written = points;
    // Frames are all checked before the first is decoded.
    const movenet_heads frames[] = {heads, movenet_heads{}};
    const movenet_status refused = movenet_decode_frames(frames, 2, points.data());
    fail_unless(refused != MOVENET_OK && *movenet_status_message(refused) && points == nothing_written);
    if (readable) {
        const movenet_status status = movenet_decode(&heads, points.data());
        fail_unless(points == (status == MOVENET_OK ? plain_points(heads) : nothing_written));
    }
    return 0;
}
