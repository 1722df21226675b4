#!/usr/bin/env bash
# Builds ncnn from its published source package, with only the layers that exported networks use (layers.txt): a static
# library, its headers and its CMake package (find_package(ncnn)).
#
#   build.sh native|arm64|armhf PREFIX [CMAKE_OPTION ...]
#
# `native` is the machine that it runs on. It needs CMake, a compiler for the architecture and, once, pip: PYTHON
# (python3) is the one whose pip downloads the package, into the folder `download` beside PREFIX. JOBS (the number of
# CPUs) compilers run at once. A PREFIX that is up to date is left alone.
set -euo pipefail

usage="usage: build.sh native|arm64|armhf PREFIX [CMAKE_OPTION ...]"
architecture=${1:?$usage}
prefix=$(realpath -m "${2:?$usage}")
shift 2
here=$(dirname "$(realpath "$0")")
toolchains=$here/../cmake/toolchains

case "$architecture" in
    native) compiler=c++ package=g++ toolchain= ;;
    arm64) compiler=aarch64-linux-gnu-g++ package=crossbuild-essential-arm64 toolchain=aarch64-linux-gnu.cmake ;;
    armhf) compiler=arm-linux-gnueabihf-g++ package=crossbuild-essential-armhf toolchain=arm-linux-gnueabihf.cmake ;;
    *) echo "error: unknown architecture '$architecture'; $usage" >&2; exit 2 ;;
esac
if ! command -v "$compiler" >/dev/null; then
    echo "error: there is no $compiler. On Debian and Ubuntu: apt-get install $package" >&2
    exit 2
fi

# What the result depends on.
inputs=$( (cat "$0" "$here"/{layers,requirements}.txt ${toolchain:+"$toolchains/$toolchain"}
    "$compiler" --version; echo "$@") | sha256sum)
stamp=$prefix/build-inputs.sha256
if [ "$(cat "$stamp" 2>/dev/null)" = "$inputs" ]; then
    exit 0
fi

# The source ----------------------------------------------------------------------------------------------------------

read -r requirement hash < <(grep '^ncnn==' "$here/requirements.txt")
version=${requirement#ncnn==}
download=$(dirname "$prefix")/download
archive=$download/ncnn-$version.tar.gz
if [ ! -f "$archive" ]; then
    PYTHONPATH=$here/sdist_backend "${PYTHON:-python3}" -m pip --disable-pip-version-check -q download \
        --no-deps --no-binary :all: --no-build-isolation --require-hashes -r "$here/requirements.txt" -d "$download"
fi
echo "${hash#--hash=sha256:}  $archive" | sha256sum --check --quiet
build=$prefix/build
rm -rf "$prefix"
mkdir -p "$build/source"
tar -xzf "$archive" -C "$build/source" --strip-components=1

# The layers ----------------------------------------------------------------------------------------------------------

mapfile -t wanted < <(grep -v '^#' "$here/layers.txt" | grep .)
mapfile -t existing < <(sed -nE 's/^ncnn_add_layer\((\w+).*/\1/p' "$build/source/src/CMakeLists.txt")
for layer in "${wanted[@]}"; do
    if [[ " ${existing[*]} " != *" $layer "* ]]; then
        echo "error: $here/layers.txt: ncnn $version has no layer '$layer'" >&2
        exit 2
    fi
done
options=()
for layer in "${existing[@]}"; do
    [[ " ${wanted[*]} " == *" $layer "* ]] && state=ON || state=OFF
    options+=("-DWITH_LAYER_${layer,,}=$state")
done

# The build -----------------------------------------------------------------------------------------------------------

options+=(
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    # The linker can then leave out functions that nobody calls.
    "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG -ffunction-sections -fdata-sections"
    # Otherwise today's date.
    -DNCNN_VERSION="${version##*.}"
    -DNCNN_BUILD_{TOOLS,EXAMPLES,BENCHMARK,TESTS}=OFF
    # No GPU.
    -DNCNN_VULKAN=OFF
    # Threads by the compiler's own OpenMP.
    -DNCNN_OPENMP=ON -DNCNN_SIMPLEOMP=OFF
    # Models are files, their layers have names, and damaged ones are noticed.
    -DNCNN_STDIO=ON -DNCNN_STRING=ON -DNCNN_VALIDATION=ON
    # What is left unused: pictures are resampled elsewhere, weights are float32 or float16.
    -DNCNN_C_API=OFF -DNCNN_BATCH=OFF -DNCNN_PIXEL{,_ROTATE,_AFFINE,_DRAWING}=OFF -DNCNN_{INT8,WEIGHT_QUANT,BF16}=OFF
    # One library for all CPUs: it chooses when it runs. On by themselves, where they exist: on ARM, half precision from
    # VFPv4 (storing) and ARMv8.2 (computing) on; on x86 up to AVX2. What few boards have costs compile time and size.
    -DNCNN_RUNTIME_CPU=ON -DNCNN_{ARM82DOT,ARM82FP16FML,AVX512,AVXVNNI,AVXNECONVERT,XOP,FMA4}=OFF
)
if [ -n "$toolchain" ]; then
    options+=(-DCMAKE_TOOLCHAIN_FILE="$(realpath "$toolchains/$toolchain")")
fi
log=$build/log.txt
echo "building ncnn $version for $architecture, ${#wanted[@]} layers; what the compiler says goes to $log"
SECONDS=0
# Of options given twice the last one counts.
if ! { cmake -S "$build/source" -B "$build" --no-warn-unused-cli "${options[@]}" "$@" &&
    cmake --build "$build" --parallel "${JOBS:-$(nproc)}" && cmake --install "$build"; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "error: ncnn was not built; all of it: $log" >&2
    exit 1
fi
rm -rf "$build"
echo "$inputs" >"$stamp"
echo "ncnn: $(du -k "$prefix/lib/libncnn.a" | cut -f1) KiB in $SECONDS s: $prefix"
