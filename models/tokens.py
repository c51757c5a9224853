"""From framed utterances to the piece numbers that the encoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.framing import Framed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGIN, PAD, END = 0, 1, 2
"""Numbers of `<s>`, `<pad>` and `</s>`."""

TEXT_HEAD, TEXT_TAIL, CONTEXT = 52, 24, 44
"""Pieces read of the opening and the close of a text, and of its context."""


class Tokens:
    """Cuts texts into pieces; loads the tokenizer once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path) -> Tokens:
        """Read a `tokenizer.json`."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_file(str(path)))

    def encode(self, framed: Sequence[Framed]) -> list[list[int]]:
        """Return `<s> text </s>`, with ` context </s>` behind where there is any."""
        texts = self._pieces([one.text for one in framed])
        contexts = iter(self._pieces([one.context for one in framed if one.context]))
        rows = []
        for one, pieces in zip(framed, texts, strict=True):
            long = len(pieces) > TEXT_HEAD + TEXT_TAIL
            read = [*pieces[:TEXT_HEAD], *pieces[-TEXT_TAIL:]] if long else pieces
            row = [BEGIN, *read, END]
            if one.context:
                row += [*next(contexts)[:CONTEXT], END]
            rows.append(row)
        return rows

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [one.ids for one in encoded]
