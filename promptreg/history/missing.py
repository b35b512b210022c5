"""What to do about a revision that is not here: a slip of the pen is not mended by a fetch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.git import Repository

__all__ = ["Missing", "explain_missing", "mean_label", "nearest"]

_OBJECT = re.compile(r"[0-9a-f]{7,40}")
_WHOLE = 40


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a revision is not here.

    Attributes:
        why: What is wrong, to be put behind the revision.
        fix: What to do.
        fetchable: Whether it may well be where this clone comes from.
    """

    why: str
    fix: str
    fetchable: bool = False


def explain_missing(repository: Repository, revision: str) -> Missing:
    """Tell what is wrong with a revision that no commit here has, and what may be meant.

    Args:
        repository: The repository.
        revision: A branch, tag, object id or other revision.
    """
    if repository.head.oid is None and revision.upper().startswith("HEAD"):
        return Missing("is no commit: nothing is committed yet", "git commit")
    known = _names(repository)
    if f"origin/{revision}" in known:
        return Missing("is no branch of this clone", f"origin/{revision}")
    if repository.remote_names() and (found := _fetchable(repository, revision, known)):
        return found
    why = "is no branch, tag or commit here"
    if meant := nearest(revision, known):
        return Missing(why, meant)
    some = next((name for name in ("origin/main", "main") if name in known), "")
    listed = "git branch --all lists the branches"
    return Missing(why, f"{listed}, such as {some}" if some else listed)


def _fetchable(repository: Repository, revision: str, known: Sequence[str]) -> Missing | None:
    """Return how to fetch what a remote may well have; None where nothing speaks for that."""
    shallow = repository.is_shallow
    if _OBJECT.fullmatch(revision):
        whole = len(revision) == _WHOLE and not shallow
        deepen = "git fetch --unshallow origin" if shallow else "git fetch origin"
        fix = f"{deepen} {revision}" if whole else deepen
        return Missing("was not fetched", fix, fetchable=True)
    remote, _, branch = revision.partition("/")
    if remote == "origin" and branch:
        fetch = f"git fetch{' --depth=2' if shallow else ''} origin {branch}"
        # The remote's own name is alike in all of them and says nothing.
        there = (name.removeprefix("origin/") for name in known if name.startswith("origin/"))
        meant = nearest(branch, there, "origin/")
        fix = f"{fetch}; or {meant}" if meant else fetch
        return Missing("was not fetched", fix, fetchable=True)
    if shallow:
        # Such a clone has one branch; any other name may well be one on the other side.
        fetch = f"git fetch --depth=2 origin {revision}:refs/remotes/origin/{revision}"
        fix = f"{fetch}, then origin/{revision}"
        return Missing("is not in this shallow clone", fix, fetchable=True)
    return None


def mean_label(repository: Repository, labels: Iterable[str], word: str) -> str:
    """Return what somebody may have meant who wrote a label that is none; empty if nothing.

    Args:
        repository: The repository.
        labels: The labels there are.
        word: What was written.
    """
    for ref in (f"refs/heads/{word}", f"refs/remotes/{word}"):
        if repository.refs.read(ref) is not None:
            return f"for the branch write branch:{word}"
    return nearest(word, labels)


def nearest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Return the question whether the most similar of some names is meant; empty if none is.

    Args:
        word: What was written.
        known: What there is.
        prefix: What to put before the name in the question.
    """
    meant = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {prefix}{meant[0]}?" if meant else ""


def _names(repository: Repository) -> list[str]:
    """Return the branches, local ones first, as a person types them."""
    found = []
    for prefix in ("refs/heads/", "refs/remotes/"):
        found += [ref.removeprefix(prefix) for ref in repository.refs.with_prefix(prefix)]
    return [name for name in found if not name.endswith("/HEAD")]
