"""What the store is asked about a group of prompts: rows are read first, then summed up often.

A row belongs to the version whose digest it carries, or, without a digest, to the version it names.
The rows in scope are kept for as long as it takes to ask, with numbers in the place of the texts
they are grouped by: a group is a prompt, a version, a model and a context.
"""

# ruff: noqa: S608 - only texts of ours are put together, every value is a parameter

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptreg.gate.sql import measured
from promptreg.metrics.renamed import name_now, of_prompts
from promptreg.report.answers import Answers, Columns, Group, ask_columns
from promptreg.report.asking_figures import ask_figures, means_of, quantiles_of
from promptreg.report.asking_samples import REPEATED, ask_samples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from promptreg.metrics.summary import Rename
    from promptreg.storage.engines import Kept, Rows

__all__ = ["VALUES", "Answers", "Scope", "ask"]

WEEKLY_FROM_DAYS = 120
_EPOCH = "CAST('1970-01-01' AS DATE)"
# A day of a version that has fewer calls than this on average says little by itself.
SELDOM_CALLS = 5
SELDOM_FROM_DAYS = 28


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows to look at.

    Attributes:
        prompts: The prompts' names.
        since: The earliest time, naive UTC; None is all time.
        currency: Costs in another currency are left out.
        aliases: Prompt, version and digest for rows that name a version and no digest.
        shared: Prompt and digest of contents that several versions have; these rows go by version.
        renames: Names under which prompts were logged before.
        for_page: Leave out what a page does not show: of a model all quantiles but the latency's.
    """

    prompts: tuple[str, ...]
    since: datetime | None = None
    currency: str = "USD"
    aliases: tuple[tuple[str, str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    renames: tuple[Rename, ...] = ()
    for_page: bool = False


_LATENCY = (
    f"CASE WHEN {measured('latency_ms')} AND success IS DISTINCT FROM false THEN latency_ms END"
)
_COST = f"CASE WHEN {measured('cost')} AND (currency IS NULL OR currency = $currency) THEN cost END"
# Latency is that of calls that succeeded: a call that fails at once is not fast.
VALUES: Mapping[str, str] = {
    "quality": f"CASE WHEN {measured('quality_score')} THEN quality_score END",
    "accuracy": f"CASE WHEN {measured('accuracy')} THEN accuracy END",
    "latency": _LATENCY,
    "cost": _COST,
    "input_tokens": "CAST(input_tokens AS DOUBLE)",
    "output_tokens": "CAST(output_tokens AS DOUBLE)",
    "success_rate": "CAST(success AS DOUBLE)",
}
"""The metrics every row may have, as SQL."""
_SHARE = "success_rate"
_SPREAD = tuple(name for name in VALUES if name != _SHARE)


def ask(rows: Rows, scope: Scope) -> Answers:
    """Ask the store all there is to know about some prompts.

    Args:
        rows: Where the rows are.
        scope: Which of them.
    """
    with _kept(rows, scope) as kept:
        groups = _ask_groups(kept)
        versions = _ask_versions(kept)
        spent = versions.pop("spent")
        models = _ask_models(kept, ("latency",) if scope.for_page else _SPREAD)
        has_scores = any(group.scored for group in groups)
        scores = _ask_scores(kept) if has_scores else Columns(())
        days, weeks = _ask_courses(kept)
        most = max((group.calls for group in groups), default=0)
        samples = ask_samples(kept, VALUES, most, has_scores=has_scores)
        return Answers(groups, spent, versions, models, scores, days, weeks, samples)


# The rows in scope

_NAMES = ("prompt", "key", "model", "suite", "dataset_digest", "environment")
# What a row says itself, from which its names follow.
_LOGGED = ("prompt", "version", "digest", "model", "suite", "dataset_digest", "environment")
_NUMBERS = ("number", "of_version", "of_model")


@contextmanager
def _kept(rows: Rows, scope: Scope) -> Iterator[Kept]:
    """Keep the groups, the rows in scope and what is repeated among them, for a block's queries.

    To group a million rows by six texts takes ten times as long as by a number, and is done once.
    """
    condition, chosen = _condition(scope)
    named, given = _named(scope, condition, chosen)
    # Groups that come to the same names, such as a prompt's former ones, have the same number.
    grouped = (
        f"SELECT dense_rank() OVER (ORDER BY {', '.join(_NAMES)}) AS number, "
        "dense_rank() OVER (ORDER BY prompt, key) AS of_version, "
        "dense_rank() OVER (ORDER BY prompt, key, model) AS of_model, "
        f"n.* FROM ({named}) n"
    )
    same = " AND ".join(f"c.{name} IS NOT DISTINCT FROM g.logged_{name}" for name in _LOGGED)
    values = ", ".join(f"{value} AS v_{name}" for name, value in VALUES.items())
    picked = (
        f"SELECT {', '.join(_NUMBERS)}, c.ts, coalesce(c.case_id, c.unit) AS unit, "
        f"c.case_id IS NOT NULL AS is_case, c.scores, {values.replace('$currency', '?')} "
        f"FROM calls c JOIN grouped g ON {same} WHERE {condition}"
    )
    with (
        rows.keep("grouped", grouped, given) as with_groups,
        with_groups.keep("picked", picked, [scope.currency, *chosen]) as with_rows,
        with_rows.keep("repeated", REPEATED) as kept,
    ):
        yield kept


def _named(scope: Scope, condition: str, chosen: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return a query for what rows say of themselves, counted, and the names that follow."""
    name = name_now(scope.renames, "c.prompt", "c.version")
    key, join = "coalesce(nullif(c.digest, ''), c.version)", ""
    if scope.aliases:
        key = "coalesce(nullif(c.digest, ''), a.digest, c.version)"
        aliases = ", ".join("(?, ?, ?)" for _ in scope.aliases)
        join = f" LEFT JOIN (VALUES {aliases}) a(prompt, version, digest) USING (prompt, version)"
    if scope.shared:
        pairs = ", ".join("(?, ?)" for _ in scope.shared)
        key = f"CASE WHEN ({name}, c.digest) IN ({pairs}) THEN c.version ELSE {key} END"
    logged = ", ".join(f"c.{each} AS logged_{each}" for each in _LOGGED)
    query = (
        f"SELECT {name} AS prompt, {key} AS key, coalesce(c.model, '') AS model, c.suite, "
        f"c.dataset_digest, c.environment, c.version, c.calls, c.latest, c.scored, {logged} "
        f"FROM (SELECT {', '.join(_LOGGED)}, count(*) AS calls, max(ts) AS latest, "
        f"count(scores) AS scored FROM calls c WHERE {condition} "
        f"GROUP BY {', '.join(_LOGGED)}) c{join}"
    )
    flat = itertools.chain.from_iterable
    return query, [*flat(scope.shared), *chosen, *flat(scope.aliases)]


def _condition(scope: Scope) -> tuple[str, list[Any]]:
    """Return the condition of the rows in scope, as SQL on ``calls c``, and its parameters."""
    condition = of_prompts(scope.renames, scope.prompts, "c.prompt", "c.version")
    if scope.since is None:
        return condition, [*scope.prompts]
    return f"{condition} AND c.ts >= ?", [*scope.prompts, scope.since]


def _ask_groups(rows: Kept) -> list[Group]:
    names = ", ".join([*_NUMBERS, *_NAMES])
    found = rows.sql(
        f"SELECT {names}, max(version), sum(calls), max(latest), sum(scored) FROM grouped "
        f"GROUP BY {names} ORDER BY number"
    )
    return [Group(*row) for row in found]


# Versions and their models

_TOKENS = "sum(coalesce(v_input_tokens, 0) + coalesce(v_output_tokens, 0))"
_HAS_TOKENS = "count(v_input_tokens) + count(v_output_tokens)"
_SPENT = ("sum(v_cost)", f"CASE WHEN {_HAS_TOKENS} > 0 THEN {_TOKENS} END")


def _ask_versions(rows: Kept) -> dict[str, Columns]:
    further = {"spent": _SPENT, _SHARE: means_of(_SHARE)}
    return ask_figures(rows, "picked", ("of_version",), _SPREAD, further)


def _ask_models(rows: Kept, spread: Collection[str]) -> dict[str, Columns]:
    # What is known of a version with one model is known of the model.
    several = (
        "picked WHERE of_version IN (SELECT of_version FROM grouped "
        "GROUP BY of_version HAVING count(DISTINCT of_model) > 1) GROUP BY of_model"
    )
    asked = {
        name: [*means_of(name), *(quantiles_of(name) if name in spread else ())] for name in VALUES
    }
    return ask_columns(rows, ("of_model",), asked, several)


def _ask_scores(rows: Kept) -> Columns:
    scored = (
        "(SELECT of_version, e.key AS name, e.value AS v_score FROM (SELECT of_version, "
        "unnest(map_entries(scores)) AS e FROM picked WHERE scores IS NOT NULL) "
        f"WHERE {measured('e.value')})"
    )
    return ask_figures(rows, scored, ("of_version", "name"), ("score",), {})["score"]


# Courses


def _ask_courses(rows: Kept) -> tuple[Columns, Columns]:
    """Return the courses by day, and by week of prompts that are called for longer or seldom."""
    spans = rows.sql(
        "SELECT prompt, date_diff('day', min(earliest), max(latest)), avg(calls) FROM ("
        "SELECT of_version, date_trunc('day', ts) AS day, min(ts) AS earliest, max(ts) AS latest, "
        "count(*) AS calls FROM picked GROUP BY of_version, day) d "
        "JOIN (SELECT DISTINCT of_version, prompt FROM grouped) g USING (of_version) "
        "GROUP BY prompt ORDER BY prompt"
    )
    weekly = {
        prompt: days >= WEEKLY_FROM_DAYS or (days >= SELDOM_FROM_DAYS and calls < SELDOM_CALLS)
        for prompt, days, calls in spans
    }
    days, weeks = (
        _ask_course(rows, bucket, [prompt for prompt in weekly if weekly[prompt] == is_weekly])
        for bucket, is_weekly in (("day", False), ("week", True))
    )
    return days, weeks


def _ask_course(rows: Kept, bucket: str, prompts: Sequence[str]) -> Columns:
    if not prompts:
        return Columns(())
    marks = ", ".join("?" * len(prompts))
    percentiles = quantiles_of("latency", (0.5, 0.95))
    asked = ("count(*)", *_SPENT, *percentiles, "avg(v_quality)", "avg(v_success_rate)")
    source = (
        f"(SELECT *, date_diff('day', {_EPOCH}, date_trunc('{bucket}', ts)) AS day FROM picked "
        f"WHERE of_version IN (SELECT of_version FROM grouped WHERE prompt IN ({marks}))) p "
        "GROUP BY of_version, day"
    )
    return ask_columns(rows, ("of_version", "day"), {"": asked}, source, prompts)[""]
