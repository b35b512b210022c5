"""What the monitor asks of the store: versions with rows, changes, sums."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.errors import PromptError
from promptreg.gate.collect import Rows, currency_notes, distinct_currencies, selected_strata
from promptreg.gate.sql import CURRENCIES, Selection, measured
from promptreg.metrics.renamed import name_now, of_prompt, renames_of
from promptreg.stats.gate import FAIL_LEVEL, Judgement, Verdict, judge
from promptreg.stats.kernel import combine, compare_means
from promptreg.stats.metrics import Kind, Scale, gate_scale
from promptreg.stats.sequential import anytime
from promptreg.versioning import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptreg.stats.evidence import Stratum
    from promptreg.stats.thresholds import Threshold

__all__ = [
    "PERIODS",
    "Judged",
    "Spent",
    "confirmed",
    "cost_since",
    "judge_versions",
    "judge_windows",
    "naive",
    "prompts_with_rows",
    "versions_with_rows",
]

PERIODS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_CALLS = "suite IS NULL AND environment = ?"


class Judged(NamedTuple):
    """What was found, and in words what was left out."""

    judgements: list[Judgement]
    notes: tuple[str, ...]


class Spent(NamedTuple):
    """What calls cost.

    Attributes:
        total: The sum, in whatever currencies the costs are.
        calls: How many calls there were.
        currency: Of the costs; None when there are none or several.
        notes: Why the sum is none, where the costs are in several currencies.
    """

    total: float
    calls: int
    currency: str | None
    notes: tuple[str, ...]


def naive(moment: datetime) -> datetime:
    """Return a time as the store keeps it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def prompts_with_rows(store: Rows, environment: str) -> list[str]:
    """Return the prompts that were called, sorted."""
    name = name_now(renames_of(store))
    query = f"SELECT DISTINCT {name} AS name FROM calls WHERE {_CALLS} ORDER BY name"  # noqa: S608
    return [name for (name,) in store.sql(query, [environment])]


def versions_with_rows(
    store: Rows, prompt: str, environment: str, *, since: datetime | None = None
) -> list[Version]:
    """Return the released versions that were called, by precedence.

    Pseudo-versions of untagged content are left out, and whatever is no version.
    """
    ours = of_prompt(store, prompt)
    query = f"SELECT DISTINCT version FROM calls WHERE {ours} AND {_CALLS}"  # noqa: S608
    parameters: list[Any] = [prompt, environment]
    if since is not None:
        query += " AND ts >= ?"
        parameters.append(naive(since))
    found = []
    for (text,) in store.sql(query, parameters):
        try:
            version = Version.parse(text)
        except PromptError:
            continue
        if version.is_stable:
            found.append(version)
    return sorted(found)


def judge_versions(
    store: Rows,
    prompt: str,
    versions: tuple[str, str],
    environment: str,
    thresholds: Sequence[Threshold],
) -> Judged:
    """Judge one version's calls against another's.

    Args:
        store: Where the rows are.
        prompt: The prompt's name.
        versions: Base and head.
        environment: Only rows of this environment.
        thresholds: What is allowed.
    """
    base, head = versions
    ours = of_prompt(store, prompt)
    selection = Selection("version = ?", f"{ours} AND version IN (?, ?) AND {_CALLS}")
    return _judge(store, selection, [head, prompt, base, head, environment], thresholds)


def judge_windows(
    store: Rows,
    prompt: str,
    version: str,
    environment: str,
    thresholds: Sequence[Threshold],
    *,
    start: datetime,
    split: datetime,
) -> Judged:
    """Judge one version's calls since `split` against its calls from `start` until then."""
    ours = of_prompt(store, prompt)
    selection = Selection("ts >= ?", f"{ours} AND version = ? AND {_CALLS} AND ts >= ?")
    parameters = [naive(split), prompt, version, environment, naive(start)]
    return _judge(store, selection, parameters, thresholds)


def cost_since(store: Rows, prompt: str, environment: str, since: datetime) -> Spent:
    """Return the sum of costs and the number of calls since a time, over all versions."""
    query = (
        f"SELECT coalesce(sum(cost) FILTER ({measured('cost')}), 0), count(*), "  # noqa: S608
        f"{CURRENCIES} FROM calls WHERE {of_prompt(store, prompt)} AND {_CALLS} AND ts >= ?"
    )
    ((total, calls, *pair),) = store.sql(query, [prompt, environment, naive(since)])
    currencies = distinct_currencies([pair])
    currency = currencies[0] if len(currencies) == 1 else None
    return Spent(float(total), int(calls), currency, currency_notes(currencies))


def confirmed(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Return those that failed."""
    return [judgement for judgement in judgements if judgement.verdict is Verdict.FAIL]


def _judge(
    store: Rows, selection: Selection, parameters: Sequence[Any], thresholds: Sequence[Threshold]
) -> Judged:
    metrics = list({t.metric.name: t.metric for t in thresholds}.values())
    if not metrics:
        return Judged([], ())
    strata, notes = selected_strata(store, selection, parameters, metrics)
    shared = {
        name: [stratum for stratum in parts if stratum.base.n and stratum.head.n]
        for name, parts in strata.items()
    }
    # Limits concern the head's rows of every model.
    changes = [t for t in thresholds if t.form != "limit"]
    limits = [t for t in thresholds if t.form == "limit"]
    judged = [j for j in judge(shared, changes) if _holds_at_any_look(j, shared)]
    return Judged([*judged, *judge(strata, limits)], notes)


def _holds_at_any_look(judgement: Judgement, strata: dict[str, list[Stratum]]) -> bool:
    """Tell whether a failure stands although the monitor looks again and again.

    A fixed test repeated every five minutes would fail by chance some day; the anytime-valid one
    does not. It has no form for the p95, which is believed at its usual level.
    """
    threshold = judgement.threshold
    if judgement.verdict is not Verdict.FAIL or threshold.statistic == "p95":
        return True
    metric = threshold.metric
    logarithmic = metric.kind is Kind.LATENCY and gate_scale(metric) is Scale.LOG
    parts = []
    for stratum in strata[metric.name]:
        a = stratum.base.log if logarithmic else stratum.base.linear
        b = stratum.head.log if logarithmic else stratum.head.linear
        if min(a.n, b.n) > 1:
            parts.append((a.n * b.n / (a.n + b.n), compare_means(a, b)))
    information = math.fsum(weight for weight, _ in parts)
    return bool(parts) and anytime(combine(parts), information).p <= 2.0 * FAIL_LEVEL
