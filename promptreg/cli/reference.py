"""The command reference in docs/cli.md, made from the commands themselves.

Run ``python -m promptreg.cli.reference > docs/cli.md``; a test checks that it is up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["reference"]

_HEAD = """\
# Commands

Made by `python -m promptreg.cli.reference > docs/cli.md`. Every command takes `-h`; `promptreg`
takes `-C DIR` to run elsewhere, where the files that are named lie too, `-q` to say less, and
`--debug` for tracebacks. `git promptreg` is the same program.

Data goes to stdout, messages to stderr. Exit codes: 0 fine; 1 the check found something, or a file
was rewritten; 2 usage or configuration; 3 cannot tell; 70 a bug in promptreg; 130 interrupted; 141
whoever read stdout left before the end, as `| head` does; 143 ended by SIGTERM, which ends
`--watch`, `--serve` and `--every` with 0.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    import typer

    from promptreg.cli.app import COMMANDS, build_app

    root: Any = typer.main.get_command(build_app([]))
    parts = [_HEAD]
    panels = dict.fromkeys(entry.panel for entry in COMMANDS.values())
    for panel in panels:
        parts.append(f"## {panel}\n")
        for name, entry in COMMANDS.items():
            if entry.panel == panel:
                parts.extend(_command(f"promptreg {name}", root.commands[name]))
    return "\n".join(parts)


def _command(path: str, command: Any) -> Iterator[str]:
    if subcommands := getattr(command, "commands", None):
        yield f"### {path}\n\n{_text(command.help)}\n"
        for name, sub in subcommands.items():
            if not sub.hidden:
                yield from _command(f"{path} {name}", sub)
        return
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, "[OPTIONS]", *(_placeholder(p) for p in arguments)])
    yield f"### {path}\n\n{_text(command.help)}\n\n```\n{usage}\n```\n"
    rows = [_row(p) for p in command.params if p.name != "help" and not p.hidden]
    if rows:
        yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _placeholder(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    shown = name if parameter.required or name.startswith("[") else f"[{name}]"
    return f"{shown}..." if parameter.nargs == -1 else shown


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        left = f"`{_placeholder(parameter)}`"
    else:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        kind = "" if parameter.is_flag else f" {_kind(parameter)}"
        left = f"`{names}{kind}`"
    return f"| {left.replace('|', chr(92) + '|')} | {_text(parameter.help)}{_default(parameter)} |"


def _kind(parameter: Any) -> str:
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return "|".join(str(getattr(choice, "value", choice)) for choice in choices)
    return str(parameter.metavar or parameter.type.name.upper())


def _default(parameter: Any) -> str:
    value = parameter.default
    if value in (None, False, "", ()) or callable(value):
        return ""
    return f" Default: `{getattr(value, 'value', value)}`."


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
