"""What an A/B test says; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["ArmComparison", "Decision", "State"]


class State(StrEnum):
    """Where an A/B test stands; the last three are final."""

    COLLECTING = "collecting"
    RUNNING = "running"
    WINNER = "winner"
    EQUIVALENT = "equivalent"
    EXHAUSTED = "exhausted"

    @property
    def is_ready(self) -> bool:
        """Whether there is an answer."""
        return self in {State.WINNER, State.EQUIVALENT, State.EXHAUSTED}


class ArmComparison(NamedTuple):
    """One arm against another; changes are shares of the first one's mean.

    Where that mean is zero there is no such share: then the changes are infinite, and `difference`
    says how far the means lie apart.

    Attributes:
        base: The arm it is compared with.
        arm: The arm.
        change: Relative change of the mean (of the geometric mean on the log scale).
        low: Lower end of its interval, valid however often one looks.
        high: Upper end.
        p: Two-sided p-value, valid however often one looks.
        p_adjusted: The same after Holm's adjustment over the pairs it was compared among.
        difference: The difference of the means in the metric's unit, its lower and upper end;
            None where the changes say it better.
    """

    base: str
    arm: str
    change: float
    low: float
    high: float
    p: float
    p_adjusted: float
    difference: tuple[float, float, float] | None = None

    @property
    def confidence(self) -> float:
        """1 - p, adjusted."""
        return 1.0 - self.p_adjusted


class Decision(NamedTuple):
    """What the data of all arms say.

    Attributes:
        state: Where the test stands.
        winner: The arm that beats every other one; None when there is none.
        confidence: 1 - p of the weakest comparison that the winner wins, or of the strongest
            comparison when nobody does.
        comparisons: Every arm against the control, adjusted over these.
        note: Why there can be no winner.
    """

    state: State
    winner: str | None
    confidence: float
    comparisons: tuple[ArmComparison, ...]
    note: str = ""
