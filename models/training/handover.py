"""Hands the shipped encoder on as an ordinary `transformers` classifier of one label.

    python -m models.training.handover --label sentiment --out DIR [--rows 2000]

The layers, word vectors and tokenizer are those of the shipped weights. The heads that pool by an
attention of their own have no place in a `BertForSequenceClassification`, so a plain one is
fitted on the first piece's state instead, by the texts written for this project. What comes out
serves where an ordinary checkpoint is asked for: in other tools, as a start for one's own
fine-tuning, and as `[models.sentiment] transformers = "DIR"`.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.encoder import LOWER, TOKENIZER, UPPER, WORDS
from models.framing import frame
from models.heads import CHOICES, HEADS
from models.shipped import WEIGHTS, check_weights
from models.training.corpus import Row, load_written
from models.training.network import EPSILON, HEAD_WIDTH
from models.words import WordTable

if TYPE_CHECKING:
    from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

SEED = 7
MOST_PIECES = 126
SHRINK = 0.05
"""The pooler's tanh is passed where it is nearly straight."""

BATCH = 16


def read_state(folder: Path = WEIGHTS) -> dict[str, np.ndarray]:
    """Return the shipped layers as float32, named as in `network.Network`; checks the sums."""
    import onnx
    from onnx import numpy_helper

    found: dict[str, np.ndarray] = {}
    for path in check_weights(folder, LOWER, UPPER).values():
        for stored in onnx.load(str(path)).graph.initializer:
            found[stored.name] = numpy_helper.to_array(stored)
    state = {"positions": found["positions"]}
    for name, value in found.items():
        at, _, last = name.rpartition(".")
        if last == "codes":
            state[f"{at}.weight"] = (value * found[f"{at}.scales"]).T.astype(np.float32)
        elif last == "shift":
            state[f"{at}.bias"] = value
        elif last in ("weight", "bias") and not at.startswith(("heads", "exits")):
            state[name] = value
    return state


def build_classifier(
    label: str, folder: Path = WEIGHTS
) -> tuple[BertForSequenceClassification, PreTrainedTokenizerFast]:
    """Return the encoder with an unfitted head for one label, and its tokenizer."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    state = read_state(folder)
    words = WordTable.load(check_weights(folder, WORDS)[WORDS])
    rows, hidden = words.rows, words.width
    layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
    values = CHOICES.get(label, ("no", "yes"))
    config = BertConfig(
        vocab_size=rows,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // HEAD_WIDTH,
        intermediate_size=len(state["layers.0.inner.bias"]),
        max_position_embeddings=len(state["positions"]),
        type_vocab_size=2,  # all alike: what tells text from context is the piece between them
        layer_norm_eps=EPSILON,
        pad_token_id=1,
        id2label=dict(enumerate(values)),
        label2id={value: number for number, value in enumerate(values)},
    )
    model = BertForSequenceClassification(config)
    model.load_state_dict(_rename(state, words.look_up(range(rows)), layers), strict=False)
    tokenizer = Tokenizer.from_file(str(check_weights(folder, TOKENIZER)[TOKENIZER]))
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    named = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # untyped there
        tokenizer_object=tokenizer, model_max_length=MOST_PIECES, **named
    )
    model.train(mode=False)
    return model, fast


def write_classifier(label: str, rows: Sequence[Row], out: Path, folder: Path = WEIGHTS) -> None:
    """Fit the head for one label on rows that carry it, and write the checkpoint directory."""
    import torch
    from sklearn.linear_model import LogisticRegression

    model, tokenizer = build_classifier(label, folder)
    place = HEADS.index(label)
    known = [row for row in rows if row.gold[place] >= 0]
    states = _pool(model, tokenizer, [frame(row.utterance).text for row in known])
    fitted = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced", random_state=SEED)
    fitted.fit(states, [row.gold[place] for row in known])
    weight, bias = fitted.coef_, fitted.intercept_
    if len(weight) == 1:  # two values: sklearn keeps the second's side alone
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(weight))
        model.classifier.bias.copy_(torch.from_numpy(bias))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _pool(model: Any, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    import torch

    found = []
    with torch.inference_mode():
        for at in range(0, len(texts), BATCH):
            given = tokenizer(
                list(texts[at : at + BATCH]),
                padding=True,
                truncation=True,
                return_tensors="pt",
                return_token_type_ids=False,
            )
            found.append(model.bert(**given).pooler_output.numpy())
    return np.concatenate(found)


def _rename(state: dict[str, np.ndarray], words: np.ndarray, layers: int) -> dict[str, Any]:
    """Return the state as `BertForSequenceClassification` names it, the pooler nearly straight."""
    import torch

    hidden = words.shape[1]
    named = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": state["positions"],
        "embeddings.token_type_embeddings.weight": np.zeros((2, hidden), np.float32),
        "embeddings.LayerNorm.weight": state["norm.weight"],
        "embeddings.LayerNorm.bias": state["norm.bias"],
        "pooler.dense.weight": SHRINK * np.eye(hidden, dtype=np.float32),
        "pooler.dense.bias": np.zeros(hidden, np.float32),
    }
    places = {
        "attention.output.dense": "attended",
        "attention.output.LayerNorm": "norm",
        "intermediate.dense": "inner",
        "output.dense": "outer",
        "output.LayerNorm": "out_norm",
    }
    for number in range(layers):
        ours, theirs = f"layers.{number}", f"encoder.layer.{number}"
        for kind in ("weight", "bias"):
            parts = np.split(state[f"{ours}.qkv.{kind}"], 3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                named[f"{theirs}.attention.self.{name}.{kind}"] = part
            for name, place in places.items():
                named[f"{theirs}.{name}.{kind}"] = state[f"{ours}.{place}.{kind}"]
    return {f"bert.{name}": torch.from_numpy(np.array(value)) for name, value in named.items()}


def main() -> None:
    """Write one checkpoint directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label", choices=HEADS, default="sentiment")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=2000, help="written texts to fit the head on")
    wanted = parser.parse_args()
    rows = list(load_written())
    random.Random(SEED).shuffle(rows)
    write_classifier(wanted.label, rows[: wanted.rows], wanted.out)
    print(f"written: {wanted.out}")


if __name__ == "__main__":
    main()
