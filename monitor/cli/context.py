"""What every command is handed: settings, store, clock, language, and how to answer."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from monitor.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.app import App
    from monitor.cli.logs import LogFile
    from monitor.config import Settings
    from monitor.locale.language import Language
    from monitor.store.store import Store

INTERRUPTED = 130


def check_input(file: str | Path) -> Path:
    """Return the path of an input file, `-` for stdin. Raises UsageError where none is there."""
    path = Path(file)
    if path.is_dir():
        raise UsageError("{file}: is a folder; name one file in it", file=file)
    if str(file) != "-" and not path.exists():
        raise UsageError("{file}: no such file", file=file)
    return path


@dataclass(slots=True)
class Interrupt:
    """Ctrl-C and SIGTERM: at once where nothing is in hand, else after the step in hand."""

    asked: bool = False
    graceful: bool = False

    def install(self) -> None:
        """Take over both signals. Only the main thread of the program may call it."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.graceful and not self.asked:
            self.asked = True
            print("Finishing the step in hand; once more to stop at once.", file=sys.stderr)  # noqa: T201
            return
        raise SystemExit(INTERRUPTED)

    @contextmanager
    def after_the_step(self) -> Iterator[Callable[[], bool]]:
        """Inside, an interrupt only sets a flag that the work asks for between two steps.

        Leaves the program with 130 when it was set.
        """
        self.graceful = True
        try:
            yield lambda: self.asked
        finally:
            self.graceful = False
        if self.asked:
            raise SystemExit(INTERRUPTED)


@dataclass
class Context:
    """Global options, and what is built from them at first need."""

    config_path: Path | None = None
    db_path: Path | None = None
    lang_option: str | None = None
    fixed_now: datetime | None = None
    json: bool = False
    verbose: int = 0
    interrupt: Interrupt = field(default_factory=Interrupt)
    log_file: LogFile | None = None

    @cached_property
    def config_file(self) -> Path | None:
        """The config in force, or None where defaults hold."""
        from platformdirs import user_config_path

        from monitor.config import find_config

        return find_config(self.config_path, user_config_path("sturmglas"))

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises ConfigError."""
        from monitor.config import load_settings

        return load_settings(self.config_file)

    @property
    def lang(self) -> str:
        """`de` or `en`: the option, else the config."""
        return self.lang_option or self.settings.general.language

    @cached_property
    def language(self) -> Language:
        """Says things in the language of this call."""
        from monitor.locale.language import load_language

        return load_language(self.lang)

    def tell(self, message: str, /, **facts: object) -> str:
        """Return an English message in the language of this call; numbers as it writes them."""
        written = {
            name: self.language.number(fact) if isinstance(fact, int) else fact
            for name, fact in facts.items()
        }
        if not facts:
            return self.language.say_as_is(message)
        return self.language.say(message, **written)

    @property
    def now(self) -> datetime:
        """The clock, in UTC; fixed by --now."""
        return self.fixed_now or datetime.now(UTC)

    @property
    def store_path(self) -> Path:
        """The store's file: --db, else the config's (relative to the config file).

        --db may also name a folder that holds one, such as that of `demo --keep`.
        """
        if self.db_path is not None:
            inside = self.db_path / "sturmglas.db"
            return inside if inside.is_file() else self.db_path
        return self.beside_config(self.settings.store.path)

    def beside_config(self, path: Path) -> Path:
        """Return a path of the config, which is relative to the config's own folder."""
        return path if self.config_file is None else self.config_file.parent / path

    @cached_property
    def app(self) -> App:
        """Everything built from the settings."""
        from monitor.app import App
        from monitor.cli.logs import configure_logs

        configure_logs(self.verbose, self.log_file)
        return App(self.settings, self.store_path, clock=lambda: self.now, lang=self.lang)

    @property
    def store(self) -> Store:
        """The opened store."""
        return self.app.store

    def emit(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Print one JSON object a line."""
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False, default=to_json) + "\n")

    @cached_property
    def out(self) -> Console:
        """Where results for people go; `:x:` in an id or a text stays what it is."""
        from rich.console import Console

        return Console(highlight=False, markup=False, emoji=False)

    @cached_property
    def err(self) -> Console:
        """Where everything else goes."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, markup=False, emoji=False)

    @staticmethod
    def time(moment: datetime | None) -> str | None:
        """Write a moment as scripts read it."""
        return show_time(moment)

    def say(self, text: str) -> None:
        """Tell a person something beside the result (stderr), as it is written."""
        self.err.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A progress bar on stderr for long work; silent where nobody looks (pipes, --json)."""
        if self.json or not self.err.is_terminal:
            yield lambda _n: None
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self.err, transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda n: bar.advance(task, n)

    @contextmanager
    def steps(self) -> Iterator[Callable[[int, int], None]]:
        """A progress bar for work in several steps, each told as (done, of how many)."""
        if self.json or not self.err.is_terminal:
            yield lambda _done, _total: None
            return
        from rich.progress import Progress

        with Progress(console=self.err, transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def context_of(ctx: typer.Context) -> Context:
    """Return the context that the root command made."""
    context = ctx.find_object(Context)
    assert context is not None, "the root callback makes it"
    return context


def parse_time(text: str, option: str) -> datetime:
    """Read RFC 3339; a time without zone is UTC, a date is its midnight. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            "{option} {text}: no time; write 2026-03-02T08:15:00Z or 2026-03-02",
            option=option,
            text=text,
        ) from error
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def show_time(moment: datetime | None) -> str | None:
    """Write a moment as RFC 3339 in UTC, without needless fractions."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(timespec="auto").removesuffix("+00:00")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def to_json(value: Any) -> Any:
    """Say how values of ours stand in JSON: times as RFC 3339, paths as text."""
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
