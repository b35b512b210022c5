"""The README's tour, typed as it stands."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.kit import Repo

README = Path(__file__).resolve().parent.parent / "README.md"


@dataclass(frozen=True)
class Step:
    """One command of the tour and what it says."""

    command: str
    code: int
    expected: tuple[str, ...]


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    fenced = rf"^```{language}\n(.*?)^```"
    return re.findall(fenced, README.read_text(), re.DOTALL | re.MULTILINE)


def tour() -> list[Step]:
    """Return the commands of all console blocks that have a prompt sign."""
    steps: list[Step] = []
    for block in re.findall(
        r"^```console\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE
    ):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, said = part.partition("\n")
            command, _, note = line.partition(" #")
            code = re.search(r"exit code (\d+)", note)
            lines = tuple(text for text in said.splitlines() if text.strip())
            steps.append(Step(command.strip(), int(code[1]) if code else 0, lines))
    return steps


def pattern(line: str) -> str:
    """Return a regular expression for an expected line; ``...`` stands for anything."""
    return ".*".join(re.escape(part) for part in line.split("..."))


def test_the_tour_of_the_readme_works_as_it_stands(repo: Repo) -> None:
    """Every command exits as the README says and prints every line that it shows.

    After it the Python example loads, renders, tracks and logs, and the rows can be asked for.
    """
    steps = tour()
    assert len(steps) > 10
    for step in steps:
        result = repo.process("bash", "-c", step.command)
        said = result.out + result.err
        assert result.code == step.code, f"{step.command}: {result}"
        for line in step.expected:
            assert re.search(f"^{pattern(line)}", said, re.MULTILINE), f"{step.command}: {said}"
    (example,) = blocks("python")
    result = repo.process(sys.executable, "-c", example)
    assert result.code == 0, result.err
    summary = repo.ok("metrics", "summary", "greeting")
    assert "greeting" in summary
    assert "1.0.0" in summary
