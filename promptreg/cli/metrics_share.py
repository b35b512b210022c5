"""`promptreg metrics push` and `pull`: rows through the repository itself."""

from __future__ import annotations

from typing import Annotated

import typer

from promptreg.cli.acting import DryRun, Format
from promptreg.cli.context import open_registry
from promptreg.cli.metrics_options import Environment, Prompt, Since, Suite, Until, parse_time
from promptreg.cli.output import DataFormat, message, print_json

__all__ = ["pull", "push"]

_Remote = Annotated[str, typer.Argument(help="The remote; - keeps to this repository.")]
_HERE = "-"


def push(
    remote: _Remote = "origin",
    everything: Annotated[
        bool, typer.Option("--all", help="Ordinary calls too, not only evaluation rows.")
    ] = False,
    private: Annotated[
        bool,
        typer.Option("--private", help="Send unit, metadata and error_message along."),
    ] = False,
    prompt: Prompt = None,
    environment: Environment = None,
    suite: Suite = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    output: Format = DataFormat.TEXT,
) -> None:
    """Share evaluation rows on the ref refs/promptreg/metrics, so that CI finds its baseline."""
    from promptreg.metrics import Filter
    from promptreg.metrics.shared_ref import SharedRef
    from promptreg.storage.share import push_rows

    chosen = Filter(
        prompt=prompt,
        environment=environment,
        suite=suite,
        since=parse_time(since),
        until=parse_time(until),
        evaluations=None if everything else True,
    )
    registry = open_registry()
    ref = SharedRef(registry.root)
    if remote != _HERE:
        ref.fetch(remote)
    count = push_rows(registry.metrics.store, ref, chosen, private=private, dry_run=dry_run)
    if remote != _HERE and not dry_run:
        ref.push(remote)
    if output is DataFormat.JSON:
        print_json({"remote": remote, "rows": count, "dry_run": dry_run})
    message(f"{'Would push' if dry_run else 'Pushed'} {count:,} rows.")


def pull(
    remote: _Remote = "origin", dry_run: DryRun = False, output: Format = DataFormat.TEXT
) -> None:
    """Take in the rows that others shared on the ref refs/promptreg/metrics."""
    from promptreg.metrics.shared_ref import SharedRef
    from promptreg.storage.share import pull_rows

    registry = open_registry()
    ref = SharedRef(registry.root)
    if remote != _HERE and not ref.fetch(remote):
        message(f"{remote} has no shared metrics yet.")
    count = pull_rows(registry.metrics.store, ref, dry_run=dry_run)
    if output is DataFormat.JSON:
        print_json({"remote": remote, "rows": count, "dry_run": dry_run})
    message(f"{'Would pull' if dry_run else 'Pulled'} {count:,} rows.")
