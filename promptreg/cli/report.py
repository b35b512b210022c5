"""`promptreg report`: one HTML file that says what is live, what changed and what worries."""

from __future__ import annotations

import sys
import time
import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptreg.cli.context import directory, open_registry
from promptreg.cli.output import data, message, print_json
from promptreg.cli.progress import growing_bar
from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.data import Options
    from promptreg.report.html import Known, Page

__all__ = ["report"]

_SPLIT_SUGGESTED = 25_000_000
_POLL_SECONDS = 1.0
_BUILDING = "building the report"


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
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the page on this machine and keep it fresh.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where --serve listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 0,
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
    if output == "-" and (split or open_page or watch):
        raise ConfigError("stdout takes one page only", fix="name a file with --output")
    from promptreg.report.data import Options

    options = Options(tuple(prompt or ()), _moment(since), title)
    if serve:
        _serve(options, host, port, open_page=open_page)
        return
    if output_format is not ReportFormat.HTML:
        _write_text(options, output_format, output)
        return
    target = _target(output, split=split)
    # Looked at before the first write, so that what changes meanwhile is not missed.
    state = _state() if watch else ""
    packed: Known | None = {} if watch else None
    _write_page(options, target, split=split, known=packed)
    if open_page and target is not None:
        place = target / "index.html" if split else target
        webbrowser.open(place.absolute().as_uri())
    if watch and target is not None:
        _watch(lambda: _write_page(options, target, split=split, known=packed), state)


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
    name = output or ("promptreg-report" if split else "promptreg-report.html")
    # A path on the command line is the user's, wherever -C leads.
    return Path(name) if output else directory() / name


def _write_text(options: Options, output_format: ReportFormat, output: str | None) -> None:
    from promptreg.report.data import collect

    with open_registry(fast_start=False) as registry, growing_bar(_BUILDING) as show:
        found = collect(registry, options, on_step=show)
    if output_format is ReportFormat.MARKDOWN:
        from promptreg.report.markdown import markdown_report

        text = markdown_report(found)
    else:
        from promptreg.report.schema import as_json

        if output in {None, "-"}:
            print_json(as_json(found))
            return
        import json

        text = json.dumps(as_json(found), indent=2, ensure_ascii=False) + "\n"
    if output in {None, "-"}:
        data(text.rstrip("\n"))
        return
    from promptreg.report.output import write_atomically

    size = write_atomically(Path(str(output)), [text])
    message(f"Wrote {output} ({_size(size)}).")


def _write_page(
    options: Options, target: Path | None, *, split: bool, known: Known | None = None
) -> None:
    from promptreg.report.output import build_page, write_atomically, write_folder

    with open_registry(fast_start=False) as registry, growing_bar(_BUILDING) as show:
        page = build_page(registry, options, split=split, known=known, on_step=show)
    if target is None:
        for part in page.parts():
            sys.stdout.write(part)
        return
    if split:
        write_folder(page, target)
        message(f"Wrote {target / 'index.html'} ({_told(page, page.size)}).")
        return
    size = write_atomically(target, page.parts())
    message(f"Wrote {target} ({_told(page, size)}).")
    if size > _SPLIT_SUGGESTED:
        message("  It is large: --split writes a folder that opens faster from a server.")


def _told(page: Page, size: int) -> str:
    prompts = len(page.chunks) - 1
    return f"{_size(size)}, {prompts:,} {'prompt' if prompts == 1 else 'prompts'}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"  # noqa: PLR2004


def _watch(write: Callable[[], None], known: str) -> None:
    """Write again whenever something changed, until interrupted."""
    message("Watching; Ctrl-C ends it.")
    while True:
        time.sleep(_POLL_SECONDS)
        if (state := _state()) != known:
            known = state
            write()


def _state() -> str:
    from promptreg.report.serving import fingerprint

    with open_registry() as registry:
        return fingerprint(registry)


def _serve(options: Options, host: str, port: int, *, open_page: bool) -> None:
    from promptreg.report.serving import ReportServer

    known = _state()
    packed: Known = {}
    with open_registry(fast_start=False) as registry:
        first = _page_bytes(registry, options, packed)
    server = ReportServer(host, port)
    try:
        server.show(first)
        message(f"Showing the report on {server.url} ; Ctrl-C ends it.")
        if open_page:
            webbrowser.open(server.url)

        def again() -> None:
            with open_registry(fast_start=False) as registry:
                server.show(_page_bytes(registry, options, packed))

        _watch(again, known)
    finally:
        server.close()


def _page_bytes(registry: Registry, options: Options, packed: Known) -> bytes:
    from promptreg.report.output import build_page

    with growing_bar(_BUILDING) as show:
        page = build_page(registry, options, live=True, known=packed, on_step=show)
    return "".join(page.parts()).encode("utf-8", "replace")
