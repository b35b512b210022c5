"""Former names that a file no longer records, and whose versions would be lost with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptreg.errors import PromptError
from promptreg.findings import Finding

if TYPE_CHECKING:
    from promptreg.prompt import Prompt
    from promptreg.registry import Registry

__all__ = ["find_forgotten"]


def find_forgotten(registry: Registry, prompt: Prompt, before: bytes | None) -> list[Finding]:
    """Return a finding where a prompt with released versions loses a former name.

    A name that another prompt has now may go: a slip that named a stranger must be mendable.

    Args:
        registry: The tags, and which names are in use.
        prompt: The prompt as it is now.
        before: Its file as it was.
    """
    if before is None or b"formerly" not in before:
        return []
    kept = {prompt.name, *prompt.formerly}
    lost = [name for name in _recorded(before, prompt.path) if name not in kept]
    lost = [name for name in lost if registry.tags.own_oids(name)]
    if not lost or any(name in registry.paths() for name in lost):
        return []
    message = f"formerly no longer names {', '.join(lost)}, so the versions from then would be lost"
    where = prompt.positions.get("formerly") or prompt.at("version")
    line = f"formerly: [{', '.join((*prompt.formerly, *lost))}]"
    return [Finding("formerly-lost", "error", message, where, prompt.name, f"put it back: {line}")]


def _recorded(data: bytes, path: str) -> tuple[str, ...]:
    from promptreg.history.formerly import former_names_in
    from promptreg.prompt.yamldoc import load

    try:
        names: tuple[object, ...] = former_names_in(load(data, path).value.get("formerly"))
    except PromptError:
        return ()
    return tuple(name for name in names if isinstance(name, str))
