"""The digest as people see it: golden files of every rendering, length, width, language, topics.

`RENEW_GOLDEN=1 pytest tests/test_digest_renderings.py` writes the golden files anew; read the
difference before you commit it.
"""

from __future__ import annotations

import ast
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from connectors.types import Post
from monitor.digest.alert_page import compose_alert, headline
from monitor.digest.compose import compose
from monitor.digest.pictures import draw_pictures
from monitor.digest.slack import slack_message
from monitor.digest.terminal import render_text
from monitor.digest.topics import find_topics
from monitor.locale.language import load_language
from monitor.reporting import House, choose_period, make_digest, render
from monitor.sheets import make_sheet
from monitor.store.figures import FigureTable
from monitor.store.kpis import KpiTable
from monitor.store.store import Store
from monitor.types.digest import CampaignFigures, Digest, Quote
from monitor.types.kpis import Figure
from tests.digest_community import DAY, NOW, fill, labels, post, storm_alert
from tests.test_digest_safe import check_blocks

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parent.parent
SUFFIXES = {"text": "txt", "markdown": "md", "html": "html", "slack": "json", "json": "json"}
HOUSE = House(company="Acme", timezone="Europe/Berlin")


def digest_of(store: Store, day: date = date(2026, 3, 2)) -> Digest:
    return make_digest(store, HOUSE, NOW, choose_period("day", day, NOW, HOUSE.timezone))


def check_golden(name: str, rendered: str) -> None:
    path = GOLDEN / name
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(rendered, encoding="utf-8")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("form", list(SUFFIXES))
def test_a_day_with_a_storm_looks_as_it_should(store: Store, form: str, lang: str) -> None:
    fill(store, storm=True)
    rendered = render(digest_of(store), form, lang)  # type: ignore[arg-type]  # one of the forms
    check_golden(f"storm.{form}.{lang}.{SUFFIXES[form]}", rendered)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_quiet_day_looks_as_it_should(store: Store, lang: str) -> None:
    fill(store)
    quiet = digest_of(store, date(2026, 2, 25))
    assert quiet.weather == "quiet"
    check_golden(f"quiet.text.{lang}.txt", render(quiet, "text", lang))


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("form", list(SUFFIXES))
def test_a_week_tells_trend_kpis_and_how_far_ideas_came(store: Store, form: str, lang: str) -> None:
    rendered = render(week_of(store), form, lang)  # type: ignore[arg-type]  # one of the forms
    check_golden(f"week.{form}.{lang}.{SUFFIXES[form]}", rendered)


def test_a_months_figures_are_those_of_the_sheet_and_of_a_recount(store: Store) -> None:
    fill(store)
    long_ago = datetime(2026, 1, 31, 12, tzinfo=UTC)
    store.ingest.save_posts([post(1, "Der erste Tag", long_ago, native_id="first")], NOW)
    month = choose_period("month", date(2026, 3, 2), NOW, HOUSE.timezone)
    made = make_digest(store, HOUSE, NOW, month)
    sheet = make_sheet(store, month)
    assert {k.name: (k.now, k.previous) for k in made.kpis} == {
        k.name: (k.now, k.previous) for k in sheet.kpis
    }
    (february, march) = made.trend[-2:]
    assert (february.first_day, february.posts, february.negative) == (date(2026, 2, 1), 24, 6)
    assert (march.posts, march.negative, march.public) == (18, 7, 14)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_week_keeps_to_the_width(store: Store, width: int) -> None:
    rendered = render_text(compose(week_of(store), load_language("de")), width)
    assert max(map(len, rendered.splitlines())) <= width


def before_february_ended() -> list[Post]:
    """Ten posts a week for three weeks before the sample begins; one in five is negative."""
    start = DAY - timedelta(days=28)
    return [
        post(3000 + n, f"Der Tee von Tag {n}", start + timedelta(days=n % 21, hours=n), f"f{n % 4}",
             labels=labels("positive" if n % 5 else "negative"))
        for n in range(30)
    ]  # fmt: skip


def week_of(store: Store) -> Digest:
    """The week of the storm's eve, with figures of the website and a campaign."""
    fill(store)
    store.ingest.save_posts(before_february_ended(), NOW)
    days = [date(2026, 2, 23) + timedelta(days=n) for n in range(-7, 14)]
    figures = [Figure(day, "web", "visits", 100 + n) for n, day in enumerate(days)]
    figures += [Figure(day, "web", "conversions", 2) for day in days]
    KpiTable(store.db).save_figures(figures)
    period = choose_period("week", date(2026, 3, 2), NOW, HOUSE.timezone)
    campaign = CampaignFigures(
        name="colours", title="Neue Farben", ideas=120, unanswered=75, votes_cast=900,
        votes_counted=880, votes_suspicious=40, votes_annulled=20, ledger_ok=True,
        statuses={"submitted": 70, "in_review": 5, "answered": 10, "planned": 12, "launched": 3,
                  "declined": 18, "joined": 2},
        days_to_answer=3.5,
    )  # fmt: skip
    return replace(make_digest(store, HOUSE, NOW, period), campaigns=(campaign,))


@pytest.mark.parametrize("width", [60, 76, 80, 120, 200])
@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_quiet_day_fits_on_12_lines_of_any_width(store: Store, lang: str, width: int) -> None:
    fill(store)
    page = compose(digest_of(store, date(2026, 2, 25)), load_language(lang))
    lines = render_text(page, width).splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_full_day_keeps_to_the_width(store: Store, width: int) -> None:
    fill(store, storm=True)
    rendered = render_text(compose(digest_of(store), load_language("de")), width)
    assert max(map(len, rendered.splitlines())) <= width
    for word in ("HANDELN", "Shitstorm, Stufe 3", "5,0", "gut", "noch keiner beurteilt"):
        assert word in rendered


def test_the_same_store_gives_the_same_bytes(store: Store) -> None:
    fill(store, storm=True)
    for form in SUFFIXES:
        one, other = (render(digest_of(store), form, "de") for _ in range(2))  # type: ignore[arg-type]  # a form
        assert one == other


def test_the_json_keeps_what_is_promised_to_scripts(store: Store) -> None:
    fill(store, storm=True)
    told = json.loads(render(digest_of(store), "json", "en"))
    assert told["from"] == "2026-03-01T23:00:00Z"
    assert told["timezone"] == "Europe/Berlin"
    assert told["weather"] == "act"
    assert {"from", "to", "timezone", "weather", "posts", "authors", "sources", "matrix", "alerts",
            "ideas", "moderation", "figures"} <= set(told)  # fmt: skip
    page = told["sources"][0]
    assert {"source", "posts", "sentiment", "engagement", "coverage"} <= set(page)
    assert {"value", "numerator", "denominator", "low", "high", "band"} <= set(page["engagement"])
    assert len(told["matrix"]) == 9
    assert set(told["matrix"][0]) == {"initiator", "kind", "posts", "previous", "sentiment"}
    assert told["alerts"][0]["id"] == "storm-20260302-1"
    assert told["figures"]["posts"] == told["posts"] == 14


def test_numbers_and_dates_are_written_as_each_language_does() -> None:
    german, english = load_language("de"), load_language("en")
    assert (german.number(12345.6, 1), english.number(12345.6, 1)) == ("12.345,6", "12,345.6")
    assert german.day(date(2026, 3, 2)) == "Mo., 2. März 2026"
    assert english.day(date(2026, 3, 2)) == "Mon, 2 Mar 2026" or "2 March" in english.day(
        date(2026, 3, 2)
    )
    assert german.say_n("{n} post", "{n} posts", 1) == "1 Beitrag"
    assert german.moment(NOW, "Europe/Berlin") == "3. März, 07:30"


def test_every_message_of_digests_and_alerts_is_there_in_german() -> None:
    said = {message for folder in ("digest", "delivery", "locale") for message in said_in(folder)}
    path = ROOT / "monitor/locale/de/LC_MESSAGES/sturmglas.po"
    with path.open("rb") as stream:
        catalogue = {m.id: m.string for m in read_po(stream) if m.id}
    assert {m for m in said if not catalogue.get(m)} == set()
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "monitor").rglob("*.py"))
    firsts = (m if isinstance(m, str) else m[0] for m in catalogue)
    # Python splits long messages over lines, so the beginning must do.
    assert [m for m in firsts if m[:20] not in sources] == [], "translated, but never said"


def said_in(folder: str) -> set[str | tuple[str, ...]]:
    found = extract_from_dir(
        ROOT / "monitor" / folder,
        method_map=[("**.py", "python")],
        keywords={"say": None, "say_n": (1, 2)},
    )
    return {message for _file, _line, message, _comments, _context in found}


def test_a_translation_names_the_same_facts_as_its_original() -> None:
    path = ROOT / "monitor/locale/de/LC_MESSAGES/sturmglas.po"
    with path.open("rb") as stream:
        for message in read_po(stream):
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id:
                assert fields(ids[-1]) == fields(strings[-1]), message.id


def fields(template: str) -> set[str]:
    tree = ast.parse(f"f{template!r}", mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_charts_are_drawn_for_mail(store: Store) -> None:
    fill(store)
    pictures = draw_pictures(digest_of(store), load_language("de"))
    assert set(pictures) == {"days", "engagement"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())


def test_a_dead_source_name_cannot_break_a_chart(store: Store) -> None:
    fill(store)
    store.db.connection.execute("UPDATE sources SET name = '$x^{' || char(10) WHERE id = 1")
    assert draw_pictures(digest_of(store), load_language("de"))


# Topics


def quote(n: int, text: str, author: int | None = None) -> Quote:
    return Quote(uid=f"x:{n}", source="s", text=text, author=n if author is None else author)


def test_a_topic_is_named_by_words_that_people_wrote() -> None:
    ends = ("schon wieder", "jetzt reicht es", "wer haftet da", "seit gestern", "igitt", "nein")
    texts = [quote(n, f"Die Splitter am Becherrand, {ends[n]}") for n in range(6)]
    (topic, *_rest) = find_topics(texts)
    assert {"Splitter", "Becherrand"} & {*topic.name.split(), *topic.terms}
    assert topic.posts == topic.authors == 6
    assert len(topic.quotes) == 2
    assert len({q.author for q in topic.quotes}) == 2


def test_no_topic_comes_from_fewer_than_five_authors() -> None:
    four = [quote(n, "Splitter am Becherrand", author=n % 4) for n in range(40)]
    assert find_topics(four) == ()
    assert find_topics([*four, quote(99, "Splitter am Becherrand")])


def test_what_everybody_always_says_is_no_topic_beside_what_is_new() -> None:
    past = [quote(n, f"Der Kaffee bleibt warm {n}") for n in range(400)]
    today = [quote(n, f"Der Kaffee bleibt warm {n}") for n in range(30)]
    today += [quote(50 + n, f"Ein Rückruf wäre fällig {n}") for n in range(15)]
    names = [topic.name for topic in find_topics(today, background=past)]
    assert names[0] == "Rückruf"


def test_a_topic_keeps_its_name_from_day_to_day() -> None:
    first = [quote(n, "Rückruf jetzt, Petition unterschreiben") for n in range(9)]
    second = [quote(n, "Rückruf jetzt, Petition unterschreiben") for n in range(7)]
    (one, *_), (other, *_) = find_topics(first), find_topics(second, previous=first)
    assert one.name == other.name
    assert other.previous == 9


# Alerts


@pytest.mark.parametrize("lang", ["de", "en"])
def test_an_alert_says_state_matter_brand_why_and_what_to_do(store: Store, lang: str) -> None:
    fill(store, storm=True)
    quotes = FigureTable(store.db).quotes(storm_alert().posts)
    page = compose_alert(
        storm_alert(), load_language(lang), company="Acme", timezone="Europe/Berlin", quotes=quotes
    )
    check_golden(f"alert.text.{lang}.txt", render_text(page))
    check_golden(f"alert.slack.{lang}.json", json.dumps(slack_message(page), ensure_ascii=False))
    check_blocks(slack_message(page)["blocks"])


def test_the_all_clear_reads_unlike_the_alarm() -> None:
    language = load_language("de")
    over = storm_alert(
        state="over", level=0, closed_at=DAY + timedelta(hours=30), peak_level=4, total=420
    )
    page = render_text(compose_alert(over, language, company="Acme", timezone="Europe/Berlin"))
    assert headline(over, "Acme", language).startswith("VORBEI · ")
    assert "Vorbei nach 1 T 6 Std.; Höhepunkt: Stufe 4" in page
    assert "Zu tun" not in page


def test_quotes_of_an_alert_are_of_different_authors(store: Store) -> None:
    store.ingest.save_posts([post(n, f"Schlecht {n}", DAY, "one") for n in range(5)], NOW)
    quotes = FigureTable(store.db).quotes([f"facebook:{n}" for n in range(5)])
    page = compose_alert(
        storm_alert(), load_language("de"), company="", timezone="UTC", quotes=quotes
    )
    assert render_text(page).count("Schlecht") == 1


@pytest.mark.parametrize(
    ("lang", "told"),
    [("de", "bekanntes Ereignis: TV-Spot"), ("en", "known event: TV-Spot")],
)
def test_what_may_explain_an_alert_is_told_in_words(lang: str, told: str) -> None:
    alert = storm_alert(context=("event:TV-Spot", "post:facebook:1"))
    page = compose_alert(alert, load_language(lang), company="Acme", timezone="Europe/Berlin")
    text = render_text(page)
    assert told in text
    assert "facebook:1" in text
    assert "event:TV" not in text
    assert "post:facebook" not in text
