"""`promptreg report --watch`, `--serve` and `--open`: a report that is kept fresh, and shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from promptreg.cli.context import open_registry
from promptreg.cli.errors import report_error
from promptreg.cli.output import message, warning
from promptreg.cli.progress import growing_bar
from promptreg.cli.report import BUILDING, told
from promptreg.errors import PromptregError

if TYPE_CHECKING:
    from promptreg.report.data import Options
    from promptreg.report.memory import Memory
    from promptreg.report.serving import ReportServer

__all__ = ["new_memory", "open_in_browser", "serve_page", "state_of_registry", "watch_registry"]


def new_memory(*, cached: bool) -> Memory:
    """Return what lets the next reports cost what changed.

    Args:
        cached: Whether those of other processes too.
    """
    from promptreg.report.memory import Memory

    if not cached:
        return Memory()
    from promptreg.report.cache import open_cache

    with open_registry() as registry:
        return Memory(open_cache(registry))


def open_in_browser(url: str) -> None:
    """Open an address in the user's browser, and say so where there is none."""
    import webbrowser

    if not webbrowser.open(url):
        warning(f"there is no browser to open {url} with; BROWSER may name one")


def state_of_registry() -> str:
    """Return a text that changes whenever a report would."""
    from promptreg.report.watching import fingerprint

    with open_registry() as registry:
        return fingerprint(registry)


def watch_registry(
    build: Callable[[], None], known: str, on_error: Callable[[Exception], object] | None = None
) -> None:
    """Build again whenever something changed, until interrupted.

    Args:
        build: Builds the report.
        known: The registry's state before the first build.
        on_error: Told of a build that failed before the user is.
    """
    from promptreg.report.watching import follow

    def tell(error: Exception) -> None:
        if on_error is not None:
            on_error(error)
        report_error(error)

    follow(state_of_registry, build, known, on_error=tell)


def serve_page(
    options: Callable[[], Options], memory: Memory, host: str, port: int, *, open_page: bool
) -> None:
    """Show the report on a server of its own, and keep it fresh until interrupted.

    Args:
        options: Returns what the report is about.
        memory: What was finished before.
        host: Where to listen.
        port: 0 picks a free one.
        open_page: Whether to open it in the browser.
    """
    from promptreg.report.serving import ReportServer

    known = state_of_registry()
    # Before the report is built, so that a port in use is told at once.
    server = ReportServer(host, port)
    try:
        _show(server, options(), memory)
        message(f"Showing the report on {server.url} ; Ctrl-C ends it.")
        if server.is_public:
            warning(f"everybody who reaches this machine on {host} can read all prompts in it")
        if open_page:
            open_in_browser(server.url)

        def again() -> None:
            text = _show(server, options(), memory)
            if text:
                message(f"Showing a newer one ({text}).")

        watch_registry(again, known, lambda error: server.warn(_words(error)))
    finally:
        server.close()


def _show(server: ReportServer, options: Options, memory: Memory) -> str:
    """Build the report and show it; return what it is, or nothing if it is the same."""
    from promptreg.report.building import build_page

    with (
        open_registry(fast_start=False) as registry,
        closing(registry.metrics),
        growing_bar(BUILDING) as show,
    ):
        page = build_page(registry, options, live=True, memory=memory, on_step=show)
    text = "".join(page.parts()).encode("utf-8", "replace")
    return told(page, len(text)) if server.show(text) else ""


def _words(error: Exception) -> str:
    """Return what the page says of an error."""
    if not isinstance(error, PromptregError):
        return str(error)
    where = f"{error.location}: " if error.location else ""
    return f"{where}{error.message}" + (f"\nfix: {error.fix}" if error.fix else "")
