"""Words of labelling. What each label means stands in docs/labels.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Sentiment = Literal["negative", "neutral", "positive"]
Initiator = Literal["company", "customer", "third_party"]
Kind = Literal["supply", "demand", "activity"]

SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
INITIATORS: tuple[Initiator, ...] = ("company", "customer", "third_party")
KINDS: tuple[Kind, ...] = ("supply", "demand", "activity")
ROLES: tuple[Initiator, ...] = INITIATORS
"""Roles of authors carry the same three words as initiators."""


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """A post above the one to be labelled. `author` and `parent` are any stable ids, or None."""

    text: str
    role: str | None = None
    author: str | None = None
    id: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadContext:
    """What surrounds a text: who wrote it, to whom, under what.

    `thread` is oldest first and leaves out the post itself; `parent` is the id (in `thread`) of
    the post that it answers. `author_role` is `company`, `customer`, `third_party` or None
    (unknown). `names` are words that name the company, `exclude` words that mark strangers of
    the same name. `own` says that it was found in a place of the company; None is unknown.
    """

    author: str | None = None
    author_role: str | None = None
    company: str | None = None
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    platform: str | None = None
    own: bool | None = None
    parent: str | None = None
    thread: tuple[ThreadPost, ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text in its thread: what a classifier is given. `lang` is a hint (BCP 47) or None."""

    text: str
    context: ThreadContext = field(default_factory=ThreadContext)
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a label was given: the rule that fired, if one did, and the words that weighed.

    Weights are signed: positive ones speak for the label.
    """

    rule: str | None = None
    words: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a classifier says of one post, by the codebook.

    `probabilities` holds a distribution over the values (summing to 1) for `sentiment`,
    `initiator` and `kind`, and the probability of yes, 0..1, for `idea`, `toxic`, `spam` and
    `relevant`. `unsure` names the labels whose winner is below the configured threshold.
    `lang` is a BCP 47 tag, `und` where nothing can be told. `model` is `name version`.
    """

    sentiment: str
    initiator: str
    kind: str
    idea: bool
    toxic: bool
    lang: str
    model: str
    spam: bool = False
    relevant: bool = True
    probabilities: Mapping[str, Mapping[str, float] | float] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
