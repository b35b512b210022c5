"""Reading refs from their files: always what `git for-each-ref` says."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.git import discover
from promptreg.git.discovery import GitPaths
from promptreg.git.refs import Refs
from tests.kit import Repo


def _refs(repo: Repo) -> Refs:
    return Refs(discover(repo.path))


def _git_says(repo: Repo, prefix: str = "refs/") -> dict[str, str]:
    lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    pairs = (line.split(" ") for line in lines)
    return {name: oid for name, oid in pairs if name.startswith(prefix)}


def _with_tags(repo: Repo, count: int) -> list[str]:
    """Make annotated tags of several prompts with one fast-import."""
    repo.write("a.txt", "a")
    commit = repo.commit()
    names = [
        f"{'team/' * (i % 3)}prompt-{i % 37}@{i // 1000}.{i % 1000 // 10}.{i % 10}"
        for i in range(count)
    ]
    stream = "".join(
        f"tag {name}\nfrom {commit}\ntagger A <a@b> {1_700_000_000 + i} +0000\ndata 2\nx\n"
        for i, name in enumerate(names)
    )
    assert repo.process("git", "fast-import", "--quiet", stdin=stream).code == 0
    return names


@pytest.mark.parametrize("layout", ["loose", "packed", "both"])
def test_all_refs_are_what_git_lists(repo: Repo, layout: str) -> None:
    """Loose, packed or both: the refs are those of for-each-ref, and so is each part of them."""
    _with_tags(repo, 300)
    repo.git("branch", "feature/x")
    if layout != "loose":
        repo.git("pack-refs", "--all")
    if layout == "both":
        repo.write("b.txt", "b")
        repo.commit()
        repo.git("tag", "-f", "-a", "-m", "moved", "prompt-1@0.0.1")
        repo.git("tag", "prompt-1@9.0.0")
    refs = _refs(repo)
    assert refs.with_prefix("refs/") == _git_says(repo)
    for prefix in ("refs/tags/", "refs/tags/prompt-1@", "refs/tags/team/prompt-1", "refs/heads/f"):
        assert refs.with_prefix(prefix) == _git_says(repo, prefix)
        assert sorted(refs.names(prefix)) == sorted(_git_says(repo, prefix))
    for name, oid in _git_says(repo).items():
        assert refs.read(name) == oid
    assert refs.read("refs/tags/prompt-1@") is None
    assert refs.with_prefix("refs/tags/zzz") == {}


def test_ten_thousand_packed_tags(repo: Repo) -> None:
    """Binary search among 10,000 packed tags finds each prompt's tags and no others."""
    names = _with_tags(repo, 10_000)
    repo.git("pack-refs", "--all")
    refs, said = _refs(repo), _git_says(repo)
    for prompt in {name.partition("@")[0] for name in names}:
        prefix = f"refs/tags/{prompt}@"
        assert refs.with_prefix(prefix) == {k: v for k, v in said.items() if k.startswith(prefix)}
        assert list(refs.names(prefix)) == [k for k in said if k.startswith(prefix)]
    assert list(refs.names("refs/tags/")) == [k for k in said if k.startswith("refs/tags/")]
    for name in random.Random(1).sample(names, 200):
        assert refs.read(f"refs/tags/{name}") == said[f"refs/tags/{name}"]
        assert refs.read(f"refs/tags/{name}x") is None
        assert refs.read(f"refs/tags/{name[:-1]}") == said.get(f"refs/tags/{name[:-1]}")


@pytest.mark.parametrize("header", ["", "# pack-refs with: peeled fully-peeled \n"])
def test_unsorted_packed_refs_are_read_to_the_end(repo: Repo, header: str) -> None:
    """Without `sorted` in the header, as other implementations write it, nothing is missed."""
    _with_tags(repo, 200)
    repo.git("pack-refs", "--all")
    packed = repo.path / ".git" / "packed-refs"
    lines = packed.read_text().splitlines(keepends=True)[1:]
    entries: list[str] = []
    for line in lines:
        if line.startswith("^"):
            entries[-1] += line
        else:
            entries.append(line)
    random.Random(2).shuffle(entries)
    packed.write_text(header + "".join(entries))
    refs, said = _refs(repo), _git_says(repo)
    assert refs.with_prefix("refs/tags/") == {k: v for k, v in said.items() if "tags" in k}
    assert set(refs.names("refs/tags/")) == {k for k in said if "tags" in k}
    assert all(refs.read(name) == oid for name, oid in said.items())


def test_a_loose_ref_wins_over_a_packed_one(repo: Repo) -> None:
    """A ref that moved since it was packed has its new value."""
    repo.write("a.txt", "a")
    repo.commit()
    repo.git("tag", "x@1.0.0")
    repo.git("pack-refs", "--all")
    repo.write("a.txt", "b")
    new = repo.commit()
    repo.git("tag", "-f", "x@1.0.0")
    refs = _refs(repo)
    assert refs.read("refs/tags/x@1.0.0") == new
    assert refs.with_prefix("refs/tags/") == {"refs/tags/x@1.0.0": new}


def test_changes_are_seen_by_an_open_reader(repo: Repo) -> None:
    """Creating, packing and deleting tags meanwhile is seen without opening the repository anew."""
    repo.write("a.txt", "a")
    oid = repo.commit()
    refs = _refs(repo)
    assert refs.with_prefix("refs/tags/") == {}
    repo.git("tag", "x@1.0.0")
    assert refs.read("refs/tags/x@1.0.0") == oid
    before = refs.packed_fingerprint()
    repo.git("pack-refs", "--all")
    assert refs.packed_fingerprint() != before
    assert refs.read("refs/tags/x@1.0.0") == oid
    repo.git("tag", "-d", "x@1.0.0")
    assert refs.read("refs/tags/x@1.0.0") is None


def test_symbolic_refs(repo: Repo) -> None:
    """HEAD and origin/HEAD are followed; a circle and a dangling one have no value."""
    repo.write("a.txt", "a")
    oid = repo.commit()
    repo.git("update-ref", "refs/remotes/origin/main", oid)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    repo.git("symbolic-ref", "refs/heads/nowhere", "refs/heads/none")
    (repo.path / ".git/refs/heads/one").write_text("ref: refs/heads/two\n")
    (repo.path / ".git/refs/heads/two").write_text("ref: refs/heads/one\n")
    refs = _refs(repo)
    assert refs.read("HEAD") == oid
    assert refs.symbolic("HEAD") == "refs/heads/main"
    assert refs.symbolic("refs/remotes/origin/HEAD") == "refs/remotes/origin/main"
    assert refs.read("refs/heads/alias") == oid
    assert refs.read("refs/heads/nowhere") is None
    assert refs.read("refs/heads/one") is None
    repo.git("pack-refs", "--all")
    (repo.path / ".git/refs/heads/one").unlink()
    (repo.path / ".git/refs/heads/two").unlink()
    assert refs.with_prefix("refs/") == _git_says(repo)


def test_linked_worktree_has_its_own_head_and_common_refs(repo: Repo) -> None:
    """In a linked worktree HEAD is its own, branches and tags are common, bisect refs are not."""
    repo.write("a.txt", "a")
    repo.commit()
    repo.git("tag", "x@1.0.0")
    repo.git("worktree", "add", "-q", "-b", "side", "../side")
    side = Repo(repo.path.parent / "side", repo.clock)
    side.write("b.txt", "b")
    oid = side.commit()
    side.git("update-ref", "refs/bisect/bad", oid)
    ours, theirs = _refs(repo), _refs(side)
    assert theirs.read("HEAD") == oid
    assert theirs.symbolic("HEAD") == "refs/heads/side"
    assert theirs.read("refs/tags/x@1.0.0") == ours.read("HEAD")
    assert theirs.with_prefix("refs/heads/") == ours.with_prefix("refs/heads/")
    assert theirs.read("refs/bisect/bad") == oid
    assert ours.read("refs/bisect/bad") is None
    repo.git("pack-refs", "--all")
    assert theirs.with_prefix("refs/tags/") == _git_says(side, "refs/tags/")


def test_locks_and_rubbish_are_no_refs(repo: Repo) -> None:
    """A lock file left behind, an empty file and a broken ref count as nothing."""
    repo.write("a.txt", "a")
    oid = repo.commit()
    repo.git("tag", "x@1.0.0")
    tags = repo.path / ".git/refs/tags"
    (tags / "x@1.0.1.lock").write_text(oid)
    (tags / "x@1.0.2").write_text("")
    (tags / "x@1.0.3").write_text("not an id\n")
    refs = _refs(repo)
    assert refs.with_prefix("refs/tags/") == {"refs/tags/x@1.0.0": oid}
    assert refs.read("refs/tags/x@1.0.3") is None


_NAMES = st.lists(st.text("ab@./-1", min_size=1, max_size=6), min_size=0, max_size=40, unique=True)


@given(_NAMES, st.data())
def test_binary_search_over_any_file(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    """In any sorted packed-refs, peeled lines or not, each name is found and no other is."""
    folder = tmp_path_factory.mktemp("packed")
    entries = {f"refs/tags/{name}": f"{i:040x}" for i, name in enumerate(names)}
    text = "# pack-refs with: peeled fully-peeled sorted \n"
    for name in sorted(entries):
        text += f"{entries[name]} {name}\n"
        if data.draw(st.booleans()):
            text += f"^{'f' * 40}\n"
    (folder / "packed-refs").write_text(text)
    refs = Refs(GitPaths(folder, folder, None))
    assert refs.with_prefix("refs/") == entries
    for name in [*entries, "refs/tags/", "refs/tags/a", "refs/tags/b@1", "refs/tags/~"]:
        assert refs.with_prefix(name) == {k: v for k, v in entries.items() if k.startswith(name)}
        assert set(refs.names(name)) == {k for k in entries if k.startswith(name)}
    for name, oid in entries.items():
        assert refs._packed_refs().find(name) == oid
    assert refs._packed_refs().find("refs/tags/~") is None


def test_closed_refs_hold_no_file(repo: Repo) -> None:
    """Whoever opens a repository every second runs out of no files, and may go on after closing."""
    _with_tags(repo, 3)
    repo.git("pack-refs", "--all")
    mapped = Path("/proc/self/maps")
    refs = _refs(repo)
    found = refs.with_prefix("refs/tags/")
    assert str(repo.path) in mapped.read_text()
    refs.close()
    assert str(repo.path) not in mapped.read_text()
    assert refs.with_prefix("refs/tags/") == found
