"""What every command needs first: the registry of the folder it runs in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = [
    "directory",
    "given_path",
    "left_out_note",
    "mention_left_out",
    "named_paths",
    "open_registry",
    "repository_path",
    "set_directory",
    "split_references",
]

_directory = "."


def set_directory(path: str) -> None:
    """Remember the folder of ``-C``."""
    global _directory  # noqa: PLW0603 - one folder for the whole process, set once
    _directory = path


def directory() -> Path:
    """Return the folder the command runs in."""
    return Path(_directory)


def given_path(name: str | Path) -> Path:
    """Return a file or folder as it is named on the command line: ``-C`` leads it as git's does."""
    return directory() / name


def open_registry(*, fast_start: bool = True) -> Registry:
    """Open the registry of the folder the command runs in.

    Args:
        fast_start: Read git objects through the git program rather than import pygit2.

    Raises:
        RepositoryError: There is no repository.
        ConfigError: The folder does not exist, the configuration is wrong, or asks for another
            promptreg.
    """
    from promptreg.cli.output import warning
    from promptreg.errors import ConfigError
    from promptreg.registry import Registry

    folder = directory()
    if not folder.is_dir():
        raise ConfigError(f"no folder {folder}")
    registry = Registry(folder, fast_start=fast_start)
    registry.on_warning = warning
    try:
        registry.config.require_version()
    except ConfigError:
        registry.close()
        raise
    return registry


def named_paths(registry: Registry) -> list[str]:
    """Return the prompt files as `repository_path` takes them: from the folder one is in."""
    import os

    paths = list(registry.paths().values())
    here, top = directory().resolve(), registry.root.resolve()
    return paths if here == top else [os.path.relpath(top / path, here) for path in paths]


def repository_path(registry: Registry, file: str) -> str:
    """Return a file given on the command line, or a prompt's name, as a path in the repository.

    Raises:
        ConfigError: It lies outside, or is a folder.
        NotFoundError: Nothing of that name is here, nor was in HEAD's commit.
        PromptError: Two files have that name.
    """
    import os

    from promptreg.errors import ConfigError

    target = Path(os.path.normpath(given_path(file).absolute()))
    if not target.is_file() and (path := _path_of_prompt(registry, file)) is not None:
        return path
    if target.is_dir():
        raise ConfigError(f"{file} is a folder", fix="name files, or none for all prompts")
    top = registry.root.absolute()
    for candidate, base in ((target, top), (target.resolve(), top.resolve())):
        if candidate.is_relative_to(base):
            path = candidate.relative_to(base).as_posix()
            if not os.path.lexists(target):
                _require_known(registry, path, file)
            return path
    raise ConfigError(f"{file} lies outside the repository {top}")


def _path_of_prompt(registry: Registry, name: str) -> str | None:
    """Return the file of a prompt, or None."""
    from promptreg.errors import NotFoundError
    from promptreg.naming import NAME
    from promptreg.sources import locate

    if not NAME.fullmatch(name):
        return None
    try:
        path = locate(registry.worktree, registry.config.layout, name)
    except NotFoundError:
        return None
    return path if registry.config.layout.is_prompt(path) else None


def _require_known(registry: Registry, path: str, file: str) -> None:
    """Refuse a slip; a file that was deleted since HEAD is for others to judge."""
    from promptreg.errors import NotFoundError
    from promptreg.history.missing import nearest

    repository = registry.repository
    head = repository.head.oid
    if path in repository.left_out or (head and repository.entry_at(head, path) is not None):
        return
    fix = nearest(file, [*registry.paths(), *named_paths(registry)]) or "promptreg list"
    raise NotFoundError(f"no file or prompt {file}", fix=fix)


def left_out_note(count: int) -> str:
    """Return how many prompts a sparse checkout keeps from a command."""
    return f"{count} more {'is' if count == 1 else 'are'} left out of this sparse checkout."


def mention_left_out(registry: Registry, pattern: str = "") -> None:
    """Tell how many prompts a sparse checkout keeps from a command, if it is one.

    Args:
        registry: The registry.
        pattern: Only names that hold this text or match it as a shell pattern.
    """
    from promptreg.cli.output import message

    if registry.repository.left_out:
        from promptreg.queries.listing import left_out_names

        if names := left_out_names(registry, pattern):
            message(left_out_note(len(names)))


def split_references(reference: str, others: Sequence[str]) -> tuple[str, list[str]]:
    """Return a prompt's name and the one or two versions named behind it; NAME REF is NAME@REF.

    Args:
        reference: ``NAME`` or ``NAME@REF``.
        others: ``REF`` or ``NAME@REF`` each.

    Raises:
        ConfigError: There are more than two.
    """
    from promptreg.errors import ConfigError

    name, mark, first = reference.partition("@")
    found = [*([first] if mark else []), *(word.removeprefix(f"{name}@") for word in others)]
    if len(found) > 2:  # noqa: PLR2004 - an older and a newer side
        raise ConfigError(
            f"a difference has two sides, not {', '.join(found)}",
            fix=f"name two, such as {name} {found[0]} {found[1]}",
        )
    return name, found
