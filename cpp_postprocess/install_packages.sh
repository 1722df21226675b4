#!/bin/sh
# Makes sure that tools and headers of the C++ builds are there: installs Debian's packages where that is allowed.
#
#   install_packages.sh PACKAGE...
set -eu

has_header() { echo "#include <$1>" | c++ -std=c++17 -E -x c++ - >/dev/null 2>&1; }
has_command() { command -v "$1" >/dev/null; }

missing=
for package; do
    case "$package" in
        doctest-dev) has_header doctest/doctest.h ;;
        nlohmann-json3-dev) has_header nlohmann/json.hpp ;;
        libstb-dev) has_header stb/stb_image.h ;;
        crossbuild-essential-arm64) has_command aarch64-linux-gnu-g++ ;;
        crossbuild-essential-armhf) has_command arm-linux-gnueabihf-g++ ;;
        qemu-user) has_command qemu-aarch64 && has_command qemu-arm ;;
        *) echo "error: $0 does not know how to look for '$package'" >&2; exit 2 ;;
    esac || missing="$missing $package"
done

if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && has_command apt-get; then
    apt-get update -q && apt-get install -y -q --no-install-recommends $missing
else
    echo "error: packages are missing: sudo apt-get install$missing" >&2
    exit 2
fi
