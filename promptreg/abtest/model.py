"""What an A/B test answers, as frozen values; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.stats.gate import Judgement, Verdict
from promptreg.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptreg.stats.decision import ArmComparison, State
    from promptreg.stats.metrics import Metric

__all__ = ["ABResult", "Arm", "Guardrail", "Histogram"]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in bins of equal width between `low` and `high`; values beyond stand in the ends."""

    low: float
    high: float
    counts: tuple[int, ...]

    @classmethod
    def of(cls, values: Sequence[float], low: float, high: float, bins: int = 24) -> Histogram:
        """Count values into bins."""
        counts = [0] * bins
        width = (high - low) / bins or 1.0
        for value in values:
            counts[min(bins - 1, max(0, int((value - low) / width)))] += 1
        return cls(low, high, tuple(counts))


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a test.

    Attributes:
        name: The version, or the experiment's variant.
        n: Observations: rows, or cases and units where rows name them.
        mean: Arithmetic mean of the metric, at a mix of models that all arms have in common.
        typical: Geometric mean for latency, cost and tokens, else the arithmetic one; same mix.
        histogram: The distribution of its values.
    """

    name: str
    n: int
    mean: float
    typical: float
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """The gate's verdict on another metric, the arm against the control."""

    arm: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ABResult:
    """The answer of an A/B test.

    Attributes:
        prompt: The prompt's name.
        metric: The metric that decides.
        state: Where the test stands.
        winner: The arm that beats every other; None when there is none.
        confidence: 1 - p, valid however often one looks.
        arms: All arms, the control first.
        comparisons: Every arm against the control.
        guardrails: What the other metrics say of each arm.
        max_samples: Per arm, for a planned test; None for a test without a plan.
        needed: How many more samples an arm would settle it; None when unknown.
        ratio_p: Of the sample-ratio check.
        model: The model the rows are limited to; None for all.
        models: The models within which the arms were compared.
        notes: What to know before acting on it.
    """

    prompt: str
    metric: Metric
    state: State
    winner: str | None
    confidence: float
    arms: tuple[Arm, ...]
    comparisons: tuple[ArmComparison, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    max_samples: int | None = None
    needed: int | None = None
    ratio_p: float = 1.0
    model: str | None = None
    notes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether there is an answer: a winner, equivalence, or the plan's end."""
        return self.state.is_ready

    @property
    def regressed_guardrails(self) -> tuple[Guardrail, ...]:
        """The guardrails that the winner, or any arm without one, runs into."""
        return tuple(
            guardrail
            for guardrail in self.guardrails
            if guardrail.judgement.verdict is Verdict.FAIL
            and (self.winner is None or guardrail.arm == self.winner)
        )
