"""The story of the post-mortem: reads what happened around an alert and lays it out in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.store.alerts import AlertTable
from monitor.store.database import Database
from monitor.store.storms import StormPosts
from monitor.types.alerts import Alert, Moment, PostMortem

BEFORE = timedelta(hours=6)
"""How long before the warning the story begins: the first spark is older than the alarm."""

AMPLIFIER_FOLLOWERS = 1_000


def look_back(db: Database, alert_id: str, now: datetime) -> PostMortem:
    """Return the account of an alert, as far as it went at `now`. Raises NotFound."""
    table, posts = AlertTable(db), StormPosts(db)
    alert = table.load(alert_id)
    start, end = alert.opened_at - BEFORE, alert.closed_at or now
    counts = posts.count(start, end, alert.source)
    answers, first_answer = posts.answers(start, end, alert.source)
    moments = [
        Moment(at=at, what=event, level=level)
        for at, event, level, _ in table.load_events(alert.id)
    ]
    moments += _sparks(posts, start, end, alert)
    if alert.peak_at is not None:
        moments.append(Moment(at=alert.peak_at, what="peak", size=alert.peak_size))
    first_answer_s = None
    if first_answer is not None:
        moments.append(Moment(at=first_answer, what="first_answer"))
        first_answer_s = max(0.0, (first_answer - alert.opened_at).total_seconds())
    return PostMortem(
        alert=alert,
        moments=tuple(sorted(moments, key=lambda moment: moment.at)),
        hours=tuple(posts.hours(start, end, alert.source)),
        total=counts[0],
        negative=counts[1],
        authors=counts[2],
        answers=answers,
        first_answer_s=first_answer_s,
        verdicts=tuple(table.load_verdicts(alert.id)),
    )


def _sparks(posts: StormPosts, start: datetime, end: datetime, alert: Alert) -> list[Moment]:
    """Return the first critical post, and the first one of somebody with a large reach."""
    found = []
    for what, followers in (("first_post", 0), ("amplifier", AMPLIFIER_FOLLOWERS)):
        post = posts.first_critical(start, end, alert.source, followers)
        if post is not None:
            at, uid, text = post
            found.append(Moment(at=at, what=what, post=uid, text=text))
    return found
