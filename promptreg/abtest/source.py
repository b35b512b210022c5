"""An A/B test's rows in the metrics store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.abtest.deciding import Observation
from promptreg.abtest.model import Histogram
from promptreg.gate.collect import Rows, distinct_currencies, selected_strata
from promptreg.gate.sql import (
    CURRENCIES,
    OBSERVATION_UNIT,
    Selection,
    metric_value,
)
from promptreg.metrics.renamed import of_prompt
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.stats.evidence import Stratum
    from promptreg.stats.metrics import Metric

__all__ = ["Counted", "StoredArms", "models_of"]

_BINS = 24


class Counted(NamedTuple):
    """What the rows of a test are.

    Attributes:
        units: How many units were assigned to each arm, or rows where none is named.
        currencies: Of the costs of all arms, sorted; of very many only some.
    """

    units: dict[str, int]
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredArms:
    """The rows of a test: versions of a prompt, or variants of an experiment.

    Attributes:
        store: Answers SQL on the table `calls`.
        prompt: The prompt's name.
        arms: Versions, or variants when `experiment` is given.
        experiment: The experiment's name.
        environment: Only rows of this environment; None for all.
        suite: Only evaluation rows of this suite; None for ordinary calls.
        model: Only rows of this model; None for all.
    """

    store: Rows
    prompt: str
    arms: tuple[str, ...]
    experiment: str | None = None
    environment: str | None = None
    suite: str | None = None
    model: str | None = None

    def observations(self, metric: Metric, limit: int) -> list[Observation]:
        """Return the first observations of all arms in time order.

        Args:
            metric: What is measured.
            limit: The greatest number of observations.
        """
        value, (where, parameters) = metric_value(metric), self.where(self.arms)
        rows = self.store.sql(
            f"WITH picked AS (SELECT {self._column} AS arm, ts, case_id, "  # noqa: S608
            f"coalesce(model, '') AS model, {OBSERVATION_UNIT} AS unit, {value} AS value "
            f"FROM calls WHERE {where}), "
            "observed AS (SELECT arm, model, min(ts) AS ts, avg(value) AS value FROM picked "
            "WHERE case_id IS NOT NULL OR unit IS NOT NULL GROUP BY arm, model, case_id, unit "
            "UNION ALL SELECT arm, model, ts, value FROM picked "
            "WHERE case_id IS NULL AND unit IS NULL) "
            "SELECT arm, value, model FROM observed WHERE value IS NOT NULL "
            "ORDER BY ts, arm, value, model LIMIT ?",
            [*parameters, limit],
        )
        return [Observation(*row) for row in rows]

    def samples(self, metrics: Sequence[Metric], arm: str) -> dict[str, tuple[Stratum, ...]]:
        """Return the samples of the control and one other arm, by metric and model.

        Args:
            metrics: Which metrics to summarise.
            arm: The arm that counts as the head.
        """
        where, parameters = self.where((self.arms[0], arm))
        selection = Selection(f"{self._column} = ?", where)
        asked = [arm, *parameters]
        return selected_strata(self.store, selection, asked, metrics, all_logs=True).strata

    def histograms(self, metric: Metric) -> dict[str, Histogram]:
        """Return the distribution of each arm over the common middle 98 percent."""
        value, (where, parameters) = metric_value(metric), self.where(self.arms)
        rows = self.store.sql(
            f"WITH picked AS (SELECT {self._column} AS arm, {value} AS value "  # noqa: S608
            f"FROM calls WHERE {where}), "
            "bounds AS (SELECT quantile_cont(value, .01) AS low, quantile_cont(value, .99) AS high "
            "FROM picked) "
            f"SELECT arm, low, high, greatest(0, least({_BINS - 1}, "
            f"CAST(floor((value - low) / nullif(high - low, 0) * {_BINS}) AS BIGINT))) AS bin, "
            "count(*) FROM picked, bounds WHERE value IS NOT NULL GROUP BY ALL ORDER BY ALL",
            parameters,
        )
        counts: dict[str, list[int]] = {}
        bounds = (0.0, 0.0)
        for arm, low, high, position, number in rows:
            bounds = (low, high)
            counts.setdefault(arm, [0] * _BINS)[position or 0] += number
        return {arm: Histogram(*bounds, tuple(own)) for arm, own in counts.items()}

    def counted(self) -> Counted:
        """Return how large each arm is, and in which currencies its costs are."""
        where, parameters = self.where(self.arms)
        rows = self.store.sql(
            f"SELECT {self._column}, count(DISTINCT {OBSERVATION_UNIT}) "  # noqa: S608
            f"+ count(*) FILTER (unit IS NULL), {CURRENCIES} FROM calls WHERE {where} GROUP BY ALL",
            parameters,
        )
        found = {arm: number for arm, number, *_ in rows}
        units = {arm: found.get(arm, 0) for arm in self.arms}
        return Counted(units, distinct_currencies(row[2:] for row in rows))

    def scores(self) -> list[str]:
        """Return the custom scores that rows of the test have, sorted."""
        where, parameters = self.where(self.arms)
        rows = self.store.sql(
            "SELECT DISTINCT entry.key FROM (SELECT unnest(map_entries(scores)) AS entry "  # noqa: S608
            f"FROM calls WHERE scores IS NOT NULL AND {where}) AS entries ORDER BY 1",
            parameters,
        )
        return [name for (name,) in rows]

    @property
    def _column(self) -> str:
        return "version" if self.experiment is None else "variant"

    def where(self, arms: Sequence[str]) -> tuple[str, list[Any]]:
        """Return the condition for the rows of some arms, and its parameters."""
        marks = ", ".join("?" * len(arms))
        clauses = [of_prompt(self.store, self.prompt), f"{self._column} IN ({marks})"]
        parameters: list[Any] = [self.prompt, *arms]
        clauses.append("suite IS NOT DISTINCT FROM ?")
        parameters.append(self.suite)
        for column in ("experiment", "environment", "model"):
            chosen = getattr(self, column)
            if chosen is not None:
                clauses.append(f"{column} = ?")
                parameters.append(chosen)
        return " AND ".join(clauses), parameters


def models_of(arms: StoredArms) -> list[str]:
    """Return the models that rows of a test name, sorted."""
    where, parameters = arms.where(arms.arms)
    rows = arms.store.sql(
        f"SELECT DISTINCT model FROM calls WHERE {where} AND model IS NOT NULL ORDER BY model",  # noqa: S608
        parameters,
    )
    return [model for (model,) in rows]
