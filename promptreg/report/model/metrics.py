"""How metrics are named, and what a group of rows came to."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = [
    "DEFAULT_METRICS",
    "Histogram",
    "MetricInfo",
    "MetricSummary",
    "ModelSummary",
    "Point",
    "Series",
]


class MetricInfo(NamedTuple):
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


class Histogram(NamedTuple):
    """Counts of values in bins of equal width between two bounds.

    Attributes:
        low: The lower bound of the first bin.
        high: The upper bound of the last bin; what lies beyond is counted in the last bin.
        counts: Values per bin.
    """

    low: float
    high: float
    counts: tuple[int, ...]


class MetricSummary(NamedTuple):
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


class ModelSummary(NamedTuple):
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


class Point(NamedTuple):
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


class Series(NamedTuple):
    """One version's course over time."""

    version: str
    points: tuple[Point, ...]
