"""A small community of made-up people, of which every figure can be counted by hand.

Two Mondays of 23 February and 2 March 2026 in Berlin, and the days between. On 2 March the page
has 5,000 followers and 250 likes and comments: 5 %.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.types import Account, Followers, Gap, Post
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, Part

DAY = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 6, 30, tzinfo=UTC)
SPLINTERS = (
    "das darf nicht sein, Nummer 0",
    "mein Kind trinkt daraus und ich bin fassungslos über diese Firma",
    "nach vier Spülgängen blättert alles ab. Wer zahlt mir das?",
    "Reklamation abgelehnt, angeblich falsch gereinigt. Unverschämt",
    "so etwas verkauft ihr als spülmaschinenfest",
    "Kassenzettel habe ich noch, Geld zurück bitte sofort",
)


def labels(sentiment: str, initiator: str = "customer", kind: str = "supply", **more: bool) -> dict:
    return {"sentiment": sentiment, "initiator": initiator, "kind": kind, "lang": "de", **more}


def post(number: int, text: str, at: datetime, author: str | None = "u1", **fields: object) -> Post:
    given: dict[str, object] = {
        "platform": "facebook",
        "source": "acme-page",
        "native_id": str(number),
        "text": text,
        "author": Account(id=author, handle=author) if author else None,
        "created_at": at,
        "url": f"https://acme.example/posts/{number}",
        "labels": labels("neutral"),
        "kind": "comment",
    }
    return Post(**(given | fields))  # type: ignore[arg-type]  # the point of a helper


def earlier() -> list[Post]:
    """Four posts a day for a week, one of them negative."""
    found = []
    for day in range(1, 8):
        for n in range(4):
            at = DAY - timedelta(days=day) + timedelta(hours=n)
            mood = "negative" if n == 0 else "positive"
            found.append(
                post(1000 + 10 * day + n, f"Alltag {n}, der Tee bleibt warm", at, f"e{n}",
                     labels=labels(mood), likes=1, replies=0)
            )  # fmt: skip
    return found


def the_day() -> list[Post]:
    """2 March: a company post, six people with splinters, praise, a question, spam, a stranger."""
    hour = timedelta(hours=1)
    ours = {"author": "acme", "author_role": "company"}
    root = post(1, "Neu: die Flasche Kiesel in vier Farben.", DAY, kind="post", likes=150,
                replies=60, labels=labels("neutral", "company"), **ours)  # fmt: skip
    splinters = [
        post(10 + n, f"Splitter am Rand meiner Flasche, {SPLINTERS[n]}",
             DAY + n * hour, f"s{n}", labels=labels("negative"), likes=n, replies=0)
        for n in range(6)
    ]  # fmt: skip
    return [
        root,
        *splinters,
        post(20, "Schönes Blau!", DAY + hour, "p1", parent_id="1", root_id="1",
             labels=labels("positive", "company"), likes=20, replies=5),
        post(21, "Passt der alte Deckel auf die neue Flasche?", DAY + hour, "q1", likes=0,
             replies=0),
        post(22, "Ja, passt.", DAY + hour + timedelta(minutes=20), parent_id="21", root_id="21",
             likes=0, replies=0, **ours),
        post(23, "Wann kommt Grün?", DAY + 2 * hour, "q2", likes=0, replies=0,
             labels=labels("neutral", "customer", "demand")),
        post(24, "GEWINNSPIEL hier klicken", DAY, "x1", likes=99,
             labels=labels("neutral", spam=True)),
        post(25, "Acme, das Dorf, hat Kirmes", DAY, "x2",
             labels=labels("positive", relevant=False)),
        post(26, "Macht doch einen Deckel mit Teesieb. Meldet euch: 0171 2345678", DAY + 3 * hour,
             "i1", labels=labels("positive", idea=True), source="forum", likes=2),
        post(27, "Ohne Zeit", DAY, "n1", created_at=None),
    ]  # fmt: skip


def fill(store: Store, *, storm: bool = False) -> None:
    """Save everything as importing and ticking would."""
    store.ingest.save_posts([*earlier(), *the_day()], NOW)
    store.ingest.save_followers(
        [
            Followers("acme-page", DAY - timedelta(days=9), 4000),
            Followers("acme-page", DAY, 5000),
            Followers("acme-page", DAY + timedelta(days=2), 9999),
        ]
    )
    store.ingest.save_gaps([Gap("forum", DAY, DAY + timedelta(hours=6))])
    if storm:
        from monitor.store.alerts import AlertTable

        AlertTable(store.db).save(
            [storm_alert()], [Event(at=DAY, event="opened", alert=storm_alert())]
        )


def storm_alert(**fields: object) -> Alert:
    """A storm that opened on the day."""
    given: dict[str, object] = {
        "id": "storm-20260302-1",
        "rule": "storm",
        "source": None,
        "level": 3,
        "state": "rising",
        "opened_at": DAY,
        "updated_at": DAY,
        "peak_level": 3,
        "size": 6,
        "total": 6,
        "peak_size": 6,
        "parts": (
            Part("volume", 6, 1, 1.0),
            Part("negative_share", 0.6, 0.25, 1.0),
            Part("slogan", 0.4, 0.2, 0.5),
            Part("reach", None, 10000, 0.0),
        ),
        "posts": ("facebook:10", "facebook:11", "facebook:12", "facebook:13"),
    }
    return Alert(**(given | fields))  # type: ignore[arg-type]  # the point of a helper
