"""Builds `movenet._postprocess`, the compiled decoder, by CMake. All other settings are in pyproject.toml."""

import shutil
import subprocess
import sys
from pathlib import Path

import pybind11
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent


class CMakeBuild(build_ext):
    """Configures and builds the root CMakeLists.txt and installs its Python module beside the package's files."""

    def build_extension(self, ext: Extension) -> None:
        cmake = shutil.which("cmake")
        if cmake is None:
            raise RuntimeError(
                "building the decoder needs CMake 3.18 or later and a C++17 compiler "
                "(Debian and Ubuntu: apt-get install cmake g++; anywhere: pip install cmake)"
            )
        build_dir = Path(self.build_temp).resolve() / "postprocess"
        package_dir = Path(self.get_ext_fullpath(ext.name)).resolve().parent
        config = "Debug" if self.debug else "Release"
        configure = [
            *("-S", ROOT, "-B", build_dir),
            f"-DCMAKE_BUILD_TYPE={config}",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            "-DBUILD_SHARED_LIBS=OFF",
            "-DMOVENET_PYTHON=ON",
            "-DMOVENET_TESTS=OFF",
        ]
        subprocess.run([cmake, *configure], check=True)
        subprocess.run([cmake, "--build", build_dir, "--config", config], check=True)
        install = ["--install", build_dir, "--config", config, "--component", "python", "--prefix", package_dir]
        subprocess.run([cmake, *install], check=True)


setup(
    ext_modules=[Extension("movenet._postprocess", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
