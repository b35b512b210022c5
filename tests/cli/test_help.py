"""Every command is named, helped and loaded only when it is wanted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from promptreg.cli.app import COMMANDS, build_app
from tests.kit import Repo, prompt_text


def _all(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every command and group with its words."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _all(inner, (*path, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    """Each command, its subcommands, options and arguments say what they are for."""
    root = typer.main.get_command(build_app([name]))
    found = [(path, command) for path, command in _all(root) if path and path[0] == name]
    assert found
    for path, command in found:
        words = " ".join(path)
        assert command.help, f"{words} has no help"  # type: ignore[attr-defined]
        for parameter in command.params:  # type: ignore[attr-defined]
            assert getattr(parameter, "help", None), f"{words}: {parameter.name} has no help"


def test_main_help_names_every_command(repo: Repo) -> None:
    """The help lists all commands under their headings, and no hidden alias."""
    text = repo.ok("--help")
    for name, entry in COMMANDS.items():
        assert re.search(rf"^│ {re.escape(name)}\s", text, re.MULTILINE), name
        assert f" {entry.panel} " in text
        for alias in entry.aliases:
            assert not re.search(rf"^│ {re.escape(alias)}\s", text, re.MULTILINE)
    assert repo.ok("-h") == text
    for name in ("list", "metrics"):
        assert repo.ok(name, "-h") == repo.ok(name, "--help")


def test_aliases_answer(repo: Repo) -> None:
    """A hidden alias is the command it stands for."""
    aliases = [(a, name) for name, entry in COMMANDS.items() for a in entry.aliases]
    assert ("log", "versions") in aliases
    for alias, name in aliases:
        assert repo.ok(alias, "--help").replace(alias, name).split() == (
            repo.ok(name, "--help").split()
        )


def test_commands_of_prompt_versioner_answer(repo: Repo) -> None:
    """Each name that its command line has does here what it means, or says what does."""
    for words, real in {
        ("dashboard",): ("report",),
        ("install-hooks",): ("hooks", "install"),
        ("-C", ".", "uninstall-hooks"): ("hooks", "uninstall"),
        ("auto-version",): ("bump",),
    }.items():
        assert repo.ok(*words, "--help") == repo.ok(*real, "--help")
    for name in ("init", "list", "versions", "show", "diff", "compare", "rollback", "delete"):
        assert name in COMMANDS
    for gone in ("clear-db", "models", "estimate-cost", "compare-costs"):
        found = repo.run(gone, "x")
        assert (found.code, found.err.count("\n")) == (2, 2)
        assert "fix: " in found.err


def test_name_ref_is_name_at_ref_everywhere(repo: Repo) -> None:
    """What takes a version takes it behind an @ or apart, and refuses both at once."""
    repo.write("prompts/a.prompt.yml", prompt_text())
    repo.bump_and_commit()
    repo.ok("release")
    for before, after in {
        ("show",): (),
        ("render",): ("--var", "article=x"),
        ("yank",): ("--reason", "x", "-n"),
        ("delete",): ("--reason", "x", "-n"),
        ("label", "set", "production"): ("-n",),
        ("metrics", "log"): ("-n",),
        ("diff",): (),
        ("compare",): (),
    }.items():
        joined = repo.run(*before, "a@1.0.0", *after)
        assert repo.run(*before, "a", "1.0.0", *after) == joined
        assert joined.code == 0, joined.err
    for words in (
        ["rollback", "a@1.0.0", "1.0.0"],
        ["label", "set", "staging", "a@1.0.0", "1.0.0"],
    ):
        assert "both choose a version" in repo.run(*words).err
    assert "promptreg label set staging a 1.0.0" in repo.run("label", "set", "staging", "a").err


# What changes nothing, or only what is the machine's own, and has no plan to show.
NO_PLAN = {"metrics ship", "metrics doctor", "metrics export", "report", "monitor"}
CHANGES = {
    "init", "new", "bump", "release", "rollback", "yank", "delete", "rename", "accept",
    "label set", "label unset", "hooks install", "hooks uninstall",
    "metrics log", "metrics import", "metrics push", "metrics pull", "metrics compact",
    "metrics purge",
}  # fmt: skip
# Theirs is the form of a file, or they write nothing that a program would read.
NO_FORMAT = {"schema", "metrics log", "metrics ship"}


def test_every_change_can_be_seen_before_and_every_answer_read_by_a_program() -> None:
    """What changes something has --dry-run, and every visible command has --format."""
    root = typer.main.get_command(build_app([]))
    options = {
        " ".join(path): {option for parameter in command.params for option in parameter.opts}
        for path, command in _all(root)
        if path and not hasattr(command, "commands") and not command.hidden
    }
    assert options.keys() > CHANGES | NO_PLAN | NO_FORMAT
    assert {name for name, known in options.items() if "--dry-run" in known} == CHANGES
    assert {name for name, known in options.items() if "--format" not in known} == NO_FORMAT
    assert {name for name in CHANGES if "-n" not in options[name]} == set()
    asking = {name for name, known in options.items() if "--yes" in known}
    assert asking == {"delete", "metrics purge", "metrics doctor"}


def test_version(repo: Repo) -> None:
    """--version tells the version, anywhere."""
    from promptreg import __version__

    assert repo.ok("--version") == f"promptreg {__version__}\n"


HEAVY = ("pygit2", "duckdb", "pyarrow", "deltalake", "jinja2", "rich", "pydantic", "jsonschema")


def _loads(code: str, cwd: object) -> set[str]:
    """Return the heavy modules that some code loads in a fresh interpreter."""
    script = (
        f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=str(cwd), capture_output=True, text=True, check=True
    )
    return set(eval(done.stderr.strip().splitlines()[-1]))


def test_importing_the_library_is_light(repo: Repo) -> None:
    """`import promptreg` and its public names load none of the heavy packages."""
    assert _loads("import promptreg", repo.path) == set()
    assert _loads("from promptreg import Registry", repo.path) == set()
    opened = "import promptreg\nr = promptreg.Registry('.')\nr.config, r.paths()"
    assert _loads(opened, repo.path) == set()


def test_a_branch_of_some_commits_is_checked_without_pygit2(history: Repo) -> None:
    """To find where a branch began, check needs no more than git."""
    for number in range(2):
        history.write("notes.md", f"{number}\n")
        history.commit()
    code = "from promptreg.cli import run\nassert run(['check', '--base', 'HEAD~2']) == 0"
    assert _loads(code, history.path) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["versions", "a"],
        ["show", "a"],
        ["show", "a@worktree"],
        ["show", "a", "--raw"],
        ["label", "list"],
        ["bump", "prompts/a.yaml"],
        ["config"],
    ],
    ids=" ".join,
)
def test_quick_commands_load_nothing_heavy(words: list[str], history: Repo) -> None:
    """Commands that people and hooks wait for load neither pygit2, DuckDB, pyarrow nor jinja2."""
    code = f"from promptreg.cli import run\nassert run({words!r}) == 0"
    assert _loads(code, history.path) == set()
