"""A team's history, simulated: does any version ever get two contents, is any edit ever lost?

A seeded random history of branches over several prompts and fragments: commits with and without
the hook, updates from main, merges, squashes, rebases, cherry-picks, reverts, hotfix lines and
delayed releases. The check runs on the merge result, as our workflow does; who fails it repairs the
branch with `promptreg bump`. What every file must say is kept in a model beside git.

Run ``python benchmarks/merge_simulation.py [--merges 300] [--seed 1]``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from promptreg.cli import run as run_command
from promptreg.versioning import Version

__all__ = ["Outcome", "simulate"]

PROMPTS = ("alpha", "beta", "team/gamma", "team/delta")
FRAGMENTS = ("shared/style.md", "shared/rules.md")
INCLUDES = {
    "alpha": (),
    "beta": ("shared/style.md",),
    "team/gamma": ("shared/rules.md", "shared/style.md"),
    "team/delta": (),
}
SLOTS = 5
_SLOT = re.compile(r"^\s*slot (\d+): (.*)$", re.MULTILINE)
_STATED = re.compile(r"^(version|digest): .*\n", re.MULTILINE)
_ATTEMPTS = 6

State = Mapping[tuple[str, int], str]
"""What each slot of each file says."""


@dataclass(slots=True)
class Outcome:
    """What a simulation found.

    Attributes:
        landed: Branches that reached main, by the way they did.
        conflicts: Merges at which git asked, by what it asked about.
        refused: Merge results that the check refused.
        double: Versions that two contents claimed.
        lost: Edits that did not arrive.
        decreased: Landings after which a version was lower than before.
        tags: Released versions.
        complaints: Releases that exited with 1, and what they said. A rebased branch that was
            repaired late brings commits whose version others took; they are superseded at once.
        unstable: Releases that did something when run again.
    """

    landed: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    double: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    decreased: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    tags: int = 0
    unstable: int = 0

    @property
    def merges(self) -> int:
        """How many branches reached main or a release line."""
        return sum(self.landed.values())

    def lines(self) -> Iterator[str]:
        """Yield the outcome for people."""
        for title, counts in (
            ("branches landed", self.landed),
            ("conflicts", self.conflicts),
            ("refused by the check", self.refused),
        ):
            parts = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            yield f"{title}: {sum(counts.values())} ({parts})"
        yield f"released versions: {self.tags}"
        yield f"versions with two contents: {len(self.double)}"
        yield f"lost edits: {len(self.lost)}"
        yield f"decreased versions: {len(self.decreased)}"
        yield f"releases that complained: {len(self.complaints)}"
        yield f"releases that were not idempotent: {self.unstable}"


@dataclass(slots=True)
class _Branch:
    """One open branch: what main said where it forked, what it says itself, its single edits."""

    name: str
    base: State
    state: State
    picks: list[tuple[str, State, State]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Landing:
    commit: str
    kind: str
    before: State
    after: State


class _Conflict(Exception):  # noqa: N818 - not an error: git asks
    pass


class _Git:
    """Git commands in one work tree, each at its own minute; objects come from one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = 1_700_000_000
        self.environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
        }
        for role in ("AUTHOR", "COMMITTER"):
            self.environment[f"GIT_{role}_NAME"] = "Ada Example"
            self.environment[f"GIT_{role}_EMAIL"] = "ada@example.com"
        self._objects: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Make the repository, which never tidies itself up: a thousand commits would each ask."""
        self.path.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main")
        self("config", "maintenance.auto", "false")

    def close(self) -> None:
        """End the process that reads objects."""
        if self._objects is not None:
            self._objects.communicate()
            self._objects = None

    def attempt(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run git, whatever comes of it."""
        date = f"{self.clock} +0000"
        environment = {**self.environment, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return subprocess.run(
            ["git", *words], cwd=self.path, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def __call__(self, *words: str) -> str:
        done = self.attempt(*words)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.rstrip("\n")

    def switch(self, branch: str) -> None:
        """Check a branch out, unless it is; all that was changed is committed."""
        if (self.path / ".git/HEAD").read_text() != f"ref: refs/heads/{branch}\n":
            self("checkout", "-q", branch)

    def oid(self, revision: str) -> str:
        """Return the id of the object that a revision names now."""
        return self._object(revision)[0]

    def text(self, revision: str, path: str) -> str:
        """Return a file of a revision."""
        return self._object(f"{revision}:{path}")[1].decode()

    def _object(self, name: str) -> tuple[str, bytes]:
        if self._objects is None:
            self._objects = subprocess.Popen(
                ["git", "cat-file", "--batch"], cwd=self.path, env=self.environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        told, asked = self._objects.stdout, self._objects.stdin
        assert told is not None
        assert asked is not None
        asked.write(f"{name}\n".encode())
        asked.flush()
        oid, kind, *size = told.readline().decode().split()
        if not size:
            raise RuntimeError(f"git knows no {name}: {kind}")
        return oid, told.read(int(size[0]) + 1)[:-1]

    def commit(self, message: str) -> str:
        """Commit all changes, conflicts resolved among them, and return the commit."""
        self.clock += 60
        self("commit", "-q", "--all", "--allow-empty", "-m", message)
        return self.oid("HEAD")


def simulate(folder: Path, *, seed: int = 1, merges: int = 300) -> Outcome:
    """Simulate a history.

    Args:
        folder: An empty folder for the repository.
        seed: What the random choices depend on.
        merges: How many branches land.
    """
    with contextlib.closing(_Git(folder)) as git:
        team = _Team(git, random.Random(seed))
        while team.outcome.merges < merges:
            team.step()
        team.finish()
    return team.outcome


class _Team:
    """The repository, the open branches, the model, and what went wrong so far."""

    def __init__(self, git: _Git, chance: random.Random) -> None:
        self.chance = chance
        self.git = git
        self.outcome = Outcome()
        self.open: list[_Branch] = []
        self.landings: list[_Landing] = []
        self.contents: dict[tuple[str, str], str] = {}
        self.versions: dict[str, Version] = {}
        self.numbers = iter(range(10**9))
        self._begin()

    # --- the steps of a team's day ---

    def step(self) -> None:
        """Do one thing that somebody of the team does."""
        happening = self.chance.random()
        if happening < 0.15:
            self._release("main")
        elif happening < 0.22 and self.landings:
            self._revert()
        elif happening < 0.28 and self.open:
            self._cherry_pick()
        elif happening < 0.32:
            self._hotfix()
        elif happening < 0.60 and len(self.open) < 6:
            self._edit(self._fork())
        elif happening < 0.75 and self.open:
            self._edit(self.chance.choice(self.open))
        elif self.open:
            self._land(self.open.pop(self.chance.randrange(len(self.open))))

    def finish(self) -> None:
        """Release everything, twice, and look at every tag."""
        self._release("main")
        before = self.git("for-each-ref", "refs/tags")
        self._release("main")
        self.outcome.unstable += before != self.git("for-each-ref", "refs/tags")
        for tag in self.git("tag", "-l").split():
            name, _, version = tag.rpartition("@")
            self._record(name, version, self._identity(f"{tag}^{{commit}}", name), tag)
            self.outcome.tags += 1
        code, said = self._promptreg("verify")
        if code:
            self.outcome.double.append(f"verify: {said.splitlines()[0] if said else code}")

    def _begin(self) -> None:
        self.git.begin()
        state = {(file, slot): "first" for file in (*PROMPTS, *FRAGMENTS) for slot in range(SLOTS)}
        for file in (*PROMPTS, *FRAGMENTS):
            path = self._path(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(file))
        self._promptreg("bump", "--all")
        self.git("add", "-A")
        commit = self.git.commit("first")
        self.state: State = state
        self._arrived("main", _Landing(commit, "first", state, state), count=False)

    def _fork(self) -> _Branch:
        branch = _Branch(f"topic-{next(self.numbers)}", self.state, self.state)
        self.git("checkout", "-q", "-b", branch.name, "main")
        self.open.append(branch)
        return branch

    def _edit(self, branch: _Branch) -> None:
        self.git.switch(branch.name)
        for _ in range(self.chance.randint(1, 3)):
            file = self.chance.choice((*PROMPTS, *PROMPTS, *FRAGMENTS))
            before = branch.state
            slot, words = self.chance.randrange(SLOTS), f"edit {next(self.numbers)}"
            if self.chance.random() < 0.15:
                words += " {{ extra" + str(next(self.numbers)) + " }}" if file in PROMPTS else ""
            self._write(file, slot, words)
            branch.state = {**before, (file, slot): words}
            if self.chance.random() < 0.85:
                self._promptreg("bump", str(self._path(file)))
            commit = self.git.commit(words)
            branch.picks.append((commit, before, branch.state))

    def _revert(self) -> None:
        landing = self.chance.choice(self.landings[-8:])
        if landing.kind not in {"merge", "squash"}:
            return
        delta = _delta(landing.before, landing.after)
        if any(self.state[slot] != new for slot, (_, new) in delta.items()):
            return  # somebody has edited that since; no revert without a discussion
        branch = self._fork()
        parent = ("-m", "1") if landing.kind == "merge" else ()
        self.git.clock += 60
        done = self.git.attempt("revert", "--no-edit", *parent, landing.commit)
        if done.returncode:
            self._resolve("revert", content="theirs")
            self.git.commit("revert")
        branch.state = {**self.state, **{slot: old for slot, (old, _) in delta.items()}}
        self.open.remove(branch)
        self._land(branch)

    def _cherry_pick(self) -> None:
        picks = [pick for branch in self.open for pick in branch.picks]
        if not picks:
            return
        commit, before, after = self.chance.choice(picks)
        delta = _delta(before, after)
        if any(self.state[slot] != old for slot, (old, _) in delta.items()):
            return
        branch = self._fork()
        self.git.clock += 60
        done = self.git.attempt("cherry-pick", commit)
        if done.returncode:
            self._resolve("cherry-pick", content="theirs")
            self.git.commit("picked")
        branch.state = {**self.state, **{slot: new for slot, (_, new) in delta.items()}}
        if self.chance.random() < 0.5:
            self.open.remove(branch)
            self._land(branch)

    def _hotfix(self) -> None:
        """Fix an old released version on a line of its own."""
        tags = self.git("tag", "-l").split()
        if not tags:
            return
        tag = self.chance.choice(tags)
        name = tag.rpartition("@")[0]
        line = f"release/{next(self.numbers)}"
        self.git("checkout", "-q", "-b", line, f"{tag}^{{commit}}")
        before = self._read_state()
        # Taking a variable away would be a major change, which no hotfix may be.
        plain = [s for s in range(SLOTS) if "{{" not in before[name, s]] or [-1]
        slot, words = (name, self.chance.choice(plain)), f"fix {next(self.numbers)}"
        if slot[1] < 0:
            return
        self._write(*slot, words)
        code, said = self._promptreg("bump", "--hotfix", str(self._path(name)))
        if "is on no older line" in said:
            # Where nothing newer was merged, a fix is a change like any other.
            code, said = self._promptreg("bump", str(self._path(name)))
        if code != 1:
            raise RuntimeError(f"no hotfix of {tag}: {said}")
        after = {**before, slot: words}
        self._arrived(line, _Landing(self.git.commit(words), "hotfix", before, after))
        self._release(line)

    # --- landing ---

    def _land(self, branch: _Branch) -> None:
        """Bring a branch to main as a merge queue does: only what the check accepts."""
        for _ in range(_ATTEMPTS):
            result = self._merge_result(branch)
            if result is None:
                self._update(branch)
                continue
            code, said = self._promptreg("check", "--base", "main")
            if code == 0:
                self._join(branch, result)
                return
            for rule in set(re.findall(r"error ([a-z-]+):", said)) or {f"exit {code}"}:
                self.outcome.refused[rule] += 1
            self._repair(branch)
        raise RuntimeError(f"{branch.name} cannot be landed: {said}")

    def _merge_result(self, branch: _Branch) -> str | None:
        """Make the commit that CI checks, or answer None where git asks."""
        self.git("checkout", "-q", "-B", "result", "main")
        self.git.clock += 60
        done = self.git.attempt("merge", "-q", "--no-ff", "-m", branch.name, branch.name)
        if done.returncode == 0:
            return self.git.oid("HEAD")
        self._count_conflict("merge")
        self.git("merge", "--abort")
        return None

    def _update(self, branch: _Branch) -> None:
        """Bring main into a branch by a merge or a rebase; the branch's own edits win."""
        self.git.switch(branch.name)
        self.git.clock += 60
        linear = not self.git("rev-list", "--merges", f"main..{branch.name}")
        if linear and self.chance.random() < 0.4:
            done = self.git.attempt("rebase", "-q", "main")
            while done.returncode:
                self._resolve("rebase", content="theirs")
                self.git("add", "-A")
                done = self.git.attempt("rebase", "--continue")
        elif self.git.attempt("merge", "-q", "--no-ff", "-m", "update", "main").returncode:
            self._resolve("update", content="ours")
            if self.chance.random() < 0.7:
                self._promptreg("bump", *(str(self._path(name)) for name in PROMPTS))
            self.git.commit("update")
        branch.state = _joined(branch.base, branch.state, self.state)
        branch.base = self.state
        branch.picks.clear()

    def _repair(self, branch: _Branch) -> None:
        """Do what the check's message says."""
        self._update(branch)
        code, said = self._promptreg("bump", "--base", "main")
        if code not in (0, 1):
            raise RuntimeError(f"bump of {branch.name}: {said}")
        self.git.commit("bump")

    def _join(self, branch: _Branch, result: str) -> None:
        kind = self.chance.choice(("merge", "squash", "rebase"))
        tree = self.git.oid(f"{result}^{{tree}}")
        if kind == "rebase" and not self._rebase(branch, tree):
            kind = "squash"
        if kind == "merge":
            self.git("checkout", "-q", "-B", "main", result)
        elif kind == "squash":
            self.git.switch("main")
            self.git("merge", "-q", "--squash", branch.name)
            self.git.commit(branch.name)
        if self.git.oid("HEAD^{tree}") != tree:
            raise RuntimeError(f"{kind} of {branch.name} gave another tree than the checked one")
        before, self.state = self.state, _joined(branch.base, branch.state, self.state)
        commit = self.git.oid("HEAD")
        self._arrived("main", _Landing(commit, kind, before, self.state))
        self.git("branch", "-q", "-D", branch.name)

    def _rebase(self, branch: _Branch, tree: str) -> bool:
        """Put the branch's commits onto main one by one; only where that gives the checked tree."""
        self.git("checkout", "-q", "-B", "rebased", branch.name)
        self.git.clock += 60
        if self.git.attempt("rebase", "-q", "main").returncode:
            self.git("rebase", "--abort")
            return False
        if self.git.oid("HEAD^{tree}") != tree:
            return False
        self.git("checkout", "-q", "-B", "main", "rebased")
        return True

    def _arrived(self, line: str, landing: _Landing, *, count: bool = True) -> None:
        """Compare what arrived with the model, and each version with its first content."""
        if count:
            self.outcome.landed[landing.kind] += 1
        found = self._read_state()
        for slot, words in landing.after.items():
            if found.get(slot) != words:
                self.outcome.lost.append(f"{landing.commit[:8]} {slot}: {words}")
        for name in PROMPTS:
            text = self._path(name).read_text()
            version = re.findall(r"^version: (.*)$", text, re.MULTILINE)[0]
            self._record(name, version, self._identity(None, name), landing.commit[:8])
            if line == "main":
                self._grow(name, Version.parse(version), landing.commit[:8])
        if line == "main" and count:
            self.landings.append(landing)

    def _grow(self, name: str, version: Version, where: str) -> None:
        if version < self.versions.get(name, version):
            self.outcome.decreased.append(f"{name} {version} in {where}")
        self.versions[name] = version

    def _record(self, name: str, version: str, identity: str, where: str) -> None:
        if self.contents.setdefault((name, version), identity) != identity:
            self.outcome.double.append(f"{name}@{version} in {where}")

    # --- files ---

    def _path(self, file: str) -> Path:
        ending = "" if file in FRAGMENTS else ".prompt.yml"
        return self.git.path / "prompts" / f"{file}{ending}"

    def _write(self, file: str, slot: int, words: str) -> None:
        path = self._path(file)
        text = re.sub(rf"(slot {slot}: ).*", lambda m: m[1] + words, path.read_text())
        path.write_text(text)

    def _read_state(self) -> dict[tuple[str, int], str]:
        return {
            (file, int(slot)): words
            for file in (*PROMPTS, *FRAGMENTS)
            for slot, words in _SLOT.findall(self._path(file).read_text())
        }

    def _identity(self, revision: str | None, name: str) -> str:
        """Return all text that makes a version's content: of a commit, or as it is checked out."""
        files = [f"prompts/{name}.prompt.yml", *(f"prompts/{path}" for path in INCLUDES[name])]
        if revision is None:
            texts = [(self.git.path / file).read_text() for file in files]
        else:
            texts = [self.git.text(revision, file) for file in files]
        return "\0".join(_STATED.sub("", text) for text in texts)

    def _resolve(self, what: str, *, content: str) -> None:
        """Resolve all conflicts: the two stated lines anyhow, other lines by the given side."""
        for path in self._count_conflict(what):
            path.write_text(self._resolved(path.read_text(), content))

    def _resolved(self, text: str, content: str) -> str:
        def choose(match: re.Match[str]) -> str:
            ours, theirs = match[1], match[2]
            if not _STATED.sub("", ours + theirs):
                return self.chance.choice((ours, theirs))
            return ours if content == "ours" else theirs

        return re.sub(
            r"<{7} .*\n((?:.*\n)*?)(?:\|{7}.*\n(?:.*\n)*?)?={7}\n((?:.*\n)*?)>{7} .*\n",
            choose,
            text,
        )

    def _count_conflict(self, what: str) -> list[Path]:
        """Count a conflict by what it is about, and return the files that have it."""
        names = self.git("diff", "--name-only", "--diff-filter=U").splitlines()
        files = [self.git.path / name for name in names]
        hunks = [
            hunk
            for file in files
            for hunk in re.findall(r"<{7} .*\n((?:.*\n)*?)>{7} ", file.read_text())
        ]
        stated = all(not _STATED.sub("", hunk).replace("=======\n", "") for hunk in hunks)
        about = "version lines" if stated else "the same text"
        self.outcome.conflicts[f"{what} about {about}"] += 1
        return files

    # --- promptreg ---

    def _release(self, line: str) -> None:
        self.git.switch(line)
        code, said = self._promptreg("release")
        if code:
            # What is wrong with the tags shows in the records; here only that it exited with 1.
            self.outcome.complaints.append(f"{line}: {said.strip().splitlines()[-1]}")

    def _promptreg(self, *words: str) -> tuple[int, str]:
        """Run a command in this process and return its exit code and all it says."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run_command(["-C", str(self.git.path), *words])
        return code, said.getvalue()


def _text(file: str) -> str:
    """Return a file whose slots lie so far apart that git joins edits of two of them."""
    gap = "\n".join(f"      text {n}" for n in range(6))
    slots = "\n".join(f"{gap}\n      slot {n}: first" for n in range(SLOTS))
    if file in FRAGMENTS:
        more = "{% include 'shared/style.md' %}\n" if file == "shared/rules.md" else ""
        return f"{slots}\n{gap}\n{more}"
    included = INCLUDES[file][:1]
    include = "".join(f"\n      {{% include '{path}' %}}" for path in included)
    return (
        f"# {file}\nmodel: some/model\ntags: [simulated]\nmetadata: {{owner: team}}\n"
        "description: A prompt.\nmessages:\n  - role: user\n    content: |\n"
        f"{slots}\n{gap}{include}\n"
    )


def _delta(before: State, after: State) -> dict[tuple[str, int], tuple[str, str]]:
    return {slot: (before[slot], after[slot]) for slot in after if before[slot] != after[slot]}


def _joined(base: State, ours: State, theirs: State) -> State:
    """Join two states: ours where it differs from the base, theirs elsewhere."""
    return {slot: ours[slot] if ours[slot] != base[slot] else theirs[slot] for slot in base}


def main() -> None:
    """Simulate, print what happened, and fail on a version with two contents or a lost edit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--merges", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="promptreg-simulation-") as folder:
        outcome = simulate(Path(folder) / "repo", seed=arguments.seed, merges=arguments.merges)
    print(*outcome.lines(), sep="\n")
    print(f"in {time.perf_counter() - begin:.0f} s, seed {arguments.seed}")
    for wrong in (*outcome.double, *outcome.lost, *outcome.decreased, *outcome.complaints):
        print(f"  {wrong}")
    raise SystemExit(bool(outcome.double or outcome.lost or outcome.decreased))


if __name__ == "__main__":
    main()
