"""`promptreg label`: choose what production serves."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format, act, commit_hint
from promptreg.cli.completion import (
    complete_labels,
    complete_names,
    complete_references,
    complete_selectors,
)
from promptreg.cli.context import open_registry
from promptreg.cli.output import DataFormat, data, message, print_json, style, table
from promptreg.errors import ConfigError

__all__ = ["app"]

app = typer.Typer(help="Choose what production serves.", no_args_is_help=True)

_Label = Annotated[str, typer.Argument(help="Such as production.", autocompletion=complete_labels)]
_Name = Annotated[str, typer.Argument(help="A prompt.", autocompletion=complete_names)]


@app.command("set")
def set_(
    label: _Label,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME[@REF]", help="A prompt.", autocompletion=complete_references),
    ],
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="[REF]",
            help="A released version, range or other label.",
            autocompletion=complete_selectors,
        ),
    ] = None,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Let a label name a released version; commit the file in a pull request."""
    from promptreg.operations.labelling import plan_label
    from promptreg.versioning.references import parse_reference

    with open_registry() as registry:
        reference = parse_reference(name, version)
        if version is None and "@" not in name:
            latest = registry.latest(name) or "VERSION"
            raise ConfigError(
                f"label {label} with which version of {name}?",
                fix=f"promptreg label set {label} {name} {latest}",
            )
        name = reference.name
        change = plan_label(registry, label, reference)
        told = act(
            registry.repository, change.steps, change.as_json(), dry_run=dry_run, output=output
        )
    if not told:
        return
    before = change.before or "nothing"
    if change.before == change.after:
        message(f"{label} names {name} {change.after} already.")
        return
    data(f"{change.path}: {name} {before} -> {style(str(change.after), 'bold')}")
    text = f"Promote {name} {change.after} to {label}"
    message(f"Next: {commit_hint(change.steps, text, change.path)}")


@app.command()
def unset(
    label: _Label, name: _Name, dry_run: DryRun = False, output: Format = DataFormat.TEXT
) -> None:
    """Remove a prompt from a label; commit the file in a pull request."""
    from promptreg.operations.labelling import plan_unlabel

    with open_registry() as registry:
        change = plan_unlabel(registry, label, name)
        told = act(
            registry.repository, change.steps, change.as_json(), dry_run=dry_run, output=output
        )
    if told:
        data(f"{change.path}: {name} {change.before} -> nothing")
        text = f"Take {name} out of {label}"
        message(f"Next: {commit_hint(change.steps, text, change.path)}")


@app.command("list")
def list_(
    label: Annotated[
        str | None, typer.Argument(help="One label.", autocompletion=complete_labels)
    ] = None,
    output: Format = DataFormat.TEXT,
) -> None:
    """List what each label names, as committed."""
    with open_registry() as registry:
        labels = [label] if label is not None else registry.label_names()
        found = {each: registry.label(each) for each in labels}
    if output is DataFormat.JSON:
        print_json({k: {n: str(v) for n, v in entries.items()} for k, entries in found.items()})
        return
    if not found:
        message("No labels yet: promptreg label set production NAME VERSION")
        return
    table(
        ("LABEL", "PROMPT", "VERSION"),
        ((k, name, str(v)) for k, entries in found.items() for name, v in entries.items()),
    )


@app.command()
def history(
    label: _Label,
    name: Annotated[
        str | None, typer.Argument(help="Only this prompt.", autocompletion=complete_names)
    ] = None,
    output: Format = DataFormat.TEXT,
) -> None:
    """Show who moved a label, when and from what to what."""
    from promptreg.operations.labelling import label_history

    with open_registry() as registry:
        events = label_history(registry, label, name)
    if output is DataFormat.JSON:
        print_json(
            [
                {
                    "date": event.when.isoformat(),
                    "author": event.author,
                    "commit": event.commit,
                    "prompt": event.name,
                    "before": str(event.before) if event.before else None,
                    "after": str(event.after) if event.after else None,
                }
                for event in events
            ]
        )
        return
    if not events:
        message(f"Label {label} never named {name or 'any version'}.")
        return
    table(
        ("DATE", "PROMPT", "FROM", "TO", "AUTHOR", "COMMIT"),
        (
            (
                f"{event.when:%Y-%m-%d %H:%M}",
                event.name,
                str(event.before or "-"),
                str(event.after or "-"),
                event.author,
                event.commit[:7],
            )
            for event in events
        ),
    )


@app.command()
def diff(
    left: Annotated[
        str, typer.Argument(metavar="A", help="One label.", autocompletion=complete_labels)
    ],
    right: Annotated[
        str, typer.Argument(metavar="B", help="The other.", autocompletion=complete_labels)
    ],
    output: Format = DataFormat.TEXT,
) -> None:
    """Show the prompts for which two labels name different versions, such as staging production."""
    from promptreg.operations.labelling import compare_labels

    with open_registry() as registry:
        found = compare_labels(registry, left, right)
    rows = [
        (d.name, str(d.left) if d.left else None, str(d.right) if d.right else None) for d in found
    ]
    if output is DataFormat.JSON:
        print_json([{"prompt": name, left: a, right: b} for name, a, b in rows])
    elif rows:
        table(
            ("PROMPT", left.upper(), right.upper()), ((n, a or "-", b or "-") for n, a, b in rows)
        )
    else:
        message(f"{left} and {right} name the same versions.")
