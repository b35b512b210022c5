"""What shows a report and keeps it fresh: the server, and what looks for changes."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from promptreg.errors import ConfigError, PromptregError
from promptreg.registry import Registry
from promptreg.report.bundle import boot_script
from promptreg.report.html import HtmlBuilder
from promptreg.report.serving import ReportServer
from promptreg.report.watching import (
    LONGEST_REST,
    POLL_SECONDS,
    RESTS_A_LOOK,
    RETRY_SECONDS,
    fingerprint,
    follow,
)
from tests.kit import CommandRepo, prompt_text
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report

# Waits some frames for the page to stand where it shall.
_SCROLLED = """(wanted) => new Promise((done) => {
  let frames = 120;
  const look = () => {
    if (scrollY === wanted || !frames--) done(scrollY);
    else requestAnimationFrame(look);
  };
  look();
})"""
PAGE = b'<meta name="promptreg-edition" content="">'


@pytest.fixture
def server() -> Iterator[ReportServer]:
    """A server that shows a page."""
    with closing(ReportServer()) as started:
        started.show(PAGE)
        yield started


def _ask(
    server: ReportServer, path: str = "/", method: str = "GET", **headers: str
) -> tuple[int, bytes]:
    port = int(server.url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_only_the_page_and_its_news_are_served(server: ReportServer) -> None:
    """There is no way to any file, and HEAD answers as GET does, without the page."""
    status, page = _ask(server)
    assert status == 200
    assert re.fullmatch(rb'<meta name="promptreg-edition" content="[0-9a-f]{16}">', page)
    assert _ask(server, method="HEAD") == (200, b"")
    for path in ("/etc/passwd", "/../../etc/passwd", "/%2e%2e/x", "//[", "/index.html"):
        assert _ask(server, path)[0] == 404, path
    assert _ask(server, method="POST")[0] == 501


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1234", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example:80", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("[", 421),
    ],
)
def test_no_name_of_somebody_else_leads_to_the_page(
    server: ReportServer, host: str, status: int
) -> None:
    """A site whose name is made to lead to this machine reads nothing (DNS rebinding)."""
    found, page = _ask(server, Host=host)
    assert found == status
    assert (b"promptreg-edition" in page) == (status == 200)


def _state(server: ReportServer) -> tuple[str, str]:
    status, answer = _ask(server, "/state")
    assert status == 200
    found = json.loads(answer)
    return found["edition"], found["trouble"]


def test_an_edition_is_named_after_what_it_holds(server: ReportServer) -> None:
    """An open page finds itself fresh or old, at a server that was started again too."""
    edition = _ask(server)[1].split(b'"')[3].decode()
    assert _state(server) == (edition, "")
    assert not server.show(PAGE)
    assert server.show(PAGE + b"<title>New</title>")
    assert _state(server)[0] != edition
    with closing(ReportServer()) as again:
        again.show(PAGE)
        assert _state(again) == (edition, "")


def test_trouble_lasts_until_the_next_page(server: ReportServer) -> None:
    """Why there is no newer page is told until one is shown, be it the same."""
    edition, _ = _state(server)
    server.warn("no config\nfix: write one")
    assert _state(server) == (edition, "no config\nfix: write one")
    assert not server.show(PAGE)
    assert _state(server) == (edition, "")


def test_where_it_cannot_listen_is_told(server: ReportServer) -> None:
    """A port in use and a host that is not there are errors with a way out."""
    port = int(server.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(ConfigError, match=r"cannot listen on 127\.0\.0\.1") as used:
        ReportServer(port=port)
    assert "--port" in (used.value.fix or "")
    with pytest.raises(ConfigError, match="there is no host") as unknown:
        # Too long for any name, so that nobody is asked.
        ReportServer("x" * 64)
    assert "--host" in (unknown.value.fix or "")


def test_everywhere_is_public_and_still_has_an_address() -> None:
    """A server for other machines says so, and names an address that this one can open."""
    with closing(ReportServer("0.0.0.0")) as everywhere:
        everywhere.show(PAGE)
        assert everywhere.is_public
        assert everywhere.url.startswith("http://127.0.0.1:")
        assert _ask(everywhere, Host="reports.acme.example")[0] == 200


def test_ipv6_is_served() -> None:
    """An address of version 6 stands in brackets and answers."""
    try:
        server = ReportServer("::1")
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with closing(server):
        server.show(PAGE)
        assert not server.is_public
        host, port = re.fullmatch(r"http://\[(.+)\]:(\d+)/", server.url).groups()  # type: ignore[union-attr]
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.0 200"


class _Clock:
    """Lets time pass without waiting; at each wait the next thing happens."""

    def __init__(self, happenings: list[Callable[[], object]]) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self._happenings = happenings

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)
        if not self._happenings:
            raise KeyboardInterrupt
        self._happenings.pop(0)()


def _follow(states: list[str], build: Callable[[_Clock], None]) -> tuple[_Clock, list[str]]:
    """Follow states, one a look, until there are no more."""
    current = iter(states)
    seen = ["first"]
    told: list[str] = []
    clock = _Clock([lambda: seen.append(next(current, seen[-1]))] * len(states))
    with pytest.raises(KeyboardInterrupt):
        follow(
            lambda: seen[-1],
            lambda: build(clock),
            "first",
            on_error=lambda error: told.append(str(error)),
            wait=clock.wait,
            clock=lambda: clock.now,
        )
    return clock, told


def test_it_builds_once_things_rest() -> None:
    """Nothing is built while nothing changes, and once for many changes in a row."""
    built: list[float] = []

    def build(clock: _Clock) -> None:
        built.append(clock.now)

    _follow(["first"] * 5, build)
    assert built == []
    clock, _ = _follow(["first", "a", "b", "c", "c", "c", "c", "c"], build)
    assert len(built) == 1
    assert clock.waits[:2] == [POLL_SECONDS] * 2
    built.clear()
    _follow([str(number) for number in range(100)], build)
    assert 2 <= len(built) <= 100 / 20 + 1


def test_it_rests_as_long_as_building_took() -> None:
    """Calls that never stop coming do not keep a processor busy for ever."""

    def build(clock: _Clock) -> None:
        clock.now += 40.0

    clock, _ = _follow(["a"] * 6, build)
    assert clock.waits.count(40.0) == 1
    assert LONGEST_REST > 40.0


def test_it_rests_longer_than_it_looks() -> None:
    """Where many refs make a look slow, it keeps a processor busy for a tenth of the time."""
    clock = _Clock([lambda: None] * 3)

    def look() -> str:
        clock.now += 2.0
        return "same"

    with pytest.raises(KeyboardInterrupt):
        follow(look, lambda: None, "same", on_error=print, wait=clock.wait, clock=lambda: clock.now)
    assert clock.waits == [POLL_SECONDS, *[2.0 * RESTS_A_LOOK] * 3]


def test_what_fails_is_told_and_tried_again() -> None:
    """An error ends nothing, is told once, and the next change builds again."""
    built: list[float] = []

    def build(clock: _Clock) -> None:
        built.append(clock.now)
        if len(built) == 1:
            raise PromptregError("broken")
        if len(built) == 2:
            raise OSError("no room")

    _, told = _follow(["a"] * 5 + ["b"] * 5 + ["c"] * 5, build)
    assert told == ["broken", "no room"]
    assert len(built) == 3


def test_what_fails_is_tried_again_without_a_change() -> None:
    """A disk that was full has room again, though nothing changed that could be seen."""
    built: list[float] = []

    def build(clock: _Clock) -> None:
        built.append(clock.now)
        if len(built) <= 2:
            raise OSError("no room")

    _, told = _follow(["a"] * 100, build)
    assert told == ["no room"]
    assert len(built) == 3
    assert built[2] - built[1] >= RETRY_SECONDS


def test_the_fingerprint_follows_all_that_a_report_shows(tmp_path: Path) -> None:
    """Refs, packed or not, calls, compacting and configuration change it; nothing else does."""
    repo = CommandRepo.create(tmp_path / "repo")
    repo.write(".gitignore", ".promptreg/\n")
    repo.write("prompts/summarizer.prompt.yml", prompt_text())
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:

        def log() -> None:
            registry.log_metrics("summarizer", "1.0.0", latency_ms=1.0)

        def nothing() -> None:
            repo.write("notes.txt", "not in the report")

        changes: list[Callable[[], object]] = [
            log,
            lambda: repo.git("tag", "other"),
            lambda: repo.git("pack-refs", "--all"),
            lambda: repo.commit("more", "--allow-empty"),
            lambda: repo.git("checkout", "-q", "--detach"),
            lambda: repo.git("remote", "add", "origin", "git@github.com:acme/p.git"),
            lambda: repo.write("promptreg.toml", '[gate]\nlatency = "+90%"\n'),
        ]
        states = [fingerprint(registry)]
        for change in changes:
            change()
            states.append(fingerprint(registry))
            nothing()
            assert fingerprint(registry) == states[-1]
        registry.metrics.close()
    assert len(set(states)) == len(changes) + 1


@pytest.mark.browser
def test_a_served_page_reloads_itself_where_it_is(pages: Pages) -> None:
    """An open page shows the new edition, at the same place of the same view."""
    pages.allowed += ("http://127.0.0.1:",)
    report = synthetic_report(3, 12)

    def page(title: str) -> bytes:
        builder = HtmlBuilder(live=True)
        for prompt in report.prompts:
            builder.add(prompt)
        return "".join(builder.finish(report._replace(title=title)).parts()).encode()

    with closing(ReportServer()) as server:
        server.show(page("First"))
        url = f"{server.url}#/prompt/{quote(report.prompts[0].name, safe='')}"
        opened = pages.open(url)
        opened.wait_for_selector(".version")
        opened.evaluate("scrollTo(0, 700)")
        server.warn("promptreg.toml is broken\nfix: mend <it>")
        banner = opened.get_by_role("alert")
        expect(banner).to_contain_text("promptreg.toml is broken\nfix: mend <it>")
        expect(banner).to_be_in_viewport()
        server.show(page("First"))
        expect(banner).to_have_count(0)
        server.show(page("Second"))
        expect(opened).to_have_title(re.compile("Second"))
        opened.wait_for_selector(".version")
        assert opened.evaluate(_SCROLLED, 700) == 700
        assert opened.url == url
        opened.context.close()
        pages.problems = [p for p in pages.problems if "ERR_" not in p]


@pytest.mark.browser
def test_more_tabs_than_connections_are_kept_fresh(pages: Pages) -> None:
    """Chromium has six connections to a server; a seventh tab opens and reloads all the same."""
    pages.allowed += ("http://127.0.0.1:",)

    def page(title: str) -> bytes:
        script = boot_script(live=True).encode()
        return b"<title>%s</title>%s<script>%s</script>" % (title.encode(), PAGE, script)

    with closing(ReportServer()) as server:
        server.show(page("First"))
        context = pages.open().context
        tabs = [context.new_page() for _ in range(7)]
        for tab in tabs:
            tab.goto(server.url)
        server.show(page("Second"))
        for tab in tabs:
            expect(tab).to_have_title("Second")
        context.close()
