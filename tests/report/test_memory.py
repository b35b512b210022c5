"""What a report takes over from earlier ones, of its process and of others, and what it makes."""

from __future__ import annotations

import hashlib
import json
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
from promptreg.report.building import build_json, build_page
from promptreg.report.cache import Cache, _loaded, open_cache
from promptreg.report.data import Options
from promptreg.report.desk import Desk, Outline
from promptreg.report.figures import Totals
from promptreg.report.live import PromptLabels
from promptreg.report.memory import Memory, inputs_of
from tests.kit import CommandRepo, Repo, prompt_text

NAMES = ("busy", "draft", "including", "labelled", "old", "retold", "tagged")
MEASURED = frozenset({"busy", "labelled", "old", "retold"})
DAY = "2026-03-01"
# CI looks at the same order every time; a test finds no CI around it any more.
SEED = 6 if os.environ.get("CI") else None


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
    repo.write("prompts/_parts/tone.txt", "Be friendly.")
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
    _memory: Memory | None = None

    @property
    def cache(self) -> Path:
        """Where finished prompts lie."""
        return self.repo.path / ".git/promptreg/report"

    def restart(self) -> None:
        """Go on as another process, which knows only what lies in files."""
        self._memory = None

    def page(
        self,
        options: Options | None = None,
        *,
        remembers: bool = True,
        on_step: Callable[[int, int], None] | None = None,
    ) -> str:
        """Build the page, as one who watches or as one who takes nothing over."""
        self.made.clear()
        with Registry(self.repo.path) as registry:
            if self._memory is None:
                self._memory = Memory(open_cache(registry))
            memory = self._memory if remembers else None
            page = build_page(registry, options or Options(), memory=memory, on_step=on_step)
            return "".join(page.parts())

    def json(self, *, remembers: bool = True, ensure_ascii: bool = False) -> str:
        """Write JSON as another process, with what lies in files or without."""
        self.made.clear()
        with Registry(self.repo.path) as registry:
            memory = Memory(open_cache(registry)) if remembers else None
            parts = build_json(registry, Options(), memory=memory, ensure_ascii=ensure_ascii)
            return "".join(parts)


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
    """In any order, only what changed is read, after a restart too, and the page is as without."""
    order = random.Random(SEED).sample([*CHANGES], len(CHANGES))
    names, drafts = {*NAMES}, {"draft"}
    for number in range(0, len(order), 3):
        kinds = order[number : number + 3]
        before = world.repo.git("rev-parse", "HEAD")
        for kind in kinds:
            CHANGES[kind][0](world.repo)
        if number % 2:
            world.restart()
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


def test_json_takes_over_what_json_finished(world: World) -> None:
    """JSON has figures that no page holds, and both take over their own, with the links of now."""
    world.repo.write("prompts/fresh.prompt.yml", prompt_text("Gr\u00fc\u00df \U0001f600 \x85"))
    world.repo.bump_and_commit("fresh")
    text = world.json()
    assert world.made == {*NAMES, "fresh"}
    escaped = world.json(ensure_ascii=True)
    assert not world.made
    assert escaped.isascii()
    assert json.loads(escaped) == json.loads(text)
    commit = world.repo.commit("more", "--allow-empty")
    text = world.json()
    assert world.made == {"draft", "fresh"}
    assert f"/blob/{commit}/prompts/busy.prompt.yml" in text
    assert text == world.json(remembers=False)
    world.restart()
    world.page()
    assert world.made == {"draft", "fresh"}


def test_what_is_not_committed_changes_nothing(world: World) -> None:
    """A page describes the commit, also where the work tree gives a prompt another past."""
    world.repo.git("mv", _path("old"), _path("new"))
    world.repo.commit("moved by hand")
    page = world.page()
    world.repo.write(_path("new"), f"formerly: [old]\n{world.repo.read(_path('new'))}")
    world.restart()
    assert world.page() == page
    assert not world.made
    assert world.page(remembers=False) == page


def test_what_is_in_doubt_is_made_again(world: World) -> None:
    """A file that cannot be read is read each time, and so is what no checksum tells about."""
    world.repo.write(_path("tagged"), "messages: [")
    # A link is no fragment, though it may be the same object.
    fragment = world.repo.path / "prompts/_parts/tone.txt"
    fragment.unlink()
    fragment.symlink_to("Be friendly.")
    commit = world.repo.commit("broken")
    unreadable = {"including", "tagged"}
    for expected in ({"draft"}, set(), set()):
        page = world.page()
        assert world.made == expected | unreadable
        world.restart()
    assert page == world.page(remembers=False)
    settings = {
        name: Setting(is_large=False, labels=PromptLabels(), thresholds=())
        for name in ("busy", "draft")
    }
    with Registry(world.repo.path) as registry:
        # As where Spark answers, which sums nothing up.
        unsure = Totals(rows={"busy": 80})
        assert inputs_of(registry, commit, settings, unsure, ()).keys() == {"draft"}


def test_a_missing_object_is_looked_for_again(world: World) -> None:
    """What was finished without a tag's object or commit is made again, until they are there."""
    options = Options(prompts=("busy", "tagged"))
    objects = world.repo.path / ".git/objects"
    oids = world.repo.git("rev-parse", "tagged@1.0.0", "busy@1.0.0^{}").split()
    paths = [objects / oid[:2] / oid[2:] for oid in oids]
    contents = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    shutil.rmtree(world.cache)
    world.restart()
    page = world.page(options)
    assert f"tagged@1.0.0: object {oids[0][:12]} is missing" in page
    assert f"busy@1.0.0: object {oids[1][:12]} is missing" in page
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    world.restart()
    page = world.page(options)
    assert world.made == {"busy", "tagged"}
    assert "is missing" not in page


def _spoil(path: Path, kind: str) -> None:
    content = path.read_bytes()
    if kind == "cut short":
        path.write_bytes(content[:-20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "another byte":
        path.write_bytes(content[:-20] + b"?" + content[-19:])
    elif kind in {"another shape", "deep"}:
        text = b'[["abc"],[1,2]]' if kind == "another shape" else b"[" * 100_000
        path.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    elif kind == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe\n{}")


def test_a_damaged_file_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever became of the files of finished prompts, the page is the same; they are mended."""
    files = sorted(world.cache.iterdir())
    page = world.page()
    assert not world.made
    assert len(files) == len(NAMES)
    kinds = ("cut short", "empty", "another byte", "another shape", "deep", "a folder", "foreign")
    for path, kind in zip(files, kinds, strict=False):
        _spoil(path, kind)
    (world.cache / "left.prompt").write_bytes(b"of a process that was killed")
    world.restart()
    assert world.page() == page
    assert len(world.made) == len(kinds)
    next(path for path in files if path.is_dir()).rmdir()
    world.restart()
    world.page()
    assert len(world.made) == 1
    # Where the environment is set for what is logged, files hold as well.
    monkeypatch.setenv("PROMPTREG_ENVIRONMENT", "staging")
    world.restart()
    assert world.page() == page
    assert not world.made


def test_no_folder_for_finished_prompts_costs_only_time(world: World) -> None:
    """Where no file can be written or read, the page is the same."""
    page = world.page()
    shutil.rmtree(world.cache)
    world.cache.write_text("in the way")
    for _ in range(2):
        world.restart()
        assert world.page() == page
        assert world.made == {*NAMES}
    assert world.cache.read_text() == "in the way"


def test_an_interruption_loses_no_finished_prompt(world: World) -> None:
    """What was finished before Ctrl-C is taken over by the next process."""
    shutil.rmtree(world.cache)
    world.restart()

    def interrupt(done: int, total: int) -> None:
        if done == total - 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.page(on_step=interrupt)
    kept = len([*world.cache.iterdir()])
    assert 0 < kept < len(NAMES)
    world.restart()
    page = world.page()
    assert len(world.made) == len(NAMES) - kept
    assert page == world.page(remembers=False)


def test_other_code_takes_nothing_over(world: World) -> None:
    """What another version of the program finished is made again."""
    (first,) = [*world.cache.iterdir()][:1]
    state = "busy", "all that it is finished from"
    one, other = Cache(world.cache, "one"), Cache(world.cache, "other")
    with Registry(world.repo.path) as registry:
        assert open_cache(registry).read(*state) is None
    assert one.read(*state) is None
    kept = _loaded(first.read_bytes().partition(b"\n")[2])
    one.write(*state, kept)
    assert one.read(*state) == kept
    assert other.read(*state) is None


def test_files_asked_for_longest_ago_go_first(world: World, tmp_path: Path) -> None:
    """The folder stays below its size, but never loses what the last report took."""
    kept = _loaded(next(world.cache.iterdir()).read_bytes().partition(b"\n")[2])
    folder = tmp_path / "small"
    cache = Cache(folder, "code")
    states = [(f"prompt {number}", "state") for number in range(6)]
    states += [("retold", f"state {number}") for number in range(6)]
    for number, state in enumerate(states):
        cache.write(*state, kept)
        os.utime(cache._path(*state), (number, number))
    size = cache._path(*states[0]).stat().st_size
    foreign = folder / "notes.txt"
    foreign.write_bytes(bytes(10 * size))

    def there() -> list[int]:
        return [number for number, state in enumerate(states) if cache._path(*state).exists()]

    cache.tidy([states[7]])
    # Of one prompt the latest three stay beside what the last report took.
    assert there() == [0, 1, 2, 3, 4, 5, 7, 9, 10, 11]
    small = Cache(folder, "code", most_bytes=3 * size)
    assert small.read(*states[0]) == kept
    small.tidy([])
    assert there() == [0, 10, 11]
    tiny = Cache(folder, "code", most_bytes=1)
    tiny.tidy([states[0], states[10]])
    assert there() == [0, 10, 11]
    tiny.tidy([states[10]])
    assert there() == [0, 10]
    tiny.tidy([])
    assert not there()
    assert foreign.exists()


def test_who_watches_does_not_fill_the_disk(world: World, tmp_path: Path) -> None:
    """Files of earlier pages may go while the process that wrote them goes on."""
    world._memory = Memory(Cache(tmp_path / "small", "code", most_bytes=1))
    for version in ("", "1.0.0", "1.1.0"):
        if version:
            world.repo.git("tag", "-d", f"busy@{version}")
        world.page(Options(prompts=("busy",)))
        assert world.made == {"busy"}
    assert len([*(tmp_path / "small").iterdir()]) < 3
