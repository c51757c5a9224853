"""stub"""
from __future__ import annotations
from dataclasses import dataclass
from monitor.types.campaigns import Finding
@dataclass(frozen=True, slots=True)
class Report:
    """stub"""
    findings: tuple[Finding, ...]
def audit(votes, ideas, rules, thresholds, referrers):
    return Report(())
