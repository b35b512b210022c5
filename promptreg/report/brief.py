"""What a line tells of a prompt, where nobody looks at all of it; pure."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from promptreg.report.columns import short
from promptreg.report.model import latest_of, mean_of, median_of

if TYPE_CHECKING:
    from promptreg.report.model import PromptRow, VersionRow

__all__ = ["LATEST_RELEASES", "PromptLine", "ReleaseLine", "line_of"]

LATEST_RELEASES = 10
"""So many releases of all prompts are told."""


class ReleaseLine(NamedTuple):
    """A released version in a line.

    Attributes:
        date: When, in ISO 8601.
        version: Which.
        level: The level of its changes.
        author: Who.
        rules: The rules of its changes.
        yanked: Why it was withdrawn; None when it was not.
    """

    date: str
    version: str
    level: str
    author: str
    rules: tuple[str, ...]
    yanked: str | None


class PromptLine(NamedTuple):
    """A prompt in a line.

    Attributes:
        name: Its name.
        deleted: Whether it is gone from the commit.
        latest: Its latest released version, and whether all are withdrawn; None without one.
        versions: How many released versions it has.
        calls: How many calls of it there are.
        measured: The latest version with calls, which the figures are of; None without calls.
        latency: The median, in milliseconds.
        cost: The mean of a call.
        quality: The mean.
        success: The share of calls.
        releases: Its newest releases, at most as many as all prompts' together, newest last.
    """

    name: str
    deleted: bool
    latest: str | None
    versions: int
    calls: int
    measured: str | None
    latency: float | None
    cost: float | None
    quality: float | None
    success: float | None
    releases: tuple[ReleaseLine, ...]


def line_of(prompt: PromptRow) -> PromptLine:
    """Tell a prompt in a line.

    Args:
        prompt: The prompt.
    """
    released = [v for v in prompt.versions if v.released]
    measured = latest_of([v for v in prompt.versions if v.calls])
    latest = latest_of(released)
    dated = sorted((v for v in released if v.date), key=attrgetter("date"))
    return PromptLine(
        prompt.name,
        prompt.deleted,
        _latest(latest),
        len(released),
        sum(v.calls for v in prompt.versions),
        measured.version if measured else None,
        # As the page holds them, so that both say the same.
        short(median_of(measured, "latency")),
        short(mean_of(measured, "cost")),
        short(mean_of(measured, "quality")),
        short(mean_of(measured, "success_rate")),
        tuple(map(_release, dated[-LATEST_RELEASES:])),
    )


def _latest(v: VersionRow | None) -> str | None:
    # The highest one is told where none is left to choose.
    return v and (v.version if v.yanked is None else f"{v.version} (yanked)")


def _release(v: VersionRow) -> ReleaseLine:
    rules = tuple(dict.fromkeys(change.rule for change in v.changes))
    return ReleaseLine(v.date, v.version, v.level, v.author, rules, v.yanked)
