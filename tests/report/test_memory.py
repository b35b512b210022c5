"""What a process that watches takes over from its last report, and what it makes again."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from promptreg.registry import Registry
from promptreg.report.assembly import Setting
from promptreg.report.data import Options
from promptreg.report.desk import Desk, Outline
from promptreg.report.figures import Totals
from promptreg.report.live import PromptLabels
from promptreg.report.memory import Memory, inputs_of
from promptreg.report.output import build_page
from tests.kit import CommandRepo, Repo, prompt_text

NAMES = ("busy", "draft", "including", "labelled", "old", "retold", "tagged")
MEASURED = frozenset({"busy", "labelled", "old", "retold"})
DAY = "2026-03-01"


def _path(name: str) -> str:
    return f"prompts/{name}.prompt.yml"


def _edit(repo: Repo, name: str) -> None:
    repo.write(_path(name), repo.read(_path(name)).replace("You ", "You really ", 1))


@contextmanager
def _store(repo: Repo) -> Iterator[Registry]:
    with Registry(repo.path) as registry:
        yield registry
        registry.metrics.close()


def _log(
    repo: Repo,
    name: str,
    version: str = "1.0.0",
    *,
    slow: float = 1.0,
    calls: int = 40,
    **more: object,
) -> None:
    """Log some calls, one a minute, of one unit each."""
    rng = random.Random(f"{name} {version}")
    with _store(repo) as registry:
        registry.metrics.log_many(
            {
                "prompt": name,
                "version": version,
                "ts": f"{DAY} {minute // 60:02}:{minute % 60:02}:00",
                "unit": f"user-{minute}",
                "model": "gpt-4o",
                "latency_ms": rng.lognormvariate(6.5, 0.4) * slow,
                "cost": 0.01,
                **more,
            }
            for minute in range(calls)
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Seven prompts with two versions; one has a fragment, one a draft, one a label, four calls."""
    path = tmp_path_factory.mktemp("memory") / "acme"
    repo = CommandRepo.create(path)
    for key, value in (("user.name", "Ada Example"), ("user.email", "ada@example.com")):
        repo.git("config", key, value)
    repo.git("remote", "add", "origin", "git@github.com:acme/prompts.git")
    repo.write(".gitignore", ".promptreg/\n")
    repo.write("prompts/_parts/tone.txt", "Be friendly.\n")
    for name in NAMES:
        repo.write(_path(name), prompt_text(f"You are {name}."))
    repo.write(
        _path("including"),
        repo.read(_path("including")).replace(
            "You are including.", "You are. {% include '_parts/tone.txt' %}"
        ),
    )
    repo.bump_and_commit("first")
    repo.ok("release")
    for name in NAMES:
        _edit(repo, name)
    repo.bump_and_commit("second")
    repo.ok("release")
    repo.ok("label", "set", "production", "labelled", "1.0.0")
    _edit(repo, "draft")
    repo.commit("promote")
    for name in sorted(MEASURED):
        _log(repo, name)
        _log(repo, name, "1.1.0", slow=1.5)
    repo.ok("metrics", "compact")
    return repo


@dataclass
class World:
    """A repository that is watched.

    Attributes:
        repo: The repository.
        made: The prompts that the last page had to read.
    """

    repo: Repo
    made: set[str] = field(default_factory=set)
    _memory: Memory = field(default_factory=Memory)

    def page(self, options: Options | None = None, *, remembers: bool = True) -> str:
        """Build the page, as one who watches or as one who does not."""
        self.made.clear()
        with Registry(self.repo.path) as registry:
            memory = self._memory if remembers else None
            return "".join(build_page(registry, options or Options(), memory=memory).parts())


@pytest.fixture
def world(built: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of the repository, whose page was built once."""
    path = tmp_path / "acme"
    shutil.copytree(built.path, path, symlinks=True)
    world = World(CommandRepo(path, built.clock))
    read = Desk.read

    def noted(desk: Desk, name: str, *rest: Any) -> Outline:
        world.made.add(name)
        return read(desk, name, *rest)

    monkeypatch.setattr(Desk, "read", noted)
    world.page()
    assert world.made == {*NAMES}
    return world


def _release(repo: Repo) -> None:
    # Another change may have left the branch.
    repo.git("checkout", "-q", "-B", "main")
    _edit(repo, "tagged")
    repo.ok("bump", _path("tagged"), code=1)
    repo.commit("third")
    repo.ok("release")


def _fragment(repo: Repo) -> None:
    repo.write("prompts/_parts/tone.txt", "Be terse.\n")
    repo.commit("another tone")


def _label(repo: Repo) -> None:
    repo.ok("label", "set", "production", "labelled", "1.1.0")
    repo.commit("promote")


def _yank(repo: Repo) -> None:
    repo.ok("yank", "tagged@1.0.0", "--reason", "Invents quotes.")
    repo.commit("yank")


def _draft(repo: Repo) -> None:
    _edit(repo, "draft")
    repo.commit("not bumped")


def _rename(repo: Repo) -> None:
    repo.ok("rename", "old", "new")
    repo.commit("rename")


def _limit(repo: Repo, text: str) -> None:
    path = repo.path / "promptreg.toml"
    repo.write("promptreg.toml", (path.read_text() if path.exists() else "") + text)


def _retell(repo: Repo) -> None:
    """Put equally many rows of the same times in the place of a version's."""
    repo.ok("metrics", "purge", "--prompt", "retold", "--version", "1.0.0", "--yes")
    _log(repo, "retold", slow=1.1)


# What is done, and what is made again.
CHANGES: dict[str, tuple[Callable[[Repo], object], set[str]]] = {
    "nothing": (lambda _: None, set()),
    "a commit": (lambda repo: repo.commit("more", "--allow-empty"), set()),
    "a release": (_release, {"tagged"}),
    "a tag less": (lambda repo: repo.git("tag", "-d", "busy@1.0.0"), {"busy"}),
    "a label": (_label, {"labelled"}),
    "a yank": (_yank, {"tagged"}),
    "a fragment": (_fragment, {"including"}),
    "another draft": (_draft, {"draft"}),
    "a rename": (_rename, {"new"}),
    "a limit": (lambda repo: _limit(repo, '[gate.labelled]\nlatency = "+90%"\n'), {"labelled"}),
    "limits of all": (lambda repo: _limit(repo, '[gate]\ncost = "+90%"\n'), {*NAMES, "new"}),
    "calls": (lambda repo: _log(repo, "busy", model="gpt-4o-mini"), {"busy"}),
    "first calls": (lambda repo: _log(repo, "tagged"), {"tagged"}),
    "as many other calls": (_retell, {"retold"}),
    "fewer calls": (
        lambda repo: repo.ok("metrics", "purge", "--unit", "user-3", "--prompt", "busy", "--yes"),
        {"busy"},
    ),
    "calls in other files": (lambda repo: repo.ok("metrics", "compact", "--full"), set()),
    "a currency": (
        lambda repo: _log(repo, "busy", calls=500, currency="EUR"),
        {*NAMES, "new"},
    ),
    "a remote": (
        lambda repo: repo.git("remote", "set-url", "origin", "git@gitlab.com:acme/p.git"),
        set(),
    ),
    "packed refs": (lambda repo: repo.git("pack-refs", "--all"), set()),
    "no branch": (lambda repo: repo.git("checkout", "-q", "--detach"), set()),
}


def test_changes_make_just_their_prompts_again(world: World) -> None:
    """In any order, only what changed is read, and the page is that of a new process."""
    # CI looks at the same order every time.
    order = random.Random(6 if os.environ.get("CI") else None).sample([*CHANGES], len(CHANGES))
    names, drafts = {*NAMES}, {"draft"}
    for number in range(0, len(order), 3):
        kinds = order[number : number + 3]
        before = world.repo.git("rev-parse", "HEAD")
        for kind in kinds:
            CHANGES[kind][0](world.repo)
        page = world.page()
        if "a rename" in kinds:
            names = names - {"old"} | {"new"}
        expected = set().union(*(CHANGES[kind][1] for kind in kinds))
        # What is not released is called after the commit.
        expected |= drafts if world.repo.git("rev-parse", "HEAD") != before else set()
        assert world.made == expected & names, order[: number + 3]
        if "a fragment" in kinds:
            drafts.add("including")
        # What is stale once stays so, and not every page need be built twice.
        if number % 9 == 0:
            assert page == world.page(remembers=False), order[: number + 3]


def test_only_calls_that_came_or_went_count_when_time_goes_on(world: World) -> None:
    """A page of the last days is made of the same prompts again while none of their rows leaves."""
    first = datetime(2026, 3, 1, 0, 19, 30, tzinfo=UTC)
    for later, expected in ((0, MEASURED), (30, set()), (31, MEASURED)):
        options = Options(since=first + timedelta(seconds=later))
        page = world.page(options)
        assert world.made == expected
    assert page == world.page(options, remembers=False)


def test_what_is_in_doubt_is_made_again(world: World) -> None:
    """A file that cannot be read is read each time, and so is what no checksum tells about."""
    world.repo.write(_path("tagged"), "messages: [")
    commit = world.repo.commit("broken")
    for expected in ({"draft", "tagged"}, {"tagged"}):
        page = world.page()
        assert world.made == expected
    assert page == world.page(remembers=False)
    settings = {
        name: Setting(is_large=False, labels=PromptLabels(), thresholds=())
        for name in ("busy", "draft")
    }
    with Registry(world.repo.path) as registry:
        # As where Spark answers, which sums nothing up.
        unsure = Totals(rows={"busy": 80})
        assert inputs_of(registry, commit, settings, unsure, ()).keys() == {"draft"}
