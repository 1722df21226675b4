"""What a network saves that hands over logits: its ONNX model with and without the sigmoids of heatmap and center.

    python benchmarks/logits.py [--weights weights/default] [--rounds 200]

Both take turns within one run, one thread. What logits cost the decoder is in `benchmarks/decode.py`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from rich.console import Console
from rich.table import Table

from movenet.metadata import ONNX_FILE


def without_sigmoids(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with logits under the names of those outputs that end in a sigmoid.

    Raises:
        ValueError: if no output does.
    """
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    outputs = {output.name for output in bare.graph.output}
    sigmoids = [node for node in bare.graph.node if node.op_type == "Sigmoid" and node.output[0] in outputs]
    if not sigmoids:
        raise ValueError("no output of the model ends in a sigmoid: it hands over logits already")
    for sigmoid in sigmoids:
        for node in bare.graph.node:
            renamed = [sigmoid.output[0] if name == sigmoid.input[0] else name for name in node.output]
            node.output[:] = renamed
        bare.graph.node.remove(sigmoid)
    return bare


def load(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def measure(models: dict[str, onnx.ModelProto], rounds: int) -> dict[str, np.ndarray]:
    """Milliseconds of each model's runs on a picture of noise, float [rounds]."""
    sessions = {name: load(model) for name, model in models.items()}
    shape = next(iter(sessions.values())).get_inputs()[0].shape
    picture = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, session in sessions.items():
            feed = {session.get_inputs()[0].name: picture}
            session.run(None, feed)  # brings the model into the caches
            start = time.perf_counter()
            session.run(None, feed)
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: np.array(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("weights/default"), help="exported model with ONNX")
    parser.add_argument("--rounds", type=int, default=200, help="timed runs of each model")
    arguments = parser.parse_args()
    model = onnx.load(arguments.weights / ONNX_FILE)
    times = measure({"with sigmoids": model, "logits": without_sigmoids(model)}, arguments.rounds)
    table = Table("network", "fastest, ms", "median, ms", title="heatmap and center of the network")
    for name, values in times.items():
        table.add_row(name, f"{values.min():.3f}", f"{np.median(values):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
