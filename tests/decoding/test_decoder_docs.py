"""docs/decoder.md shows the program that the C++ tests build and run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_c_example_of_the_docs_is_the_one_that_is_compiled():
    blocks = re.findall(r"```c\n(.*?)```", (ROOT / "docs/decoder.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks == [(ROOT / "cpp_postprocess/examples/decode.c").read_text(encoding="utf-8")]
