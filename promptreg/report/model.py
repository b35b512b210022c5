"""What a report shows, as frozen rows; collecting and rendering meet only here.

The same rows are the JSON of ``promptreg report --format json``; `promptreg.report.schema` derives
its JSON Schema from them. A change that removes or retypes a field raises the number in `SCHEMA`.
Times are UTC in ISO 8601; money is in `Report.currency`; latency is in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "DEFAULT_METRICS",
    "SCHEMA",
    "Alert",
    "Annotation",
    "ChangeRow",
    "Comparison",
    "Experiment",
    "Figure",
    "Fragment",
    "Histogram",
    "LabelRow",
    "MessageRow",
    "MetricComparison",
    "MetricInfo",
    "MetricSummary",
    "ModelSummary",
    "ModelTest",
    "Overview",
    "Point",
    "PromptRow",
    "Report",
    "Series",
    "VariableRow",
    "VersionRow",
]

SCHEMA = "promptreg-report/1"

Severity = Literal["critical", "warning", "info"]
Verdict = Literal["regression", "ok", "better", "cannot tell", "no data", "no verdict"]
State = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]
LevelName = Literal["none", "patch", "minor", "major", "first"]


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """How a metric is named, measured and judged.

    Attributes:
        name: As in rows, gates and commands, such as ``latency``.
        title: For people.
        unit: ``ms``, ``money``, ``tokens``, ``ratio`` (0 to 1) or empty.
        better: Whether ``lower`` or ``higher`` is better; None gives no verdict.
        zero: Whether a chart of it starts at zero.
    """

    name: str
    title: str
    unit: Literal["ms", "money", "tokens", "ratio", ""] = ""
    better: Literal["lower", "higher"] | None = None
    zero: bool = True


DEFAULT_METRICS: tuple[MetricInfo, ...] = (
    MetricInfo("quality", "Quality", "", "higher", zero=False),
    MetricInfo("accuracy", "Accuracy", "ratio", "higher", zero=False),
    MetricInfo("latency", "Latency", "ms", "lower"),
    MetricInfo("cost", "Cost per call", "money", "lower"),
    MetricInfo("success_rate", "Success rate", "ratio", "higher", zero=False),
    MetricInfo("input_tokens", "Input tokens", "tokens", "lower"),
    MetricInfo("output_tokens", "Output tokens", "tokens", "lower"),
)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values in bins of equal width between two bounds.

    Attributes:
        low: The lower bound of the first bin.
        high: The upper bound of the last bin; what lies beyond is counted in the last bin.
        counts: Values per bin.
    """

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric over one group of rows.

    Attributes:
        metric: The metric's name.
        n: Rows that carry a finite value.
        mean: Their mean; a share for ``success_rate``.
        sd: Their standard deviation; None below two values.
        low: Lower end of the 95 % interval of the mean; None when there is none.
        high: Upper end of that interval.
        quantiles: The 5th, 25th, 50th, 75th and 95th percentile; empty for a share.
        histogram: How the values spread; None for a share, too few values, or one model's rows.
    """

    metric: str
    n: int
    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    quantiles: tuple[float, ...] = ()
    histogram: Histogram | None = None

    @property
    def p50(self) -> float | None:
        """The median; None for a share."""
        return self.quantiles[2] if self.quantiles else None

    @property
    def p95(self) -> float | None:
        """The 95th percentile; None for a share."""
        return self.quantiles[4] if self.quantiles else None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One version's rows on one model.

    Attributes:
        model: The model's name; empty when rows name none.
        calls: How many rows.
        metrics: One summary per metric that has values.
        badges: Where it is significantly best of the version's models: ``fastest``, ``cheapest``,
            ``best quality``, ``most reliable``.
    """

    model: str
    calls: int
    metrics: tuple[MetricSummary, ...] = ()
    badges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One version's rows of one day or week.

    Attributes:
        date: The first day, ``YYYY-MM-DD``.
        calls: How many rows.
        cost: What they cost together; None when no row has a cost.
        tokens: Input and output tokens together; None when no row has any.
        latency_p50: Median latency in milliseconds.
        latency_p95: 95th percentile of the latency in milliseconds.
        quality: Mean quality.
        success: Share of calls that succeeded.
    """

    date: str
    calls: int
    cost: float | None = None
    tokens: int | None = None
    latency_p50: float | None = None
    latency_p95: float | None = None
    quality: float | None = None
    success: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One version's course over time."""

    version: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message template, or a slot that the caller fills.

    Attributes:
        role: ``system``, ``user``, ``assistant``...; ``placeholder`` for a slot.
        text: The template, or the slot's name.
    """

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text that messages include."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class VariableRow:
    """A typed input of a version; `default` and `enum` are JSON texts."""

    name: str
    type: str = "string"
    required: bool = True
    default: str | None = None
    enum: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What one change rule says about a version against the one before."""

    rule: str
    level: LevelName
    detail: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A comment or review of a version."""

    author: str
    date: str
    text: str
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class VersionRow:
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


@dataclass(frozen=True, slots=True)
class ModelTest:
    """The A/B test of one metric on the rows of one model.

    Attributes:
        model: The model's name; empty for rows that name none.
        base: The baseline's mean.
        head: The other version's mean.
        base_n: Rows of the baseline.
        head_n: Rows of the other version.
        effect: The relative change; None when it cannot be computed.
        low: Lower end of its interval, which holds however often one looks.
        high: Upper end of that interval.
        state: Where the test stands.
        winner: The version it carries as better; None when it carries none.
        confidence: 1 - p; None without a test.
    """

    model: str
    base: float | None
    head: float | None
    base_n: int
    head_n: int
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    state: State = "none"
    winner: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """What the statistics say about one metric of two versions.

    Attributes:
        metric: The metric's name, with its statistic where that is not the mean, such as
            ``latency.p95``; ``error_rate`` for success.
        base: The baseline's mean.
        head: The other version's mean.
        base_n: Rows of the baseline.
        head_n: Rows of the other version.
        relative: Whether the effect is a share of the baseline, not a difference.
        effect: The change; None when it cannot be computed.
        low: Lower end of its interval.
        high: Upper end of its interval.
        limit: The gate's threshold, such as ``+30%`` or ``<=2s``; empty when it has none.
        verdict: The gate's answer.
        state: The A/B test's state.
        winner: The version the A/B test carries as better; None when it carries none.
        confidence: 1 - p of the A/B test; None without one.
        needed: How many more rows per version would settle it; None when settled or unknown.
        note: One line for people where something limits the answer.
        tests: The A/B test of each model, where both versions have rows of several.
    """

    metric: str
    base: float | None
    head: float | None
    base_n: int
    head_n: int
    relative: bool = True
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""
    verdict: Verdict = "no data"
    state: State = "none"
    winner: str | None = None
    confidence: float | None = None
    needed: int | None = None
    note: str = ""
    tests: tuple[ModelTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of a prompt, measured against each other on the rows of one context.

    Attributes:
        base: The baseline's version.
        head: The version it is compared with.
        basis: Which rows were compared, in words: suite, model, paired cases.
        metrics: One row per metric either version has.
        notes: Rows that were not compared, in words.
    """

    base: str
    head: str
    basis: str = ""
    metrics: tuple[MetricComparison, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelRow:
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
    tone: Literal["better", "worse", "unknown", "neutral"] = "neutral"
    newer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """A change of a metric between two versions that somebody should look at.

    Attributes:
        prompt: The prompt's name.
        base: The baseline's version.
        head: The version that is worse.
        comparison: The evidence.
        severity: ``critical`` beyond twice the limit or on a live version, ``warning`` beyond the
            limit, ``info`` when too few rows could rule a regression out.
        current: Whether the version is the latest or live, so that it still matters.
        live: The labels that serve it.
        basis: Which rows were compared, in words.
    """

    prompt: str
    base: str
    head: str
    comparison: MetricComparison
    severity: Severity
    current: bool = True
    live: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A configured experiment; `variants` are version and weight."""

    name: str
    prompt: str
    metric: str
    variants: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure with its course.

    Attributes:
        name: ``prompts``, ``versions``, ``calls``, ``cost``, ``tokens`` or ``success_rate``.
        value: None is "no data".
        recent: The value over the last period; None when nothing can be compared.
        previous: The value over the period before.
        series: The course for a sparkline, oldest first; None is a day without data.
    """

    name: str
    value: float | None
    recent: float | None = None
    previous: float | None = None
    series: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
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


@dataclass(frozen=True, slots=True)
class PromptRow:
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


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one report shows; equal input gives an equal report.

    Attributes:
        title: The page's title.
        repository: How the repository is called, such as ``acme/prompts``.
        commit: The commit the report describes.
        commit_date: When it was committed.
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
    data_date: str | None = None
    since: str | None = None
    currency: str = "USD"
    metrics: tuple[MetricInfo, ...] = DEFAULT_METRICS
    overview: Overview = field(default_factory=Overview)
    prompts: tuple[PromptRow, ...] = ()
    alerts: tuple[Alert, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    notes: tuple[str, ...] = ()
    tool: str = "promptreg"
    schema: str = SCHEMA
