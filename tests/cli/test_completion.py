"""Shell completion: by the protocol, and in real interactive shells."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
from dataclasses import dataclass

import pytest

from tests.kit import Repo

WORDS = {
    "command": ("rel", ["release"]),
    "group": ("label hist", ["history"]),
    "names": ("versions ", ["a", "team/b"]),
    "name": ("versions te", ["team/b"]),
    "reference": ("show a@", ["a@production", "a@1.1.0", "a@1.0.0"]),
    "version": ("show a@1.1", ["a@1.1.0"]),
    "apart": ("compare a 1.0.0 ", ["production", "1.1.0", "1.0.0"]),
    "promoted": ("label set staging a 1.1", ["1.1.0"]),
    "label": ("label list pro", ["production"]),
    "rule": ("explain level-", ["level-too-low"]),
    "nobody": ("show nobody@", []),
    # The shell itself knows the files of its folder.
    "file": ("report -o pro", []),
    "led": ("-C .. metrics import repo/pro", ["repo/prompts/"]),
    "elsewhere": ("-C prompts show te", ["team/b"]),
    "below": ("-C prompts check te", ["team/b.yaml"]),
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


@dataclass(frozen=True, slots=True)
class Shell:
    """How a shell is started bare, and how it loads our completion and says that it is ready."""

    command: tuple[str, ...]
    setup: str
    ready: str


READY = "echo RE''ADY"
SHELLS = {
    "bash": Shell(
        ("bash", "--norc", "--noprofile", "-i"),
        "bind 'set enable-bracketed-paste off';"
        f" eval \"$(_PROMPTREG_COMPLETE=source_bash promptreg)\"; PS1='>'; {READY}\n",
        "READY\r\n>",
    ),
    "zsh": Shell(
        ("zsh", "-f", "-i"),
        "unsetopt prompt_sp prompt_cr; autoload -U compinit; compinit -u -D;"
        f" eval \"$(_PROMPTREG_COMPLETE=source_zsh promptreg)\"; PS1='>'; {READY}\n",
        "READY\r\n",
    ),
    "fish": Shell(
        ("fish", "--no-config", "-i"),
        f"_PROMPTREG_COMPLETE=source_fish promptreg | source; {READY}\n",
        "READY\r\n",
    ),
}


def _type(repo: Repo, shell: Shell, keys: str, until: str) -> str:
    """Type into an interactive shell with our completion, and return what it showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(repo.path)
        os.execvpe(shell.command[0], shell.command, {**repo.env(), "TERM": "dumb"})
    answer = b""

    def read(mark: str) -> None:
        nonlocal answer
        while mark.encode() not in answer:
            assert select.select([terminal], [], [], 120)[0], answer
            answer += os.read(terminal, 4096)

    try:
        os.write(terminal, shell.setup.encode())
        read(shell.ready)
        answer = b""
        os.write(terminal, keys.encode())
        read(until)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    return answer.decode()


# Python 3.12 and later warn about forks where there are threads; this one only starts a program.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("versions te", "am/b"),
        ("show a@pro", "duction"),
        ("show a@1.1", ".0"),
        ("label list pro", "duction"),
    ],
)
def test_real_shells(history: Repo, name: str, keys: str, shown: str) -> None:
    """In interactive shells the tab key completes names, labels, and versions behind an @ too."""
    shell = SHELLS[name]
    if shutil.which(shell.command[0]) is None:
        pytest.skip(f"{name} is not here")
    assert shown in _type(history, shell, f"promptreg {keys}\t", shown)
