"""Finding the repository around a folder, and refusing those that cannot be read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from promptreg.errors import RepositoryError
from promptreg.values import dataclass

__all__ = ["GitPaths", "discover"]


@dataclass(frozen=True, slots=True)
class GitPaths:
    """Where a repository keeps its parts.

    Attributes:
        git_dir: HEAD, the index and MERGE_HEAD of this work tree.
        common_dir: Refs, objects and configuration; differs in linked worktrees.
        work_tree: The checked-out files; None in a bare repository.
    """

    git_dir: Path
    common_dir: Path
    work_tree: Path | None

    @property
    def remote_folder(self) -> Path:
        """Where git must run to ask a remote: it takes a relative URL from its own folder."""
        has_link = self.work_tree is not None and (self.work_tree / ".git").exists()
        return self.work_tree if self.work_tree is not None and has_link else self.git_dir


def discover(start: str | Path = ".") -> GitPaths:
    """Find the repository that holds a folder, as git does.

    Args:
        start: A folder or file inside the work tree, or a bare repository.

    Raises:
        RepositoryError: There is none, or its format is one that libgit2 cannot read.
    """
    paths = _from_environment() or _walk_up(Path(start).absolute())
    if paths is None:
        raise RepositoryError(
            f"no git repository at {Path(start).absolute()} or above", fix="git init"
        )
    _refuse_unreadable(paths.common_dir)
    if not os.environ.get("GIT_DIR"):
        _refuse_foreign(paths)
    return paths


def _refuse_foreign(paths: GitPaths) -> None:
    """Refuse a repository of somebody else, as git does: its configuration starts programs.

    Reading files starts none, but the next command asks git or libgit2, which refuse; and what a
    prompt says is worth as much care as what a hook does. Git alone knows which owners are trusted
    (safe.directory, sudo), and is asked only where the owner is another.
    """
    mine = os.geteuid() if hasattr(os, "geteuid") else None
    if mine is None or all(_owner(each) in (mine, None) for each in _owned(paths)):
        return
    from promptreg.git.process import has_git, try_git

    if has_git():
        folder = paths.work_tree or paths.git_dir
        complaint = try_git(folder, "rev-parse", "--git-dir").stderr.decode("utf-8", "replace")
        unsafe = re.search(r"dubious ownership in repository at '(.*)'", complaint)
        path = unsafe[1] if unsafe else None
    else:
        path = _unsafe_to_libgit2(paths.git_dir)
    if path is not None:
        raise RepositoryError(
            f"the repository at {path} belongs to somebody else, so git does not trust it",
            fix=f"git config --global --add safe.directory '{path}'",
        )


def _owned(paths: GitPaths) -> list[Path]:
    """Return what must belong to the person, as git has it: the folders and a link to them."""
    found = [paths.git_dir]
    if paths.work_tree is not None:
        found += [paths.work_tree, paths.work_tree / ".git"]
    return found


def _owner(path: Path) -> int | None:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None


def _unsafe_to_libgit2(git_dir: Path) -> str | None:
    """Ask libgit2, which reads safe.directory too, where there is no git program."""
    import pygit2

    try:
        pygit2.Repository(str(git_dir))
    except pygit2.GitError as error:
        unsafe = re.search("path '(.*)' is not owned by", str(error))
        return unsafe[1].rstrip("/") if unsafe else None
    return None


def _from_environment() -> GitPaths | None:
    """Follow GIT_DIR, which git sets for its hooks in linked worktrees."""
    git_dir = os.environ.get("GIT_DIR")
    if not git_dir:
        return None
    path = Path(git_dir).absolute()
    if not (path / "HEAD").is_file():
        raise RepositoryError(f"GIT_DIR names no repository: {git_dir}", fix="unset GIT_DIR")
    work_tree = os.environ.get("GIT_WORK_TREE")
    if work_tree:
        return GitPaths(path, _common_dir(path), Path(work_tree).absolute())
    found = _walk_up(Path.cwd())
    return GitPaths(path, _common_dir(path), found.work_tree if found else Path.cwd())


def _walk_up(start: Path) -> GitPaths | None:
    for folder in (start, *start.parents):
        marker = folder / ".git"
        if marker.is_dir() and (marker / "HEAD").exists():
            return GitPaths(marker, _common_dir(marker), folder)
        if marker.is_file():
            git_dir = _follow(marker)
            return GitPaths(git_dir, _common_dir(git_dir), folder)
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return GitPaths(folder, _common_dir(folder), None)
    return None


def _follow(marker: Path) -> Path:
    """Follow a ``.git`` file, as linked worktrees and submodules have."""
    text = marker.read_text(encoding="utf-8", errors="replace").strip()
    target = Path(text.removeprefix("gitdir:").strip())
    git_dir = target if target.is_absolute() else (marker.parent / target).resolve()
    if not text.startswith("gitdir:") or not (git_dir / "HEAD").exists():
        raise RepositoryError(f"{marker} names no git repository", fix="git worktree repair")
    return git_dir


def _common_dir(git_dir: Path) -> Path:
    try:
        text = (git_dir / "commondir").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return git_dir
    return (git_dir / text).resolve()


def _refuse_unreadable(common_dir: Path) -> None:
    try:
        config = (common_dir / "config").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    if "extensions" not in config.lower():
        return
    sections = re.findall(r"^\s*\[extensions\]([^\[]*)", config, re.IGNORECASE | re.MULTILINE)
    pairs = re.findall(r"^\s*(\w+)\s*=\s*\"?(\w+)", "\n".join(sections), re.MULTILINE)
    values = {key.lower(): value.lower() for key, value in pairs}
    if values.get("refstorage", "files") != "files":
        raise RepositoryError(
            f"the repository keeps refs as {values['refstorage']}, which cannot be read",
            fix="git refs migrate --ref-format=files",
        )
    if values.get("objectformat", "sha1") != "sha1":
        raise RepositoryError(
            f"the repository uses {values['objectformat']} object ids, which cannot be read",
            fix="use a repository with sha1 object ids",
        )
