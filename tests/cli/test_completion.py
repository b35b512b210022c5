"""Shell completion: by the protocol, and in a real interactive bash."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal

import pytest

from tests.kit import Repo

WORDS = {
    "command": ("rel", ["release"]),
    "group": ("label hist", ["history"]),
    "names": ("versions ", ["a", "team/b"]),
    "name": ("versions te", ["team/b"]),
    "reference": ("show a@", ["a@production", "a@1.1.0", "a@1.0.0"]),
    "version": ("show a@1.1", ["a@1.1.0"]),
    "label": ("label list pro", ["production"]),
    "rule": ("explain level-", ["level-too-low"]),
    "nobody": ("show nobody@", []),
}


def _ask(repo: Repo, line: str) -> list[str]:
    words = ["promptreg", *line.split(" ")]
    repo.environment.update(
        _PROMPTREG_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(words),
        COMP_CWORD=str(len(words) - 1),
    )
    result = repo.process("promptreg")
    assert result.err == ""
    return result.out.split()


@pytest.mark.parametrize(("line", "found"), WORDS.values(), ids=WORDS)
def test_protocol(history: Repo, line: str, found: list[str]) -> None:
    """Commands, names, versions, labels and rules are completed as the shell's protocol asks."""
    assert _ask(history, line) == found


def test_outside_of_a_repository_nothing_is_said(repo: Repo) -> None:
    """Where there is nothing to complete the shell gets nothing, no error."""
    outside = Repo(repo.path.parent)
    assert _ask(outside, "show a") == []


def _type(repo: Repo, keys: str, until: str) -> str:
    """Type into an interactive bash with our completion, and return its line."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(repo.path)
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**repo.env(), "TERM": "dumb"})
    answer = b""

    def read(mark: str) -> None:
        nonlocal answer
        while mark.encode() not in answer:
            assert select.select([terminal], [], [], 30)[0], answer
            answer += os.read(terminal, 4096)

    setup = "bind 'set enable-bracketed-paste off'; eval \"$(promptreg --show-completion bash)\""
    os.write(terminal, f"{setup}; PS1='>'; echo RE''ADY\n".encode())
    read("READY\r\n>")
    answer = b""
    os.write(terminal, keys.encode())
    read(until)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return answer.decode()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
@pytest.mark.parametrize(
    ("keys", "shown"),
    [("versions te", "team/b "), ("show a@pro", "@production "), ("show a@1.1", "@1.1.0 ")],
)
def test_real_bash(history: Repo, keys: str, shown: str) -> None:
    """In an interactive bash the tab key completes names, and versions behind an @ too."""
    assert shown in _type(history, f"promptreg {keys}\t", shown)
