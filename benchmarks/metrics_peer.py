"""Others beside us: each in a virtual environment of its own, one process a question."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "MLFLOW",
    "PROMPT_VERSIONER",
    "Line",
    "Peer",
    "ask_peer",
    "peer_python",
    "percentile",
    "print_table",
]


@dataclass(frozen=True)
class Peer:
    """What is installed to be compared with; the first package gives it its name."""

    packages: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name with the version, as figures quote it."""
        return self.packages[0].replace("==", " ")

    def python(self) -> Path:
        """Return the Python of its environment; made when there is none.

        Raises:
            CalledProcessError: It cannot be installed.
        """
        home = Path(tempfile.gettempdir()) / "promptreg-bench" / self.packages[0].replace("==", "-")
        python, ready = home / "bin" / "python", home / ".ready"
        if not ready.exists():
            print(f"installing {self.name} into an environment of its own ...", flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *self.packages], check=True, stderr=subprocess.DEVNULL)
            ready.touch()
        return python


PROMPT_VERSIONER = Peer(("prompt-versioner==0.3.1",))
MLFLOW = Peer(("mlflow-skinny==3.17.2", "sqlalchemy", "alembic"))


def peer_python() -> Path:
    """Return the Python of an environment with prompt-versioner; made when there is none."""
    return PROMPT_VERSIONER.python()


def ask_peer(script: str, *arguments: str, peer: Peer = PROMPT_VERSIONER) -> Any:
    """Run a script in a peer's environment; it prints JSON as its last line."""
    done = subprocess.run(
        [str(peer.python()), "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of unsorted values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True)
class Line:
    """One figure: what it is, what was measured, what is asked; `held` None where nothing is."""

    figure: str
    measured: str
    target: str = ""
    held: bool | None = None


def print_table(lines: list[Line]) -> None:
    """Print figures beside their targets."""
    wide = max(len(line.figure) for line in lines), max(len(line.measured) for line in lines)
    print(f"\n{'figure':<{wide[0]}}  {'measured':<{wide[1]}}  target")
    for line in lines:
        verdict = {None: "", True: "  reached", False: "  missed"}[line.held]
        print(f"{line.figure:<{wide[0]}}  {line.measured:<{wide[1]}}  {line.target}{verdict}")
