"""A stand-in for setuptools while `build.sh` downloads ncnn; see `build_meta`."""
