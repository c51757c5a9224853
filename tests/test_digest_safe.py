"""Hostile texts at every door: nothing of them is obeyed, and what can be read stays legible."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digest.document import Bullets, Document, Heading, Pairs, Quotation, Span, Table
from monitor.digest.markup import render_html, render_markdown
from monitor.digest.safe import (
    for_header,
    for_markdown,
    for_slack,
    masked,
    one_line,
    plain,
    web_address,
)
from monitor.digest.slack import slack_message
from monitor.digest.terminal import render_text

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x9b2J\x07",
    "a\u202eb\u2066c\u200bd\ufeffe",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!channel> <@U123> <!here|here> <https://evil.example|bank>",
    "@channel @everyone",
    "**bold** _it_ `code` [x](javascript:alert(1)) ![i](https://evil.example/p.png)",
    "# head\n\n- item\n1. one\n| a | b |\n```\nblock",
    "Subject: x\r\nBcc: everybody@evil.example",
    "[bold red]rich[/] [link=https://evil.example]x[/link]",
    "{{ 7 * 7 }} {% raw %} {company.__class__}",
    "\ud800 lone \x00 nul",
    "Z" + "\u0301" * 50,
    "&amp;#60;b&#62;",
    "",
    "   ",
    "x" * 10_000,
    "\u2028\u2029\x85\x0b",
]
text = st.one_of(
    st.text(max_size=300),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from([*HOSTILE, "\n", " ", "ä"]), max_size=6).map("".join),
)
slow = settings(deadline=None, max_examples=60)  # a page of 10,000 signs takes its time


def page(words: str) -> Document:
    """A page that shows the text in every place where a page shows texts."""
    line = (
        Span(words, "strong", figure=f"posts:{words}"),
        Span(words, url="https://acme.example/1"),
    )
    return Document(
        language="de",
        title=words,
        weather="act",
        lead=line,
        blocks=(
            Heading(f"Kopf {words}"),
            Pairs(((words, line),)),
            Bullets((line,)),
            Quotation(words, words, None),
            Table((words, words), ((line, line),), right=(1,)),
        ),
        footer=f"Fuß {words}",
        figures=((f"posts:{words}", words),),
    )


class Tags(HTMLParser):
    """Collects what a browser would see as markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@given(text)
def test_no_control_or_unseen_sign_survives(words: str) -> None:
    cleaned = plain(words)
    for sign in cleaned:
        assert unicodedata.category(sign) not in ("Cc", "Cs") or sign in "\n\t"
        assert sign not in "\u200b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    assert plain(cleaned) == cleaned


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs")), max_size=200))
def test_letters_are_never_lost(words: str) -> None:
    letters = [c for c in words if unicodedata.category(c) in ("Lu", "Ll", "Nd")]
    kept = [c for c in plain(words) if unicodedata.category(c) in ("Lu", "Ll", "Nd")]
    assert kept == letters


@slow
@given(text)
def test_html_shows_the_text_and_runs_nothing_of_it(words: str) -> None:
    """Whatever the text is, a browser sees the same elements: the text adds none."""
    seen, expected = Tags(), Tags()
    seen.feed(render_html(page(words)))
    expected.feed(render_html(page("harmless")))
    assert [t for t in seen.tags if t != "a"] == [t for t in expected.tags if t != "a"]
    assert not [name for name, _value in seen.attributes if name.startswith("on")]
    links = {value for name, value in seen.attributes if name == "href"}
    assert all(link and link.startswith(("https://acme.example", "#f-")) for link in links)


@slow
@given(text)
def test_text_has_no_escapes_and_keeps_its_width(words: str) -> None:
    rendered = render_text(page(words), width=60)
    assert "\x1b" not in rendered
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", rendered)


@slow
@given(text)
def test_slack_gets_no_mention_no_foreign_link_and_no_more_than_it_takes(words: str) -> None:
    message = slack_message(page(words))
    check_blocks(message["blocks"])
    for told in mrkdwn(message["blocks"]):
        commands = re.findall(r"<([^>]*)>", told)
        assert all(command.startswith("https://acme.example/1|") for command in commands), told
        assert not re.search(r"@(?=\w)", told)
    json.dumps(message).encode("utf-8")


@slow
@given(text)
def test_markdown_shows_the_signs_as_they_were_written(words: str) -> None:
    escaped = for_markdown(words)
    assert "\n" not in escaped
    bare = re.sub(r"\\.", "", escaped)
    assert not re.search(r"[\\`*_\[\]<>|~&$]", bare)
    assert not re.match(r"[#+=-]|\d+[.)](\s|$)", bare) or escaped.startswith("\\")
    render_markdown(page(words))


@given(text)
def test_a_header_is_one_line(words: str) -> None:
    assert not re.search(r"[\r\n\x00-\x1f]", for_header(words))
    assert len(for_header(words)) <= 200


@given(text, st.integers(2, 80))
def test_a_cut_line_is_no_longer_than_asked(words: str, limit: int) -> None:
    assert len(one_line(words, limit)) <= limit


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("👩\u200d🚀 fliegt", "👩\u200d🚀 fliegt"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db", "ab"),
        ("\x1b[1mfett\x1b[0m", "fett"),
        ("e\u0301\u0302\u0303\u0304\u0305", "e\u0301\u0302\u0303"),
        ("5\u202f%", "5\u202f%"),
    ],
)
def test_what_a_reader_needs_stays(words: str, shown: str) -> None:
    assert plain(words) == shown


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://a b", 'https://x"onclick=', "//evil.example", "ftp://x", None,
     "https://x.example/\u202e", "https://x.example/" + "a" * 3000, "data:text/html,x"],
)  # fmt: skip
def test_only_plain_web_addresses_become_links(url: str | None) -> None:
    assert web_address(url) is None


def test_a_web_address_stays_as_it_is() -> None:
    assert web_address("https://acme.example/p/1?a=b&c=d#e") == "https://acme.example/p/1?a=b&c=d#e"


@pytest.mark.parametrize(
    "words",
    [
        "anna@mail.example",
        "+49 171 1234567",
        "DE89 3704 0044 0532 0130 00",
        "@anna_b",
        "0171/1234567",
    ],
)
def test_personal_data_is_masked_in_quotes(words: str) -> None:
    assert words not in masked(f"Bitte an {words} melden")
    assert "Bitte an" in masked(f"Bitte an {words} melden")


@pytest.mark.parametrize("words", ["39,90 Euro", "am 12.3.2026", "5 von 10", "24/7", "Preis 2026"])
def test_numbers_of_everyday_life_stay(words: str) -> None:
    assert masked(words) == words


def test_slack_shows_formatting_signs_as_look_alikes() -> None:
    assert for_slack("*a* snake_case `x` <b>&") == "∗a∗ snake_case ˋxˋ &lt;b&gt;&amp;"


def mrkdwn(blocks: list[dict]) -> list[str]:
    """Return every text of the blocks that Slack reads as markup."""
    texts = [b["text"] for b in blocks if "text" in b]
    texts += [element for b in blocks for element in b.get("elements", ())]
    return [t["text"] for t in texts if t["type"] == "mrkdwn"]


def check_blocks(blocks: list[dict]) -> None:
    """Enforce Block Kit's schema and limits (docs.slack.dev/reference/block-kit/blocks)."""
    assert 1 <= len(blocks) <= 50
    for block in blocks:
        kind = block["type"]
        if kind == "header":
            assert block["text"]["type"] == "plain_text"
            assert 1 <= len(block["text"]["text"]) <= 150
        elif kind == "section":
            assert block["text"]["type"] in ("mrkdwn", "plain_text")
            assert 1 <= len(block["text"]["text"]) <= 3000
        elif kind == "context":
            assert 1 <= len(block["elements"]) <= 10
            assert all(1 <= len(element["text"]) <= 2000 for element in block["elements"])
        elif kind == "actions":
            assert 1 <= len(block["block_id"]) <= 255
            assert 1 <= len(block["elements"]) <= 25
            for button in block["elements"]:
                assert button["type"] == "button"
                assert button["text"]["type"] == "plain_text"
                assert 1 <= len(button["text"]["text"]) <= 75
                assert 1 <= len(button["action_id"]) <= 255
                assert len(button["value"]) <= 2000
                assert button.get("style", "primary") in ("primary", "danger")
            ids = [button["action_id"] for button in block["elements"]]
            assert len(ids) == len(set(ids))
        else:
            assert kind == "divider", f"unknown block {kind}"
            assert set(block) == {"type"}
