"""What may be imported: the names of metrics and survey questions, and what holds among them."""

from __future__ import annotations

import re
from collections.abc import Mapping

FLOWS = (
    "impressions", "clicks", "reach",
    "visits", "visits_new", "visits_returning", "bounces", "conversions",
    "page_views", "page_views_new", "page_views_returning",
    "visit_seconds", "visit_seconds_new", "visit_seconds_returning",
    "baskets", "baskets_abandoned", "customers_new", "customers_lost",
)  # fmt: skip
"""Counted anew every day: a period's figure is their sum."""

STOCKS = ("customers", "customers_multiple", "customers_start", "customers_end")
"""As they stood at the end of a day (`customers_start`: at its beginning)."""

METRICS = FLOWS + STOCKS

FRACTIONS = ("visit_seconds", "visit_seconds_new", "visit_seconds_returning")
"""All other metrics count, so a fraction of one is refused."""

QUESTIONS: Mapping[str, tuple[int, int]] = {
    "nps": (0, 10),
    "recommend": (1, 6),
    "buy_again": (1, 6),
    "buy_other": (1, 6),
}
"""Survey questions with the lowest and highest score that is an answer."""

WITHIN: tuple[tuple[str, str], ...] = (
    ("clicks", "impressions"),
    ("bounces", "visits"),
    ("visits_new", "visits"),
    ("visits_returning", "visits"),
    ("page_views_new", "page_views"),
    ("page_views_returning", "page_views"),
    ("visit_seconds_new", "visit_seconds"),
    ("visit_seconds_returning", "visit_seconds"),
    ("baskets_abandoned", "baskets"),
    ("customers_multiple", "customers"),
)
"""Of one source and day the first is a part of the second and cannot be more."""

ADD_UP: tuple[tuple[tuple[str, str], str], ...] = (
    (("visits_new", "visits_returning"), "visits"),
    (("page_views_new", "page_views_returning"), "page_views"),
    (("visit_seconds_new", "visit_seconds_returning"), "visit_seconds"),
)
"""Of one source and day both parts together are the whole."""

_OTHER_NAMES: Mapping[str, str] = {
    # German names of metrics
    "impressionen": "impressions", "klicks": "clicks", "reichweite": "reach",
    "potential_reach": "reach", "besuche": "visits", "sessions": "visits", "sitzungen": "visits",
    "absprünge": "bounces", "konversionen": "conversions", "seitenaufrufe": "page_views",
    "pageviews": "page_views", "warenkörbe": "baskets", "carts": "baskets",
    "abandoned_baskets": "baskets_abandoned", "abandoned_carts": "baskets_abandoned",
    "warenkorbabbrüche": "baskets_abandoned", "abgebrochene_warenkörbe": "baskets_abandoned",
    "kunden": "customers", "new_customers": "customers_new", "neukunden": "customers_new",
    "neue_kunden": "customers_new", "lost_customers": "customers_lost",
    "verlorene_kunden": "customers_lost", "kunden_am_anfang": "customers_start",
    "kunden_am_ende": "customers_end", "customers_at_start": "customers_start",
    "customers_at_end": "customers_end", "kunden_mit_mehreren_produkten": "customers_multiple",
    "customers_with_several_products": "customers_multiple",
    # questions
    "net_promoter_score": "nps", "weiterempfehlen": "recommend", "weiterempfehlung": "recommend",
    "wieder_kaufen": "buy_again", "wiederkauf": "buy_again", "rebuy": "buy_again",
    "repurchase": "buy_again", "anderes_kaufen": "buy_other", "zusatzkauf": "buy_other",
    "buy_other_things": "buy_other", "cross_buy": "buy_other",
}  # fmt: skip


def canonical(name: str) -> str:
    """Return the name of a metric or question as it is kept; unknown ones only tidied."""
    tidy = re.sub(r"[\s\-]+", "_", name.strip().casefold())
    return _OTHER_NAMES.get(tidy, tidy)
