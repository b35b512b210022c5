"""Refs with a file of their own: what is remembered is never stale, whoever writes and how."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from promptreg.git import discover
from promptreg.git.loose import LooseRefs
from promptreg.git.refs import Refs
from tests.kit import Repo

PREFIX = "refs/tags/team/p@"
HOUR_NS = 3_600_000_000_000


def _git_says(repo: Repo, prefix: str = PREFIX) -> dict[str, str]:
    lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    pairs = (line.split(" ") for line in lines)
    return {name: oid for name, oid in pairs if name.startswith(prefix)}


def _two_commits(repo: Repo) -> list[str]:
    oids = []
    for text in ("one", "two"):
        repo.write("a.txt", text)
        oids.append(repo.commit())
    return oids


def test_each_change_is_seen_at_once(repo: Repo) -> None:
    """An open reader answers what git answers after any change, many within one tick of a clock."""
    oids = _two_commits(repo)
    refs = Refs(discover(repo.path))
    chance = random.Random(3)
    for number in range(60):
        tag = f"team/p@1.0.{chance.randrange(6)}"
        match chance.choice(("move", "move", "delete", "pack", "write")):
            case "move":
                repo.git("tag", "-f", tag, chance.choice(oids))
            case "delete":
                repo.try_git("tag", "-d", tag)
            case "pack":
                repo.git("pack-refs", "--all")
            case _:
                # As programs do that know nothing of lock files.
                repo.write(f".git/refs/tags/{tag}", f"{oids[number % 2]}\n")
        assert refs.with_prefix(PREFIX) == _git_says(repo)
        assert sorted(refs.names(PREFIX)) == sorted(_git_says(repo))


def test_what_writers_finished_is_there(repo: Repo) -> None:
    """While other processes make tags, a reader sees each that was made before it looked."""
    (oid, _) = _two_commits(repo)
    refs = Refs(discover(repo.path))

    def make(writer: int) -> None:
        for number in range(40):
            ref = f"{PREFIX}{writer}.0.{number}"
            repo.git("update-ref", ref, oid, "0" * 40)
            assert refs.with_prefix(PREFIX)[ref] == oid
            if number % 10 == 9:
                repo.try_git("pack-refs", "--all")
                assert ref in refs.names(PREFIX)
                assert refs.with_prefix(PREFIX)[ref] == oid

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(make, range(3)))
    assert refs.with_prefix(PREFIX) == _git_says(repo)
    assert len(refs.with_prefix(PREFIX)) == 120


def test_settled_files_are_not_read_again(repo: Repo) -> None:
    """What has been as it is for long is remembered, and forgotten when git replaces it."""
    one, other = _two_commits(repo)
    for number in range(3):
        repo.git("tag", f"team/p@1.0.{number}", one)
    common = str(discover(repo.path).common_dir)
    loose = LooseRefs(common, clock=lambda: time.time_ns() + HOUR_NS)
    first = dict(loose.texts(PREFIX))
    assert first == _git_says(repo)
    assert loose.names(PREFIX) is loose.names(PREFIX)
    assert loose.names("refs/tags/") == [*first]
    assert _opened(common) == 0
    repo.git("tag", "-f", "team/p@1.0.1", other)
    assert dict(loose.texts(PREFIX))[f"{PREFIX}1.0.1"] == other
    repo.git("tag", "-d", "team/p@1.0.2")
    os.utime(Path(common, "refs/tags/team"), ns=(1, 1))
    assert dict(loose.texts(PREFIX)) == _git_says(repo)
    assert loose.names(PREFIX) == [*_git_says(repo)]


def _opened(common: str) -> int:
    """Count the ref files that a second look opens, in a process of its own."""
    code = f"""
import sys, time
from promptreg.git.loose import LooseRefs
loose = LooseRefs({common!r}, clock=lambda: time.time_ns() + {HOUR_NS})
list(loose.texts({PREFIX!r}))
opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event == "open" else None)
assert len(list(loose.texts({PREFIX!r}))) == 3
print(len(opened))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return int(answer.stdout)


def test_young_files_are_read_again(repo: Repo) -> None:
    """A file that another program filled after it made it is not taken for empty ever after."""
    (oid, _) = _two_commits(repo)
    refs = Refs(discover(repo.path))
    repo.write(".git/refs/tags/team/p@1.0.0", "")
    assert refs.with_prefix(PREFIX) == {}
    repo.write(".git/refs/tags/team/p@1.0.0", f"{oid}\n")
    assert refs.with_prefix(PREFIX) == {f"{PREFIX}1.0.0": oid}
