"""The key figures over all prompts, with their course by day."""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptreg.errors import PromptregError
from promptreg.gate.sql import measured
from promptreg.metrics.columns import NAMES
from promptreg.metrics.renamed import name_now, of_prompts
from promptreg.report.model import Figure
from promptreg.report.spread import steady

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptreg.metrics.summary import Rename
    from promptreg.storage.engines import Rows

__all__ = ["PERIOD_DAYS", "Totals", "figures_of", "read_totals"]

PERIOD_DAYS = 7
COURSE_DAYS = 30
DAY_IS_OVER = dt.time(23, 30)
"""A last day whose calls end earlier was not over: it is compared with no whole one."""
# Long texts that no report asks for.
_UNREAD = {"error_message", "metadata"}
_READ = ", ".join(f'"{name}"' for name in NAMES if name not in _UNREAD)
# A sum depends neither on the order of the rows nor on which files hold them. Ten million rows take
# two seconds of processor, where asking all about them takes seventy. The outer hash is there
# because the inner one only adds the last column to the others bit by bit.
_CHECKSUM = f"sum(hash(hash({_READ})))"


@dataclass(frozen=True, slots=True)
class _Day:
    calls: int = 0
    cost: float | None = None
    tokens: float | None = None
    succeeded: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What all rows came to.

    Attributes:
        rows: Rows per prompt.
        checksums: A number per prompt that changes whenever one of its rows does; empty unless
            asked for.
        nameless: Prompt and version of rows without a digest.
        first: The day of the first row.
        last: The time of the last one.
        by_day: The days from the first to the last row of the course, without gaps.
        days: Their dates.
        before: Everything before the course.
    """

    rows: dict[str, int] = field(default_factory=dict)
    checksums: dict[str, int] = field(default_factory=dict)
    nameless: frozenset[tuple[str, str]] = frozenset()
    currency: str = "USD"
    first: dt.date | None = None
    last: dt.datetime | None = None
    by_day: tuple[_Day, ...] = ()
    days: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    _all: _Day = field(default_factory=_Day)

    @property
    def overall(self) -> _Day:
        """All rows together."""
        return self._all


def read_totals(
    rows: Rows,
    prompts: Sequence[str],
    since: dt.datetime | None,
    renames: Sequence[Rename],
    *,
    is_partial: bool = False,
    with_checksums: bool = False,
) -> Totals:
    """Read the totals; a store that cannot be read is a note, not an error.

    Args:
        rows: Where the rows are.
        prompts: The prompts in the report.
        since: The earliest time, naive UTC.
        renames: Names under which prompts were logged before.
        is_partial: Whether only some prompts were asked for, so that other rows need no word.
        with_checksums: Whether to sum up the rows' contents too; only DuckDB does.
    """
    if not prompts:
        return Totals()
    try:
        return _read(
            rows, prompts, since, renames, is_partial=is_partial, with_checksums=with_checksums
        )
    except PromptregError as error:
        fix = f"; {error.fix}" if error.fix else ""
        return Totals(notes=(f"metrics are missing here: {error.message}{fix}",))


def _read(
    rows: Rows,
    prompts: Sequence[str],
    since: dt.datetime | None,
    renames: Sequence[Rename],
    *,
    is_partial: bool,
    with_checksums: bool,
) -> Totals:
    wanted = set(prompts)
    condition = "WHERE ts >= ?" if since else ""
    parameters: list[Any] = [since] if since else []
    checksum = _CHECKSUM if with_checksums else "NULL"
    counts = rows.sql(
        f"SELECT {name_now(renames)} AS name, count(*), max(ts), {checksum} "
        f"FROM calls {condition} GROUP BY name",
        parameters,
    )
    kept = {prompt: (n, last) for prompt, n, last, _ in counts if prompt in wanted}
    notes = []
    strangers = sum(n for prompt, n, *_ in counts if prompt not in wanted)
    if strangers and not is_partial:
        notes.append(f"{strangers:,} metric rows are of prompts that this report does not have")
    if not kept:
        if since:
            notes.append(f"no call is as new as {since.date()}")
        return Totals(notes=tuple(notes))
    both = f"{condition} AND" if condition else "WHERE"
    scope = f"{both} {of_prompts(renames, kept)}"
    everything = [*parameters, *kept]
    currencies = rows.sql(
        f"SELECT coalesce(currency, 'USD') AS money, count(cost) AS n FROM calls {scope} "
        "AND cost IS NOT NULL GROUP BY money ORDER BY n DESC, money",
        everything,
    )
    currency = currencies[0][0] if currencies else "USD"
    notes += [f"{n:,} costs in {money} are left out" for money, n in currencies[1:]]
    nameless = rows.sql(
        f"SELECT DISTINCT prompt, version FROM calls {scope} AND nullif(digest, '') IS NULL",
        everything,
    )
    days = rows.sql(
        "SELECT date_trunc('day', ts) AS day, count(*), "
        f"sum(cost) FILTER ({measured('cost')} AND coalesce(currency, 'USD') = ?), "
        # Sums are wider than the two counts of a row, whose own sum may not fit.
        "CASE WHEN count(input_tokens) + count(output_tokens) > 0 "
        "THEN coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) END, "
        f"count(*) FILTER (success), count(success) FROM calls {scope} GROUP BY day ORDER BY day",
        [currency, *everything],
    )
    found = {
        _date(day): _Day(n, None if cost is None else steady(cost), *rest)
        for day, n, cost, *rest in days
    }
    course = _course(list(found))
    return Totals(
        rows={prompt: n for prompt, (n, _) in kept.items()},
        checksums={p: sign for p, *_, sign in counts if sign is not None and p in kept},
        nameless=frozenset(nameless),
        currency=currency,
        first=min(found),
        last=max(last for _, last in kept.values()),
        by_day=tuple(found.get(day, _Day()) for day in course),
        days=tuple(day.isoformat() for day in course),
        notes=tuple(notes),
        _all=_sum(list(found.values())),
    )


def _date(day: Any) -> dt.date:
    return day.date() if isinstance(day, dt.datetime) else day


def _course(days: Sequence[dt.date]) -> list[dt.date]:
    """Return every day from the first to the last, at most two courses of days."""
    last = days[-1]
    first = max(days[0], last - dt.timedelta(days=2 * COURSE_DAYS - 1))
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _sum(days: Sequence[_Day]) -> _Day:
    costs = [day.cost for day in days if day.cost is not None]
    tokens = [day.tokens for day in days if day.tokens is not None]
    return _Day(
        sum(day.calls for day in days),
        sum(costs) if costs else None,
        sum(tokens) if tokens else None,
        sum(day.succeeded for day in days),
        sum(day.judged for day in days),
    )


def figures_of(totals: Totals, prompts: int, versions: int) -> tuple[Figure, ...]:
    """Return the key figures.

    Args:
        totals: What all rows came to.
        prompts: How many prompts the report has.
        versions: How many versions.
    """
    shown = totals.by_day[-COURSE_DAYS:]
    is_over = totals.last is not None and totals.last.time() >= DAY_IS_OVER
    days = totals.by_day if is_over else totals.by_day[:-1]
    recent = _sum(days[-PERIOD_DAYS:]) if days else None
    # The first day is mostly no whole one either.
    has_before = len(days) > 2 * PERIOD_DAYS
    before = _sum(days[-2 * PERIOD_DAYS : -PERIOD_DAYS]) if has_before else None
    measured = [
        Figure(
            name,
            _value(totals.overall, name) if totals.rows or name == "calls" else None,
            _value(recent, name) if recent else None,
            _value(before, name) if before else None,
            tuple(_value(day, name, daily=True) for day in shown),
        )
        for name in ("calls", "cost", "tokens", "success_rate")
    ]
    return (Figure("prompts", prompts), Figure("versions", versions), *measured)


def _value(day: _Day, name: str, *, daily: bool = False) -> float | None:
    if name == "success_rate":
        return day.succeeded / day.judged if day.judged else None
    found = {"calls": day.calls, "cost": day.cost, "tokens": day.tokens}[name]
    # A day without calls cost nothing; a day whose calls have no cost is unknown.
    return 0 if found is None and daily and not day.calls else found
