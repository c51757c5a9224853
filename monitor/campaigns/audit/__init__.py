"""Looks for doubtful votes: evidence families, two of which must agree. Flags, never removes."""
