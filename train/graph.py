"""Writes the encoder as an ONNX graph for the CPU: integer products, and onnxruntime's operators in one piece.

Weights are stored as int8 with one scale a column. Products are taken in integers, each token's row cut to 8 bits with
a scale of its own, so that batch mates, order and cores change nothing (onnxruntime's own dynamic quantisation takes
one scale for the whole batch). `eval/speed.py` prints the speed beside the float encoder's, and how near the states
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]
LAYERS, HIDDEN, WIDE, HEADS = 6, 384, 1536, 12
EPSILON = 1e-12
MICROSOFT = "com.microsoft"
# Weights use 63 of int8's 127 steps: on processors without VNNI, sums of two 8-bit products overflow 16 bits otherwise.
WEIGHT_STEPS = 63
CONSTANTS = {
    "steps": np.array(127, np.float32),
    "middle": np.array(128, np.uint8),
    "unit": np.array(1, np.float32),
    "tiny": np.array(1e-8, np.float32),
    "nought": np.array(0, np.int64),
    "first": np.array([0], np.int64),
    "second": np.array([1], np.int64),
    "third": np.array([2], np.int64),
    "thirds": np.array([HIDDEN] * 3, np.int64),
}


class Graph:
    """Nodes and stored matrices as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self._cut: set[str] = set()
        for name, value in CONSTANTS.items():
            self.store(name, value)

    def store(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, given: Sequence[str], out: str | list[str], domain: str = "", **settings: object) -> str:
        outs = [out] if isinstance(out, str) else out
        self.nodes.append(helper.make_node(kind, list(given), outs, domain=domain, **settings))
        return outs[0]

    def look_up(self, weight: Array, ids: str, out: str) -> str:
        """Looks rows up in a table that is stored as int8 with one scale a row."""
        scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-8).astype(np.float32) / 127
        table = self.store(f"{out}_table", np.rint(weight / scale).astype(np.int8))
        self.add("Gather", [table, ids], f"{out}_small")
        self.add("Cast", [f"{out}_small"], f"{out}_cast", to=TensorProto.FLOAT)
        self.add("Gather", [self.store(f"{out}_scale", scale), ids], f"{out}_by")
        return self.add("Mul", [f"{out}_cast", f"{out}_by"], out)

    def product(self, x: str, weight: Array, out: str) -> str:
        """Multiplies [tokens, in] by [out, in] transposed, in integers; no bias."""
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8).astype(np.float32) / WEIGHT_STEPS
        small = self.store(f"{out}_int8", np.rint(weight / scale[:, None]).astype(np.int8).T)
        self._cut_rows(x)
        given = [f"{x}_rows", small, "unit", self.store(f"{out}_scale", scale), "middle"]
        self.add("MatMulIntegerToFloat", given, f"{out}_sum", MICROSOFT)
        return self.add("Mul", [f"{out}_sum", f"{x}_step"], out)

    def _cut_rows(self, x: str) -> None:
        """Cuts each row to 8 bits by its largest size; rows of one input are cut once."""
        if x in self._cut:
            return
        self._cut.add(x)
        self.add("ReduceMax", [x], f"{x}_most", axes=[1], keepdims=0)
        self.add("ReduceMin", [x], f"{x}_least", axes=[1], keepdims=0)
        self.add("Neg", [f"{x}_least"], f"{x}_turned")
        self.add("Max", [f"{x}_most", f"{x}_turned", "tiny"], f"{x}_top")
        self.add("Div", [f"{x}_top", "steps"], f"{x}_by")
        self.add("Shape", [f"{x}_by"], f"{x}_count")
        middle = numpy_helper.from_array(np.array([128], np.uint8))
        self.add("ConstantOfShape", [f"{x}_count"], f"{x}_middles", value=middle)
        self.add("QuantizeLinear", [x, f"{x}_by", f"{x}_middles"], f"{x}_rows", axis=0)
        self.add("Unsqueeze", [f"{x}_by", "second"], f"{x}_step")

    def shaped(self, x: str, like: str, width: int, out: str) -> str:
        """Gives [tokens, width] the batch and length of `like` back, or flattens where `like` is empty."""
        if not like:
            return self.add("Reshape", [x, self.store(f"{out}_flat", np.array([-1, width], np.int64))], out)
        shape = self.add("Concat", [like, self.store(f"{out}_width", np.array([width], np.int64))], f"{out}_to", axis=0)
        return self.add("Reshape", [x, shape], out)

    def added_norm(self, parts: Sequence[str], weights: Mapping[str, Array], name: str, out: str) -> str:
        """Sums the parts and normalises; plain operators, since the fused one is slower."""
        total = parts[0]
        for number, part in enumerate(parts[1:]):
            total = self.add("Add", [total, part], f"{out}_sum{number}")
        gain = self.store(f"{out}_gain", weights[f"{name}.weight"])
        shift = self.store(f"{out}_shift", weights[f"{name}.bias"])
        return self.add("LayerNormalization", [total, gain, shift], out, epsilon=EPSILON)


def _embedded(graph: Graph, weights: Mapping[str, Array]) -> str:
    """Sums what is known of each token: its word, place, case and mark. [tokens, hidden], flat."""
    words = graph.look_up(weights["encoder.words.weight"], "tokens", "words")
    graph.add("Shape", ["tokens"], "shape")
    graph.add("Slice", ["shape", "second", "third", "first"], "length")
    places = graph.store("all_places", weights["encoder.places.weight"])
    graph.add("Slice", [places, "first", "length", "first"], "places")
    cases = graph.add("Gather", [graph.store("all_cases", weights["encoder.cases.weight"]), "cases"], "case")
    marks = graph.add("Gather", [graph.store("all_marks", weights["encoder.marks.weight"]), "marks"], "mark")
    normal = graph.added_norm([words, "places", cases, marks], weights, "encoder.norm", "embedded")
    return graph.shaped(normal, "", HIDDEN, "layer0")


def _layer(graph: Graph, weights: Mapping[str, Array], number: int) -> str:
    x, out, name = f"layer{number}", f"layer{number + 1}", f"encoder.layers.{number}"
    three = ("query", "key", "value")
    joined = np.concatenate([weights[f"{name}.{part}.weight"] for part in three])
    bias = np.concatenate([weights[f"{name}.{part}.bias"] for part in three])
    graph.shaped(graph.product(x, joined, f"{out}_three"), "shape", 3 * HIDDEN, f"{out}_asked")
    sides = [f"{out}_{part}" for part in three]
    graph.add("Split", [f"{out}_asked", "thirds"], sides, axis=-1)
    given = [*sides, graph.store(f"{out}_bias", bias), "seen"]
    graph.add("MultiHeadAttention", given, f"{out}_heads", MICROSOFT, num_heads=HEADS)
    graph.shaped(f"{out}_heads", "", HIDDEN, f"{out}_mixed")
    mixed = graph.product(f"{out}_mixed", weights[f"{name}.out.weight"], f"{out}_out")
    shift = graph.store(f"{out}_out_bias", weights[f"{name}.out.bias"])
    graph.added_norm([mixed, shift, x], weights, f"{name}.norm1", f"{out}_half")
    wide = graph.product(f"{out}_half", weights[f"{name}.up.weight"], f"{out}_up")
    up = graph.store(f"{out}_up_bias", weights[f"{name}.up.bias"])
    graph.add("BiasGelu", [wide, up], f"{out}_wide", MICROSOFT)
    narrow = graph.product(f"{out}_wide", weights[f"{name}.down.weight"], f"{out}_down")
    shift = graph.store(f"{out}_down_bias", weights[f"{name}.down.bias"])
    return graph.added_norm([narrow, shift, f"{out}_half"], weights, f"{name}.norm2", out)


def _head(graph: Graph, weights: Mapping[str, Array], name: str) -> None:
    """Adds a small head in floats on the states."""
    product = graph.add("MatMul", ["states", graph.store(f"{name}_weight", weights[f"{name}.weight"].T)], f"{name}_sum")
    graph.add("Add", [product, graph.store(f"{name}_bias", weights[f"{name}.bias"])], name)


def write_encoder(weights: Mapping[str, Array], path: Path) -> None:
    """Writes the graph: tokens, cases and marks [batch, length] to states, tags and speech [batch, length, ...]."""
    graph = Graph()
    graph.add("Equal", ["tokens", "nought"], "empty")
    graph.add("Not", ["empty"], "filled")
    graph.add("Cast", ["filled"], "seen", to=TensorProto.INT32)
    _embedded(graph, weights)
    for number in range(LAYERS):
        _layer(graph, weights, number)
    graph.shaped(f"layer{LAYERS}", "shape", HIDDEN, "states")
    for name in ("tags", "speech"):
        _head(graph, weights, name)
    axes = ["batch", "length"]
    given = [helper.make_tensor_value_info(n, TensorProto.INT64, axes) for n in ("tokens", "cases", "marks")]
    widths = {"states": HIDDEN, "tags": len(weights["tags.bias"]), "speech": len(weights["speech.bias"])}
    outs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [*axes, w]) for n, w in widths.items()]
    made = helper.make_graph(graph.nodes, "encoder", given, outs, graph.stored)
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(made, opset_imports=versions, ir_version=9)
    onnx.save(model, path)
