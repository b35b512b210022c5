"""What questions to the metrics take and answer with, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from promptreg.values import dataclass, field

__all__ = [
    "DEFAULT_PERCENTILES",
    "GROUPS",
    "Figures",
    "Filter",
    "ModelPick",
    "ModelRanking",
    "Rename",
    "Summary",
]

GROUPS = frozenset(
    {
        "prompt",
        "version",
        "digest",
        "environment",
        "run_id",
        "suite",
        "dataset_digest",
        "case_id",
        "experiment",
        "variant",
        "provider",
        "model",
        "error_type",
        "hour",
        "day",
        "week",
        "month",
    }
)
"""What rows can be grouped by; the last four are times in UTC, weeks begin on Monday."""


DEFAULT_PERCENTILES = ("latency_ms", "time_to_first_token_ms")
"""Columns whose p50 and p95 a summary has unless asked for others."""


@dataclass(frozen=True, slots=True)
class Rename:
    """A name that a prompt had before, whose rows are rows of the prompt.

    Attributes:
        name: The name it has now.
        former: The name in the rows.
        versions: Only rows of these versions, where the former name is another prompt's now; None
            for all rows.
    """

    name: str
    former: str
    versions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows a question is about; None does not restrict.

    Attributes:
        since: First moment, naive UTC.
        until: First moment after, naive UTC.
        evaluations: True for rows of evaluation suites alone, False for all others.
        renames: Names under which prompts were logged before.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "prompt",
        "version",
        "digest",
        "environment",
        "run_id",
        "suite",
        "experiment",
        "variant",
        "unit",
        "model",
    )
    prompt: str | None = None
    version: str | None = None
    digest: str | None = None
    environment: str | None = None
    run_id: str | None = None
    suite: str | None = None
    experiment: str | None = None
    variant: str | None = None
    unit: str | None = None
    model: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    evaluations: bool | None = None
    renames: tuple[Rename, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric in one group: how many rows have it, and what they say; None where none does.

    The percentiles are exact, with linear interpolation; None also where nobody asked for them.
    """

    n: int
    mean: float | None = None
    total: float | None = None
    min: float | None = None
    max: float | None = None
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The rows of one group.

    Attributes:
        group: Value of each column the rows were grouped by.
        first: Time of the earliest row, naive UTC.
        last: Time of the latest row.
        judged: Rows that say whether they succeeded.
        succeeded: How many of these did.
        currency: Of the cost; "mixed" leaves the cost without figures, None when no row has a cost.
        latency: Milliseconds.
        time_to_first_token: Milliseconds.
    """

    group: Mapping[str, Any]
    calls: int
    first: datetime
    last: datetime
    judged: int
    succeeded: int
    currency: str | None
    latency: Figures
    time_to_first_token: Figures
    cost: Figures
    input_tokens: Figures
    output_tokens: Figures
    cached_input_tokens: Figures
    reasoning_tokens: Figures
    quality: Figures
    accuracy: Figures
    scores: Mapping[str, Figures] = field(default_factory=dict)

    @property
    def prompt(self) -> str | None:
        """The prompt, when the rows were grouped by it."""
        return self.group.get("prompt")

    @property
    def version(self) -> str | None:
        """The version, when the rows were grouped by it."""
        return self.group.get("version")

    @property
    def model(self) -> str | None:
        """The model, when the rows were grouped by it."""
        return self.group.get("model")

    @property
    def success_rate(self) -> float | None:
        """Share of the judged rows that succeeded, from 0 to 1."""
        return self.succeeded / self.judged if self.judged else None

    @property
    def error_rate(self) -> float | None:
        """Share of the judged rows that failed, from 0 to 1."""
        return (self.judged - self.succeeded) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class ModelPick:
    """The model that leads in one respect, its value and the rows behind it."""

    model: str
    value: float
    n: int


@dataclass(frozen=True, slots=True)
class ModelRanking:
    """Which model leads in what; plain figures, not a statistical verdict.

    Attributes:
        fastest: Lowest median latency in milliseconds.
        cheapest: Lowest mean cost of a call.
        best: Highest mean quality.
        most_reliable: Highest success rate.
    """

    fastest: ModelPick | None
    cheapest: ModelPick | None
    best: ModelPick | None
    most_reliable: ModelPick | None
    models: tuple[Summary, ...]
