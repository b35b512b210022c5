"""The report around its prompts."""

# ruff: noqa: TC001 - the JSON schema reads the types while it runs

from __future__ import annotations

from typing import Literal, NamedTuple

from promptreg.report.model.comparisons import Alert
from promptreg.report.model.metrics import DEFAULT_METRICS, MetricInfo
from promptreg.report.model.prompts import PromptRow

__all__ = ["SCHEMA", "Experiment", "Figure", "LabelRow", "Overview", "Report"]

SCHEMA = "promptreg-report/1"


class LabelRow(NamedTuple):
    """What a label serves.

    Attributes:
        label: Such as ``production``.
        prompt: The prompt's name.
        version: The version it names.
        since: When it was set; empty when unknown.
        author: Who set it.
        previous: The version it named before; None when it named none.
        verdict: How the version does against the one before, in plain words.
        tone: The verdict's tone, for its colour and sign.
        newer: Released versions above it, lowest first.
    """

    label: str
    prompt: str
    version: str
    since: str = ""
    author: str = ""
    previous: str | None = None
    verdict: str = ""
    tone: Literal["better", "fine", "worse", "unknown", "neutral"] = "neutral"
    newer: tuple[str, ...] = ()


class Experiment(NamedTuple):
    """A configured experiment; `variants` are version and weight."""

    name: str
    prompt: str
    metric: str
    variants: tuple[tuple[str, float], ...]


class Figure(NamedTuple):
    """A key figure with its course.

    Attributes:
        name: ``prompts``, ``versions``, ``calls``, ``cost``, ``tokens`` or ``success_rate``.
        value: None is "no data".
        recent: The value over the last period of whole days; None when nothing can be compared.
        previous: The value over the period before.
        series: The course for a sparkline, oldest first; None is a day without data.
    """

    name: str
    value: float | None
    recent: float | None = None
    previous: float | None = None
    series: tuple[float | None, ...] = ()


class Overview(NamedTuple):
    """The first page.

    Attributes:
        figures: The key figures, in order.
        days: The dates of the figures' courses, ``YYYY-MM-DD``.
        period_days: The length of the period that `recent` and `previous` cover.
        labels: What is live.
        unpromoted: Prompt and version of latest releases that no label serves.
    """

    figures: tuple[Figure, ...] = ()
    days: tuple[str, ...] = ()
    period_days: int = 7
    labels: tuple[LabelRow, ...] = ()
    unpromoted: tuple[tuple[str, str], ...] = ()


class Report(NamedTuple):
    """Everything one report shows; equal input gives an equal report.

    Attributes:
        title: The page's title.
        repository: How the repository is called, such as ``acme/prompts``.
        commit: The commit the report describes.
        commit_date: When it was committed.
        data_start: The day of the first metric row; None without metrics.
        data_date: The time of the last metric row; None without metrics.
        since: Rows before this time were left out; None when none were.
        currency: The currency of all money.
        metrics: What is known about each metric that occurs.
        notes: What limits the report, one line each.
        tool: The program and its version.
        schema: The name and number of this shape.
    """

    title: str
    repository: str = ""
    commit: str = ""
    commit_date: str = ""
    data_start: str | None = None
    data_date: str | None = None
    since: str | None = None
    currency: str = "USD"
    metrics: tuple[MetricInfo, ...] = DEFAULT_METRICS
    overview: Overview = Overview()
    prompts: tuple[PromptRow, ...] = ()
    alerts: tuple[Alert, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    notes: tuple[str, ...] = ()
    tool: str = "promptreg"
    schema: str = SCHEMA
