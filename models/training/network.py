"""The encoder as it is trained: multilingual-e5-small with one attention-pooled head per label."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own short name)

from models.heads import HEADS, WIDTHS
from models.training.unpack import Shape, Source

FROZEN_LAYERS = 4
"""Layers that stay as pretrained; their outputs are computed once and kept."""

EXIT_LAYERS = 6
"""Behind so many layers stand the early heads: half the work, and enough for plain posts."""

HEAD_WIDTH = 32
EPSILON = 1e-12


class Layer(nn.Module):
    """One BERT layer (post-norm), query, key and value fused into one product."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.attended = nn.Linear(shape.hidden, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.inner = nn.Linear(shape.hidden, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.hidden)
        self.out_norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Take states [batch, length, hidden] and an additive mask [batch, 1, 1, length]."""
        batch, length, hidden = states.shape
        parts = self.qkv(states).view(batch, length, 3, self.heads, hidden // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(batch, length, hidden)
        states = self.norm(states + self.dropout(self.attended(mixed)))
        grown = self.outer(F.gelu(self.inner(states)))
        normed: Tensor = self.out_norm(states + self.dropout(grown))
        return normed


class Head(nn.Module):
    """Pools the states with an attention of its own (a mean at first) and gives logits."""

    def __init__(self, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.focus = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(hidden, width)
        nn.init.zeros_(self.focus.weight)
        nn.init.zeros_(self.focus.bias)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Take states [batch, length, hidden] and an additive mask [batch, length]."""
        shares = torch.softmax(self.focus(states).squeeze(-1) + mask, dim=-1)
        pooled = (shares.unsqueeze(-1) * states).sum(dim=1)
        logits: Tensor = self.logits(self.dropout(pooled))
        return logits


class Network(nn.Module):
    """Embeddings, layers, heads; the word table lives outside, since it is never trained."""

    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(shape.positions, shape.hidden))
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.exits = nn.ModuleList(Head(shape.hidden, WIDTHS[head], dropout) for head in HEADS)
        self.heads = nn.ModuleList(Head(shape.hidden, WIDTHS[head], dropout) for head in HEADS)

    @classmethod
    def like(cls, state: dict[str, Tensor], dropout: float = 0.1) -> Network:
        """Return an empty network of the sizes that a saved state shows (heads of 32)."""
        positions, hidden = state["positions"].shape
        layers = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("layers."))
        inner = state["layers.0.inner.bias"].shape[0]
        shape = Shape(hidden, layers, hidden // HEAD_WIDTH, inner, 0, positions, 1, EPSILON)
        return cls(shape, dropout)

    def lower(self, words: Tensor, mask: Tensor) -> Tensor:
        """Return the states after the frozen layers from word vectors [batch, length, hidden]."""
        states: Tensor = self.norm(words + self.positions[: words.shape[1]])
        for layer in self.layers[:FROZEN_LAYERS]:
            states = layer(states, mask[:, None, None, :])
        return states

    def upper(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [batch, LOGITS] from the states after the frozen layers.

        The first are those of the early heads, the second those of the last ones.
        """
        early = states
        for number, layer in enumerate(self.layers[FROZEN_LAYERS:], FROZEN_LAYERS + 1):
            states = layer(states, mask[:, None, None, :])
            if number == EXIT_LAYERS:
                early = states
        return _ask(self.exits, early, mask), _ask(self.heads, states, mask)

    def forward(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return both logits from word vectors and a mask (0, or a very negative number)."""
        return self.upper(self.lower(words, mask), mask)


def _ask(heads: Iterable[nn.Module], states: Tensor, mask: Tensor) -> Tensor:
    logits: Tensor = torch.cat([head(states, mask) for head in heads], dim=1)
    return logits


def build_network(source: Source, dropout: float = 0.1) -> Network:
    """Return the network with the pretrained weights and fresh heads."""
    shape = source.shape
    network = Network(shape, dropout)
    state = {
        # every text is of token type 0: its vector is added to the positions once for all
        "positions": _floats(source, "emb.pos", shape.positions)
        + _floats(source, "emb.type", 2)[0],
        "norm.weight": _floats(source, "emb.ln.w"),
        "norm.bias": _floats(source, "emb.ln.b"),
    }
    for number in range(shape.layers):
        state |= _layer_state(source, number, shape)
    network.load_state_dict(state, strict=False)
    return network


def _layer_state(source: Source, number: int, shape: Shape) -> dict[str, Tensor]:
    old, new = f"l{number}", f"layers.{number}"
    matrices = {
        "attended": ("ao", shape.hidden),
        "inner": ("fi", shape.inner),
        "outer": ("fo", shape.hidden),
    }
    state = {
        f"{new}.qkv.weight": torch.cat(
            [torch.from_numpy(source.matrix(f"{old}.{part}.w", shape.hidden)) for part in "qkv"]
        ),
        f"{new}.qkv.bias": torch.cat([_floats(source, f"{old}.{part}.b") for part in "qkv"]),
    }
    for name, (short, rows) in matrices.items():
        state[f"{new}.{name}.weight"] = torch.from_numpy(source.matrix(f"{old}.{short}.w", rows))
        state[f"{new}.{name}.bias"] = _floats(source, f"{old}.{short}.b")
    for name, short in (("norm", "aln"), ("out_norm", "oln")):
        state[f"{new}.{name}.weight"] = _floats(source, f"{old}.{short}.w")
        state[f"{new}.{name}.bias"] = _floats(source, f"{old}.{short}.b")
    return state


def _floats(source: Source, name: str, rows: int | None = None) -> Tensor:
    values = torch.from_numpy(source.floats[name].copy())
    return values if rows is None else values.view(rows, -1)
