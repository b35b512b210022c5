"""Creating tags: nobody claims a name twice."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from promptreg.errors import ConflictError, RepositoryError
from promptreg.git import Repository
from promptreg.git import tagging as tagging_module
from promptreg.git.tagging import TagOutcome
from tests.kit import Repo, running

CLAIMER = """
import json, random, sys
from promptreg.git import Repository
from promptreg.git.tagging import TagOutcome
path, seed, target, tagger = sys.argv[1:]
repository = Repository.open(path)
names = [f"team/prompt@1.0.{i}" for i in range(200)]
random.Random(int(seed)).shuffle(names)
won = {}
for name in names:
    outcome, oid = repository.create_tag(
        name, target=target, tagger=tagger, message=f"by {seed}\\n"
    )
    if outcome is TagOutcome.CREATED:
        won[name] = oid
print(json.dumps(won))
"""

# What other processes do to a ref's lock again and again, as fast as they can.
MEDDLER = """
import contextlib, os, sys
lock = sys.argv[1]
print("ready", flush=True)
while True:
    with contextlib.suppress(OSError):
        {act}
"""
LOCKS_IT = "os.close(os.open(lock, os.O_CREAT | os.O_EXCL)); os.unlink(lock)"
# As git does with a folder when it has taken the last ref out of it.
TAKES_ITS_FOLDER = "os.rmdir(os.path.dirname(lock))"


@pytest.fixture
def target(repo: Repo) -> str:
    """A commit to tag."""
    repo.write("a.txt", "a")
    return repo.commit()


TAGGER = "Ada Example <ada@example.com> 1700000000 +0100"


def test_the_tag_is_an_ordinary_annotated_tag(repo: Repo, target: str) -> None:
    """Git shows the tag with target, tagger, date and message as given, and fsck is content."""
    outcome, oid = Repository.open(repo.path).create_tag(
        "a/b@1.0.0", target=target, tagger=TAGGER, message="subject\n\nDigest: x\n"
    )
    assert outcome is TagOutcome.CREATED
    assert repo.git("rev-parse", "refs/tags/a/b@1.0.0") == oid
    assert repo.git("cat-file", "tag", oid) == (
        f"object {target}\ntype commit\ntag a/b@1.0.0\ntagger {TAGGER}\n\nsubject\n\nDigest: x"
    )
    assert repo.try_git("fsck", "--strict").code == 0


def test_an_existing_tag_stays(repo: Repo, target: str) -> None:
    """A name that is taken, loose or packed, keeps its tag and is reported as existing."""
    opened = Repository.open(repo.path)
    _, first = opened.create_tag("x@1.0.0", target=target, tagger=TAGGER, message="one\n")
    for _ in range(2):
        outcome, oid = opened.create_tag("x@1.0.0", target=target, tagger=TAGGER, message="two\n")
        assert (outcome, oid) == (TagOutcome.EXISTED, first)
        repo.git("pack-refs", "--all")


def test_two_machines_make_the_same_object(repo: Repo, target: str, tmp_path: Path) -> None:
    """The object id depends on nothing but what was given."""
    clone = repo.clone(tmp_path / "clone")
    oids = {
        Repository.open(each.path).create_tag(
            "x@1.0.0", target=target, tagger=TAGGER, message="m\n"
        )[1]
        for each in (repo, clone)
    }
    assert len(oids) == 1


def test_eight_processes_and_two_hundred_names(repo: Repo, target: str) -> None:
    """Eight processes that want the same 200 names: each name has one winner, and its tag."""
    claimers = [
        [sys.executable, "-c", CLAIMER, str(repo.path), str(seed), target, TAGGER]
        for seed in range(8)
    ]
    won = []
    with running(*claimers) as processes:
        for process in processes:
            out, _ = process.communicate()
            assert process.returncode == 0
            won.append(json.loads(out))
    claims = Counter(name for each in won for name in each)
    assert len(claims) == 200
    assert set(claims.values()) == {1}
    for each in won:
        for name, oid in each.items():
            assert repo.git("rev-parse", f"refs/tags/{name}") == oid
    assert not list((repo.path / ".git/refs").rglob("*.lock"))


def test_a_stale_lock_is_named(repo: Repo, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that stays ends in an error with the file to remove; nothing was tagged."""
    monkeypatch.setattr(tagging_module, "_LOCK_WAIT", 0)
    lock = repo.path / ".git/refs/tags/x@1.0.0.lock"
    lock.write_text("")
    with pytest.raises(ConflictError) as caught:
        Repository.open(repo.path).create_tag(
            "x@1.0.0", target=target, tagger=TAGGER, message="m\n"
        )
    assert str(lock) in str(caught.value.fix)
    assert repo.tags() == []


@pytest.mark.parametrize("act", [LOCKS_IT, TAKES_ITS_FOLDER])
def test_a_lock_that_comes_and_goes_is_waited_for(
    repo: Repo, target: str, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """What happens between libgit2's look and its own lock is waited for: no repository is broken.

    libgit2 tells what it met in other words each time.
    """
    monkeypatch.setattr(tagging_module, "_LOCK_WAIT", 0)
    # Who has the lock may have to wait for a processor.
    monkeypatch.setattr(tagging_module, "_LOCK_ATTEMPTS", 1_000_000)
    opened = Repository.open(repo.path)
    ref = repo.path / ".git/refs/tags/team/x@1.0.0"
    with running([sys.executable, "-c", MEDDLER.format(act=act), f"{ref}.lock"]) as (meddler,):
        assert meddler.stdout is not None
        assert meddler.stdout.readline() == "ready\n"
        for _ in range(300):
            outcome, oid = opened.create_tag(
                "team/x@1.0.0", target=target, tagger=TAGGER, message="m\n"
            )
            assert outcome is TagOutcome.CREATED
            assert ref.read_text().strip() == oid
            ref.unlink()


def test_a_name_below_another_tag_is_refused(repo: Repo, target: str) -> None:
    """A tag where a folder is wanted, or a folder where a tag is, is a clear error."""
    opened = Repository.open(repo.path)
    repo.git("tag", "clock")
    repo.git("tag", "d/e@1.0.0")
    for name in ("clock/b@1.0.0", "d"):
        with pytest.raises(RepositoryError, match=f"tag refs/tags/{name} cannot be created"):
            opened.create_tag(name, target=target, tagger=TAGGER, message="m\n")
    assert repo.tags() == ["clock", "d/e@1.0.0"]


def test_delete(repo: Repo, target: str) -> None:
    """Deleting removes loose and packed tags, and a missing one is no error."""
    opened = Repository.open(repo.path)
    for pack in (False, True):
        repo.git("tag", "x@1.0.0")
        if pack:
            repo.git("pack-refs", "--all")
        opened.delete_tag("x@1.0.0")
        assert repo.tags() == []
        opened.delete_tag("x@1.0.0")


@pytest.mark.parametrize("lock", ["refs/tags/x@1.0.0.lock", "packed-refs.lock"])
def test_a_tag_that_is_locked_is_not_deleted(repo: Repo, target: str, lock: str) -> None:
    """A lock that stays ends in an error with the file to remove, and the tag is still there."""
    repo.git("config", "core.packedRefsTimeout", "0")
    repo.git("tag", "x@1.0.0")
    repo.git("pack-refs", "--all")
    held = repo.path / ".git" / lock
    held.write_text("")
    opened = Repository.open(repo.path)
    with pytest.raises(ConflictError) as caught:
        opened.delete_tag("x@1.0.0")
    assert str(held) in str(caught.value.fix)
    assert repo.tags() == ["x@1.0.0"]
    held.unlink()
    opened.delete_tag("x@1.0.0")
    assert repo.tags() == []
