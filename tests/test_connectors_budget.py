"""What a day of looking costs."""

from __future__ import annotations

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


def test_a_platform_without_a_number_fits_always() -> None:
    source = Source(name="t", platform="mastodon", base_url="https://social.example")
    (plan,) = plan_day([(source, facts("mastodon"), timedelta(minutes=1))])
    assert plan.allowed is None
    assert plan.fits
