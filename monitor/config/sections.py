"""The tables of `config.toml`, one class each; every key says what it means and its default."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from monitor.config.values import ClockTime, Duration, Moment, Name, Section, TimeZone


class General(Section):
    """Language and clock of everything that people read."""

    language: Literal["de", "en"] = Field("en", description="language of digest and messages")
    timezone: TimeZone = Field("UTC", description="the day begins at midnight there")
    digest_at: ClockTime = Field("07:30", description="local time at which the digest goes out")
    business_hours: str | None = Field(
        None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description="such as 09:00-17:00: answer times count only these hours, Monday to Friday",
    )


class StoreSettings(Section):
    """Where everything is kept."""

    path: Path = Field(Path("sturmglas.db"), description="the SQLite file")


class Company(Section):
    """Who we are, so that roles and relevance can be told."""

    name: str | None = Field(None, description="as people write it")
    names: tuple[str, ...] = Field((), description="other words that mean the company")
    exclude: tuple[str, ...] = Field((), description="words that mark strangers of the same name")
    accounts: tuple[str, ...] = Field((), description="own accounts: facebook:acme, mastodon:@acme")
    third_party: tuple[str, ...] = Field((), description="press, partners, rivals: rss:*")


class SourceSettings(Section):
    """One watched place."""

    name: Name = Field(description="your word for it; part of the names of its secrets")
    platform: str = Field(description="one of the platforms of `sturmglas sources`")
    target: str = Field("", description="the platform's own name of the place")
    base_url: str | None = Field(None, description="server, where there is more than one")
    own: bool = Field(True, description="belongs to the company; false for a search for mentions")
    interval: Duration | None = Field(
        None, description="how often to ask; each platform has its own"
    )
    since: Moment | None = Field(None, description="how far back the first run goes")
    max_pages: int = Field(50, ge=1, le=10_000, description="pages a run reads at most")
    allow_private: bool = Field(False, description="allow addresses of the private network")
    enabled: bool = Field(True, description="false keeps the entry but does not fetch")
    keep: Duration | None = Field(
        None, description="let a post go that was not seen for so long; default: as terms ask"
    )
    derive: bool | None = Field(
        None, description="label its posts; default: false where the platform's terms forbid it"
    )
    experimental: bool = Field(
        False, description="read a platform whose facts nobody could check yet"
    )
    drop: tuple[str, ...] = Field(
        (), description="fields never stored of this source: author_name, media, or the platform's"
    )
    touchpoint: str | None = Field(None, description="touchpoint of the customer journey")
    options: dict[str, Any] = Field(default_factory=dict, description="the platform's own settings")


Tongue = Annotated[str, Field(pattern="^(de|en)$")]
StormLevel = Annotated[str, Field(pattern="^[1-6]$")]


class Alerts(Section):
    """When to warn."""

    budget_per_week: float = Field(2, gt=0, description="alarms a week that you are ready to read")
    quiet_period: Duration = Field(timedelta(hours=6), description="no second alarm of one rule")
    storm_level: int = Field(3, ge=1, le=6, description="level at which a storm alert opens")
    min_history: Duration = Field(timedelta(days=7), description="no volume rule fires before")
    good_rate: tuple[float, float] = Field((3.0, 8.0), description="engagement rate called good, %")
    silent_after: Duration = Field(timedelta(days=1), description="no success for so long: alert")
    removed_within: Duration = Field(
        timedelta(days=7), description="removals of civil criticism that count together"
    )
    playbook: dict[Tongue, dict[StormLevel, tuple[str, ...]]] = Field(
        default_factory=dict, description="your own steps in place of ours: language, level, steps"
    )


class EventSettings(Section):
    """Something known to move numbers: a launch, a TV spot, maintenance."""

    name: str = Field(description="as it shall stand beside an alert")
    from_: Moment = Field(alias="from", description="when it begins; without a zone it is UTC")
    to: Moment = Field(description="when it ends")

    @model_validator(mode="after")
    def _in_order(self) -> EventSettings:
        if self.to <= self.from_:
            raise ValueError("`to` must be later than `from`")
        return self


class ModelOverride(Section):
    """Another model for one label."""

    transformers: str = Field(description="local folder or hub id")
    labels: dict[str, str] = Field(default_factory=dict, description="its words -> ours")
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="default: the best")


class Models(Section):
    """How texts are labelled."""

    speed: Literal["full", "cascade", "fast"] = Field("full", description="quality against speed")
    unsure_below: float = Field(
        0.5, ge=0, le=1, description="probability below which we say unsure"
    )
    sentiment: ModelOverride | None = Field(None, description="a model of yours for this label")
    initiator: ModelOverride | None = Field(None, description="the same")
    kind: ModelOverride | None = Field(None, description="the same")
    idea: ModelOverride | None = Field(None, description="the same")
    toxic: ModelOverride | None = Field(None, description="the same")


class NotifySettings(Section):
    """One receiver of messages."""

    name: Name = Field(description="your word for it; part of the name of its secret")
    kind: Literal["slack", "smtp", "apprise"] = Field(description="slack, smtp or apprise")
    base_url: str | None = Field(None, description="API or webhook base of Slack or Mattermost")
    host: str | None = Field(None, description="mail server")
    port: int | None = Field(None, ge=1, le=65535, description="default: 587, with tls 465")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="of the mail")
    user: str | None = Field(None, description="login at the mail server")
    sender: str | None = Field(None, description="From: address of mails")
    bounce: str | None = Field(None, description="envelope sender, where bounces go")
    to: tuple[str, ...] = Field((), description="mail addresses, or one Slack channel")
    role: str | None = Field(None, description="who reads it, as the escalation names them")
    min_level: int = Field(3, ge=0, le=6, description="storm level from which alerts go here")
    quiet_hours: str | None = Field(
        None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description="22:00-07:00: only level 4 and above then",
    )
    digest: bool = Field(True, description="also gets the digest")
    escalate_to: str | None = Field(None, description="receiver told when nobody acknowledges")
    escalate_after: Duration = Field(timedelta(hours=1), description="how long we wait for it")
    max_per_hour: int = Field(30, ge=1, description="messages, further ones wait")
    buttons: Literal["socket", "endpoint"] | None = Field(
        None,
        description="Slack: acknowledge, snooze, noise, useful under alerts while `run` is at "
        "work; presses come by socket mode or to an endpoint of ours",
    )
    listen_port: int | None = Field(
        None, ge=0, le=65535, description="buttons = endpoint: the port, behind your TLS proxy"
    )
    listen_host: str = Field("127.0.0.1", description="address that the port is opened at")

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("to"), str):
            return {**data, "to": (data["to"],)}
        return data

    @model_validator(mode="after")
    def _complete(self) -> NotifySettings:
        if self.kind == "smtp" and not (self.host and self.to):
            raise ValueError('kind = "smtp" needs host and to')
        if self.buttons and self.kind != "slack":
            raise ValueError('buttons go with kind = "slack" only')
        if self.buttons == "endpoint" and self.listen_port is None:
            raise ValueError('buttons = "endpoint" needs listen_port')
        return self


class Retention(Section):
    """How long each kind of data is kept."""

    raw: Duration = Field(timedelta(days=30), description="answers as the platform gave them")
    texts: Duration = Field(timedelta(days=365), description="titles, texts, former texts")
    handles: Duration = Field(timedelta(days=90), description="names; then keyed pseudonyms")
    counts: Duration = Field(timedelta(days=730), description="counts over time of single posts")
    networks: Duration = Field(
        timedelta(days=180), description="networks and devices of votes, from a campaign's close"
    )
    voters: Duration = Field(
        timedelta(days=90), description="ids of voters, from the end of a campaign's appeals"
    )
    logs: Duration = Field(timedelta(days=1095), description="runs, deliveries, processing log")


DROPPED = (
    "birthday", "birthdate", "date_of_birth", "birth_date", "age", "gender", "sex", "location",
    "user_location", "geo", "geolocation", "coordinates", "latitude", "longitude", "lat", "lng",
    "hometown", "address", "bio", "biography", "profile_text", "note", "about_me", "about",
    "summary_html", "education", "work_history", "relationship_status", "religion", "political",
    "email", "mail", "phone", "phone_number", "mobile", "ip", "ip_address",
)  # fmt: skip


class Privacy(Section):
    """What is not kept in the first place, and who answers for the rest."""

    drop: tuple[str, ...] = Field(
        DROPPED, description="fields of a platform's answer that are never stored"
    )
    controller: str | None = Field(None, description="company and address, for the record")
    contact: str | None = Field(None, description="data protection officer, for the record")
    lawful_basis: str = Field(
        "Art. 6(1)(f) GDPR", description="as your legitimate-interest assessment found"
    )


class Service(Section):
    """How others learn that `run` is alive."""

    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="OpenMetrics at http://127.0.0.1:PORT/metrics"
    )
    alive_url: str | None = Field(
        None, pattern=r"^https?://\S+$", description="called after each tick that went well"
    )
    log_file: Path | None = Field(None, description="where `run` logs; default: stderr")
    log_megabytes: float = Field(5, gt=0, description="size at which a new log file begins")
    log_files: int = Field(5, ge=1, le=1000, description="full log files that are kept")


class Moderation(Section):
    """Time goals of the queue."""

    answer_within: Duration = Field(timedelta(hours=24), description="for questions")
    review_within: Duration = Field(timedelta(hours=72), description="for items of the queue")


class GoalSettings(Section):
    """What shall be reached at a touchpoint: specific, measured, with a day."""

    satisfaction: float = Field(gt=0, le=100, description="satisfied of those who took a side, %")
    by: date = Field(description="last day to reach it, such as 2026-12-31")


class TouchpointSettings(Section):
    """A place or matter where customers meet the company."""

    name: str = Field(min_length=1, description="as it shall stand on the map")
    phase: str = Field(
        "",
        description="activation, information, action, retention, or words of your own model",
    )
    sources: tuple[str, ...] = Field((), description="names of sources: all that is posted there")
    topics: tuple[str, ...] = Field(
        (), description="words; with sources only posts there, else posts of every source"
    )
    owner: str | None = Field(None, description="department that looks after it")
    goal: GoalSettings | None = Field(None, description='{ satisfaction = 80, by = "2026-12-31" }')

    @model_validator(mode="after")
    def _says_where(self) -> TouchpointSettings:
        if not self.sources and not self.topics:
            raise ValueError(f"touchpoint {self.name!r} needs sources or topics")
        return self
