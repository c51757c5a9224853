"""Reads platforms: every connector turns answers of one API into pages of posts."""
