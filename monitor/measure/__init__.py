"""Engagement rates, the engagement matrix, KPIs. Pure."""
