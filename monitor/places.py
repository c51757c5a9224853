"""The places that are watched: entries of the config as sources, with what reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectors.base import Connector
from connectors.types import Post, Source
from monitor.config import Secrets, Settings, SourceSettings, parse_settings
from monitor.errors import ConfigError, UsageError
from monitor.terms import Terms

if TYPE_CHECKING:
    from connectors.traffic import Traffic

FIRST_RUN = timedelta(days=30)
"""How far back the first run of a source goes unless the config says so."""


class Places:
    """The sources of a configuration. Connectors are built at first need and share one traffic."""

    def __init__(self, settings: Settings, secrets: Secrets, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.secrets = secrets
        self.clock = clock
        self._connectors: dict[str, Connector] = {}

    def sources(self, names: Sequence[str] = ()) -> list[Source]:
        """Return the enabled sources of the config, or those named. Raises UsageError."""
        by_name = {entry.name: entry for entry in self.settings.sources}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            known = ", ".join(by_name) or "none; `sturmglas sources add URL` writes one"
            raise UsageError(
                "{unknown}: no such source; the config has {known}",
                unknown=", ".join(unknown),
                known=known,
            )
        wanted = [by_name[name] for name in names] if names else list(by_name.values())
        return [self.source(entry) for entry in wanted if entry.enabled or names]

    def source(self, entry: SourceSettings) -> Source:
        """Turn an entry of the config, with its secrets, into a source."""
        facts = self.connector(entry.platform).facts
        if facts.grade == "experimental" and not entry.experimental:
            raise ConfigError(
                "sources.{entry}: {title} rests on facts that nobody could check yet; "
                "set experimental = true to read it all the same",
                entry=entry.name,
                title=facts.title,
            )
        secrets = {}
        for word in (*facts.secrets, *facts.optional_secrets):
            value = self.secrets.get("sources", entry.name, word)
            if value is not None:
                secrets[word] = value.get_secret_value()
            elif word in facts.secrets:
                variable = Secrets.variable("sources", entry.name, word)
                raise ConfigError(
                    "sources.{entry}: {title} needs a secret; set {variable}, or "
                    "{variable}_FILE to a file that holds it",
                    entry=entry.name,
                    title=facts.title,
                    variable=variable,
                )
        return Source(
            name=entry.name,
            platform=entry.platform,
            target=entry.target,
            base_url=entry.base_url,
            own=entry.own,
            since=entry.since or self.clock() - FIRST_RUN,
            allow_private=entry.allow_private,
            max_pages=entry.max_pages,
            options=entry.options,
            secrets=secrets,
        )

    def try_source(self, entry: Mapping[str, Any], posts: int = 3) -> list[Post]:
        """Return the first posts of a place that is not in the config yet.

        Raises ConfigError for a bad entry and ConnectorError where the platform does not answer.
        """
        settings = parse_settings({"sources": [dict(entry)]}, "the new source")
        source = self.source(settings.sources[0])
        pages = self.connector(source.platform).fetch(source, None)
        return list(islice((post for page in pages for post in page.posts), posts))

    def connector(self, platform: str) -> Connector:
        """Return the connector of a platform. Raises ConfigError for an unknown one."""
        from connectors.registry import CONNECTORS, connector

        if platform not in CONNECTORS:
            known = ", ".join(CONNECTORS)
            raise ConfigError(
                "platform {platform!r}: unknown; allowed are {known}",
                platform=platform,
                known=known,
            )
        if platform not in self._connectors:
            self._connectors[platform] = connector(platform, self.traffic)
        return self._connectors[platform]

    @cached_property
    def traffic(self) -> Traffic:
        """Keeps all connectors of the program within each host's limits."""
        from connectors.traffic import Traffic

        return Traffic()

    def interval(self, entry: SourceSettings) -> timedelta:
        """Return how often a source is asked: its own wish, else the platform's."""
        return entry.interval or self.connector(entry.platform).facts.interval

    @cached_property
    def terms(self) -> tuple[Terms, ...]:
        """What may be done with the posts of each configured source."""
        found = []
        for entry in self.settings.sources:
            facts = self.connector(entry.platform).facts
            derive = facts.may_derive if entry.derive is None else entry.derive
            found.append(Terms(entry.name, entry.keep or facts.expires, derive))
        return tuple(found)

    def close(self) -> None:
        """Close connections that were opened."""
        if "traffic" in self.__dict__:
            self.traffic.close()
