"""The CI files that `init --ci` adds: templates that come with the package."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum

from promptreg.errors import PromptError
from promptreg.values import dataclass

__all__ = [
    "GITLAB_JOBS",
    "INCLUDE",
    "Provider",
    "foreign_stage",
    "include_jobs",
    "next_steps",
    "templates_of",
]

_FOLDERS = {"action.yml": ".github/actions/promptreg"}
_WORKFLOWS = ".github/workflows"
_BRANCHES = "branches: [main, 'release/*']"
_STAGE = "stage: test"

GITLAB_JOBS = ".gitlab/promptreg.yml"
"""Where our jobs lie."""

INCLUDE = f"include: [{{local: {GITLAB_JOBS}}}]"
"""What .gitlab-ci.yml needs."""


class Provider(StrEnum):
    """Whose CI the files are for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Template:
    """One file to write.

    Attributes:
        path: Below the top of the work tree.
        text: What it holds.
    """

    path: str
    text: str


def templates_of(
    provider: Provider, branches: Sequence[str], *, stage: str | None = None
) -> list[Template]:
    """Return the files of a provider.

    Args:
        provider: Whose CI.
        branches: The release branches, as patterns.
        stage: The stage of GitLab's jobs; its default `test` for None.
    """
    if provider is Provider.NONE:
        return []
    from importlib.resources import files

    folder = files("promptreg.operations").joinpath("templates", provider.value)
    found = {item.name: item.read_text(encoding="utf-8") for item in folder.iterdir()}
    if provider is Provider.GITLAB:
        text = found["promptreg.yml"]
        if stage is not None:
            text = text.replace(_STAGE, f"stage: {json.dumps(stage, ensure_ascii=False)}")
        return [Template(GITLAB_JOBS, text)]
    named = ", ".join(f"'{branch}'" for branch in branches)
    return [
        Template(
            f"{_FOLDERS.get(name, _WORKFLOWS)}/{name}",
            text.replace(_BRANCHES, f"branches: [{named}]"),
        )
        for name, text in sorted(found.items())
    ]


def foreign_stage(text: str | None) -> str | None:
    """Return the first of a .gitlab-ci.yml's own stages when GitLab's default is none of them.

    GitLab refuses a pipeline with a job whose stage is not listed.

    Returns:
        None when the default is there, or where no stages can be read from the file itself.
    """
    from promptreg.prompt.yamldoc import load

    try:
        document = load((text or "").encode("utf-8"), ".gitlab-ci.yml").value
    except PromptError:
        return None
    stages = document.get("stages")
    if not isinstance(stages, list) or "test" in stages:
        return None
    return next((stage for stage in stages if isinstance(stage, str)), None)


def include_jobs(text: str | None) -> str | None:
    """Return a .gitlab-ci.yml that includes our jobs.

    Returns:
        None when it does already, or has an `include` of its own, which is left to its owner.
    """
    if text is None or not text.strip():
        return f"{INCLUDE}\n"
    if GITLAB_JOBS in text or re.search(r"^[\"']?include[\"']?\s*:", text, re.MULTILINE):
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") else newline
    return f"{text}{gap}{newline}{INCLUDE}{newline}"


def next_steps(provider: Provider) -> tuple[str, ...]:
    """Return what a person must set on the provider's pages, one line each."""
    return _NEXT[provider]


_NEXT = {
    Provider.GITHUB: (
        "Settings > Rules: require the check `promptreg`; let nobody move tags like *@*.",
        "Settings > Pages: take GitHub Actions as source, or delete promptreg-release's job pages.",
        "Settings > Variables: PROMPTREG_STORE, where production's rows lie, for the monitor.",
    ),
    Provider.GITLAB: (
        "Settings > Merge requests: pipelines must succeed, merged results pipelines.",
        "Settings > Variables: PROMPTREG_TOKEN, PROMPTREG_NOTE_TOKEN, PROMPTREG_FIX_TOKEN,",
        f"  as the head of {GITLAB_JOBS} says; its jobs' stage must be one of your stages.",
        "Settings > Repository: protect the tags *@*.",
        "Build > Pipeline schedules: one a night.",
    ),
    Provider.NONE: (),
}
