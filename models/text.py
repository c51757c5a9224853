"""Makes hostile text small and plain before a model reads it; the original is never changed."""

from __future__ import annotations

import re
import unicodedata

HEAD_CHARS, TAIL_CHARS = 1000, 400
"""What is read of an endless post: its opening, and its close, which carries the verdict."""

MAX_WORD = 40
"""Longer words are links, tokens or base64 blobs: their opening says as much as the whole."""

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64}")
_HANDLE = re.compile(r"(?<![\w<])@[\w.]{1,64}(?:@[\w.-]{1,64})?")
_NUMBER = re.compile(r"\d{5,}")
_LONG_WORD = re.compile(rf"(\S{{{MAX_WORD}}})\S+")
_LONG = 400
_REPEATED = re.compile(r"(?<!\S)(\S{1,40})(?: \1(?!\S)){3,}")
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile(
    # soft hyphen, zero-width and bidi controls, byte order mark, lone surrogates, other controls;
    # the joiner U+200D and the variation selectors stay: emoji are made of them
    r"[\u00ad\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    r"\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Return `text` bounded in length, without invisible signs, with links and handles masked.

    The masks (`<url>`, `<email>`, `@user`, `<number>`) are those of the training data. The work
    is linear and bounded: only the first 1,000 and the last 400 characters are looked at.
    """
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        text = f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"
    if not text.isascii():
        # invisible signs go first: NFKC refuses nothing, but lone surrogates break encoders later
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    elif not text.isprintable():
        text = _INVISIBLE.sub("", text)
    if "://" in text or "www." in text:
        text = _URL.sub("<url>", text)
    if "@" in text:
        text = _MAIL.sub("<email>", _HANDLE.sub("@user", text))
    text = _NUMBER.sub("<number>", text)
    text = _LONG_WORD.sub(r"\1", text)
    text = _SPACE.sub(" ", text).strip()
    return _REPEATED.sub(r"\1 \1 \1", text) if len(text) > _LONG else text


def has_letters(text: str) -> bool:
    """Say whether any letter of any script is left: without one no language can be told."""
    masked = re.sub(r"<(?:url|email|number)>|@user", "", text)
    return any(char.isalpha() for char in masked)
