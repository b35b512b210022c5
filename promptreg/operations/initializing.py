"""`init`: what a repository needs to be a prompt registry, added without overwriting anything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from promptreg.errors import PromptError
from promptreg.operations.planning import WriteFile
from promptreg.operations.providers import (
    GITLAB_JOBS,
    Provider,
    foreign_stage,
    include_jobs,
    templates_of,
)
from promptreg.prompt.schema import SCHEMA_FILE, schema_text
from promptreg.prompt.yamldoc import Document, load
from promptreg.values import dataclass

__all__ = ["Outcome", "plan_registry"]

CONFIGURATION = """\
# promptreg: every key with its default; see `promptreg config`.
# root = "prompts"
# store = ".promptreg/metrics"
# environment = "production"

[release]
# Only commits on these branches become versions.
branches = [{branches}]

[gate]
# `promptreg check --metrics` blocks a change that is worse than this.
quality = "-10%"
cost = "+20%"
latency = "+30%"
error_rate = "+5pp"
"""

SAMPLE = """\
# yaml-language-server: $schema=.prompt.schema.json
name: Greeting
description: A first prompt to edit; change a word and commit.
model: openai/gpt-4o-mini
modelParameters: {temperature: 0.7, maxTokens: 120}
variables:
  person: {type: string, description: Whom to greet}
  tone: {type: string, default: friendly, enum: [friendly, formal]}
messages:
  - role: system
    content: |
      You write greetings of at most two sentences.
  - role: user
    content: "Greet {{person}} in a {{tone}} tone."
tags: [sample]
testData:
  - person: Ada
"""

HOOKS = """\
- repo: local
  hooks:
  - id: promptreg-bump
    name: promptreg bump
    entry: promptreg bump
    language: system
    files: ^{root}/
    require_serial: true
    stages: [pre-commit, pre-merge-commit, manual]
  - id: promptreg-check
    name: promptreg check
    entry: promptreg check
    language: system
    pass_filenames: false
    stages: [pre-push, manual]
"""

_HOOK_TYPES = "default_install_hook_types: [pre-commit, pre-merge-commit, pre-push]\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one file.

    Attributes:
        path: The file below the top of the work tree.
        outcome: ``created``, ``extended`` or ``kept``.
        note: Why it is kept, or what is added.
        step: What writes it; None where it is kept.
    """

    path: str
    outcome: str
    note: str = ""
    step: WriteFile | None = None


def plan_registry(
    top: Path,
    *,
    root: str,
    branch: str | None,
    provider: Provider = Provider.NONE,
    branches: Sequence[str] = (),
) -> list[Outcome]:
    """Plan to add what is missing; a second time there is nothing to do.

    Args:
        top: The top of the work tree.
        root: The prompts folder.
        branch: The branch that is checked out.
        provider: Whose CI files are added.
        branches: The release branches that are configured; the one checked out when empty.

    Raises:
        PromptError: An existing pre-commit configuration is not valid YAML.
    """
    editor = _Editor(top)
    editor.create("promptreg.toml", CONFIGURATION.format(branches=_branches(branch)))
    if (top / root).is_dir() and any((top / root).rglob("*.y*ml")):
        editor.outcomes.append(Outcome(f"{root}/", "kept", "it holds prompts already"))
    else:
        editor.create(f"{root}/greeting.prompt.yml", SAMPLE)
        editor.create(f"{root}/{SCHEMA_FILE}", schema_text())
    editor.extend(".pre-commit-config.yaml", lambda text: add_hooks(text, root))
    editor.extend(".gitignore", ignore_store)
    stage = foreign_stage(editor.read(".gitlab-ci.yml")) if provider is Provider.GITLAB else None
    for template in templates_of(provider, branches or _release_branches(branch), stage=stage):
        editor.create(template.path, template.text, f"in your stage {stage}" if stage else "")
    if provider is Provider.GITLAB:
        editor.extend(".gitlab-ci.yml", include_jobs, note=_include_note)
    return editor.outcomes


def _include_note(text: str) -> str:
    return "" if GITLAB_JOBS in text else f"add {GITLAB_JOBS} to its include"


def _release_branches(branch: str | None) -> tuple[str, ...]:
    main = branch if branch and re.fullmatch(r"[\w./-]+", branch) else "main"
    return tuple(dict.fromkeys((main, "release/*")))


def _branches(branch: str | None) -> str:
    return ", ".join(f'"{name}"' for name in _release_branches(branch))


class _Editor:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.outcomes: list[Outcome] = []

    def read(self, path: str) -> str | None:
        target = self.top / path
        return target.read_bytes().decode("utf-8") if target.exists() else None

    def create(self, path: str, text: str, note: str = "") -> None:
        if os.path.lexists(self.top / path):
            self.outcomes.append(Outcome(path, "kept"))
            return
        step = WriteFile(path, None, text.encode("utf-8"), note)
        self.outcomes.append(Outcome(path, "created", note, step))

    def extend(
        self,
        path: str,
        edit: Callable[[str | None], str | None],
        *,
        note: Callable[[str], str] = lambda _: "",
    ) -> None:
        before = self.read(path)
        after = edit(before)
        if after is None:
            self.outcomes.append(Outcome(path, "kept", note(before or "")))
            return
        data = None if before is None else before.encode("utf-8")
        step = WriteFile(path, data, after.encode("utf-8"))
        outcome = "created" if before is None else "extended"
        self.outcomes.append(Outcome(path, outcome, "", step))


def ignore_store(text: str | None) -> str | None:
    """Return a .gitignore with the metrics store in it, or None when it is there."""
    if text is not None and re.search(r"^/?\.promptreg/?\s*$", text, re.MULTILINE):
        return None
    before = text or ""
    gap = "" if not before or before.endswith("\n") else "\n"
    return f"{before}{gap}.promptreg/\n"


def add_hooks(text: str | None, root: str) -> str | None:
    """Return a pre-commit configuration with our hooks in it, or None when they are there.

    Raises:
        PromptError: The text is not valid.
    """
    entry = HOOKS.format(root=root)
    if text is None or not text.strip():
        return f"{_HOOK_TYPES}repos:\n{entry}"
    if "promptreg-bump" in text:
        return None
    document = load(text.encode("utf-8"), ".pre-commit-config.yaml")
    edited = _add_entry(document, entry)
    if "default_install_hook_types" not in document.value:
        edited = _insert_before_first(edited, _HOOK_TYPES)
    if "\n" not in text.replace("\r\n", ""):
        edited = re.sub(r"(?<!\r)\n", "\r\n", edited)
    load(edited.encode("utf-8"), ".pre-commit-config.yaml")
    return edited


def _add_entry(document: Document, entry: str) -> str:
    text = document.text
    pair = next((p for p in document.root.value if p[0].value == "repos"), None)
    if pair is None:
        return f"{text}{'' if text.endswith(chr(10)) else chr(10)}repos:\n{entry}"
    sequence: Any = pair[1]
    if sequence.id == "scalar" and not sequence.value and sequence.style not in ("'", '"'):
        colon = text.index(":", pair[0].end_mark.index) + 1
        return f"{text[:colon]}\n{entry.rstrip()}{text[colon:] or chr(10)}"
    if sequence.id != "sequence" or (sequence.flow_style and sequence.value):
        raise PromptError(
            "repos is written in a way that cannot be extended",
            location=document.positions.get("repos"),
            fix="add the hooks by hand, see the README",
        )
    if not sequence.value:
        start, end = sequence.start_mark.index, sequence.end_mark.index
        return f"{text[:start].rstrip()}\n{entry}{text[end:].lstrip(' ')}".replace("\n\n\n", "\n\n")
    indent = " " * sequence.start_mark.column
    last = sequence.value[-1].end_mark.index
    at = len(text[:last].rstrip()) if last <= len(text) else len(text)
    block = "".join(f"{indent}{line}\n" for line in entry.splitlines())
    return f"{text[:at]}\n{block.rstrip()}{text[at:] or chr(10)}"


def _insert_before_first(text: str, line: str) -> str:
    first = re.search(r"^(?!#|---|\s*$)", text, re.MULTILINE)
    at = first.start() if first else 0
    return f"{text[:at]}{line}{text[at:]}"
