"""Git hooks, a diff and a merge driver for one clone, without the pre-commit program.

A hook of somebody else is kept under another name and runs first. Nothing that is committed
changes: hooks, configuration and attributes are the clone's own.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptreg.errors import ConfigError, ConflictError, RepositoryError
from promptreg.operations.planning import MoveFile, RunGit, Step, WriteFile
from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = [
    "HOOKS",
    "HookState",
    "HookStatus",
    "HooksReport",
    "hook_status",
    "outdated_hooks",
    "plan_hooks",
    "plan_no_hooks",
]

HOOKS = ("pre-commit", "pre-merge-commit", "pre-push")
_KEPT = ".before-promptreg"
_MARK = "# promptreg hook, version 1."
_BEGIN, _END = "# promptreg: begin", "# promptreg: end"
_DRIVERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "diff": (("diff.promptreg.textconv", "hooks textconv"),),
    "merge": (
        ("merge.promptreg.name", ""),
        ("merge.promptreg.driver", "hooks merge %O %A %B %L %P"),
    ),
}

_SCRIPT = """\
#!/bin/sh
{mark} Remove it with: promptreg hooks uninstall
here=${{0%/*}}
kept="$here/{name}{kept}"
if [ -x "$kept" ]; then
    {chained}
fi
{guard}if [ -x {python} ]; then
    exec {python} -m promptreg hooks run {name} "$@"
elif command -v promptreg >/dev/null; then
    exec promptreg hooks run {name} "$@"
fi
echo "promptreg is gone from where this hook was installed; git would run it with" >&2
echo "  promptreg hooks install    (or this once: --no-verify)" >&2
exit 1
"""
# git tells pre-push on standard input what goes where, and the other hook must hear it too.
_CHAINED = '"$kept" "$@" || exit $?'
# Asking git takes 3 ms; most commits concern no prompt and should not start Python.
_GUARD = "git diff --cached --quiet -- {root} && exit 0\n"


class HookState(StrEnum):
    """What lies where a hook of ours would."""

    OURS = "installed"
    CHAINED = "installed, runs another first"
    PRE_COMMIT = "pre-commit's"
    FOREIGN = "somebody else's"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class HookStatus:
    """One hook.

    Attributes:
        name: Such as ``pre-commit``.
        path: The file.
        state: What lies there.
    """

    name: str
    path: Path
    state: HookState


@dataclass(frozen=True, slots=True)
class HooksReport:
    """What is set up in a clone.

    Attributes:
        folder: Where git looks for hooks.
        hooks: Each hook of ours.
        diff: Whether `git diff` shows prompts as text.
        merge: Whether merges resolve version and digest.
    """

    folder: Path
    hooks: tuple[HookStatus, ...]
    diff: bool
    merge: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return {
            "folder": str(self.folder),
            "hooks": {hook.name: hook.state.name.lower() for hook in self.hooks},
            "diff": self.diff,
            "merge": self.merge,
        }


def hook_status(registry: Registry) -> HooksReport:
    """Say what is set up in this clone."""
    folder = _folder(registry)
    hooks = tuple(HookStatus(name, folder / name, _state(folder / name)) for name in HOOKS)
    return HooksReport(folder, hooks, _has_driver(registry, "diff"), _has_driver(registry, "merge"))


def plan_hooks(registry: Registry, *, diff: bool = False, merge: bool = False) -> tuple[Step, ...]:
    """Plan the hooks, and the diff and merge drivers if asked; nothing where they are there.

    Raises:
        ConfigError: The hooks folder belongs to every repository of this person.
        ConflictError: Both a hook and its kept copy belong to somebody else.
    """
    folder = _folder(registry)
    _require_own(registry, folder)
    steps: list[Step] = []
    for name in HOOKS:
        steps += _hook_steps(registry, folder / name)
    wanted = [kind for kind, asked in (("diff", diff), ("merge", merge)) if asked]
    for kind in wanted:
        steps += _driver_steps(registry, kind)
    if wanted:
        present = [kind for kind in _DRIVERS if f"{kind}=promptreg" in _attributes(registry)]
        steps += _attribute_steps(registry, sorted({*wanted, *present}))
    return tuple(steps)


def _hook_steps(registry: Registry, path: Path) -> Iterator[Step]:
    shown, script = _shown(registry, path), _script(registry, path.name).encode()
    if _state(path) in (HookState.FOREIGN, HookState.PRE_COMMIT):
        if os.path.lexists(_kept(path)):
            raise ConflictError(
                f"{path} is somebody else's, and so is {_kept(path).name}",
                fix=f"make them one, and remove {_kept(path)}",
            )
        kept = _shown(registry, _kept(path))
        yield MoveFile(shown, kept, "kept, and run first", addable=False)
        yield WriteFile(shown, None, script, executable=True, addable=False)
        return
    before = path.read_bytes() if path.exists() else None
    if before != script or not os.access(path, os.X_OK):
        yield WriteFile(shown, before, script, executable=True, addable=False)


def plan_no_hooks(registry: Registry) -> tuple[Step, ...]:
    """Plan to remove what `plan_hooks` makes, and to put hooks of somebody else back."""
    folder = _folder(registry)
    steps: list[Step] = []
    for name in HOOKS:
        path = folder / name
        if _state(path) in (HookState.OURS, HookState.CHAINED):
            shown, kept = _shown(registry, path), _shown(registry, _kept(path))
            steps.append(WriteFile(shown, path.read_bytes(), None, addable=False))
            if _kept(path).exists():
                steps.append(MoveFile(kept, shown, "put back", addable=False))
    for kind in _DRIVERS:
        if _is_configured(registry, kind):
            words = ("config", "--local", "--remove-section", f"{kind}.promptreg")
            steps.append(RunGit(words))
    return (*steps, *_attribute_steps(registry, []))


def outdated_hooks(registry: Registry) -> tuple[str, ...]:
    """Return the hooks of ours that are not as `plan_hooks` would write them now.

    Which Python they start is each clone's own affair, unless it is gone.
    """
    folder = _folder(registry)
    found = []
    for name in HOOKS:
        if _state(folder / name) not in (HookState.OURS, HookState.CHAINED):
            continue
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
        python = re.search(r"^if \[ -x (.+) \]; then\n    exec \1 -m ", text, re.MULTILINE)
        mine = shlex.quote(sys.executable)
        gone = python is None or not all(Path(p).exists() for p in shlex.split(python[1]))
        if gone or text.replace(python[1] if python else mine, mine) != _script(registry, name):
            found.append(name)
    return tuple(found)


def _folder(registry: Registry) -> Path:
    """Return where git looks for hooks: core.hooksPath and linked worktrees are git's to know."""
    from promptreg.git.process import run_git

    text = run_git(registry.root, "rev-parse", "--git-path", "hooks").decode().strip()
    return (registry.root / Path(text).expanduser()).absolute()


def _require_own(registry: Registry, folder: Path) -> None:
    from promptreg.git.process import try_git

    if try_git(registry.root, "config", "--get", "core.hooksPath").returncode != 0:
        return
    local = try_git(registry.root, "config", "--local", "--get", "core.hooksPath")
    if local.returncode != 0:
        raise ConfigError(
            f"core.hooksPath is {folder} for all your repositories, not for this one alone",
            fix="git config core.hooksPath .git/hooks, or call promptreg from the hooks there",
        )


def _kept(path: Path) -> Path:
    return path.with_name(path.name + _KEPT)


def _state(path: Path) -> HookState:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return HookState.MISSING
    except IsADirectoryError as error:
        raise RepositoryError(f"{path} is a folder, not a hook") from error
    if _MARK in text:
        return HookState.CHAINED if _kept(path).exists() else HookState.OURS
    return HookState.PRE_COMMIT if "pre-commit.com" in text else HookState.FOREIGN


def _script(registry: Registry, name: str) -> str:
    root = shlex.quote(registry.config.root)
    return _SCRIPT.format(
        mark=_MARK,
        name=name,
        kept=_KEPT,
        chained=_CHAINED,
        guard="" if name == "pre-push" else _GUARD.format(root=root),
        python=shlex.quote(sys.executable),
    )


def _command() -> str:
    """Return how to start this very installation, whatever PATH git has later."""
    return f"{shlex.quote(sys.executable)} -m promptreg"


def _shown(registry: Registry, path: Path) -> str:
    """Return a path below the top of the work tree, where it lies there."""
    top = registry.root.absolute()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


def _attributes_file(registry: Registry) -> Path:
    return registry.repository.paths.common_dir / "info" / "attributes"


def _has_driver(registry: Registry, kind: str) -> bool:
    from promptreg.git.process import try_git

    key = _DRIVERS[kind][-1][0]
    answer = try_git(registry.root, "config", "--get", key)
    return answer.returncode == 0 and f"{kind}=promptreg" in _attributes(registry)


def _attributes(registry: Registry) -> str:
    try:
        return _attributes_file(registry).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def _is_configured(registry: Registry, kind: str) -> bool:
    from promptreg.git.process import try_git

    pattern = rf"^{kind}\.promptreg\."
    return try_git(registry.root, "config", "--local", "--get-regexp", pattern).returncode == 0


def _driver_steps(registry: Registry, kind: str) -> Iterator[Step]:
    from promptreg.git.process import try_git

    for key, words in _DRIVERS[kind]:
        value = f"{_command()} {words}" if words else "promptreg: version and digest"
        answer = try_git(registry.root, "config", "--local", "--get", key)
        if answer.stdout.decode("utf-8", "replace") != f"{value}\n":
            yield RunGit(("config", "--local", key, value))


def _attribute_steps(registry: Registry, kinds: list[str]) -> Iterator[Step]:
    """Replace our block in the clone's own attributes; the committed ones are not ours to edit."""
    before = _attributes(registry)
    kept: list[str] = []
    inside = False
    for line in before.splitlines(keepends=True):
        inside = inside or line.startswith(_BEGIN)
        if not inside:
            kept.append(line)
        inside = inside and not line.startswith(_END)
    after = "".join(kept)
    if kinds:
        attributes = " ".join(f"{kind}=promptreg" for kind in kinds)
        root = registry.config.root
        lines = "".join(f"/{root}/**/*.{ending} {attributes}\n" for ending in ("yaml", "yml"))
        gap = "" if not after or after.endswith("\n") else "\n"
        after = f"{after}{gap}{_BEGIN}\n{lines}{_END}\n"
    if after != before:
        path = _attributes_file(registry)
        yield WriteFile(
            _shown(registry, path),
            _bytes(before) if path.exists() else None,
            _bytes(after) or None,
            addable=False,
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
