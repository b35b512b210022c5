"""What the gate is asked and what it answers, as frozen values; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from promptreg.stats.gate import Judgement, Verdict, worst
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.config import Accept

__all__ = ["Comparison", "Context", "Delta", "GateReport", "GateRow", "Outcome", "PromptChange"]


class Outcome(StrEnum):
    """What a row of the gate's table ends with."""

    OK = "ok"
    REGRESSION = "regression"
    UNDECIDED = "undecided"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class PromptChange:
    """One prompt that a pull request changes.

    Attributes:
        prompt: Its name.
        base_version: The version it replaces; None for a new prompt.
        base_digest: The content it replaces, 64 hex digits; empty for a new prompt.
        head_version: The version the branch claims.
        head_digest: The branch's content, 64 hex digits.
        path: The prompt file in the repository.
        line: The line that changed, from 1.
    """

    prompt: str
    base_version: str | None
    base_digest: str
    head_version: str
    head_digest: str
    path: str
    line: int = 1

    @property
    def versions(self) -> str:
        """Both versions: ``1.2.0 -> 1.3.0``, or the new one alone."""
        return (
            f"{self.base_version} -> {self.head_version}" if self.base_digest else self.head_version
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What rows must have in common to be compared; the suite is None for ordinary calls."""

    suite: str | None
    dataset_digest: str | None
    environment: str | None

    def __str__(self) -> str:
        return f"suite {self.suite}" if self.suite else f"{self.environment or 'all'} calls"


@dataclass(frozen=True, slots=True)
class GateRow:
    """One line of the table.

    Attributes:
        judgement: The verdict with its evidence.
        outcome: What it means for the check.
        accepted: The `[[accept]]` entry that applies.
        note: What to know about that entry, such as that it has expired.
    """

    judgement: Judgement
    outcome: Outcome
    accepted: Accept | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The metric, with its statistic where it is not the mean."""
        return self.judgement.threshold.name


@dataclass(frozen=True, slots=True)
class Delta:
    """How a mean without a threshold moved, for information."""

    name: str
    base: float
    head: float
    unit: str = ""

    @property
    def change(self) -> float | None:
        """The relative change; None where the base is zero."""
        return self.head / self.base - 1.0 if self.base else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Head against base for one prompt in one context.

    Attributes:
        change: What is compared.
        context: Where the rows come from; None when there are none.
        models: The models both sides have rows of.
        paired: Whether the same cases are compared one by one.
        n_base: Rows of the base, or cases when paired.
        n_head: Rows of the head, or cases when paired.
        rows: The verdicts.
        deltas: Tokens and cost, for information.
        notes: What is missing or left out, in words.
    """

    change: PromptChange
    context: Context | None = None
    models: tuple[str, ...] = ()
    paired: bool = False
    n_base: int = 0
    n_head: int = 0
    rows: tuple[GateRow, ...] = ()
    deltas: tuple[Delta, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """One line: ``summarizer 1.2.0 -> 1.3.0 · suite news, 60 paired cases · gpt-4o``."""
        parts = [f"{self.change.prompt} {self.change.versions}"]
        if self.context is not None:
            parts.append(f"{self.context}, {self._size()}")
        if named := [model for model in self.models if model]:
            parts.append(", ".join(named))
        return " · ".join(parts)

    @property
    def verdict(self) -> Verdict:
        """The verdict of all rows; open where nothing could be compared."""
        if self.is_empty and self.change.base_digest:
            return Verdict.INCONCLUSIVE
        return worst([_VERDICTS[row.outcome] for row in self.rows])

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to judge."""
        return not self.rows

    def _size(self) -> str:
        if self.paired:
            return f"{self.n_base} paired cases"
        unit = "rows" if self.context is not None and self.context.suite else "calls"
        if not self.change.base_digest:
            return f"{self.n_head} {unit}"
        return f"{self.n_base} / {self.n_head} {unit}"


@dataclass(frozen=True, slots=True)
class GateReport:
    """The gate's answer for a whole pull request."""

    comparisons: tuple[Comparison, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all comparisons."""
        return worst([comparison.verdict for comparison in self.comparisons])

    @property
    def regressions(self) -> int:
        """How many metrics regressed."""
        return self._count(Outcome.REGRESSION)

    @property
    def undecided(self) -> int:
        """How many metrics, or prompts without any rows, cannot be told."""
        bare = sum(c.is_empty and c.verdict is Verdict.INCONCLUSIVE for c in self.comparisons)
        return self._count(Outcome.UNDECIDED) + bare

    @property
    def accepted(self) -> int:
        """How many regressions were accepted."""
        return self._count(Outcome.ACCEPTED)

    def _count(self, outcome: Outcome) -> int:
        return sum(row.outcome is outcome for c in self.comparisons for row in c.rows)


_VERDICTS = {
    Outcome.OK: Verdict.PASS,
    Outcome.ACCEPTED: Verdict.PASS,
    Outcome.REGRESSION: Verdict.FAIL,
    Outcome.UNDECIDED: Verdict.INCONCLUSIVE,
}
