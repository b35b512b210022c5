"""What the statistics say about pairs of versions, in the report's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptreg.errors import ConfigError
from promptreg.report.format import change_text
from promptreg.report.model import Alert, Comparison, LabelRow, MetricComparison
from promptreg.stats.abtest import LEAST_PER_ARM, State, decide
from promptreg.stats.evidence import Stratum
from promptreg.stats.gate import Judgement, judge
from promptreg.stats.gate import Verdict as Judged
from promptreg.stats.limits import merge_moments
from promptreg.stats.metrics import Scale, ab_scale, metric_named
from promptreg.stats.samples import Sample
from promptreg.stats.thresholds import Form, Threshold

if TYPE_CHECKING:
    from promptreg.report.measures import CallContext, VersionMeasures
    from promptreg.report.model import Severity, Verdict

__all__ = ["alerts_of", "best_models", "compare_versions", "label_verdict"]

_NOTHING = Sample.of(())
_CRITICAL_FACTOR = 2.0
_BADGES = {
    "latency": "fastest",
    "cost": "cheapest",
    "quality": "best quality",
    "error_rate": "most reliable",
}
_ORDER = ("quality", "accuracy", "latency", "cost", "error_rate", "input_tokens", "output_tokens")
StateName = Literal["collecting", "running", "winner", "equivalent", "exhausted", "none"]
Tone = Literal["better", "worse", "unknown", "neutral"]


def compare_versions(
    base: tuple[str, VersionMeasures],
    head: tuple[str, VersionMeasures],
    thresholds: Sequence[Threshold],
) -> Comparison | None:
    """Compare two versions on the rows that can be compared.

    Args:
        base: The baseline's version and measures.
        head: The other version and its measures.
        thresholds: What the gate allows.

    Returns:
        None when no rows of equal suite, dataset, environment and model are on both sides.
    """
    context = _common_context(base[1], head[1])
    if context is None:
        return None
    a, b = base[1].samples[context], head[1].samples[context]
    models = sorted(a.keys() & b.keys())
    names = sorted({m for model in models for m in (*a[model], *b[model])}, key=_rank)
    strata = {
        name: tuple(
            Stratum(model, a[model].get(name, _NOTHING), b[model].get(name, _NOTHING))
            for model in models
        )
        for name in names
    }
    changes = [t for t in thresholds if t.form is not Form.LIMIT and t.metric.name in strata]
    judged = {j.threshold.name: j for j in judge(strata, changes)}
    rows = [_row(name, strata[name], judged.get(name), base[0], head[0], models) for name in names]
    named = ", ".join(model for model in models if model)
    basis = f"{context} \u00b7 {named}" if named else str(context)
    return Comparison(base[0], head[0], basis, tuple(rows))


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _common_context(base: VersionMeasures, head: VersionMeasures) -> CallContext | None:
    """Return the context with most rows on both sides; ordinary calls before suites."""

    def rows(measures: VersionMeasures, context: CallContext, models: Iterable[str]) -> int:
        return sum(
            max((s.n for s in measures.samples[context][model].values()), default=0)
            for model in models
        )

    best: tuple[bool, int, str] | None = None
    chosen = None
    for context in base.samples.keys() & head.samples.keys():
        models = base.samples[context].keys() & head.samples[context].keys()
        size = min(rows(base, context, models), rows(head, context, models))
        rating = (context.suite is None, size, repr(context))
        if size and (best is None or rating > best):
            best, chosen = rating, context
    return chosen


def _row(
    name: str,
    strata: Sequence[Stratum],
    judgement: Judgement | None,
    base: str,
    head: str,
    models: Sequence[str],
) -> MetricComparison:
    a = merge_moments([s.base.linear for s in strata])
    b = merge_moments([s.head.linear for s in strata])
    test = _decided(name, strata, base, head, models)
    row = MetricComparison(
        name,
        a.mean if a.n else None,
        b.mean if b.n else None,
        a.n,
        b.n,
        verdict="no verdict" if a.n and b.n else "no data",
        state=test.state,
        winner=test.winner,
        confidence=test.confidence,
        note=test.note,
    )
    if judgement is None:
        if test.change is None:
            return row
        effect, low, high = test.change
        return replace(row, effect=effect, low=low, high=high)
    interval = judgement.interval
    return replace(
        row,
        base=row.base if judgement.base is None else judgement.base,
        head=row.head if judgement.head is None else judgement.head,
        base_n=judgement.n_base or a.n,
        head_n=judgement.n_head or b.n,
        relative=judgement.relative,
        effect=judgement.change,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        limit=judgement.threshold.text,
        verdict=_verdict(judgement),
        needed=judgement.needed,
        note=judgement.note or test.note,
    )


def _verdict(judgement: Judgement) -> Verdict:
    if not judgement.n_base or not judgement.n_head:
        return "no data"
    if judgement.verdict is Judged.FAIL:
        return "regression"
    if judgement.verdict is Judged.INCONCLUSIVE:
        return "cannot tell"
    interval, harm = judgement.interval, judgement.threshold.metric.harm
    if interval is not None and max(interval.low * harm, interval.high * harm) < 0:
        return "better"
    return "ok"


class _Decided(NamedTuple):
    """The A/B test's part of a row; the change is its estimate with both ends."""

    state: StateName
    note: str = ""
    winner: str | None = None
    confidence: float | None = None
    change: tuple[float, float, float] | None = None


def _decided(
    name: str, strata: Sequence[Stratum], base: str, head: str, models: Sequence[str]
) -> _Decided:
    """Run the A/B test on the model with most rows: models must not be mixed in one arm."""
    try:
        metric = metric_named(name)
    except ConfigError:
        return _Decided("none", "this name cannot be judged")
    stratum = max(strata, key=lambda s: min(s.base.n, s.head.n))
    logged = ab_scale(metric) is Scale.LOG
    arms = {
        base: stratum.base.log if logged else stratum.base.linear,
        head: stratum.head.log if logged else stratum.head.linear,
    }
    decision = decide(arms, metric)
    note = decision.note
    if len(models) > 1:
        note = f"{note}; A/B on {stratum.label or 'rows without a model'}".removeprefix("; ")
    if not decision.comparisons:
        if decision.state is State.COLLECTING and min(s.n for s in arms.values()):
            note = f"an A/B test needs {LEAST_PER_ARM} rows a side"
        return _Decided(decision.state.value, note)
    pair = decision.comparisons[0]
    change = (pair.change, pair.low, pair.high)
    return _Decided(decision.state.value, note, decision.winner, decision.confidence, change)


def best_models(measures: VersionMeasures) -> dict[str, tuple[str, ...]]:
    """Return the badges of each model: only where it beats every other one significantly."""
    badges: dict[str, list[str]] = {}
    for name, badge in _BADGES.items():
        metric = metric_named(name)
        arms = {}
        for model in measures.models:
            samples = [
                by_model[model][name]
                for by_model in measures.samples.values()
                if name in by_model.get(model, {})
            ]
            logged = ab_scale(metric) is Scale.LOG
            moments = merge_moments([s.log if logged else s.linear for s in samples])
            if moments.n >= LEAST_PER_ARM:
                arms[model] = moments
        if len(arms) > 1 and (winner := decide(arms, metric).winner) is not None:
            badges.setdefault(winner, []).append(badge)
    return {model: tuple(found) for model, found in badges.items()}


def alerts_of(
    prompt: str,
    comparisons: Iterable[Comparison],
    labels: Mapping[str, Sequence[str]],
    latest: str | None,
) -> list[Alert]:
    """Return what somebody should look at.

    Args:
        prompt: The prompt's name.
        comparisons: Each version against the one before it.
        labels: The labels of each version.
        latest: The latest version with rows.
    """
    found = []
    for pair in comparisons:
        live = tuple(labels.get(pair.head, ()))
        current = bool(live) or pair.head == latest
        for metric in pair.metrics:
            if metric.verdict == "regression":
                severity: Severity = "critical" if live or _is_far(metric) else "warning"
            elif metric.verdict == "cannot tell" and current:
                severity = "info"
            else:
                continue
            found.append(Alert(prompt, pair.base, pair.head, metric, severity, current, live))
    return found


def _is_far(metric: MetricComparison) -> bool:
    digits = metric.limit.lstrip("+-").rstrip("%p")
    try:
        limit = float(digits) / (100 if metric.limit.endswith(("%", "pp")) else 1)
    except ValueError:
        return False
    return abs(metric.effect or 0.0) >= _CRITICAL_FACTOR * limit > 0


def label_verdict(row: LabelRow, pair: Comparison | None) -> tuple[str, Tone]:
    """Say in plain words how a labelled version does against the one it replaced.

    Args:
        row: The label.
        pair: The comparison of both; None when they cannot be compared.

    Returns:
        The words and their tone.
    """
    if row.previous is None:
        return "", "neutral"
    if pair is None:
        return f"no comparable rows of {row.previous}", "neutral"
    told = {v: _told(pair, v) for v in ("regression", "cannot tell", "better", "ok")}
    if told["regression"]:
        return f"Worse than {pair.base}: {told['regression']}", "worse"
    if told["cannot tell"]:
        return _untold(pair), "unknown"
    if told["better"]:
        return f"Better than {pair.base}: {told['better']}", "better"
    words = f"No worse than {pair.base}" if told["ok"] else f"nothing to judge against {pair.base}"
    return words, "better" if told["ok"] else "neutral"


def _told(pair: Comparison, verdict: str) -> str:
    found = (m for m in pair.metrics if m.verdict == verdict)
    return ", ".join(f"{m.metric.replace('_', ' ')} {change_text(m)}" for m in found)


def _untold(pair: Comparison) -> str:
    undecided = [m for m in pair.metrics if m.verdict == "cannot tell"]
    needed = max(m.needed or 0 for m in undecided)
    names = ", ".join(m.metric.replace("_", " ") for m in undecided)
    more = f"; {needed:,} more rows would tell" if needed else ""
    return f"Cannot tell against {pair.base}: {names}{more}"
