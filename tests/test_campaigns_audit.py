"""The audit: planted attacks are found, honest crowds that look like them are left alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from monitor.campaigns.audit.evidence import binomial_tail, passes_bh, poisson_tail
from monitor.campaigns.audit.rhythm import find_regularity
from tests.campaign_cases import NOW, campaign, crowd, group, numbered

CHANCE = random.Random(5)
HOMES = [f"91.{place}.7.1" for place in range(200)]
CARRIERS = [f"10.{place % 4}.0.9" for place in range(4)]


def audited(*groups, rules=""):
    votes = crowd(3, 500) + [one for group in groups for one in group]
    story, _ = campaign(numbered(votes), number_of_ideas=12, rules=rules)
    report = story.audit("spring", NOW)
    flagged = {one["voter"] for one in story.flagged_votes("spring", report.findings)}
    return report, flagged


def burst(number, start, hours, chance):
    return sorted(start + chance.random() ** 2 * hours for _ in range(number))


ATTACKS = {
    "burst of new accounts": group(
        "x", "i4", burst(60, 300, 4, CHANCE), ips=HOMES[:12], devices=["p", "q", "r"], age_h=20
    ),
    "drip of one vote an hour": group(
        "x", "i5", [100 + place + CHANCE.random() * 0.2 for place in range(250)], ips=CARRIERS
    ),
    "address farm": group(
        "x",
        "i6",
        sorted(200 + CHANCE.random() * 200 for _ in range(80)),
        ips=["198.51.100.4"],
        age_h=40,
    ),
    "aged accounts": group(
        "x",
        "i7",
        sorted(200 + CHANCE.random() * 100 for _ in range(60)),
        ips=HOMES,
        age_h=30_000,
    ),
    "one-idea puppets": group(
        "x",
        "i8",
        sorted(50 + CHANCE.random() * 400 for _ in range(90)),
        ips=HOMES[:10],
        age_h=0.1,
    ),
    "puppets from home connections": group(
        "x",
        "i8",
        sorted(50 + CHANCE.random() * 400 for _ in range(60)),
        ips=HOMES[100:],
        age_h=0.1,
    ),
    "puppets at all hours of two weeks behind one exit": group(
        "x",
        "i9",
        sorted(50 + CHANCE.random() * 330 for _ in range(60)),
        ips=["198.51.100.4"],
        age_h=0.1,
    ),
    "burst on a popular idea through rented exits": group(
        "x", "i1", burst(90, 300, 4, CHANCE), ips=HOMES[:12], age_h=0.1
    ),
}

LOOKALIKES = {
    "school class": group("x", "i4", burst(28, 300, 0.7, CHANCE), ips=["203.0.113.7"], age_h=0.05),
    "computer room": group(
        "x",
        "i4",
        burst(28, 300, 0.7, CHANCE),
        ips=["203.0.113.7"],
        devices=[f"pc{place}" for place in range(14)],
        age_h=0.05,
    ),
    "office": group("x", "i5", burst(60, 300, 26, CHANCE), ips=["203.0.113.9"], age_h=900),
    "stall": group(
        "x", "i6", burst(40, 300, 7, CHANCE), ips=["10.1.0.9"], devices=["tablet"], age_h=0.03
    ),
    "viral share": group(
        "x",
        "i7",
        burst(150, 300, 8, CHANCE),
        ips=CARRIERS + HOMES[:8],
        age_h=0.1,
        referrer="https://social.example/p/1",
    ),
    "television": group(
        "x", "i8", burst(150, 308, 2, CHANCE), ips=CARRIERS + HOMES[:8], age_h=0.05
    ),
    "a class in each lesson": [
        one
        for lesson, idea in enumerate(("i4", "i5", "i6", "i7"))
        for one in group(
            "x",
            idea,
            [100 + 168 * lesson + place * 0.01 for place in range(26)],
            ips=["203.0.113.7"],
            age_h=900,
        )
    ],
    "newsletter": [
        one
        for idea in ("i1", "i2", "i3")
        for one in group(
            "x",
            idea,
            burst(120, 300, 30, CHANCE),
            ips=CARRIERS + HOMES[:8],
            age_h=9000,
            referrer="https://newsletter.example/7",
        )
    ],
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_planted_attack_is_found(name):
    forged = {one["voter"] for one in ATTACKS[name]}
    report, flagged = audited(ATTACKS[name])
    assert len(flagged & forged) >= 0.8 * len(forged)
    assert len(flagged - forged) <= 0.01 * 500
    assert all(len(found.families) >= 2 for found in report.findings)


@pytest.mark.parametrize("name", LOOKALIKES)
def test_an_honest_crowd_is_left_alone(name):
    report, flagged = audited(LOOKALIKES[name])
    assert flagged == set()
    assert report.summary["findings"] == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clean_campaign_has_no_findings(seed):
    story, _ = campaign(numbered(crowd(seed, 600)), number_of_ideas=12)
    assert story.audit("spring", NOW).findings == ()


def rings(turnout, clubs=40, occasions=7):
    chance = random.Random(9)
    return [
        one
        for place in range(occasions)
        for one in group(
            "x",
            f"i{place + 2}",
            [60 + 70 * place + chance.random() * 0.3 for _ in range(clubs)],
            ips=CARRIERS,
            age_h=3000,
        )
        if chance.random() < turnout
    ]


def test_a_share_within_a_trickle_of_puppets_is_left_alone():
    puppets = ATTACKS["puppets from home connections"]
    shared = [
        one | {"voter": f"s{one['voter']}", "idea": "i8", "device": f"s{one['device']}"}
        for one in LOOKALIKES["viral share"][:50]
    ]
    _, flagged = audited(puppets, shared)
    assert len(flagged & {one["voter"] for one in puppets}) >= 48
    assert not flagged & {one["voter"] for one in shared}


def test_phones_of_one_make_are_not_one_phone():
    """Forty fingerprints shared by ten people each, who vote for whatever they like."""
    votes = crowd(3, 400)
    alike = [vote | {"device": f"make{int(vote['voter'][1:]) % 40}"} for vote in votes]
    story, _ = campaign(numbered(alike), number_of_ideas=12)
    assert story.audit("spring", NOW).findings == ()


def test_a_ring_that_always_turns_out_is_found_and_a_fan_club_is_not():
    assert len(audited(rings(0.95))[1]) >= 30
    assert audited(rings(0.55))[1] == set()
    assert audited(rings(0.75))[1] == set()


def test_people_who_withdraw_and_vote_again_are_found():
    again = []
    for one in group("x", "i4", [200 + p * 0.1 for p in range(30)], ips=HOMES[:6], age_h=300):
        again += [one, one | {"action": "withdraw", "at": one["at"].replace("T", "T")}]
    for place, one in enumerate(again):
        hour = int(place / 2 % 6)
        again[place] = one | {"at": f"2026-03-10T0{hour}:{10 + place % 40}:00+00:00"}
    votes = [one | {"vote": f"r{n}-{place}"} for n in range(3) for place, one in enumerate(again)]
    for n, one in enumerate(votes):
        votes[n] = one | {"at": one["at"].replace("2026-03-10", f"2026-03-1{n // len(again)}")}
    story, _ = campaign(numbered(crowd(3, 500)) + votes, number_of_ideas=12)
    found = story.audit("spring", NOW).findings
    assert any("recast" in one.families and one.voters >= 25 for one in found)


def test_families_that_the_rules_leave_out_are_not_used():
    rules = '[exclusion]\nfamilies = ["burst", "referrer"]\n'
    assert audited(ATTACKS["burst of new accounts"], rules=rules)[1] == set()


def test_a_finding_explains_itself_in_two_languages_and_draws():
    report, _ = audited(ATTACKS["burst of new accounts"])
    found = report.findings[0]
    assert "zählen, bis zwei Menschen" in found.explanation["de"]
    assert "count until two people" in found.explanation["en"]
    assert "█" in found.picture
    assert found.explanation["en"].count(". ") == 1


def test_missing_fields_accuse_nobody():
    bare = [
        {key: one[key] for key in ("voter", "idea", "at")}
        for one in crowd(3, 400) + LOOKALIKES["television"]
    ]
    story, _ = campaign(numbered(bare), number_of_ideas=12)
    assert story.audit("spring", NOW).findings == ()


def test_an_audit_of_nothing_finds_nothing():
    story, _ = campaign([])
    assert story.audit("spring", NOW).findings == ()


def test_the_same_votes_give_the_same_findings():
    one, other = (audited(ATTACKS["address farm"])[0] for _ in range(2))
    assert one.findings == other.findings


@pytest.mark.parametrize("seed", range(4))
def test_a_poisson_process_is_not_called_regular(seed):
    from monitor.campaigns.audit.evidence import Thresholds

    gaps = np.random.default_rng(seed).exponential(3600_000, 300)
    assert find_regularity(np.cumsum(gaps).astype(np.int64), Thresholds()) is None


def test_tails_are_those_of_scipy():
    from scipy.stats import binom, poisson

    assert binomial_tail(7, 20, 0.2) == pytest.approx(binom.sf(6, 20, 0.2))
    assert poisson_tail(7, 2.5) == pytest.approx(poisson.sf(6, 2.5))
    assert binomial_tail(0, 20, 0.2) == poisson_tail(0, 3) == 1


def test_benjamini_hochberg_steps_up():
    p = np.array([0.004, 0.9, 0.009, 0.5])
    assert passes_bh(p, 0.02).tolist() == [True, False, True, False]
