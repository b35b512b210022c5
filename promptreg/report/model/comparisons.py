"""What the statistics say about two versions."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Alert", "Comparison", "MetricComparison", "ModelTest", "Severity", "State", "Verdict"]

Severity = Literal["critical", "warning", "info"]
Verdict = Literal["regression", "ok", "better", "cannot tell", "no data", "no verdict"]
State = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]


class ModelTest(NamedTuple):
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


class MetricComparison(NamedTuple):
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
        needed: About how many more rows per version would settle it; without an effect, how many
            there must be to look for one. None when settled or unknown.
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


class Comparison(NamedTuple):
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


class Alert(NamedTuple):
    """A change of a metric between two versions that somebody should look at.

    Attributes:
        prompt: The prompt's name.
        base: The baseline's version.
        head: The version that is worse.
        comparison: The evidence.
        severity: ``critical`` beyond twice the limit or on a live version, ``warning`` beyond the
            limit, ``info`` when too few rows could rule a regression out.
        current: Whether the version is live or the latest that is not withdrawn, so that it still
            matters.
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
