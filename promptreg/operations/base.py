"""What a branch is compared with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from promptreg.errors import HistoryError
from promptreg.history.branches import release_ref
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Base", "find_base"]

# The branch that a pull request goes to, as each CI says it.
_CI_TARGETS = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCHNAME",
    "CHANGE_TARGET",
)


@dataclass(frozen=True, slots=True)
class Base:
    """What a branch is compared with.

    Attributes:
        name: As it was chosen, such as ``origin/main``.
        commit: The commit whose files count as the base's.
        source: Who chose it: ``--base``, ``CI``, ``origin/HEAD`` or ``release branch``.
        tip: Where the base's branch is now, whose versions are taken too; None where that is
            `commit` itself.
    """

    name: str
    commit: str
    source: str
    tip: str | None = None


def find_base(
    registry: Registry, revision: str | None, environment: Mapping[str, str] = os.environ
) -> Base:
    """Find the commit a branch is compared with.

    That is HEAD's first parent if it is the base's tip (as in CI's merge commit), else the merge
    base: ancestry is wrong in shallow clones, but the first parent can be trusted.

    Args:
        registry: The registry.
        revision: What was asked for; None chooses the CI's target or the default branch.
        environment: Where CI says its target.

    Raises:
        HistoryError: The base or the common history was not fetched.
    """
    repository = registry.repository
    head = repository.head.oid
    if head is None:
        raise HistoryError("nothing is committed yet", fix="git commit, or promptreg check FILE")
    name, source = _chosen(registry, revision, environment)
    tip = repository.resolve_commit(name)
    branch = name.removeprefix("origin/")
    if tip is None:
        from promptreg.history.missing import explain_missing

        missing = explain_missing(repository, name)
        raise HistoryError(f"base {name} {missing.why}", fix=missing.fix)
    parents = repository.commit(head).parents
    if tip in parents:
        # CI's merge commit has the base first; a branch that merged the base has it second.
        return Base(name, tip, source)
    if len(parents) > 1 and repository.is_shallow and source == "CI":
        # The base moved on since CI made its merge commit.
        return Base(name, parents[0], source)
    merge_base = repository.merge_base(tip, head)
    if merge_base is None:
        raise HistoryError(
            f"{name} and HEAD have no common commit here",
            fix=f"git fetch --unshallow origin {branch}"
            if repository.is_shallow
            else "merge the base into the branch",
        )
    return Base(name, merge_base, source, tip if tip != merge_base else None)


def _chosen(
    registry: Registry, revision: str | None, environment: Mapping[str, str]
) -> tuple[str, str]:
    if revision is not None:
        return revision, "--base"
    for variable in _CI_TARGETS:
        if target := environment.get(variable):
            return f"origin/{target.removeprefix('refs/heads/')}", "CI"
    repository = registry.repository
    ref = release_ref(repository, registry.config.release_branches)
    if ref is None:
        raise HistoryError("no base branch is known", fix="promptreg check --base REF")
    short = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    default = repository.refs.symbolic("refs/remotes/origin/HEAD") == ref
    return short, "origin/HEAD" if default else "release branch"
