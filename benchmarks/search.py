"""`search` among 1,000 prompts of 100 versions, beside git and prompt-versioner; medians.

Ours as a whole process, until its first line and in an open registry; git's way to ask the same, a
process too; prompt-versioner 0.3.1 within a process, whose storage looks into every version at
once. ``python benchmarks/search.py``; ``--quick`` takes 100 prompts of 10 versions.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from metrics_peer import ask_peer
from repositories import Shape, build_registry

from promptreg import Registry
from promptreg.queries.query import Condition, Query
from promptreg.queries.searching import Search

ROUNDS = 5
RARE = "quagga"
_PEER = """
import json, statistics, sys, time
from pathlib import Path
from prompt_versioner import PromptVersioner
prompts, versions, rare = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
pv = PromptVersioner(project_name="bench", db_path=Path(sys.argv[1]), enable_git=False)
for number in range(prompts):
    text = Path(sys.argv[5], f"team-{number % 32:02}/prompt-{number:05}.prompt.yml").read_text()
    pv.save_version(name=f"prompt-{number:05}", system_prompt=text, user_prompt="{question}",
                    bump_type=None)
# The other versions by one statement: a save of each takes minutes.
database = pv.storage.versions.db
with database.get_connection() as connection:
    for number in range(1, versions):
        connection.execute(
            "INSERT INTO prompt_versions (name, version, system_prompt, user_prompt, metadata,"
            " timestamp) SELECT name, ?, replace(replace(system_prompt, ?, 'zebra'), 'This is',"
            " 'Here is'), user_prompt, metadata, timestamp FROM prompt_versions WHERE id <= ?",
            (f"1.{number}.0", rare, prompts))
    connection.commit()
def median(word):
    times = []
    for _ in range(5):
        began = time.perf_counter()
        found = pv.storage.versions.search(query=word, limit=10_000_000)
        times.append(time.perf_counter() - began)
    return statistics.median(times), len(found)
print(json.dumps({"rare": median(rare), "every": median("manual")}))
"""


@dataclass(frozen=True)
class Question:
    """What is asked: of us, of git, and in prompt-versioner's table."""

    title: str
    words: tuple[str, ...]
    query: Query
    git: tuple[str, ...] = ()
    peer: str = ""
    history: bool = False


def questions(shape: Shape) -> list[Question]:
    """Return what is asked."""
    owner = f"team-7.1.{shape.versions - 1}.0"
    low = Condition.parse("quality<0.8")
    assert low is not None
    absent = "okapi"
    return [
        Question("a word of one file", (RARE,), Query(texts=(RARE,)), ("grep", "-n", RARE), "rare"),
        Question(
            "a word of every file",
            ("manual",),
            Query(texts=("manual",)),
            ("grep", "-n", "manual"),
            "every",
        ),
        Question(
            "metadata of one prompt",
            ("--metadata", f"owner={owner}"),
            Query(metadata=(("owner", owner),)),
            ("grep", "-n", f"owner: {owner}"),
        ),
        Question("a condition on figures", ("quality<0.8",), Query(conditions=(low,))),
        Question(
            "a word of no version",
            (absent, "--history"),
            Query(texts=(absent,)),
            ("log", "--oneline", "-S", absent),
            history=True,
        ),
    ]


def main() -> None:
    """Build the registry, ask in turns, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    shape = Shape(100, 10) if parser.parse_args().quick else Shape(1_000, 100)
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as folder:
        registry = build_registry(Path(folder) / "registry", shape)
        _prepare(registry, shape)
        size = (str(shape.prompts), str(shape.versions))
        database = str(Path(folder) / "bench.db")
        peer = ask_peer(_PEER, database, *size, RARE, str(registry / "prompts"))
        print(f"{shape.prompts:,} prompts, {shape.versions} versions each, medians of {ROUNDS}")
        print(f"load {os.getloadavg()[0]:.1f}; prompt-versioner looks into every version")
        print(f"{'':<26}{'process':>10}{'first line':>12}{'open':>10}{'git':>10}{'peer':>10}")
        for question in questions(shape):
            _row(registry, question, peer)


def _prepare(folder: Path, shape: Shape) -> None:
    """Put the rare word into one file, and log ten calls of every latest version."""
    target = folder / "prompts/team-01/prompt-00001.prompt.yml"
    target.write_text(target.read_text().replace("Rule 3:", f"Rule 3, for a {RARE}:"))
    last = f"1.{shape.versions - 1}.0"
    with Registry(folder) as registry:
        rows = [
            {
                "prompt": name,
                "version": last,
                "digest": registry.tags.release(name, max(registry.tags.oids(name))).digest,
                "quality_score": 0.7 + 0.2 * (number % 2),
                "latency_ms": 100.0 + call,
            }
            for number, name in enumerate(registry.paths())
            for call in range(10)
        ]
        registry.metrics.log_many(rows)


def _row(folder: Path, question: Question, peer: dict[str, tuple[float, int]]) -> None:
    command = [str(Path(sys.executable).parent / "promptreg"), "search", *question.words]
    times: dict[str, list[float]] = {"process": [], "first": [], "open": [], "git": []}
    for _ in range(ROUNDS):
        whole, soon = _run(command, folder)
        times["process"].append(whole)
        times["first"].append(soon)
        times["open"].append(_in_process(folder, question))
        times["git"].append(_run(["git", *question.git], folder)[0] if question.git else 0.0)
    shown = [f"{statistics.median(found) * 1e3:.0f} ms" for found in times.values()]
    asked = peer.get(question.peer)
    beside = f"{asked[0] * 1e3:.0f} ms" if asked else "-"
    process, first, opened, by_git = shown
    by_git = by_git if question.git else "-"
    print(
        f"{question.title:<26}{process:>10}{first:>12}{opened:>10}{by_git:>10}{beside:>10}",
        flush=True,
    )


def _run(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds of a process, and those until its first line or its end."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GIT_PAGER": "cat", "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.perf_counter() - began
        process.stdout.read()
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} failed")
    return time.perf_counter() - began, first


def _in_process(folder: Path, question: Question) -> float:
    with Registry(folder) as registry:
        began = time.perf_counter()
        for _ in Search(registry, question.query, history=question.history):
            pass
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
