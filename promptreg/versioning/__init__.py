"""Semantic versions, ranges, references, and which version may follow which; pure."""

from promptreg.versioning.successors import (
    FIRST,
    hotfix_version,
    is_legal_successor,
    last_stable,
    legal_successors,
    level_between,
    next_version,
)
from promptreg.versioning.version import CHANNELS, Channel, Level, Version

__all__ = [
    "CHANNELS",
    "FIRST",
    "Channel",
    "Level",
    "Version",
    "hotfix_version",
    "is_legal_successor",
    "last_stable",
    "legal_successors",
    "level_between",
    "next_version",
]
