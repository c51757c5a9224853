"""Masks what names or reaches a person in a text that leaves the house. Pure.

Numbers with a checksum are masked where it holds, so that an order number stays readable: IBAN
by ISO 7064 mod 97-10, cards by Luhn (ISO/IEC 7812-1). Telephone numbers, which have none, are
known by how German and English writers begin them: with + or 0, or by nine digits and more.
"""

from __future__ import annotations

import re

MASK = "▮▮▮"

_MAIL = re.compile(r"(?<![@\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}(?:[ -]?[\dA-Z]{4}){2,7}(?:[ -]?[\dA-Z]{1,3})?\b", re.IGNORECASE
)
_CARD = re.compile(r"(?<![\w/.,-])\d(?:[ -]?\d){12,18}(?![\w/])")
_PHONE = re.compile(
    r"https?://\S+"  # the number of an article stands there
    r"|(?<![\w/.,-])(?:\+|00)\d(?:[ ()/.\-]{0,2}\d){6,13}(?!\w)"  # +49 30 1234567
    r"|(?<![\w/.,-])\(?0\d{1,4}\)?[ /\-]{0,2}\d(?:[ /\-]?\d){4,10}(?!\w)"  # 030/1234567
    r"|(?<![\w/])\+?\d(?:[ ()/.\-]{0,2}\d){8,}(?!\w)"  # nine digits: no date, no price
)
_ADDRESS = re.compile(
    r"\b[A-ZÄÖÜ][\w-]{0,40}(?:straße|strasse|str\.|weg|allee|gasse|platz|ring|ufer)[ \t]+"
    r"\d{1,4}[ \t]?[a-zA-Z]?\b(?:,?[ \t]+\d{5}[ \t]+[A-ZÄÖÜ]\w+)?"
    r"|\b\d{1,5}[ \t]+(?:[A-Z][a-z]{1,20}[ \t]+){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive)\b"
)
_HANDLE = re.compile(r"(?<![\w/])@\w[\w.]*(?:@[\w.-]+)?")
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}\b|\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})\b")
_AMOUNT = re.compile(r"\d{1,3}(?:\.\d{3})+")
_GAPS = re.compile(r"[ -]")


def mask_personal(text: str, mask: str = MASK) -> str:
    """Return the text with what `mask_contacts` masks, and with handles, masked."""
    return _HANDLE.sub(mask, mask_contacts(text, mask))


def mask_contacts(text: str, mask: str = MASK) -> str:
    """Return the text with mail and street addresses, bank, card and telephone numbers masked."""
    text = _MAIL.sub(mask, text)
    text = _IBAN.sub(lambda match: _without_account(match[0], mask), text)
    text = _CARD.sub(lambda match: mask if is_card(match[0]) else match[0], text)
    return _ADDRESS.sub(mask, _without_phones(text, mask))


def unmasked(text: str, known: str | None) -> str:
    """Return the known text where `text` is only its masked form, come back from an export."""
    if known is not None and MASK in text and text in (mask_contacts(known), mask_personal(known)):
        return known
    return text


def _without_phones(text: str, mask: str) -> str:
    return _PHONE.sub(lambda match: _without_phone(match[0], mask), text)


def _without_phone(found: str, mask: str) -> str:
    """Mask what looks like a number of nine digits, unless it is an address, a day, an amount."""
    if found.startswith("http") or _AMOUNT.fullmatch(found):
        return found
    day = _DAY.match(found)
    return mask if day is None else day[0] + _without_phones(found[day.end() :], mask)


def _without_account(found: str, mask: str) -> str:
    """Mask the part up to which the checksum holds: the next word may look like a last group."""
    ends = [at for at in range(len(found), 14, -1) if at == len(found) or found[at] in " -"]
    end = next((at for at in ends if is_iban(found[:at])), 0)
    return mask + found[end:] if end else found


def is_iban(text: str) -> bool:
    """Whether the checksum of an IBAN holds (ISO 13616: mod 97 is 1)."""
    plain = _GAPS.sub("", text).upper()
    if not 15 <= len(plain) <= 34 or not plain.isascii() or not plain.isalnum():
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Whether the checksum of a card number holds (Luhn)."""
    digits = [int(sign) for sign in text if sign.isdecimal()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[::-2]) + sum(doubled)) % 10 == 0
