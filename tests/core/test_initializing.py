"""Adding to files that exist: hooks and ignores, whatever their style."""

# ruff: noqa: E501 - each style is one line of the table

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from promptreg.errors import PromptError
from promptreg.operations.initializing import add_hooks, ignore_store

EXISTING = {
    "none": None,
    "empty": "",
    "repos-empty": "repos: []\n",
    "repos-null": "repos:\n",
    "no-repos": "fail_fast: true\n",
    "unindented": "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: a\n",
    "indented": "repos:\n  - repo: x\n    rev: v1\n    hooks:\n      - id: a\n",
    "no-final-newline": "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: a",
    "trailing-comment": "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: a\n# the end\n",
    "keys-after": "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: a\n\nfail_fast: true\n",
    "comments": "# top\n\nrepos:  # ours\n- repo: x  # pinned\n  rev: v1\n  hooks:\n  - id: a  # b\n",
    "marker": "---\nrepos:\n- repo: x\n  rev: v1\n  hooks: [{id: a}]\n",
    "hook-types": "default_install_hook_types: [commit-msg]\nrepos:\n- repo: x\n  rev: v\n  hooks: []\n",
    "crlf": "repos:\r\n- repo: x\r\n  rev: v1\r\n  hooks:\r\n  - id: a\r\n",
}


@pytest.mark.parametrize("before", EXISTING.values(), ids=EXISTING)
def test_hooks_are_added_to_any_configuration(before: str | None) -> None:
    """Both hooks are added, all that stood there stays in order, and a second time adds nothing."""
    after = add_hooks(before, "prompts")
    assert after is not None
    value = YAML(typ="safe").load(after)
    old = (YAML(typ="safe").load(before) if before else None) or {}
    ids = [hook["id"] for hook in value["repos"][-1]["hooks"]]
    assert ids == ["promptreg-bump", "promptreg-check"]
    assert value["repos"][:-1] == (old.get("repos") or [])
    assert {k: v for k, v in value.items() if k in old and k != "repos"} == {
        k: v for k, v in old.items() if k != "repos"
    }
    assert "default_install_hook_types" in value
    for line in (before or "").splitlines():
        if line.strip() and line != "repos: []":
            assert line in after.splitlines()
    assert add_hooks(after, "prompts") is None
    if before and "\r\n" in before:
        assert after.count("\n") == after.count("\r\n")


@pytest.mark.parametrize(
    "text", ["repos: [{repo: x, rev: v, hooks: []}]\n", "repos: x\n", "- a\n", "a: [\n"]
)
def test_what_cannot_be_extended_is_refused(text: str) -> None:
    """A configuration in a style that cannot be extended is left alone, with a word."""
    with pytest.raises(PromptError):
        add_hooks(text, "prompts")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ".promptreg/\n"),
        ("", ".promptreg/\n"),
        ("*.pyc\n", "*.pyc\n.promptreg/\n"),
        ("*.pyc", "*.pyc\n.promptreg/\n"),
        (".promptreg/\n", None),
        ("/.promptreg\nx\n", None),
        ("x\r\n.promptreg/\r\n", None),
        ("#.promptreg/\n", "#.promptreg/\n.promptreg/\n"),
    ],
)
def test_the_store_is_ignored_once(before: str | None, after: str | None) -> None:
    """The metrics store gets one line in .gitignore."""
    assert ignore_store(before) == after
