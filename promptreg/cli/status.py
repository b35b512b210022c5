"""`promptreg status`: what is changed, not released, live and behind."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.context import left_out_note, open_registry
from promptreg.cli.output import DataFormat, data, message, print_json, style
from promptreg.queries.status import LabelStatus, PromptState, PromptStatus, Status

__all__ = ["status"]

_SECTIONS = (
    ("Broken: promptreg check FILE says what is wrong", "red", (PromptState.BROKEN,)),
    ("New or changed: promptreg bump", "yellow", (PromptState.NEW, PromptState.CHANGED)),
    ("Not released: merge, then promptreg release", "blue", (PromptState.UNRELEASED,)),
    ("Deleted", "magenta", (PromptState.DELETED,)),
)


def status(
    output: Annotated[
        DataFormat, typer.Option("--format", help="How to answer.")
    ] = DataFormat.TEXT,
) -> None:
    """Show what is changed, not released, live and behind."""
    from promptreg.queries.status import read_status

    with open_registry() as registry:
        found = read_status(registry)
    if output is DataFormat.JSON:
        print_json(
            {
                "branch": found.branch,
                "bare": found.is_bare,
                "release_branch": found.release_branch,
                "prompts": [prompt.as_json() for prompt in found.prompts],
                "labels": [label.as_json() for label in found.labels],
            }
        )
        return
    _write(found)


def _write(found: Status) -> None:
    base = ", no release branch is here"
    if found.release_branch:
        base = f", releases come from {found.release_branch}"
    where = f"{found.branch or 'a detached HEAD'}{' of a bare repository' * found.is_bare}"
    data(f"On {where}{base}.")
    for title, color, states in _SECTIONS:
        prompts = found.of(*states)
        if prompts:
            data(style(title, color))
            for prompt in prompts:
                data(f"  {_line(prompt)}")
    if found.labels:
        data(style("Live", "green"))
        for label in found.labels:
            _write_label(label)
    if not found.prompts:
        message("No prompt yet: promptreg new NAME, or promptreg init for a sample.")
        return
    clean, left_out = len(found.of(PromptState.RELEASED)), len(found.of(PromptState.LEFT_OUT))
    data(f"{clean} of {len(found.prompts) - left_out} prompts are as released.")
    if left_out:
        data(left_out_note(left_out))


def _line(prompt: PromptStatus) -> str:
    if prompt.state is PromptState.BROKEN:
        return prompt.note
    latest = f"latest release {prompt.latest}" if prompt.latest else "never released"
    facts = [str(prompt.version) if prompt.version else "", latest, prompt.note]
    if not prompt.committed:
        facts.append("not committed")
    elif prompt.state is PromptState.UNRELEASED and prompt.merged:
        facts.append("merged")
    return f"{prompt.path}: {', '.join(fact for fact in facts if fact)}"


def _write_label(label: LabelStatus) -> None:
    count = len(label.versions)
    data(f"  {style(label.label, 'bold')}: {count} prompt{'s'[: count != 1]}")
    for name, latest in label.behind.items():
        data(f"    {name} {label.versions[name]} is behind, {latest} is released")
    for name, reason in label.yanked.items():
        data(f"    {name} {label.versions[name]} is yanked: {reason}")
    for name in label.missing:
        data(f"    {name} {label.versions[name]} has no tag here: git fetch --tags")
