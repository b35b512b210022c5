"""Every figure the documentation quotes: runs all benchmarks, one after the other.

``python benchmarks/run.py`` takes an hour or so; ``--quick`` takes the short form of each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The arguments of the whole form, and of the short one.
BENCHMARKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "commands.py": (("--large",), ("--runs", "3")),
    "registry_reads.py": (("--large",), ()),
    "release.py": ((), ("--quick",)),
    "search.py": ((), ("--quick",)),
    "merge_simulation.py": (("--merges", "300"), ("--merges", "20")),
    "metrics_log.py": ((), ("--rounds", "2", "--calls", "5000")),
    "metrics_query.py": (("--rows", "10000000"), ("--rows", "200000")),
    "metrics_stress.py": (("--kills", "400"), ("--kills", "30")),
    "stats_figures.py": ((), ("--quick",)),
    "report_scale.py": ((), ("--quick",)),
    "report_rows.py": ((), ("--quick",)),
    "report_git.py": ((), ("--quick",)),
    "report_watch.py": ((), ("--quick",)),
    "report_peer.py": ((), ("--quick",)),
}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="the short form of each")
    arguments = parser.parse_args()
    failed = []
    for script in arguments.names or BENCHMARKS:
        whole, quick = BENCHMARKS[script]
        words = [sys.executable, str(HERE / script), *(quick if arguments.quick else whole)]
        print(f"\n### {script} {' '.join(words[2:])}", flush=True)
        if subprocess.run(words, check=False).returncode != 0:
            failed.append(script)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
