#!/bin/sh
# Makes sure that doctest, the C++ tests' framework, is there; installs Debian's package where that is allowed.
set -eu

if echo '#include <doctest/doctest.h>' | c++ -E -x c++ - >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && apt-get install -y -q doctest-dev
else
    echo "error: the C++ tests need doctest: sudo apt-get install doctest-dev" >&2
    exit 2
fi
