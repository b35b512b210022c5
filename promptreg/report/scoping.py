"""Which rows of the store belong to the prompts of a report; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.report.asking import Scope
from promptreg.report.assembly import shared_digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from promptreg.metrics.summary import Rename
    from promptreg.report.desk import Outline
    from promptreg.report.figures import Totals

__all__ = ["scope_of"]


def scope_of(
    outlines: Sequence[Outline], totals: Totals, since: datetime | None, renames: Sequence[Rename]
) -> Scope | None:
    """Return what to ask about some prompts; None where none of them has rows.

    Args:
        outlines: The prompts.
        totals: Which prompts have rows, and which versions have rows without a digest.
        since: The earliest time, naive UTC.
        renames: The former names of all prompts.
    """
    names = tuple(o.name for o in outlines if totals.rows.get(o.name))
    if not names:
        return None
    shared = tuple(
        (o.name, digest)
        for o in outlines
        for digest in sorted(shared_digests(v.digest for v in o.versions))
    )
    # A name that is used again has the tags of both prompts: one digest for each all the same.
    aliases = dict.fromkeys(
        (known, v.version, v.digest)
        for o in outlines
        for v in o.versions
        for known in (o.name, *(each.former for each in renames if each.name == o.name))
        # Where versions share their content, all rows go by the version they name.
        if (known, v.version) in totals.nameless
        and (o.name, v.digest) not in shared
        and _name_now(renames, known, v.version) == o.name
    )
    concerned = tuple(each for each in renames if {each.name, each.former} & {*names})
    return Scope(names, since, totals.currency, tuple(aliases), shared, concerned)


def _name_now(renames: Sequence[Rename], prompt: str, version: str) -> str:
    """Return whose a row is now; two prompts that had a name in turn may have equal versions."""
    for each in renames:
        if each.former == prompt and (each.versions is None or version in each.versions):
            return each.name
    return prompt
