"""Signs in a text that the rules count: calls to act, talk of removed comments, copies, tags."""

from __future__ import annotations

import hashlib
import re
import unicodedata

CALL = re.compile(
    r"boy[ck]ott|unterschreib|petition|shitstorm|protest(?!ant)|demo(?:nstr| am| vor)|"
    r"(?:teilt|teilen|weitersagen|verbreite[nt]).{0,30}(?:das|dies|bitte|alle|!)|"
    r"(?:kauft|kaufe|buche?t|nie wieder|nicht mehr).{0,40}(?:bei|dort|nichts|kaufen|nie)|"
    r"\b(?:sign|spread|share) (?:this|the|it)\b|\b(?:never|not|stop|don'?t) (?:buy|shop|book)|"
    r"\bcancel(?:l?ed|l?ing)? (?:my|your|our)\b|\bshame on\b|\bwalk ?out\b|\bstrike\b|"
    r"k[üu]ndig(?:t|en|e)\b.{0,30}(?:alle|jetzt|vertr|abo|mitglied)",
    re.IGNORECASE,
)
"""Calls to act, German and English: boycott, petition, protest, leave, pass it on."""

REMOVAL = re.compile(
    r"zensier|zensur|censor|"
    r"(?:komment|beitr[aä]g|post|kritik|meinung|comment|review|criticism)\w*.{0,40}"
    r"(?:gel[oö]sch|entfern|verschw|ausgeblend|versteck|delet|remov|hidden|hid\b|disappear|gone)|"
    r"(?:gel[oö]sch|l[oö]scht|entfern|blockier|delet|remov|hiding|hides|block)\w*.{0,40}"
    r"(?:komment|beitr[aä]g|kritik|meinung|comment|review|criticism|negativ)",
    re.IGNORECASE,
)
"""Talk about deleted or hidden comments, German and English."""

TAG = re.compile(r"#(\w{3,50})")
_NOISE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|\d+")
_WORD = re.compile(r"[^\W\d_]{2,}")
COPY_WORDS = 4
"""Words from which an equal text counts as a copy; shorter ones ('So nicht!') just recur."""


def calls_to_act(text: str) -> bool:
    """Whether the text asks others to do something against the company."""
    return CALL.search(text) is not None


def speaks_of_removal(text: str) -> bool:
    """Whether the text speaks of comments that were deleted or hidden."""
    return REMOVAL.search(text) is not None


def first_tag(text: str) -> str | None:
    """Return the first hashtag, casefolded and without #, or None."""
    found = TAG.search(text)
    return found.group(1).casefold() if found else None


def copy_key(text: str) -> int | None:
    """Return a number equal for texts of the same words, None for texts too short to tell.

    Links, names, tags, numbers, case, accents, order and repetition of words make no difference:
    what bots vary. 63 bits of BLAKE2b.
    """
    plain = unicodedata.normalize("NFKD", _NOISE.sub(" ", text.casefold()))
    words = sorted(set(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))))
    if len(words) < COPY_WORDS:
        return None
    digest = hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
