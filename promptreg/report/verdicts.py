"""What the statistics say about pairs of versions, in the report's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptreg.gate.pairing import judge_sides, shared_models, strata_of
from promptreg.report.format import change_text
from promptreg.report.model import Alert, Comparison, LabelRow, MetricComparison
from promptreg.report.sampling import join_cases
from promptreg.report.winners import UNTESTED, metric_or_none, tested, tested_by_model
from promptreg.stats.gate import Verdict as Judged
from promptreg.stats.limits import merge_means
from promptreg.stats.thresholds import Form

if TYPE_CHECKING:
    from promptreg.gate.model import Context
    from promptreg.gate.pairing import Side
    from promptreg.report.measures import VersionMeasures
    from promptreg.report.model import ModelTest, Severity, Verdict
    from promptreg.report.winners import Tested
    from promptreg.stats.evidence import Stratum
    from promptreg.stats.gate import Judgement
    from promptreg.stats.thresholds import Threshold

__all__ = ["alerts_of", "compare_versions", "in_order", "label_verdict"]

_CRITICAL_FACTOR = 2.0
_ORDER = ("quality", "accuracy", "latency", "cost", "error_rate", "input_tokens", "output_tokens")
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}
Tone = Literal["better", "fine", "worse", "unknown", "neutral"]


def compare_versions(
    base: tuple[str, VersionMeasures],
    head: tuple[str, VersionMeasures],
    thresholds: Sequence[Threshold],
    *,
    tests: bool = True,
    by_model: bool = True,
) -> list[Comparison]:
    """Compare two versions on the rows that can be compared.

    Args:
        base: The baseline's version and measures.
        head: The other version and its measures.
        thresholds: What the gate allows.
        tests: Whether A/B tests stand beside the verdicts, and means of which no change is
            limited, too. The page runs them itself, from what `promptreg.report.arms` gives it.
        by_model: Whether the A/B test of each model is kept beside that of all together.

    Returns:
        One comparison for each context that both sides have rows of: ordinary calls first, then by
        their number. A suite's is what `check --metrics` says.
    """
    found = []
    for context, b in head[1].sides.items():
        a = base[1].sides.get(context)
        if a is not None and (models := shared_models(a, b)):
            size = min([sum([side.calls[model] for model in models]) for side in (a, b)])
            found.append((context, size, (a, b)))
    if len(found) > 1:
        found.sort(key=lambda each: (each[0].suite is not None, -each[1], repr(each[0])))
    return [
        _compared(base, head, context, sides, thresholds, tests=tests, by_model=by_model)
        for context, _, sides in found
    ]


def _compared(
    base: tuple[str, VersionMeasures],
    head: tuple[str, VersionMeasures],
    context: Context,
    sides: tuple[Side, Side],
    thresholds: Sequence[Threshold],
    *,
    tests: bool,
    by_model: bool,
) -> Comparison:
    a, b = sides
    found = judge_sides(
        context, a, b, thresholds, lambda where: join_cases(base[1], head[1], where), brief=True
    )
    models = found.models
    judged: dict[str, list[Judgement]] = {}
    for judgement in found.judgements:
        judged.setdefault(judgement.threshold.metric.name, []).append(judgement)
    names = {name for side in sides for model, name in side.samples if model in models}
    rows: list[MetricComparison] = []
    for name in in_order(frozenset(names.union(judged) if tests else judged)):
        # Pairs of cases are for the gate: what is shown and tested beside it are all rows.
        strata = found.strata.get(name) or strata_of(name, models, a, b)
        # The configuration may say which way a score is better.
        metric = judged[name][0].threshold.metric if name in judged else metric_or_none(name)
        test = tested(metric, strata, base[0], head[0]) if tests else UNTESTED
        each: tuple[ModelTest, ...] = ()
        if tests and by_model and len(models) > 1:
            each = tested_by_model(metric, strata, base[0], head[0])
        own = judged.get(name, ())
        rows += [_judged_row(judgement, strata, test, each) for judgement in own]
        is_limited = any(_is_of_means(judgement.threshold) for judgement in own)
        if tests and not is_limited and any(s.base.n or s.head.n for s in strata):
            rows.append(_bare_row(name, strata, test, each))
    size = f", {found.n_base:,} paired cases" if found.paired else ""
    named = ", ".join([model for model in models if model])
    basis = f"{context}{size}" + (f" \u00b7 {named}" if named else "")
    return Comparison(base[0], head[0], basis, tuple(rows), found.notes)


@cache
def in_order(names: frozenset[str]) -> tuple[str, ...]:
    """Return metrics in the order in which they are shown."""
    return tuple(sorted(names, key=lambda name: (_RANKS.get(name, len(_RANKS)), name)))


class _Means(NamedTuple):
    """What all rows of both versions came to, and how many they are."""

    base: float | None
    head: float | None
    base_n: int
    head_n: int


def _means(strata: Sequence[Stratum]) -> _Means:
    base_n, base = merge_means([s.base.linear for s in strata])
    head_n, head = merge_means([s.head.linear for s in strata])
    return _Means(base if base_n else None, head if head_n else None, base_n, head_n)


def _bare_row(
    name: str, strata: Sequence[Stratum], test: Tested, tests: tuple[ModelTest, ...]
) -> MetricComparison:
    """Return what there is to say of a metric without a threshold."""
    base, head, base_n, head_n = _means(strata)
    return MetricComparison(
        name,
        base,
        head,
        base_n,
        head_n,
        effect=test.effect,
        low=test.low,
        high=test.high,
        verdict="no verdict" if base_n and head_n else "no data",
        state=test.state,
        winner=test.winner,
        confidence=test.confidence,
        note=test.note,
        tests=tests,
    )


def _judged_row(
    judgement: Judgement, strata: Sequence[Stratum], test: Tested, tests: tuple[ModelTest, ...]
) -> MetricComparison:
    """Return the gate's verdict with its interval, beside the A/B test."""
    threshold, _, base, head, change, interval, relative, base_n, head_n, *_ = judgement
    if base is None or head is None or not base_n or not head_n:
        means = _means(strata)
        base, head = means.base if base is None else base, means.head if head is None else head
        base_n, head_n = base_n or means.base_n, head_n or means.head_n
    is_limit = threshold.form is Form.LIMIT
    low, high = (None, None) if is_limit or interval is None else interval
    is_tested = _is_of_means(threshold)
    return MetricComparison(
        threshold.name,
        base,
        head,
        base_n,
        head_n,
        relative,
        change,
        low,
        high,
        threshold.text,
        _verdict(judgement),
        test.state if is_tested else "none",
        test.winner if is_tested else None,
        test.confidence if is_tested else None,
        judgement.needed,
        judgement.note or test.note,
        tests if is_tested else (),
    )


def _is_of_means(threshold: Threshold) -> bool:
    """Tell whether a threshold is about what the A/B test is about, the means of both."""
    return threshold.statistic == "mean" and threshold.form is not Form.LIMIT


def _verdict(judgement: Judgement) -> Verdict:
    is_limit = judgement.threshold.form is Form.LIMIT
    if not judgement.n_head or not (judgement.n_base or is_limit):
        return "no data"
    if judgement.verdict is Judged.FAIL:
        return "regression"
    if judgement.verdict is Judged.INCONCLUSIVE:
        return "cannot tell"
    interval, harm = judgement.interval, judgement.threshold.metric.harm
    if is_limit or interval is None:
        return "ok"
    return "better" if max(interval.low * harm, interval.high * harm) < 0 else "ok"


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
        latest: The latest version with rows that is not withdrawn.
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
            found.append(
                Alert(prompt, pair.base, pair.head, metric, severity, current, live, pair.basis)
            )
    return found


def _is_far(metric: MetricComparison) -> bool:
    if metric.effect is None:
        # A limit is kept or not.
        return False
    digits = metric.limit.lstrip("+-").rstrip("%p")
    try:
        limit = float(digits) / (100 if metric.limit.endswith(("%", "pp")) else 1)
    except ValueError:
        return False
    return abs(metric.effect) >= _CRITICAL_FACTOR * limit > 0


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
    return words, "fine" if told["ok"] else "neutral"


def _told(pair: Comparison, verdict: str) -> str:
    found = (m for m in pair.metrics if m.verdict == verdict)
    return ", ".join(f"{_words(m)} {change_text(m)}" for m in found)


def _words(m: MetricComparison) -> str:
    return m.metric.replace("_", " ").replace(".", " ")


def _untold(pair: Comparison) -> str:
    undecided = [m for m in pair.metrics if m.verdict == "cannot tell"]
    needed = max(m.needed or 0 for m in undecided)
    names = ", ".join(map(_words, undecided))
    more = ""
    if any(m.needed and m.effect is None for m in undecided):
        more = "; too few rows yet"
    elif needed:
        more = f"; about {needed:,} more rows would tell"
    return f"Cannot tell against {pair.base}: {names}{more}"
