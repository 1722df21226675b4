// SHA-256 of a file's bytes (FIPS 180-4), to tell a copied model from a broken one.

#ifndef MOVENET_APP_SHA256_H
#define MOVENET_APP_SHA256_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace movenet::app {

// 64 hexadecimal digits, lower case.
std::string sha256_hex(const std::uint8_t* bytes, std::size_t size);

}  // namespace movenet::app

#endif  // MOVENET_APP_SHA256_H
