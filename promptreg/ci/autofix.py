"""The missing bump, committed to a pull request's own branch for people who have no command line.

The bump is computed on the merge result, because that is what is checked. Where the base brought
changes of prompts, its commits become part of the fix, as GitHub's own "Update branch" does it:
version lines that both sides write would otherwise conflict.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptreg.ci.git import Git, with_fetches
from promptreg.ci.runner import notice, warn
from promptreg.errors import PromptregError
from promptreg.operations.base import Base
from promptreg.operations.bumping import BumpRequest, BumpResult, bump_files
from promptreg.operations.checking import CheckResult, check_branch
from promptreg.registry import Registry

if TYPE_CHECKING:
    from promptreg.ci.settings import Event, Settings
    from promptreg.formats import CheckReport

__all__ = ["Fix", "may_fix", "push_fix"]

_BOT = "github-actions[bot]"
_ADDRESS = "41898282+github-actions[bot]@users.noreply.github.com"
_NEITHER = "No autofix: the checkout is neither the pull request's branch nor its merge."


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that was pushed.

    Attributes:
        commit: The new tip of the pull request's branch.
        result: What the check says of it.
    """

    commit: str
    result: CheckResult


def may_fix(settings: Settings, event: Event, report: CheckReport) -> bool:
    """Tell whether a fix is wanted, possible and allowed; a notice says why it is not."""
    if not settings.autofix or not any(error.fixable for error in report.errors):
        return False
    if event.name != "pull_request":
        return False
    if event.is_fork:
        notice("No autofix: the branch belongs to a fork. Run `promptreg bump` there and push.")
        return False
    if not (settings.autofix_token or settings.token):
        notice("No autofix: no token was given.")
        return False
    return True


def push_fix(settings: Settings, event: Event, base: Base, result: CheckResult) -> Fix | None:
    """Bump what the check found, push it to the pull request's branch, and check again.

    Args:
        settings: The token to push with.
        event: The pull request, of this repository.
        base: What the check compared with.
        result: What it found.

    Returns:
        The fix, or None, with a notice, when nothing was pushed.
    """
    token = settings.autofix_token or settings.token
    git = Git.authorized(settings.directory.absolute(), event.server, token)
    paths = sorted(
        {f.location.path for f in result.findings if f.severity == "error" and f.fixable}
    )
    with tempfile.TemporaryDirectory(prefix="promptreg-") as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            fixing = _Fixing(git, git.within(tree), event, base, strict=settings.strict)
            return fixing.run(paths)
        except PromptregError as error:
            warn(f"No autofix: {error}")
            return None
        finally:
            git.attempt("worktree", "remove", "--force", str(tree))


class _Fixing:
    """One fix, made in a work tree of its own."""

    def __init__(self, git: Git, tree: Git, event: Event, base: Base, *, strict: bool) -> None:
        self.git = git
        self.tree = tree
        self.event = event
        self.base = base
        self.strict = strict
        self.head = git("rev-parse", "HEAD")
        self.parents = git("rev-parse", "HEAD^@").split()

    def run(self, paths: Sequence[str]) -> Fix | None:
        tip = self.event.head_commit
        merge_base = self.parents[0] if self.parents[1:] == [tip] else None
        if merge_base is None and self.head != tip:
            warn(_NEITHER)
            return None
        wrote = self._bump(paths)
        if not wrote:
            return None
        commit = self._commit(wrote, tip, merge_base)
        branch = f"refs/heads/{self.event.head_branch}"
        pushed = self.git.attempt("push", "--quiet", "origin", f"{commit}:{branch}")
        if pushed.returncode:
            reason = (pushed.stderr.strip().splitlines() or ["no reason given"])[-1]
            warn(f"No autofix: the push was refused: {reason}")
            return None
        notice(f"Pushed {commit[:7]}, which bumps what was missing.")
        return Fix(commit, self._check(commit, merge_base))

    def _bump(self, paths: Sequence[str]) -> list[BumpResult]:
        def bump() -> list[BumpResult]:
            with Registry(self.tree.directory) as registry:
                request = BumpRequest(base=self.base.commit)
                return bump_files(registry, paths, request)

        wrote = [result for result in with_fetches(self.git, bump) if result.wrote]
        if wrote:
            self.tree("add", "--", *(result.path for result in wrote))
        return wrote

    def _commit(self, wrote: Sequence[BumpResult], tip: str, merge_base: str | None) -> str:
        fixed = self.tree("write-tree")
        parents, title = [tip], "Bump versions of changed prompts"
        if merge_base is not None:
            if self._base_changed_prompts(tip):
                parents.append(merge_base)
                title = f"Merge {self.base.name} and bump versions of changed prompts"
            else:
                fixed = self._onto(tip, fixed, [result.path for result in wrote])
        lines = "\n".join(f"- {result.name} {result.plan.version}" for result in wrote)
        return self._commit_tree(fixed, parents, f"{title}\n\n{lines}\n")

    def _base_changed_prompts(self, tip: str) -> bool:
        with Registry(self.tree.directory) as registry:
            root = registry.config.root
        return self.tree.attempt("diff", "--quiet", tip, self.head, "--", root).returncode != 0

    def _onto(self, tip: str, fixed: str, paths: Sequence[str]) -> str:
        """Return the branch's own tree with the fixed files in it, and nothing of the base."""
        index = str(self.tree.directory.parent / "index")
        branch = self.git.within(self.tree.directory, GIT_INDEX_FILE=index)
        branch("read-tree", tip)
        for path in paths:
            mode, _, oid = self.tree("ls-tree", fixed, "--", path).partition("\t")[0].split()
            branch("update-index", "--add", "--cacheinfo", mode, oid, path)
        return branch("write-tree")

    def _commit_tree(self, tree: str, parents: Sequence[str], text: str) -> str:
        bot = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", _BOT), ("EMAIL", _ADDRESS))
        }
        git = self.tree.within(self.tree.directory, **bot)
        named = [word for parent in parents for word in ("-p", parent)]
        return git("commit-tree", tree, *named, "-m", text)

    def _check(self, commit: str, merge_base: str | None) -> CheckResult:
        """Check the merge result that the new commit will have."""
        base = self.base
        if merge_base is not None:
            merged = self._commit_tree(
                self.tree("write-tree"), [merge_base, commit], "The merge result, for the check"
            )
            base = Base(base.name, merge_base, base.source)
        else:
            merged = commit
        self.tree("reset", "--quiet", "--hard")
        self.tree("checkout", "--quiet", "--detach", merged)

        def check() -> CheckResult:
            with Registry(self.tree.directory) as registry:
                return check_branch(registry, base, strict=self.strict)

        return with_fetches(self.git, check)
