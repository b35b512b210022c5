"""A real Chromium that fails a test on any console message, page error or network request."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptreg.report.html import render
from tests.kit import CommandRepo, Repo
from tests.report.synthetic import synthetic_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Milliseconds that a page may take on a machine with much else to do; nothing waits for their end.
PATIENCE = 60_000
LOCAL = ("file:", "data:", "blob:", "about:")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main, whose commands run in this process."""
    return CommandRepo.create(tmp_path / "repo")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium once."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


class Pages:
    """Opens pages and remembers everything that must not happen in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[Any] = []
        self.problems: list[str] = []
        self.allowed: tuple[str, ...] = LOCAL

    def open(self, url: str = "", **options: Any) -> Page:
        """Open an address in a context of its own; options are those of a context."""
        settings = {"viewport": {"width": 1280, "height": 900}, **options}
        context = self._browser.new_context(**settings)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error.message}"))
        page.on("request", lambda request: self._check(request.url))
        page.set_default_timeout(PATIENCE)
        if url:
            page.goto(url)
            if options.get("java_script_enabled", True):
                page.wait_for_selector("html[data-ready]", state="attached")
        return page

    def _check(self, url: str) -> None:
        if not url.startswith(self.allowed):
            self.problems.append(f"request: {url}")

    def close(self) -> None:
        """Close everything that was opened."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Open pages; afterwards nothing forbidden may have happened in any of them."""
    opened = Pages(browser)
    yield opened
    opened.close()
    assert opened.problems == []


@pytest.fixture(scope="session")
def write_report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], str]:
    """Return a function that renders a report into a file and returns its address."""

    def write(report: Any) -> str:
        path: Path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_text("".join(render(report).parts()), encoding="utf-8")
        return path.as_uri()

    return write


@pytest.fixture(scope="session")
def report_url(write_report: Callable[[Any], str]) -> str:
    """Return the address of a report with eight prompts of twelve versions."""
    return write_report(synthetic_report())
