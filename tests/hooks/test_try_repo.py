"""The hook as other repositories get it: built by pre-commit from this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hooks.conftest import PROMPT, ROOT, TEXT
from tests.kit import Repo

MEGABYTE = 1_000_000
UNREACHABLE = ("Failed to establish a new connection", "Temporary failure in name resolution")


@pytest.mark.slow
def test_pre_commit_builds_and_runs_the_shipped_hook(tmp_path: Path) -> None:
    """`try-repo` installs the package into an environment of its own, which stays small."""
    source = Repo(ROOT).clone(tmp_path / "source", "--depth=1")
    repo = Repo.create(tmp_path / "repo")
    repo.write(PROMPT, TEXT)
    repo.git("add", "-A")
    done = repo.process("pre-commit", "try-repo", str(source.path), "promptreg-bump", "--all-files")
    if any(words in done.out + done.err for words in UNREACHABLE):
        pytest.skip("no package index can be reached")
    assert done.code == 1, done
    assert "new -> 1.0.0" in done.out
    assert repo.read(PROMPT).splitlines()[1] == "version: 1.0.0"
    cache = Path(os.environ["PRE_COMMIT_HOME"])
    assert sum(f.stat().st_size for f in cache.rglob("*") if f.is_file()) < 80 * MEGABYTE
