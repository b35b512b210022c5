"""`promptreg metrics status`, `compact`, `ship`, `purge` and `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.acting import DryRun, Format, confirm
from promptreg.cli.context import open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.metrics_options import (
    Environment,
    Model,
    Prompt,
    Since,
    Suite,
    Until,
    Version,
    open_metrics,
    parse_duration,
    parse_time,
)
from promptreg.cli.output import DataFormat, data, message, print_json, style, warning
from promptreg.cli.progress import progress_bar
from promptreg.cli.stopping import stopped_by_signals
from promptreg.errors import ConflictError, MetricsError

if TYPE_CHECKING:
    from promptreg.storage.doctor import Complaint
    from promptreg.storage.purge import PurgeReport
    from promptreg.storage.store import Store

__all__ = ["compact", "doctor", "purge", "ship", "status"]

_KIB = 1024.0
_Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]


def status(output: Format = DataFormat.TEXT) -> None:
    """Show files, rows, bytes and segments, and what waits to be sealed and compacted."""
    found = open_metrics().status()
    if output is DataFormat.JSON:
        print_json(asdict(found))
        return
    data(f"store        {found.location}")
    data(f"table        {found.rows:,} rows in {found.files:,} files, {_size(found.bytes)}")
    if found.rows and found.bytes:
        data(f"             {found.bytes / found.rows:.0f} bytes a row")
    if found.first is not None and found.last is not None:
        data(f"time         {found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M} UTC")
    data(
        f"segments     {found.live_segments} live, {found.closed_segments} closed, "
        f"{found.unsealed_rows:,} rows, {_size(found.unsealed_bytes)}"
    )
    if found.oldest_unsealed is not None:
        data(f"             the oldest last grew {_age(found.oldest_unsealed)} ago")
    if found.oldest_row is not None:
        where = "shipped" if "://" in found.location else "sealed"
        moment = f"{found.oldest_row:%Y-%m-%d %H:%M:%S} UTC"
        data(f"             the oldest row not {where} is of {moment}")
    if found.to_merge:
        data(f"to merge     {found.to_merge} files (promptreg metrics compact)")
    if found.quarantined:
        data(f"quarantine   {found.quarantined} lines that are no rows (promptreg metrics doctor)")
    if found.unknown_columns:
        warning(f"a newer promptreg wrote the columns {', '.join(found.unknown_columns)}")


def compact(
    full: Annotated[
        bool, typer.Option("--full", help="Rewrite everything into one sorted file.")
    ] = False,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Leave files alone that have rows younger than 7d, 12h."),
    ] = None,
    grace: Annotated[
        int,
        typer.Option(min=0, metavar="HOURS", help="How long replaced files stay for readers."),
    ] = 1,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Seal closed segments, merge small files and sort them; answers stay the same."""
    from promptreg.storage.compact import compact as run

    store = open_metrics().store
    with progress_bar("compacting", None):
        report = run(
            store,
            full=full,
            older_than=None if older_than is None else parse_duration(older_than),
            grace_hours=grace,
            dry_run=dry_run,
        )
    if output is DataFormat.JSON:
        print_json({**asdict(report), "dry_run": dry_run})
        _warn_of_bad_lines(report.sealed.quarantined)
        return
    would = "Would merge" if dry_run else "Merged"
    if report.sealed.segments:
        message(f"Sealed {report.sealed.rows:,} rows of {report.sealed.segments} segments.")
    _warn_of_bad_lines(report.sealed.quarantined)
    if report.merged:
        sizes = _size(report.bytes_before)
        sizes += "" if dry_run else f" to {_size(report.bytes_after)}"
        message(f"{would} {report.merged} files with {report.rows:,} rows, {sizes}.")
    else:
        message("Nothing to merge.")
    if report.deleted:
        message(f"{'Would delete' if dry_run else 'Deleted'} {report.deleted} replaced files.")


def ship(
    watch: Annotated[bool, typer.Option("--watch", help="Go on until stopped.")] = False,
    interval: Annotated[
        str, typer.Option(metavar="AGE", help="How often to look with --watch.")
    ] = "30s",
) -> None:
    """Seal closed segments into the table, as a sidecar does; with --watch also compact."""
    store = open_metrics().store
    pause = parse_duration(interval).total_seconds()
    if not watch:
        _ship_once(store, merge=False)
        return
    with stopped_by_signals() as stop:
        while True:
            _ship_once(store, merge=True)
            if stop.wait(pause):
                return


def _ship_once(store: Store, *, merge: bool) -> None:
    from promptreg.storage.compact import compact as run

    try:
        sealed = store.seal()
        if sealed.segments:
            message(f"Sealed {sealed.rows:,} rows of {sealed.segments} segments.")
        _warn_of_bad_lines(sealed.quarantined)
        if merge:
            run(store)
    except ConflictError as error:
        # Somebody else is at it, which is as good.
        message(error.message)
    except (MetricsError, OSError) as error:
        if not merge:
            raise
        # A sidecar outlives a full disk or a network that is away: the segments wait.
        warning(str(error))


def purge(
    prompt: Prompt = None,
    version: Version = None,
    unit: Annotated[str | None, typer.Option(help="Only rows of this unit.")] = None,
    model: Model = None,
    environment: Environment = None,
    suite: Suite = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: _Yes = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Remove rows for good: from the table, its old files and the quarantine."""
    from promptreg.metrics import Filter
    from promptreg.metrics.shared_ref import REF, SharedRef
    from promptreg.storage.purge import purge as run
    from promptreg.storage.share import purge_shared

    chosen = Filter(
        prompt=prompt,
        version=version,
        unit=unit,
        model=model,
        environment=environment,
        suite=suite,
        since=parse_time(since),
        until=parse_time(until),
    )
    registry = open_registry()
    store = registry.metrics.store
    planned = run(store, chosen, dry_run=True)
    total = planned.rows + planned.held
    if dry_run or not (total or planned.quarantined):
        message(f"{total:,} rows and {planned.quarantined} quarantined lines match.")
        _purge_json(planned, 0, dry_run=dry_run, output=output)
        return
    confirm(f"Remove {total:,} rows for good?", yes=yes)
    report = run(store, chosen)
    message(f"Removed {report.rows:,} rows from {report.files} files.")
    shared = purge_shared(store, SharedRef(registry.root), chosen)
    _purge_json(report, shared, dry_run=False, output=output)
    if shared:
        message(f"Removed {shared:,} rows from {REF}, history included.")
        warning(f"remotes still have them (fix: git push --force REMOTE {REF})")
    for path in report.unreadable:
        warning(f"{path} is damaged and may hold such rows; delete it yourself")
    if report.held:
        warning(
            f"{report.held:,} matching rows are in segments of running processes; "
            "purge again when these have ended or logged for a minute more"
        )
    if report.held or report.unreadable:
        raise typer.Exit(ExitCode.FOUND)


def _purge_json(report: PurgeReport, shared: int, *, dry_run: bool, output: DataFormat) -> None:
    if output is DataFormat.JSON:
        print_json({**asdict(report), "shared": shared, "dry_run": dry_run})


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Set damaged and left-over files aside in quarantine/.")
    ] = False,
    yes: _Yes = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Read every file once; name what is damaged, foreign or left over (exit 1: rows are hit)."""
    from promptreg.storage.doctor import diagnose

    store = open_metrics().store
    with progress_bar("reading files", _count_files(store)) as progress:
        found = diagnose(store, lambda done, _: progress(done))
    if output is DataFormat.JSON:
        print_json([{"kind": c.kind, "path": c.path, "detail": c.detail} for c in found])
    else:
        for complaint in found:
            label = style(complaint.kind, "red" if complaint.is_serious else "yellow")
            data(f"{complaint.path}: {label}: {complaint.detail}")
        if not found:
            message("Everything is in order.")
    if fix:
        _mend(store, found, yes=yes)
    elif any(c.kind == "lost-commit" for c in found):
        message("fix: restore the file, or go on without it: promptreg metrics doctor --fix")
    elif any(c.part is not None or c.name is not None for c in found):
        message("fix: promptreg metrics doctor --fix   (such files go to quarantine/)")
    if any(complaint.is_serious for complaint in found):
        raise typer.Exit(ExitCode.FOUND)


def _count_files(store: Store) -> int | None:
    try:
        store.table.refresh()
    except MetricsError:
        return None  # the doctor says why
    return len(store.table.parts())


def _mend(store: Store, found: list[Complaint], *, yes: bool) -> None:
    from promptreg.storage.doctor import set_aside, settle

    if any(complaint.kind == "lost-commit" for complaint in found):
        confirm("Go on without the newest commit and what only it knew?", yes=yes)
        store.table.forget()
        message("Went on without it; run doctor again to see whether files of it are left.")
    parts = [complaint for complaint in found if complaint.part is not None]
    if parts:
        rows = sum(c.part.rows for c in parts if c.part is not None)
        confirm(f"Take {len(parts)} files with {rows:,} rows out of the table?", yes=yes)
        message(f"Set {set_aside(store, parts)} files aside in {Path(store.quarantine)}.")
        message("Run doctor again: left-over files are judged when the table can be read.")
    if any(complaint.name is not None for complaint in found):
        count = settle(store, found)
        message(f"Set {count} left-over files aside in {store.quarantine}; files.txt says why.")
    if lost := [complaint for complaint in found if complaint.kind == "lost-rows"]:
        for complaint in lost:
            path = store.quarantine / str(complaint.name)
            message(f"to have its rows back: promptreg metrics import {path}")


def _warn_of_bad_lines(count: int) -> None:
    if count:
        warning(f"{count} lines are no rows and went to quarantine (promptreg metrics doctor)")


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _KIB:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} TiB"


def _age(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
