# 32-bit ARM with NEON, from any Debian or Ubuntu machine: apt-get install crossbuild-essential-armhf
#
#   cmake -S . -B build/armhf -DCMAKE_TOOLCHAIN_FILE=$PWD/cpp_postprocess/cmake/toolchains/arm-linux-gnueabihf.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)

# Debian's armhf does without NEON, and ncnn would be many times slower. With NEON it is every Cortex-A, from A8 on;
# what VFPv4 adds (Cortex-A7 and later: Raspberry Pi 2) ncnn finds out when it runs.
set(CMAKE_C_FLAGS_INIT "-march=armv7-a -mfpu=neon")
set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a -mfpu=neon")

# The host's programs, the target's libraries.
set(CMAKE_FIND_ROOT_PATH /usr/arm-linux-gnueabihf /usr/lib/gcc-cross/arm-linux-gnueabihf)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Packages built for the target lie outside of the compiler's folders: ncnn_DIR, CMAKE_PREFIX_PATH.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm)
