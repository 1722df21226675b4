#!/bin/sh
# Makes sure that the headers are there that the C++ tests need: doctest, their framework, and those of the
# application's logic. Installs Debian's packages where that is allowed.
set -eu

packages=
need() { # header, package
    echo "#include <$1>" | c++ -std=c++17 -E -x c++ - >/dev/null 2>&1 || packages="$packages $2"
}
need doctest/doctest.h doctest-dev
need nlohmann/json.hpp nlohmann-json3-dev
need stb/stb_image.h libstb-dev

if [ -z "$packages" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && apt-get install -y -q --no-install-recommends $packages
else
    echo "error: the C++ tests need: sudo apt-get install$packages" >&2
    exit 2
fi
