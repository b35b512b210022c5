"""Pages that are built again in a process that watches, after changes small and none.

``python benchmarks/report_watch.py`` measures 100 prompts of 100 versions with 100 calls each;
``--quick`` 110 prompts of 10 versions. Each line has the seconds until the page stands and those
of all processors, processes that read included; it ends with one page more from a memory of
nothing, which must be the same to the byte.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from calls import NEW_CALLS, add_calls, add_new_calls
from repositories import Shape, build_registry

from promptreg.registry import Registry
from promptreg.report.building import build_page
from promptreg.report.data import Options
from promptreg.report.memory import Memory

CALLS = 100


def main() -> None:
    """Build the repository, then its page after each change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    shape = Shape(110, 10) if parser.parse_args().quick else Shape(100, 100)
    with tempfile.TemporaryDirectory(prefix="promptreg-bench-") as name:
        root = build_registry(Path(name) / "registry", shape)
        add_calls(root, CALLS)
        print(
            f"{shape.prompts:,} prompts x {shape.versions} versions in git, "
            f"{shape.prompts * shape.versions * CALLS:,} calls, load {os.getloadavg()[0]:.1f}"
        )
        _measure(root, Memory())


def _measure(root: Path, memory: Memory) -> None:
    with Registry(root) as registry:
        prompt = min(registry.tags.names())
        first, *_, last = registry.tags.releases(prompt)
    _build("first page", root, memory)
    _build("nothing changed", root, memory)
    _git(root, "tag", "-d", first.tag)
    _build("a tag changed", root, memory)
    with Registry(root) as registry:
        add_new_calls(registry, prompt, last)
    _build(f"{NEW_CALLS} calls of one prompt", root, memory)
    _git(root, "commit", "-q", "--allow-empty", "-m", "More")
    page = _build("a commit of something else", root, memory)
    assert _build("the same in another process", root, Memory()) == page


def _build(what: str, root: Path, memory: Memory) -> str:
    start, spent = time.perf_counter(), _processor()
    with Registry(root) as registry:
        page = "".join(build_page(registry, Options(), live=True, memory=memory).parts())
        registry.metrics.close()
    seconds, spent = time.perf_counter() - start, _processor() - spent
    print(f"  {what:<30} {seconds:9.2f} s {spent:9.2f} s of processor")
    return page


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _git(root: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(root), *args], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
