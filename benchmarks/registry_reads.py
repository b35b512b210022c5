"""Reads and releases in an open registry, beside git and prompt-versioner, as tags grow.

Builds registries with 1,000 and 10,000 tags (100,000 with `--large`), packed and loose, and
prints medians in milliseconds, what was asked, and ratios. "First" is the first look at each of
100 prompts in an open registry, "again" the second. Run it with ``--large`` for all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from metrics_peer import ask_peer
from repositories import Shape, build_registry

from promptreg import Registry, Version

_PEER = """
import json, os, statistics, sys, tempfile, time
from pathlib import Path
os.chdir(tempfile.mkdtemp())
from prompt_versioner import PromptVersioner
pv = PromptVersioner(project_name="bench", db_path=Path("bench.db"), enable_git=False)
for prompt in range(20):
    for number in range(int(sys.argv[1])):
        pv.save_version(name=f"p{prompt}", system_prompt=f"text {number} " * 200,
                        user_prompt="{question}", bump_type=None if number == 0 else "minor")
def median(call):
    times = []
    for turn in range(100):
        began = time.perf_counter(); call(turn); times.append(time.perf_counter() - began)
    return statistics.median(times)
first = pv.list_versions("p3")[0]["version"]
print(json.dumps({
    "versions of one prompt": median(lambda i: pv.list_versions(f"p{i % 20}")),
    "content of one version": median(lambda i: pv.get_version(f"p{i % 20}", first)),
    "latest content": median(lambda i: pv.get_latest(f"p{i % 20}")),
}))
"""

# Seconds, on the machine the design was made for.
ASKED = {
    "versions of one prompt": 0.0003,
    "content of one version": 0.0001,
    "latest content": 0.0004,
    "release of one version": 0.010,
}


def main() -> None:
    """Print one table for each number of tags."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="100,000 tags too")
    arguments = parser.parse_args()
    peer = ask_peer(_PEER, "20")
    shapes = [Shape(100, 10), Shape(100, 100)]
    shapes += [Shape(1_000, 100)] if arguments.large else []
    for shape in shapes:
        for loose in (False, True):
            with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as folder:
                size = Shape(shape.prompts, shape.versions, loose=loose)
                _table(build_registry(Path(folder) / "registry", size), size, peer)


def _table(folder: Path, shape: Shape, peer: dict[str, float]) -> None:
    if shape.loose:
        time.sleep(4)  # a ref younger than a few seconds is read again at every look
    registry = Registry(folder)
    names = [f"team-{i % 32:02}/prompt-{i:05}" for i in range(100)]
    middle = Version(1, shape.versions // 2)
    reads: dict[str, Callable[[int], object]] = {
        "versions of one prompt": lambda i: registry.tags.versions(names[i]),
        "content of one version": lambda i: _content(registry, names[i], middle),
        "latest content": lambda i: _content(registry, names[i], None),
    }
    pattern = f"{names[1]}@*"
    git = {
        "git for-each-ref of one prompt": ("for-each-ref", f"refs/tags/{pattern}"),
        "git tag -l of one prompt": ("tag", "-l", pattern),
    }
    found = {title: (_median(call), _median(call)) for title, call in reads.items()}
    beside = {title: _median(_asking(folder, words), turns=15) for title, words in git.items()}
    kind = "loose" if shape.loose else "packed"
    load = os.getloadavg()[0]
    print(f"\n{shape.prompts * shape.versions:,} {kind} tags, medians of 100, load {load:.1f}")
    print(f"{'':<36}{'first':>9}{'again':>9}{'asked':>9}  first as a part of")
    listed, tagged = beside.values()
    for title, (first, again) in found.items():
        ratios = f"for-each-ref {first / listed:.3f}, tag -l {first / tagged:.3f}"
        ratios += f", prompt-versioner {first / peer[title]:.2f}"
        print(f"{title:<36}{_ms(first)}{_ms(again)}{_ms(ASKED[title])}  {ratios}")
    parsed = [_median(lambda i: registry.get(f"{names[i]}@{middle}")) for _ in range(2)]
    print(f"{'get(NAME@VERSION), parsed':<36}{_ms(parsed[0])}{_ms(parsed[1])}")
    for title, seconds in beside.items():
        print(f"{title:<36}{_ms(seconds)}")
    title = "release of one version"
    print(f"{title:<36}{_ms(_release(registry, folder, names[0]))}{'':>9}{_ms(ASKED[title])}")


def _asking(folder: Path, words: tuple[str, ...]) -> Callable[[int], object]:
    return lambda _: _git(folder, *words)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:>9.3f}"


def _content(registry: Registry, name: str, version: Version | None) -> bytes | None:
    """Read a released file's bytes by its name and version, as a server would."""
    chosen = version or registry.latest(name)
    assert chosen is not None
    return registry.repository.blob(registry.tags.release(name, chosen).trailers.blob)


def _release(registry: Registry, folder: Path, name: str) -> float:
    """Time the creation of one tag in an open registry, once the candidates are known."""
    from promptreg.operations.release import release_candidate
    from promptreg.operations.walking import find_candidates

    path = folder / "prompts" / f"{name}.prompt.yml"
    path.write_text(path.read_text().replace("page it stands on", "page"))
    command = [
        str(Path(sys.executable).parent / "promptreg"),
        "bump",
        str(path.relative_to(folder)),
    ]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    _git(folder, "commit", "-q", "-a", "-m", "Edit")
    head = registry.repository.head.oid
    assert head is not None
    plan = find_candidates(registry.repository, registry.config, head)
    (candidate,) = plan.candidates
    began = time.perf_counter()
    release_candidate(registry.repository, registry.config, candidate)
    return time.perf_counter() - began


def _median(call: Callable[[int], object], turns: int = 100) -> float:
    times = []
    for turn in range(turns):
        began = time.perf_counter()
        call(turn)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


if __name__ == "__main__":
    main()
