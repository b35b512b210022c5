"""The main job end to end: edit, bump, release, log, block a regression, report.

Builds a throw-away repository from the sample prompts and walks through it with the commands a user
would type; each is shown with its output. Run it with ``make demo``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulated_calls import Traffic, load_traffic

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BOLD, DIM, OFF = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "", "")
CALLS = 1_500
CASES = 80


class Walk:
    """A repository and the commands typed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            # The hooks must find promptreg, and the commits need an identity that is nobody's.
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "Ada Example",
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada Example",
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
        }

    def type(self, line: str, *words: str, code: int = 0) -> str:
        """Show a command, run it, show what it says; it must exit with the code."""
        print(f"\n{BOLD}$ {line}{OFF}", flush=True)
        done = subprocess.run(
            words or line.split(),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout.rstrip(), flush=True)
        if done.returncode != code:
            sys.exit(f"demo: `{line}` gave exit code {done.returncode}, expected {code}")
        if code:
            print(f"{DIM}(exit code {code}){OFF}")
        return done.stdout

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a text in a file, as a person in an editor would."""
        target = self.folder / path
        text = target.read_text(encoding="utf-8")
        if old not in text:
            sys.exit(f"demo: {path} does not hold {old!r}")
        target.write_text(text.replace(old, new), encoding="utf-8")
        print(f"\n{DIM}# edit {path}: {new.strip()!r}{OFF}")


def heading(text: str) -> None:
    """Show where in the walk we are."""
    print(f"\n{BOLD}== {text}{OFF}", flush=True)


def start(walk: Walk) -> None:
    """Make the registry: sample prompts, hooks, first release."""
    heading("1. A registry is a git repository")
    walk.type("git init -q -b main")
    shutil.copytree(ROOT / "prompts", walk.folder / "prompts")
    # The label file names tags that this new repository does not have yet.
    shutil.rmtree(walk.folder / "prompts" / "labels")
    walk.type("promptreg init")
    walk.type("pre-commit install")
    walk.type("git add -A")
    walk.type("git commit -q -m Adopt", "git", "commit", "-q", "-m", "Adopt promptreg")
    walk.type("promptreg release")
    walk.type("promptreg list")


def improve(walk: Walk) -> None:
    """Edit a prompt in a branch; the hook bumps it, the merge releases it."""
    heading("2. Edit a prompt in a branch: the hook bumps the version")
    walk.type("git switch -q -c shorter-summaries")
    walk.edit(
        "prompts/summarizer.prompt.yml",
        "Keep every number, name and date exactly as it stands in the text.",
        "Keep every number, name and date exactly. Leave out examples and asides.",
    )
    walk.type("promptreg diff summarizer")
    walk.type("git commit -a -m ...", "git", "commit", "-a", "-m", "Shorter summaries", code=1)
    walk.type("git commit -a -m ...", "git", "commit", "-q", "-a", "-m", "Shorter summaries")
    walk.type("promptreg check")
    heading("3. Merge and release: the version becomes a tag")
    walk.type("git switch -q main")
    walk.type("git merge -q --no-ff shorter-summaries", *_merge("shorter-summaries"))
    walk.type("promptreg release")
    walk.type("promptreg label set production summarizer 1.1.0")
    walk.type("git add prompts/labels")
    walk.type("git commit -q -m Promote", "git", "commit", "-q", "-m", "Promote summarizer 1.1.0")
    walk.type("promptreg versions summarizer")


def _merge(branch: str) -> tuple[str, ...]:
    return ("git", "merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)


def measure(walk: Walk, traffic: Traffic) -> None:
    """Log production calls of both versions."""
    heading(f"4. Log calls: {traffic.source}")
    calls = walk.folder / "calls.jsonl"
    calls.write_text(traffic.production(walk.folder, CALLS), encoding="utf-8")
    walk.type("promptreg metrics log --from-jsonl calls.jsonl")
    walk.type("promptreg metrics summary summarizer")


def regress(walk: Walk, traffic: Traffic) -> None:
    """Change the prompt for the worse; the gate blocks it."""
    heading("5. A change for the worse: the gate blocks it")
    walk.type("git switch -q -c no-rules")
    walk.edit(
        "prompts/summarizer.prompt.yml",
        "Keep every number, name and date exactly. Leave out examples and asides.",
        "Be creative.",
    )
    walk.type("promptreg bump prompts/summarizer.prompt.yml", code=1)
    walk.type("git commit -q -a -m ...", "git", "commit", "-q", "-a", "-m", "Be creative")
    rows = walk.folder / "evaluation.jsonl"
    rows.write_text(traffic.evaluation(walk.folder, CASES), encoding="utf-8")
    print(f"\n{DIM}# evaluation.jsonl: {CASES} cases, run with 1.1.0 and with this branch{OFF}")
    walk.type("promptreg metrics log --from-jsonl evaluation.jsonl")
    walk.type("promptreg check --metrics --base main", code=1)


def report(walk: Walk, output: Path) -> None:
    """Write the report."""
    heading("6. The report")
    walk.type(f"promptreg report -o {output}")


def main() -> None:
    """Walk through it all in a temporary folder, or in the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="where the report goes")
    parser.add_argument("--folder", type=Path, help="where the repository goes; kept")
    arguments = parser.parse_args()
    began = time.monotonic()
    parent = arguments.folder or Path(tempfile.mkdtemp(prefix="promptreg-demo-"))
    folder = parent / "registry"
    folder.mkdir(parents=True)
    walk = Walk(folder)
    traffic = load_traffic(ROOT)
    start(walk)
    improve(walk)
    measure(walk, traffic)
    regress(walk, traffic)
    output = (arguments.output or parent / "report.html").resolve()
    report(walk, output)
    print(f"\nThe regression was blocked. Report: {output}")
    print(f"The repository: {folder}   ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
