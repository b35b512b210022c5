"""Whole commands beside prompt-versioner and git, in turns; medians and ratios.

Builds registries by fast-import, then times processes: ours, `pv --help` of prompt-versioner 0.3.1
in an environment of its own, and git itself. Run ``python benchmarks/commands.py [--large]``.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from metrics_peer import peer_python
from repositories import Shape, build_registry

import promptreg

NAME = "team-01/prompt-00001"
FILE = f"prompts/{NAME}.prompt.yml"


def main() -> None:
    """Time every command and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--large", action="store_true", help="100,000 tags and 10,000 prompts too")
    arguments = parser.parse_args()
    # pip compiles what it installs; an editable checkout must be compiled to be compared with it.
    compileall.compile_dir(Path(promptreg.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as folder:
        small = _edited(build_registry(Path(folder) / "small", Shape(1_000, 1)))
        _table(
            "1,000 prompts, 1,000 tags",
            small,
            {
                "bump of one changed file": ("bump", "--dry-run", FILE),
                "list": ("list",),
                "versions": ("versions", NAME),
                "show": ("show", f"{NAME}@1.0.0"),
                "check of one changed prompt": ("check", "--base", "main"),
            },
            arguments.runs,
        )
        if arguments.large:
            tags = build_registry(Path(folder) / "tags", Shape(1_000, 100))
            _table(
                "1,000 prompts, 100,000 packed tags",
                tags,
                {
                    "list": ("list",),
                    "versions": ("versions", NAME),
                    "show": ("show", f"{NAME}@1.50.0"),
                },
                arguments.runs,
            )
            many = _edited(build_registry(Path(folder) / "many", Shape(10_000, 1)))
            _table(
                "10,000 prompts",
                many,
                {
                    "check of one changed prompt": ("check", "--base", "main"),
                    "bump of one changed file": ("bump", "--dry-run", FILE),
                },
                arguments.runs,
            )


def _edited(repository: Path) -> Path:
    """Change one prompt on a branch, bump and commit it, then change it again."""
    target = repository / FILE
    _git(repository, "switch", "-q", "-c", "feature")
    target.write_text(target.read_text().replace("page it stands on", "page it is on"))
    subprocess.run(_ours("bump", FILE), cwd=repository, capture_output=True, check=False)
    _git(repository, "commit", "-q", "-a", "-m", "Edit")
    target.write_text(target.read_text().replace("page it is on", "page"))
    return repository


def _git(repository: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(repository), *args], check=True)


def _ours(*words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "promptreg"), *words]


def _table(title: str, folder: Path, commands: Mapping[str, tuple[str, ...]], runs: int) -> None:
    pv = str(peer_python().parent / "pv")
    rows: dict[str, Sequence[str]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "git tag -l": ["git", "tag", "-l"],
        "pv --help": [pv, "--help"],
        **{f"promptreg {name}": _ours(*words) for name, words in commands.items()},
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(runs + 1):
        for name, words in rows.items():
            began = time.perf_counter()
            done = subprocess.run(
                words, cwd=folder, capture_output=True, check=False, env={**os.environ, "CI": ""}
            )
            spent = time.perf_counter() - began
            if done.returncode not in (0, 1):
                sys.exit(f"{name}: {done.stderr.decode()}")
            if turn:
                times[name].append(spent)
    peer = statistics.median(times["pv --help"])
    print(f"\n{title} ({runs} runs in turns; the first of each is not counted)")
    print(f"load {os.getloadavg()[0]:.1f}")
    print(f"{'':<44}{'median':>10}{'min':>10}{'of pv --help':>14}{'asked':>8}{'of tag -l':>11}")
    listed = statistics.median(times["git tag -l"])
    for name, found in times.items():
        median = statistics.median(found)
        asked = f"{_asked(name, title):>8.2f}" if name.startswith("promptreg") else f"{'':>8}"
        print(
            f"{name:<44}{median * 1e3:>7.0f} ms{min(found) * 1e3:>7.0f} ms"
            f"{median / peer:>14.2f}{asked}{median / listed:>11.1f}",
            flush=True,
        )


def _asked(name: str, title: str) -> float:
    """Return what part of `pv --help`, 190 ms where the figures were set, a command may take."""
    if title.startswith("10,000") and "check" in name:
        return 400 / 190
    return 150 / 190 if "100,000" in title and name.endswith("list") else 0.5


if __name__ == "__main__":
    main()
