"""What an older promptreg wrote into a repository, and a newer one would write otherwise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptreg.errors import PromptError

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["missing_schemas", "outdated_revision", "outdated_schemas"]

_MODELINE = re.compile(rb"^#[ \t]*yaml-language-server:[ \t]*\$schema=(\S+)", re.MULTILINE)
_TITLE = b'"title": "Prompt file of promptreg"'
_HOOK = "promptreg-"


def _schemas(registry: Registry) -> Iterator[str]:
    """Yield the files in the repository that editors check prompts with, each once."""
    from promptreg.prompt.schema import SCHEMA_FILE

    seen: dict[str, None] = {}
    own = f"{registry.config.root}/{SCHEMA_FILE}"
    if registry.worktree.read(own) is not None:
        seen[own] = None
    for path in registry.paths().values():
        named = _MODELINE.search((registry.worktree.read(path) or b"")[:4096])
        target = named[1].decode("utf-8", "replace") if named else ""
        if target and "://" not in target and not target.startswith("/"):
            seen[posixpath.normpath(posixpath.join(posixpath.dirname(path), target))] = None
    yield from (path for path in seen if not path.startswith("../"))


def outdated_schemas(registry: Registry) -> list[str]:
    """Return the schemas of promptreg that say something else than `promptreg schema` does now."""
    from promptreg.prompt.schema import schema_text

    now = schema_text().encode()
    found = []
    for path in _schemas(registry):
        data = registry.worktree.read(path)
        # A schema that somebody wrote for a stricter house is theirs to keep.
        if data is not None and _TITLE in data and data.replace(b"\r\n", b"\n") != now:
            found.append(path)
    return found


def missing_schemas(registry: Registry) -> list[str]:
    """Return the schemas that prompts name for editors and that are not there."""
    return [path for path in _schemas(registry) if registry.worktree.read(path) is None]


def outdated_revision(registry: Registry) -> str | None:
    """Return the release that pre-commit runs, where it is another than this one."""
    from promptreg import __version__
    from promptreg.prompt.yamldoc import load
    from promptreg.versioning import Version

    path = ".pre-commit-config.yaml"
    data = registry.worktree.read(path) or b""
    if _HOOK.encode() not in data:
        return None
    repos = load(data, path).value.get("repos")
    for repo in repos if isinstance(repos, list) else ():
        hooks = repo.get("hooks") if isinstance(repo, dict) else None
        ids = [h.get("id") for h in hooks if isinstance(h, dict)] if isinstance(hooks, list) else []
        revision = repo.get("rev") if any(str(i).startswith(_HOOK) for i in ids) else None
        try:
            released = Version.parse(str(revision or "").removeprefix("v"))
        except PromptError:
            continue  # a commit or a branch says nothing about its age
        if released != Version.parse(__version__):
            return str(revision)
    return None
