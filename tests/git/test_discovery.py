"""Finding the repository: wherever git finds it, and a clear word where we cannot read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptreg.errors import RepositoryError
from promptreg.git import Repository, discover
from tests.kit import Repo


@pytest.fixture
def filled(repo: Repo) -> Repo:
    """A repository with one commit and folders."""
    repo.write("prompts/deep/a.yaml", "a: 1\n")
    repo.commit()
    return repo


def _same_as_git(where: Path, repo: Repo) -> None:
    inside = Repo(where)
    paths = discover(where)
    real = lambda *args: Path(inside.git("rev-parse", *args))  # noqa: E731
    assert paths.git_dir.resolve() == (where / real("--absolute-git-dir")).resolve()
    assert paths.common_dir.resolve() == (where / real("--git-common-dir")).resolve()
    assert paths.work_tree is not None
    assert paths.work_tree.resolve() == real("--show-toplevel").resolve()


def test_from_any_folder(filled: Repo) -> None:
    """From the top and from any folder below, the repository around is found."""
    for folder in (".", "prompts", "prompts/deep"):
        _same_as_git(filled.path / folder, filled)
    assert discover(filled.path / "prompts/deep/a.yaml").work_tree == filled.path


def test_linked_worktree(filled: Repo) -> None:
    """A linked worktree has its own git folder and the common one of the repository."""
    filled.git("worktree", "add", "-q", "../linked", "-b", "linked")
    _same_as_git(filled.path.parent / "linked" / "prompts", filled)


def test_worktree_with_relative_paths(filled: Repo) -> None:
    """A `.git` file may name its folder relatively, as git 2.48 can write it."""
    filled.git("worktree", "add", "-q", "../linked", "-b", "linked")
    linked = filled.path.parent / "linked"
    (linked / ".git").write_text("gitdir: ../repo/.git/worktrees/linked\n")
    _same_as_git(linked, filled)


def test_submodule(filled: Repo, tmp_path: Path) -> None:
    """In a submodule it is the submodule that is found, not the repository around it."""
    outer = Repo.create(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", f"file://{filled.path}", "libs/prompts")
    outer.commit()
    inner = outer.path / "libs/prompts"
    _same_as_git(inner / "prompts", outer)
    repository = Repository.open(inner)
    assert repository.head.oid == filled.git("rev-parse", "HEAD")
    repository.close()


def test_separate_git_dir(tmp_path: Path) -> None:
    """A git folder that lies elsewhere is followed."""
    (tmp_path / "work").mkdir()
    Repo(tmp_path).git("init", "-q", "--separate-git-dir", "stored", "work")
    _same_as_git(tmp_path / "work", Repo(tmp_path / "work"))


def test_bare(filled: Repo, tmp_path: Path) -> None:
    """A bare repository is found and has no work tree."""
    bare = filled.clone(tmp_path / "bare.git", "--bare")
    paths = discover(bare.path)
    assert (paths.git_dir, paths.common_dir, paths.work_tree) == (bare.path, bare.path, None)
    repository = Repository.open(bare.path)
    assert repository.head.oid == filled.git("rev-parse", "HEAD")


def test_git_dir_of_a_hook(filled: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GIT_DIR, which git sets for its hooks, decides; a wrong one is an error that names it."""
    monkeypatch.chdir(filled.path)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert discover().work_tree == filled.path
    monkeypatch.setenv("GIT_DIR", str(filled.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(filled.path))
    monkeypatch.chdir(tmp_path)
    assert discover().work_tree == filled.path
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    with pytest.raises(RepositoryError, match="GIT_DIR names no repository: /nowhere"):
        discover()


def test_none(tmp_path: Path) -> None:
    """Outside of any repository the error says where was looked."""
    with pytest.raises(RepositoryError, match=f"no git repository at {tmp_path}"):
        discover(tmp_path)


def test_worktree_whose_repository_is_gone(tmp_path: Path) -> None:
    """A `.git` file that leads nowhere is an error with git's own mend."""
    (tmp_path / ".git").write_text("gitdir: /nowhere/.git/worktrees/x\n")
    with pytest.raises(RepositoryError, match="names no git repository") as caught:
        discover(tmp_path)
    assert caught.value.fix == "git worktree repair"


REFUSED = {
    "reftable": ("[extensions]\n\trefStorage = reftable\n", "reftable"),
    "sha256": ("[extensions]\n\tobjectFormat = sha256\n", "sha256"),
    "one-line": ("[extensions] objectformat = sha256\n", "sha256"),
    "second-section": (
        "[extensions]\n\tnoop = 1\n[core]\n\ta = b\n[Extensions]\n\tRefStorage=reftable\n",
        "reftable",
    ),
    "quoted": ('[extensions]\n\tobjectFormat = "sha256"\n', "sha256"),
}


@pytest.mark.parametrize(("config", "word"), REFUSED.values(), ids=REFUSED)
def test_unreadable_formats_are_refused(filled: Repo, config: str, word: str) -> None:
    """A repository kept as reftable or with sha256 ids is refused in words, before any harm."""
    path = filled.path / ".git/config"
    path.write_text(path.read_text() + config)
    with pytest.raises(RepositoryError, match=word) as caught:
        discover(filled.path)
    assert caught.value.fix


def test_real_sha256_repository(tmp_path: Path) -> None:
    """A repository that git itself made with sha256 is refused on the command line with code 2."""
    repo = Repo(tmp_path)
    repo.git("init", "-q", "--object-format=sha256")
    result = repo.run("list")
    assert result.code == 2
    assert "sha256" in result.err
    assert "Traceback" not in result.err


def test_other_extensions_are_fine(filled: Repo) -> None:
    """Sparse checkouts and worktree configuration refuse nothing."""
    filled.git("sparse-checkout", "init", "--cone")
    filled.git("sparse-checkout", "set", "prompts")
    filled.git("config", "extensions.worktreeConfig", "true")
    repository = Repository.open(filled.path)
    assert repository.head.oid is not None
    assert repository.file_at(repository.head.oid, "prompts/deep/a.yaml") == b"a: 1\n"
