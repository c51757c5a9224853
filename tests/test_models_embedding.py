"""Texts as vectors: the same meaning lies near, whatever the language, order and company."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.duplicates import read
from models.base import ModelError
from models.embedding import FEWEST, Embedder

IDEAS, STORY = read()
TEXTS = [idea.title for idea in IDEAS]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def test_an_english_wish_lies_near_the_german_one(embedder: Embedder) -> None:
    """Among 95 others each; by chance it would be two in a hundred."""
    vectors = embedder.embed(TEXTS)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    english = [place for place in range(len(IDEAS)) if place % 4 == 2]
    stories = [STORY[idea.idea] for idea in IDEAS]
    near = [stories[int(likeness[place].argmax())] == stories[place] for place in english]
    assert np.mean(near) >= 0.3


def test_rows_are_of_length_one_and_follow_their_texts(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    turned = embedder.embed(TEXTS[::-1])[::-1]
    assert np.allclose(vectors @ vectors.T, turned @ turned.T, atol=0.02)


def test_an_empty_text_is_like_nothing(embedder: Embedder) -> None:
    vectors = embedder.embed([*TEXTS, "", "  "])
    assert not vectors[-2:].any()
    assert np.isfinite(vectors).all()


def test_of_a_few_texts_nothing_is_told_and_nothing_is_loaded(tmp_path: Path) -> None:
    assert not Embedder(tmp_path).embed(TEXTS[: FEWEST - 1]).any()
    assert Embedder(tmp_path).embed([]).shape == (0, 1)


def test_equal_texts_do_not_divide_by_nothing(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed(["Mehr Licht"] * 40)).all()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="manifest"):
        Embedder(tmp_path).embed(TEXTS)
