"""Exports the trained encoder to ONNX with 8-bit weights, and checks it against the network.

The products are `MatMulNBits` (weights in blocks of 32 with one scale each, activations quantised
per row as they come), so that no row's result depends on its neighbours: the usual dynamic
quantisation takes one scale for the whole batch and labels then change with the batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.heads import HEADS
from models.training.network import EPSILON, HEAD_WIDTH

BLOCK = 32
MS = "com.microsoft"
OPSET = 17


class Graph:
    """Collects the nodes and constants of an ONNX graph."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, domain: str = "", **given: Any) -> str:
        """Add a node with one output and return the output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **given))
        return name

    def product(self, value: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Add `value @ weight.T + bias` with quantised weights."""
        rows, width = weight.shape
        codes, scales = quantise(weight, self.bits)
        inputs = [
            value,
            self.constant(f"{name}.codes", codes),
            self.constant(f"{name}.scales", scales),
        ]
        self.add(
            "MatMulNBits", inputs, f"{name}.product", MS,
            K=width, N=rows, bits=self.bits, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip
        return self.add("Add", [f"{name}.product", self.constant(f"{name}.bias", bias)], name)

    def norm(self, value: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Add a layer norm over the last axis."""
        inputs = [
            value,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.shift", bias),
        ]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)


def quantise(weight: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes [rows, blocks, bytes] and scales [rows * blocks] of a matrix [rows, width].

    Symmetric: weight = (code - 2 ** (bits - 1)) * scale, as MatMulNBits reads it.
    """
    rows, width = weight.shape
    blocks = weight.reshape(rows, width // BLOCK, BLOCK).astype(np.float32)
    middle = 1 << (bits - 1)
    scales = np.abs(blocks).max(axis=2) / (middle - 1) + 1e-12
    codes = np.clip(np.round(blocks / scales[..., None]) + middle, 0, 2 * middle - 1)
    whole = codes.astype(np.uint8)
    if bits == 4:  # two codes a byte, the first one low
        whole = whole[..., ::2] | (whole[..., 1::2] << 4)
    return whole, scales.reshape(-1).astype(np.float32)


def build_graph(state: dict[str, np.ndarray], bits: int = 8) -> onnx.ModelProto:
    """Return the whole encoder: word vectors and an additive mask in, logits out."""
    graph = Graph(bits)
    layers = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("layers."))
    hidden = state["positions"].shape[1]
    states = _embed(graph, state)
    graph.constant("axes.heads", np.array([1, 2], np.int64))
    graph.add("Unsqueeze", ["mask", "axes.heads"], "mask.heads")
    for number in range(layers):
        states = _layer(graph, state, number, states, hidden)
    logits = [_head(graph, state, number, states) for number in range(len(HEADS))]
    graph.add("Concat", logits, "logits", axis=1)
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        "sturmglas",
        [
            value("words", TensorProto.FLOAT, ["batch", "length", hidden]),
            value("mask", TensorProto.FLOAT, ["batch", "length"]),
        ],
        [value("logits", TensorProto.FLOAT, ["batch", "width"])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MS, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def _embed(graph: Graph, state: dict[str, np.ndarray]) -> str:
    graph.constant("positions", state["positions"][:MOST_PIECES])
    graph.constant("zero", np.array([0], np.int64))
    graph.constant("one", np.array([1], np.int64))
    graph.add("Shape", ["mask"], "sizes")
    graph.add("Slice", ["sizes", "one", graph.constant("two", np.array([2], np.int64))], "length")
    graph.add("Slice", ["positions", "zero", "length", "zero"], "placed")
    graph.add("Add", ["words", "placed"], "embedded")
    return graph.norm("embedded", "norm", state["norm.weight"], state["norm.bias"])


def _layer(
    graph: Graph, state: dict[str, np.ndarray], number: int, states: str, hidden: int
) -> str:
    at = f"layers.{number}"

    def product(value: str, name: str) -> str:
        return graph.product(
            value, f"{at}.{name}", state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"]
        )

    def norm(value: str, name: str) -> str:
        return graph.norm(
            value, f"{at}.{name}", state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"]
        )

    heads = hidden // HEAD_WIDTH
    fused = product(states, "qkv")
    shape = graph.constant(f"{at}.split", np.array([0, 0, 3, heads, HEAD_WIDTH], np.int64))
    graph.add("Reshape", [fused, shape], f"{at}.parts")
    # query, value: [batch, heads, length, width]; key turned for the product
    for place, (name, order) in enumerate(
        (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    ):
        graph.constant(f"{at}.at.{name}", np.array(place, np.int64))
        graph.add("Gather", [f"{at}.parts", f"{at}.at.{name}"], f"{at}.{name}.raw", axis=2)
        graph.add("Transpose", [f"{at}.{name}.raw"], f"{at}.{name}", perm=order)
    graph.add("MatMul", [f"{at}.query", f"{at}.key"], f"{at}.scores.raw")
    graph.constant(f"{at}.root", np.array(HEAD_WIDTH**-0.5, np.float32))
    graph.add("Mul", [f"{at}.scores.raw", f"{at}.root"], f"{at}.scores")
    graph.add("Add", [f"{at}.scores", "mask.heads"], f"{at}.masked")
    graph.add("Softmax", [f"{at}.masked"], f"{at}.shares", axis=-1)
    graph.add("MatMul", [f"{at}.shares", f"{at}.value"], f"{at}.mixed.heads")
    graph.add("Transpose", [f"{at}.mixed.heads"], f"{at}.mixed.turned", perm=[0, 2, 1, 3])
    graph.constant(f"{at}.join", np.array([0, 0, hidden], np.int64))
    graph.add("Reshape", [f"{at}.mixed.turned", f"{at}.join"], f"{at}.mixed")
    graph.add("Add", [states, product(f"{at}.mixed", "attended")], f"{at}.residual")
    states = norm(f"{at}.residual", "norm")
    inner = product(states, "inner")
    graph.add("Gelu", [inner], f"{at}.gelu", MS)
    graph.add("Add", [states, product(f"{at}.gelu", "outer")], f"{at}.out")
    return norm(f"{at}.out", "out_norm")


def _head(graph: Graph, state: dict[str, np.ndarray], number: int, states: str) -> str:
    at = f"heads.{number}"
    graph.constant(f"{at}.focus.turned", state[f"{at}.focus.weight"].T)
    graph.add("MatMul", [states, f"{at}.focus.turned"], f"{at}.focus.raw")
    graph.constant(f"{at}.last", np.array([2], np.int64))
    graph.add("Squeeze", [f"{at}.focus.raw", f"{at}.last"], f"{at}.focus.flat")
    # the bias of the focus moves all pieces alike, and softmax does not see it
    graph.add("Add", [f"{at}.focus.flat", "mask"], f"{at}.focus.masked")
    graph.add("Softmax", [f"{at}.focus.masked"], f"{at}.focus.shares", axis=-1)
    graph.add("Unsqueeze", [f"{at}.focus.shares", "one"], f"{at}.focus.row")
    graph.add("MatMul", [f"{at}.focus.row", states], f"{at}.pooled.row")
    graph.add("Squeeze", [f"{at}.pooled.row", "one"], f"{at}.pooled")
    weight = graph.constant(f"{at}.logits.turned", state[f"{at}.logits.weight"].T)
    graph.add("MatMul", [f"{at}.pooled", weight], f"{at}.raw")
    bias = graph.constant(f"{at}.logits.bias", state[f"{at}.logits.bias"])
    return graph.add("Add", [f"{at}.raw", bias], f"{at}.given")


MOST_PIECES = 128
"""Positions kept: the longest row that `models.tokens` makes is 123 pieces."""


def export(state: dict[str, np.ndarray], path: Path, bits: int = 8) -> None:
    """Write the checked graph."""
    model = build_graph(state, bits)
    onnx.save(model, str(path))
