"""The simulated history of a team: no version gets two contents, no edit is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark's module, which is no part of the package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.delitem(sys.modules, "merge_simulation", raising=False)
    import merge_simulation

    return merge_simulation


def prove(simulation: ModuleType, folder: Path, *, seed: int, merges: int) -> None:
    """Simulate, and demand that nothing went wrong and that everything was tried."""
    outcome = simulation.simulate(folder, seed=seed, merges=merges)
    said = "\n".join(outcome.lines())
    assert outcome.double == [], said
    assert outcome.lost == [], said
    assert outcome.decreased == [], said
    assert outcome.unstable == 0, said
    assert outcome.merges >= merges
    assert outcome.tags > 0
    # Without conflicts and refusals the simulation would prove nothing.
    assert sum(outcome.conflicts.values()) > 0, said
    assert sum(outcome.refused.values()) > 0, said


@pytest.mark.slow
def test_a_long_history(simulation: ModuleType, tmp_path: Path) -> None:
    """Three hundred merges keep one content for each version and every edit."""
    prove(simulation, tmp_path / "repo", seed=1, merges=300)


def test_the_same_seed_gives_the_same_history(simulation: ModuleType, tmp_path: Path) -> None:
    """A failure can be looked at again: the choices depend on the seed alone."""
    first = simulation.simulate(tmp_path / "one", seed=3, merges=4)
    second = simulation.simulate(tmp_path / "two", seed=3, merges=4)
    assert list(first.lines()) == list(second.lines())
    heads = [(tmp_path / name / ".git/refs/heads/main").read_text() for name in ("one", "two")]
    assert heads[0] == heads[1]
