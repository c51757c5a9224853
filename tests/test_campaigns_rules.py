"""RULES.toml: defaults, both ways to write it, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.campaigns.rules import parse_rules, rules_hash
from monitor.errors import ConfigError

LEAST = 'name = "spring"\nopens = "2026-03-01"\ncloses = 2026-03-31T00:00:00+02:00\n'


def test_three_keys_are_enough():
    rules = parse_rules(LEAST)
    assert rules.opens == datetime(2026, 3, 1, tzinfo=UTC)
    assert rules.closes == datetime(2026, 3, 30, 22, tzinfo=UTC)
    assert (rules.vote, rules.votes_per_idea, rules.need) == ("approval", 1, 2)
    assert (rules.tie_break, rules.appeal_days) == ("earliest", 14)


def test_the_keys_may_stand_under_campaign():
    nested = "[campaign]\n" + LEAST + '[campaign.jury]\nrole = "three chefs"\n'
    assert parse_rules(nested).jury_role == "three chefs"
    assert parse_rules("[campaign]\n" + LEAST).opens == parse_rules(LEAST).opens


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ("[jury]\nname = 1", "jury.name"),
        ("vote = 'lottery'", "approval, updown, stars"),
        ("quorum = -1", "quorum is -1"),
        ("votes_per_person = 1.5", "whole number"),
        ("[exclusion]\nneed = 1", "at least 2"),
        ("[exclusion]\nfamilies = ['mood']", "'mood'"),
        ("title = 7", "title must be a text"),
        ("[[x", "no valid TOML"),
    ],
)
def test_a_wrong_key_is_named_with_what_is_allowed(more, complaint):
    with pytest.raises(ConfigError, match=complaint):
        parse_rules(LEAST + more)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 65])
def test_a_name_must_be_safe_in_paths_and_commands(name):
    with pytest.raises(ConfigError, match="name is"):
        parse_rules(LEAST.replace("spring", name))


def test_it_must_close_after_it_opens():
    with pytest.raises(ConfigError, match="later than opens"):
        parse_rules(LEAST.replace("2026-03-31", "2026-02-01"))


def test_families_have_everyday_names_too():
    rules = parse_rules(LEAST + '[exclusion]\nfamilies = ["timing", "IP", "account-age"]')
    assert rules.families == ("regularity", "network", "account_age")


def test_any_change_of_the_text_changes_its_hash():
    assert rules_hash(LEAST) != rules_hash(LEAST + "\n")
