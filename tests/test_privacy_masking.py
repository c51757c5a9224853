"""What names or reaches a person is masked in whatever leaves the house; other numbers stay."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.types.masking import (
    MASK,
    is_card,
    is_iban,
    mask_contacts,
    mask_personal,
    unmasked,
)


@pytest.mark.parametrize(
    "words",
    [
        "anna.beispiel+abo@post.example.org",
        "DE89 3704 0044 0532 0130 00",
        "de89370400440532013000",
        "GB29 NWBK 6016 1331 9268 19",
        "AT61 1904 3002 3457 3201",
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "+49 30 1234567",
        "0049 171 1234567",
        "030/1234567",
        "(0171) 1234567",
        "+44 20 7946 0958",
        "@anna_b",
        "@anna@mastodon.example",
        "Lindenstraße 12a",
        "Lindenstr. 12, 10969 Berlin",
        "12 Acacia Avenue",
    ],
)
def test_personal_data_is_masked(words: str) -> None:
    assert mask_personal(f"Bitte an {words} melden, danke") == f"Bitte an {MASK} melden, danke"


@pytest.mark.parametrize(
    "words",
    [
        "am 02.03.2026 um 08:15",
        "2026-03-02",
        "Bestellung 4711-0815",
        "für 1.299,00 Euro",
        "Artikel DE12 3456",
        "v2.10.3",
        "100 000 Stück",
        "Platz 3",
        "in 30 St. Gallen",
        "08:15-17:30",
        "2026-03-02 08:15:00",
        "am 02.03.2026 08:15 Uhr",
        "vom 01.02.2026-03.02.2026",
        "1.000.000.000 Euro",
        "https://shop.example/item-471147114711",
    ],
)
def test_other_numbers_stay(words: str) -> None:
    assert mask_personal(words) == words


def test_a_number_beside_a_day_is_masked_and_the_day_stays() -> None:
    assert mask_personal("02.03.2026 0171 2345678") == f"02.03.2026 {MASK}"


def test_handles_are_names_and_no_contacts() -> None:
    text = "@anna_b, ruf 0171 2345678 an"
    assert mask_contacts(text) == f"@anna_b, ruf {MASK} an"


@pytest.mark.parametrize(
    ("back", "known", "held"),
    [
        (f"Ruf {MASK} an", "Ruf 0171 2345678 an", "Ruf 0171 2345678 an"),
        (f"{MASK}: ruf {MASK} an", "@anna_b: ruf 0171 2345678 an", "@anna_b: ruf 0171 2345678 an"),
        (f"Ruf {MASK} jetzt an", "Ruf 0171 2345678 an", f"Ruf {MASK} jetzt an"),
        ("Ruf an", "Ruf 0171 2345678 an", "Ruf an"),
        (f"Ruf {MASK} an", None, f"Ruf {MASK} an"),
    ],
    ids=["masked", "handles too", "edited since", "edited", "unknown"],
)
def test_a_masked_text_that_comes_back_is_known(back: str, known: str | None, held: str) -> None:
    assert unmasked(back, known) == held


@pytest.mark.parametrize("wrong", ["DE89 3704 0044 0532 0130 01", "4111 1111 1111 1112", "XX", ""])
def test_a_wrong_checksum_is_no_account_and_no_card(wrong: str) -> None:
    assert not is_iban(wrong)
    assert not is_card(wrong)


@given(st.text(alphabet="DE0123456789 @.-abc/+()", max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_personal(text)
    assert mask_personal(once) == once


@pytest.mark.parametrize("sign", ["1", "1 ", "a@", "DE12", "@a.", "A-", "+1(", "0-"])
def test_a_long_hostile_text_takes_no_time(sign: str) -> None:
    started = time.process_time()
    mask_personal(sign * 20_000)
    assert time.process_time() - started < 1
