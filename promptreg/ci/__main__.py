"""`python -P -m promptreg.ci STEP`: one step of the action; inputs are environment variables."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from promptreg.ci.git import Git, fetch_history
from promptreg.ci.runner import guarded, promptreg, warn, write_outputs
from promptreg.ci.settings import Event, Settings
from promptreg.cli.errors import ExitCode, report_error

__all__ = ["main"]


def main() -> int:
    """Run one step and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m promptreg.ci", description=__doc__)
    parser.add_argument("step", choices=sorted([*_STEPS, "note"]))
    parser.add_argument("file", nargs="?", help="The markdown of the step `note`.")
    given = parser.parse_args()
    try:
        if given.step == "note":
            return _note(given.file, os.environ)
        return _STEPS[given.step](os.environ)
    except BaseException as error:  # noqa: BLE001 - the same exit codes as every command
        with guarded():
            return report_error(error, debug=bool(os.environ.get("RUNNER_DEBUG")))


def _prepare(environment: Mapping[str, str]) -> int:
    """Tell the cache where the store lies unless on a server, and what earlier reports finished."""
    from promptreg.registry import Registry
    from promptreg.report.cache import report_folder

    settings = Settings.read(environment)
    with Registry(settings.directory) as registry:
        store = registry.config.store
        places = [str(report_folder(registry))]
        if "://" not in store:
            # The state beside the store says which files were logged already.
            places.append(str(registry.root / ".promptreg"))
            if not store.startswith(".promptreg/"):
                places.append(str(registry.root / store))
    write_outputs({"cache": "\n".join(places)}, environment)
    return ExitCode.OK


def _log(environment: Mapping[str, str]) -> int:
    """Take in shared rows, log the rows of this run, and share them where wanted."""
    from promptreg.ci.rows import log_rows

    settings, event = Settings.read(environment), Event.read(environment)
    variables = Git.authorized(settings.directory, event.server, settings.token).environment
    if promptreg(settings.directory, ["metrics", "pull"], variables):
        warn("The shared metrics could not be fetched; the rows of the cache and this run count.")
    code = log_rows(settings) if settings.rows else ExitCode.OK
    may_share = code == ExitCode.OK and settings.share and not event.is_fork
    if may_share and promptreg(settings.directory, ["metrics", "push"], variables):
        warn("The rows could not be shared; the job needs `contents: write`.")
    return code


def _check(environment: Mapping[str, str]) -> int:
    """Check; the code goes to the last step, so that comment and report come before it."""
    from promptreg.ci.verdict import run_check

    run_check(Settings.read(environment), Event.read(environment), environment)
    return ExitCode.OK


def _report(environment: Mapping[str, str]) -> int:
    """Write the report, which never fails the job."""
    settings, event = Settings.read(environment), Event.read(environment)
    if not fetch_history(Git.authorized(settings.directory, event.server, settings.token)):
        warn("Older versions could not be fetched; the report says what it lacks.")
    target = (settings.folder / "report" / "promptreg-report.html").absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    if promptreg(settings.directory, ["report", "-o", str(target)]):
        warn("The report could not be written.")
        return ExitCode.OK
    write_outputs({"path": str(target)}, environment)
    return ExitCode.OK


def _comment(environment: Mapping[str, str]) -> int:
    """Write or replace the comment."""
    from promptreg.ci.api import Api
    from promptreg.ci.comment import post_comment

    settings, event = Settings.read(environment), Event.read(environment)
    worth = environment.get("PROMPTREG_CI_WORTH", "true") == "true"
    api = Api(event.api, event.repository, settings.token)
    post_comment(settings, event, api, worth=worth)
    return ExitCode.OK


def _note(file: str | None, environment: Mapping[str, str]) -> int:
    """Write or replace the note of a GitLab merge request."""
    from pathlib import Path

    from promptreg.ci.gitlab import post_note

    post_note(Path(file or "promptreg-check.md"), environment)
    return ExitCode.OK


_STEPS = {
    "check": _check,
    "comment": _comment,
    "log": _log,
    "prepare": _prepare,
    "report": _report,
}

if __name__ == "__main__":
    sys.exit(main())
