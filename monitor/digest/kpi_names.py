"""What KPIs, their parts and what they lack are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.locale.language import Language


def kpi_name(name: str, language: Language) -> str:
    """Name a KPI for people."""
    names: Mapping[str, str] = {
        "engagement_rate": language.say("Engagement rate"),
        "engagement_rate_with_shares": language.say("Engagement rate with shares"),
        "engagement_rate_by_reach": language.say("Engagement rate by reach"),
        "click_through_rate": language.say("Click-through rate"),
        "bounce_rate": language.say("Bounce rate"),
        "abandonment_rate": language.say("Abandonment rate"),
        "conversion_rate": language.say("Conversion rate"),
        "customer_retention_rate": language.say("Customer retention rate"),
        "customer_churn_rate": language.say("Customer churn rate"),
        "net_promoter_score": language.say("Net promoter score"),
        "upselling_ratio": language.say("Upselling ratio"),
        "customer_loyalty_index": language.say("Customer loyalty index"),
        "potential_reach": language.say("Potential reach"),
        "page_views": language.say("Page views"),
        "page_views_new": language.say("Page views, new visitors"),
        "page_views_returning": language.say("Page views, returning visitors"),
        "time_on_site": language.say("Time on site"),
        "time_on_site_new": language.say("Time on site, new visitors"),
        "time_on_site_returning": language.say("Time on site, returning visitors"),
        "echo_balance": language.say("Echo balance"),
        "answer_rate": language.say("Answer rate"),
        "time_to_first_answer": language.say("Time to first answer"),
        "time_to_first_answer_p90": language.say("Time to first answer, 90th percentile"),
    }
    return names.get(name, name)


def part_name(name: str, language: Language) -> str:
    """Name a part of a KPI that is no numerator and no denominator."""
    names = {
        "satisfied": language.say("satisfied"),
        "dissatisfied": language.say("dissatisfied"),
        "days": language.say("days"),
        "mean_a_day": language.say("a day"),
        "answered": language.say("answers"),
        "promoters": language.say("promoters"),
        "passives": language.say("passives"),
        "detractors": language.say("detractors"),
        "recommend_answers": language.say("answers on recommending"),
        "buy_again_answers": language.say("on buying again"),
        "buy_other_answers": language.say("on buying other things"),
    }
    return names.get(name, name)


def need_name(need: str, language: Language) -> str:
    """Name what is missing; metrics stay as an import must spell them."""
    names = {
        "likes or comments": language.say("likes or comments"),
        "shares": language.say("shares"),
        "views": language.say("views"),
        "followers": language.say("followers"),
        "posts": language.say("posts"),
        "labelled posts": language.say("labelled posts"),
        "answered questions": language.say("answered questions"),
    }
    return names.get(need, need)
