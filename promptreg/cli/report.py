"""`promptreg report`: one HTML file that says what is live, what changed and what worries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.completion import complete_paths
from promptreg.cli.context import given_path, open_registry
from promptreg.cli.errors import ExitCode
from promptreg.cli.output import document, is_unicode, message, pieces
from promptreg.cli.progress import growing_bar
from promptreg.cli.stopping import ended_by_sigterm
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.report.data import Options
    from promptreg.report.html import Page
    from promptreg.report.memory import Memory

__all__ = ["BUILDING", "report", "told"]

BUILDING = "building the report"
_SPLIT_SUGGESTED = 25_000_000
_LOCAL = "127.0.0.1"


class ReportFormat(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def report(
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write; - is stdout. promptreg-report.html by default, "
            "stdout for markdown and json; with --split a folder.",
            autocompletion=complete_paths,
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="The page's title.")] = "Prompt report",
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="Only this prompt, or a pattern; repeatable."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only calls since a day or for an age: 2026-01-31 or 30d."),
    ] = None,
    split: Annotated[
        bool,
        typer.Option("--split", help="Write a folder: the page, and a file per prompt beside it."),
    ] = False,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to write the report.")
    ] = ReportFormat.HTML,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write again when versions, labels or metrics change.")
    ] = False,
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache",
            help="Make all prompts again, also those that an earlier report made, and keep none.",
        ),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the page on this machine and keep it fresh.")
    ] = False,
    host: Annotated[
        str | None, typer.Option(help=f"Where --serve listens; {_LOCAL} by default.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Where --serve listens; a free port by default."),
    ] = None,
) -> None:
    """Write a report: one HTML file without a server that says what is live and how it does.

    It describes the checked-out commit and all metrics up to now, works from a file, and asks the
    network for nothing. The same commit and metrics give the same file.
    """
    if output_format is not ReportFormat.HTML and (split or open_page or watch or serve):
        raise ConfigError(
            f"--split, --open, --watch and --serve do not go with --format {output_format}",
            fix="leave one of them out",
        )
    if serve and (split or output):
        raise ConfigError("--serve keeps the page in memory", fix="leave --output and --split out")
    if not serve and (host is not None or port is not None):
        raise ConfigError("--host and --port are for --serve", fix="add --serve, or leave them out")
    if output == "-" and (split or open_page or watch):
        raise ConfigError("stdout takes one page only", fix="name a file with --output")

    def options() -> Options:
        from promptreg.report.data import Options

        # Asked again for each report: the last 30 days go on while one watches.
        return Options(tuple(prompt or ()), _moment(since), title)

    cached = not no_cache
    with ended_by_sigterm(ExitCode.OK if serve or watch else ExitCode.TERMINATED):
        if serve:
            from promptreg.cli.report_live import new_memory, serve_page

            memory = new_memory(cached=cached)
            serve_page(options, memory, host or _LOCAL, port or 0, open_page=open_page)
        elif output_format is not ReportFormat.HTML:
            _write_text(options(), output_format, output, cached=cached)
        else:
            target = _target(output, split=split)
            _write(options, target, split=split, open_page=open_page, watch=watch, cached=cached)


def _write(
    options: Callable[[], Options],
    target: Path | None,
    *,
    split: bool,
    open_page: bool,
    watch: bool,
    cached: bool,
) -> None:
    from promptreg.cli.report_live import (
        new_memory,
        open_in_browser,
        state_of_registry,
        watch_registry,
    )

    # Looked at before the first write, so that what changes meanwhile is not missed.
    state = state_of_registry() if watch else ""
    memory = new_memory(cached=cached) if watch or cached else None

    def write() -> None:
        _write_page(options(), target, split=split, memory=memory)

    write()
    if open_page and target is not None:
        open_in_browser((target / "index.html" if split else target).absolute().as_uri())
    if watch:
        message("Watching; Ctrl-C ends it.")
        watch_registry(write, state)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from promptreg.moments import parse_moment

    found = parse_moment(text)
    # A day that has begun somewhere is no mistake.
    if found > datetime.now(UTC) + timedelta(days=1):
        raise ConfigError(
            f"--since {text} lies in the future: no call can be that new",
            fix="name a day in the past, or an age such as 30d",
        )
    return found


def _target(output: str | None, *, split: bool) -> Path | None:
    if output == "-":
        return None
    return given_path(output or ("promptreg-report" if split else "promptreg-report.html"))


def _write_text(
    options: Options, output_format: ReportFormat, output: str | None, *, cached: bool
) -> None:
    from promptreg.cli.report_live import new_memory
    from promptreg.report.building import build_json, build_markdown
    from promptreg.report.output import write_atomically

    target = None if output in {None, "-"} else given_path(str(output))
    memory = new_memory(cached=True) if cached else None
    with open_registry(fast_start=False) as registry, growing_bar(BUILDING) as show:
        parts: Iterable[str]
        if output_format is ReportFormat.MARKDOWN:
            parts = [build_markdown(registry, options, memory=memory, on_step=show)]
        else:
            ascii_only = target is None and not is_unicode()
            parts = build_json(
                registry, options, ensure_ascii=ascii_only, memory=memory, on_step=show
            )
    if target is None:
        pieces(parts)
        return
    size = write_atomically(target, parts)
    message(f"Wrote {target} ({_size(size)}).")


def _write_page(
    options: Options, target: Path | None, *, split: bool, memory: Memory | None = None
) -> None:
    from promptreg.report.building import build_page
    from promptreg.report.output import write_atomically, write_folder

    with (
        open_registry(fast_start=False) as registry,
        # One who watches opens it again and again; each time DuckDB has threads of its own.
        closing(registry.metrics),
        growing_bar(BUILDING) as show,
    ):
        page = build_page(registry, options, split=split, memory=memory, on_step=show)
    if target is None:
        document(page.parts())
    elif split:
        write_folder(page, target)
        message(f"Wrote {target / 'index.html'} ({told(page, page.size)}).")
    else:
        size = write_atomically(target, page.parts())
        message(f"Wrote {target} ({told(page, size)}).")
        if size > _SPLIT_SUGGESTED:
            message("  It is large: --split writes a folder that opens faster from a server.")


def told(page: Page, size: int) -> str:
    """Say how large a page is and how many prompts it has."""
    prompts = len(page.chunks) - 1
    return f"{_size(size)}, {prompts:,} {'prompt' if prompts == 1 else 'prompts'}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"  # noqa: PLR2004
