"""The demo: the whole real pass on the sample community, step by step.

Nothing here is made for show: the steps call what `import`, `label`, `tick`, `campaign` and
`digest` call, on a clock that stands at the sample's last evening.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.files import open_rows
from monitor.app import App
from monitor.campaigning import Campaigning
from monitor.config import Settings, load_settings
from monitor.demo import campaign, community
from monitor.pipeline import import_rows
from monitor.types.alerts import Event
from monitor.types.digest import Digest

HERE = Path(__file__).parent
WATCHED = timedelta(hours=54)
"""How much of the storm the demo lives through, hour by hour."""

Progress = Callable[[int, int], None]
"""Told (done, of how many)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is done: its name, how long it took, and what it found, in figures."""

    step: str
    took_s: float
    found: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Tour:
    """The sample community in `folder`, which is made and filled. `lang` is `de` or `en`."""

    folder: Path
    lang: str
    now: datetime = community.END

    @cached_property
    def settings(self) -> Settings:
        """The sample's own configuration, in the language asked for."""
        settings = load_settings(HERE / "config.toml")
        general = settings.general.model_copy(update={"language": self.lang})
        return settings.model_copy(update={"general": general})

    @cached_property
    def app(self) -> App:
        """The program on the sample's store; its clock is moved by the steps."""
        return App(
            self.settings, self.folder / "sturmglas.db", clock=lambda: self.now, lang=self.lang
        )

    def steps(self, progress: Progress = lambda _done, _all: None) -> Iterator[Step]:
        """Run one step after the other; each is told when it is done."""
        for name, work in (
            ("write", self._write),
            ("import", self._import),
            ("label", self._label),
            ("watch", self._watch),
            ("campaign", self._campaign),
        ):
            started = time.perf_counter()
            found = work(progress)
            yield Step(name, time.perf_counter() - started, found)

    def digest(self) -> Digest:
        """Return the digest of the sample's last day."""
        return self.app.digest("day", community.END.date())

    def _write(self, _progress: Progress) -> dict[str, Any]:
        """The sample's files, as a person would have them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "config.toml", self.folder / "config.toml")
        (self.folder / "rules.toml").write_text(campaign.RULES, encoding="utf-8")
        rows = {
            "posts.jsonl": community.generate(),
            "ideas.jsonl": campaign.ideas(),
            "votes.jsonl": campaign.votes(),
        }
        lines = {}
        for name, lines_of in rows.items():
            text = [json.dumps(row, ensure_ascii=False) for row in lines_of]
            (self.folder / name).write_text("\n".join(text) + "\n", encoding="utf-8")
            lines[name] = len(text)
        return {"lines": sum(lines.values())}

    def _import(self, progress: Progress) -> dict[str, Any]:
        total = 15_000
        done = 0

        def step(rows: int) -> None:
            nonlocal done
            done += rows
            progress(done, total)

        imported = import_rows(
            open_rows(self.folder / "posts.jsonl"),
            self.app.store,
            self.app.rejects("posts.jsonl"),
            community.END,
            default_source="sample",
            progress=step,
        )
        return {"posts": imported.new, "rejected": imported.rejected}

    def _label(self, progress: Progress) -> dict[str, Any]:
        total = self.app.store.labels.count_unlabelled()
        done = 0

        def step(posts: int) -> None:
            nonlocal done
            done += posts
            progress(done, total)

        labelled = self.app.label(progress=step)
        return {"labelled": labelled.labelled, "model": labelled.model}

    def _watch(self, progress: Progress) -> dict[str, Any]:
        """Live through the last days hour by hour, as `run` would have."""
        hours = WATCHED // timedelta(hours=1)
        events: list[Event] = []
        for hour in range(hours + 1):
            self.now = community.END - timedelta(hours=hours - hour)
            events += self.app.tick()
            progress(hour, hours)
        opened = [event for event in events if event.event == "opened"]
        storms = [event for event in opened if event.alert.rule == "storm"]
        return {"alerts": len(opened), "storm_at": storms[0].at if storms else None}

    def _campaign(self, _progress: Progress) -> dict[str, Any]:
        story = Campaigning(self.app.store.db, self.app.keys)
        story.create(campaign.RULES, campaign.OPENS)
        story.open(campaign.NAME, campaign.OPENS)
        rejects = self.app.rejects("votes.jsonl")

        def rows(name: str) -> Iterator[Any]:
            return open_rows(self.folder / name)

        story.take(
            campaign.NAME,
            ideas=rows("ideas.jsonl"),
            votes=rows("votes.jsonl"),
            refuse=rejects.add,
            now=community.END,
        )
        report = story.audit(campaign.NAME, community.END)
        return {"ideas": campaign.IDEAS, "findings": len(report.findings), **report.summary}
