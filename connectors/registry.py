"""All connectors by platform, written out by hand so that they can be found by searching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.base import Connector, ConnectorFacts

if TYPE_CHECKING:  # brings httpx along, which `--help` shall not wait for
    from connectors.traffic import Traffic

_PLACES: Mapping[str, str] = {
    "files": "connectors.files:Files",
    "rss": "connectors.rss:Rss",
    "mastodon": "connectors.mastodon:Mastodon",
    "discourse": "connectors.discourse:Discourse",
    "bluesky": "connectors.bluesky:Bluesky",
    "matrix": "connectors.matrix:Matrix",
    "hackernews": "connectors.hackernews:HackerNews",
    "reddit": "connectors.reddit:Reddit",
    "wordpress": "connectors.wordpress:WordPress",
    "youtube": "connectors.youtube:YouTube",
    "facebook": "connectors.facebook:Facebook",
    "instagram": "connectors.instagram:Instagram",
    "lemmy": "connectors.lemmy:Lemmy",
    "github": "connectors.github:GitHub",
    "telegram": "connectors.telegram:Telegram",
    "discord": "connectors.discord:Discord",
    "stackexchange": "connectors.stackexchange:StackExchange",
    "mattermost": "connectors.mattermost:Mattermost",
    "slack": "connectors.slack:Slack",
    "x": "connectors.x:X",
    "fider": "connectors.fider:Fider",
    "canny": "connectors.canny:Canny",
    "uservoice": "connectors.uservoice:UserVoice",
    "trustpilot": "connectors.trustpilot:Trustpilot",
    "googlereviews": "connectors.googlereviews:GoogleReviews",
    "googleplay": "connectors.googleplay:GooglePlay",
    "appstore": "connectors.appstore:AppStore",
}


class _Connectors(Mapping[str, type[Any]]):
    """Platform -> class; a class is imported when it is asked for, as `--help` must be quick."""

    def __getitem__(self, platform: str) -> type[Any]:
        module, _, name = _PLACES[platform].partition(":")
        found: type[Any] = getattr(import_module(module), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


CONNECTORS: Mapping[str, type[Any]] = _Connectors()
"""Platform -> connector class. To list the platforms imports nothing."""


def connector(platform: str, traffic: Traffic | None = None) -> Connector:
    """Build the connector of `platform`; all of one process should share one `traffic`.

    Raises KeyError with the known platforms for one that we do not know.
    """
    if platform not in CONNECTORS:
        raise KeyError(f"platform {platform!r} is none of {', '.join(CONNECTORS)}")
    built: Connector = CONNECTORS[platform](traffic)
    return built


def facts(platform: str) -> ConnectorFacts:
    """Return what a platform's connector declares."""
    declared: ConnectorFacts = CONNECTORS[platform].facts
    return declared
