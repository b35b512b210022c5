"""Comparisons of pass/fail counts, independent and paired; pure.

Fisher's mid-p finds harm, Miettinen and Nurminen's score tests judge margins, McNemar's mid-p and
the contrast of Bonett and Price do the same for pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from promptreg.stats.distributions import binomial_upper_tail, normal_sf
from promptreg.stats.kernel import Contrast

if TYPE_CHECKING:
    from promptreg.stats.samples import PairCounts

__all__ = [
    "Table",
    "increase_mid_p",
    "mcnemar_mid_p",
    "paired_contrast",
    "score_contrast_difference",
    "score_contrast_ratio",
    "score_slope_difference",
    "score_variance_difference",
    "score_variance_ratio",
]

_EXACT_UP_TO = 200_000
_EXACT_STRATA_UP_TO = 20_000
_NEGLIGIBLE = 1e-18
_INFINITE_DF = math.inf


class Table(NamedTuple):
    """Ones among the values of two independent groups."""

    ones_a: int
    n_a: int
    ones_b: int
    n_b: int

    @property
    def swapped(self) -> Table:
        """The same table with zeros and ones exchanged."""
        return Table(self.n_a - self.ones_a, self.n_a, self.n_b - self.ones_b, self.n_b)

    @property
    def rate_a(self) -> float:
        """Share of ones in group a."""
        return self.ones_a / self.n_a

    @property
    def rate_b(self) -> float:
        """Share of ones in group b."""
        return self.ones_b / self.n_b


def increase_mid_p(tables: Sequence[Table]) -> float:
    """Return Fisher's one-sided mid-p that group b has more ones, over all strata together.

    Given the margins the ones of b are hypergeometric in each stratum; their sum's distribution is
    the convolution. Above 200,000 values (20,000 in several strata, where the convolution is
    slow) the score test of Mantel and Haenszel takes over.
    """
    limit = _EXACT_UP_TO if len(tables) == 1 else _EXACT_STRATA_UP_TO
    if sum([table.n_a + table.n_b for table in tables]) > limit:
        return _mantel_haenszel(tables)
    start, weights = 0, [1.0]
    for table in tables:
        low, pmf = _distribution(table)
        start += low
        weights = _convolve(weights, pmf)
    observed = sum([table.ones_b for table in tables]) - start
    if not 0 <= observed < len(weights):
        return 0.0 if observed >= len(weights) else 1.0
    total = math.fsum(weights)
    above = math.fsum(weights[observed + 1 :])
    return min(1.0, (above + 0.5 * weights[observed]) / total)


def score_contrast_difference(table: Table, difference: float) -> Contrast:
    """Return the contrast rate(b) - rate(a), its error under "they differ by `difference`"."""
    variance = score_variance_difference(table, difference)
    return Contrast(table.rate_b - table.rate_a, math.sqrt(variance), _INFINITE_DF)


def score_variance_difference(table: Table, difference: float) -> float:
    """Return the variance of rate(b) - rate(a) under "they differ by `difference`"."""
    return score_slope_difference(table, difference)[0]


def score_slope_difference(table: Table, difference: float) -> tuple[float, float]:
    """Return the variance of rate(b) - rate(a) under "they differ by `difference`", and its slope.

    Miettinen and Nurminen, Statistics in Medicine 4 (1985) 213-226. Along the difference the
    restricted rates move by dx and dx + 1 so that the likelihood's slope stays 0: its curvature in
    each rate says which one gives way how far.
    """
    ones_a, n_a, ones_b, n_b = table
    n, sign = n_a + n_b, 1.0
    if 2 * (ones_a + ones_b) > n:
        # Of a share near 1 a float keeps too few digits of what is missing.
        ones_a, ones_b, difference, sign = n_a - ones_a, n_b - ones_b, -difference, -1.0
        table = Table(ones_a, n_a, ones_b, n_b)
    rate_a = _restricted_by_difference(table, difference)
    rate_b = rate_a + difference
    if not 0.0 <= rate_b <= 1.0:
        rate_b = min(1.0, max(0.0, rate_b))
    rest_a, rest_b = 1.0 - rate_a, 1.0 - rate_b
    correction = n / (n - 1)
    variance = (rate_a * rest_a / n_a + rate_b * rest_b / n_b) * correction
    if rate_a < _EDGE or rest_a < _EDGE:
        moved = 0.0
    elif rate_b < _EDGE or rest_b < _EDGE:
        moved = -1.0
    else:
        curve_a = ones_a / (rate_a * rate_a) + (n_a - ones_a) / (rest_a * rest_a)
        curve_b = ones_b / (rate_b * rate_b) + (n_b - ones_b) / (rest_b * rest_b)
        moved = -curve_b / (curve_a + curve_b)
    slope = (rest_a - rate_a) * moved / n_a + (rest_b - rate_b) * (1.0 + moved) / n_b
    return variance, sign * slope * correction


def score_contrast_ratio(table: Table, ratio: float) -> Contrast:
    """Return the contrast rate(b) - ratio * rate(a), its error under "it is zero"."""
    variance = score_variance_ratio(table, ratio)
    return Contrast(table.rate_b - ratio * table.rate_a, math.sqrt(variance), _INFINITE_DF)


def score_variance_ratio(table: Table, ratio: float) -> float:
    """Return the variance of rate(b) - ratio * rate(a) under "it is zero".

    Miettinen and Nurminen, Statistics in Medicine 4 (1985) 213-226.
    """
    ones_a, n_a, ones_b, n_b = table
    n, zeros_a, zeros_b, over = n_a + n_b, n_a - ones_a, n_b - ones_b, ratio - 1.0
    # The restricted rate solves a quadratic, its complement another one. Their discriminant is a
    # sum, and the forms of their roots do not cancel where there are hardly any ones or zeros.
    apart = over * (n_b + ones_a) + zeros_b - zeros_a
    root = math.sqrt(apart * apart + 4.0 * ratio * zeros_a * zeros_b)
    rate_a = 2.0 * (ones_a + ones_b) / (ratio * (n_b + ones_a) + n_a + ones_b + root)
    linear = over * (n + zeros_a) + zeros_a + zeros_b
    if linear > 0.0:
        rest_a = min(1.0, (linear + root) / (2.0 * n * ratio)) if ratio else 1.0
    else:
        rest_a = 2.0 * over * zeros_a / (linear - root) if root > linear else 0.0
    rate_b = ratio * rate_a
    rest_b = max(0.0, 1.0 - rate_b if rate_b < 0.5 else ratio * rest_a - over)  # noqa: PLR2004
    variance = ratio * ratio * rate_a * rest_a / n_a + rate_b * rest_b / n_b
    return variance * n / (n - 1)


def mcnemar_mid_p(counts: Iterable[PairCounts]) -> float:
    """Return McNemar's one-sided mid-p that the head has more ones than the base."""
    listed = list(counts)
    gained = sum(count.gained for count in listed)
    discordant = gained + sum(count.lost for count in listed)
    if discordant == 0:
        return 1.0
    return 0.5 * (
        binomial_upper_tail(gained, discordant, 0.5)
        + binomial_upper_tail(gained + 1, discordant, 0.5)
    )


def paired_contrast(counts: PairCounts, ratio: float = 1.0) -> Contrast:
    """Return the contrast mean(b - ratio * a) over pairs of 0/1 values, one added to each change.

    At ratio 1 it is the adjusted Wald interval of Bonett and Price, Journal of Educational and
    Behavioral Statistics 37 (2012) 479-488; other ratios weigh the four cells accordingly.
    """
    cells = (
        (1.0 - ratio, counts.both),
        (-ratio, counts.lost + 1),
        (1.0, counts.gained + 1),
        (0.0, counts.neither),
    )
    n = counts.n + 2
    mean = math.fsum(value * count for value, count in cells) / n
    square = math.fsum(value * value * count for value, count in cells) / n
    return Contrast(mean, math.sqrt(max(0.0, square - mean * mean) / n), _INFINITE_DF)


# A rate nearer to 0 or 1 stays there.
_EDGE = 1e-9
_NEWTON_STEPS = 60
_NEWTON_END = 1e-17


def _restricted_by_difference(table: Table, difference: float) -> float:
    """Return the most likely rate of a given rate(b) - rate(a): a cubic's root in closed form."""
    d, (ones_a, n_a, ones_b, n_b) = difference, table
    n, ones = n_a + n_b, ones_a + ones_b
    if not ones:
        return max(0.0, -d)
    c2 = ((n_b + 2.0 * n_a) * d - n - ones) / n
    c1 = ((n_a * d - n - 2.0 * ones_a) * d + ones) / n
    c0 = ones_a * d * (1.0 - d) / n
    q = c2 * c2 * c2 / 27.0 - c1 * c2 / 6.0 + c0 / 2.0
    p = math.copysign(math.sqrt(max(0.0, c2 * c2 / 9.0 - c1 / 3.0)), q)
    cosine = q / (p * p * p) if p else 0.0
    if not -1.0 <= cosine <= 1.0:
        cosine = math.copysign(1.0, cosine)
    root = 2.0 * p * math.cos((math.pi + math.acos(cosine)) / 3.0) - c2 / 3.0
    low, high = (0.0, 1.0 - d) if d > 0.0 else (-d, 1.0)
    if not low <= root <= high:
        root = min(high, max(low, root))
    before, missed = root, math.inf
    for _ in range(_NEWTON_STEPS):
        # The cosine loses half the digits near a double root or more; Newton brings them back,
        # in one step for a simple root and by halves for a double one.
        slope = (3.0 * root + 2.0 * c2) * root + c1
        value = ((root + c2) * root + c1) * root + c0
        if abs(value) >= missed:
            # Rounding may leave no root where two were, and then a step leads anywhere.
            return before
        if slope == 0.0:
            break
        before, missed = root, abs(value)
        step = value / slope
        # The next one would be as long as its square, times the bend.
        following = abs((3.0 * root + c2) * step * step)
        root -= step
        if not low <= root <= high:
            root = min(high, max(low, root))
        if following <= _NEWTON_END * abs(slope):
            break
    return root


def _distribution(table: Table) -> tuple[int, list[float]]:
    """Return the least possible number of ones in b and the probabilities from there on.

    They are shares of the greatest one: whoever asks divides by their sum.
    """
    ones_a, n_a, ones_b, n_b = table
    ones = ones_a + ones_b
    low, high = max(0, ones - n_a), min(ones, n_b)
    mode = min(high, max(low, (ones + 1) * (n_b + 1) // (n_a + n_b + 2)))
    value, right, left = 1.0, [1.0], []
    for k in range(mode + 1, high + 1):
        value *= (ones - k + 1) * (n_b - k + 1) / (k * (n_a - ones + k))
        right.append(value)
    value = 1.0
    for k in range(mode, low, -1):
        value *= k * (n_a - ones + k) / ((ones - k + 1) * (n_b - k + 1))
        left.append(value)
    return low, [*reversed(left), *right]


def _convolve(first: Sequence[float], second: Sequence[float]) -> list[float]:
    if len(first) == 1:
        return [first[0] * value for value in second]
    result = [0.0] * (len(first) + len(second) - 1)
    for i, x in enumerate(first):
        if x > _NEGLIGIBLE:
            for j, y in enumerate(second):
                result[i + j] += x * y
    return result


def _mantel_haenszel(tables: Sequence[Table]) -> float:
    excess = variance = 0.0
    for table in tables:
        n, ones = table.n_a + table.n_b, table.ones_a + table.ones_b
        excess += table.ones_b - table.n_b * ones / n
        variance += table.n_a * table.n_b * ones * (n - ones) / (n * n * (n - 1.0))
    return normal_sf(excess / math.sqrt(variance)) if variance else 1.0
