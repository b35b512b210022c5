"""Reads and releases in an open registry, beside git and prompt-versioner, as tags grow.

Builds registries with 1,000 and 10,000 tags (100,000 with `--large`), packed and loose, and
prints medians and ratios. Run ``python benchmarks/registry_reads.py [--large]``.
"""

from __future__ import annotations

import argparse
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
    registry = Registry(folder)
    names = [f"team-{i % 32:02}/prompt-{i:05}" for i in range(100)]
    middle = Version(1, shape.versions // 2)
    found = {
        "versions of one prompt": _median(lambda i: registry.tags.oids(names[i])),
        "content of one version": _median(lambda i: _content(registry, names[i], middle)),
        "latest content": _median(lambda i: _content(registry, names[i], None)),
        "get(NAME@VERSION), parsed, first": _median(lambda i: registry.get(f"{names[i]}@{middle}")),
        "get(NAME@VERSION), parsed, again": _median(lambda i: registry.get(f"{names[i]}@{middle}")),
    }
    pattern = f"{names[1]}@*"
    git = {
        "git for-each-ref of one prompt": ("for-each-ref", f"refs/tags/{pattern}"),
        "git tag -l of one prompt": ("tag", "-l", pattern),
    }
    kind = "loose" if shape.loose else "packed"
    print(f"\n{shape.prompts * shape.versions:,} {kind} tags, medians of 100")
    for title, seconds in found.items():
        beside = peer.get(title)
        ratio = (
            f"{seconds / beside:>8.2f} of prompt-versioner's {beside * 1e3:.3f}" if beside else ""
        )
        print(f"{title:<36}{seconds * 1e3:>9.3f} ms  {ratio}")
    for title, words in git.items():
        seconds = _median(lambda _, w=words: _git(folder, *w), turns=15)
        print(f"{title:<36}{seconds * 1e3:>9.3f} ms")
    print(f"{'release of one version':<36}{_release(registry, folder, names[0]) * 1e3:>9.3f} ms")


def _content(registry: Registry, name: str, version: Version | None) -> bytes | None:
    """Read a released file's bytes by its name and version, as a server would."""
    chosen = version or max(registry.tags.oids(name))
    return registry.repository.blob(registry.tags.release(name, chosen).trailers.blob)


def _release(registry: Registry, folder: Path, name: str) -> float:
    """Time the creation of one tag in an open registry, once the candidates are known."""
    from promptreg.operations.release import find_candidates, release_candidate

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
