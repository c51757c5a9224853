"""The statements behind the figures of a digest: the layout, and which posts a figure counts."""

from __future__ import annotations

from collections.abc import Mapping

_LABELS = ("lang", "sentiment", "initiator", "kind", "idea", "toxic", "spam", "relevant", "copy",
           "unsure")  # fmt: skip
ANSWERS = (
    "SELECT {what} FROM posts a WHERE a.role = 'company' AND a.seen_at <= :as_of "
    "AND a.id <> {post}.id AND (a.parent_uid = {post}.uid "
    "OR (a.root_uid = {post}.uid AND {post}.parent_uid IS NULL))"
)
PUBLIC = "state = 0 AND role <> 'company'"

_IN_SOURCE = (
    "d.id IN (SELECT g.post_id FROM sightings g JOIN sources t ON t.id = g.source_id "
    "WHERE t.name = :subject)"
)
_IN_SOURCES = (
    "d.id IN (SELECT g.post_id FROM sightings g JOIN sources t ON t.id = g.source_id "
    "WHERE t.name IN (SELECT value FROM json_each(:subject)))"
)
_OF_CUSTOMERS = "era = 1 AND state = 0 AND d.role = 'customer' AND d.author_id"
_MOODY = (
    f"{_OF_CUSTOMERS} IN (SELECT author_id FROM temp.digest_posts WHERE era = 1 AND state = 0 "
    "AND role = 'customer' GROUP BY author_id HAVING sum((sentiment = 'positive') "
    "- (sentiment = 'negative')) {sign} 0) AND d.sentiment = '{mood}'"
)
_NOW_PUBLIC = "era = 1 AND state = 0 AND d.role <> 'company'"
_ANSWERED = "era = 1 AND asked AND EXISTS (" + ANSWERS.format(what="1", post="p") + ")"
_SATISFIED = _MOODY.format(sign=">", mood="positive")
_DISSATISFIED = _MOODY.format(sign="<", mood="negative")

_RATED = "era = 1 AND state = 0 AND coalesce(d.likes, d.comments) IS NOT NULL"

FIGURES: Mapping[str, str] = {
    "posts": "era = 1",
    "posts_previous": "era = 0",
    "posts_counted": "era = 1 AND state = 0",
    "authors": "era = 1 AND d.author_id IS NOT NULL",
    "spam": "era = 1 AND state = 1",
    "irrelevant": "era = 1 AND state = 2",
    "copies": "era = 1 AND state = 3",
    "deleted": "era = 1 AND deleted",
    "unlabelled": "era = 1 AND d.sentiment IS NULL",
    "unsure": "era = 1 AND state = 0 AND d.unsure <> '[]'",
    "negative": "era = 1 AND state = 0 AND d.sentiment = 'negative'",
    "neutral": "era = 1 AND state = 0 AND d.sentiment = 'neutral'",
    "positive": "era = 1 AND state = 0 AND d.sentiment = 'positive'",
    "negative_share": f"{_NOW_PUBLIC} AND d.sentiment = 'negative'",
    "ideas": f"{_NOW_PUBLIC} AND d.idea = 1",
    "toxic": f"{_NOW_PUBLIC} AND d.toxic = 1",
    "asked": "era = 1 AND asked",
    "answered": _ANSWERED,
    "first_answer_median_s": _ANSWERED,
    "first_answer_p90_s": _ANSWERED,
    "satisfied": _SATISFIED,
    "dissatisfied": _DISSATISFIED,
    "echo_balance": f"({_SATISFIED}) OR ({_DISSATISFIED})",
}
"""Which posts of the layout a figure counts; shares list their numerator."""

FIGURES_OF: Mapping[str, str] = {
    "posts": f"era = 1 AND {_IN_SOURCE}",
    "negative_share": f"{_NOW_PUBLIC} AND d.sentiment = 'negative' AND {_IN_SOURCE}",
    "engagement": f"{_RATED} AND {_IN_SOURCE}",
    "engagement_rate": f"{_RATED} AND {_IN_SOURCES}",
    "engagement_rate_with_shares": "era = 1 AND state = 0 AND "
    f"coalesce(d.likes, d.comments, p.shares) IS NOT NULL AND {_IN_SOURCES}",
    "engagement_rate_by_reach": f"era = 1 AND state = 0 AND p.views IS NOT NULL AND {_IN_SOURCES}",
    "matrix": "era = 1 AND state = 0 AND d.initiator = :initiator AND d.kind = :kind "
    "AND d.sentiment IS NOT NULL",
    "lang": f"{_NOW_PUBLIC} AND d.lang = :subject",
}
"""The same of figures with a subject: a source, a cell; of the KPI sheet's rates a JSON list of
sources."""

_INTERACTIONS = "coalesce(d.likes, 0) + coalesce(d.comments, 0)"
PARTS: Mapping[str, str] = {
    "engagement": _INTERACTIONS,
    "engagement_rate": _INTERACTIONS,
    "engagement_rate_with_shares": f"{_INTERACTIONS} + coalesce(p.shares, 0)",
    "engagement_rate_by_reach": "coalesce(p.likes, 0) + coalesce(p.replies, 0)",
}
"""How much of a figure a post is, where posts are not simply counted."""


def quotes_sql(exact_then: bool, more: str = "") -> str:
    """Return the beginning of a statement that reads posts as they are shown, up to WHERE.

    `more` are further columns. Parts: `p` post, `s` source, `a` author, `q` asks.
    """
    label, joined = _labels(exact_then)
    likes, replies = (_counter(name, exact_then) for name in ("likes", "replies"))
    text, followers = "p.text", "a.followers"
    if exact_then:
        # One number is kept of each author; it came with the newest post, which may be younger.
        followers = (
            "iif(EXISTS (SELECT 1 FROM posts n WHERE n.author_id = a.id AND n.seen_at > :as_of), "
            "NULL, a.followers) AS followers"
        )
        text = (
            "coalesce((SELECT v.text FROM versions v WHERE v.post_id = p.id "
            "AND v.replaced_at > :as_of ORDER BY v.replaced_at LIMIT 1), p.text)"
        )
    return (
        f"SELECT {more} p.id, p.uid, s.name AS source, {text} AS text, p.title, p.url, "
        f"p.created_at, "
        f"{label['sentiment']} AS sentiment, p.role, coalesce({label['lang']}, p.lang) AS lang, "
        f"{likes} AS likes, {replies} AS replies, {followers}, p.author_id, "
        f"q.post_id IS NOT NULL AS asks, {label['idea']} AS idea, {label['toxic']} AS toxic "
        f"FROM posts p JOIN sources s ON s.id = p.source_id {joined} "
        "LEFT JOIN authors a ON a.id = p.author_id LEFT JOIN asking q ON q.post_id = p.id "
    )


def open_questions_sql(exact_then: bool) -> str:
    """Return the statement that finds questions and complaints in own places without an answer."""
    label, joined = _labels(exact_then)
    answer = ANSWERS.format(what="1", post="p")
    return (
        f"SELECT p.id, p.created_at, ({label['sentiment']} = 'negative') * 5 "
        f"+ coalesce({_counter('likes', exact_then)}, 0) AS weight "
        f"FROM posts p JOIN sources s ON s.id = p.source_id {joined} "
        "LEFT JOIN asking q ON q.post_id = p.id "
        "WHERE p.created_at >= :since AND p.created_at < :end AND p.seen_at <= :as_of "
        "AND p.role = 'customer' AND s.own "
        "AND (p.deleted_at IS NULL OR p.deleted_at > :as_of) "
        f"AND coalesce({label['spam']}, 0) = 0 AND coalesce({label['relevant']}, 1) "
        f"AND coalesce({label['copy']}, 0) = 0 AND (q.post_id IS NOT NULL "
        f"OR ({label['sentiment']} = 'negative' AND {label['initiator']} = 'customer')) "
        f"AND NOT EXISTS ({answer})"
    )


def trend_sql(exact_then: bool) -> str:
    """Return the statement that counts posts and moods between `:start` and `:end`."""
    label, joined = _labels(exact_then)
    public = (
        f"p.role <> 'company' AND coalesce({label['spam']}, 0) = 0 "
        f"AND coalesce({label['relevant']}, 1) AND coalesce({label['copy']}, 0) = 0"
    )
    return (
        f"SELECT count(*) AS posts, sum({label['sentiment']} = 'negative' AND {public}) "
        f"AS negative, sum({label['sentiment']} IS NOT NULL AND {public}) AS public "
        f"FROM posts p {joined} "
        "WHERE p.created_at >= :start AND p.created_at < :end AND p.seen_at <= :as_of"
    )


def layout_sql(exact_then: bool, *, wide: bool = True) -> str:
    """Return the statement that lays out the posts of both periods with all that is counted.

    What every count reads stands first, because SQLite reads a row from its beginning; what only
    a digest tells is left out unless `wide`.
    """
    label, joined = _labels(exact_then)
    likes, replies = (_ripe_counter(name, exact_then) for name in ("likes", "replies"))
    told = "initiator, kind, idea, toxic, lang, unsure, deleted," if wide else ""
    return f"""
        CREATE TEMP TABLE digest_posts AS
        SELECT era, state, source_id, sentiment, role, likes,
               coalesce(replies, nullif((SELECT count(*) FROM posts c
                   WHERE c.parent_uid = d.uid AND c.seen_at <= :as_of), 0)) AS comments,
               author_id,
               state = 0 AND role = 'customer' AND own AND (asks OR (sentiment = 'negative'
                   AND initiator = 'customer')) AS asked,
               {told} id, created_at
        FROM (
            SELECT p.id, p.uid, p.created_at >= :start AS era, p.source_id, p.author_id, p.role,
                   p.created_at, {likes} AS likes, {replies} AS replies,
                   coalesce(p.deleted_at <= :as_of, 0) AS deleted, s.own,
                   CASE WHEN {label["spam"]} = 1 THEN 1 WHEN {label["relevant"]} = 0 THEN 2
                        WHEN {label["copy"]} = 1 THEN 3 ELSE 0 END AS state,
                   {label["sentiment"]} AS sentiment, {label["initiator"]} AS initiator,
                   {label["kind"]} AS kind, {label["idea"]} AS idea, {label["toxic"]} AS toxic,
                   coalesce({label["lang"]}, p.lang) AS lang,
                   coalesce({label["unsure"]}, '[]') AS unsure,
                   q.post_id IS NOT NULL AS asks
            FROM posts p JOIN sources s ON s.id = p.source_id
            {joined}
            LEFT JOIN asking q ON q.post_id = p.id
            WHERE p.created_at >= :before AND p.created_at < :end AND p.seen_at <= :as_of
        ) d
    """


def _labels(exact_then: bool) -> tuple[Mapping[str, str], str]:
    """Return each label's expression, and what must be joined for it."""
    joined = "LEFT JOIN labels l ON l.post_id = p.id"
    if not exact_then:
        return {name: f"l.{name}" for name in _LABELS}, joined
    former = (
        " LEFT JOIN former_labels f ON f.post_id = p.id AND f.replaced_at = (SELECT "
        "min(replaced_at) FROM former_labels WHERE post_id = p.id AND replaced_at > :as_of)"
    )
    # A post that was labelled late keeps its first label: our reading is no event of its time.
    return {name: f"coalesce(f.{name}, l.{name})" for name in _LABELS}, joined + former


def _counter(name: str, exact_then: bool) -> str:
    return _looked(name, ":as_of") if exact_then else f"p.{name}"


def _looked(name: str, at: str) -> str:
    return (
        f"(SELECT c.{name} FROM counts c WHERE c.post_id = p.id AND c.at <= {at} "
        "ORDER BY c.at DESC LIMIT 1)"
    )


def _ripe_counter(name: str, exact_then: bool) -> str:
    """Return a counter as old as the period's: the one before is read a period's length ago."""
    now = _counter(name, exact_then)
    # The first look is all there is for posts that were looked at late.
    before = f"coalesce({_looked(name, ':looked')}, {now})"
    return f"iif(p.created_at >= :start, {now}, {before})"
