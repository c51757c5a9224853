"""Something that is told to a person, before the language is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Told:
    """An English message with a place such as `{file}` for each of its facts.

    As text it is English; a door says it in its own language, and writes numbers its way.
    """

    message: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**self.facts) if self.facts else self.message


def told(message: str, /, **facts: object) -> Told:
    """Return a message with its facts."""
    return Told(message, facts)
