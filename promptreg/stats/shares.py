"""Changes of a share of ones, independent and paired; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from promptreg.stats.effects import Effect
from promptreg.stats.kernel import Contrast, combine
from promptreg.stats.proportions import (
    Table,
    increase_mid_p,
    mcnemar_mid_p,
    paired_contrast,
    score_variance_difference,
    score_variance_ratio,
)
from promptreg.stats.samples import PairCounts

__all__ = ["BinaryEffect", "PairedBinaryEffect"]


class BinaryEffect(Effect):
    """A change of a share of ones: Fisher for harm, score tests for margins and intervals."""

    exact_when_constant = False

    def __init__(self, tables: Sequence[Table], *, relative: bool) -> None:
        weighted = [(table.weight, table) for table in tables]
        total = math.fsum([weight for weight, _ in weighted])
        base = math.fsum([weight * table.rate_a for weight, table in weighted]) / total
        head = math.fsum([weight * table.rate_b for weight, table in weighted]) / total
        super().__init__(base=base, head=head, relative=relative)
        self._tables = tables
        self._squares = [(weight / total) ** 2 for weight, _ in weighted]

    @classmethod
    def of(cls, tables: Sequence[Table], *, relative: bool) -> BinaryEffect:
        """Combine tables with Mantel-Haenszel weights."""
        return cls(tables, relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the score contrast under this change."""
        # What `combine` says of the tables' contrasts, whose degrees of freedom are infinite.
        if self.relative:
            at, shift, scaled = 1.0 + change, 0.0, (1.0 + change) * self.base
        else:
            at, shift, scaled = change, change, self.base
        variance_of = score_variance_ratio if self.relative else score_variance_difference
        variance = 0.0
        for square, table in zip(self._squares, self._tables, strict=True):
            variance += square * variance_of(table, at)
        return Contrast(self.head - scaled, math.sqrt(variance), math.inf), shift

    def p_increase(self) -> float:
        """Return Fisher's mid-p for more ones."""
        return increase_mid_p(self._tables)

    def p_decrease(self) -> float:
        """Return Fisher's mid-p for fewer ones."""
        return increase_mid_p([table.swapped for table in self._tables])

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change a share can make."""
        return (-1.0, math.inf) if self.relative else (-1.0, 1.0)


class PairedBinaryEffect(Effect):
    """A change of a share of ones over the same cases: McNemar, and Bonett-Price for margins."""

    exact_when_constant = False

    def __init__(
        self, counts: Sequence[PairCounts], *, base: float, head: float, relative: bool = True
    ) -> None:
        super().__init__(base=base, head=head, relative=relative)
        self.counts = counts

    @classmethod
    def of(cls, counts: Sequence[PairCounts], *, relative: bool) -> PairedBinaryEffect:
        """Combine strata by their number of pairs."""
        total = sum(count.n for count in counts)
        base = sum(count.both + count.lost for count in counts) / total
        head = sum(count.both + count.gained for count in counts) / total
        return cls(counts, base=base, head=head, relative=relative)

    def contrast(self, change: float) -> tuple[Contrast, float]:
        """Return the adjusted contrast of pairs at this ratio or difference."""
        ratio = 1.0 + change if self.relative else 1.0
        parts = ((float(count.n), paired_contrast(count, ratio)) for count in self.counts)
        return combine(parts), 0.0 if self.relative else change

    def p_increase(self) -> float:
        """Return McNemar's mid-p for more ones."""
        return mcnemar_mid_p(self.counts)

    def p_decrease(self) -> float:
        """Return McNemar's mid-p for fewer ones."""
        swapped = [PairCounts(c.both, c.gained, c.lost, c.neither) for c in self.counts]
        return mcnemar_mid_p(swapped)

    def bounds(self) -> tuple[float, float]:
        """Return the least and greatest change a share can make."""
        return (-1.0, math.inf) if self.relative else (-1.0, 1.0)
