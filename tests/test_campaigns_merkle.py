"""The Merkle tree, against the recursion that RFC 9162 writes down."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.campaigns.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    extends,
    includes,
    leaf_hash,
)


def rfc_root(entries):
    """MTH of RFC 9162, section 2.1.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return sha256(b"\x01" + rfc_root(entries[:k]) + rfc_root(entries[k:])).digest()


SIZES = st.integers(1, 130)


def log(size):
    entries = [b"entry %d" % number for number in range(size)]
    return entries, Tree(leaf_hash(entry) for entry in entries)


@given(SIZES, st.data())
@settings(max_examples=80, deadline=None)
def test_roots_and_proofs_agree_with_the_recursion(size, data):
    entries, tree = log(size)
    first = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, first - 1))
    root, old = rfc_root(entries), rfc_root(entries[:first])
    assert tree.root() == root
    assert tree.root(first) == old
    assert extends(first, size, old, root, tree.consistency(first))
    assert includes(leaf_hash(entries[index]), index, first, tree.inclusion(index, first), old)


@given(SIZES, st.data())
@settings(max_examples=80, deadline=None)
def test_a_proof_that_is_not_used_up_or_too_short_proves_nothing(size, data):
    entries, tree = log(size)
    index = data.draw(st.integers(0, size - 1))
    leaf, path, root = leaf_hash(entries[index]), tree.inclusion(index), tree.root()
    assert not includes(leaf, index, size, [*path, leaf], root)
    assert not includes(leaf_hash(b"other"), index, size, path, root)
    assert not path or not includes(leaf, index, size, path[:-1], root)
    first = data.draw(st.integers(1, size))
    proof = tree.consistency(first)
    assert not extends(first, size, tree.root(first), root, [*proof, leaf])
    if proof:
        assert not extends(first, size, tree.root(first), root, proof[:-1])


@given(SIZES, SIZES)
@settings(max_examples=60, deadline=None)
def test_a_frontier_goes_on_where_it_was_put_away(first, second):
    entries, tree = log(first + second)
    frontier = Frontier()
    for entry in entries[:first]:
        frontier.append(leaf_hash(entry))
    again = Frontier.from_bytes(first, frontier.to_bytes())
    for entry in entries[first:]:
        again.append(leaf_hash(entry))
    assert again.root() == tree.root()


def test_an_empty_log_has_the_root_of_nothing():
    assert Frontier().root() == Tree().root() == EMPTY_ROOT


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3), (0, 9)])
def test_a_proof_of_what_is_not_there_is_refused(index, size):
    with pytest.raises(ValueError, match="no entry"):
        log(5)[1].inclusion(index, size)


def test_a_proof_takes_less_than_a_millisecond():
    _, tree = log(1 << 15)
    start = time.perf_counter()
    for index in range(0, 1 << 15, 97):
        tree.inclusion(index)
    assert (time.perf_counter() - start) / len(range(0, 1 << 15, 97)) < 0.001
