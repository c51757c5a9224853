"""Rules about sources, engagement, words: tables of cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.alerts.engagement import band, fit_rate, unusual_posts
from monitor.alerts.playbook import steps
from monitor.alerts.settings import RuleSettings
from monitor.alerts.sources import failed_sources, overdue_queues
from monitor.alerts.tails import share_interval, share_surprise
from monitor.alerts.text_signs import calls_to_act, copy_key, first_tag, speaks_of_removal
from monitor.alerts.verdicts import is_snoozed
from monitor.alerts.wording import headline, why
from monitor.types.alerts import RULES, Alert, Part, QueueLoad, SourceHealth, Verdict
from monitor.types.observation import Look, Resonance

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def post(day: int, interactions: int, *, followers: int | None = 5000, age_h: float = 48.0):
    created = NOW - timedelta(days=day)
    looks = (Look(1.0, interactions // 4), Look(age_h, interactions))
    return Resonance(
        uid=f"facebook:{day}", source="page", created=created, followers=followers, looks=looks
    )


HISTORY = [post(day, 200 + 7 * (day % 9)) for day in range(40, 5, -1)]


@pytest.mark.parametrize(
    ("interactions", "rules"),
    [(220, []), (900, ["engagement_high"]), (20, ["engagement_low"])],
)
def test_a_post_is_measured_by_its_account(interactions: int, rules: list[str]) -> None:
    findings = unusual_posts([*HISTORY, post(2, interactions)], NOW, RuleSettings())
    assert [finding.rule for finding in findings] == rules


@pytest.mark.parametrize("followers", [None, 0, -3])
def test_without_followers_there_is_no_rate(followers: int | None) -> None:
    loved = post(2, 9000, followers=followers)
    assert unusual_posts([*HISTORY, loved], NOW, RuleSettings()) == []


def test_a_new_page_has_too_few_posts_to_compare_with() -> None:
    assert unusual_posts([*HISTORY[:5], post(2, 9000)], NOW, RuleSettings()) == []


def test_a_post_seen_once_when_new_is_not_judged() -> None:
    fresh = Resonance(
        uid="facebook:9", source="page", created=NOW, followers=5000, looks=(Look(0.0, 3),)
    )
    assert unusual_posts([*HISTORY, fresh], NOW, RuleSettings()) == []


@pytest.mark.parametrize(
    ("interactions", "followers", "said"),
    [(250, 5000, "good"), (20, 5000, "low"), (900, 5000, "high"), (2, 40, "too few data")],
)
def test_a_band_is_said_only_where_it_is_sure(interactions: int, followers: int, said: str) -> None:
    loose = fit_rate(np.array([1.0, 9.0]), np.array([50.0, 50.0]))
    assert band(interactions, followers, loose, (0.03, 0.08)) == said


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Boykottiert diesen Laden!", True),
        ("Bitte unterschreibt die Petition", True),
        ("never buy there again", True),
        ("sign this petition", True),
        ("Der Deckel ist undicht", False),
        ("Ich habe gestern gekauft", False),
    ],
)
def test_calls_to_act_are_read(text: str, call: bool) -> None:
    assert calls_to_act(text) is call


@pytest.mark.parametrize(
    ("text", "removal"),
    [
        ("Warum löscht ihr meinen Kommentar?", True),
        ("Die zensieren hier alles", True),
        ("they deleted my review", True),
        ("Ich habe die App gelöscht", False),
    ],
)
def test_talk_of_removed_comments_is_read(text: str, removal: bool) -> None:
    assert speaks_of_removal(text) is removal


def test_copies_are_told_through_what_bots_vary() -> None:
    one = copy_key("Diese Firma betrügt alle ihre Kunden! https://a.example #fail 12")
    other = copy_key("alle ihre KUNDEN betrugt diese firma @acme 99")
    assert one is not None
    assert one == other
    assert copy_key("So nicht!") is None


def test_a_tag_is_read_without_its_sign() -> None:
    assert first_tag("nein #DeckelGate #x") == "deckelgate"


@pytest.mark.parametrize(("hours", "found"), [(2, False), (30, True)])
def test_a_source_fails_after_its_time(hours: int, found: bool) -> None:
    health = SourceHealth(source="forum", failing_since=NOW - timedelta(hours=hours))
    assert bool(failed_sources([health], NOW.timestamp(), RuleSettings())) is found


def test_a_queue_is_overdue_from_its_first_late_item() -> None:
    assert overdue_queues([QueueLoad(queue="q", open=5, overdue=0)]) == []
    assert overdue_queues([QueueLoad(queue="q", open=5, overdue=1)])[0].subject == "q"


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2172), (10, 10, 0.7828, 1.0)]
)
def test_an_interval_is_sane_at_its_ends(k: int, n: int, low: float, high: float) -> None:
    assert share_interval(k, n) == pytest.approx((low, high), abs=1e-4)


def test_surprise_grows_with_the_share_and_never_overflows() -> None:
    surprises = [share_surprise(k, 100, 4.0, 16.0) for k in (0, 20, 50, 90)]
    assert surprises == sorted(surprises)
    assert surprises[0] == 0
    assert share_surprise(10**6, 10**6, 20.0, 180.0) <= 300


def alert(**fields: object) -> Alert:
    given: dict[str, object] = {
        "id": "a",
        "rule": "storm",
        "source": None,
        "level": 3,
        "state": "new",
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return Alert(**(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_words(rule: str, lang: str) -> None:
    spoken = headline(alert(rule=rule, source="forum", subject="mugs"), lang)
    assert spoken
    assert "{" not in spoken


def test_reasons_are_said_in_both_languages() -> None:
    parts = (Part("volume", 21.0, 4.8, 1.0), Part("negative_share", 0.44, 0.18, 1.0))
    one = alert(parts=parts, context=("event:TV spot",))
    assert why(one, "de") == (
        "21 verschiedene kritische Stimmen, üblich sind 4,8; 44 % sind negativ, "
        "üblich sind 18 %; bekanntes Ereignis: TV spot"
    )
    assert "44% are negative" in why(one, "en")


@pytest.mark.parametrize(
    ("value", "hours", "de", "en"),
    [
        (11.0, 3.0, "11 verschiedene kritische Stimmen in 3 Stunden, üblich sind 0,3",
         "11 different critical voices in 3 hours, usual are 0.3"),
        (1.0, 1.0, "1 kritische Stimme in einer Stunde, üblich sind 0,3",
         "1 critical voice in one hour, usual are 0.3"),
        (11.0, None, "11 verschiedene kritische Stimmen, üblich sind 0,3",
         "11 different critical voices, usual are 0.3"),
    ],
)  # fmt: skip
def test_a_count_names_its_window(value: float, hours: float | None, de: str, en: str) -> None:
    one = alert(parts=(Part("volume", value, 0.3, 1.0, hours=hours),))
    assert (why(one, "de"), why(one, "en")) == (de, en)


@pytest.mark.parametrize(
    ("size", "end"),
    [(1, "1 critical voice in 3 hours"), (1200, "1,200 critical voices in 3 hours")],
)
def test_a_storm_is_counted_in_one_window(size: int, end: str) -> None:
    assert headline(alert(size=size), "en").endswith(end)


def test_resonance_is_told_in_reactions() -> None:
    """A rate of the followers is often 0.0 %."""
    parts = (Part("engagement_rate", 0.02, 0.002, 1.0), Part("interactions", 31, 2.7, 0.5))
    good = alert(rule="engagement_high", source="page", parts=parts)
    assert "31 reactions instead of 2.7" in headline(good, "en")
    assert "31 Reaktionen statt 2,7" in headline(good, "de")
    assert "0.020%" in why(good, "en")


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_playbook_has_steps_from_level_1_on(lang: str) -> None:
    assert steps(0, lang) == ()
    assert all(steps(level, lang) for level in range(1, 7))


def test_a_company_may_write_its_own_steps() -> None:
    own = {"de": {"3": ["Frau Muster anrufen"]}}
    assert steps(3, "de", own) == ("Frau Muster anrufen",)
    assert steps(4, "de", own) == steps(4, "de")


@pytest.mark.parametrize(
    ("given_at", "level", "snoozed"), [(2, 2, True), (2, 3, False), (3, 3, True), (3, 4, False)]
)
def test_a_storm_outgrows_a_snooze(given_at: int, level: int, snoozed: bool) -> None:
    verdict = Verdict(
        alert="a", verdict="snooze", at=NOW, until=NOW + timedelta(hours=4), level=given_at
    )
    later = NOW + timedelta(hours=1)
    assert is_snoozed(alert(level=level), [verdict], later) is snoozed
    assert not is_snoozed(alert(level=2), [verdict], NOW + timedelta(hours=5))
