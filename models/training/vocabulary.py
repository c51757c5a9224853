"""Prunes the tokenizer to the languages served and writes it with its 4-bit word table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram

from models.training.unpack import BLOCK, Source

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
SIZE = 72_000
"""Pieces kept: every one that the training texts use, then the most frequent that fit."""

# letters of the six languages served, digits and the signs of plain text
_PLAIN = re.compile(
    r"[▁a-zA-Z0-9äöüßÄÖÜẞàâçéèêëîïôûùÿœæÀÂÇÉÈÊËÎÏÔÛÙŸŒÆñáíóúüÑÁÍÓÚÜ¿¡ìòÌÒãõÃÕ"
    r"!-/:-@\[-`{-~§°€£„“”‚‘’«»–—…·•™©®×]+"
)


def build_tokenizer(pieces: Iterable[tuple[str, float]]) -> Tokenizer:
    """Return a unigram tokenizer over pieces (texts come in NFKC, blanks collapsed)."""
    tokenizer = Tokenizer(Unigram(list(pieces), unk_id=SPECIALS.index("<unk>")))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def choose_pieces(source: Source, texts: Iterable[str], size: int = SIZE) -> list[int]:
    """Return the numbers of the pieces to keep, specials first, then by their old order.

    Pieces that any text uses are kept whatever their script, so are single signs (emoji); the
    rest is filled up with the likeliest pieces in the letters of the languages served.
    """
    whole = build_tokenizer(source.pieces)
    used: set[int] = set()
    batch = list(texts)
    for start in range(0, len(batch), 2000):
        for encoding in whole.encode_batch(batch[start : start + 2000], add_special_tokens=False):
            used.update(encoding.ids)
    specials = list(range(len(SPECIALS)))
    signs = {n for n, (piece, _) in enumerate(source.pieces) if len(piece) == 1 and _is_sign(piece)}
    kept = (used | signs) - set(specials) - {len(source.pieces) - 1}
    likely = sorted(range(len(source.pieces)), key=lambda n: -source.pieces[n][1])
    for number in likely:
        if len(kept) + len(specials) >= size:
            break
        if number not in specials and _PLAIN.fullmatch(source.pieces[number][0]):
            kept.add(number)
    return [*specials, *sorted(kept)]


def save_vocabulary(folder: Path, source: Source, kept: list[int]) -> None:
    """Write `tokenizer.json` and `words.npz`: the kept rows of the table in their 4-bit form."""
    folder.mkdir(parents=True, exist_ok=True)
    build_tokenizer([source.pieces[n] for n in kept]).save(str(folder / "tokenizer.json"), False)
    table = source.packed["emb.word"]
    blocks = source.shape.hidden // BLOCK
    codes = table.codes.reshape(-1, blocks, BLOCK // 2)[kept]
    scales = table.scales.reshape(-1, blocks)[kept]
    np.savez(folder / "words.npz", codes=codes, scales=scales)


def _is_sign(piece: str) -> bool:
    """Say whether a one-character piece is an emoji or a letter that a served language may use."""
    code = ord(piece)
    return 0x1F000 <= code <= 0x1FAFF or 0x2000 <= code <= 0x2BFF or code < 0x250
