"""Who is who: roles of accounts by configuration."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

KNOWN_ROLES = ("company", "customer", "third_party")


@dataclass(frozen=True, slots=True)
class Roles:
    """Accounts of the company and of third parties, as `[company]` names them.

    Patterns are `platform[:host]:author_id` or `platform:@handle`, with `*` for anything;
    `rss:*` also covers posts of that platform that name no author.
    """

    company: tuple[str, ...] = ()
    third_party: tuple[str, ...] = ()

    def of(self, given: str | None, platform: str, keys: tuple[str, ...]) -> str:
        """Return the role of a post's author: what the row gives, then config, then customer.

        `given` is the row's `author_role`; words other than the three count as `unknown`.
        `keys` are the names that the account goes by; empty where the author is not known.
        """
        if given is not None:
            return given if given in KNOWN_ROLES else "unknown"
        if not self.company and not self.third_party:
            return "customer"
        names = tuple(key.casefold() for key in keys) or (f"{platform}:",)
        if _any_match(names, self.company):
            return "company"
        if _any_match(names, self.third_party):
            return "third_party"
        return "customer"

    def fingerprint(self) -> str:
        """A text that changes exactly when roles may change."""
        return "\n".join((*self.company, "--", *self.third_party))


def _any_match(names: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(
        name == pattern or fnmatchcase(name, pattern) for pattern in patterns for name in names
    )


def account_keys(
    platform: str,
    host: str | None,
    author_id: str | None,
    handle: str | None,
    name: str | None = None,
) -> tuple[str, ...]:
    """Return the names of an account, the most stable first; empty for an unknown author.

    Where a platform tells neither id nor handle (bylines of feeds, guests of a blog) the name
    itself stands for the person, marked by `~`: two guests of one name count as one.
    """
    prefix = f"{platform}:{host}:" if host else f"{platform}:"
    keys = [f"{prefix}{author_id}"] if author_id else []
    if handle:
        keys.append(f"{platform}:@{handle.lstrip('@')}")
    if not keys and name:
        keys.append(f"{prefix}~{name}")
    return tuple(keys)
