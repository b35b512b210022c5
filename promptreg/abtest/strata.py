"""The samples of a test by model and arm, and what to say about them; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from promptreg.stats.metrics import Scale, ab_scale
from promptreg.stats.samples import Sample

if TYPE_CHECKING:
    from promptreg.stats.decision import Decision
    from promptreg.stats.metrics import Metric

__all__ = ["Samples", "complete", "notes_on", "shared_models"]

Samples = Mapping[str, Mapping[str, Sample]]
"""For each model the sample of every arm; the model is empty where none is named."""


def complete(samples: Samples, arms: Sequence[str]) -> dict[str, dict[str, Sample]]:
    """Return the samples with an empty one wherever an arm has none, in the order of the arms."""
    nothing = Sample.of(())
    given = samples or {"": {}}
    return {
        model: {arm: by_arm.get(arm, nothing) for arm in arms} for model, by_arm in given.items()
    }


def shared_models(samples: Samples) -> tuple[str, ...]:
    """Return the named models within which all arms are compared, sorted."""
    return tuple(
        sorted(
            model
            for model, by_arm in samples.items()
            if model and all(sample.n > 1 for sample in by_arm.values())
        )
    )


def notes_on(samples: Samples, decision: Decision, metric: Metric) -> Iterator[str]:
    """Say what to know before acting on a decision."""
    if decision.note:
        yield decision.note
    for model, by_arm in sorted(samples.items()):
        present = {arm: sample.n for arm, sample in by_arm.items() if sample.n}
        if len(samples) > 1 and len(present) == 1:
            ((arm, n),) = present.items()
            yield f"{model or 'rows without a model'}: {n} values of {arm} only, not compared"
    if ab_scale(metric) is not Scale.LOG:
        return
    for arm in next(iter(samples.values())):
        own = [by_arm[arm] for by_arm in samples.values()]
        dropped, n = sum(s.dropped_by_log for s in own), sum(s.n for s in own)
        if dropped:
            yield f"{arm}: {dropped / n:.0%} of the values are not above 0 and left out"
