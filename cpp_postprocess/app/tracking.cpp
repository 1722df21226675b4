#include "tracking.h"

#include <algorithm>
#include <cmath>

namespace movenet::app {

namespace {

constexpr float kMinScore = 0.2f;
constexpr double kTorsoMargin = 1.9;
constexpr double kBodyMargin = 1.2;

// How far a point is from a center, along the axis on which it is farther.
double reach(const Keypoint& point, double center_x, double center_y) {
    return std::max(std::abs(point.x - center_x), std::abs(point.y - center_y));
}

}  // namespace

std::optional<TorsoChannels> find_torso(const std::vector<std::string>& keypoint_names) {
    TorsoChannels torso;
    const struct {
        const char* name;
        int* channel;
    } wanted[] = {{"left_shoulder", &torso.left_shoulder},
                  {"right_shoulder", &torso.right_shoulder},
                  {"left_hip", &torso.left_hip},
                  {"right_hip", &torso.right_hip}};
    for (const auto& [name, channel] : wanted) {
        const auto found = std::find(keypoint_names.begin(), keypoint_names.end(), name);
        if (found == keypoint_names.end()) {
            return std::nullopt;
        }
        *channel = static_cast<int>(found - keypoint_names.begin());
    }
    return torso;
}

Square next_square(const std::vector<Keypoint>& points_px, const TorsoChannels& torso, int width_px, int height_px) {
    const Keypoint& left_hip = points_px[torso.left_hip];
    const Keypoint& right_hip = points_px[torso.right_hip];
    const Keypoint& left_shoulder = points_px[torso.left_shoulder];
    const Keypoint& right_shoulder = points_px[torso.right_shoulder];
    const bool torso_visible = (left_hip.score > kMinScore || right_hip.score > kMinScore) &&
                               (left_shoulder.score > kMinScore || right_shoulder.score > kMinScore);
    const Square whole = letterbox_square(width_px, height_px);
    if (!torso_visible) {
        return whole;
    }
    const double center_x = (double{left_hip.x} + right_hip.x) / 2;
    const double center_y = (double{left_hip.y} + right_hip.y) / 2;
    double half = 0;
    for (const Keypoint* point : {&left_shoulder, &right_shoulder, &left_hip, &right_hip}) {
        half = std::max(half, kTorsoMargin * reach(*point, center_x, center_y));
    }
    for (const Keypoint& point : points_px) {
        if (point.score >= kMinScore) {
            half = std::max(half, kBodyMargin * reach(point, center_x, center_y));
        }
    }
    half = std::min(half, std::max({center_x, width_px - center_x, center_y, height_px - center_y}));
    // Written so that a NaN ends here as well.
    const bool fits = half <= std::max(width_px, height_px) / 2.0 && std::isfinite(center_x) && std::isfinite(center_y);
    return fits ? Square{center_x, center_y, 2 * half} : whole;
}

}  // namespace movenet::app
