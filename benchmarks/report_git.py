"""A report of a real repository: from the start of the process to the file, memory and all.

``python benchmarks/report_git.py`` makes 1,000 prompts of 100 versions by git fast-import and logs
no calls; ``report_rows.py`` has those. ``--quick`` takes 100 prompts of 20 versions.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repositories import Shape, build_registry


def main() -> None:
    """Build the repository, then the report twice: the second time with a warm tag index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    shape = Shape(100, 20) if parser.parse_args().quick else Shape(1000, 100)
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
        root = build_registry(Path(name) / "registry", shape)
        output = Path(name) / "report.html"
        print(f"{shape.prompts:,} prompts x {shape.versions} versions in git")
        for turn in ("first", "second"):
            _once(turn, root, output)


def _once(turn: str, root: Path, output: Path) -> None:
    words = [sys.executable, "-m", "promptreg", "-C", str(root), "report", "-o", str(output)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = output.stat().st_size / 1e6
    load = os.getloadavg()[0]
    print(f"  {turn} report {took:.1f} s, {spent:.1f} s of all processors, load {load:.1f}")
    print(f"    {size:.1f} MB (target 60), largest process {after.ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
