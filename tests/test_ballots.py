"""The made-up campaigns are in the promised form, possible in life, and true to their truth."""

import ipaddress
import json
import tomllib
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from benchmarks.ballots import ATTACKS, KINDS, LOOKALIKES, SIZES, campaign, judge, main, pril
from benchmarks.electorate.scene import CAST, WITHDRAW, Scene

VOTE_FIELDS = {
    "vote": str, "idea": str, "voter": str, "at": str, "action": str, "value": int,
    "ip": str | None, "device": str | None, "referrer": str | None,
    "account_created_at": str | None,
}  # fmt: skip
IDEA_FIELDS = ["idea", "author", "title", "text", "created_at", "source"]


@cache
def drawn(kind, size="small", seed=0):
    made = campaign(kind, size, seed)
    return made, list(made.vote_rows()), made.truth()


def crowds(kind, seeds, size="small"):
    """(crowd of the truth, its core votes) of every campaign's crowd of that type."""
    for seed in seeds:
        _, rows, truth = drawn(kind, size, seed)
        by_id = {row["vote"]: row for row in rows}
        found = [crowd for crowd in truth["crowds"] if crowd["type"] == kind]
        assert found, f"no {kind} with seed {seed}"
        for crowd in found:
            yield crowd, [by_id[vote] for vote in crowd["votes"]]


def moment(text):
    return datetime.fromisoformat(text)


def seconds(rows):
    return [moment(row["at"]).timestamp() for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_has_exactly_the_promised_fields(kind):
    made, rows, _ = drawn(kind)
    for row in rows:
        assert list(row) == list(VOTE_FIELDS)
        assert all(isinstance(row[name], type_) for name, type_ in VOTE_FIELDS.items())
        assert row["action"] in ("cast", "withdraw")
        assert row["ip"] is None or ipaddress.ip_address(row["ip"]).is_global
    assert all(list(row) == IDEA_FIELDS for row in made.idea_rows())
    assert len({row["vote"] for row in rows}) == len(rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_a_platform_could_have_let_every_vote_happen(kind, seed):
    made, rows, _ = drawn(kind, seed=seed)
    rules = made.rules()
    created = {row["idea"]: moment(row["created_at"]) for row in made.idea_rows()}
    held = defaultdict(set)
    last = moment(rules["opens"])
    for row in rows:
        at = moment(row["at"])
        assert last <= at < moment(rules["closes"])
        assert created[row["idea"]] <= at
        assert row["account_created_at"] is None or moment(row["account_created_at"]) < at
        if row["action"] == "cast":
            held[row["voter"]].add(row["idea"])
        else:
            held[row["voter"]].remove(row["idea"])  # KeyError: never cast
        assert len(held[row["voter"]]) <= rules["votes_per_person"]
        last = at


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_names_votes_and_voters_that_are_there(kind):
    _, rows, truth = drawn(kind)
    voter_of = {row["vote"]: row["voter"] for row in rows}
    for crowd in truth["crowds"]:
        assert {voter_of[vote] for vote in crowd["votes"] + crowd["others"]} == set(crowd["voters"])
    everyone = [vote for crowd in truth["crowds"] for vote in crowd["votes"] + crowd["others"]]
    assert len(everyone) == len(set(everyone))
    forgers = {v for crowd in truth["crowds"] if not crowd["honest"] for v in crowd["voters"]}
    assert truth["honest_voters"] == len(set(voter_of.values()) - forgers)


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "mixed"])
def test_an_attack_goes_for_its_targets_beside_two_honest_crowds(attack):
    for crowd, votes in crowds(attack, range(5)):
        assert not crowd["honest"]
        assert votes
        assert {row["idea"] for row in votes} <= set(crowd["ideas"])
    honest = [crowd for crowd in drawn(attack)[2]["crowds"] if crowd["honest"]]
    assert len(honest) == 2
    assert {crowd["type"] for crowd in honest} <= set(LOOKALIKES)


def test_a_clean_campaign_has_no_crowds_and_a_mixed_one_two_attacks():
    assert drawn("clean")[2]["crowds"] == []
    assert sum(not crowd["honest"] for crowd in drawn("mixed")[2]["crowds"]) == 2


def test_the_lookalikes_are_all_there_and_all_honest():
    truth = drawn("lookalikes")[2]
    assert [crowd["type"] for crowd in truth["crowds"]] == list(LOOKALIKES)
    assert all(crowd["honest"] for crowd in truth["crowds"])
    assert truth["honest_voters"] == truth["voters"]


def test_the_same_seed_gives_the_same_campaign_and_another_seed_another():
    again = list(campaign("lockstep_ring", "small", 4).vote_rows())
    assert again == drawn("lockstep_ring", seed=4)[1]
    other = drawn("lockstep_ring", seed=5)[1]
    assert not {row["at"] for row in again} & {row["at"] for row in other}


@pytest.mark.parametrize(("size", "voters"), [("small", 900), ("medium", 20_000)])
def test_a_size_has_its_number_of_ideas_and_voters(size, voters):
    made, _, truth = drawn("clean", size)
    assert sum(1 for _ in made.idea_rows()) == SIZES[size].ideas
    assert voters * 0.98 < truth["voters"] <= voters


def test_what_no_platform_would_have_let_happen_is_left_out():
    scene = Scene.draw(np.random.default_rng(0), SIZES["small"])
    opens, youngest = scene.period.opens, len(scene.board.created) - 1
    ann, ben, cem = scene.public.recruit(3, np.full(3, opens))
    events = [  # (who, what, when, kept)
        (ann, 0, opens + 10, CAST, True),
        (ann, 0, opens + 20, CAST, False),  # still held
        (ann, 0, opens + 30, WITHDRAW, True),
        (ann, 0, opens + 40, WITHDRAW, False),  # already gone
        (ben, 1, opens + 10, WITHDRAW, False),  # never cast
        (ben, 2, opens - 1, CAST, False),
        (ben, 3, scene.period.closes, CAST, False),
        (cem, youngest, scene.board.created[youngest] - 1, CAST, False),
    ]
    for who, idea, at, action, _ in events:
        scene.cast(0, np.array([who]), np.array([idea]), np.array([at]), action=action)
    kept = scene.ballots()[["voter", "idea", "at", "action"]].tolist()
    assert kept == [(who, idea, at, action) for who, idea, at, action, stays in events if stays]


def test_few_ideas_and_few_people_gather_most_votes():
    _, rows, _ = drawn("clean", "medium")
    ideas = sorted(Counter(row["idea"] for row in rows).values(), reverse=True)
    assert sum(ideas[:40]) > 0.15 * len(rows)  # 2 % of the ideas
    people = Counter(row["voter"] for row in rows)
    assert median(people.values()) <= 2
    assert max(people.values()) > 30


def test_nights_are_quiet_and_interest_fades_after_the_opening():
    for seed in range(4):
        made, rows, _ = drawn("clean", "medium", seed)
        hours = Counter(moment(row["at"]).hour for row in rows)
        assert sum(hours[hour] for hour in (1, 2, 3)) < 0.25 * sum(hours[h] for h in (17, 18, 19))
        days = Counter((at - made.scene.period.opens) // 86400 for at in seconds(rows))
        last = made.scene.period.days - 1
        middle = sum(days[last // 2 + shift] for shift in range(-2, 3)) / 5
        assert days[0] + days[1] > 2 * middle


def test_hundreds_share_a_carriers_address_and_families_a_line():
    _, rows, _ = drawn("clean", "medium")
    sharing = defaultdict(set)
    for row in rows:
        sharing[row["ip"]].add(row["voter"])
    crowded = Counter(min(len(voters), 100) for ip, voters in sharing.items() if ip)
    assert crowded[100] >= 10
    assert crowded[2] > 200
    kinds = Counter(ipaddress.ip_address(ip).version for ip in sharing if ip)
    assert min(kinds.values()) > 0.2 * max(kinds.values())


def test_many_accounts_are_new_and_many_are_old():
    _, rows, _ = drawn("clean", "medium")
    known = [row for row in rows if row["account_created_at"]]
    days = [(moment(r["at"]) - moment(r["account_created_at"])).days for r in known]
    assert 0.15 < sum(day < 1 for day in days) / len(days) < 0.7
    assert sum(day > 180 for day in days) / len(days) > 0.15


def test_account_names_do_not_tell_who_was_recruited_for_an_attack():
    _, rows, truth = drawn("burst_new_accounts", "medium")
    rank = {v: i for i, v in enumerate(sorted({row["voter"] for row in rows}))}
    places = [rank[v] for crowd in truth["crowds"] if not crowd["honest"] for v in crowd["voters"]]
    assert 0.4 < sum(places) / len(places) / len(rank) < 0.6


@pytest.mark.parametrize("kind", ["school_class", "accessibility_center"])
def test_people_in_one_room_share_an_address(kind):
    for _, votes in crowds(kind, range(8)):
        assert len({row["ip"] for row in votes}) == 1


def test_a_class_votes_within_a_lesson_mostly_for_one_idea():
    for crowd, votes in crowds("school_class", range(8)):
        assert max(seconds(votes)) - min(seconds(votes)) < 3600
        assert 18 <= len(crowd["voters"]) <= 30
        assert len(votes) > 0.5 * len(crowd["voters"])


def test_a_grassroots_team_backs_three_ideas_over_days():
    for crowd, votes in crowds("grassroots_team", range(8)):
        assert 10 <= len(crowd["voters"]) <= 30
        assert len({row["idea"] for row in votes}) == 3
        assert max(seconds(votes)) - min(seconds(votes)) > 86400


def test_a_viral_share_brings_newcomers_for_one_idea_from_many_addresses():
    for _, votes in crowds("viral_share", range(4), "medium"):
        new = [r for r in votes if r["account_created_at"]]
        fresh = sum((moment(r["at"]) - moment(r["account_created_at"])).days < 1 for r in new)
        assert fresh > 0.7 * len(votes)
        assert len({row["ip"] for row in votes}) > 0.4 * len(votes)


def test_a_mailing_brings_a_thousand_within_two_hours_to_several_ideas():
    for _, votes in crowds("newsletter", range(4), "medium"):
        start = min(seconds(votes))
        assert sum(at < start + 7200 for at in seconds(votes)) > 0.7 * len(votes) > 500
        assert len({row["idea"] for row in votes}) >= 3


def test_a_ring_spends_about_half_of_its_votes_on_camouflage():
    for crowd, votes in crowds("lockstep_ring", range(6), "medium"):
        assert 0.35 < len(crowd["others"]) / (len(votes) + len(crowd["others"])) < 0.65


def test_a_small_ring_has_at_most_twelve_accounts():
    for crowd, _ in crowds("small_ring", range(8)):
        assert 10 <= len(crowd["voters"]) <= 12


def test_a_slow_drip_is_about_one_vote_an_hour_for_weeks():
    for crowd, votes in crowds("slow_drip", range(8)):
        at = sorted(seconds(votes))
        gaps = [later - earlier for earlier, later in pairwise(at)]
        assert 0.5 * 3600 < median(gaps) < 2 * 3600
        assert (moment(crowd["to"]) - moment(crowd["from"])).days >= 10


def test_aged_accounts_are_more_than_half_a_year_old():
    for _, votes in crowds("aged_accounts", range(8)):
        assert all(
            (moment(row["at"]) - moment(row["account_created_at"])).days > 180 for row in votes
        )


def test_puppets_vote_once_and_never_again():
    for crowd, votes in crowds("one_idea_puppets", range(8)):
        assert not crowd["others"]
        assert len({row["voter"] for row in votes}) == len(crowd["voters"])


def test_an_address_farm_lies_in_few_networks():
    for _, votes in crowds("address_farm", range(8)):
        prefixes = {
            ipaddress.ip_network(f"{ip}/{48 if ':' in ip else 24}", strict=False)
            for ip in (row["ip"] for row in votes)
        }
        assert len(prefixes) <= 4


def test_a_device_farm_has_many_more_accounts_than_devices():
    for _, votes in crowds("device_farm", range(8)):
        devices = {row["device"] for row in votes}
        assert len(devices) * 3 < len({row["voter"] for row in votes})


def test_votes_are_taken_back_by_those_who_vote_and_withdraw():
    for _, votes in crowds("vote_and_withdraw", range(8)):
        assert sum(row["action"] == "withdraw" for row in votes) > 0.25 * len(votes)


def test_a_night_script_runs_while_people_sleep():
    for _, votes in crowds("night_script", range(8)):
        assert {moment(row["at"]).hour for row in votes} <= {22, 23, 0, 1, 2, 3, 4, 5}


def test_attacks_deliver_most_but_not_all_of_their_votes():
    shares = [
        c["facts"]["delivery"]
        for name in ATTACKS
        if name != "mixed"
        for c, _ in crowds(name, range(5))
    ]
    assert 0.8 < min(shares) < max(shares) < 1


def test_the_replay_has_the_figures_of_the_press():
    contest = pril()
    truth = contest.truth()
    figures = truth["figures"]
    forged = {vote for crowd in truth["crowds"] for vote in crowd["votes"]}
    cast, then, honest = Counter(), Counter(), Counter()
    pairs = set()
    for row in contest.vote_rows():
        pairs.add((row["voter"], row["idea"]))
        cast[row["idea"]] += 1
        then[row["idea"]] += row["at"] < figures["cleaned_at"]
        honest[row["idea"]] += row["vote"] not in forged
    leader, first = figures["leader"]["idea"], figures["first"]["idea"]
    assert cast[first] == honest[first] == 35_617
    assert (cast[leader], honest[leader]) == (25_947, 8_164)
    assert [cast[chosen["idea"]] for chosen in figures["jury"]] == [2_667, 2_635]
    assert honest.most_common(2) == [(first, 35_617), (leader, 8_164)]
    # On the day of the cleaning the favourite led, and its honest votes were under 8,000.
    assert then.most_common(1) == [(leader, 25_485)]
    assert figures["leader"]["honest_then"] == then[leader] - len(forged) < 8_000
    assert len(pairs) == cast.total()
    assert Counter(voter for voter, _ in pairs).most_common(1)[0][1] <= 100


def test_the_replay_can_have_more_than_fifty_thousand_designs():
    contest = pril(designs=50_500)
    assert sum(1 for _ in contest.idea_rows()) == 50_500
    assert len({row["idea"] for row in contest.vote_rows()}) <= 400


def test_the_command_writes_four_files_that_read_back(tmp_path, capsys):
    main(["night_script", "--seed", "2", "--out", str(tmp_path), "--hide", "ip"])
    assert {path.name for path in tmp_path.iterdir()} == {
        "rules.toml", "ideas.jsonl", "votes.jsonl", "truth.json",
    }  # fmt: skip
    rules = tomllib.loads((tmp_path / "rules.toml").read_text())
    assert rules["opens"] < rules["closes"]
    rows = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text().splitlines()]
    assert {row["ip"] for row in rows} == {None}
    assert json.loads((tmp_path / "truth.json").read_text())["votes"] == len(rows)
    assert "forged night_script" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "size", "hide"),
    [("sabotage", "small", ()), ("clean", "huge", ()), ("clean", "small", ("voter",))],
)
def test_an_unknown_word_is_refused_with_what_is_allowed(kind, size, hide):
    with pytest.raises(ValueError, match="kinds: clean"):
        campaign(kind, size, hide=hide)


TRUTH = {
    "honest_voters": 2,
    "crowds": [
        {"type": "small_ring", "honest": False, "voters": ["x", "y"], "votes": ["1", "2"],
         "others": ["3"]},
        {"type": "office", "honest": True, "voters": ["a"], "votes": ["4"], "others": []},
    ],
}  # fmt: skip


def flag(vote, voter, *families):
    return {"vote": vote, "voter": voter, "families": list(families)}


def test_a_verdict_adds_up_the_families_of_a_vote_over_findings():
    verdict = judge(TRUTH, [flag("1", "x", "bursts"), flag("1", "x", "devices")])
    assert verdict.recall("small_ring") == verdict.recall("small_ring", annullable=True) == 0.5
    assert verdict.recall("slow_drip") is None


def test_a_verdict_counts_honest_people_once_and_camouflage_never():
    flags = [flag("4", "a", "bursts"), flag("9", "a", "bursts"), flag("3", "x", "devices")]
    verdict = judge(TRUTH, [{"finding": "f1"}, *flags, {"summary": {}}])
    assert (verdict.honest_flagged, verdict.honest_annullable) == (1, 0)
    assert [crowd.flagged for crowd in verdict.crowds] == [0, 1]
