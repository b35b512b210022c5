"""Rows by the name their prompt has now, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from promptreg.metrics.summary import Rename

__all__ = ["name_now", "of_prompt", "of_prompts", "renames_of"]


def renames_of(store: object, prompt: str | None = None) -> tuple[Rename, ...]:
    """Return the former names of a prompt, or of all, as far as a store was told of a registry.

    Args:
        store: Who answers SQL, such as `registry.metrics`.
        prompt: The prompt; None for all.
    """
    find = getattr(store, "renames", None)
    return () if find is None else tuple(find(prompt))


def of_prompt(store: object, prompt: str) -> str:
    """Return the condition for a prompt's rows; its only parameter is the prompt's name.

    Args:
        store: Who answers SQL, such as `registry.metrics`.
        prompt: The prompt.
    """
    return of_prompts(renames_of(store, prompt), (prompt,))


def of_prompts(
    renames: Sequence[Rename],
    prompts: Collection[str],
    column: str = '"prompt"',
    version: str = "version",
) -> str:
    """Return the condition for the rows of some prompts; its parameters are their names.

    Args:
        renames: Names under which prompts were logged before.
        prompts: The prompts, at least one.
        column: The column of the name.
        version: The column of the version.
    """
    marks = "= ?" if len(prompts) == 1 else f"IN ({', '.join('?' * len(prompts))})"
    concerned = [each for each in renames if each.name in prompts or each.former in prompts]
    if not concerned:
        return f"{column} {marks}"
    logged = dict.fromkeys([*prompts, *(each.former for each in concerned)])
    # The plain list lets files be skipped by their statistics, which no CASE does.
    names = ", ".join(map(_quoted, logged))
    return f"{column} IN ({names}) AND {name_now(concerned, column, version)} {marks}"


def name_now(renames: Sequence[Rename], column: str = '"prompt"', version: str = "version") -> str:
    """Return the name that a row's prompt has now.

    Args:
        renames: Names under which prompts were logged before.
        column: The column of the name.
        version: The column of the version.
    """
    if not renames:
        return column
    cases = []
    for each in renames:
        versions = ", ".join(map(_quoted, each.versions or ()))
        only = "" if each.versions is None else f" AND {version} IN ({versions or 'NULL'})"
        cases.append(f"WHEN {column} = {_quoted(each.former)}{only} THEN {_quoted(each.name)}")
    return f"(CASE {' '.join(cases)} ELSE {column} END)"


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
