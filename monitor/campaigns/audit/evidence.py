"""stub"""
from __future__ import annotations
from dataclasses import dataclass
@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """stub"""
    q: int = 3
