"""The table of commands, and the Typer application made of it."""

# No `annotations` from `__future__` here: Typer compiles those texts again, twice in every run.

import os
from importlib import import_module
from typing import Annotated, Any

import typer

from promptreg.values import dataclass

__all__ = ["COMMANDS", "CommandEntry", "build_app", "expand"]


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command lives.

    Attributes:
        module: The module below `promptreg.cli`.
        attribute: A function, or a Typer application for a group.
        panel: The heading it stands under in the help.
        aliases: Hidden other names.
    """

    module: str
    attribute: str
    panel: str
    aliases: tuple[str, ...] = ()


COMMANDS: dict[str, CommandEntry] = {
    "init": CommandEntry("start", "init", "Start"),
    "new": CommandEntry("new", "new", "Start"),
    "status": CommandEntry("status", "status", "Start"),
    "doctor": CommandEntry("doctor", "doctor", "Start"),
    "bump": CommandEntry("edit", "bump", "Edit"),
    "check": CommandEntry("check", "check", "Edit"),
    "diff": CommandEntry("diff", "diff", "Edit"),
    "render": CommandEntry("browse", "render", "Edit"),
    "list": CommandEntry("browse", "list_prompts", "Browse"),
    "versions": CommandEntry("browse", "versions", "Browse", ("log",)),
    "show": CommandEntry("browse", "show", "Browse"),
    "search": CommandEntry("search", "search", "Browse"),
    "compare": CommandEntry("compare", "compare", "Browse"),
    "changelog": CommandEntry("changelog", "changelog", "Browse"),
    "release": CommandEntry("ship", "release", "Ship"),
    "label": CommandEntry("label", "app", "Ship"),
    "rollback": CommandEntry("rollback", "rollback", "Ship"),
    "yank": CommandEntry("yank", "yank", "Ship"),
    "ab": CommandEntry("ab", "ab", "Measure"),
    "monitor": CommandEntry("monitor", "monitor", "Measure"),
    "metrics": CommandEntry("metrics", "app", "Measure"),
    "report": CommandEntry("report", "report", "Measure"),
    "accept": CommandEntry("gate", "accept", "Measure"),
    "verify": CommandEntry("verify", "verify", "Maintain"),
    "rename": CommandEntry("rename", "rename", "Maintain"),
    "delete": CommandEntry("yank", "delete", "Maintain"),
    "hooks": CommandEntry("hooks", "app", "Maintain"),
    "explain": CommandEntry("maintain", "explain", "Maintain"),
    "schema": CommandEntry("maintain", "schema", "Maintain"),
    "config": CommandEntry("maintain", "config", "Maintain"),
}
_ALIASES = {alias: name for name, entry in COMMANDS.items() for alias in entry.aliases}
# Commands of prompt-versioner that are called otherwise here, or that nothing here needs.
_ELSEWHERE = {
    "dashboard": ("report", "--serve"),
    "install-hooks": ("hooks", "install"),
    "uninstall-hooks": ("hooks", "uninstall"),
    "auto-version": ("bump",),
}
_GONE = {
    "clear-db": "there is no database: promptreg metrics purge removes rows, git rm a prompt",
    "models": "promptreg metrics summary --by model, and [prices] in promptreg.toml",
    "estimate-cost": "promptreg metrics summary --by prompt,model says what calls really cost",
    "compare-costs": "promptreg metrics summary --by model says what calls really cost",
}
_VALUE_OPTIONS = ("-C", "--directory")


def expand(words: list[str]) -> list[str]:
    """Return the words with the command's own name for one that prompt-versioner has.

    Raises:
        ConfigError: Nothing here does what that command does.
    """
    at = _position(words)
    command = words[at] if at is not None else ""
    if fix := _GONE.get(command):
        from promptreg.errors import ConfigError

        raise ConfigError(f"promptreg has no command {command}", fix=fix)
    if at is None or command not in _ELSEWHERE:
        return words
    return [*words[:at], *_ELSEWHERE[command], *words[at + 1 :]]


def build_app(words: list[str]) -> typer.Typer:
    """Return the application for some arguments: one command, or all of them for the help."""
    app = typer.Typer(
        help="A prompt registry that is nothing but a git repository.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        add_completion=True,
        # Flows a paragraph of a docstring into the width of the terminal; "rich" keeps its breaks.
        rich_markup_mode="markdown",
    )
    app.callback()(_root)
    command = _command_in(words)
    if command is not None and not _completes():
        _add(app, command, _ALIASES.get(command, command))
        return app
    for name in COMMANDS:
        _add(app, name, name)
    for alias, name in _ALIASES.items():
        _add(app, alias, name, hidden=True)
    return app


def _completes() -> bool:
    return any(key.endswith("_COMPLETE") and "PROMPTREG" in key for key in os.environ)


def _command_in(words: list[str]) -> str | None:
    at = _position(words)
    word = words[at] if at is not None else ""
    return word if word in COMMANDS or word in _ALIASES else None


def _position(words: list[str]) -> int | None:
    """Return where the command stands among the words."""
    rest = iter(enumerate(words))
    for at, word in rest:
        if word in _VALUE_OPTIONS:
            next(rest, None)
        elif not word.startswith("-"):
            return at
    return None


def _add(app: typer.Typer, shown: str, name: str, *, hidden: bool = False) -> None:
    entry = COMMANDS[name]
    target: Any = getattr(import_module(f"promptreg.cli.{entry.module}"), entry.attribute)
    if isinstance(target, typer.Typer):
        app.add_typer(target, name=shown, rich_help_panel=entry.panel, hidden=hidden)
    else:
        app.command(shown, rich_help_panel=entry.panel, hidden=hidden)(target)


def _version(wanted: bool) -> None:
    if wanted:
        from promptreg import __version__
        from promptreg.cli.output import data

        data(f"promptreg {__version__}")
        raise typer.Exit


def _lead(directory: str) -> str:
    """Remember the folder; by a callback, which runs while words are completed as well."""
    from promptreg.cli.context import set_directory

    set_directory(directory)
    return directory


def _root(
    directory: Annotated[  # noqa: ARG001 - handled by its callback
        str,
        typer.Option(
            "-C",
            "--directory",
            help="Run as if started in this folder; files that are named lie there too.",
            callback=_lead,
        ),
    ] = ".",
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say nothing but the answer and errors.")
    ] = False,
    debug: Annotated[  # noqa: ARG001 - read in promptreg.cli before Typer starts
        bool, typer.Option("--debug", help="Show a traceback for errors.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    from promptreg.cli.output import set_quiet

    set_quiet(quiet)
