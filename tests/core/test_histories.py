"""Twenty real prompt histories, each real edit one commit, through bump and release."""

from __future__ import annotations

import json
from itertools import pairwise

from promptreg.naming import NAME
from promptreg.registry import Registry
from promptreg.versioning import Version
from tests.core.acts import bump, release, verify
from tests.kit import Repo


def _file(text: str) -> str:
    """Write a text as a system message: a block where YAML has one for it, else quoted.

    The texts are prose with braces of their own, so they are raw to the template.
    """
    raw = "{% raw %}" + text + "{% endraw %}"
    if not any(ord(c) < 32 and c != "\n" for c in raw):
        lines = "".join(f"      {line}\n" if line else "\n" for line in raw.split("\n"))
        return f"messages:\n  - role: system\n    content: |-\n{lines}"
    quoted = json.dumps(raw, ensure_ascii=False)
    return f"messages:\n  - role: system\n    content: {quoted}\n"


def _set_text(repo: Repo, path: str, text: str) -> None:
    """Replace everything but the version and digest lines, as an editor does."""
    kept = ""
    if (repo.path / path).exists():
        lines = repo.read(path).splitlines(keepends=True)
        kept = "".join(line for line in lines if line.startswith(("version:", "digest:")))
    repo.write(path, kept + _file(text))


def _replay(repo: Repo, name: str, texts: list[str]) -> list[tuple[str, str]]:
    """Commit each text after a bump as the hook does it, and return version and text of each."""
    path = f"prompts/{name}.prompt.yml"
    found = []
    for number, text in enumerate(texts):
        _set_text(repo, path, text)
        (result,) = bump(repo, path)
        again = bump(repo, path)
        assert [r.wrote for r in again] == [False]
        repo.clock += 60
        repo.git("add", path)
        repo.git("commit", "-q", "--allow-empty", "-m", f"{name} {number}")
        found.append((str(result.plan.version), text))
    return found


def test_real_histories(repo: Repo, prompt_histories: list[tuple[str, list[str]]]) -> None:
    """All edits of 20 real prompts: one version for each distinct consecutive content.

    Content that comes back after another (A, B, A) is released again under the next number, since
    versions never fall; so what is counted are the distinct contents one after the other.
    """
    assert len(prompt_histories) == 20
    repo.write("README.md", "a registry")
    repo.commit("begin")
    replayed: dict[str, list[tuple[str, str]]] = {}
    for name, texts in prompt_histories:
        assert NAME.fullmatch(name)
        replayed[name] = _replay(repo, name, texts)
    made = release(repo)
    assert (made.warnings, made.conflicts) == ((), ())
    for name, steps in replayed.items():
        runs = [step for i, step in enumerate(steps) if i == 0 or step[1] != steps[i - 1][1]]
        versions = [Version.parse(version) for version, _ in runs]
        assert versions == sorted(set(versions)), "versions only grow"
        for (before, text), (after, following) in pairwise(steps):
            assert (before == after) == (text == following), "identical content never bumps"
        tags = [f"{name}@{version}" for version, _ in runs]
        assert [t.tag for t in made.tags if t.tag.startswith(f"{name}@")] == tags
    with Registry(repo.path) as registry:
        for name, steps in replayed.items():
            for version, text in steps:
                resolved = registry.resolve(name, version)
                assert resolved.release is not None
                assert resolved.content.digest == resolved.release.digest
                (message,) = registry.get(name, version).render()
                assert message["content"] == text.replace("\r\n", "\n")
    assert verify(repo).faults == ()
    before = repo.git("for-each-ref")
    assert not any(result.wrote for result in bump(repo, every=True))
    assert release(repo).tags == ()
    assert repo.git("for-each-ref") == before
    assert repo.git("status", "--porcelain") == ""
