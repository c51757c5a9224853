"""Baselines, rules and the storm level. Pure."""
