"""The write-ahead log, with real files, processes, threads and forks."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from promptreg.errors import ConfigError, MetricsError
from promptreg.metrics import Metrics, wal
from promptreg.metrics.wal import SegmentWriter
from promptreg.storage.segments import is_alive, list_segments
from tests.kit import forked
from tests.metrics.conftest import row


def lines_of(folder: Path) -> list[bytes]:
    """Return every line of every segment, torn ends left out."""
    return [
        line
        for segment in list_segments(folder / "wal")
        for line in segment.path.read_bytes().split(b"\n")[:-1]
    ]


def open_files() -> int:
    """Return how many descriptors this process has, 0 where the system does not say."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_logging_needs_no_extra(folder: Path) -> None:
    """An application that logs loads neither pyarrow, DuckDB, deltalake nor a price table."""
    code = (
        "import sys; from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r})\n"
        "m.log(prompt='p', version='1.0.0', model='gpt-4o', input_tokens=1, output_tokens=1)\n"
        "print(sorted({'pyarrow','duckdb','deltalake','genai_prices','pygit2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert len(lines_of(folder)) == 1


def test_one_segment_per_process(metrics: Metrics, folder: Path) -> None:
    """Rows of one process follow each other in one file whose lock it holds."""
    for number in range(100):
        metrics.log(**row(repeat=number))
    (segment,) = list_segments(folder / "wal")
    assert [json.loads(line)["repeat"] for line in lines_of(folder)] == list(range(100))
    assert is_alive(segment)
    metrics.close()
    assert not is_alive(segment)


@pytest.mark.parametrize("limit", ["MAX_SEGMENT_ROWS", "MAX_SEGMENT_BYTES"])
def test_rolls(folder: Path, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that is full by rows or bytes is closed, the next one holds the next row."""
    monkeypatch.setattr(wal, limit, 10 if limit == "MAX_SEGMENT_ROWS" else 60)
    writer = SegmentWriter(folder / "wal")
    for number in range(35):
        writer.append(b"%05d\n" % number)
    segments = list_segments(folder / "wal")
    assert sorted(segment.size for segment in segments) == [30, 60, 60, 60]
    assert sum(is_alive(segment) for segment in segments) == 1


def test_rolls_by_age(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment older than a minute by the steady clock gives way, whatever the wall clock says."""
    now = 1000.0
    monkeypatch.setattr(wal.time, "monotonic", lambda: now)
    writer = SegmentWriter(folder / "wal")
    writer.append(b"a\n")
    now += 59
    writer.append(b"b\n")
    now += 2
    writer.append(b"c\n")
    assert sorted(len(s.path.read_bytes()) for s in list_segments(folder / "wal")) == [2, 4]


def test_threads(metrics: Metrics, folder: Path) -> None:
    """Rows of many threads are all there, each line whole."""

    def work(thread: int) -> None:
        for number in range(500):
            metrics.log(**row(unit=f"{thread}-{number}", error_message="x" * (number % 97)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.loads(line)["unit"] for line in lines_of(folder)}) == 4000


def test_fork(metrics: Metrics, folder: Path) -> None:
    """A forked child writes to a segment of its own, and the parent's stays locked throughout."""
    metrics.log(**row(unit="parent"))
    (segment,) = list_segments(folder / "wal")

    def log() -> bool:
        metrics.log(**row(unit="child"))
        metrics.close()
        return True

    with forked(log):
        pass
    metrics.log(**row(unit="parent again"))
    assert is_alive(segment)
    assert len(list_segments(folder / "wal")) == 2
    units = sorted(json.loads(line)["unit"] for line in lines_of(folder))
    assert units == ["child", "parent", "parent again"]
    assert [json.loads(li)["unit"] for li in segment.path.read_bytes().split(b"\n")[:-1]] == [
        "parent",
        "parent again",
    ]


def test_fork_while_a_thread_logs(metrics: Metrics, folder: Path) -> None:
    """A child forked in the middle of another thread's call can log: the lock is fresh."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            metrics.log(**row(unit="thread"))

    def log() -> bool:
        metrics.log(**row(unit="child"))
        return True

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            with forked(log):
                pass
    finally:
        stop.set()
        thread.join()
    units = [json.loads(line)["unit"] for line in lines_of(folder)]
    assert units.count("child") == 20


def test_a_file_size_limit_takes_the_row_back(folder: Path) -> None:
    """A write cut short by a limit is refused, leaves no half line, and logging can go on."""
    code = (
        "import resource, signal; from promptreg.metrics import Metrics\n"
        "from promptreg.errors import MetricsError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))\n"
        f"m = Metrics({str(folder)!r}); logged = refused = 0\n"
        "for i in range(200):\n"
        "    try:\n"
        "        m.log(prompt='p', version='1.0.0', unit='x' * 50); logged += 1\n"
        "    except MetricsError as error:\n"
        "        refused += 1; text = str(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))\n"
        "m.log(prompt='p', version='1.0.0'); logged += 1\n"
        "print(logged, refused, text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    logged, refused, text = done.stdout.split(maxsplit=2)
    assert int(refused) > 50
    assert "cannot log to" in text
    contents = [segment.path.read_bytes() for segment in list_segments(folder / "wal")]
    assert all(content.endswith(b"\n") for content in contents)
    assert len([json.loads(line) for line in lines_of(folder)]) == int(logged)


def test_unwritable_folder(folder: Path) -> None:
    """A folder that cannot be written to is an error that says so, or a counted warning."""
    folder.mkdir()
    (folder / "wal").write_text("a file, so no folder can be made here")
    with pytest.raises(MetricsError, match="cannot log to"):
        Metrics(folder).log(**row())
    quiet = Metrics(folder, on_error="warn")
    for _ in range(5):
        quiet.log(**row())
    quiet.log(**row(latency_ms=-1.0))
    assert quiet.dropped == 6


def test_a_deleted_store_does_not_swallow_rows(
    metrics: Metrics, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When somebody deletes the segment, the next second's rows go to a new one."""
    now = 1000.0
    monkeypatch.setattr(wal.time, "monotonic", lambda: now)
    metrics.log(**row())
    for segment in list_segments(folder / "wal"):
        segment.path.unlink()
    now += 1.5
    metrics.log(**row())
    assert len(lines_of(folder)) == 1


def test_a_file_system_without_locks_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a lock keeps nobody out, nothing is logged and the error says what to do."""
    monkeypatch.setattr(wal.fcntl, "flock", lambda *_: None)
    with pytest.raises(MetricsError, match="does not support flock"):
        Metrics(folder).log(**row())
    assert list(folder.rglob("*.jsonl")) == []


def test_nobody_sees_an_unlocked_new_segment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment a segment gets its name it is already locked."""
    seen = []
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        with source.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                seen.append("unlocked")
            except BlockingIOError:
                seen.append("locked")
        real(source, target)

    monkeypatch.setattr(wal.os, "rename", rename)
    Metrics(folder).log(**row())
    assert seen == ["locked"]


def test_durability_disk(make: Callable[..., Metrics], folder: Path) -> None:
    """Rows that are forced to the disk are the same rows."""
    metrics = make(durability="disk")
    metrics.log(**row())
    assert metrics.log_many(row(repeat=n) for n in range(100)) == 100
    assert len(lines_of(folder)) == 101


def test_log_many_names_the_wrong_row(metrics: Metrics) -> None:
    """A wrong row in a long list is named by its number."""
    rows = [row(), row(), row(success="yes")]
    with pytest.raises(MetricsError, match=r"row 3: success must be true or false"):
        metrics.log_many(rows)


def test_stdout_sink(folder: Path) -> None:
    """With the sink stdout each row is one JSON line there and no file is made."""
    code = (
        "from promptreg.metrics import Metrics\n"
        f"m = Metrics({str(folder)!r}, sink='stdout')\n"
        "print('before'); m.log(prompt='p', version='1.0.0'); print('after')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, line, after = done.stdout.splitlines()
    assert (before, json.loads(line)["prompt"], after) == ("before", "p", "after")
    assert not folder.exists()


def test_none_sink_still_checks(make: Callable[..., Metrics], folder: Path) -> None:
    """With the sink none a wrong row is still an error and nothing is written."""
    metrics = make(sink="none")
    metrics.log(**row())
    with pytest.raises(MetricsError):
        metrics.log(**row(accuracy=2.0))
    assert not folder.exists()


@pytest.mark.parametrize("option", ["durability", "sink", "on_error"])
def test_wrong_option(make: Callable[..., Metrics], option: str) -> None:
    """A misspelled option is an error that names the choices."""
    with pytest.raises(ConfigError, match=f"{option} must be .* or "):
        make(**{option: "dsik"})


def test_open_files_do_not_pile_up(make: Callable[..., Metrics]) -> None:
    """Many stores that are closed leave no descriptor behind."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    before = open_files()
    for _ in range(min(limit, 200)):
        metrics = make()
        metrics.log(**row())
        metrics.close()
    assert open_files() <= before
