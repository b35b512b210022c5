"""prompt-versioner 0.3.1 beside us: in a virtual environment of its own, one process a question."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["ask_peer", "peer_python", "percentile"]

_HOME = Path(tempfile.gettempdir()) / "promptreg-bench" / "prompt-versioner-0.3.1"


def peer_python() -> Path:
    """Return the Python of an environment with prompt-versioner; made when there is none."""
    python = _HOME / "bin" / "python"
    if not python.exists():
        print("installing prompt-versioner 0.3.1 into an environment of its own ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "prompt-versioner==0.3.1"]
        subprocess.run(pip, check=True)
    return python


def ask_peer(script: str, *arguments: str) -> Any:
    """Run a script in the peer's environment; it prints JSON as its last line."""
    done = subprocess.run(
        [str(peer_python()), "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of unsorted values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
