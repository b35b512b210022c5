"""The plan of the house: a part imports only what stands above it in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PACKAGE = TOP / "promptreg"


def layers() -> list[set[str]]:
    """Return the parts of the package from the top of the plan to its bottom."""
    plan = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("```plan\n")[2]
    lines = plan.partition("```")[0].strip().splitlines()
    return [set(re.split(r"[ ,]+", line.partition("  ")[0].strip())) for line in lines]


def part_of(module: str) -> str:
    """Return the part that a module belongs to: the first name below the package."""
    return ([*module.split("."), "__init__"])[1]


def imports() -> Iterator[tuple[str, str, str]]:
    """Yield part, imported part and file of every import that runs when a module is loaded."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("promptreg"):
                yield part_of(module), part_of(str(node.module)), str(path.relative_to(TOP))


def test_the_plan_names_every_part() -> None:
    """Nothing is built beside the plan, and the plan names nothing that is not there."""
    here = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    named = set().union(*layers())
    assert named == here - {"__pycache__", "__init__", "__main__"}


def test_a_part_imports_only_what_stands_above_it() -> None:
    """No import that runs at load time goes down the plan, or to the side."""
    height = {part: number for number, layer in enumerate(layers()) for part in layer}
    wrong = [
        f"{file}: {part} imports {other}"
        for part, other, file in imports()
        if part in height and part != other and height[other] >= height[part]
    ]
    assert wrong == []


def test_one_part_owns_each_outside_world() -> None:
    """Only git loads pygit2 and only storage the packages of the metrics, lazily or not."""
    stores = ("pyarrow", "deltalake", "duckdb", "pyspark", "sqlglot")
    owners = {"pygit2": "git"} | dict.fromkeys(stores, "storage")
    pattern = re.compile(rf"^\s*(?:import|from) ({'|'.join(owners)})\b", re.MULTILINE)
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0]
        for name in pattern.findall(path.read_text(encoding="utf-8")):
            assert part == owners[name], f"{path} imports {name}"
