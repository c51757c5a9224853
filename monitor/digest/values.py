"""Every figure of a digest by the name that `sturmglas explain` takes."""

from __future__ import annotations

from monitor.types.digest import Digest

Value = int | float | None


def figure_values(digest: Digest) -> dict[str, Value]:
    """Return name -> value; unknown is None. Shares are 0..1, rates percent, times seconds."""
    tally, answers = digest.tally, digest.answers
    values: dict[str, Value] = {
        "posts": tally.posts,
        "posts_previous": digest.posts.previous,
        "posts_usual": digest.posts.usual,
        "posts_counted": tally.counted,
        "authors": tally.authors,
        "spam": tally.spam,
        "irrelevant": tally.irrelevant,
        "copies": tally.copies,
        "deleted": tally.deleted,
        "unlabelled": tally.unlabelled,
        "unsure": tally.unsure,
        "negative": tally.sentiment.get("negative", 0),
        "neutral": tally.sentiment.get("neutral", 0),
        "positive": tally.sentiment.get("positive", 0),
        "negative_share": digest.negative.value,
        "ideas": tally.ideas,
        "toxic": tally.toxic,
        "asked": answers.asked,
        "answered": answers.answered,
        "open_questions": answers.open_now,
        "first_answer_median_s": answers.median_s,
        "first_answer_p90_s": answers.p90_s,
        "satisfied": tally.satisfied,
        "dissatisfied": tally.dissatisfied,
        "echo_balance": digest.echo_balance,
    }
    for source in digest.sources:
        values[f"posts:{source.source}"] = source.posts.value
        values[f"negative_share:{source.source}"] = source.negative.value
        values[f"engagement:{source.source}"] = source.engagement.value
    for cell in digest.matrix:
        values[f"matrix:{cell.initiator}/{cell.kind}"] = cell.posts
    for language, posts in tally.languages.items():
        values[f"lang:{language}"] = posts
    return values
