"""Commands about labels: label, classify, eval."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.context import Context, check_input, context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from connectors.types import Rejected
    from models.base import Classifier
    from models.types import Utterance

app = typer.Typer()

ROWS_A_BATCH = 2_000


@app.command()
def label(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what has labels.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many posts.")] = None,
) -> None:
    """Label what has no labels yet (or everything anew); corrections stay.

    Example: sturmglas label --limit 1000
    """
    context = context_of(ctx)
    total = len(context.store.labels.post_ids(everything=everything, limit=limit))
    with context.interrupt.after_the_step() as stop, context.progress("label", total) as step:
        done = context.app.label(everything=everything, limit=limit, progress=step, stop=stop)
    if context.json:
        context.emit(
            [{"labelled": done.labelled, "took_s": round(done.took_s, 3), "model": done.model}]
        )
        return
    line = context.tell(
        "{n} posts labelled in {seconds} s by {model}",
        n=done.labelled,
        seconds=context.language.number(done.took_s, 1),
        model=done.model,
    )
    context.out.print(line, markup=False)


@app.command()
def classify(
    ctx: typer.Context,
    in_: Annotated[str, typer.Argument(metavar="IN", help="JSONL (.gz), or - for stdin.")],
    out: Annotated[Path | None, typer.Option(help="Default: stdout.")] = None,
) -> None:
    """Label the texts of a file without the store; rows come out in the order they went in.

    Example: sturmglas classify posts.jsonl --out labels.jsonl
    """
    context = context_of(ctx)
    check_input(in_)
    failed = 0
    with output(out, in_) as target, context.progress(f"classify {in_}") as step:
        rows = read_rows(in_)
        while batch := list(islice(rows, ROWS_A_BATCH)):
            failed += classify_batch(context.app.classifier, batch, target)
            step(len(batch))
    if failed:
        context.say(context.tell("{n} rows could not be read; their output says why", n=failed))
        raise typer.Exit(1)


@contextmanager
def output(out: Path | None, in_: str) -> Iterator[IO[str]]:
    """Open the file for the labels, or stdout where none is named.

    Raises UsageError where it cannot be written, or is the very file that is read.
    """
    if out is None:
        yield sys.stdout
        return
    if in_ != "-" and out.exists() and out.samefile(in_):
        raise UsageError("--out {file}: is the file that is read; name another one", file=out)
    try:
        file = out.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "--out {file}: cannot be written: {error}", file=out, error=error
        ) from error
    with file:
        yield file


def read_rows(file: str) -> Iterator[dict[str, Any] | Rejected]:
    """Yield rows of a JSONL file, or why one cannot be read; blank lines pass."""
    from connectors.files import open_rows

    for _line, row in open_rows(file, "jsonl"):
        yield row


def id_of(rejected: Rejected) -> Any:
    """Return the id of a row whose text cannot be held, or None where even that is unreadable."""
    from connectors.lines import find_fault

    try:
        row = json.loads(rejected.raw) if isinstance(rejected.raw, str) else rejected.raw
    except ValueError:
        return None
    found = row.get("id") if isinstance(row, dict) else None
    return None if find_fault(found) else found


def classify_batch(
    classifier: Classifier, batch: Sequence[dict[str, Any] | Rejected], target: IO[str]
) -> int:
    """Write one output row for every input row. Returns how many could not be read."""
    from models.rows import labels_to_row, parse_row

    utterances: list[Utterance] = []
    places: list[int] = []
    written: list[dict[str, Any]] = [{} for _ in batch]
    for place, row in enumerate(batch):
        if not isinstance(row, dict):
            written[place] = {"id": id_of(row), "error": row.reason}
            continue
        try:
            utterances.append(parse_row(row))
            places.append(place)
        except ValueError as error:
            written[place] = {"id": row.get("id"), "error": str(error)}
    for place, labels in zip(places, classifier.classify(utterances), strict=True):
        row = batch[place]
        written[place] = labels_to_row(row.get("id") if isinstance(row, dict) else None, labels)
    for answer in written:
        target.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return len(batch) - len(places)


@app.command("eval")
def eval_(
    ctx: typer.Context,
    gold: Annotated[str | None, typer.Argument(help="JSONL: classify rows with `gold`.")] = None,
    min_: Annotated[
        str | None, typer.Option("--min", help="LABEL=BAR,...: exit 1 below, such as kind=0.8.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Instead: so many random posts to label by hand.")
    ] = None,
) -> None:
    """Measure the classifier on posts that people labelled, per label and language.

    Example: sturmglas eval gold.jsonl --min kind=0.8,initiator=0.85
    """
    context = context_of(ctx)
    if sample is not None:
        write_sample(context, sample)
        return
    if gold is None:
        raise UsageError("eval: name a GOLD file, or draw posts to label with --sample 50")
    bars = parse_bars(min_)
    figures, skipped, took_s = measure(context, gold)
    if context.json:
        context.emit(figure_row(figure) for figure in figures)
    else:
        print_figures(context, figures, took_s)
    if skipped:
        context.say(context.tell("{n} rows could not be read and were left out", n=skipped))
    below = [
        f"{figure.label} reached {figure.main:.3f}, wanted {bars[figure.label]:g}"
        for figure in figures
        if figure.lang == "all" and figure.label in bars and figure.main < bars[figure.label]
    ]
    missing = [label for label in bars if label not in {figure.label for figure in figures}]
    for line in (*below, *(f"{label}: no gold in the file" for label in missing)):
        context.say(line)
    if below or missing or skipped:
        raise typer.Exit(1)


def measure(context: Context, gold: str) -> tuple[list[Any], int, float]:
    """Label the rows of a gold file and compare. Returns figures, unreadable rows, seconds."""
    from models.evaluation import evaluate
    from models.rows import parse_row

    check_input(gold)
    rows, utterances, skipped = [], [], 0
    for row in read_rows(gold):
        if not isinstance(row, dict) or not isinstance(row.get("gold"), dict):
            skipped += 1
            continue
        try:
            utterances.append(parse_row(row))
        except ValueError:
            skipped += 1
            continue
        rows.append(row)
    if not rows:
        raise UsageError('{gold}: no row with "gold": {{"sentiment": ..., ...}}', gold=gold)
    started = time.monotonic()
    given = context.app.classifier.classify(utterances)
    took_s = time.monotonic() - started
    figures = evaluate([row["gold"] for row in rows], given, [row.get("lang") for row in rows])
    return figures, skipped, took_s


def parse_bars(text: str | None) -> dict[str, float]:
    """Read `kind=0.8,initiator=0.85`; bars are shares, 0..1. Raises UsageError."""
    bars = {}
    for pair in text.split(",") if text else ():
        label, _, number = pair.strip().partition("=")
        try:
            bars[label] = float(number)
        except ValueError as error:
            raise UsageError(
                "--min {pair}: write LABEL=NUMBER, such as kind=0.8", pair=pair
            ) from error
        if label not in ("sentiment", "initiator", "kind", "idea", "toxic"):
            raise UsageError(
                "--min {pair}: labels are sentiment, initiator, kind, idea, toxic", pair=pair
            )
        if not 0 <= bars[label] <= 1:
            raise UsageError("--min {pair}: a bar lies between 0 and 1", pair=pair)
    return bars


def figure_row(figure: Any) -> dict[str, Any]:
    """Return figures as a JSON row."""
    return {
        "label": figure.label,
        "lang": figure.lang,
        "n": figure.n,
        "accuracy": round(figure.accuracy, 4),
        "macro_f1": round(figure.macro_f1, 4),
        "f1_yes": None if figure.f1_yes is None else round(figure.f1_yes, 4),
        "calibration_error": None
        if figure.calibration_error is None
        else round(figure.calibration_error, 4),
        "confusion": figure.confusion,
    }


def print_figures(context: Context, figures: Sequence[Any], took_s: float) -> None:
    """Print figures as a table, then how each label is confused."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (context.tell("label"), context.tell("language")):
        table.add_column(title)
    for title in ("n", context.tell("accuracy"), "macro-F1", context.tell("F1 of yes")):
        table.add_column(title, justify="right")
    table.add_column(context.tell("calibration error"), justify="right")
    for f in figures:
        table.add_row(
            f.label,
            f.lang,
            str(f.n),
            f"{f.accuracy:.3f}",
            f"{f.macro_f1:.3f}",
            "" if f.f1_yes is None else f"{f.f1_yes:.3f}",
            "" if f.calibration_error is None else f"{f.calibration_error:.3f}",
        )
    context.out.print(table)
    for f in figures:
        if f.lang == "all":
            told = context.tell(
                "{label}: rows are what people said, columns what was given", label=f.label
            )
            context.out.print(f"\n{told}")
            columns = sorted({value for row in f.confusion.values() for value in row})
            grid = Table("", *columns, box=None, pad_edge=False)
            for truth, row in f.confusion.items():
                grid.add_row(truth, *(str(row.get(value, 0)) for value in columns))
            context.out.print(grid)
    rows = max((f.n for f in figures), default=0)
    seconds = context.language.number(took_s, 1)
    context.say(
        context.tell(
            "{model}: {n} posts in {seconds} s",
            model=context.app.classifier.name,
            n=rows,
            seconds=seconds,
        )
    )


def write_sample(context: Context, size: int) -> None:
    """Write random posts with empty `gold` to stdout, ready to be labelled by hand."""
    from monitor.pipeline import utterances_of

    ids = context.store.labels.post_ids(everything=True, limit=None)
    drawn = random.Random(context.now.toordinal()).sample(ids, min(size, len(ids)))
    found = context.store.posts.load_ids(drawn)
    empty = dict.fromkeys(("sentiment", "initiator", "kind", "idea", "toxic"))
    for post, said in zip(
        found, utterances_of(context.store, found, context.app.company), strict=True
    ):
        thread = [{"role": above.role, "text": above.text} for above in said.context.thread]
        context.emit(
            [
                {
                    "id": post.uid,
                    "lang": post.lang,
                    "company": said.context.company,
                    "platform": post.platform,
                    "author_role": post.role,
                    "thread": thread,
                    "text": said.text,
                    "gold": empty,
                }
            ]
        )
