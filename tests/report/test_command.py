"""`promptreg report` as a process where that matters, and the server it starts."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from promptreg.cli.output import document, print_json
from promptreg.errors import ConfigError
from promptreg.registry import Registry
from promptreg.report.html import Page, render
from promptreg.report.output import write_atomically, write_folder
from tests.kit import CommandRepo, Repo, prompt_text, running
from tests.report.conftest import Pages
from tests.report.synthetic import synthetic_report

FILE = "prompts/summarizer.prompt.yml"


@pytest.fixture(scope="session")
def _released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that wants it builds the repository for all."""
    return tmp_path_factory.mktemp("released") / "repo"


@pytest.fixture
def commands(tmp_path: Path, _released_once: Path) -> Repo:
    """A repository with one released prompt and one call of it; commands run in this process."""
    if not _released_once.exists():
        _build(CommandRepo.create(_released_once))
    shutil.copytree(_released_once, tmp_path / "repo", symlinks=True)
    return CommandRepo(tmp_path / "repo", clock=1_700_000_060)


@pytest.fixture
def released(commands: Repo) -> Repo:
    """The same repository, whose commands are processes."""
    return Repo(commands.path, clock=commands.clock)


def _build(repo: Repo) -> None:
    repo.write(".gitignore", ".promptreg/\n*.html\nout/\n")
    repo.write(FILE, prompt_text())
    repo.bump_and_commit()
    repo.ok("release")
    with Registry(repo.path) as registry:
        registry.log_metrics("summarizer", "1.0.0", latency_ms=812.0, success=True)
        registry.metrics.close()


def test_html_is_written_and_told(released: Repo) -> None:
    """The default is one file, opened where asked for; stdout stays empty, stderr tells of it."""
    opened = released.path / "opened"
    browser = released.write("browser", f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    released.environment = {"BROWSER": str(browser)}
    result = released.run("report", "--open")
    assert result.code == 0, result.err
    assert result.out == ""
    assert re.search(r"Wrote .*promptreg-report\.html \(\d+ kB, 1 prompt\)", result.err)
    assert opened.read_text().strip() == (released.path / "promptreg-report.html").as_uri()
    text = released.read("promptreg-report.html")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")


def test_stdout_takes_every_format(commands: Repo) -> None:
    """Markdown and JSON go to stdout by default, HTML with -o -."""
    assert commands.ok("report", "-o", "-").startswith("<!doctype html>")
    markdown = commands.ok("report", "--format", "markdown", "--title", "Ours")
    assert markdown.startswith("# Ours\n")
    cells = [cell.strip() for cell in markdown.splitlines()[-1].split("|")]
    assert cells[1:7] == ["summarizer", "1.0.0", "1", "1", "1.0.0", "812\u00a0ms"]
    text = commands.ok("report", "--format", "json")
    found = json.loads(text)
    # Whoever reads it a line at a time finds a prompt in each.
    lines = {line.strip().rstrip(",") for line in text.splitlines()}
    assert json.dumps(found["prompts"][0], ensure_ascii=False) in lines
    assert found["schema"] == "promptreg-report/1"
    assert found["prompts"][0]["versions"][0]["calls"] == 1


def test_stdout_of_any_encoding_takes_documents_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTML stays UTF-8 as it says, JSON stays JSON, and neither moves a terminal."""
    text = "\u00e9 \U0001f600 \x9b2J \x7f"
    for encoding in ("ascii", "latin-1", "utf-8"):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
        monkeypatch.setattr(sys, "stdout", stream)
        print_json({"text": text})
        stream.flush()
        written = raw.getvalue()
        assert json.loads(written) == {"text": text}
        assert not {0x7F, 0x9B} & {ord(c) for c in written.decode(encoding)}
        document([text])
        assert raw.getvalue()[len(written) :] == text.encode()
        monkeypatch.undo()


def test_a_large_report_suggests_to_split(commands: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 25 MB a folder is named as what opens faster; below nothing is said."""
    assert "--split" not in commands.run("report").err
    monkeypatch.setattr("promptreg.cli.report._SPLIT_SUGGESTED", 10_000)
    assert "--split writes a folder" in commands.run("report").err


def test_same_commit_and_metrics_give_the_same_file(released: Repo) -> None:
    """Two processes write the same bytes, whatever their time zone, language and hash seed."""
    first = released.ok("report", "-o", "-")
    released.environment = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    assert released.ok("report", "--no-cache", "-o", "-") == first


def test_processes_take_over_what_others_finished(released: Repo) -> None:
    """Two at once and one after them write the same page; --no-cache keeps nothing."""
    folder = released.path / ".git/promptreg/report"
    alone = released.ok("report", "--no-cache", "-o", "-")
    assert not folder.exists()
    command = [sys.executable, "-m", "promptreg", "report", "-o", "-"]
    with running(command, command, cwd=released.path, env=released.env()) as both:
        assert [process.communicate()[0] for process in both] == [alone] * 2
    (kept,) = folder.iterdir()
    before = kept.stat()
    assert released.ok("report", "-o", "-") == alone
    (kept,) = folder.iterdir()
    assert kept.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "json", "--split"),
        ("-o", "-", "--watch"),
        ("--serve", "-o", "x.html"),
        ("--port", "0"),
        ("--serve", "--host", "x" * 64),
        ("--prompt", "nothing*"),
        ("--since", "soon"),
        ("--since", "9999-01-01"),
        ("--split", "-o", "taken"),
        ("-o", "missing/folder/x.html"),
        ("-o", "."),
    ],
)
def test_wrong_options_are_told_in_one_line(commands: Repo, words: tuple[str, ...]) -> None:
    """What cannot be done is a usage error with a way out, and nothing is written."""
    commands.write("taken", "a file where a folder is wanted\n")
    result = commands.run("report", *words)
    assert result.code == 2
    assert "error:" in result.err
    assert "Traceback" not in result.err
    assert not list(commands.path.glob(".*.html*"))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """Whoever reads the file sees the old report or the new one, never half of one."""
    target = tmp_path / "report.html"
    target.write_text("old")

    def broken() -> object:
        yield "new"
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError):
        write_atomically(target, broken())  # type: ignore[arg-type]
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_full_disk_is_told_and_leaves_the_old_report(tmp_path: Path) -> None:
    """Where no room is left the error names the report, and file and folder stay as they were."""
    target, folder = tmp_path / "report.html", tmp_path / "report"
    generator = '<meta name="generator" content="promptreg 1.0">'
    page = Page(f"{generator}<title>old</title>", (("p0", "AAAA"),), "data/0123456789abcdef")
    write_atomically(target, page.parts())
    write_folder(page, folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    large = Page("new", (("p1", "A" * 20_000), ("p0", "A" * 200_000)), "data/fedcba9876543210")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ConfigError, match=r"cannot write .*report\.html: "):
            write_atomically(target, large.parts())
        with pytest.raises(ConfigError, match=r"cannot write .*report: "):
            write_folder(large, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_stands_at_the_target_stays_what_it_is(tmp_path: Path) -> None:
    """A link, a device, a pipe and the rights of a file outlive the report that is written."""
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomically(link, ["new"])
    assert (link.is_symlink(), real.read_text()) == (True, "new")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    read, written = os.pipe()
    assert write_atomically(Path(f"/dev/fd/{written}"), ["piped"]) == 5
    assert os.read(read, 9) == b"piped"
    os.close(read)
    os.close(written)
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    write_atomically(device, ["gone"])
    assert Path("/dev/null").is_char_device()


def test_a_folder_holds_one_report_and_what_is_somebody_elses(tmp_path: Path) -> None:
    """Data of the report before goes, all else stays, and anybody may read the new one."""
    folder = tmp_path / "site"
    first, second = (
        render(synthetic_report(2, 2), split=True),
        render(synthetic_report(3, 2), split=True),
    )
    write_folder(first, folder)
    (folder / "data" / "config.js").write_text("mine")
    (folder / first.folder / "notes.txt").write_text("mine too")
    write_folder(second, folder)
    write_folder(second, folder)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "index.html",
        "data/config.js",
        f"{first.folder}/notes.txt",
        *(f"{second.folder}/{name}.js" for name in ("search", "p0", "p1", "p2")),
    }
    assert stat.S_IMODE((folder / second.folder).stat().st_mode) == 0o755 & ~_umask()
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("<title>a site</title>")
    with pytest.raises(ConfigError, match=r"index\.html is no report"):
        write_folder(first, other)
    assert [path.name for path in other.iterdir()] == ["index.html"]


def test_many_at_once_write_a_whole_folder(tmp_path: Path) -> None:
    """Of several that write into one folder the last one's page finds all of its own data."""
    folder = tmp_path / "site"
    pages = [render(synthetic_report(2, versions), split=True) for versions in (2, 3)] * 2
    for _ in range(4):
        with ThreadPoolExecutor(len(pages)) as pool:
            list(pool.map(lambda page: write_folder(page, folder), pages))
        index = (folder / "index.html").read_text(encoding="utf-8")
        (last,) = {page.folder for page in pages if page.head in index}
        assert {path.parent.name for path in folder.glob("data/*/*")} == {Path(last).name}
        names = {f"{name}.js" for name, _ in pages[0].chunks}
        assert {path.name for path in (folder / last).iterdir()} == names


def test_an_interrupted_folder_stays_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new page is in its place the old one finds all of its own data."""
    folder = tmp_path / "site"
    write_folder(render(synthetic_report(2, 2), split=True), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("promptreg.report.output.write_atomically", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_folder(render(synthetic_report(3, 2), split=True), folder)
    assert before.items() <= {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}.items()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


@pytest.mark.browser
def test_a_split_report_opens_from_a_file(commands: Repo, pages: Pages) -> None:
    """The folder works from file:// and http, prompts are read from the files beside the page."""
    commands.ok("report", "--split", "-o", "out")
    url = (commands.path / "out" / "index.html").as_uri()
    page = pages.open(f"{url}#/prompt/summarizer?tab=text")
    page.wait_for_selector("text=You are a news summarizer.")
    page.goto(f"{url}#/prompts?q=news+summarizer")
    page.wait_for_selector("text=1 prompt")
    handler = partial(_Silent, directory=str(commands.path / "out"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            address = f"http://127.0.0.1:{server.server_address[1]}/"
            pages.allowed += (address,)
            served = pages.open(f"{address}#/prompt/summarizer?tab=text")
            served.wait_for_selector("text=You are a news summarizer.")
        finally:
            server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_serve_answers_until_interrupted(released: Repo) -> None:
    """It says where the report is, serves it, and says there what went wrong, until Ctrl-C."""
    command = [sys.executable, "-m", "promptreg", "report", "--serve"]
    options = {"cwd": released.path, "env": released.env(), "stderr": subprocess.PIPE}
    with running(command, **options) as (process,):
        assert process.stderr
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line
        with urlopen(found[0]) as answer:
            assert answer.read().startswith(b"<!doctype html>")
        released.write("promptreg.toml", "[gate\n")
        assert "error: not valid TOML" in process.stderr.readline()
        with urlopen(f"{found[0]}state") as answer:
            assert "not valid TOML" in json.load(answer)["trouble"]
        released.write("promptreg.toml", "")
        released.commit("mended")
        assert process.stderr.readline().startswith("Showing a newer one")
        with urlopen(f"{found[0]}state") as answer:
            assert not json.load(answer)["trouble"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""


def test_watch_writes_again_when_a_call_is_logged(released: Repo) -> None:
    """A new call makes a new report without anybody asking for it."""
    command = [sys.executable, "-m", "promptreg", "report", "--watch", "-o", "watched.html"]
    options = {"cwd": released.path, "env": released.env(), "stderr": subprocess.PIPE}
    with running(command, **options) as (process,):
        assert process.stderr
        assert process.stderr.readline().startswith("Wrote ")
        assert process.stderr.readline().startswith("Watching")
        before = released.read("watched.html")
        with Registry(released.path) as registry:
            registry.log_metrics("summarizer", "1.0.0", latency_ms=99.0)
            registry.metrics.close()
        assert process.stderr.readline().startswith("Wrote ")
        # A look may have found the call's file and not the call yet.
        while released.read("watched.html") == before:
            assert process.stderr.readline().startswith("Wrote ")
        # Services and containers are ended so.
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 0
    assert all(line.startswith("Wrote ") for line in err.splitlines())
