"""Owns the store, the rules, the schedule and the doors of Sturmglas."""
