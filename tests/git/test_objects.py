"""Reading objects: pygit2 and the git program give the same answers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from promptreg.errors import HistoryError, RepositoryError
from promptreg.git import Repository
from promptreg.git.model import Signature, parse_commit, parse_tag
from promptreg.git.objects import ProcessReader
from tests.kit import Repo, forked


@pytest.fixture(params=["pygit2", "process"])
def reader(request: pytest.FixtureRequest) -> str:
    """Which of the two readers is used."""
    return str(request.param)


@pytest.fixture
def history(repo: Repo) -> Repo:
    """Some commits with folders, odd names, a link, a merge and tags."""
    repo.write("prompts/a.yaml", "a: 1\n")
    repo.write("prompts/ö ü/b c.yaml", "b: 1\n")
    repo.write("prompts/deep/er/c.yaml", b"\x00\xff binary\r\n")
    repo.write("other.txt", "x")
    (repo.path / "prompts/link.yaml").symlink_to("a.yaml")
    repo.commit("first\n\nwith a body\n")
    repo.git("switch", "-q", "-c", "side")
    repo.write("prompts/a.yaml", "a: 2\n")
    repo.commit("second")
    repo.git("switch", "-q", "main")
    repo.git("rm", "-q", "-r", "prompts/deep")
    repo.commit("third")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    repo.git("tag", "-a", "-m", "note\n\nbody", "x@1.0.0")
    repo.git("tag", "light")
    repo.git("tag", "-a", "-m", "tag of a tag", "nested", "x@1.0.0")
    return repo


@pytest.fixture
def opened(history: Repo, reader: str) -> Iterator[Repository]:
    """The repository, opened."""
    repository = Repository.open(history.path, fast_start=reader == "process")
    yield repository
    repository.close()


def test_files_and_commits_are_gits(history: Repo, opened: Repository) -> None:
    """Every file at every commit has the bytes, and every commit the facts, that git shows."""
    for oid in history.git("rev-list", "HEAD").split():
        commit = opened.commit(oid)
        shown = history.git("show", "-s", "--format=%T%n%P%n%an%n%ae%n%at%n%cn%n%ct%n%s", oid)
        assert shown.split("\n") == [
            commit.tree,
            " ".join(commit.parents),
            commit.author.name,
            commit.author.email,
            str(int(commit.author.when.timestamp())),
            commit.committer.name,
            str(int(commit.committer.when.timestamp())),
            commit.summary,
        ]
        listed = history.git("ls-tree", "-r", "-z", oid, "prompts").split("\0")[:-1]
        entries = dict(reversed(line.split("\t")) for line in listed)
        regular = {k: v.split()[2] for k, v in entries.items() if v.startswith("100")}
        assert opened.files_at(oid, "prompts") == regular
        for path, blob in regular.items():
            data = opened.file_at(oid, path)
            assert data == opened.blob(blob)
            assert data is not None


def test_many_objects_at_once(
    history: Repo, opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked together, in one part or several, objects are those that git has, in the same order."""
    lines = history.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()
    known = {line.split()[0]: line.split()[1] for line in lines}
    wanted = [*list(known)[:5], "0" * 40, *list(known)[5:], "1" * 40]
    for few, part in ((100, 100), (1, 100), (1, 3), (3, 4)):
        monkeypatch.setattr("promptreg.git.objects._FEW", few)
        monkeypatch.setattr("promptreg.git.objects._PART", part)
        found = list(opened.objects(wanted))
        assert [(each.oid, each.kind) for each in found] == list(known.items())
        blobs = {each.oid: each.data for each in found if each.kind == "blob"}
        assert all(opened.blob(oid) == data for oid, data in blobs.items())


def test_paths_that_are_no_files(opened: Repository) -> None:
    """A folder, a missing path and a path through a file are no file, and no error."""
    head = opened.head.oid
    assert head is not None
    for path in ("prompts", "prompts/none.yaml", "prompts/a.yaml/b", "nowhere/a", "prompts/deep"):
        assert opened.file_at(head, path) is None
    assert opened.files_at(head, "nowhere") == {}
    assert opened.files_at(head, "other.txt") == {}
    assert opened.blob("0" * 40) is None


def test_revisions(history: Repo, opened: Repository) -> None:
    """Branches, tags, short ids and expressions name the commits that git says."""
    for revision in ("HEAD", "main", "side", "light", "x@1.0.0", "nested", "HEAD~1", "HEAD^2"):
        expected = history.git("rev-parse", f"{revision}^{{commit}}")
        assert opened.resolve_commit(revision) == expected
        assert opened.resolve_commit(expected[:10]) == expected
    for revision in ("nowhere", "HEAD~99", "", "prompts/a.yaml", "HEAD:prompts", "a\nb", "-x"):
        assert opened.resolve_commit(revision) is None


def test_tags_are_read_with_their_message(history: Repo, opened: Repository) -> None:
    """An annotated tag gives target and message; a lightweight one is none."""
    oid = opened.refs.read("refs/tags/x@1.0.0")
    light = opened.refs.read("refs/tags/light")
    assert oid is not None
    assert light is not None
    tag = opened.tag(oid)
    assert tag is not None
    assert (tag.name, tag.target, tag.message) == (
        "x@1.0.0",
        history.git("rev-parse", "HEAD"),
        "note\n\nbody\n",
    )
    assert opened.tag(light) is None


def test_changes_between_are_gits(history: Repo, opened: Repository) -> None:
    """The files that differ between two commits are those of git diff-tree, links left out."""
    commits = history.git("rev-list", "HEAD").split()
    for old in commits:
        for new in commits:
            shown = history.git(
                "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new, "--", "prompts/"
            )
            found = opened.changes_between(old, new, "prompts")
            assert sorted(c.path for c in found) == sorted(filter(None, shown.split("\0")))
    root = history.git("rev-list", "--max-parents=0", "HEAD")
    paths = [c.path for c in opened.changes_between(None, root, "prompts")]
    assert paths == sorted(opened.files_at(root, "prompts"))


def test_first_parents_and_ancestry(
    history: Repo, opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First parents, merge base and ancestry are those that git computes."""
    head = history.git("rev-parse", "HEAD")
    side = history.git("rev-parse", "side")
    assert [c.oid for c in opened.first_parents(head)] == history.git(
        "rev-list", "--first-parent", "HEAD"
    ).split()
    assert opened.merge_base(f"{head}", side) == side
    # As in a hook, which git starts in the top folder.
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", ".git")
        hook.chdir(history.path)
        assert opened.merge_base(head, side) == side
    assert opened.is_ancestor(side, head)
    assert not opened.is_ancestor(head, side)
    history.git("switch", "-q", "--orphan", "island")
    history.write("z", "z")
    assert opened.merge_base(head, history.commit()) is None


def test_file_names_that_are_not_utf8(repo: Repo, reader: str) -> None:
    """A file name in another encoding breaks nothing, and its bytes can be had."""
    name = b"prompts/caf\xe9.yaml"
    folder = os.fsencode(repo.path)
    (repo.path / "prompts").mkdir()
    with open(os.path.join(folder, name), "wb") as file:  # noqa: PTH118, PTH123 - a bytes path
        file.write(b"x: 1\n")
    head = repo.commit()
    opened = Repository.open(repo.path, fast_start=reader == "process")
    (path,) = opened.files_at(head, "prompts")
    assert os.fsencode(path) == name
    assert opened.file_at(head, path) == b"x: 1\n"
    opened.close()


def test_a_missing_commit_names_the_fetch(opened: Repository) -> None:
    """A commit that is not there is missing history, with the command that brings it."""
    with pytest.raises(HistoryError) as caught:
        opened.commit("1" * 40)
    assert "git fetch" in str(caught.value.fix)


def test_reads_without_a_git_program(
    history: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Reading needs no git on PATH: pygit2 takes over; what needs git says that it is missing."""
    from promptreg.git.process import has_git, run_git

    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    has_git.cache_clear()
    try:
        opened = Repository.open(history.path, fast_start=True)
        assert opened.head.oid is not None
        assert opened.file_at(opened.head.oid, "prompts/a.yaml") == b"a: 2\n"
        with pytest.raises(RepositoryError, match="git is not on PATH"):
            run_git(history.path, "status")
    finally:
        has_git.cache_clear()


def test_a_forked_child_reads_for_itself(history: Repo, reader: str) -> None:
    """A forked child and its parent both go on reading, and get their own answers."""
    opened = Repository.open(history.path, fast_start=reader == "process")
    head = opened.head.oid
    assert head is not None
    assert opened.file_at(head, "prompts/a.yaml") == b"a: 2\n"
    with forked(
        lambda: all(opened.file_at(head, "prompts/a.yaml") == b"a: 2\n" for _ in range(50))
    ):
        for _ in range(50):
            assert opened.file_at(head, "other.txt") == b"x"
    opened.close()


def test_threads_share_a_reader(history: Repo, reader: str) -> None:
    """Eight threads that read at once each get what they asked for."""
    from concurrent.futures import ThreadPoolExecutor

    opened = Repository.open(history.path, fast_start=reader == "process")
    head = opened.head.oid
    assert head is not None
    wanted = [("prompts/a.yaml", b"a: 2\n"), ("other.txt", b"x"), ("prompts/none", None)] * 60

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda pair: opened.file_at(head, pair[0]), wanted))
    assert found == [data for _, data in wanted]
    opened.close()


def test_a_git_that_died_is_told_and_started_anew(history: Repo) -> None:
    """No broken pipe to it is taken for a reader of ours that left."""
    reader = ProcessReader(history.path / ".git")
    assert reader.read("HEAD")
    process = reader._running()
    process.kill()
    process.wait()
    with pytest.raises(RepositoryError, match="git cannot read the repository"):
        reader.read("HEAD")
    assert reader.read("HEAD")
    reader.close()


def test_odd_objects() -> None:
    """Signed commits, old tags without tagger and unreadable dates are read without complaint."""
    signed = b"tree t\nauthor A <a@b> 1 +0000\ncommitter B <> 2 -0130\ngpgsig x\n y\n\nm\n\nn"
    commit = parse_commit("o", signed)
    assert (commit.parents, commit.summary, commit.committer.name) == ((), "m", "B")
    assert commit.committer.when.isoformat() == "1969-12-31T22:30:02-01:30"
    assert parse_tag("o", b"object x\ntype commit\ntag t\n\nm").tagger.name == "unknown"
    broken = parse_commit("o", b"tree t\nauthor nobody\ncommitter A <a> 99999999999999 +0000\n\n")
    assert isinstance(broken.author, Signature)
    assert broken.committer.when.year == 1970


def test_a_replaced_object_is_read_as_it_was(history: Repo, opened: Repository) -> None:
    """Content is what its id says, whatever `git replace` puts in its place in one clone."""
    head = history.git("rev-parse", "HEAD")
    other = history.git("rev-parse", "HEAD:other.txt")
    history.git("replace", history.git("rev-parse", "HEAD:prompts/a.yaml"), other)
    assert opened.file_at(head, "prompts/a.yaml") == b"a: 2\n"
