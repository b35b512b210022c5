"""Shipping from a thread of the application: rows arrive, and nothing ever waits for it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from promptreg.metrics import Metrics
from promptreg.storage.segments import list_segments
from tests.metrics.conftest import row

COUNT = "SELECT count(*), count(DISTINCT unit) FROM calls"


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask again and again, each time of the real thing, until it holds."""
    for _ in range(12_000):
        if holds():
            return
        # Only to leave the processor to those who work; ends as soon as they are done.
        select.select([], [], [], 0.01)
    pytest.fail("it never came to hold")


def sealed_rows(metrics: Metrics) -> int:
    """Return how many rows the table has, segments left out."""
    metrics.store.table.refresh()
    return sum(part.rows for part in metrics.store.table.parts())


def app(folder: Path, work: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run an application with the metrics `m` in a process of its own."""
    code = (
        "import json, os, sys, threading\n"
        "from pathlib import Path\n"
        "from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r}, **json.loads({json.dumps(options)!r}))\n{work}"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


def test_rows_are_shipped_while_the_application_runs(
    make: Callable[..., Metrics], folder: Path
) -> None:
    """Rows of the current segment, too, reach the table without anybody's call, each once."""
    writer, reader = make(ship_seconds=0.05), make()
    for number in range(30):
        writer.log(**row(unit=str(number)))
    wait_until(lambda: sealed_rows(reader) == 30)
    writer.log(**row(unit="later"))
    wait_until(lambda: sealed_rows(reader) == 31)
    assert reader.sql(COUNT) == [(31, 31)]
    assert reader.sql("SELECT DISTINCT cost > 0 FROM calls") == [(True,)]
    assert writer.ship_errors == 0
    writer.close()


def test_the_thread_ends_with_the_metrics(make: Callable[..., Metrics]) -> None:
    """Closing ends the thread, logging afterwards starts another one; only a file sink has one."""
    others = shipping()
    metrics = make(ship_seconds=3600.0)
    assert not shipping(others)
    metrics.log(**row())
    (thread,) = shipping(others)
    assert thread.daemon
    metrics.close()
    thread.join()
    metrics.log(**row())
    (thread,) = shipping(others)
    metrics.close()
    thread.join()
    make(ship_seconds=3600.0, sink="none").log(**row())
    make().log(**row())
    assert not shipping(others)


def shipping(before: Collection[threading.Thread] = ()) -> list[threading.Thread]:
    """Return the threads that ship, but for those of other tests' stores."""
    threads = threading.enumerate()
    return [t for t in threads if t.name == "promptreg-ship" and t not in before]


def test_a_process_is_not_kept_alive(folder: Path) -> None:
    """A process ends at once; its rows wait in the segment for whoever ships next."""
    done = app(folder, "m.log(prompt='p', version='1.0.0')", ship_seconds=3600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(list_segments(folder / "wal")) == 1


def test_a_forked_child_ships_once_it_logs(folder: Path) -> None:
    """A child has no thread until it logs, and then one of its own, though the parent has read."""
    done = app(
        folder,
        "import warnings; warnings.simplefilter('ignore')\n"
        "m.log(prompt='p', version='1.0.0', unit='parent')\n"
        "m.sql('SELECT 1 FROM calls')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    names = [t.name for t in threading.enumerate()]\n"
        "    print('before', 'promptreg-ship' in names, flush=True)\n"
        "    m.log(prompt='p', version='1.0.0', unit='child')\n"
        "    names = [t.name for t in threading.enumerate()]\n"
        "    print('after', 'promptreg-ship' in names, flush=True)\n"
        "    parts = Path(m.location, 'calls')\n"
        "    while sum(b'child' in f.read_bytes() for f in parts.glob('*.parquet')) == 0: pass\n"
        "    print('shipped', flush=True)\n"
        "    os._exit(m.ship_errors)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n",
        ship_seconds=0.1,
    )
    assert (done.returncode, done.stdout.split()) == (
        0,
        ["before", "False", "after", "True", "shipped"],
    ), done.stderr
    assert Metrics(folder).sql(COUNT) == [(2, 2)]


def test_an_unreachable_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Errors are counted and told once; rows stay in their segments, and logging goes on."""
    options = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "max_retries": "0",
        "retry_timeout": "1s",
    }
    metrics = Metrics(
        "s3://bucket/x", wal=tmp_path / "wal", storage_options=options, ship_seconds=0.05
    )
    metrics.log(**row(unit="first"))
    wait_until(lambda: metrics.ship_errors >= 2)
    metrics.log(**row(unit="second"))
    metrics.close()
    text = b"".join(segment.path.read_bytes() for segment in list_segments(metrics.wal))
    assert text.count(b"\n") == 2
    assert caplog.text.count("shipping to s3://bucket/x failed, rows wait in") == 1
    assert "secret" not in caplog.text


def test_no_python_to_ship_with(
    make: Callable[..., Metrics], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Inside another program than Python nothing is started; the warning names the sidecar."""
    monkeypatch.setattr(sys, "executable", "/usr/sbin/uwsgi")
    metrics = make(ship_seconds=0.01)
    metrics.log(**row())
    wait_until(lambda: metrics.ship_errors > 0)
    metrics.close()
    assert "promptreg metrics ship --watch" in caplog.text


def test_modules_of_the_application_stand_in_no_way(folder: Path, tmp_path: Path) -> None:
    """A file json.py in the folder the application runs in is not what the shipping imports."""
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')\n")
    writer = Metrics(folder, ship_seconds=0.05)
    before = os.getcwd()  # noqa: PTH109 - restored below
    os.chdir(tmp_path)
    try:
        writer.log(**row())
        reader = Metrics(folder)
        wait_until(lambda: sealed_rows(reader) == 1 or writer.ship_errors > 0)
    finally:
        os.chdir(before)
        writer.close()
    assert writer.ship_errors == 0
