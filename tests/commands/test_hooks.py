"""`promptreg hooks` in real clones, run by git itself."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptreg.operations.merging import merge_prompts, text_of
from tests.commands.conftest import SUMMARIZER, edit
from tests.kit import PROMPT

if TYPE_CHECKING:
    from tests.kit import Repo, Result


def _status(repo: Repo) -> Any:
    return json.loads(repo.ok("hooks", "status", "--format", "json"))


def _commit(repo: Repo, *args: str) -> Result:
    return repo.try_git("commit", "-q", "-m", "change", *args)


def _script(repo: Repo, name: str, text: str, folder: str = ".git/hooks") -> Path:
    path = repo.write(f"{folder}/{name}", f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _hooks(repo: Repo) -> dict[str, bytes]:
    folder = repo.path / ".git/hooks"
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith(".sample")}


def test_a_commit_of_a_changed_prompt_is_bumped(shipped: Repo) -> None:
    """The first commit is stopped with the file bumped, the second goes through."""
    shipped.ok("hooks", "install")
    edit(shipped, "careful", "cautious")
    first = _commit(shipped, "-a")
    assert first.code == 1
    assert "prompts/summarizer.prompt.yml: 2.1.0" in first.out + first.err
    assert "git add prompts/summarizer.prompt.yml, and commit again" in first.err
    assert _commit(shipped, "-a").code == 0
    assert "version: 2.1.0\n" in shipped.git("show", f"HEAD:{SUMMARIZER}")


def test_a_commit_without_prompts_starts_nothing(shipped: Repo) -> None:
    """The guard answers before Python starts: it works where Python does not."""
    shipped.ok("hooks", "install")
    hook = shipped.path / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text().replace("-m promptreg", "-m nothing_of_that_name"))
    assert "-m nothing_of_that_name" in hook.read_text()
    shipped.write("note.txt", "x")
    shipped.git("add", "note.txt")
    assert _commit(shipped).code == 0


def test_a_hook_outlives_its_installation(shipped: Repo) -> None:
    """Where the interpreter is gone, promptreg on PATH is taken; without one the mend is named."""
    shipped.ok("hooks", "install")
    hook = shipped.path / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text().replace(sys.executable, "/nowhere/python"))
    edit(shipped, "careful", "cautious")
    first = _commit(shipped, "-a")
    assert "prompts/summarizer.prompt.yml: 2.1.0" in first.out + first.err
    git = Path(shutil.which("git") or "git")
    alone = shipped.path.parent / "bin"
    alone.mkdir()
    for program in ("git", "sh"):
        (alone / program).symlink_to(shutil.which(program) or git)
    shipped.environment["PATH"] = str(alone)
    second = _commit(shipped, "-a")
    assert second.code == 1
    assert "promptreg hooks install" in second.err
    assert "not found" not in second.err


def test_partly_staged_prompts_are_refused(shipped: Repo) -> None:
    """The digest of the work tree would not be that of the commit."""
    shipped.ok("hooks", "install")
    edit(shipped, "careful", "cautious")
    shipped.git("add", SUMMARIZER)
    edit(shipped, "cautious", "wary")
    result = _commit(shipped)
    assert result.code != 0
    assert "has edits that are not staged" in result.err


def test_a_push_is_checked(shipped: Repo, tmp_path: Path) -> None:
    """What check finds stops the push; nothing found lets it go."""
    shipped.git("config", "receive.denyCurrentBranch", "ignore")
    clone = shipped.clone(tmp_path / "clone")
    clone.ok("hooks", "install")
    clone.git("switch", "-q", "-c", "feature")
    edit(clone, "careful", "cautious")
    clone.git("commit", "-q", "-a", "-m", "x", "--no-verify")
    result = clone.try_git("push", "-q", "origin", "feature")
    assert result.code != 0
    assert "digest-mismatch" in result.err
    clone.ok("bump", code=1)
    clone.git("commit", "-q", "-a", "-m", "bumped")
    assert clone.try_git("push", "-q", "origin", "feature").code == 0


def test_a_hook_of_somebody_else_is_kept_and_runs_first(shipped: Repo) -> None:
    """Its output and its refusal stay; it is never overwritten."""
    _script(shipped, "pre-commit", "echo theirs; test ! -e stop")
    _script(shipped, "pre-push", "cat > pushed.txt")
    before = _hooks(shipped)
    shipped.ok("hooks", "install")
    assert _status(shipped)["hooks"] == {
        "pre-commit": "chained",
        "pre-merge-commit": "ours",
        "pre-push": "chained",
    }
    edit(shipped, "careful", "cautious")
    result = _commit(shipped, "-a")
    assert result.code == 1
    assert "theirs" in result.out + result.err
    assert "2.1.0" in result.out + result.err
    shipped.write("stop", "")
    shipped.ok("bump")
    edit(shipped, "cautious", "wary")
    result = _commit(shipped, "-a")
    assert result.code == 1
    assert "again" not in result.err
    shipped.ok("hooks", "uninstall")
    assert _hooks(shipped) == before


def test_the_other_push_hook_hears_what_is_pushed(shipped: Repo, tmp_path: Path) -> None:
    """Git's words on standard input reach the hook that was there before."""
    shipped.git("config", "receive.denyCurrentBranch", "ignore")
    clone = shipped.clone(tmp_path / "clone")
    _script(clone, "pre-push", "cat > heard.txt")
    clone.ok("hooks", "install")
    clone.git("push", "-q", "origin", "HEAD:refs/heads/other")
    assert "refs/heads/other" in clone.read("heard.txt")


def test_installing_twice_changes_nothing(shipped: Repo) -> None:
    """The second install finds its own hooks and leaves the kept ones alone."""
    _script(shipped, "pre-commit", "exit 0")
    shipped.ok("hooks", "install", "--diff", "--merge")
    before = _hooks(shipped)
    shipped.ok("hooks", "install", "--diff", "--merge")
    assert _hooks(shipped) == before
    assert shipped.read(".git/info/attributes").count("/prompts/**/*.yaml") == 1


def test_two_foreign_hooks_are_never_overwritten(shipped: Repo) -> None:
    """Where a kept hook is there already and a new one too, a person decides."""
    _script(shipped, "pre-commit", "echo one")
    shipped.ok("hooks", "install")
    _script(shipped, "pre-commit", "echo two")
    before = _hooks(shipped)
    result = shipped.run("hooks", "install")
    assert result.code == 2
    assert "is somebody else's, and so is" in result.err
    assert _hooks(shipped) == before


def test_hooks_path_of_the_repository_is_honoured(shipped: Repo) -> None:
    """With core.hooksPath set here the hooks go there and git runs them."""
    shipped.git("config", "core.hooksPath", "tools/hooks")
    shipped.ok("hooks", "install")
    assert (shipped.path / "tools/hooks/pre-commit").exists()
    assert not (shipped.path / ".git/hooks/pre-commit").exists()
    edit(shipped, "careful", "cautious")
    assert _commit(shipped, "-a").code == 1


def test_hooks_path_of_the_whole_home_is_left_alone(shipped: Repo) -> None:
    """A folder that all repositories of a person share is not ours to fill."""
    shipped.git("config", "--global", "core.hooksPath", str(shipped.path / "all"))
    result = shipped.run("hooks", "install")
    assert result.code == 2
    assert "for all your repositories" in result.err
    assert not (shipped.path / "all").exists()


def test_linked_worktrees_share_the_hooks(shipped: Repo, tmp_path: Path) -> None:
    """Installed in one work tree they run in the other."""
    shipped.ok("hooks", "install")
    shipped.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = type(shipped)(tmp_path / "side", shipped.clock)
    assert _status(side)["hooks"]["pre-commit"] == "ours"
    edit(side, "careful", "cautious")
    assert _commit(side, "-a").code == 1
    assert "version: 2.1.0\n" in side.read(SUMMARIZER)


def test_git_diff_shows_prompts_as_text(shipped: Repo) -> None:
    """With --diff an escaped message is compared line by line."""
    shipped.ok("hooks", "install", "--diff")
    assert _status(shipped)["diff"] is True
    edit(shipped, '"Summarize:\\n', '"Summarize:\\nBriefly.\\n')
    lines = shipped.git("diff").splitlines()
    assert "+Briefly." in lines
    assert not any("content:" in line for line in lines)
    shipped.ok("hooks", "uninstall")
    assert any("content:" in line for line in shipped.git("diff").splitlines())
    assert not (shipped.path / ".git/info/attributes").exists()


def test_a_merge_of_two_edits_needs_nobody(shipped: Repo) -> None:
    """With --merge the two lines never conflict, and the version still ends above both."""
    shipped.ok("hooks", "install", "--merge")
    shipped.git("switch", "-q", "-c", "feature")
    edit(shipped, "Two-sentence", "Three-sentence")
    edit(shipped, "careful", "cautious")
    shipped.ok("bump", code=1)
    shipped.git("commit", "-q", "-a", "-m", "feature")
    shipped.git("switch", "-q", "main")
    edit(shipped, "Summarize:", "Sum up:")
    shipped.ok("bump", code=1)
    shipped.git("commit", "-q", "-a", "-m", "main")
    assert shipped.try_git("merge", "-q", "feature").code != 0
    text = shipped.read(SUMMARIZER)
    assert "<<<<" not in text
    assert "cautious" in text
    assert "Sum up:" in text
    assert "Three-sentence" in text
    assert "version: 2.2.0\n" in text
    shipped.git("commit", "-q", "-a", "--no-edit")
    shipped.ok("release")
    shipped.ok("verify")


def test_attributes_of_a_person_stay(shipped: Repo) -> None:
    """Only our block of the clone's attributes is written and removed."""
    shipped.write(".git/info/attributes", "*.png binary")
    shipped.ok("hooks", "install", "--merge")
    shipped.ok("hooks", "uninstall")
    assert shipped.read(".git/info/attributes") == "*.png binary\n"


def _file(version: str, digest: str, text: str = PROMPT) -> bytes:
    return text.replace(
        "description", f"version: {version}\ndigest: {digest}\ndescription", 1
    ).encode()


def test_the_driver_keeps_the_greater_version() -> None:
    """Versions count as versions, whichever side has the greater."""
    base = _file("1.8.0", "aaaaaaaaaaaa")
    ours = _file("1.9.0", "bbbbbbbbbbbb")
    theirs = _file("1.10.0", "cccccccccccc")
    for one, other in ((ours, theirs), (theirs, ours)):
        assert merge_prompts(base, one, other, "p.yml").data == theirs


def test_the_driver_leaves_other_conflicts_to_a_person() -> None:
    """Both sides changed one line: markers around it, and none around the version."""
    base = _file("1.0.0", "aaaaaaaaaaaa")
    ours = _file("1.1.0", "bbbbbbbbbbbb", PROMPT.replace("news", "short"))
    theirs = _file("1.1.0", "cccccccccccc", PROMPT.replace("news", "long"))
    result = merge_prompts(base, ours, theirs, "p.yml")
    assert result.conflicts
    assert result.data.count(b"<<<<<<<") == 2
    assert result.data.startswith(b"# A comment that must stay.\nversion: 1.1.0\n")


@pytest.mark.parametrize("broken", [b"messages: [\n", b"\xff\n", b"a: 1\n"])
def test_the_driver_merges_any_file_as_git_would(broken: bytes) -> None:
    """Files that do not parse, or have no version, are merged as text."""
    assert merge_prompts(broken, broken + b"# x\n", broken, "p.yml").data == broken + b"# x\n"


def test_text_of_a_broken_file_is_the_file() -> None:
    """A diff never hides a file that is not valid."""
    assert text_of(b"messages: [\n", "p.yml") == "messages: [\n"
