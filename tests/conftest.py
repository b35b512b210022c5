"""One environment for all tests: a home of their own, a fixed identity, no colour."""

from __future__ import annotations

import gc
import gzip
import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kit import Repo

# A machine under load is no reason to fail. CI looks at the same examples every time; everybody
# else looks at new ones, and what those find becomes an example of its own.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("here", PATIENT)
settings.register_profile("ci", PATIENT, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


# A shell starts what it runs in the background deaf to Ctrl-C, and every process below it would be
# deaf as well: tests that interrupt one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing tidies up behind a test's back: git would start a process after each commit to ask.
GITCONFIG = """\
[user]
	name = Ada Example
	email = ada@example.com
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[advice]
	detachedHead = false
[gc]
	auto = 0
[maintenance]
	auto = false
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slowest tests, so that none of them is alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Keep the collector from looking through thousands of tests again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let everything be collected at the end, or DuckDB's binding takes it for leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths for homes that no test has used."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _environment(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the real home, its git configuration and the CI around it."""
    home = next(_homes)
    home.mkdir()
    (home / ".gitconfig").write_text(GITCONFIG)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PRE_COMMIT_HOME"):
        monkeypatch.setenv(name, str(home if name == "HOME" else home / name.lower()))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GITHUB_ACTIONS",
        "GITHUB_BASE_REF",
        "GITHUB_STEP_SUMMARY",
        "CI",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    return Repo.create(tmp_path / "repo")


@pytest.fixture(scope="session")
def prompt_histories() -> list[tuple[str, list[str]]]:
    """The real prompt histories: each prompt's name and its successive texts."""
    path = CORPUS / "prompt_histories.jsonl.gz"
    if not path.exists():
        pytest.skip("the corpus of real prompt histories is not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return [(e["name"], [version["text"] for version in e["versions"]]) for e in entries]
