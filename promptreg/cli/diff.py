"""`promptreg diff`: what changed between two versions, by words, with its level."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptreg.cli.completion import complete_paths, complete_references, complete_selectors
from promptreg.cli.context import open_registry, split_references
from promptreg.cli.output import DataFormat, data, message, print_json, style
from promptreg.diffs.promptdiff import PromptDiff, Section, compare_contents
from promptreg.diffs.textdiff import LineDiff
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.diffs.renderdiff import RenderedCase
    from promptreg.registry import Resolved

__all__ = ["diff"]

_MARKS = {"delete": ("-", "red"), "insert": ("+", "green")}


def diff(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@REF]", help="The prompt.", autocompletion=complete_references
        ),
    ],
    others: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REF]",
            help="The older side, the latest release by default; then the newer side, the work "
            "tree by default.",
            autocompletion=complete_selectors,
        ),
    ] = None,
    context: Annotated[int, typer.Option("-U", "--context", help="Unchanged lines around.")] = 3,
    rendered: Annotated[
        bool,
        typer.Option("--rendered", help="Compare the messages as a model gets them."),
    ] = False,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="NAME=VALUE", help="With --rendered: a variable; repeatable."
        ),
    ] = None,
    variables: Annotated[
        Path | None,
        typer.Option(
            "--vars",
            help="With --rendered: a JSON file with variables, or -.",
            autocompletion=complete_paths,
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there is a difference.")
    ] = False,
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Show what changed between two versions of a prompt.

    Names each change with its rule and level, then the texts line by line with the words that
    changed marked. `promptreg diff NAME` shows what the work tree changes. With --rendered the
    messages are filled in on both sides, with --var and --vars or with each row of testData.
    """
    if (variable or variables) and not rendered:
        raise ConfigError("--var and --vars go with --rendered", fix="add --rendered")
    name, old, new = _sides(reference, others or [])
    with open_registry() as registry:
        newer = registry.resolve(name, new)
        older = registry.resolve(name, old)
        result = compare_contents(older.content, newer.content, registry.config.levels)
    sides = (str(older.version), "worktree" if newer.commit is None else str(newer.version))
    if rendered:
        cases = _rendered(older, newer, variable or (), variables)
        _write_cases(name, sides, cases, context, output)
        if exit_code and any(case.sections for case in cases):
            raise typer.Exit(1)
        return
    if output is DataFormat.JSON:
        print_json(_as_json(name, sides, result))
    elif result.is_empty:
        message(f"{name}: {sides[0]} and {sides[1]} are the same.")
    else:
        _write(name, sides, result, context)
    if exit_code and not result.is_empty:
        raise typer.Exit(1)


def _sides(reference: str, others: Sequence[str]) -> tuple[str, str | None, str]:
    name, references = split_references(reference, others)
    older, newer = (*references, None, None)[:2]
    return name, older, newer or "worktree"


def _rendered(
    older: Resolved, newer: Resolved, pairs: Sequence[str], file: Path | None
) -> list[RenderedCase]:
    from promptreg.cli.variables import read_variables
    from promptreg.diffs.renderdiff import compare_rendered, rendering_cases

    old, new = older.content, newer.content
    if not pairs and file is None:
        return compare_rendered(old, new, rendering_cases(old, new), strict=False)
    # Each value is read by the type that the side which knows it declares, the newer one first.
    values = {**read_variables(old, pairs, None), **read_variables(new, pairs, file)}
    return compare_rendered(old, new, [("given variables", values)], strict=True)


def _write_cases(
    name: str,
    sides: tuple[str, str],
    cases: Sequence[RenderedCase],
    context: int,
    output: DataFormat,
) -> None:
    if output is DataFormat.JSON:
        listed = [
            {"case": case.title, "sections": [_section_json(s) for s in case.sections]}
            for case in cases
        ]
        print_json({"prompt": name, "old": sides[0], "new": sides[1], "cases": listed})
        return
    changed = [case for case in cases if case.sections]
    if not changed:
        message(f"{name}: {sides[0]} and {sides[1]} render the same messages.")
        return
    data(style(f"{name} {sides[0]} -> {sides[1]}", "bold") + "  rendered")
    for case in changed:
        data()
        data(style(case.title, "magenta"))
        for section in case.sections:
            _write_section(section, context)
    if len(changed) < len(cases):
        message(f"{len(cases) - len(changed)} of {len(cases)} cases render the same messages.")


def _write(name: str, sides: tuple[str, str], result: PromptDiff, context: int) -> None:
    data(style(f"{name} {sides[0]} -> {sides[1]}", "bold") + f"  {result.level.label}")
    for change in result.changes:
        data(f"  {change.level.label:<5} {change.rule}: {change.detail}")
    for section in result.sections:
        data()
        _write_section(section, context)


def _write_section(section: Section, context: int) -> None:
    text = section.text
    data(
        style(f"--- {section.title}", "cyan")
        + style(f"  +{text.words_added} -{text.words_removed} words", "dim")
    )
    for number, hunk in enumerate(text.hunks(context)):
        if number:
            data(style("...", "dim"))
        _write_hunk(hunk)


def _write_hunk(hunk: tuple[LineDiff, ...]) -> None:
    """Write old lines before new ones within each run of changes, as patches have it."""
    added: list[str] = []
    for row in hunk:
        if row.kind == "equal":
            _flush(added)
            data(f"  {_bare(row.old)}")
            continue
        if row.old is not None:
            data(_line(row, "delete"))
        if row.new is not None:
            added.append(_line(row, "insert"))
    _flush(added)


def _flush(lines: list[str]) -> None:
    for line in lines:
        data(line)
    lines.clear()


def _line(row: LineDiff, side: str) -> str:
    sign, color = _MARKS[side]
    whole = row.old if side == "delete" else row.new
    if row.kind != "change":
        return style(f"{sign} {_bare(whole)}", color)
    parts = [style(f"{sign} ", color)]
    for span in row.spans:
        if span.kind == "equal":
            parts.append(style(_bare(span.text), color))
        elif span.kind == side:
            parts.append(style(_bare(span.text), color, "reverse"))
    return "".join(parts)


def _bare(text: str | None) -> str:
    return (text or "").rstrip("\r\n")


def _as_json(name: str, sides: tuple[str, str], result: PromptDiff) -> dict[str, Any]:
    return {
        "prompt": name,
        "old": sides[0],
        "new": sides[1],
        "level": result.level.label,
        "changes": [
            {
                "rule": change.rule,
                "level": change.level.label,
                "detail": change.detail,
                "path": change.location.path,
                "line": change.location.line,
            }
            for change in result.changes
        ],
        "sections": [_section_json(section) for section in result.sections],
    }


def _section_json(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "words_added": section.text.words_added,
        "words_removed": section.text.words_removed,
        "similarity": round(section.text.similarity, 4),
        "rows": [
            {
                "kind": row.kind,
                "old_line": row.old_number,
                "new_line": row.new_number,
                "old": row.old,
                "new": row.new,
                "spans": [{"kind": s.kind, "text": s.text} for s in row.spans],
            }
            for row in section.text.rows
            if row.kind != "equal"
        ],
    }
