"""Exports the trained encoder to two ONNX graphs with 8-bit products.

The lower graph ends in the early heads and hands its states on; the upper one goes on from them.
The products are `MatMulInteger`, with one scale per output of the weights and one per piece of
the activations, taken as they come: no row's result depends on its neighbours. (The usual dynamic
quantisation takes one scale for the whole batch, and labels then change with the batch.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.heads import HEADS
from models.training.network import EPSILON, EXIT_LAYERS, HEAD_WIDTH

MS = "com.microsoft"
OPSET = 17
MOST_PIECES = 128
"""Positions kept: the longest row that `models.tokens` makes is 123 pieces."""

GELU_ZERO = 16
GELU_LEAST = 0.17
"""GELU never falls below -0.17: 16 of the 256 codes are enough below its zero."""


class Graph:
    """Collects the nodes and constants of an ONNX graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._shared: set[str] = set()

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, domain: str = "", **given: Any) -> str:
        """Add a node with one output and return the output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **given))
        return name

    def shared(self, name: str, value: np.ndarray) -> str:
        """Add a constant that several nodes read, once."""
        if name not in self._shared:
            self._shared.add(name)
            self.constant(name, value)
        return name

    def product(
        self, value: str, name: str, weight: np.ndarray, bias: np.ndarray, gelu: bool = False
    ) -> str:
        """Add `value @ weight.T + bias` in 8 bits; `gelu` says that value is the output of one."""
        codes, scales = quantise(weight)
        pace = self._gelu_pace(value, name) if gelu else self._pace(value, name)
        one = self.shared("one.float", np.array(1, np.float32))
        zero = self.shared(
            "zero.gelu" if gelu else "zero.even", np.array(GELU_ZERO if gelu else 128, np.uint8)
        )
        self.add("Mul", [value, pace], f"{name}.stretched")
        self.add("QuantizeLinear", [f"{name}.stretched", one, zero], f"{name}.read")
        inputs = [
            f"{name}.read",
            self.constant(f"{name}.codes", codes),
            one,
            self.constant(f"{name}.scales", scales),
            zero,
        ]
        self.add("MatMulIntegerToFloat", inputs, f"{name}.product", MS)
        self.add("Mul", [f"{name}.product", f"{name}.step"], f"{name}.raw")
        return self.add("Add", [f"{name}.raw", self.constant(f"{name}.bias", bias)], name)

    def _pace(self, value: str, name: str) -> str:
        """Add what stretches each piece's largest number, of either sign, to 127."""
        self.add("Abs", [value], f"{name}.sizes")
        self.add("ReduceMax", [f"{name}.sizes"], f"{name}.most", axes=[-1], keepdims=1)
        tiny = self.shared("tiny", np.array(1e-6, np.float32))
        self.add("Add", [f"{name}.most", tiny], f"{name}.span")
        top = self.shared("top.even", np.array(127, np.float32))
        self.add("Div", [f"{name}.span", top], f"{name}.step")
        return self.add("Div", [top, f"{name}.span"], f"{name}.pace")

    def _gelu_pace(self, value: str, name: str) -> str:
        """Add what stretches each piece's largest number to the codes above the zero."""
        self.add("ReduceMax", [value], f"{name}.most", axes=[-1], keepdims=1)
        top = self.shared("top.gelu", np.array(255 - GELU_ZERO, np.float32))
        least = (255 - GELU_ZERO) * GELU_LEAST / GELU_ZERO
        self.add(
            "Max", [f"{name}.most", self.shared("least", np.array(least, np.float32))],
            f"{name}.span",
        )  # fmt: skip
        self.add("Div", [f"{name}.span", top], f"{name}.step")
        return self.add("Div", [top, f"{name}.span"], f"{name}.pace")

    def norm(self, value: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Add a layer norm over the last axis."""
        inputs = [
            value,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.shift", bias),
        ]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)


def quantise(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return codes [width, rows] of a matrix [rows, width], and a scale per row."""
    scales = np.abs(weight).max(axis=1) / 127 + 1e-12
    codes = np.clip(np.round(weight / scales[:, None]), -127, 127).astype(np.int8)
    return codes.T, scales.astype(np.float32)


def build_lower(state: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Return the lower graph: word vectors and an additive mask in, early logits and states out."""
    graph = Graph()
    states = _layers(graph, state, _embed(graph, state), range(_exit(state)))
    graph.add("Identity", [states], "states")
    return _close(graph, state, "words", "states", "exits", ["states"])


def build_upper(state: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Return the upper graph: the lower one's states and the mask in, the last logits out."""
    graph = Graph()
    layers = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("layers."))
    states = _layers(graph, state, "states", range(_exit(state), layers))
    return _close(graph, state, "states", states, "heads", [])


def _exit(state: dict[str, np.ndarray]) -> int:
    layers = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("layers."))
    return min(EXIT_LAYERS, layers)


def _layers(graph: Graph, state: dict[str, np.ndarray], states: str, numbers: range) -> str:
    graph.shared("one", np.array([1], np.int64))
    graph.constant("axes.heads", np.array([1, 2], np.int64))
    graph.add("Unsqueeze", ["mask", "axes.heads"], "mask.heads")
    for number in numbers:
        states = _layer(graph, state, number, states, state["positions"].shape[1])
    return states


def _close(
    graph: Graph, state: dict[str, np.ndarray], given: str, states: str, heads: str, more: list[str]
) -> onnx.ModelProto:
    """Put the heads on and return the model; `more` names outputs beside the logits."""
    logits = [_head(graph, state, f"{heads}.{i}", states) for i in range(len(HEADS))]
    graph.add("Concat", logits, "logits", axis=1)
    value, hidden = helper.make_tensor_value_info, state["positions"].shape[1]
    wide = ["batch", "length", hidden]
    made = helper.make_graph(
        graph.nodes,
        "sturmglas",
        [
            value(given, TensorProto.FLOAT, wide),
            value("mask", TensorProto.FLOAT, ["batch", "length"]),
        ],
        [
            value("logits", TensorProto.FLOAT, ["batch", "width"]),
            *(value(name, TensorProto.FLOAT, wide) for name in more),
        ],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MS, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def _embed(graph: Graph, state: dict[str, np.ndarray]) -> str:
    graph.constant("positions", state["positions"][:MOST_PIECES])
    graph.constant("zero", np.array([0], np.int64))
    graph.shared("one", np.array([1], np.int64))
    graph.add("Shape", ["mask"], "sizes")
    graph.add("Slice", ["sizes", "one", graph.constant("two", np.array([2], np.int64))], "length")
    graph.add("Slice", ["positions", "zero", "length", "zero"], "placed")
    graph.add("Add", ["words", "placed"], "embedded")
    return graph.norm("embedded", "norm", state["norm.weight"], state["norm.bias"])


def _layer(
    graph: Graph, state: dict[str, np.ndarray], number: int, states: str, hidden: int
) -> str:
    at = f"layers.{number}"

    def product(value: str, name: str, gelu: bool = False) -> str:
        weight, bias = state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"]
        return graph.product(value, f"{at}.{name}", weight, bias, gelu)

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
    graph.add("Add", [states, product(f"{at}.gelu", "outer", gelu=True)], f"{at}.out")
    return norm(f"{at}.out", "out_norm")


def _head(graph: Graph, state: dict[str, np.ndarray], at: str, states: str) -> str:
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


def export(state: dict[str, np.ndarray], lower: Path, upper: Path) -> None:
    """Write both graphs."""
    onnx.save(build_lower(state), str(lower))
    onnx.save(build_upper(state), str(upper))
