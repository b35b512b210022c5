"""What the store answered about a group of prompts, kept small; pure.

Numbers travel to the process that judges a prompt as arrays: as tuples of objects it took a
seventh of the time in which the store answers to pack and to unpack them, now a twentieth.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.storage.columns import as_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from promptreg.storage.engines import Kept

__all__ = ["Answers", "Columns", "Group", "SampleAnswers", "ask_columns"]

Row = tuple[Any, ...]


class Group(NamedTuple):
    """The rows of one version on one model in one context.

    Attributes:
        number: Stands for the group; numbers rise with the names.
        of_version: Stands for all groups of the version.
        of_model: Stands for all groups of the version on the model.
        key: The digest, or the version without one.
        version: The highest version that the rows name.
        calls: How many rows there are.
        latest: The time of the last of them, naive UTC.
        scored: How many of them have scores.
    """

    number: int
    of_version: int
    of_model: int
    prompt: str
    key: str
    model: str
    suite: str | None
    dataset_digest: str | None
    environment: str | None
    version: str
    calls: int
    latest: datetime
    scored: int


class Columns(NamedTuple):
    """An answer by its columns: numbers as arrays, where NaN is nothing, and texts as lists.

    The first column says which group, model or version a row is about, and rises.
    """

    columns: tuple[Sequence[Any], ...]

    def rows(self) -> Iterator[Row]:
        """Yield each row."""
        return zip(*map(list, self.columns), strict=True)

    def column(self, place: int) -> Sequence[Any]:
        """Return one column; nothing when there are no rows."""
        return self.columns[place] if self.columns else ()

    def between(self, first: int, last: int) -> Columns:
        """Return the rows about what has these numbers.

        Args:
            first: The lowest number.
            last: The highest one.
        """
        if not self.columns:
            return self
        start, end = bisect_left(self.columns[0], first), bisect_right(self.columns[0], last)
        return Columns(tuple(column[start:end] for column in self.columns))

    def beside(self, other: Columns, keys: int) -> Columns:
        """Return what two answers say about the same groups.

        Args:
            other: The other one.
            keys: How many columns tell the groups apart.
        """
        return Columns(self.columns + other.columns[keys:])


def ask_columns(
    rows: Kept,
    keys: Sequence[str],
    asked: Mapping[str, Sequence[str]],
    source: str,
    parameters: Sequence[Any] = (),
) -> dict[str, Columns]:
    """Ask for several things about the same groups at once.

    Args:
        rows: Who answers.
        keys: The columns that tell groups apart; the first is a number.
        asked: By name what to ask of each group, as SQL.
        source: What follows FROM, without an order.
        parameters: Values for it.

    Returns:
        By name the keys and what was asked.
    """
    by = ", ".join(keys)
    every = ", ".join(itertools.chain.from_iterable(asked.values()))
    query = f"SELECT {by}, {every} FROM {source} ORDER BY {by}"  # noqa: S608 - texts of ours
    columns = iter(as_columns(rows.arrow(query, parameters)))
    about = tuple(itertools.islice(columns, len(keys)))
    return {name: Columns((*about, *itertools.islice(columns, len(asked[name])))) for name in asked}


class SampleAnswers(NamedTuple):
    """What the store answered about samples.

    Attributes:
        observed: How many cases and how many observations each group has.
        moments: By metric the sufficient statistics of each group.
        scores: The same of each score, after its name.
        tails: The p95 of each group's latencies.
        cases: The values of each case of a suite.
        case_scores: Its scores.
    """

    observed: Columns
    moments: Mapping[str, Columns]
    scores: Columns
    tails: Columns
    cases: Columns
    case_scores: Columns

    def between(self, first: int, last: int) -> SampleAnswers:
        """Return the answers about groups with these numbers."""
        moments = {name: found.between(first, last) for name, found in self.moments.items()}
        others = (found.between(first, last) for found in self[2:])
        return SampleAnswers(self.observed.between(first, last), moments, *others)


class Answers(NamedTuple):
    """What the store answered about some prompts.

    Attributes:
        groups: What the numbers stand for, in their order.
        spent: The cost and the tokens of each version.
        versions: By metric the figures of each version, see `promptreg.report.asking_figures`.
        models: The same of each version's models, where it has several.
        scores: The further metrics of each version, the name before the figures.
        days: The course of the prompts that have one by day.
        weeks: The course of the others.
        samples: What versions are judged by, for each group.
    """

    groups: list[Group]
    spent: Columns
    versions: Mapping[str, Columns]
    models: Mapping[str, Columns]
    scores: Columns
    days: Columns
    weeks: Columns
    samples: SampleAnswers

    def by_prompt(self) -> dict[str, Answers]:
        """Return the answers about each prompt that has rows."""
        named = itertools.groupby(self.groups, attrgetter("prompt"))
        return {prompt: self._about([*groups]) for prompt, groups in named}

    def _about(self, groups: list[Group]) -> Answers:
        """Return the answers about neighbouring groups: numbers rise with the prompts' names."""
        first, last = groups[0], groups[-1]
        versions = first.of_version, last.of_version
        models = first.of_model, last.of_model
        return Answers(
            groups,
            self.spent.between(*versions),
            {name: found.between(*versions) for name, found in self.versions.items()},
            {name: found.between(*models) for name, found in self.models.items()},
            self.scores.between(*versions),
            self.days.between(*versions),
            self.weeks.between(*versions),
            self.samples.between(first.number, last.number),
        )
