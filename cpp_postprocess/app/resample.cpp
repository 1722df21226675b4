#include "resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "error.h"

namespace movenet::app {

namespace {

constexpr int kChannels = 3;
constexpr int kWeightBits = 11;  // OpenCV's: weights are multiples of 1 / 2048

}  // namespace

Resampler::Resampler(int size_px) : size_px_(size_px) {
    if (size_px < 1 || size_px > kMaxSidePx) {
        throw Error("a network input of " + std::to_string(size_px) + " pixels: must be within 1 .. " +
                    std::to_string(kMaxSidePx));
    }
    columns_.resize(size_px);
    rows_.resize(size_px);
    for (auto& row : stretched_) {
        row.resize(std::size_t{kChannels} * size_px);
    }
}

Square Resampler::extract(const Frame& frame, const Square& square, std::uint8_t* rgb) {
    if (!(square.side_px >= 0 && square.side_px <= 2 * kMaxSidePx)) {
        throw Error("a square of " + std::to_string(square.side_px) + " pixels cannot be cut out of a frame");
    }
    const double ratio = square.side_px / size_px_;
    const int halvings = ratio < 2 ? 0 : static_cast<int>(std::floor(std::log2(ratio)));
    const Square cut = snapped(square, 1 << halvings);
    const std::size_t input_bytes = std::size_t{kChannels} * size_px_ * size_px_;
    const bool touches = cut.left_px() < frame.layout.width_px && cut.left_px() + cut.side_px > 0 &&
                         cut.top_px() < frame.layout.height_px && cut.top_px() + cut.side_px > 0;
    if (!touches) {  // NaN and places beyond int's range, too
        std::memset(rgb, 0, input_bytes);
        return cut;
    }
    frame_ = frame;
    left_px_ = static_cast<int>(cut.left_px());
    top_px_ = static_cast<int>(cut.top_px());
    prepare(halvings, static_cast<int>(cut.side_px));
    for (int y = 0; y < size_px_; ++y, rgb += std::size_t{kChannels} * size_px_) {
        const Tap& tap = rows_[y];
        const std::int32_t* first = stretched_row(tap.first);
        const std::int32_t* second = stretched_row(tap.second);
        for (int i = 0; i < kChannels * size_px_; ++i) {
            // Shifted in this order, as OpenCV's vectorised loops do to stay within 16 bits.
            const std::int32_t sum =
                (tap.first_weight * (first[i] >> 4) >> 16) + (tap.second_weight * (second[i] >> 4) >> 16);
            rgb[i] = static_cast<std::uint8_t>((sum + 2) >> 2);
        }
    }
    return cut;
}

void Resampler::prepare(int num_halvings, int side_px) {
    side_px_ = side_px;
    // Twice as large to the pixel (a square that was snapped up): bilinear is the mean of four there, like a halving.
    num_halvings_ = side_px == (2 * size_px_) << num_halvings ? num_halvings + 1 : num_halvings;
    reserve_rows();
    stretched_y_[0] = stretched_y_[1] = -1;
    const int halved_px = side_px >> num_halvings_;
    if (halved_px == tapped_side_px_) {
        return;
    }
    tapped_side_px_ = halved_px;
    const double scale = static_cast<double>(halved_px) / size_px_;
    for (int i = 0; i < size_px_; ++i) {
        // Centers of pixels lie at halves.
        const auto place = static_cast<float>((i + 0.5) * scale - 0.5);
        const auto first = static_cast<int>(std::floor(place));
        const float share = place - static_cast<float>(first);
        constexpr float kOne = 1 << kWeightBits;
        const int last = halved_px - 1;
        rows_[i] = {std::clamp(first, 0, last), std::clamp(first + 1, 0, last),
                    static_cast<std::int32_t>(std::nearbyint((1 - share) * kOne)),
                    static_cast<std::int32_t>(std::nearbyint(share * kOne))};
        columns_[i] = rows_[i];
        if (first < 0 || first >= last) {
            columns_[i].first_weight = 1 << kWeightBits;
            columns_[i].second_weight = 0;
        }
    }
}

// Room for every square that is no larger, whatever its number of halvings, so that none of them allocates.
void Resampler::reserve_rows() {
    upper_.resize(std::max<std::size_t>(upper_.size(), num_halvings_ + 1));
    lower_.resize(upper_.size());
    const std::size_t row_bytes = std::size_t{kChannels} * (side_px_ + (1 << num_halvings_));
    source_.reserve(row_bytes);
    sums_.reserve(row_bytes);
    for (std::size_t i = 0; i < upper_.size(); ++i) {
        upper_[i].reserve(row_bytes);
        lower_[i].reserve(row_bytes);
    }
}

// Row y of the square as RGB, black outside the frame.
void Resampler::read_row(int y, Row& row) const {
    row.resize(std::size_t{kChannels} * side_px_);
    const int frame_y = top_px_ + y;
    const int begin = std::max(left_px_, 0), end = std::min(left_px_ + side_px_, frame_.layout.width_px);
    if (frame_y < 0 || frame_y >= frame_.layout.height_px) {
        std::memset(row.data(), 0, row.size());
        return;
    }
    const std::size_t before = std::size_t{kChannels} * (begin - left_px_);
    const std::size_t inside = std::size_t{kChannels} * (end - begin);
    std::memset(row.data(), 0, before);
    read_rgb_row(frame_, begin, frame_y, end - begin, row.data() + before);
    std::memset(row.data() + before + inside, 0, row.size() - before - inside);
}

// Row y of the square after so many halvings.
void Resampler::halved_row(int halvings, int y, Row& row) {
    if (halvings == 0) {
        read_row(y, row);
        return;
    }
    Row& upper = upper_[halvings - 1];
    Row& lower = lower_[halvings - 1];
    halved_row(halvings - 1, 2 * y, upper);
    halved_row(halvings - 1, 2 * y + 1, lower);
    sums_.resize(std::max(sums_.size(), upper.size()));
    for (std::size_t i = 0; i < upper.size(); ++i) {
        sums_[i] = static_cast<std::uint16_t>(upper[i] + lower[i]);
    }
    row.resize(upper.size() / 2);
    const std::uint16_t* sums = sums_.data();
    for (std::size_t x = 0; x < row.size(); x += kChannels, sums += 2 * kChannels) {
        for (int channel = 0; channel < kChannels; ++channel) {
            row[x + channel] = static_cast<std::uint8_t>((sums[channel] + sums[kChannels + channel] + 2) >> 2);
        }
    }
}

// Row y, halved, with its columns resampled; times 2048. Rows are asked for downwards, the last two stay.
const std::int32_t* Resampler::stretched_row(int y) {
    for (int i : {0, 1}) {
        if (stretched_y_[i] == y) {
            return stretched_[i].data();
        }
    }
    const int slot = stretched_y_[0] < stretched_y_[1] ? 0 : 1;
    stretched_y_[slot] = y;
    halved_row(num_halvings_, y, source_);
    std::int32_t* out = stretched_[slot].data();
    for (const Tap& tap : columns_) {
        const std::uint8_t* first = source_.data() + std::size_t{kChannels} * tap.first;
        const std::uint8_t* second = source_.data() + std::size_t{kChannels} * tap.second;
        for (int channel = 0; channel < kChannels; ++channel) {
            *out++ = first[channel] * tap.first_weight + second[channel] * tap.second_weight;
        }
    }
    return stretched_[slot].data();
}

}  // namespace movenet::app
