"""Builds every object from the settings: the only place that knows which class stands where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.types import Source
from monitor.circumstances import load_circumstances
from monitor.config import Secrets, Settings
from monitor.delivery.office import Office, open_office
from monitor.errors import MonitorError, UsageError
from monitor.measure.answers import parse_hours
from monitor.pipeline import (
    CompanyWords,
    Labelled,
    Progress,
    Rejects,
    fetch_source,
    label_posts,
    refresh_source,
)
from monitor.places import Places
from monitor.reporting import House, choose_period, make_digest
from monitor.store.alerts import AlertTable
from monitor.store.figures import FigureTable
from monitor.store.outbox import Outbox
from monitor.store.store import Store
from monitor.terms import let_go
from monitor.types.alerts import Event
from monitor.types.digest import Digest, PeriodKind
from monitor.types.messages import Delivered, Receiver
from monitor.types.posts import Fetched, SourceState
from monitor.types.roles import Roles
from monitor.types.status import Status
from monitor.warning import raise_alerts, rule_settings

if TYPE_CHECKING:
    from models.base import Classifier
    from models.embedding import Embedder
    from monitor.delivery.presses import PressDesk
    from monitor.exports import Pseudonym
    from monitor.guard import Guard
    from monitor.keys import Keys

FETCH_THREADS = 8
"""Sources that are asked at the same time; their answers are saved one after the other."""
LOOK_AGAIN = 40
"""Known posts that a single pull asks for by name: one or two calls where platforms take lists."""

TELL_LATE = timedelta(days=1)
"""What a crash kept from being told is told later, unless it is older news than this."""


class App:
    """The parts of the program, each built at first need. `clock` gives an aware time."""

    def __init__(
        self,
        settings: Settings,
        store_path: Path | None,
        *,
        clock: Callable[[], datetime],
        lang: str = "en",
        secrets: Secrets | None = None,
    ) -> None:
        self.settings = settings
        self.store_path = store_path
        self.clock = clock
        self.lang = lang
        self.secrets = secrets or Secrets()

    @cached_property
    def roles(self) -> Roles:
        """Who is company and who third party, by config."""
        company = self.settings.company
        return Roles(
            tuple(account.casefold() for account in company.accounts),
            tuple(account.casefold() for account in company.third_party),
        )

    @cached_property
    def company(self) -> CompanyWords:
        """What texts may call the company."""
        company = self.settings.company
        return CompanyWords(company.name, company.names, company.exclude)

    @cached_property
    def store(self) -> Store:
        """The opened store, guarded: whom we must not collect does not come in."""
        store = Store(self.store_path, self.roles)
        self.__dict__["store"] = store  # the guard looks at it while this is still at work
        own = {entry.name: entry.own for entry in self.settings.sources}
        store.ingest.foreign = frozenset(name for name, is_own in own.items() if not is_own)
        store.sources.set_own(own)
        self.guard.stand()
        return store

    @cached_property
    def guard(self) -> Guard:
        """Privacy of the store: objection, erasure, retention, the processing log."""
        from monitor.guard import Guard

        wishes = self.settings
        return Guard(
            self.store,
            lambda: self.keys,
            wishes.retention,
            wishes.privacy,
            self.clock,
            drops={entry.name: entry.drop for entry in wishes.sources if entry.drop},
        )

    @cached_property
    def embedder(self) -> Embedder:
        """Texts as vectors, to find ideas that say the same; opened when first asked."""
        from models.embedding import Embedder

        return Embedder()

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier in force. Raises ModelError where weights are missing or damaged."""
        from models.loading import load_classifier
        from models.transformers_backend import Override

        models = self.settings.models
        wanted = {
            label: Override(model=own.transformers, mapping=own.labels, device=own.device)
            for label in ("sentiment", "initiator", "kind", "idea", "toxic")
            if (own := getattr(models, label)) is not None
        }
        return load_classifier(models.speed, models.unsure_below, wanted)

    def rejects(self, name: str) -> Rejects:
        """The file that keeps what could not be read of an input of that name."""
        folder = self.store_path.parent if self.store_path else None
        return Rejects(folder, name, self.guard.gate.may_keep)

    @cached_property
    def places(self) -> Places:
        """The configured sources, and the connectors that read them."""
        return Places(self.settings, self.secrets, self.clock)

    # --- steps --------------------------------------------------------------------------------

    def fetch(
        self, names: Sequence[str] = (), *, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Fetched]:
        """Pull the named (or all) sources, several at once; yield each result as it comes.

        The newest known posts are looked at again too: `run` has turns of its own for that.
        """
        sources = self.places.sources(names)
        self.store  # noqa: B018 - opened here, so that trouble with it shows before any request
        with ThreadPoolExecutor(min(FETCH_THREADS, max(1, len(sources)))) as pool:
            jobs = [pool.submit(self.fetch_one, source, stop, LOOK_AGAIN) for source in sources]
            for job in as_completed(jobs):
                yield job.result()

    def fetch_one(
        self, source: Source, stop: Callable[[], bool] = lambda: False, look_again: int = 0
    ) -> Fetched:
        """Pull one source, and look at so many known posts again."""
        return fetch_source(
            self.places.connector(source.platform),
            source,
            self.store,
            self.rejects(source.name),
            self.clock,
            look_again=look_again,
            stop=stop,
        )

    def refresh_one(self, source: Source, since_last: timedelta) -> None:
        """Look again at recent posts of one source."""
        connector = self.places.connector(source.platform)
        refresh_source(connector, source, self.store, self.clock(), since_last)

    def label(
        self,
        *,
        everything: bool = False,
        limit: int | None = None,
        progress: Progress = lambda _n: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Labelled:
        """Label what has no labels yet, or everything anew."""
        return label_posts(
            self.store,
            self.classifier,
            self.company,
            self.clock(),
            left_out=tuple(term.source for term in self.places.terms if not term.derive),
            everything=everything,
            limit=limit,
            progress=progress,
            stop=stop,
        )

    def tick(
        self, *, dry_run: bool = False, stop: Callable[[], bool] = lambda: False
    ) -> list[Event]:
        """Measure; open, raise, lower or close alerts; send what is due. Returns what changed.

        With `dry_run` nothing is saved and nothing sent.
        """
        events = raise_alerts(
            self.store.db,
            self.clock(),
            settings=rule_settings(self.settings.alerts, self.settings.company),
            zone=self.settings.zone,
            inputs=load_circumstances(self.store, self.settings.events, self.clock()),
            dry_run=dry_run,
        )
        if not dry_run:
            table = AlertTable(self.store.db)
            last, untold = table.load_untold(self.clock() - TELL_LATE)
            self.office.tell_events(untold, self.clock(), stop)
            table.mark_told(last)
        return events

    @cached_property
    def office(self) -> Office:
        """Writes messages and sends them."""
        return open_office(self.store, self.settings, self.secrets, self.lang)

    def receiver(self, name: str) -> Receiver | None:
        """Return a receiver of the config, connected; None where it is gone or lacks a secret."""
        entry = next((e for e in self.settings.notify if e.name == name), None)
        try:
            return None if entry is None else self.office.postman.connect(entry)
        except MonitorError:
            return None

    @cached_property
    def presses(self) -> PressDesk:
        """Takes the buttons that people press under alerts."""
        from monitor.delivery.presses import PressDesk

        def pseudonym(user: str) -> str:
            return self.keys.pseudonym(user, of="colleague", length=8)

        return PressDesk(self.office, pseudonym, self.clock)

    def send_digest(self) -> Delivered:
        """Send the digest of the day that is over to everybody who wants it."""
        return self.office.tell_digest(self.digest("day"), self.clock())

    @cached_property
    def house(self) -> House:
        """What a digest needs to know of the company."""
        hours = self.settings.general.business_hours
        return House(
            company=self.settings.company.name or "",
            timezone=self.settings.general.timezone,
            good=self.settings.alerts.good_rate,
            hours=parse_hours(hours, self.settings.general.timezone) if hours else None,
        )

    def digest(self, kind: PeriodKind, day: date | None = None) -> Digest:
        """Return the digest of the period that `day` lies in, or of the newest that is over."""
        now = self.clock()
        period = choose_period(kind, day, now, self.settings.general.timezone)
        return make_digest(self.store, self.house, now, period)

    # --- how it stands ------------------------------------------------------------------------

    def source_names(self) -> list[str]:
        """Return the configured sources, then those that only files brought."""
        configured = [entry.name for entry in self.settings.sources]
        held = [state.source for state in self.store.sources.states()]
        return configured + [name for name in held if name not in configured]

    def source_state(self, name: str) -> tuple[SourceState | None, float | None]:
        """Return how a source fares and the share (0..1) of the last day that is covered.

        Coverage is unknown (None) for a source that was never fetched.
        """
        state = self.store.sources.state(name)
        if state is None or state.last_success is None:
            return state, None
        now = self.clock()
        return state, self.store.sources.coverage(name, now - timedelta(days=1), now)

    def status(self) -> Status:
        """Return what a person asks first: the weather, open alerts, what waits, what failed."""
        weather = AlertTable(self.store.db).load_weather()
        return Status(
            storm_level=None if weather is None else weather[1],
            looked_at=None if weather is None else weather[0],
            alerts=tuple(AlertTable(self.store.db).load_list(only_open=True)),
            unlabelled=self.store.labels.count_unlabelled(),
            queue=FigureTable(self.store.db).load_queue(self.clock()),
            deliveries=Outbox(self.store.db).states(),
        )

    # --- what leaves --------------------------------------------------------------------------

    @cached_property
    def keys(self) -> Keys:
        """The operator's keys, made beside the store at first need."""
        from monitor.keys import load_keys

        return load_keys(self.store_path)

    def export(
        self,
        what: str,
        since: datetime | None,
        until: datetime | None,
        *,
        with_authors: bool,
        unmasked: bool = False,
    ) -> Iterator[Mapping[str, Any]]:
        """Yield every single item of one kind. Raises UsageError for an unknown kind.

        Telephone numbers, addresses and their like in texts are masked unless `unmasked`.
        """
        from monitor import exports

        pseudonym: Pseudonym | None = None if with_authors else self.keys.pseudonym
        kinds: Mapping[str, Callable[[], Iterator[Mapping[str, Any]]]] = {
            "posts": lambda: exports.export_posts(self.store, since, until, pseudonym),
            "labels": lambda: exports.export_labels(self.store, since, until),
            "counts": lambda: exports.export_counts(self.store, since, until),
            "alerts": lambda: exports.export_alerts(self.store, since, until, self.lang),
            "ideas": lambda: exports.export_ideas(self.store, since, until, pseudonym),
            "votes": lambda: exports.export_votes(self.store, since, until, pseudonym),
            "decisions": lambda: exports.export_decisions(self.store, since, until, pseudonym),
        }
        if what not in kinds:
            raise UsageError(
                "export {what}: allowed are {kinds}", what=what, kinds=", ".join(kinds)
            )
        self.guard.note("exported", what=what, with_authors=with_authors, unmasked=unmasked)
        return kinds[what]() if unmasked else map(exports.mask_row, kinds[what]())

    def apply_retention(self) -> dict[str, int]:
        """Delete what has been kept long enough; the log keeps the proof."""
        done = self.guard.retain()
        let_gone = let_go(self.store, self.places.terms, self.clock())
        if let_gone:
            self.guard.note("let go by platforms' terms", posts=let_gone)
        return done | {"terms": let_gone}

    def close(self) -> None:
        """Close what was opened."""
        if "places" in self.__dict__:
            self.places.close()
        if "store" in self.__dict__:
            self.store.close()
