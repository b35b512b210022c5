"""The `metrics` commands as a person types them, in a real repository.

What one process logs and another reads, what a signal ends and what cannot be imported are tests of
processes; the others run the whole command line in the process of the test.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.kit import CommandRepo, Repo, Result, prompt_text, running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one released prompt, made once: each test gets a copy."""
    repo = CommandRepo.create(tmp_path_factory.mktemp("template") / "work")
    # Made before the test's own home exists.
    repo.environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        repo.environment |= {f"GIT_{role}_NAME": "Ada", f"GIT_{role}_EMAIL": "ada@example.com"}
    repo.write("prompts/summarizer.prompt.yml", prompt_text())
    repo.write(".gitignore", ".promptreg/\n")
    repo.run("bump", "--all")
    repo.commit("Add the summarizer")
    assert repo.run("release").code == 0
    return repo.path


@pytest.fixture
def repo(template: Path, tmp_path: Path) -> Repo:
    """A copy of the repository with one released prompt; its commands run in this process."""
    return CommandRepo(Path(shutil.copytree(template, tmp_path / "work")))


@pytest.fixture
def processes(repo: Repo) -> Repo:
    """The same copy, whose commands are processes."""
    return Repo(repo.path)


def metrics(repo: Repo, *words: str, code: int = 0) -> Result:
    """Run a metrics command that must end with a code."""
    done = repo.run("metrics", *words)
    assert done.code == code, done.out + done.err
    return done


def log_some(repo: Repo) -> None:
    """Log three calls of two models."""
    lines = [
        {"prompt": "summarizer", "version": "1.0.0", "model": model, "latency_ms": latency}
        | {"input_tokens": 1000, "output_tokens": 100, "success": latency < 900}
        for model, latency in (("gpt-4o", 800.0), ("gpt-4o", 1000.0), ("gpt-4o-mini", 400.0))
    ]
    repo.write("rows.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    metrics(repo, "log", "--from-jsonl", "rows.jsonl")


def test_log_one_call(processes: Repo) -> None:
    """A call named by reference gets its version, digest and commit, and a cost from its model."""
    metrics(processes, "log", "summarizer", "--latency-ms", "812", "--model", "gpt-4o", "--success",
            "--input-tokens", "1000", "--output-tokens", "100", "--score", "tone=0.5",
            "--set", "unit=user-1")  # fmt: skip
    sql = "SELECT version, digest, commit, cost, unit, scores, environment FROM calls"
    (row,) = json.loads(metrics(processes, "query", sql, "--format", "json").out)
    assert row["version"] == "1.0.0"
    assert len(row["digest"]) == 64
    assert row["commit"] == processes.git("rev-parse", "HEAD").strip()
    assert row["cost"] == pytest.approx(0.0035)
    assert (row["unit"], row["scores"]) == ("user-1", {"tone": 0.5})
    assert row["environment"] == "production"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["summarizer", "--latency-ms", "-3"], "latency_ms must be 0 or more"),
        (["summarizer", "--quality", "1.5"], "quality_score must be between 0 and 1"),
        (["summarizer@9.9.9", "--latency-ms", "3"], "9.9.9"),
        (["nothing", "--latency-ms", "3"], "nothing"),
        ([], "which call?"),
        (["rows.jsonl"], "fix: --from-jsonl rows.jsonl"),
        (["summarizer", "--set", "latency=3"], "did you mean latency_ms?"),
        (["summarizer", "--set", "x"], "--set wants NAME=VALUE"),
        (["summarizer", "--score", "tone=good"], "must be a number"),
        (["summarizer", "--from-csv", "x.csv"], "give one file, or NAME@REF"),
        (["--from-jsonl", "missing.jsonl"], "No such file"),
    ],
)
def test_log_refuses(repo: Repo, words: list[str], says: str) -> None:
    """Wrong input is one line on stderr, exit 2, and logs nothing."""
    done = metrics(repo, "log", *words, code=2)
    assert says in done.err
    assert "Traceback" not in done.err
    assert json.loads(metrics(repo, "status", "--format", "json").out)["unsealed_rows"] == 0


def test_log_from_files(repo: Repo) -> None:
    """Rows of CSV, JSON lines and Parquet arrive with renamed columns and their digest."""
    log_some(repo)
    repo.write("rows.csv", "name,v,ms,tone,junk\nsummarizer,1.0.0,5.5,0.25,x\n")
    metrics(repo, "log", "--from-csv", "rows.csv", "--map", "name=prompt", "--map", "v=version",
            "--map", "ms=latency_ms", "--map", "tone=scores.tone", "--map", "junk=")  # fmt: skip
    metrics(repo, "export", "-o", "out.parquet")
    metrics(repo, "log", "--from-parquet", "out.parquet")
    sql = "SELECT count(*) AS n, count(DISTINCT digest) AS d, sum(scores['tone']) AS t FROM calls"
    (row,) = json.loads(metrics(repo, "query", sql, "--format", "json").out)
    assert row == {"n": 8, "d": 1, "t": 0.5}


def test_log_dry_run_and_strict(repo: Repo) -> None:
    """A dry run checks rows and writes none; --strict refuses versions that were never released."""
    repo.write("rows.jsonl", '{"prompt": "summarizer", "version": "7.0.0"}\n')
    assert "Would log 1 row" in metrics(repo, "log", "--from-jsonl", "rows.jsonl", "--dry-run").err
    assert not (repo.path / ".promptreg").exists()
    done = metrics(repo, "log", "--from-jsonl", "rows.jsonl", "--strict", code=2)
    assert "summarizer@7.0.0 was never released" in done.err
    metrics(repo, "log", "--from-jsonl", "rows.jsonl")


def test_summary_formats(repo: Repo) -> None:
    """The same figures as table, JSON and CSV; what is missing is a dash, never 0."""
    none = metrics(repo, "summary", "--by", "model", "--format", "csv").out
    assert none == "model,calls,first,last,success_rate,currency\n"
    log_some(repo)
    text = metrics(repo, "summary").out
    assert text.splitlines()[1].split()[:6] == ["summarizer", "1.0.0", "3", "66.7%", "800", "980"]
    assert text.splitlines()[1].split()[-1] == "-"
    (record,) = json.loads(metrics(repo, "summary", "--format", "json").out)
    assert (record["calls"], record["latency"]["p50"]) == (3, 800.0)
    assert "quality" not in record
    (line,) = csv.DictReader(io.StringIO(metrics(repo, "summary", "--format", "csv").out))
    assert (line["calls"], line["latency_p95"]) == ("3", "980.0")


def test_summary_by_model_and_day(repo: Repo) -> None:
    """Models are ranked with their n; time series group by day."""
    log_some(repo)
    out = metrics(repo, "summary", "summarizer", "--by", "model").out
    assert "fastest:        gpt-4o-mini (p50 400 ms, n=1)" in out
    assert "most reliable:  gpt-4o-mini (100.0% succeed, n=1)" in out
    assert len(metrics(repo, "summary", "--by", "day,model").out.splitlines()) == 1 + 2 + 1 + 3
    assert "cannot group by speed" in metrics(repo, "summary", "--by", "speed", code=2).err
    assert "No calls match" in metrics(repo, "summary", "--since", "2999-01-01").err
    assert "is no time" in metrics(repo, "summary", "--since", "soon", code=2).err


def test_query(repo: Repo) -> None:
    """Queries answer in every format, read stdin, and can touch nothing else."""
    log_some(repo)
    sql = "SELECT model, count(*) AS n FROM calls GROUP BY ALL ORDER BY ALL"
    assert metrics(repo, "query", sql, "--format", "csv").out.splitlines() == [
        "model,n",
        "gpt-4o,2",
        "gpt-4o-mini,1",
    ]
    assert metrics(repo, "query", sql).out.splitlines()[0].split() == ["MODEL", "N"]
    done = metrics(repo, "query", "COPY calls TO 'stolen.csv'", code=2)
    assert "takes one SELECT statement" in done.err
    assert "reads the view calls and no files" in metrics(
        repo, "query", "SELECT * FROM read_text('/etc/hostname')", code=2
    ).err  # fmt: skip
    assert not (repo.path / "stolen.csv").exists()


def test_upkeep(processes: Repo, repo: Repo) -> None:
    """Status, compact, ship and doctor tell one story of what other processes logged."""
    log_some(processes)
    before = json.loads(metrics(repo, "status", "--format", "json").out)
    assert (before["closed_segments"], before["unsealed_rows"], before["rows"]) == (1, 3, 0)
    assert "Sealed 3 rows of 1 segments" in metrics(repo, "ship").err
    log_some(processes)
    assert "Nothing to merge" in metrics(repo, "compact", "--dry-run").err
    report = json.loads(metrics(repo, "compact", "--format", "json").out)
    assert (report["merged"], report["rows"], report["sealed"]["rows"]) == (2, 6, 3)
    after = json.loads(metrics(repo, "status", "--format", "json").out)
    assert (after["files"], after["rows"], after["unsealed_rows"]) == (1, 6, 0)
    assert "6 rows in 1 files" in metrics(repo, "status").out
    assert "Everything is in order" in metrics(repo, "doctor").err


def test_ship_watch_stops_cleanly(processes: Repo) -> None:
    """A sidecar seals what arrives and ends with exit 0 as soon as it is told to."""
    import signal
    import subprocess
    import sys

    log_some(processes)
    words = [sys.executable, "-m", "promptreg", "metrics", "ship", "--watch", "--interval", "1h"]
    options = {"cwd": processes.path, "env": processes.env(), "stderr": subprocess.PIPE}
    with running(words, **options) as (sidecar,):
        assert sidecar.stderr is not None
        assert "Sealed 3 rows" in sidecar.stderr.readline()
        sidecar.send_signal(signal.SIGTERM)
        assert sidecar.wait() == 0
    assert json.loads(metrics(processes, "status", "--format", "json").out)["rows"] == 3


def test_doctor_finds_and_mends(repo: Repo) -> None:
    """A damaged file is named with exit 1, set aside by --fix, and questions work again."""
    log_some(repo)
    metrics(repo, "compact")
    log_some(repo)
    metrics(repo, "compact")
    (part,) = (
        path
        for path in (repo.path / ".promptreg/metrics/calls").glob("*.parquet")
        if "c000" not in path.name
    )
    part.write_bytes(part.read_bytes()[:200])
    assert "promptreg metrics doctor" in metrics(repo, "summary", code=2).err
    done = metrics(repo, "doctor", code=1)
    assert f"{part.name}: damaged-part" in done.out
    assert "needs an answer" in metrics(repo, "doctor", "--fix", code=2).err
    metrics(repo, "doctor", "--fix", "--yes", code=1)
    assert (repo.path / ".promptreg/metrics/quarantine" / part.name).exists()
    assert "No calls match" in metrics(repo, "summary").err


def test_purge_asks_first(repo: Repo) -> None:
    """A purge counts, needs a yes, removes, and a filter is required."""
    log_some(repo)
    assert (
        "3 rows and 0 quarantined"
        in metrics(repo, "purge", "--prompt", "summarizer", "--dry-run").err
    )
    assert "needs an answer" in metrics(repo, "purge", "--prompt", "summarizer", code=2).err
    assert "which rows" in metrics(repo, "purge", "--yes", code=2).err
    done = metrics(repo, "purge", "--model", "gpt-4o-mini", "--yes", "--format", "json")
    assert "Removed 1 rows" in done.err
    assert json.loads(done.out)["rows"] == 1
    assert json.loads(metrics(repo, "summary", "--format", "json").out)[0]["calls"] == 2


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("jsonl", b'{"prompt": "summarizer"}\n{"prompt": "a b"}\n', "row 2: 'a b' is not a prompt"),
        ("jsonl", b'{"prompt": "\\u0000", "version": "1.0.0"}\n', "row 1: '\\x00' is not a prompt"),
        ("jsonl", b'{"prompt": "summarizer", "quality_score": NaN}\n', "row 1: quality_score must"),
        ("csv", b"prompt,version\nsummarizer,\xff\n", "line 2 is not UTF-8"),
        (
            "csv",
            b"prompt,version\nsummarizer," + b"1" * 200_000,
            "the CSV cannot be read: field larger",
        ),
    ],
)
def test_a_hostile_file_is_refused_with_its_place(
    repo: Repo, kind: str, content: bytes, message: str
) -> None:
    """What is no row of ours is told by row or line, and is no bug of ours."""
    (repo.path / "rows").write_bytes(content)
    assert message in metrics(repo, "log", f"--from-{kind}", "rows", code=2).err


def test_an_export_that_cannot_be_written_blames_the_file(repo: Repo) -> None:
    """A folder that is not there is told as such, and nothing is left behind."""
    log_some(repo)
    done = metrics(repo, "export", "-o", "missing/out.parquet", code=2)
    assert "missing/out.parquet cannot be written: No such file or directory" in done.err
    assert "doctor" not in done.err


def test_an_export_replaces_no_device_or_link(repo: Repo) -> None:
    """A pipe, as /dev/stdout may be one, is written to; a link stays and leads to the rows."""
    log_some(repo)
    pipe, link = repo.path / "pipe", repo.path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to("rows.csv")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for name in ("pipe", "link.csv"):
        metrics(repo, "export", "-o", name, "--format", "csv")
    assert link.is_symlink()
    assert os.read(reader, 1 << 16).decode() == repo.read("rows.csv")
    os.close(reader)


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_export_and_import(repo: Repo, ending: str) -> None:
    """An export imported elsewhere gives the same rows, once, however often it is imported."""
    log_some(repo)
    metrics(repo, "log", "summarizer", "--score", "tone=0.5", "--set", 'metadata={"a": "ü,\\n"}')
    sql = "SELECT * FROM calls ORDER BY ALL"
    before = metrics(repo, "query", sql, "--format", "json").out
    metrics(repo, "export", "-o", f"out.{ending}")
    repo.environment["PROMPTREG_STORE"] = ".promptreg/other"
    assert "Would import 4 rows" in metrics(repo, "import", f"out.{ending}", "--dry-run").err
    assert "Imported 4 rows" in metrics(repo, "import", f"out.{ending}").err
    assert "Imported 0 rows" in metrics(repo, "import", f"out.{ending}").err
    assert metrics(repo, "query", sql, "--format", "json").out == before


def test_import_names_the_wrong_row(repo: Repo) -> None:
    """A wrong row of an import is named, and nothing of its batch is imported."""
    repo.write("bad.jsonl", '{"prompt":"a","version":"1.0.0","ts":"2026-01-01"}\n{"prompt":"a"}\n')
    assert "row 2: a metric row needs version" in metrics(repo, "import", "bad.jsonl", code=2).err
    assert "No calls match" in metrics(repo, "summary").err


def test_missing_extra(processes: Repo) -> None:
    """Without the extra, logging works and reading says in one line what to install."""
    blocker = processes.path.parent / "blocked"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(
        "import sys, importlib.abc\n"
        "class Block(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name in ('duckdb', 'pyarrow', 'deltalake'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    processes.environment["PYTHONPATH"] = str(blocker)
    metrics(processes, "log", "summarizer", "--latency-ms", "5")
    done = metrics(processes, "summary", code=2)
    assert "pip install 'git-promptreg[metrics]'" in done.err
    assert len(done.err.strip().splitlines()) == 2


def test_every_command_has_help(repo: Repo) -> None:
    """Each command explains itself."""
    names = [
        "log",
        "summary",
        "query",
        "status",
        "compact",
        "ship",
        "purge",
        "doctor",
        "import",
        "export",
    ]
    for name in names:
        assert "Usage: promptreg metrics" in metrics(repo, name, "--help").out
