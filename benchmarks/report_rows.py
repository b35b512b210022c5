"""A report of ten million calls: from the start of the process to the file, memory and all.

``python benchmarks/report_rows.py`` measures 1,000 prompts with 10 versions of 1,000 calls in a
real repository; ``--quick`` 110 prompts, just enough to judge the same pairs. `report_git.py` has
many versions instead.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from calls import add_calls
from report_git import Case, measure
from repositories import Shape, build_registry

CALLS = 1000
VERSIONS = 10


def main() -> None:
    """Build the repository, its calls and the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    shape = Shape(110 if parser.parse_args().quick else 1000, VERSIONS)
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
        root = build_registry(Path(name) / "registry", shape)
        add_calls(root, CALLS)
        measure(Case(shape, CALLS, 1, 60.0, 60.0), root, Path(name) / "report.html")


if __name__ == "__main__":
    main()
