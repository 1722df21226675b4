// The application's one exception: a fact that the user can mend, in a line that says what to do. main() alone turns it
// into a message and exit status 2.

#ifndef MOVENET_APP_ERROR_H
#define MOVENET_APP_ERROR_H

#include <stdexcept>

namespace movenet::app {

struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_ERROR_H
