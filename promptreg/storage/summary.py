"""Summaries: counts, means, percentiles, totals, by any grouping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.metrics.renamed import name_now, of_prompts
from promptreg.metrics.summary import (
    DEFAULT_PERCENTILES,
    GROUPS,
    Figures,
    Filter,
    Rename,
    Summary,
)

if TYPE_CHECKING:
    from promptreg.storage.engines import Engine

__all__ = ["condition", "summarize"]

_COLUMNS = (
    "latency_ms",
    "time_to_first_token_ms",
    "cost",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "quality_score",
    "accuracy",
)
_TIMES = {"hour", "day", "week", "month"}
_FIXED = 7
_PER_COLUMN = 6


def condition(chosen: Filter) -> tuple[str, list[Any]]:
    """Return a filter as SQL over `calls` and its parameters."""
    parts: list[str] = []
    values: list[Any] = []
    for name in Filter.COLUMNS:
        value = getattr(chosen, name)
        if value is not None:
            is_prompt = name == "prompt"
            parts.append(of_prompts(chosen.renames, (value,)) if is_prompt else f'"{name}" = ?')
            values.append(value)
    if chosen.since is not None:
        parts.append("ts >= ?")
        values.append(chosen.since)
    if chosen.until is not None:
        parts.append("ts < ?")
        values.append(chosen.until)
    if chosen.evaluations is not None:
        parts.append(f"suite IS {'NOT ' if chosen.evaluations else ''}NULL")
    return " AND ".join(parts) or "true", values


def summarize(
    engine: Engine,
    chosen: Filter,
    by: Sequence[str],
    *,
    scores: bool = False,
    percentiles: Collection[str] = DEFAULT_PERCENTILES,
) -> list[Summary]:
    """Summarise the chosen rows in groups.

    Args:
        engine: Who answers.
        chosen: Which rows.
        by: Columns or `hour`, `day`, `week`, `month`; see `promptreg.metrics.summary.GROUPS`.
        scores: Whether to summarise custom scores too, which reads a wide column.
        percentiles: Columns to give p50 and p95 of; exact ones need every value in memory.

    Raises:
        MetricsError: A group or a column does not exist.
    """
    if unknown := [name for name in percentiles if name not in _COLUMNS]:
        raise MetricsError(f"{unknown[0]} has no percentiles", fix=f"use {', '.join(_COLUMNS)}")
    if unknown := [name for name in by if name not in GROUPS]:
        raise MetricsError(
            f"cannot group by {unknown[0]}", fix=f"use some of {', '.join(sorted(GROUPS))}"
        )
    where, values = condition(chosen)
    with engine.pin():
        keys = _keys(by, chosen.renames)
        rows = engine.sql(_summary_sql(by, keys, where, percentiles), values)
        custom = _scores(engine, by, keys, where, values) if scores else {}
    return [_summary(row, by, custom) for row in rows if row[len(by)]]


@cache
def _text(name: str) -> str:
    return files("promptreg.storage").joinpath("sql", name).read_text("utf-8")


def _key(name: str, renames: Sequence[Rename]) -> str:
    if name == "prompt":
        return name_now(renames)
    # Casting to a timestamp keeps hours and days of one type.
    return f"date_trunc('{name}', ts)" if name in _TIMES else f'"{name}"'


def _keys(by: Sequence[str], renames: Sequence[Rename]) -> str:
    return "".join(f'{_key(name, renames)} AS "{name}", ' for name in by)


def _summary_sql(by: Sequence[str], keys: str, where: str, percentiles: Collection[str]) -> str:
    figures = ",\n".join(
        _text("figures.sql").format(
            column=column,
            quantiles=f"quantile_cont({column}, [0.5, 0.95])" if column in percentiles else "NULL",
        )
        for column in _COLUMNS
    )
    numbers = ", ".join(str(number) for number in range(1, len(by) + 1))
    return _text("summary.sql").format(
        keys=keys,
        figures=figures,
        where=where,
        group_by=f"GROUP BY {numbers}" if by else "",
        order_by=f"ORDER BY {numbers}" if by else "",
    )


def _scores(
    engine: Engine, by: Sequence[str], keys: str, where: str, values: list[Any]
) -> dict[tuple[Any, ...], dict[str, Figures]]:
    names = "".join(f'"{name}", ' for name in by)
    query = _text("scores.sql").format(names=names, keys=keys, where=where)
    found: dict[tuple[Any, ...], dict[str, Figures]] = defaultdict(dict)
    for row in engine.sql(query, values):
        key, (score, n, mean, total, least, most, (p50, p95)) = row[: len(by)], row[len(by) :]
        found[key][score] = Figures(n, mean, total, least, most, p50, p95)
    return found


def _summary(
    row: tuple[Any, ...], by: Sequence[str], custom: dict[tuple[Any, ...], dict[str, Figures]]
) -> Summary:
    key, fixed = row[: len(by)], row[len(by) : len(by) + _FIXED]
    calls, first, last, judged, succeeded, currency, other = fixed
    figures = dict(zip(_COLUMNS, _figures(row[len(by) + _FIXED :]), strict=True))
    if currency != other:
        # Adding dollars to euros would give a number that means nothing.
        figures["cost"] = Figures(figures["cost"].n)
    return Summary(
        group=dict(zip(by, key, strict=True)),
        calls=calls,
        first=first,
        last=last,
        judged=judged,
        succeeded=succeeded,
        currency=currency if currency == other else "mixed",
        latency=figures["latency_ms"],
        time_to_first_token=figures["time_to_first_token_ms"],
        cost=figures["cost"],
        input_tokens=figures["input_tokens"],
        output_tokens=figures["output_tokens"],
        cached_input_tokens=figures["cached_input_tokens"],
        reasoning_tokens=figures["reasoning_tokens"],
        quality=figures["quality_score"],
        accuracy=figures["accuracy"],
        scores=custom.get(key, {}),
    )


def _figures(values: tuple[Any, ...]) -> Iterator[Figures]:
    for start in range(0, len(values), _PER_COLUMN):
        n, mean, total, least, most, quantiles = values[start : start + _PER_COLUMN]
        p50, p95 = quantiles or (None, None)
        yield Figures(n, mean, None if total is None else float(total), least, most, p50, p95)
