"""`promptreg accept`: write down that a regression is accepted, to be reviewed like code."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act
from promptreg.cli.completion import complete_names
from promptreg.cli.context import open_registry
from promptreg.cli.output import DataFormat, data, message
from promptreg.errors import ConfigError

__all__ = ["accept"]


def accept(
    name: Annotated[str, typer.Argument(help="The prompt.", autocompletion=complete_names)],
    metrics: Annotated[
        list[str] | None,
        typer.Argument(help="Which regressions, such as quality; all of the prompt by default."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why this is acceptable, one line.")] = "",
    until: Annotated[str, typer.Option(help="The last day it holds, such as 2026-12-31.")] = "",
    limit: Annotated[
        str | None,
        typer.Option(help="How far it may go, such as -15%; what was measured by default."),
    ] = None,
    base: Annotated[str | None, typer.Option(help="What to compare with, as check has it.")] = None,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Accept a measured regression of a prompt, for one content and until one day.

    Runs the gate of check --metrics and appends an accept table to promptreg.toml (or to
    pyproject.toml, where that holds the configuration). Commit it with the change: a reviewed
    entry silences the gate, a flag in CI never does.
    """
    from promptreg.gate.entries import accept_entries, append_entries
    from promptreg.operations.base import find_base
    from promptreg.operations.check_report import report_of, with_gate
    from promptreg.operations.checking import check_branch
    from promptreg.operations.planning import WriteFile

    last_day = _day(until)
    with open_registry() as registry:
        report = with_gate(report_of(check_branch(registry, find_base(registry, base))), registry)
        assert report.gate is not None
        entries = accept_entries(
            report.gate,
            name,
            metrics or (),
            reason=reason,
            until=last_day,
            today=datetime.now(UTC).date(),
            limit=limit,
        )
        path, section = _file(registry.root, dict(registry.config.sources))
        before = path.read_bytes() if path.exists() else None
        after = append_entries((before or b"").decode("utf-8"), entries, section=section)
        step = WriteFile(path.name, before, after.encode("utf-8"), f"{len(entries)} accepted")
        result = {"path": path.name, "entries": [asdict(entry) for entry in entries]}
        if not act(registry.repository, (step,), result, dry_run=dry_run, output=output):
            return
    for entry in entries:
        data(f"{entry.prompt} {entry.metric}: accepted up to {entry.limit} until {entry.until}")
    message(f"written to {path.name}; commit it with the change")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no day" if text else "an accepted regression needs a last day",
            fix="--until 2026-12-31",
        ) from error


def _file(root: Path, sources: dict[str, str]) -> tuple[Path, str]:
    """Return the file that holds the configuration, and the section within."""
    if (root / "promptreg.toml").exists() or "pyproject.toml" not in sources.values():
        return root / "promptreg.toml", ""
    return root / "pyproject.toml", "tool.promptreg."
