"""The monitor that runs for ever: its rhythm, how it ends, and what it remembers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from promptreg.errors import MetricsError
from promptreg.metrics.facade import Metrics
from promptreg.monitor.loop import look_every
from tests.gate.worlds import BASE, HEAD, calls
from tests.kit import Repo, running


def test_it_looks_waits_and_looks_again() -> None:
    """Each look is followed by a pause of the given length, until the pause says stop."""
    seen: list[str | float] = []
    answers = iter([False, False, True])

    def wait(seconds: float) -> bool:
        seen.append(seconds)
        return next(answers)

    look_every(lambda: seen.append("look"), 300.0, wait)
    assert seen == ["look", 300.0, "look", 300.0, "look", 300.0]


def test_an_error_ends_it() -> None:
    """What the look does not catch itself is not swallowed."""

    def look() -> None:
        raise MetricsError("broken")

    with pytest.raises(MetricsError, match="broken"):
        look_every(look, 1.0, lambda _: False)


@pytest.fixture
def watched(tmp_path: Path) -> Repo:
    """Return a repository whose store holds a regression of quality."""
    repo = Repo.create(tmp_path / "repo")
    store = Metrics(repo.path / ".promptreg" / "metrics")
    store.log_many(calls(BASE, 200, seed=1))
    store.log_many(calls(HEAD, 200, seed=2, quality=0.8))
    store.close()
    return repo


@contextmanager
def _monitor(repo: Repo, every: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "promptreg", "monitor", "--every", every]
    options = {"cwd": repo.path, "env": repo.env(), "stderr": subprocess.PIPE}
    with running(words, **options) as (process,):
        yield process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line, "the monitor ended"
    return line


def _told(repo: Repo) -> set[str]:
    state = json.loads((repo.path / ".promptreg" / "monitor.json").read_text(encoding="utf-8"))
    return set(state["told"])


@pytest.mark.parametrize(
    ("number", "code", "last"),
    [(signal.SIGTERM, 0, "stopped"), (signal.SIGINT, 130, "")],
)
def test_a_signal_ends_a_real_monitor(
    watched: Repo, number: signal.Signals, code: int, last: str
) -> None:
    """SIGTERM ends the monitor with 0 and SIGINT with 130, and what was told is remembered."""
    with _monitor(watched, "1h") as process:
        assert "quality" in _line(process)
        process.send_signal(number)
        assert process.wait() == code
        assert process.stderr is not None
        assert process.stderr.read().strip().endswith(last)
    assert any("quality" in key for key in _told(watched))


def test_a_killed_monitor_tells_nothing_twice(watched: Repo) -> None:
    """After kill -9 the next monitor is silent on what was told, and tells what is new."""
    with _monitor(watched, "1s") as process:
        assert "quality" in _line(process)
        store = Metrics(watched.path / ".promptreg" / "metrics")
        store.log_many(calls(HEAD, 400, seed=3, quality=0.8, cost=3.0))
        store.close()
        # Only a second look of the same process can know of it; then it has saved the first.
        assert "cost" in _line(process)
        process.kill()
        process.wait()
    remembered = _told(watched)
    assert any("quality" in key for key in remembered)
    with _monitor(watched, "1s") as process:
        store = Metrics(watched.path / ".promptreg" / "metrics")
        store.log_many(calls(HEAD, 800, seed=4, quality=0.8, cost=3.0, latency=4.0))
        store.close()
        lines = [_line(process)]
        while "latency" not in lines[-1]:
            lines.append(_line(process))
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    assert not any("quality" in line for line in lines)
