"""Writes the encoder as an ONNX graph for the CPU: one window a run, products in integers, no operator that is slow.

Weights are stored as int8 with one scale a column. onnxruntime's dynamic quantisation takes one scale for all that it
is given; given one window, that scale is the window's own, so that batch mates, order and cores change nothing. A run
of one window needs no padding, hence no mask, and its numbers stay in the processor's cache: measured, that is faster
than batches. What one scale a window would spoil is evened out first (`smoothed`) or gets one scale a token
(`product_by_rows`). `eval/speed.py` prints the speed beside the float encoder's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]
LAYERS, HIDDEN, HEADS = 6, 384, 12
# So many layers are shared with the marked pairs, which have those above them for their own.
SHARED_LAYERS = 4
EPSILON = 1e-12
MICROSOFT = "com.microsoft"
# Weights use 63 of int8's 127 steps: on processors without VNNI, sums of two 8-bit products overflow 16 bits otherwise.
WEIGHT_STEPS = 63
# How far the sizes of columns are evened out: by the states' distance from the float encoder's on training texts.
SMOOTHING = 0.7
# GELU's least value is -0.17: of 255 steps these stand below nought.
GELU_LEAST, GELU_NOUGHT = 0.17, 32
CONSTANTS = {
    "unit": np.array(1, np.float32),
    "second": np.array([1], np.int64),
    "gelu_nought": np.array(GELU_NOUGHT, np.uint8),
    "steps_up": np.array(255 - GELU_NOUGHT, np.float32),
    "least_top": np.array(GELU_LEAST * (255 - GELU_NOUGHT) / GELU_NOUGHT, np.float32),
    "first": np.array([0], np.int64),
    "by_head": np.array([-1, 3, HEADS, HIDDEN // HEADS], np.int64),
    "flat": np.array([-1, HIDDEN], np.int64),
    "ones": np.array([1, 1, 1], np.int64),
}


class Graph:
    """Nodes and stored matrices as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
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

    def product(self, x: str, weight: Array, bias: Array, *, out: str) -> str:
        """Multiplies [tokens, in] by [out, in] transposed, in integers, and adds the bias."""
        small, scale = self._stored(weight, out)
        given = [x, small, scale, "", self.store(f"{out}_bias", bias)]
        return self.add("DynamicQuantizeMatMul", given, out, MICROSOFT)

    def smoothed(self, x: str, norm: tuple[Array, Array], weight: Array) -> tuple[str, Array]:
        """Divides each column of a normalised input by its usual size and multiplies the weight by it.

        Some columns are ten times as large as others, and one scale for all would leave the small ones few steps. The
        norm's own gain and shift tell the sizes, so that no data has to.
        """
        gain, shift = norm
        size = (3 * np.abs(gain) + np.abs(shift)) ** SMOOTHING
        size = (size / np.exp(np.log(size).mean())).astype(np.float32)
        self.add("Mul", [x, self.store(f"{x}_sizes", 1 / size)], f"{x}_even")
        return f"{x}_even", weight * size

    def product_by_rows(self, x: str, weight: Array, bias: Array, *, out: str) -> str:
        """Multiplies as `product`, with one scale a token, what comes from GELU and is hence never below -0.17.

        The first token of a window holds one number ten times as large as any of the others.
        """
        small, scale = self._stored(weight, out)
        self.add("ReduceMax", [x], f"{out}_most", axes=[1], keepdims=0)
        self.add("Max", [f"{out}_most", "least_top"], f"{out}_top")
        self.add("Div", [f"{out}_top", "steps_up"], f"{out}_by")
        self.add("Shape", [f"{out}_by"], f"{out}_count")
        noughts = numpy_helper.from_array(np.array([GELU_NOUGHT], np.uint8))
        self.add("ConstantOfShape", [f"{out}_count"], f"{out}_noughts", value=noughts)
        self.add("QuantizeLinear", [x, f"{out}_by", f"{out}_noughts"], f"{out}_rows", axis=0)
        given = [f"{out}_rows", small, "unit", scale, "gelu_nought"]
        self.add("MatMulIntegerToFloat", given, f"{out}_sum", MICROSOFT)
        self.add("Unsqueeze", [f"{out}_by", "second"], f"{out}_step")
        self.add("Mul", [f"{out}_sum", f"{out}_step"], f"{out}_product")
        return self.add("Add", [f"{out}_product", self.store(f"{out}_bias", bias)], out)

    def _stored(self, weight: Array, out: str) -> tuple[str, str]:
        """Stores a matrix as int8 with one scale a column, and gives both names."""
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8).astype(np.float32) / WEIGHT_STEPS
        small = np.rint(weight / scale[:, None]).astype(np.int8).T
        return self.store(f"{out}_int8", small), self.store(f"{out}_scale", scale)

    def added_norm(self, parts: Sequence[str], weights: Mapping[str, Array], name: str, out: str) -> str:
        """Sums the parts and normalises; plain operators, since the fused one is slower."""
        total = parts[0]
        for number, part in enumerate(parts[1:]):
            total = self.add("Add", [total, part], f"{out}_sum{number}")
        gain = self.store(f"{out}_gain", weights[f"{name}.weight"])
        shift = self.store(f"{out}_shift", weights[f"{name}.bias"])
        return self.add("LayerNormalization", [total, gain, shift], out, epsilon=EPSILON)


def _embedded(graph: Graph, weights: Mapping[str, Array]) -> str:
    """Sums what is known of each token: its word, place, case and mark. [tokens, hidden]."""
    words = graph.look_up(weights["encoder.words.weight"], "tokens", "words")
    graph.add("Shape", ["tokens"], "length")
    places = graph.store("all_places", weights["encoder.places.weight"])
    graph.add("Slice", [places, "first", "length", "first"], "places")
    cases = graph.add("Gather", [graph.store("all_cases", weights["encoder.cases.weight"]), "cases"], "case")
    marks = graph.add("Gather", [graph.store("all_marks", weights["encoder.marks.weight"]), "marks"], "mark")
    return graph.added_norm([words, "places", cases, marks], weights, "encoder.norm", "layer0")


def _norm_before(weights: Mapping[str, Array], number: int, *, half: bool) -> tuple[Array, Array]:
    """Gives gain and shift of the norm that a layer's input, or its second half's, comes from."""
    name = f"encoder.layers.{number}.norm1" if half else f"encoder.layers.{number - 1}.norm2"
    name = name if half or number else "encoder.norm"
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _attention(graph: Graph, weights: Mapping[str, Array], number: int) -> str:
    """Mixes the tokens of the window. In plain products by head: onnxruntime's operator in one piece is slower."""
    x, out, name = f"layer{number}", f"layer{number + 1}", f"encoder.layers.{number}"
    root = np.float32((HIDDEN // HEADS) ** -0.5)
    scales = (("query", root), ("key", np.float32(1)), ("value", np.float32(1)))
    joined = np.concatenate([weights[f"{name}.{part}.weight"] * scale for part, scale in scales])
    bias = np.concatenate([weights[f"{name}.{part}.bias"] * scale for part, scale in scales])
    x, joined = graph.smoothed(x, _norm_before(weights, number, half=False), joined)
    graph.product(x, joined, bias, out=f"{out}_three")
    graph.add("Reshape", [f"{out}_three", "by_head"], f"{out}_parted")
    graph.add("Transpose", [f"{out}_parted"], f"{out}_turned", perm=[1, 2, 0, 3])
    query, key, value = (f"{out}_{part}" for part, _ in scales)
    graph.add("Split", [f"{out}_turned", "ones"], [query, key, value], axis=0)
    graph.add("FusedMatMul", [query, key], f"{out}_likeness", MICROSOFT, transB=1)
    graph.add("Softmax", [f"{out}_likeness"], f"{out}_looks", axis=-1)
    graph.add("MatMul", [f"{out}_looks", value], f"{out}_heads")
    graph.add("Transpose", [f"{out}_heads"], f"{out}_joined", perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", [f"{out}_joined", "flat"], f"{out}_mixed")
    return graph.product(mixed, weights[f"{name}.out.weight"], weights[f"{name}.out.bias"], out=f"{out}_out")


def _layer(graph: Graph, weights: Mapping[str, Array], number: int) -> str:
    x, out, name = f"layer{number}", f"layer{number + 1}", f"encoder.layers.{number}"
    mixed = _attention(graph, weights, number)
    half = graph.added_norm([mixed, x], weights, f"{name}.norm1", f"{out}_half")
    even, up = graph.smoothed(half, _norm_before(weights, number, half=True), weights[f"{name}.up.weight"])
    wide = graph.product(even, up, weights[f"{name}.up.bias"], out=f"{out}_up")
    graph.add("Gelu", [wide], f"{out}_wide", MICROSOFT)
    down = weights[f"{name}.down.weight"], weights[f"{name}.down.bias"]
    narrow = graph.product_by_rows(f"{out}_wide", *down, out=f"{out}_down")
    return graph.added_norm([narrow, half], weights, f"{name}.norm2", out)


def _head(graph: Graph, weights: Mapping[str, Array], name: str) -> None:
    """Adds a small head in floats on the states."""
    weight, bias = (graph.store(f"{name}_{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    graph.add("Gemm", ["states", weight, bias], name, transB=1)


def write_encoder(weights: Mapping[str, Array], path: Path) -> None:
    """Writes the graph: tokens, cases, marks [length] of one window to states, lower, tags, speech [length, ...]."""
    graph = Graph()
    _embedded(graph, weights)
    for number in range(LAYERS):
        _layer(graph, weights, number)
    graph.add("Identity", [f"layer{LAYERS}"], "states")
    graph.add("Identity", [f"layer{SHARED_LAYERS}"], "lower")
    for name in ("tags", "speech"):
        _head(graph, weights, name)
    given = [helper.make_tensor_value_info(n, TensorProto.INT64, ["length"]) for n in ("tokens", "cases", "marks")]
    widths = {
        "states": HIDDEN,
        "lower": HIDDEN,
        "tags": len(weights["tags.bias"]),
        "speech": len(weights["speech.bias"]),
    }
    outs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["length", w]) for n, w in widths.items()]
    _save(helper.make_graph(graph.nodes, "encoder", given, outs, graph.stored), path)


def write_look(weights: Mapping[str, Array], path: Path) -> None:
    """Writes the second look: of a sentence's states [length, hidden], with near and inside [length], to its outputs.

    `near` is each token's bucket of distance from the anchor, `inside` 1 for the anchor's own tokens. The layer is
    named as the encoder's next one, `encoder.layers.6`, and needs the norm of the one before. Outputs are the states
    with the anchor in view, `looked`, and what the role head makes of them, `role_tokens`.
    """
    graph = Graph()
    near = graph.add("Gather", [graph.store("all_near", weights["near.weight"]), "near"], "distance")
    both = np.stack([np.zeros(HIDDEN, np.float32), weights["inside"]])
    inside = graph.add("Gather", [graph.store("all_inside", both), "inside"], "anchor")
    graph.add("Add", ["states", near], "placed")
    graph.add("Add", ["placed", inside], f"layer{LAYERS}")
    looked = graph.add("Identity", [_layer(graph, weights, LAYERS)], "looked")
    role = weights["role_token.weight"]
    even, role = graph.smoothed(looked, _norm_before(weights, LAYERS + 1, half=False), role)
    graph.product(even, role, np.zeros(len(role), np.float32), out="role_tokens")
    given = [
        helper.make_tensor_value_info("states", TensorProto.FLOAT, ["length", HIDDEN]),
        *(helper.make_tensor_value_info(name, TensorProto.INT64, ["length"]) for name in ("near", "inside")),
    ]
    widths = {"looked": HIDDEN, "role_tokens": len(role)}
    outs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["length", width]) for n, width in widths.items()]
    _save(helper.make_graph(graph.nodes, "look", given, outs, graph.stored), path)


def _save(made: onnx.GraphProto, path: Path) -> None:
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    onnx.save(helper.make_model(made, opset_imports=versions, ir_version=9), path)


def stored_layers(path: Path, first: int = SHARED_LAYERS) -> dict[str, Array]:
    """Reads the layers from `first` on back as floats, named `0.query.weight` and so on: what 8 bits kept of them."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    weights: dict[str, Array] = {}
    for number in range(first, LAYERS):
        weights |= {f"{number - first}.{name}": value for name, value in _stored_layer(stored, number).items()}
    return weights


def stored_encoder(path: Path) -> dict[str, Array]:
    """Reads all that `write_encoder` wrote back as floats, by the names it had: what 8 bits kept of it."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    weights = {f"encoder.layers.{name}": value for name, value in stored_layers(path, first=0).items()}
    weights["encoder.words.weight"] = stored["words_table"].astype(np.float32) * stored["words_scale"]
    weights |= {f"encoder.{name}.weight": stored[f"all_{name}"] for name in ("places", "cases", "marks")}
    weights |= {"encoder.norm.weight": stored["layer0_gain"], "encoder.norm.bias": stored["layer0_shift"]}
    heads = ("tags", "speech")
    return weights | {f"{head}.{part}": stored[f"{head}_{part}"] for head in heads for part in ("weight", "bias")}


def _stored_layer(stored: Mapping[str, npt.NDArray[np.generic]], number: int) -> dict[str, Array]:
    out = f"layer{number + 1}"

    def matrix(name: str, before: str = "") -> Array:
        whole = (stored[f"{out}_{name}_int8"].astype(np.float32) * stored[f"{out}_{name}_scale"]).T
        return whole * stored[f"{before}_sizes"] if before else whole

    joined, bias = np.split(matrix("three", f"layer{number}"), 3), np.split(stored[f"{out}_three_bias"], 3)
    root = np.float32((HIDDEN // HEADS) ** 0.5)  # undoes what `_attention` puts into the query
    found = {"query.weight": joined[0] * root, "query.bias": bias[0] * root}
    for part, at in (("key", 1), ("value", 2)):
        found |= {f"{part}.weight": joined[at], f"{part}.bias": bias[at]}
    for part, before in (("out", ""), ("up", f"{out}_half"), ("down", "")):
        found |= {f"{part}.weight": matrix(part, before), f"{part}.bias": stored[f"{out}_{part}_bias"]}
    for norm, place in (("norm1", f"{out}_half"), ("norm2", out)):
        found |= {f"{norm}.weight": stored[f"{place}_gain"], f"{norm}.bias": stored[f"{place}_shift"]}
    return {name: np.asarray(value, np.float32) for name, value in found.items()}
