# 64-bit ARM, from any Debian or Ubuntu machine: apt-get install crossbuild-essential-arm64
#
#   cmake -S . -B build/aarch64 -DCMAKE_TOOLCHAIN_FILE=$PWD/cpp_postprocess/cmake/toolchains/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# The host's programs, the target's libraries.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu /usr/lib/gcc-cross/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Packages built for the target lie outside of the compiler's folders: ncnn_DIR, CMAKE_PREFIX_PATH.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
