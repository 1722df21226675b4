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
# The decoder's sources: a change builds its Python module again.
CPP_SOURCES := setup.py CMakeLists.txt $(shell find cpp_postprocess -type f \( -name '*.cpp' -o -name '*.h' -o -name CMakeLists.txt \))
DEMO := demo-output
FUZZ_SECONDS ?= 600
FUZZ = -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 -artifact_prefix=build/fuzz/
SANITIZE := -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-O1
# One thread: several threads a process on few cores are slower, and tests run faster alone.
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test test-python test-cpp test-sanitize fuzz fuzz-decode fuzz-app fuzz-build lint format benchmark \
    window clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/runtime.stamp ## find the people in two photographs of scikit-image
	$(BIN)/python examples/demo_pictures.py $(DEMO)/pictures
	$(BIN)/python demo.py --source $(DEMO)/pictures --output $(DEMO)/poses --jsonl $(DEMO)/poses.jsonl --no-display

test: test-cpp test-python ## all tests, C++ and Python

test-python: $(VENV)/dev.stamp
	$(BIN)/python -m pytest $(PYTEST)

test-cpp: $(VENV)/dev.stamp
	./cpp_postprocess/tests/install_packages.sh
	cmake -S . -B $(CPP_BUILD) -DMOVENET_WERROR=ON
	cmake --build $(CPP_BUILD)
	ctest --test-dir $(CPP_BUILD) --output-on-failure --no-tests=error

test-sanitize: ## the C++ tests under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer
	./cpp_postprocess/tests/install_packages.sh
	cmake -S . -B build/asan $(SANITIZE) -DMOVENET_SANITIZE=address,undefined
	cmake --build build/asan --target movenet_tests --target movenet_app_tests
	build/asan/cpp_postprocess/movenet_tests
	build/asan/cpp_postprocess/app/movenet_app_tests
	cmake -S . -B build/tsan $(SANITIZE) -DMOVENET_SANITIZE=thread
	cmake --build build/tsan --target movenet_tests
	build/tsan/cpp_postprocess/movenet_tests --test-case="*threads*"

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
