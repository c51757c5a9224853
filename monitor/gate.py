"""Decides at the door whom we may collect, and what of a post we need. Reads tombstones only.

It stands before every save of posts, in the same transaction, so that an erasure in another
process is either seen here or comes after and takes what was saved.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from connectors.types import Account, Post
from monitor.privacy.minimise import minimised, plain_names
from monitor.store.accounts import HIDDEN
from monitor.store.database import optional_ms
from monitor.store.erasure import MASK, is_nickname
from monitor.store.tombstones import Tombstones
from monitor.types.roles import account_keys

_PSEUDONYM = re.compile(r"[0-9a-f]{16}")
_MENTION = re.compile(r"(?<![\w@])@?(\w[\w.-]*(?:@[\w.-]+\w)?)")


class Gate:
    """Admits posts. `key` gives the operator's key, asked for at the first tombstone.

    `drop` are fields that are never kept, `drops` further ones by source. `is_author` tells
    whether a post that is held is by the author who has this pseudonym.
    """

    def __init__(
        self,
        tombstones: Tombstones,
        key: Callable[[], bytes],
        drop: Sequence[str],
        drops: Mapping[str, Sequence[str]],
        is_author: Callable[[str, str], bool] = lambda _uid, _pseudonym: False,
    ) -> None:
        self.tombstones = tombstones
        self._key_of = key
        self._is_author = is_author
        self._dropped = plain_names(drop)
        self._drops = {
            source: self._dropped | plain_names(names) for source, names in drops.items()
        }
        self._stones: dict[tuple[str, str], int] = {}
        self._version: str | None = None
        self._masks = False

    def admit(self, posts: Sequence[Post]) -> Sequence[Post]:
        """Leave out whom we must not collect, and what of the others we do not need."""
        self._refresh()
        admitted = []
        for post in posts:
            dropped = self._drops.get(post.source, self._dropped)
            if dropped:
                post = minimised(post, dropped)  # noqa: PLW2901
            if self._is_own_export(post):
                post = replace(post, author=None)  # noqa: PLW2901 - who it is, is known
            if self._stones:
                if not self._may_come(post):
                    continue
                post = self._without_erased(post)  # noqa: PLW2901
            admitted.append(post)
        return admitted

    def _is_own_export(self, post: Post) -> bool:
        """Whether a row names the author, whom we know, by the pseudonym of our own export."""
        author = None if post.author is None else post.author.id
        return (
            author is not None
            and _PSEUDONYM.fullmatch(author) is not None
            and self._is_author(post.uid, author)
        )

    def may_keep(self, raw: object) -> bool:
        """Whether a row that could not be read may be kept: not of an erased or objecting account.

        Only rows that name their author by the fields of a posts file can be told.
        """
        self._refresh()
        if not self._stones or not isinstance(raw, dict):
            return True
        told = {
            field: raw.get(field) for field in ("platform", "host", "author_id", "author_handle")
        }
        platform, host, author_id, handle = (
            None if value is None else str(value) for value in told.values()
        )
        keys = [
            self.hashed("account", name)
            for name in account_keys(platform or "file", host, author_id, handle)
        ]
        return not any(("erased", key) in self._stones or self._is_objected(key) for key in keys)

    def _may_come(self, post: Post) -> bool:
        author = post.author or Account()
        names = account_keys(post.platform, post.host, author.id, author.handle)
        written = optional_ms(post.created_at)
        for name in names:
            key = self.hashed("account", name)
            if self._is_objected(key):
                return False
            erased = self._stones.get(("erased", key))
            if erased is not None and (written is None or written <= erased):
                return False
        return ("post", self.hashed("post", post.uid)) not in self._stones

    def _is_objected(self, key: str) -> bool:
        objected = self._stones.get(("objected", key))
        return objected is not None and objected > self._stones.get(("withdrawn", key), -1)

    def _without_erased(self, post: Post) -> Post:
        """Hide what a post tells of somebody erased: whom it answers, whom it mentions."""
        changes: dict[str, Any] = {}
        for field, uid in (("parent_id", post.parent_uid), ("root_id", post.root_uid)):
            key = None if uid is None else self.hashed("post", uid)
            if key is not None and ("post", key) in self._stones:
                changes |= {field: HIDDEN + key, "raw": None}
        for field in ("title", "text"):
            text = getattr(post, field)
            if text and self._masks:
                masked = _MENTION.sub(lambda m: self._masked(post.platform, m), text)
                if masked != text:
                    changes |= {field: masked, "raw": None, "text_raw": None}
        return replace(post, **changes) if changes else post

    def _masked(self, platform: str, mention: re.Match[str]) -> str:
        handle = mention[1].rstrip(".-")
        if mention[0][0] != "@" and not is_nickname(handle):
            return mention[0]
        key = self.hashed("handle", f"{platform}:@{handle.casefold()}")
        return MASK + mention[1][len(handle) :] if ("handle", key) in self._stones else mention[0]

    def _refresh(self) -> None:
        """Read the tombstones again if somebody, here or in another process, added some."""
        version = self.tombstones.version()
        if version != self._version:
            self._stones, self._version = self.tombstones.load(), version
            self._masks = any(kind == "handle" for kind, _ in self._stones)

    def hashed(self, of: str, name: str) -> str:
        """Return the key of a tombstone: of an account, a voter, a handle or a post's uid."""
        # Not Keys.pseudonym: that derives its key anew, and an import hashes thousands a second.
        message = f"tombstone {of}\0{name}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._hash_key, message, "sha256").hex()[:32]

    @cached_property
    def _hash_key(self) -> bytes:
        return self._key_of()
