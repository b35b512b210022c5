"""The action's inputs and GitHub's event, as frozen values; pure but for reading the event file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptreg.errors import ConfigError

__all__ = ["Event", "Settings"]

_SERVER = "https://github.com"
_API = "https://api.github.com"
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"", "false", "0", "no", "off"})
_NO_COMMIT = frozenset({"", "0" * 40, "0" * 64})


@dataclass(frozen=True, slots=True)
class Settings:
    """The inputs of the action, read from ``PROMPTREG_CI_*`` variables.

    Attributes:
        directory: The folder of the prompts' repository.
        folder: Where the results of one step wait for the next.
        base: What to compare with; empty chooses by the event.
        rows: Files of metric rows, or patterns, as JSON lines.
        metrics: Whether the gate judges the rows.
        thresholds: Thresholds that override the configuration.
        fail_on_inconclusive: Whether too little data fails with 3.
        strict: Whether warnings fail.
        comment: Whether the pull request gets the sticky comment.
        share: Whether rows travel on the ref of shared metrics.
        autofix: Whether missing bumps are committed to the pull request's branch.
        token: What may comment, post statuses and push.
        autofix_token: An app's token; a push by it starts the workflow again.
        status_context: The name of the status posted on the commit of a fix.
        report_url: Where the report of this run lies.
    """

    directory: Path
    folder: Path
    base: str = ""
    rows: tuple[str, ...] = ()
    metrics: bool = True
    thresholds: tuple[str, ...] = ()
    fail_on_inconclusive: bool = False
    strict: bool = False
    comment: bool = True
    share: bool = False
    autofix: bool = False
    token: str = ""
    autofix_token: str = ""
    status_context: str = "promptreg"
    report_url: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            ConfigError: A switch is neither true nor false, or a choice is unknown.
        """
        given = {
            key.removeprefix("PROMPTREG_CI_").lower(): value.strip()
            for key, value in environment.items()
            if key.startswith("PROMPTREG_CI_")
        }
        inconclusive = given.get("on_inconclusive") or "warn"
        if inconclusive not in {"warn", "fail"}:
            raise ConfigError(f"on-inconclusive {inconclusive!r} is neither warn nor fail")
        temporary = environment.get("RUNNER_TEMP") or ".promptreg"
        return cls(
            directory=Path(given.get("directory") or "."),
            folder=Path(given.get("folder") or Path(temporary, "promptreg")),
            base=given.get("base", ""),
            rows=_lines(given.get("rows", "")),
            metrics=_switch(given, "metrics", default=True),
            thresholds=_lines(given.get("thresholds", "")),
            fail_on_inconclusive=inconclusive == "fail",
            strict=_switch(given, "strict", default=False),
            comment=_switch(given, "comment", default=True),
            share=_switch(given, "share", default=False),
            autofix=_switch(given, "autofix", default=False),
            token=given.get("token", ""),
            autofix_token=given.get("autofix_token", ""),
            status_context=given.get("status_context") or "promptreg",
            report_url=given.get("report_url", ""),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """What started the workflow.

    Attributes:
        name: Such as ``pull_request``, ``merge_group`` or ``push``.
        repository: ``owner/name``.
        server: The web address of the host, without a slash at the end.
        api: The address of its API, without a slash at the end.
        run_url: The page of this run; empty outside of one.
        base_branch: The branch a pull request goes to.
        base_commit: What a push or a merge group builds on; None for pull requests.
        number: The pull request's number.
        head_branch: The pull request's own branch.
        head_commit: That branch's tip.
        is_fork: Whether that branch lies in another repository, or in none any more.
    """

    name: str = ""
    repository: str = ""
    server: str = _SERVER
    api: str = _API
    run_url: str = ""
    base_branch: str = ""
    base_commit: str | None = None
    number: int | None = None
    head_branch: str = ""
    head_commit: str = ""
    is_fork: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Event:
        """Read the event from GitHub's variables and the file they name.

        Raises:
            ConfigError: The file is not what GitHub writes.
        """
        payload = _payload(environment.get("GITHUB_EVENT_PATH", ""))
        repository = environment.get("GITHUB_REPOSITORY", "")
        server = environment.get("GITHUB_SERVER_URL", _SERVER).rstrip("/")
        run = environment.get("GITHUB_RUN_ID", "")
        pull = payload.get("pull_request") or {}
        head = pull.get("head") or {}
        group = payload.get("merge_group") or {}
        before = str(group.get("base_sha") or payload.get("before") or "")
        number = pull.get("number")
        return cls(
            name=environment.get("GITHUB_EVENT_NAME", ""),
            repository=repository,
            server=server,
            api=environment.get("GITHUB_API_URL", _API).rstrip("/"),
            run_url=f"{server}/{repository}/actions/runs/{run}" if run and repository else "",
            base_branch=environment.get("GITHUB_BASE_REF", "") if pull else "",
            base_commit=None if pull or before in _NO_COMMIT else before,
            number=number if isinstance(number, int) else None,
            head_branch=str(head.get("ref") or ""),
            head_commit=str(head.get("sha") or ""),
            is_fork=bool(pull) and (head.get("repo") or {}).get("full_name") != repository,
        )


def _payload(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the event file {path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _switch(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name, "").lower()
    if not text:
        return default
    if text not in _TRUE | _FALSE:
        raise ConfigError(f"{name.replace('_', '-')} {text!r} is neither true nor false")
    return text in _TRUE
