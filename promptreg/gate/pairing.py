"""Two contents of a prompt side by side: which of their rows may be compared, and the verdicts.

The gate and the report both judge with `judge_sides`, so that they never disagree; pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from promptreg.gate.model import Delta
from promptreg.stats.evidence import Stratum
from promptreg.stats.gate import judge
from promptreg.stats.limits import merge_means
from promptreg.stats.samples import Sample
from promptreg.values import dataclass, field

if TYPE_CHECKING:
    from promptreg.gate.model import Context
    from promptreg.stats.gate import Judgement
    from promptreg.stats.metrics import Metric
    from promptreg.stats.samples import Pairs
    from promptreg.stats.thresholds import Threshold

__all__ = [
    "Joined",
    "Side",
    "SidesVerdict",
    "comparable_contexts",
    "judge_pair",
    "judge_sides",
    "may_pair",
    "shared_models",
    "strata_of",
]

_NOTHING = Sample.of(())
_OPPOSITES = {"error_rate": "success_rate", "success_rate": "error_rate"}


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of one content in one context, by model.

    Attributes:
        calls: Rows per model.
        cases: Distinct `case_id` per model; 0 where rows name none.
        samples: Model and metric name to the sample; one of ``error_rate`` and ``success_rate`` is
            enough. A sample of latencies carries its tail, or the p95 is not watched.
    """

    calls: Mapping[str, int] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[tuple[str, str], Sample] = field(default_factory=dict)

    def sample(self, model: str, name: str) -> Sample:
        """Return the sample of a metric; an empty one where there is none."""
        found = self.samples.get((model, name))
        if found is not None:
            return found
        opposite = self.samples.get((model, _OPPOSITES.get(name, "")))
        return _NOTHING if opposite is None else opposite.complement()


class Joined(NamedTuple):
    """The cases that both sides ran.

    Attributes:
        matched: How many per model.
        pairs: Model and metric name to the statistics of their values; as with samples, one of
            ``error_rate`` and ``success_rate`` is enough.
    """

    matched: Mapping[str, int]
    pairs: Mapping[tuple[str, str], Pairs]

    def of(self, model: str, name: str) -> Pairs | None:
        """Return the pairs of a metric, if there are any."""
        found = self.pairs.get((model, name))
        opposite = self.pairs.get((model, _OPPOSITES.get(name, "")))
        return opposite.complement() if found is None and opposite is not None else found


@dataclass(frozen=True, slots=True)
class SidesVerdict:
    """What came of one comparison.

    Attributes:
        context: Where its rows come from.
        judgements: The verdicts, in the order of the thresholds.
        strata: Metric name to its strata, one per model that both sides have.
        models: Those models.
        paired: Whether the same cases are compared one by one.
        n_base: Rows of the base, or cases when paired.
        n_head: Rows of the head, or cases when paired.
        metrics: What is summarised in `strata`.
        notes: What was left out, in words.
    """

    context: Context
    judgements: tuple[Judgement, ...]
    strata: Mapping[str, tuple[Stratum, ...]]
    models: tuple[str, ...]
    paired: bool
    n_base: int
    n_head: int
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]

    @property
    def deltas(self) -> tuple[Delta, ...]:
        """Means of both sides per metric that both have."""
        return tuple(_deltas(self.strata, self.metrics))


def judge_pair(
    base: Mapping[Context, Side],
    head: Mapping[Context, Side],
    thresholds: Sequence[Threshold],
    join: Callable[[Context], Joined | None],
    *,
    metrics: Sequence[Metric] = (),
) -> list[SidesVerdict]:
    """Judge a content against another as `check --metrics` does.

    Args:
        base: All rows of the content that is replaced.
        head: All rows of the content that replaces it.
        thresholds: What is allowed, as `gate_thresholds` says.
        join: Returns the cases that both sides ran in a context; asked only where every model
            names cases. None where they cannot be had: the sides are then compared as they are.
        metrics: What else is summarised in `strata` and `deltas`, without a verdict.

    Returns:
        One verdict for each context whose rows may be compared; none where there is no such one.
    """
    contexts, notes = comparable_contexts(head, base)
    if notes:
        return []
    return [
        judge_sides(context, base[context], head[context], thresholds, join, metrics=metrics)
        for context in contexts
    ]


def comparable_contexts(
    head: Iterable[Context], base: Iterable[Context]
) -> tuple[list[Context], list[str]]:
    """Return the contexts in which head and base may be compared, or one of the head and why not.

    Evaluation rows decide when the head has any: production has not seen a new version yet, and
    its traffic differs from a suite's cases.
    """
    own, other = list(dict.fromkeys(head)), set(base)
    candidates = [context for context in own if context.suite] or own
    matching = [context for context in candidates if context in other]
    if matching:
        return matching, []
    return candidates[:1], [_why_not(context, other) for context in candidates[:1]]


def judge_sides(
    context: Context,
    base: Side | None,
    head: Side,
    thresholds: Sequence[Threshold],
    join: Callable[[Context], Joined | None],
    *,
    metrics: Sequence[Metric] = (),
    brief: bool = False,
) -> SidesVerdict:
    """Judge the rows of one context.

    Args:
        context: Where the rows come from.
        base: Rows of the content that is replaced; None for a new prompt, which has only limits.
        head: Rows of the content that replaces it.
        thresholds: What is allowed.
        join: See `judge_pair`.
        metrics: See `judge_pair`.
        brief: See `promptreg.stats.gate.judge`.
    """
    models = shared_models(base, head)
    before = base or Side()
    joined = join(context) if may_pair(context, before, head, models) else None
    if joined is not None and not _is_paired(models, joined.matched, before, head):
        joined = None
    judged = {threshold.metric.name: threshold.metric for threshold in thresholds}
    summarised = (*judged.values(), *(m for m in metrics if m.name not in judged))
    strata = {m.name: strata_of(m.name, models, before, head, joined) for m in summarised}
    notes = [*_notes(models, before, head, joined)] if before.calls else []
    notes += _dropped(strata.get("latency", ()))
    cases = sum(joined.matched.get(model, 0) for model in models) if joined else 0
    return SidesVerdict(
        context,
        judge(strata, thresholds, brief=brief),
        strata,
        models,
        paired=joined is not None,
        n_base=cases if joined else _calls(before, models),
        n_head=cases if joined else _calls(head, models),
        metrics=summarised,
        notes=tuple(notes),
    )


def shared_models(base: Side | None, head: Side) -> tuple[str, ...]:
    """Return the models whose rows may be compared: those of both sides, if there is a base."""
    return tuple(sorted(head.calls if base is None else base.calls.keys() & head.calls.keys()))


def strata_of(
    name: str, models: Sequence[str], base: Side, head: Side, joined: Joined | None = None
) -> tuple[Stratum, ...]:
    """Return the values of a metric on both sides, one stratum per model.

    Args:
        name: The metric.
        models: The models whose rows may be compared.
        base: Rows of the content that is replaced.
        head: Rows of the content that replaces it.
        joined: The cases that both sides ran, where they are compared case by case.
    """
    found = []
    for model in models:
        # A report asks a million times, nearly always for what is there under its own name.
        a = base.samples.get((model, name)) or base.sample(model, name)
        b = head.samples.get((model, name)) or head.sample(model, name)
        found.append(Stratum(model, a, b, joined.of(model, name) if joined else None))
    return tuple(found)


def may_pair(context: Context, base: Side, head: Side, models: Sequence[str]) -> bool:
    """Tell whether the same case may have run on both sides.

    Cases of no known dataset may share ids by accident only within one suite.
    """
    return (
        context.suite is not None
        and bool(models)
        and all(base.cases.get(model) and head.cases.get(model) for model in models)
    )


def _why_not(context: Context, base: set[Context]) -> str:
    if not base:
        return "the base has no rows"
    same_suite = {other for other in base if other.suite == context.suite}
    if context.suite and not same_suite:
        return f"the base has no rows of suite {context.suite}"
    if any(other.dataset_digest == context.dataset_digest for other in same_suite):
        return f"the base has no rows of environment {context.environment}"
    if context.suite:
        return f"the base ran suite {context.suite} on other cases"
    return "the base has no comparable rows"


def _is_paired(models: Sequence[str], matched: Mapping[str, int], base: Side, head: Side) -> bool:
    """Tell whether enough cases match that leaving the others out costs less than it gains."""
    fewest = sum(min(base.cases[model], head.cases[model]) for model in models)
    together = sum(matched.get(model, 0) for model in models)
    return together > 1 and 2 * together >= fewest


def _calls(side: Side, models: Sequence[str]) -> int:
    return sum([n for model, n in side.calls.items() if not models or model in models])


def _notes(models: Sequence[str], base: Side, head: Side, joined: Joined | None) -> Iterator[str]:
    for side, own in (("base", base), ("head", head)):
        if len(own.calls) == len(models):
            continue
        for model in sorted(own.calls.keys() - set(models)):
            name = model or "rows without a model"
            yield f"{name}: {own.calls[model]} rows in the {side} only, not compared"
    if joined is None:
        return
    for side, own in (("base", base), ("head", head)):
        unmatched = sum(own.cases[model] - joined.matched.get(model, 0) for model in models)
        if unmatched:
            yield f"{unmatched} cases ran in the {side} only, not compared"


def _dropped(strata: Sequence[Stratum]) -> Iterator[str]:
    """Tell latencies that have no logarithm, which are left out of the comparison."""
    for side in ("base", "head"):
        samples = [getattr(stratum, side) for stratum in strata]
        dropped = sum([sample.dropped_by_log for sample in samples])
        if dropped:
            share = dropped / sum(sample.n for sample in samples)
            yield f"{share:.1%} of the {side}'s latencies are not above 0, left out"


def _deltas(
    strata: Mapping[str, tuple[Stratum, ...]], metrics: Sequence[Metric]
) -> Iterator[Delta]:
    for metric in metrics:
        n_base, base = merge_means([stratum.base.linear for stratum in strata[metric.name]])
        n_head, head = merge_means([stratum.head.linear for stratum in strata[metric.name]])
        if n_base and n_head:
            yield Delta(metric.name, base, head, metric.unit)
