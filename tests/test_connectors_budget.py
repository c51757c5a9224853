"""What a day of looking costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.budget import plan_day
from connectors.registry import facts
from connectors.types import Source


def youtube(name: str, token: str) -> Source:
    return Source(name=name, platform="youtube", target="@acme", secrets={"token": token})


def test_a_plan_that_cannot_fit_is_told_with_its_arithmetic() -> None:
    declared = facts("youtube")
    every = timedelta(minutes=1)
    (plan,) = plan_day([(youtube("a", "k"), declared, every), (youtube("b", "k"), declared, every)])
    assert plan.needed == 2 * 1440 * declared.cost
    assert not plan.fits
    assert "1,440 looks" in plan.arithmetic
    assert "10,000 units" in plan.arithmetic


def test_sources_with_tokens_of_their_own_have_budgets_of_their_own() -> None:
    declared = facts("youtube")
    entries = [(youtube(n, n), declared, timedelta(minutes=30)) for n in ("a", "b")]
    plans = plan_day(entries)
    assert len(plans) == 2
    assert all(plan.fits for plan in plans)
    assert all("'k'" not in plan.arithmetic for plan in plans)


def test_searches_on_youtube_have_a_bucket_of_their_own() -> None:
    """100 a day: five minutes between two looks are too few, twenty are enough."""
    search = replace(youtube("s", "k"), target="search:acme")
    units, searches = plan_day([(search, facts("youtube"), timedelta(minutes=5))])
    assert units.fits
    assert not searches.fits
    assert searches.arithmetic == "s: 288 looks x 1 = 288 of 100 searches a day"
    (*_, enough) = plan_day([(search, facts("youtube"), timedelta(minutes=20))])
    assert enough.fits


def test_paid_reads_on_x_are_told_in_dollars_and_are_each_sources_own() -> None:
    def x(name: str, **options: int) -> Source:
        return Source(
            name=name, platform="x", target="search:acme", options=options, secrets={"token": "k"}
        )

    calm, busy = x("calm"), x("busy", reads_per_day=1000)
    declared = facts("x")
    plans = plan_day(
        [(calm, declared, timedelta(minutes=30)), (busy, declared, timedelta(minutes=1))]
    )
    requests, paid_calm, paid_busy = plans
    assert (requests.sources, requests.unit) == (("calm", "busy"), "requests")
    assert paid_calm.fits
    assert not paid_busy.fits
    assert paid_busy.arithmetic == (
        "busy: 1,440 looks x 1 = 1,440 of 1,000 paid reads a day ($7.20 of $5.00)"
    )


def test_a_token_lifts_the_budget_of_github() -> None:
    bare = Source(name="g", platform="github", target="acme/mill")
    (plan,) = plan_day([(bare, facts("github"), timedelta(minutes=1))])
    assert not plan.fits
    assert plan.allowed == 1440
    known = replace(bare, secrets={"token": "k"})
    assert plan_day([(known, facts("github"), timedelta(minutes=1))])[0].fits


def test_a_platform_without_a_number_fits_always() -> None:
    source = Source(name="t", platform="lemmy", base_url="https://social.example")
    (plan,) = plan_day([(source, facts("lemmy"), timedelta(minutes=1))])
    assert plan.allowed is None
    assert plan.fits
