"""What versions come to in an A/B test, so that any two of them can be tested."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Arm", "ArmContext", "ArmMetric", "Arms", "MetricScale"]


class ArmContext(NamedTuple):
    """What the rows of an arm have in common.

    Attributes:
        name: In words, as in the basis of a comparison.
        suite: Whether a suite made them.
    """

    name: str
    suite: bool


class ArmMetric(NamedTuple):
    """The values of one metric in an arm; rows of one case or unit are one value.

    Attributes:
        metric: The metric's name; ``error_rate`` for success.
        n: How many values.
        mean: Their mean, in the metric's unit.
        tested_n: How many of them are tested: on a logarithmic scale those above 0.
        tested_mean: Their mean on the scale of the test; natural logarithms where that is ``log``.
        tested_sd: Their standard deviation there; 0 below two values.
    """

    metric: str
    n: int
    mean: float
    tested_n: int
    tested_mean: float
    tested_sd: float


class Arm(NamedTuple):
    """One version's rows of one context on one model.

    Attributes:
        version: The version.
        context: Which of the contexts, from 0.
        model: The model's name; empty for rows that name none.
        calls: How many rows.
        metrics: Those that have values.
    """

    version: str
    context: int
    model: str
    calls: int
    metrics: tuple[ArmMetric, ...] = ()


class MetricScale(NamedTuple):
    """How a metric is tested.

    Attributes:
        metric: The metric's name.
        better: Which way is better; None when nobody said, and then nothing wins.
        scale: Whether the test compares means of values or of their logarithms.
    """

    metric: str
    better: Literal["lower", "higher"] | None
    scale: Literal["linear", "log"]


class Arms(NamedTuple):
    """All that A/B tests of any two versions of a prompt take.

    Attributes:
        contexts: In the order in which comparisons of as many rows come.
        metrics: In the order of a comparison's rows.
        arms: By version, lowest first, then by model.
    """

    contexts: tuple[ArmContext, ...] = ()
    metrics: tuple[MetricScale, ...] = ()
    arms: tuple[Arm, ...] = ()
