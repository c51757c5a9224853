"""The command that shows everything on a sample community: demo."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.context import Context, context_of
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.demo.tour import Step

app = typer.Typer()

WORDS = {
    "en": {
        "start": "A sample community of three weeks: the invented bottle maker Tauwerder.",
        "write": "sample files written: {lines:,} lines of posts, counts, ideas and votes",
        "import": "{posts:,} posts imported, {rejected} rejected",
        "label": "{labelled:,} posts labelled by {model}",
        "watch": "the last days watched hour by hour: {alerts} alerts, storm warning {storm}",
        "campaign": "idea campaign: {ideas} ideas, {votes} doubtful votes flagged, none removed",
        "never": "none",
    },
    "de": {
        "start": "Eine Beispiel-Community über drei Wochen: der erfundene Hersteller Tauwerder.",
        "write": "Beispieldateien: {lines} Zeilen mit Beiträgen, Zählerständen, Ideen und Stimmen",
        "import": "{posts} Beiträge importiert, {rejected} abgelehnt",
        "label": "{labelled} Beiträge eingeordnet von {model}",
        "watch": "die letzten Tage Stunde für Stunde: {alerts} Alarme, Sturmwarnung {storm}",
        "campaign": "Ideenkampagne: {ideas} Ideen, {votes} zweifelhafte Stimmen, keine entfernt",
        "never": "keine",
    },
}
TRY_NEXT = {
    "en": """
Try next, after `sturmglas demo --keep tauwerder` and `cd tauwerder`:
  sturmglas alerts                              what was warned of, and why
  sturmglas posts --label sentiment=negative    the angry posts, newest first
  sturmglas explain posts --date {day}    the posts behind a figure
  sturmglas campaign audit {campaign}              the doubtful votes, each with its reason
  sturmglas campaign publish {campaign} public     the count that anybody can verify
  sturmglas digest --date {day} --lang de the same in German
""",
    "de": """
Als Nächstes, nach `sturmglas demo --keep tauwerder` und `cd tauwerder`:
  sturmglas alerts                              wovor gewarnt wurde, und warum
  sturmglas posts --label sentiment=negative    die verärgerten Beiträge, neueste zuerst
  sturmglas explain posts --date {day}    die Beiträge hinter einer Zahl
  sturmglas campaign audit {campaign}              die zweifelhaften Stimmen, jede mit Grund
  sturmglas campaign publish {campaign} public     die Auszählung, die jeder nachprüfen kann
  sturmglas digest --date {day} --lang en dasselbe auf Englisch
""",
}


@app.command()
def demo(
    ctx: typer.Context,
    keep: Annotated[
        Path | None, typer.Option(help="Keep files and store in this folder, to play with.")
    ] = None,
) -> None:
    """Run the whole pass on a sample community: no key, no network.

    Example: sturmglas demo --keep tauwerder
    """
    context = context_of(ctx)
    lang = context.lang_option or "en"
    if not context.json:
        context.out.print(WORDS[lang]["start"])
    if keep is not None:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise UsageError("--keep {keep}: is not empty; name a new folder", keep=keep)
        tell(context, keep, lang)
        return
    with tempfile.TemporaryDirectory(prefix="sturmglas-demo-") as folder:
        tell(context, Path(folder), lang)


def tell(context: Context, folder: Path, lang: str) -> None:
    """Run the tour, say what each step found, and end with the digest and what to try."""
    from monitor.demo import campaign, community
    from monitor.demo.tour import Tour
    from monitor.digest.compose import compose
    from monitor.digest.terminal import render_terminal
    from monitor.locale.language import load_language

    tour = Tour(folder, lang)
    try:
        with context.steps() as progress:
            for step in tour.steps(progress):
                show_step(context, step, lang)
        started = time.perf_counter()
        digest = tour.digest()
        took_s = time.perf_counter() - started
    finally:
        tour.app.close()
    if context.json:
        context.emit([{"step": "digest", "took_s": round(took_s, 3)}])
        return
    page = compose(digest, load_language(lang))
    context.out.print(render_terminal(page, context.out.width))
    day = community.END.date()
    context.say(TRY_NEXT[lang].format(folder=folder, day=day, campaign=campaign.NAME))


def show_step(context: Context, step: Step, lang: str) -> None:
    """Say what a step found."""
    if context.json:
        context.emit([{"step": step.step, "took_s": round(step.took_s, 3)}])
        return
    found = dict(step.found)
    if "storm_at" in found:
        at = found["storm_at"]
        found["storm"] = f"{at:%Y-%m-%d %H:%M} UTC" if at else WORDS[lang]["never"]
    text = WORDS[lang][step.step].format(**found)
    context.out.print(f"{step.took_s:5.1f} s  {text}", markup=False, soft_wrap=True)
