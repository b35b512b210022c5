"""Semantic versions, the levels of a change, and which version may follow which; pure."""

from __future__ import annotations

from enum import IntEnum
from functools import total_ordering

import semver

__all__ = ["Level", "Version"]


class Level(IntEnum):
    """How much a change asks of those who use the prompt, in rising order."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@total_ordering
class Version:
    """A SemVer 2.0.0 version without build metadata; hashable, ordered by precedence."""

    __slots__ = ("_semver",)

    def __init__(self, text: str) -> None:
        self._semver = semver.Version.parse(text)

    def __str__(self) -> str:
        return str(self._semver)
