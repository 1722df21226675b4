// Milliseconds since the last look.

#ifndef MOVENET_APP_STOPWATCH_H
#define MOVENET_APP_STOPWATCH_H

#include <chrono>

namespace movenet::app {

class Stopwatch {
public:
    double lap_ms() {
        const auto now = std::chrono::steady_clock::now();
        const double lap = std::chrono::duration<double, std::milli>(now - last_).count();
        last_ = now;
        return lap;
    }

private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace movenet::app

#endif  // MOVENET_APP_STOPWATCH_H
