"""Prompts and their versions."""

# ruff: noqa: TC001 - the JSON schema reads the types while it runs

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from promptreg.report.model.arms import Arms
from promptreg.report.model.comparisons import Comparison
from promptreg.report.model.metrics import MetricSummary, ModelSummary, Series

__all__ = [
    "Annotation",
    "ChangeRow",
    "Fragment",
    "LevelName",
    "MessageRow",
    "PromptRow",
    "VariableRow",
    "VersionRow",
    "latest_of",
    "mean_of",
    "median_of",
]

LevelName = Literal["none", "patch", "minor", "major", "first"]


class MessageRow(NamedTuple):
    """One message template, or a slot that the caller fills.

    Attributes:
        role: ``system``, ``user``, ``assistant``...; ``placeholder`` for a slot.
        text: The template, or the slot's name.
    """

    role: str
    text: str


class Fragment(NamedTuple):
    """A text that messages include."""

    path: str
    text: str


class VariableRow(NamedTuple):
    """A typed input of a version; `default` and `enum` are JSON texts."""

    name: str
    type: str = "string"
    required: bool = True
    default: str | None = None
    enum: tuple[str, ...] = ()
    description: str | None = None


class ChangeRow(NamedTuple):
    """What one change rule says about a version against the one before."""

    rule: str
    level: LevelName
    detail: str


class Annotation(NamedTuple):
    """A comment or review of a version."""

    author: str
    date: str
    text: str
    resolved: bool = False


class VersionRow(NamedTuple):
    """One released version, or the unreleased content of the work tree.

    Attributes:
        version: SemVer text, or a pseudo-version for untagged content.
        digest: 64 hex digits.
        commit: The commit's full object id; empty when uncommitted.
        author: The commit's author.
        date: When it was committed.
        level: How much it changed against the version before; ``first`` when there is none.
        summary: The tag message's first line.
        changes: What the change rules say.
        lines_added: Lines of messages and fragments that came.
        lines_removed: Lines that went.
        labels: Labels that name it now.
        released: Whether a tag holds it.
        yanked: Why nobody should use it; None when anybody may.
        model: The model the file names.
        template: ``jinja2`` or ``fstring``.
        settings: Everything else that takes part in the digest, as dotted path and JSON text.
        calls: Rows of it.
        cost: What they cost together; None when no row has a cost.
        tokens: Input and output tokens together; None when no row has any.
        last_call: The time of its last row; None without rows.
        metrics: One summary per metric that has values.
        models: The same per model.
    """

    version: str
    digest: str
    commit: str = ""
    author: str = ""
    date: str = ""
    level: LevelName = "none"
    summary: str = ""
    changes: tuple[ChangeRow, ...] = ()
    lines_added: int = 0
    lines_removed: int = 0
    labels: tuple[str, ...] = ()
    released: bool = True
    yanked: str | None = None
    model: str | None = None
    template: str = "jinja2"
    description: str | None = None
    messages: tuple[MessageRow, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    variables: tuple[VariableRow, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    calls: int = 0
    cost: float | None = None
    tokens: int | None = None
    last_call: str | None = None
    metrics: tuple[MetricSummary, ...] = ()
    models: tuple[ModelSummary, ...] = ()

    def metric(self, name: str) -> MetricSummary | None:
        """Return the summary of one metric, or None when no row carries it."""
        return next((m for m in self.metrics if m.metric == name), None)

    @property
    def is_stable(self) -> bool:
        """Whether ranges and "latest" may choose it."""
        return self.released and self.yanked is None and "-" not in self.version


class PromptRow(NamedTuple):
    """One prompt with all its versions.

    Attributes:
        name: The registry name.
        path: The file's path in the repository.
        title: The display name; None when the file has none.
        tags: As in the file.
        metadata: Key and JSON text.
        file_url: Where the file can be read; empty when unknown.
        edit_url: Where it can be edited; empty when unknown.
        versions: Lowest first, in SemVer order.
        bucket: What one point of the series covers.
        series: The course of each version that has rows.
        comparisons: Pairs of versions that were judged.
        deleted: Whether the file is gone from the reported commit.
        formerly: The names it had before, newest first.
        arms: What A/B tests take of each version, for pairs that were not judged.
    """

    name: str
    path: str = ""
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    file_url: str = ""
    edit_url: str = ""
    versions: tuple[VersionRow, ...] = ()
    bucket: Literal["day", "week"] = "day"
    series: tuple[Series, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    deleted: bool = False
    formerly: tuple[str, ...] = ()
    arms: Arms = Arms()


def latest_of(versions: Sequence[VersionRow]) -> VersionRow | None:
    """Return the highest stable version, or the highest when none is stable.

    Args:
        versions: Lowest first.
    """
    highest = versions[-1] if versions else None
    return next((v for v in reversed(versions) if v.is_stable), highest)


def mean_of(version: VersionRow | None, metric: str) -> float | None:
    """Return the mean of a version's metric; None where either is missing."""
    found = version.metric(metric) if version else None
    return found.mean if found else None


def median_of(version: VersionRow | None, metric: str) -> float | None:
    """Return the median of a version's metric; None where either is missing."""
    found = version.metric(metric) if version else None
    return found.p50 if found else None
