// Y'CbCr to R'G'B' as cameras and video send it: ITU-R BT.601-7, 8 bits, Y' in 16..235, Cb and Cr in 16..240.

#ifndef MOVENET_APP_COLOUR_H
#define MOVENET_APP_COLOUR_H

#include <cstdint>

namespace movenet::app {

// BT.601-7 table 3: E'Y = 0.299 R + 0.587 G + 0.114 B, Cb = (B - E'Y) / 1.772, Cr = (R - E'Y) / 1.402; solved for R, G
// and B, with (Y' - 16) / 219 and (C - 128) / 224 put in for the analogue values:
//
//     R = 255/219 (Y' - 16) + 255/224 * 1.402 (Cr - 128)
//     G = 255/219 (Y' - 16) - 255/224 * (1.772 * 0.114 / 0.587) (Cb - 128) - 255/224 * (1.402 * 0.299 / 0.587) (Cr -
//     128) B = 255/219 (Y' - 16) + 255/224 * 1.772 (Cb - 128)
namespace bt601 {

constexpr int kFractionBits = 20;

constexpr std::int32_t fixed(double factor) {
    return static_cast<std::int32_t>(factor * (1 << kFractionBits) + 0.5);
}

constexpr std::int32_t kLuma = fixed(255.0 / 219);
constexpr std::int32_t kCrRed = fixed(255.0 / 224 * 1.402);
constexpr std::int32_t kCbGreen = fixed(255.0 / 224 * 1.772 * 0.114 / 0.587);
constexpr std::int32_t kCrGreen = fixed(255.0 / 224 * 1.402 * 0.299 / 0.587);
constexpr std::int32_t kCbBlue = fixed(255.0 / 224 * 1.772);

constexpr std::uint8_t to_byte(std::int32_t fixed_point) {
    const std::int32_t value = (fixed_point + (1 << (kFractionBits - 1))) >> kFractionBits;
    return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace bt601

// What a pair or a block of pixels shares: the colour's part of red, green and blue.
struct Chroma {
    std::int32_t red, green, blue;
};

inline Chroma chroma(std::uint8_t cb, std::uint8_t cr) {
    const std::int32_t u = cb - 128, v = cr - 128;
    return {bt601::kCrRed * v, -bt601::kCbGreen * u - bt601::kCrGreen * v, bt601::kCbBlue * u};
}

inline void write_rgb(std::uint8_t luma, const Chroma& colour, std::uint8_t* rgb) {
    const std::int32_t grey = bt601::kLuma * (luma - 16);
    rgb[0] = bt601::to_byte(grey + colour.red);
    rgb[1] = bt601::to_byte(grey + colour.green);
    rgb[2] = bt601::to_byte(grey + colour.blue);
}

}  // namespace movenet::app

#endif  // MOVENET_APP_COLOUR_H
