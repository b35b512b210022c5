"""`ABTest`: two or more versions, one metric that decides, and no winner that chance made.

Without a plan one may look at any time (anytime-valid); with `max_samples`, or with an `mde` from
which that number is computed, the test decides at fixed prefixes of the rows and ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING

from promptreg.abtest.deciding import (
    PILOT_PER_ARM,
    Observation,
    Settings,
    moments_of,
    more_needed,
    planned_decision,
    planned_size,
)
from promptreg.abtest.model import ABResult, Arm, Guardrail, Histogram
from promptreg.abtest.source import StoredArms, models_of
from promptreg.abtest.strata import Samples, complete, notes_on, shared_models
from promptreg.errors import ConfigError
from promptreg.gate.collect import currency_notes
from promptreg.stats.abtest import Strata, decide_within, sample_ratio_p, standardized
from promptreg.stats.decision import Decision, State
from promptreg.stats.gate import judge
from promptreg.stats.metrics import (
    KNOWN_METRICS,
    Kind,
    Metric,
    Scale,
    ab_scale,
    in_currency,
    metric_named,
)
from promptreg.stats.samples import Sample, is_measurement
from promptreg.stats.thresholds import DEFAULT_THRESHOLDS, Threshold
from promptreg.values import replace

if TYPE_CHECKING:
    from promptreg.gate.collect import Rows

__all__ = ["ABResult", "ABTest", "Arm", "Guardrail", "Histogram", "State"]

_FEWEST_ARMS = 2


class ABTest:
    """A comparison of versions of one prompt.

    Log results by hand with `log_result`, or give the store that holds the rows. Arms are compared
    within each model, so that one that was called with a better model more often does not win.

    Args:
        prompt: The prompt's name.
        *arms: Versions, the control first; variants when `experiment` is given.
        metric: The metric that decides.
        higher_is_better: The direction of a custom metric; without one nobody wins.
        alpha: Two-sided error rate over all looks and arms.
        max_samples: The greatest number of observations per arm, which makes a planned test.
        mde: The relative difference that would matter (.05 is 5 %): plans the test when there is
            no `max_samples`, and decides equivalence.
        weights: The intended split of the arms, equal by default.
        guardrails: Thresholds of the other metrics; the gate's defaults.
        store: Where the rows are; None to log by hand.
        experiment: Only rows of this experiment, its variants being the arms.
        environment: Only rows of this environment.
        suite: Only evaluation rows of this suite; ordinary calls by default.
        model: Only rows of this model.

    Raises:
        ConfigError: Fewer than two arms, one arm twice, or an option out of range.
    """

    def __init__(
        self,
        prompt: str,
        *arms: str,
        metric: str = "quality",
        higher_is_better: bool | None = None,
        alpha: float = 0.05,
        max_samples: int | None = None,
        mde: float | None = None,
        weights: Sequence[float] | None = None,
        guardrails: Sequence[Threshold] = DEFAULT_THRESHOLDS,
        store: Rows | None = None,
        experiment: str | None = None,
        environment: str | None = None,
        suite: str | None = None,
        model: str | None = None,
    ) -> None:
        _check(arms, alpha, max_samples, mde, weights)
        self.prompt = prompt
        self.arms = arms
        self.metric: Metric = metric_named(metric, higher_is_better=higher_is_better)
        self.settings = Settings(alpha, mde, max_samples)
        self.weights = tuple(weights) if weights is not None else None
        self.guardrails = tuple(t for t in guardrails if t.metric.name != self.metric.name)
        self._model = model
        self._stored: StoredArms | None = None
        if store is not None:
            self._stored = StoredArms(store, prompt, arms, experiment, environment, suite, model)
        self._logged: list[Observation] = []

    def log_result(self, arm: str, value: float, *, model: str = "") -> None:
        """Log one observation by hand.

        Args:
            arm: The arm it belongs to.
            value: In the metric's unit; 0 or 1 for a share.
            model: The model it came from; arms are compared within each.

        Raises:
            ConfigError: No such arm, a value that is no number, or the rows come from a store.
        """
        if self._stored is not None:
            raise ConfigError("this test reads the store", fix="registry.log_metrics(...)")
        if arm not in self.arms:
            raise ConfigError(f"no arm {arm!r}", fix=f"use one of {', '.join(self.arms)}")
        if not is_measurement(value):
            raise ConfigError(f"{value!r} is no measurement of {self.metric.name}")
        self._logged.append(Observation(arm, float(value), model))

    def get_sample_counts(self) -> dict[str, int]:
        """Return how many observations each arm has."""
        return {arm.name: arm.n for arm in self.get_result().arms}

    def check_metric(self) -> None:
        """Refuse a custom score that no row of the test has, though there are rows.

        Raises:
            ConfigError: It is misspelt, most likely; the fix names the known metrics.
        """
        if self._stored is None or self.metric.kind is not Kind.SCORE:
            return
        if self.metric.name in KNOWN_METRICS or not any(self._stored.counted().units.values()):
            return
        scores = self._stored.scores()
        if self.metric.name not in scores:
            raise ConfigError(
                f"no row of this test has a score {self.metric.name}",
                fix=f"use one of {', '.join((*KNOWN_METRICS, *scores))}",
            )

    def is_ready(self) -> bool:
        """Tell whether there is an answer: a winner, equivalence, or the plan's end."""
        return self.get_result().is_ready

    def print_result(self) -> None:
        """Print the result to stdout."""
        from promptreg.abtest.text import text_result
        from promptreg.cli.output import data, style

        data(text_result(self.get_result(), style))

    def get_result(self) -> ABResult:
        """Return where the test stands.

        Raises:
            MetricsError: The store cannot be read.
        """
        counted = self._stored.counted() if self._stored else None
        currencies = counted.currencies if counted else ()
        left_out = currency_notes(currencies)
        if left_out and self.metric.kind is Kind.COST:
            return replace(self._without_rows().get_result(), model=self._model, notes=left_out)
        samples, guardrails = self._samples(currencies)
        strata = [
            {arm: moments_of(sample, self.metric) for arm, sample in by_arm.items()}
            for by_arm in samples.values()
        ]
        settings, decision = self._decide(strata)
        arms = self._arms(samples, strata)
        counts = counted.units if counted else {arm.name: arm.n for arm in arms}
        needed = None
        if decision.state in {State.COLLECTING, State.RUNNING}:
            needed = more_needed(strata, self.metric, settings)
        return ABResult(
            prompt=self.prompt,
            metric=in_currency(self.metric, currencies),
            state=decision.state,
            winner=decision.winner,
            confidence=decision.confidence,
            arms=arms,
            comparisons=decision.comparisons,
            guardrails=guardrails,
            max_samples=settings.max_samples,
            needed=needed,
            ratio_p=sample_ratio_p(list(counts.values()), self.weights),
            model=self._model,
            models=shared_models(samples),
            notes=(*self._empty_arms(counts), *notes_on(samples, decision, self.metric), *left_out),
        )

    def results_by_model(self) -> list[ABResult]:
        """Return one result for each model that the rows in the store name."""
        if self._stored is None:
            return [self.get_result()]
        results = []
        for model in models_of(self._stored):
            one = copy(self)
            one._model = model  # noqa: SLF001 - a copy of this very object
            one._stored = replace(self._stored, model=model)  # noqa: SLF001 - as above
            results.append(one.get_result())
        return results

    def _empty_arms(self, counts: Mapping[str, int]) -> tuple[str, ...]:
        if self._stored is None:
            return ()
        return tuple(f"no rows of {self.prompt} {arm}" for arm in self.arms if not counts[arm])

    def _without_rows(self) -> ABTest:
        one = copy(self)
        one._stored, one._logged = None, []  # noqa: SLF001 - a copy of this very object
        return one

    def _decide(self, strata: Strata) -> tuple[Settings, Decision]:
        settings = self.settings
        if settings.max_samples is None and settings.mde is None:
            return settings, decide_within(strata, self.metric, alpha=settings.alpha)
        if settings.max_samples is None:
            assert settings.mde is not None
            # Enough rows for every arm to have its pilot even where the split is uneven.
            pilot = self._observations(PILOT_PER_ARM * len(self.arms) * 20)
            size = planned_size(self.arms, pilot, self.metric, settings.mde, settings.alpha)
            if size is None:
                return settings, Decision(State.COLLECTING, None, 0.0, ())
            settings = Settings(settings.alpha, settings.mde, size)
        assert settings.max_samples is not None
        rows = self._observations(settings.max_samples * len(self.arms))
        return settings, planned_decision(self.arms, rows, self.metric, settings)

    def _observations(self, limit: int) -> Sequence[Observation]:
        if self._stored is None:
            return self._logged[:limit]
        return self._stored.observations(self.metric, limit)

    def _samples(self, currencies: Sequence[str]) -> tuple[Samples, tuple[Guardrail, ...]]:
        """Return the samples of each model and arm, and what the other metrics say."""
        if self._stored is None:
            values: dict[str, dict[str, list[float]]] = {}
            for row in self._logged:
                by_arm = values.setdefault(row.model, {arm: [] for arm in self.arms})
                by_arm[row.arm].append(row.value)
            values = values or {"": {arm: [] for arm in self.arms}}
            return {
                model: {arm: Sample.of(own) for arm, own in by_arm.items()}
                for model, by_arm in values.items()
            }, ()
        held = [
            threshold._replace(metric=in_currency(threshold.metric, currencies))
            for threshold in self.guardrails
            if not (len(currencies) > 1 and threshold.metric.kind is Kind.COST)
        ]
        metrics = {self.metric.name: self.metric}
        metrics |= {threshold.metric.name: threshold.metric for threshold in held}
        samples: dict[str, dict[str, Sample]] = {}
        guardrails: list[Guardrail] = []
        for arm in self.arms[1:]:
            strata = self._stored.samples(list(metrics.values()), arm)
            for stratum in strata[self.metric.name]:
                cells = samples.setdefault(stratum.label, {})
                cells.setdefault(self.arms[0], stratum.base)
                cells[arm] = stratum.head
            shared = {
                name: [s for s in parts if s.base.n and s.head.n] for name, parts in strata.items()
            }
            judged = judge(shared, held)
            guardrails += [Guardrail(arm, judgement) for judgement in judged]
        return complete(samples, self.arms), tuple(guardrails)

    def _arms(self, samples: Samples, strata: Strata) -> tuple[Arm, ...]:
        """Return the arms with their means at a common mix of models."""
        histograms = self._histograms()
        means = standardized(
            [{arm: s.linear for arm, s in by_arm.items()} for by_arm in samples.values()]
        )
        common = standardized(strata)
        is_log = ab_scale(self.metric) is Scale.LOG
        return tuple(
            Arm(
                arm,
                sum(by_arm[arm].n for by_arm in samples.values()),
                means[arm].mean,
                math.exp(common[arm].mean) if is_log and common[arm].n else means[arm].mean,
                histograms.get(arm),
            )
            for arm in self.arms
        )

    def _histograms(self) -> dict[str, Histogram]:
        if self._stored is not None:
            return self._stored.histograms(self.metric)
        values = sorted(row.value for row in self._logged)
        if not values:
            return {}
        edge = len(values) // 100
        low, high = values[edge], values[-1 - edge]
        return {
            arm: Histogram.of([row.value for row in self._logged if row.arm == arm], low, high)
            for arm in self.arms
        }


def _check(
    arms: Sequence[str],
    alpha: float,
    max_samples: int | None,
    mde: float | None,
    weights: Sequence[float] | None,
) -> None:
    if len(arms) < _FEWEST_ARMS:
        raise ConfigError("an A/B test needs at least two arms")
    if len(set(arms)) < len(arms):
        raise ConfigError("an arm is named twice")
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha must lie between 0 and 1, not {alpha}")
    if max_samples is not None and max_samples < 1:
        raise ConfigError(f"max_samples must be at least 1, not {max_samples}")
    if mde is not None and not 0.0 < mde < math.inf:
        raise ConfigError(f"mde must be above 0, not {mde}", fix="0.05 is 5 %")
    if weights is not None and (len(weights) != len(arms) or min(weights) <= 0.0):
        raise ConfigError("weights must have one number above 0 for each arm")
