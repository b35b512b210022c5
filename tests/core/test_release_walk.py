"""The release walk against a model that looks at the whole history of every prompt."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from promptreg.history.released import released_files
from promptreg.operations.release import release_candidate
from promptreg.operations.walking import find_candidates
from promptreg.prompt.digest import compute_digest
from promptreg.registry import Registry
from tests.core.acts import commit_prompt, release

if TYPE_CHECKING:
    from promptreg.operations.walking import ReleasePlan
    from tests.kit import Repo

NAMES = ("a", "b", "team/c", "team/d")


@dataclass(frozen=True)
class File:
    """One prompt file; the digest line is that of the bump, a wrong one, or absent."""

    number: int
    text: str
    line: str = "bumped"
    comment: int = 0
    includes: bool = False

    @property
    def content(self) -> str:
        """The message."""
        return self.text + ('{% include "s.md" %}' if self.includes else "")

    def digest(self, fragment: str) -> str:
        """Return the digest of the content, computed from the value and not from the bytes."""
        value = {"messages": [{"role": "user", "content": self.content}]}
        return compute_digest(value, {"s.md": fragment} if self.includes else {})

    def data(self, bumped: str) -> str:
        """Return the file as it was when its content had a digest."""
        lines = {"bumped": f'digest: "{bumped[:12]}"\n', "wrong": 'digest: "0123456789ab"\n'}
        return (
            f"# {self.comment}\nversion: 1.{self.number}.0\n{lines.get(self.line, '')}"
            f"messages: [{{role: user, content: '{self.content}'}}]\n"
        )


@dataclass(frozen=True)
class State:
    """What a commit holds: the files with the digest each was bumped with, and the fragment."""

    files: dict[str, tuple[File, str]] = field(default_factory=dict)
    fragment: str = "s\n"

    def paths(self) -> dict[str, str]:
        """Return the files to commit."""
        found = {f"prompts/{n}.yaml": file.data(bumped) for n, (file, bumped) in self.files.items()}
        return {**found, "prompts/s.md": self.fragment}

    def says(self, name: str) -> tuple[int, str, bool] | None:
        """Return number, digest and whether that is stated; None where there is no file."""
        if name not in self.files:
            return None
        file, bumped = self.files[name]
        digest = file.digest(self.fragment)
        return file.number, digest, file.line == "bumped" and bumped == digest

    def bumped(self, name: str, file: File) -> State:
        """Return the state with a file as it leaves a bump."""
        return replace(self, files={**self.files, name: (file, file.digest(self.fragment))})

    def edited(self, name: str, file: File) -> State:
        """Return the state with a file that changed and was not bumped."""
        return replace(self, files={**self.files, name: (file, self.files[name][1])})

    def without(self, name: str) -> State:
        """Return the state without a file."""
        return replace(self, files={n: each for n, each in self.files.items() if n != name})


class _Author:
    """Makes histories in which everything goes wrong that may go wrong."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.past = [State()]
        self.number = 0

    def history(self, length: int) -> list[State]:
        for _ in range(length):
            state = self.past[-1]
            for _ in range(self.random.choice((1, 1, 2, 3))):
                self.number += 1
                state = self._changed(state, self.random.choice(NAMES))
            self.past.append(state)
        return self.past[1:]

    def _changed(self, state: State, name: str) -> State:
        ways = (self._edit, self._slip, self._reuse, self._delete, self._revert, self._touch)
        more = (self._unstate, self._refragment)
        if name not in state.files:
            return self._edit(state, name)
        (way,) = self.random.choices((*ways, *more), (40, 10, 8, 9, 10, 8, 6, 12))
        return way(state, name)

    def _edit(self, state: State, name: str) -> State:
        includes = self.random.random() < 0.3
        return state.bumped(name, File(self.number, f"t{self.number}", includes=includes))

    def _slip(self, state: State, name: str) -> State:
        return state.edited(name, replace(state.files[name][0], text=f"x{self.number}"))

    def _reuse(self, state: State, name: str) -> State:
        file = replace(state.files[name][0], text=f"o{self.number}", line="bumped")
        return state.bumped(name, file)

    def _delete(self, state: State, name: str) -> State:
        return state.without(name)

    def _revert(self, state: State, name: str) -> State:
        old = self.random.choice(self.past)
        if name in old.files and self.random.random() < 0.7:
            return replace(state, files={**state.files, name: old.files[name]})
        return old

    def _touch(self, state: State, name: str) -> State:
        return state.edited(name, replace(state.files[name][0], comment=self.number))

    def _unstate(self, state: State, name: str) -> State:
        line = self.random.choice(("wrong", "absent"))
        return state.bumped(name, replace(state.files[name][0], line=line))

    def _refragment(self, state: State, _: str) -> State:
        if self.random.random() < 0.3:
            return replace(state, fragment=self.random.choice(self.past).fragment)
        state = replace(state, fragment=f"s{self.number}\n")
        for user, (file, _) in list(state.files.items()):
            if file.includes:
                self.number += 1
                state = state.bumped(user, replace(file, number=self.number))
        return state


@dataclass
class _Model:
    """All that a release has to know: the states of the first parents, and the tags."""

    states: list[State]
    tags: dict[tuple[str, int], str] = field(default_factory=dict)

    def plan(self, tip: int) -> dict[tuple[str, int], tuple[int, str]]:
        """Return commit and digest of each version to tag: all down to a name's first tag."""
        found: dict[tuple[str, int], tuple[int, str]] = {}
        for name in NAMES:
            for place in range(tip, -1, -1):
                number, digest, stated = self.states[place].says(name) or (0, "", False)
                tagged = self.tags.get((name, number))
                if digest and tagged == digest:
                    break
                known = found.get((name, number), (0, digest))
                if stated and tagged is None and known[1] == digest:
                    found[name, number] = (place, digest)
        return found

    def untagged(self, tip: int) -> set[tuple[str, int]]:
        """Return the versions that stand at the tip and have no tag."""
        said = ((name, self.states[tip].says(name)) for name in NAMES)
        found = {(name, each[0]) for name, each in said if each is not None and each[2]}
        return found - self.tags.keys()

    def conflicts(self, tip: int) -> int:
        """Return how many prompts state at the tip a version that a tag has with other content."""
        said = ((name, self.states[tip].says(name)) for name in NAMES)
        tags = [(s[1], self.tags.get((n, s[0]))) for n, s in said if s is not None and s[2]]
        return sum(tagged not in (None, digest) for digest, tagged in tags)


def _commit(repo: Repo, states: list[State]) -> list[str]:
    """Commit all states by one process and return the commits."""
    lines: list[str] = []
    for place, state in enumerate(states):
        when = f"A <a@example.com> {1_700_000_000 + place * 60} +0000"
        lines += ["commit refs/heads/main", f"mark :{place + 1}", f"committer {when}", "data 0"]
        lines.append("deleteall")
        for path, data in state.paths().items():
            lines += [f"M 100644 inline {path}", f"data {len(data.encode())}", data]
    subprocess.run(
        ["git", "fast-import", "--quiet", "--export-marks=.git/marks", "--force"],
        cwd=repo.path,
        input="\n".join((*lines, "done", "")).encode(),
        check=True,
    )
    marks = dict(line.split() for line in repo.read(".git/marks").splitlines())
    return [marks[f":{place + 1}"] for place in range(len(states))]


def _seen(plan: ReleasePlan, commits: list[str]) -> dict[tuple[str, int], tuple[int, str]]:
    return {
        (c.name, c.version.minor): (commits.index(c.commit.oid), c.content.digest)
        for c in plan.candidates
    }


def release_a_history(repo: Repo, seed: int, length: int = 16) -> int:
    """Release at random commits of a random history, interrupted or not; return the tags made."""
    shutil.rmtree(repo.path / ".git/refs/tags")
    random = Random(seed)
    model = _Model(_Author(random).history(length))
    commits = _commit(repo, model.states)
    is_whole = True
    for tip in range(length):
        if random.random() < 0.5 and tip < length - 1:
            continue
        is_whole = not _lose_a_tag(repo, model, tip, random) and is_whole
        with Registry(repo.path, fast_start=random.random() < 0.1) as registry:
            plan = find_candidates(registry.repository, registry.config, commits[tip])
            seen, expected = _seen(plan, commits), model.plan(tip)
            if is_whole:
                assert seen == expected, f"seed {seed}, commit {tip}"
            assert seen.keys() <= expected.keys()
            assert all(seen[key][1] == expected[key][1] for key in seen)
            assert model.untagged(tip) <= seen.keys(), f"seed {seed}, commit {tip}"
            assert len(plan.conflicts) == model.conflicts(tip)
            enough = random.choice((len(expected), len(expected), random.randrange(4)))
            for candidate in plan.candidates[:enough]:
                release_candidate(registry.repository, registry.config, candidate)
                model.tags[candidate.name, candidate.version.minor] = candidate.content.digest
    return len(model.tags)


def _lose_a_tag(repo: Repo, model: _Model, tip: int, random: Random) -> bool:
    """Remove, now and then, the tag of a version that stands at the tip."""
    held = [key for key in model.tags if (model.states[tip].says(key[0]) or (0,))[0] == key[1]]
    if not held or random.random() > 0.15:
        return False
    name, number = random.choice(held)
    (repo.path / f".git/refs/tags/{name}@1.{number}.0").unlink()
    del model.tags[name, number]
    return True


def test_the_walk_finds_what_a_look_at_everything_finds(repo: Repo) -> None:
    """Edits, slips, reverts, fragments, deletions, late and broken runs: the same tags are made.

    The walk ends where a tag tells that all before was seen; the model never ends it so. Where
    somebody removed a tag, the walk makes no other tag than the model, and each of the tip.
    """
    assert sum(release_a_history(repo, seed) for seed in range(3)) > 25


def _released(repo: Repo) -> dict[str, str]:
    """Return the tag whose bytes each file at HEAD has, by name, as far as the quick look tells."""
    with Registry(repo.path, fast_start=True) as registry:
        head = registry.repository.head.oid or ""
        files = registry.repository.files_at(head, "prompts")
        prompts = {path: name for name, path in registry.paths().items()}
        found = list(released_files(registry.repository, registry.config, prompts, files))
        tags = {repo.git("rev-parse", f"{tag}^{{commit}}"): tag for tag in repo.tags()}
    return {each.prompt: tags[each.commit] for each in found}


def test_the_quick_look_believes_only_what_is_as_release_writes_it(repo: Repo) -> None:
    """Older versions, pre-releases and signed tags are known by their blob; odd tags are left."""
    repo.write("prompts/s.md", "Kind.\n")
    repo.commit()
    commit_prompt(repo, "a", "One.")
    commit_prompt(repo, "a", '{% include "s.md" %}')
    commit_prompt(repo, "b", "Bee.")
    commit_prompt(repo, "b", "Buzz.", pre="rc")
    release(repo)
    assert _released(repo) == {"a": "a@1.1.0", "b": "b@1.1.0-rc.1"}
    repo.write("prompts/s.md", "Kinder.\n")
    repo.git("checkout", "-q", "b@1.0.0", "--", "prompts/b.yaml")
    repo.commit("another fragment, and an older file")
    assert _released(repo) == {"b": "b@1.0.0"}
    body = repo.git("cat-file", "tag", "b@1.0.0")
    for text, believed in (
        (f"{body}\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n", True),
        (body.replace("Prompt: b", "Prompt: a"), False),
        (body.replace("Prompt: b", "Prompt: \udce4"), False),
        (body.replace("Version: 1.0.0", "Version: 1.0.1"), False),
        (f"{body}\n\nReviewed-by: Ada", False),
    ):
        done = subprocess.run(
            ["git", "hash-object", "-t", "tag", "-w", "--literally", "--stdin"],
            cwd=repo.path,
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=True,
        )
        repo.git("update-ref", "refs/tags/b@1.0.0", done.stdout.decode().strip())
        assert _released(repo) == ({"b": "b@1.0.0"} if believed else {}), text
