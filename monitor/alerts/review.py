"""The post-mortem of a storm, as Markdown or HTML, German or English. Pure text of a value."""

from __future__ import annotations

import html
import re
from datetime import datetime, tzinfo

from monitor.alerts.wording import LEVEL_NAMES, headline, why
from monitor.types.alerts import Moment, PostMortem

WORDS = {
    "de": {
        "title": "Nachbetrachtung",
        "facts": "In Zahlen",
        "timeline": "Verlauf",
        "hours": "Stunde für Stunde",
        "why": "Warum gewarnt wurde",
        "duration": "Dauer",
        "peak": "Höhepunkt",
        "total": "Beiträge insgesamt",
        "negative": "davon kritisch",
        "authors": "verschiedene Kritiker",
        "answers": "unsere Antworten",
        "first_answer": "erste Antwort nach",
        "none": "keine",
        "hour": "Stunde",
        "posts": "Beiträge",
        "critical": "kritisch",
        "level": "Stufe",
        "verdicts": "Was Menschen dazu sagten",
        "going_on": "dauert an",
    },
    "en": {
        "title": "Post-mortem",
        "facts": "In figures",
        "timeline": "Timeline",
        "hours": "Hour by hour",
        "why": "Why it was raised",
        "duration": "duration",
        "peak": "peak",
        "total": "posts in all",
        "negative": "critical ones",
        "authors": "different critics",
        "answers": "our answers",
        "first_answer": "first answer after",
        "none": "none",
        "hour": "hour",
        "posts": "posts",
        "critical": "critical",
        "level": "level",
        "verdicts": "What people said of it",
        "going_on": "still going on",
    },
}
MOMENTS = {
    "de": {
        "first_post": "erster kritischer Beitrag",
        "amplifier": "erster Verstärker mit großer Reichweite",
        "opened": "Warnung",
        "raised": "Stufe steigt",
        "lowered": "Stufe sinkt",
        "peak": "Höhepunkt der Kritik",
        "first_answer": "erste Antwort von uns",
        "closed": "Entwarnung",
    },
    "en": {
        "first_post": "first critical post",
        "amplifier": "first amplifier with a large reach",
        "opened": "warning",
        "raised": "level rises",
        "lowered": "level falls",
        "peak": "criticism peaks",
        "first_answer": "our first answer",
        "closed": "all-clear",
    },
}
BAR = 40
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~])")


def as_markdown(account: PostMortem, lang: str, zone: tzinfo) -> str:
    """Return the account as Markdown. Words of posts are escaped, so that they stay words."""
    words = WORDS[lang]
    lines = [
        f"# {words['title']}: {_escape(headline(account.alert, lang))}",
        "",
        f"## {words['facts']}",
        "",
        *(f"- {name}: {value}" for name, value in _facts(account, lang, zone)),
        "",
        f"## {words['why']}",
        "",
        _escape(why(account.alert, lang)),
        "",
        f"## {words['timeline']}",
        "",
        *(f"- {_escape(line)}" for line in _timeline(account, lang, zone)),
        "",
        f"## {words['hours']}",
        "",
        f"| {words['hour']} | {words['posts']} | {words['critical']} | |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {_time(at, zone)} | {posts} | {critical} | {_bar(critical, account)} |"
            for at, posts, critical in account.hours
        ),
    ]
    if account.verdicts:
        lines += ["", f"## {words['verdicts']}", ""]
        lines += [f"- {_escape(line)}" for line in _verdicts(account, zone)]
    return "\n".join(lines) + "\n"


def as_html(account: PostMortem, lang: str, zone: tzinfo) -> str:
    """Return the account as one HTML page without scripts; everything from outside is escaped."""
    words = WORDS[lang]

    def listed(lines: list[str]) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"

    rows = "".join(
        f"<tr><td>{_time(at, zone)}</td><td>{posts}</td><td>{critical}</td>"
        f'<td><meter max="{max(account.alert.peak_size, 1)}" value="{critical}"></meter></td></tr>'
        for at, posts, critical in account.hours
    )
    facts = [f"{name}: {value}" for name, value in _facts(account, lang, zone)]
    title = html.escape(f"{words['title']}: {headline(account.alert, lang)}")
    verdicts = _verdicts(account, zone)
    said = f"<h2>{words['verdicts']}</h2>{listed(verdicts)}" if verdicts else ""
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f"</head>\n<body><h1>{title}</h1>\n<h2>{words['facts']}</h2>{listed(facts)}\n"
        f"<h2>{words['why']}</h2><p>{html.escape(why(account.alert, lang))}</p>\n"
        f"<h2>{words['timeline']}</h2>{listed(_timeline(account, lang, zone))}\n"
        f"<h2>{words['hours']}</h2><table><tr><th>{words['hour']}</th><th>{words['posts']}</th>"
        f"<th>{words['critical']}</th><th></th></tr>{rows}</table>\n{said}</body></html>\n"
    )


def _facts(account: PostMortem, lang: str, zone: tzinfo) -> list[tuple[str, str]]:
    words, alert = WORDS[lang], account.alert
    level = f"{words['level']} {alert.peak_level} ({LEVEL_NAMES[lang][alert.peak_level]})"
    peak = f"{level}, {_time(alert.peak_at, zone)}" if alert.peak_at else level
    answer = account.first_answer_s
    return [
        (words["duration"], _duration(account, lang)),
        (words["peak"], peak),
        (words["total"], str(account.total)),
        (words["negative"], str(account.negative)),
        (words["authors"], str(account.authors)),
        (words["answers"], str(account.answers)),
        (words["first_answer"], words["none"] if answer is None else _span(answer)),
    ]


def _duration(account: PostMortem, lang: str) -> str:
    closed = account.alert.closed_at
    if closed is None:
        return WORDS[lang]["going_on"]
    return _span((closed - account.alert.opened_at).total_seconds())


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _timeline(account: PostMortem, lang: str, zone: tzinfo) -> list[str]:
    return [_moment(moment, lang, zone) for moment in account.moments]


def _moment(moment: Moment, lang: str, zone: tzinfo) -> str:
    line = f"{_time(moment.at, zone)} {MOMENTS[lang][moment.what]}"
    if moment.level is not None:
        line += f", {WORDS[lang]['level']} {moment.level}"
    if moment.size is not None:
        line += f", {moment.size} {WORDS[lang]['critical']}"
    if moment.post is not None:
        line += f" ({moment.post})"
    if moment.text:
        line += f": {' '.join(moment.text.split())[:160]}"
    return line


def _verdicts(account: PostMortem, zone: tzinfo) -> list[str]:
    return [
        " ".join(filter(None, (_time(v.at, zone), v.verdict, v.by and f"({v.by})", v.reason)))
        for v in account.verdicts
    ]


def _time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _bar(critical: int, account: PostMortem) -> str:
    most = max((c for _, _, c in account.hours), default=0)
    return "█" * round(BAR * critical / most) if most else ""


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
