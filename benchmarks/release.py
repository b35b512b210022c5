"""`release` where nothing, one version or one new prompt waits, as whole processes; medians.

Registries of 10,000 prompts with 100,000 tags, and of 1,000 prompts with 5,001 commits, all
released; beside them git's own look at all tags and at all commits. ``python
benchmarks/release.py``; ``--quick`` takes a tenth of both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repositories import Shape, build_registry

ROUNDS = 7
_FILE = "prompts/team-01/prompt-00001.prompt.yml"
_NEW = "messages: [{role: user, content: hello}]\n"
_GIT = {
    "git for-each-ref": ("for-each-ref",),
    "git rev-list --first-parent": ("rev-list", "--count", "--first-parent", "HEAD"),
}


def main() -> None:
    """Build both, release in turns, print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parts = 10 if parser.parse_args().quick else 1
    for shape in (Shape(10_000 // parts, 10), Shape(1_000 // parts, 6, apart=True)):
        with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as folder:
            _table(build_registry(Path(folder) / "registry", shape), shape)


def _table(folder: Path, shape: Shape) -> None:
    commits = _git(folder, "rev-list", "--count", "HEAD").strip()
    tags = shape.prompts * shape.versions
    print(f"\n{shape.prompts:,} prompts, {tags:,} tags, {int(commits):,} commits")
    print(f"{'':<34}{'wall':>9}{'processor':>11}   load {os.getloadavg()[0]:.1f}")
    _row("nothing new", folder, 0)
    target = folder / _FILE
    target.write_text(target.read_text().replace("page it stands on", "page"))
    _commit(folder, _FILE)
    _row("one new version", folder, 1)
    _commit(folder, "prompts/quite/new.prompt.yml", _NEW)
    _row("and one new prompt", folder, 2)
    # A number without a digest is never released, so it waits at every run.
    (folder / "prompts/claimed.prompt.yml").write_text(f"version: 3.0.0\n{_NEW}")
    _git(folder, "add", "prompts")
    _git(folder, "commit", "-q", "-m", "Claim")
    _row("and a prompt without digest", folder, 2)
    for title, words in _GIT.items():
        _time(title, ["git", *words], folder)


def _commit(folder: Path, path: str, text: str | None = None) -> None:
    if text is not None:
        (folder / path).parent.mkdir()
        (folder / path).write_text(text)
    subprocess.run([_ours(), "bump", path], cwd=folder, capture_output=True, check=False)
    _git(folder, "add", "prompts")
    _git(folder, "commit", "-q", "-m", "Edit")


def _row(title: str, folder: Path, waiting: int) -> None:
    out = _time(f"release, {title}", [_ours(), "release", "--dry-run"], folder)
    found = sum("@" in line for line in out.splitlines())
    if found != waiting:
        sys.exit(f"{found} versions wait in place of {waiting}: {out}")


def _time(title: str, command: list[str], folder: Path) -> str:
    """Print the medians of a process, its children included, and return what it printed."""
    walls, processor = [], []
    for turn in range(ROUNDS + 1):
        before, began = os.times(), time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        after = os.times()
        if turn:
            walls.append(time.perf_counter() - began)
            used = after.children_user + after.children_system
            processor.append(used - before.children_user - before.children_system)
    print(
        f"{title:<34}{statistics.median(walls) * 1e3:>6.0f} ms"
        f"{statistics.median(processor) * 1e3:>8.0f} ms",
        flush=True,
    )
    return done.stdout


def _ours() -> str:
    return str(Path(sys.executable).parent / "promptreg")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
