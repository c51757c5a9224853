"""The figures of a digest, counted in the store."""

from monitor.store.figures.table import FigureTable

__all__ = ["FigureTable"]
