"""How many samples a question needs; pure."""

from __future__ import annotations

import math
from enum import StrEnum

from promptreg.stats.distributions import normal_ppf

__all__ = ["Plan", "growth_needed", "needed_per_arm"]

_MOST = 1_000_000


class Plan(StrEnum):
    """How an A/B test looks at its data, which costs it some samples."""

    FIXED = "fixed"
    SEQUENTIAL = "sequential"
    ANYTIME = "anytime"


_INFLATION = {Plan.FIXED: 1.0, Plan.SEQUENTIAL: 1.05, Plan.ANYTIME: 1.8}


def needed_per_arm(
    var_a: float,
    var_b: float,
    difference: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    plan: Plan = Plan.FIXED,
) -> int | None:
    """Return the samples per arm that find a difference of means.

    ``(z(1-alpha/2) + z(power))^2 (var_a + var_b) / difference^2 + z(1-alpha/2)^2 / 4``, the last
    term (Guenther 1981) paying for the unknown variance.

    Args:
        var_a: Variance of one value of the first arm.
        var_b: Variance of one value of the second arm.
        difference: The true difference to find, in the unit of the variances' roots.
        alpha: Two-sided error rate.
        power: Chance to find it.
        plan: How the test looks at its data.

    Returns:
        The number; None above a million or for a difference of 0.
    """
    if difference == 0.0:
        return None
    z = normal_ppf(1.0 - alpha / 2.0)
    n = (z + normal_ppf(power)) ** 2 * (var_a + var_b) / difference**2 + z * z / 4.0
    n *= _INFLATION[plan]
    return math.ceil(n) if n <= _MOST else None


def growth_needed(score: float, alpha: float, power: float = 0.8) -> float:
    """Return by which factor the samples must grow until a one-sided test decides.

    Args:
        score: The statistic now, in standard errors, on the side of the decision.
        alpha: One-sided level of the decision.
        power: Chance to reach it if the estimate is the truth.

    Returns:
        At least 1; infinite when the estimate points nowhere.
    """
    if score <= 0.0:
        return math.inf
    return max(1.0, ((normal_ppf(1.0 - alpha) + normal_ppf(power)) / score) ** 2)
